// Interface identifiers that tell nothing of the hardware: stable ones (RFC 7217) and temporary ones (RFC 8981 §3.3.1).
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "protocols/wire/ipv6_address.h"
#include "sim/random.h"

namespace kamesim {

// RFC 7217 §7.
inline constexpr unsigned kIdgenRetries = 3;      // IDGEN_RETRIES
inline constexpr Duration kIdgenDelay = 1_s;      // IDGEN_DELAY

using SecretKey = std::array<std::uint8_t, 32>;   // RFC 7217 §5: "at least 128 bits"

// What goes into F() of RFC 7217 §5. The optional Network_ID is not used: links have no name that a node could know.
struct OpaqueIdInput {
  Ipv6Prefix prefix;
  std::string net_iface;       // the interface's name (Appendix A.2): constant, and different for each interface
  std::uint8_t dad_counter = 0;
};

// RFC 7217 §5: the low 64 bits of HMAC-SHA-256, keyed with the secret, over prefix, Net_Iface and DAD_Counter.
InterfaceId opaque_interface_id(const OpaqueIdInput& input, const SecretKey& secret_key);

// RFC 5453 §3 and IANA's registry "Reserved IPv6 Interface Identifiers".
bool is_reserved(InterfaceId id);

// RFC 8981 §3.3.1, steps 1 and 2, and of step 3 the comparison with the reserved ones.
InterfaceId random_interface_id(RandomStream& random);

}  // namespace kamesim
