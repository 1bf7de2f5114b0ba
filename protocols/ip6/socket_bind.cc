// Which addresses and ports a UDP socket may have, by 4.4BSD's and KAME's rules (in6_pcbbind), which RFC 3493 §5.3
// leaves to systems; and ephemeral ports (RFC 6056).
#include <algorithm>

#include "protocols/ip6/socket.h"
#include "protocols/wire/ipv4_address.h"

namespace kamesim {

namespace {

constexpr std::uint16_t kFirstEphemeralPort = 49152;  // RFC 6335 §6: dynamic ports
constexpr std::uint32_t kEphemeralPorts = 65536 - kFirstEphemeralPort;

bool is_any(const Ipv6Address& address) { return address.is_unspecified() || address == kV4MappedAny; }

// RFC 3493 §5.3: what a socket of that address takes of IPv4 and of IPv6.
struct Families {
  bool v4, v6;
};
Families families(const Ipv6Address& address, bool v6_only) {
  return {address.is_v4_mapped() || (address.is_unspecified() && !v6_only), !address.is_v4_mapped()};
}

// Whether one address on this port keeps another from it. Sockets that both reuse ports, share; for a group reusing
// addresses is as good. Who reuses addresses stands back only from the very same address.
//
//   newcomer's options      same address                             one of them is a wildcard
//   none                    in use                                   in use
//   REUSEADDR               in use (group: unless both reuse)        free
//   REUSEPORT               in use unless both reuse ports           free
bool in_the_way(const UdpSocket& newcomer, const SocketAddress& address, const UdpSocket& other) {
  const UdpSocket::Sharing mine = newcomer.sharing, theirs = other.sharing;
  const SocketAddress& there = other.local();
  const bool same = there.address == address.address &&
                    (there.zone == address.zone || there.zone == 0 || address.zone == 0);
  const Families here = families(address.address, newcomer.v6_only), of_other = families(there.address, other.v6_only);
  const bool meet = (here.v4 && of_other.v4) || (here.v6 && of_other.v6);
  if (!meet || !(same || is_any(there.address) || is_any(address.address))) return false;
  const bool group = address.address.is_multicast();
  if (group && mine.reuse_address) return same && !theirs.reuse_address && !theirs.reuse_port;
  if (!mine.reuse_address && !mine.reuse_port) return true;
  return same && !(mine.reuse_port && theirs.reuse_port);
}

}  // namespace

std::errc SocketLayer::may_bind(const UdpSocket& socket, const SocketAddress& to) const {
  const Ipv6Address& address = to.address;
  // KAME: a socket for IPv6 only has no IPv4 address.
  if (socket.v6_only && address.is_v4_mapped()) return std::errc::invalid_argument;
  if (!is_any(address) && !address.is_multicast()) {
    const Ip6Interface* zone = to.zone != 0 ? interface(to.zone) : nullptr;
    const InterfaceAddress* own = nullptr;
    if (!address.is_link_local() || zone != nullptr) {
      own = stack_.find_own_address(address, zone);
    } else if (to.zone == 0) {
      for (const auto& interface : stack_.interfaces()) {
        if (own == nullptr) own = stack_.find_own_address(address, interface.get());
      }
    }
    // KAME: nor one that is anycast, which would become the source of what is sent.
    if (own == nullptr || own->anycast) return std::errc::address_not_available;
  }
  if (to.port == 0) return {};
  const bool taken =
      std::ranges::any_of(udp_on(to.port), [&](const BoundUdp& bound) { return in_the_way(socket, to, *bound.socket); });
  return taken ? std::errc::address_in_use : std::errc{};
}

std::span<const SocketLayer::BoundUdp> SocketLayer::udp_on(std::uint16_t port) const {
  return std::ranges::equal_range(udp_, port, {}, &BoundUdp::port);
}

void SocketLayer::add(UdpSocket& socket) {
  const auto* const behind = std::ranges::upper_bound(udp_, socket.port(), {}, &BoundUdp::port);
  udp_.insert(static_cast<std::size_t>(behind - udp_.begin()), {&socket, socket.port()});
}

void SocketLayer::remove(UdpSocket& socket) { udp_.erase(std::ranges::find(udp_, &socket, &BoundUdp::socket)); }

// RFC 6056 §3.3.1, algorithm 1: a start at random, then one by one to the first that nobody has.
std::optional<std::uint16_t> SocketLayer::ephemeral_port() {
  if (ephemeral_ports_ == nullptr) {
    ephemeral_ports_ = std::make_unique<RandomStream>(stack_.node().stream("udp.ephemeral_port"));
  }
  const auto start = static_cast<std::uint32_t>(ephemeral_ports_->below(kEphemeralPorts));
  for (std::uint32_t i = 0; i < kEphemeralPorts; ++i) {
    const auto port = static_cast<std::uint16_t>(kFirstEphemeralPort + (start + i) % kEphemeralPorts);
    if (udp_on(port).empty()) return port;
  }
  return std::nullopt;
}

}  // namespace kamesim
