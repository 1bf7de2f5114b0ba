// A node and a tester on a LAN, and Neighbor Discovery messages between them.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "protocols/ip6/nd_packet.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ip6/socket.h"
#include "protocols/ip6/stack.h"
#include "protocols/wire/ethernet.h"
#include "sim/lan.h"
#include "sim/tester_port.h"

namespace kamesim::testing {

inline constexpr Time at(Duration since_start) { return Time() + since_start; }

inline const MacAddress kTesterMac({0x02, 0, 0, 0, 0x99, 0x01});
inline const MacAddress kOtherMac({0x02, 0, 0, 0, 0x99, 0x02});
inline const Ipv6Address kTester = "fe80::99:1"_ip6;
inline const Ipv6Address kTesterGlobal = "2001:db8:1::99"_ip6;
inline const Ipv6Prefix kPrefix = "2001:db8:1::/64"_ip6net;

// A message that the node sent.
template <typename View>
struct Sent {
  Time time;
  MacAddress to_mac;
  Ipv6Address source, destination;
  std::uint8_t hop_limit;
  std::vector<std::uint8_t> bytes;  // from the ICMPv6 header on
  View view() const { return *View::check(bytes, {source, destination, hop_limit}); }
  template <typename Option>
  std::optional<Option> option() const {
    return view().options().template find<Option>();
  }
};

class Exchange {
 public:
  explicit Exchange(const Ip6Config& config = {}, std::uint64_t seed = 1)
      : simulation(seed),
        lan(simulation.add_medium<Lan>("lan", LinkConfig{})),
        tester(lan),
        node(simulation.add_node("node")),
        stack(node, config),
        sockets(stack),
        nic(node.add_nic()),
        interface(stack.add_interface(nic)) {
    node.enable_trace();
    lan.attach(nic);
  }
  // Past the link-local address's Duplicate Address Detection.
  void settle(Duration until = 3_s) {
    simulation.run_until(at(until));
    tester.clear();
  }
  void run(Duration length) { simulation.run_until(simulation.now() + length); }
  Time now() const { return simulation.now(); }
  Ipv6Address link_local() const { return with_interface_id(kLinkLocalPrefix, InterfaceId::eui64(nic.mac())); }
  NeighborDiscovery& nd() { return *interface.nd(); }
  Neighbor::State state(const Ipv6Address& neighbor) {
    const Neighbor* n = nd().cache().find(neighbor);
    if (n == nullptr) return Neighbor::State::None;
    return n->state == Neighbor::State::Reachable && !n->reachable(now()) ? Neighbor::State::Stale : n->state;
  }
  std::uint64_t drops(const DropInfo& reason) const { return node.drops(reason.name); }
  std::size_t traced(const TraceKind& kind) const {
    std::size_t count = 0;
    for (const TraceRecord& record : node.trace_records()) count += record.kind == &kind ? 1 : 0;
    return count;
  }

  // Sends a message as a neighbour would.
  template <typename... Parts>
  void send_nd(const NdEndPoints& between, const Parts&... parts) {
    send_packet(between.destination, nd_packet(simulation.packets(), between, parts...), kTesterMac);
  }
  template <typename... Parts>
  void send_nd_with_hop_limit(std::uint8_t hop_limit, const NdEndPoints& between, const Parts&... parts) {
    Packet packet = nd_packet(simulation.packets(), between, parts...);
    packet.mutable_data()[kIpv6HopLimitOffset] = hop_limit;
    send_packet(between.destination, std::move(packet), kTesterMac);
  }
  void send_packet(const Ipv6Address& destination, Packet packet, MacAddress from) {
    const MacAddress to = destination.is_multicast() ? multicast_mac(destination) : nic.mac();
    EthernetHeader{to, from, EtherType::Ipv6}.write(packet.prepend(kEthernetHeaderSize));
    tester.send(packet.bytes());
    simulation.run_until(simulation.now());
  }
  // A packet without payload.
  Packet empty_packet(const Ipv6Address& source, const Ipv6Address& destination, std::uint8_t hop_limit = 64) {
    Packet packet = simulation.packets().allocate(0);
    Ipv6Header{.hop_limit = hop_limit, .source = source, .destination = destination}.write(
        packet.prepend(kIpv6HeaderSize));
    return packet;
  }

  // The next message of the type that the node sends within the time; others are passed over.
  template <typename View>
  std::optional<Sent<View>> recv(Duration timeout) {
    const Time end = simulation.now() + timeout;
    while (const auto frame = tester.recv(end - simulation.now())) {
      if (auto sent = parse<View>(*frame)) return sent;
    }
    return std::nullopt;
  }
  // The packets to the destination that arrive within the time.
  std::size_t count_packets_to(const Ipv6Address& destination, Duration time) {
    const Time end = simulation.now() + time;
    std::size_t count = 0;
    while (const auto frame = tester.recv(end - simulation.now())) {
      const auto ip = Ipv6HeaderView::check(EthernetHeaderView::check(frame->bytes)->payload());
      if (ip && ip->destination() == destination) ++count;
    }
    return count;
  }

  Simulation simulation;
  Lan& lan;
  TesterPort tester;
  Node& node;
  Ip6Stack stack;
  SocketLayer sockets;
  Nic& nic;
  EthernetInterface& interface;

 private:
  template <typename View>
  static constexpr Icmp6Type type_of() {
    if constexpr (std::is_same_v<View, RouterSolicitationView>) return Icmp6Type::RouterSolicitation;
    if constexpr (std::is_same_v<View, RouterAdvertisementView>) return Icmp6Type::RouterAdvertisement;
    if constexpr (std::is_same_v<View, NeighborSolicitationView>) return Icmp6Type::NeighborSolicitation;
    if constexpr (std::is_same_v<View, NeighborAdvertisementView>) return Icmp6Type::NeighborAdvertisement;
    if constexpr (std::is_same_v<View, RedirectView>) return Icmp6Type::Redirect;
  }
  template <typename View>
  static std::optional<Sent<View>> parse(const TesterPort::Frame& frame) {
    const auto ethernet = EthernetHeaderView::check(frame.bytes);
    const auto ip = Ipv6HeaderView::check(ethernet->payload());
    if (!ip || ip->next_header() != NextHeader::Icmp6) return std::nullopt;
    const Bytes message = ip->payload();
    if (static_cast<Icmp6Type>(message[0]) != type_of<View>()) return std::nullopt;
    return Sent<View>{frame.time, ethernet->destination(), ip->source(), ip->destination(), ip->hop_limit(),
                      {message.begin(), message.end()}};
  }
};

inline const RouterAdvertisement kRouter{.router_lifetime = 1800_s};
inline PrefixInformation prefix_option(const Ipv6Prefix& prefix, Duration valid = 7200_s, Duration preferred = 3600_s) {
  return {.address = prefix.address(), .prefix_length = static_cast<std::uint8_t>(prefix.length()), .on_link = true,
          .autonomous = true, .valid_lifetime = valid, .preferred_lifetime = preferred};
}

}  // namespace kamesim::testing
