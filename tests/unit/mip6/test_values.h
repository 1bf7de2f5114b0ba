// Addresses, instants and randomness that the tests of Mobile IPv6's machines share.
#pragma once

#include <cstdint>

#include "protocols/wire/ipv6_address.h"
#include "sim/bytes.h"
#include "sim/time.h"

namespace kamesim {

inline const Ipv6Address kHome = "2001:db8:1::100"_ip6;
inline const Ipv6Address kHomeAgent = "2001:db8:1::1"_ip6;
inline const Ipv6Address kCareOf = "2001:db8:2::100"_ip6;
inline const Ipv6Address kNewCareOf = "2001:db8:3::100"_ip6;
inline const Ipv6Address kCorrespondent = "2001:db8:9::1"_ip6;

inline Time at(Duration since_start) { return Time() + since_start; }

// Distinct octets, the same in every run.
struct CountingBytes {
  std::uint8_t next = 1;
  void operator()(MutableBytes out) {
    for (auto& octet : out) octet = next++;
  }
};

}  // namespace kamesim
