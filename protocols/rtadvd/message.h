// Router Advertisements as configured (RFC 4861 §6.2.3), in bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "protocols/rtadvd/config.h"
#include "sim/mac_address.h"
#include "sim/time.h"

namespace kamesim {

struct AdvertisementContent {
  const RouterAdvertisementConfig& config;
  const std::vector<AdvertisedPrefix>& prefixes;  // AdvPrefixList, with its default filled in
  std::optional<MacAddress> source;  // empty: the link has no such addresses
  Time now;
  Time configured_at;          // from when on lifetimes count down
  bool forwarding = true;      // §6.2.5: without it, Router Lifetime is zero
  bool final = false;          // §6.2.5, RFC 4191 §4: Router Lifetime and route lifetimes are zero
  bool mobile_router_support = false;  // RFC 3963 §7.3, of a home agent
  std::vector<std::vector<std::uint8_t>> added;  // options of others, behind the daemon's own
};

// One of the prefixes as it is told at that moment (§4.6.2).
PrefixInformation prefix_information(const AdvertisementContent& content, const AdvertisedPrefix& prefix);

// The ICMPv6 messages, with zero checksums: one, or, where that would be longer than `max_size`, several that share
// out the options.
std::vector<std::vector<std::uint8_t>> router_advertisements(const AdvertisementContent& content,
                                                             std::size_t max_size);

}  // namespace kamesim
