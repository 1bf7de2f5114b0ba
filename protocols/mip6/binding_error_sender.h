// When a Binding Error is sent (RFC 6275 §9.3.3), by any node that understands the Mobility Header.
#pragma once

#include <optional>

#include "protocols/mip6/messages.h"
#include "protocols/mip6/rate_limit.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/time.h"

namespace kamesim {

class BindingErrorSender {
 public:
  struct Config {
    // As for ICMPv6 errors: the small bucket of RFC 4443 §2.4 f.
    Duration interval = 100_ms;
    int burst = 10;
  };

  BindingErrorSender() : BindingErrorSender(Config()) {}
  explicit BindingErrorSender(const Config& config) : bucket_(config.interval, config.burst) {}

  // The message to send to `source`, if one is due. The addresses are those of the wire.
  // §9.3.1: a Home Address option without a matching binding.
  std::optional<BindingError> on_unknown_binding(Time now, const Ipv6Address& source, const Ipv6Address& home_address);
  // §9.2: a Mobility Header of unknown type, with the Home Address option it came with.
  std::optional<BindingError> on_unrecognized_mh_type(Time now, const Ipv6Address& source,
                                                      const std::optional<Ipv6Address>& home_address);

 private:
  std::optional<BindingError> limited(Time now, const Ipv6Address& source, const BindingError& error);

  TokenBucket bucket_;
};

}  // namespace kamesim
