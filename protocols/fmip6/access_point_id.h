// The identifier of an access point (AP-ID, RFC 5568 §2) as a station's link layer tells it. The simulation's access
// points have none of their own: it is made of the name of the cell or LAN, and is locally administered.
#pragma once

#include <cstdint>
#include <string_view>

#include "sim/mac_address.h"

namespace kamesim {

inline MacAddress access_point_id(std::string_view medium) {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325;  // FNV-1a
  for (const char c : medium) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100'0000'01b3;
  std::uint8_t octets[MacAddress::kSize];
  for (std::uint8_t& octet : octets) {
    octet = static_cast<std::uint8_t>(hash);
    hash >>= 8;
  }
  octets[0] = static_cast<std::uint8_t>((octets[0] & 0xfc) | 0x02);
  return MacAddress::from_bytes(octets);
}

}  // namespace kamesim
