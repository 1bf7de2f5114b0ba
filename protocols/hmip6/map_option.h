// The MAP option of Router Advertisements (RFC 5380 §5).
#pragma once

#include <cstdint>
#include <optional>

#include "protocols/wire/byte_writer.h"
#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/nd_options.h"
#include "sim/time.h"

namespace kamesim {

inline constexpr NdOptionType kMapOptionType{23};           // RFC 5380 §5
inline constexpr std::uint8_t kMostMapDistance = 15;        // 4 bits; zero MUST NOT be used
inline constexpr std::uint8_t kHighestMapPreference = 15;   // 4 bits; zero: not for new bindings (§7.1)

struct MapOption {
  // Nothing if it is another option, or malformed: not 24 octets, a distance of zero, an address that is no global
  // unicast one.
  static std::optional<MapOption> parse(const NdOption& option);

  std::uint8_t distance = 1;     // hops from the receiver; 1: the MAP is on its link
  std::uint8_t preference = kHighestMapPreference;
  bool rcoa_allocated = false;   // R: the MAP allocates the RCoA by the means of RFC 4877 §9
  Duration valid_lifetime;       // of the MAP's address and the RCoA, whole seconds; zero: the MAP has failed (§7.1)
  Ipv6Address address;           // a global address of the MAP
  friend bool operator==(const MapOption&, const MapOption&) = default;
};

void emit(ByteWriter& out, const MapOption& option);

// RFC 5380 §6: the RCoA's prefix. The option tells no length; RFC 4291 §2.5.1 has 64 bits for what is formed with an
// interface identifier.
inline Ipv6Prefix rcoa_prefix(const Ipv6Address& map) { return Ipv6Prefix(map, 64); }

}  // namespace kamesim
