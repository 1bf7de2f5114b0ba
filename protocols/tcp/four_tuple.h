// What a connection is known by (RFC 9293 §3.3.1's pair of sockets). Addresses are the logical ones; IPv4 addresses
// stand in their v4-mapped form. Link-local addresses mean something in their zone only, so it is part of the key.
#pragma once

#include <array>
#include <cstdint>

#include "protocols/wire/ipv6_address.h"
#include "sim/bytes.h"

namespace kamesim {

struct FourTuple {
  Ipv6Address local;
  Ipv6Address remote;
  std::uint16_t local_port = 0;
  std::uint16_t remote_port = 0;
  std::uint32_t zone = 0;  // the interface's index if an address is link-local, or 0

  friend bool operator==(const FourTuple&, const FourTuple&) = default;

  // The connection-id of RFC 6528 §3, for a pseudorandom function.
  std::array<std::uint8_t, 40> bytes() const {
    std::array<std::uint8_t, 40> b;
    local.copy_to(b.data());
    remote.copy_to(b.data() + 16);
    store_be16(b.data() + 32, local_port);
    store_be16(b.data() + 34, remote_port);
    store_be32(b.data() + 36, zone);
    return b;
  }
};

struct FourTupleHash {
  std::size_t operator()(const FourTuple& t) const {
    const std::hash<Ipv6Address> address;
    const std::uint64_t ports = std::uint64_t{t.local_port} << 16 | t.remote_port | std::uint64_t{t.zone} << 32;
    const std::uint64_t h = address(t.remote) + 3 * address(t.local) + ports * 0x9e3779b97f4a7c15ull;
    return static_cast<std::size_t>(h ^ h >> 29);
  }
};

}  // namespace kamesim
