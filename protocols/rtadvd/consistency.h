// Whether another router advertises what this one does (RFC 4861 §6.2.7).
#pragma once

#include <string>
#include <vector>

#include "protocols/rtadvd/config.h"
#include "protocols/wire/nd.h"
#include "sim/time.h"

namespace kamesim {

// The variables in which the received advertisement contradicts the configuration, by their RFC names.
std::vector<std::string> inconsistencies(const RouterAdvertisementConfig& config,
                                         const std::vector<AdvertisedPrefix>& prefixes, Time now, Time configured_at,
                                         const RouterAdvertisementView& received);

}  // namespace kamesim
