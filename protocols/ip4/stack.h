// The IPv4 part of a node, as it needs it for tunnels and for IPv4 peers: input, forwarding, output, fragments, ICMP and
// ARP (RFC 791, 792, 826, 1122, 1812). UDP, TCP and raw sockets are those of IPv6 (RFC 3493 §3.7), routes and path MTUs
// stand in its tables.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "protocols/ip4/arp_cache.h"
#include "protocols/ip6/ip4_part.h"
#include "protocols/ip6/reassembly.h"
#include "protocols/wire/icmp4.h"
#include "protocols/wire/ipv4_header.h"
#include "sim/random.h"
#include "sim/timer.h"

namespace kamesim {

class Ip4Stack final : public Ip4Part {
 public:
  // Both must live equally long: the common part refers to this one.
  explicit Ip4Stack(Ip6Stack& common);
  ~Ip4Stack() override;

  void on_frame(EthernetInterface& interface, EtherType type, Packet payload, bool group) override;
  void input(Ip6Interface& interface, Packet packet, bool link_layer_broadcast) override;
  void on_link_change(EthernetInterface& interface, bool up) override;
  void on_interface_removed(Ip6Interface& interface) override;
  SendError output(Packet payload, const OutputRequest& request) override;
  SendError output_packet(Packet packet, Ip6Interface* zone) override;
  void send(EthernetInterface& interface, Packet packet, const Ipv6Address& next_hop) override;
  void icmp_error(const Icmp6Error& error, Ip6Interface* received_on, bool link_layer_broadcast) override;
  InterfaceAddress& add_address(Ip6Interface& interface, const Ip6Stack::NewAddress& address) override;
  bool remove_address(Ip6Interface& interface, const Ipv6Address& address) override;
  InterfaceAddress* find_address(const Ipv6Address& address, const Ip6Interface* interface) const override;
  const InterfaceAddress* select_source(const Ipv6Address& destination, const Ip6Interface* out) const override;
  const Addresses& addresses(const Ip6Interface& interface) const override;
  void add_neighbor(EthernetInterface& interface, const Ipv6Address& address, MacAddress mac) override;
  bool remove_neighbor(EthernetInterface& interface, const Ipv6Address& address) override;
  std::vector<Neighbor> neighbors(const Ip6Interface& interface) const override;
  void forget_neighbors() override;
  void add_proxy(EthernetInterface& interface, const Ipv6Address& address) override;
  void remove_proxy(EthernetInterface& interface, const Ipv6Address& address) override;
  void ask_for(EthernetInterface& interface, const Ipv6Address& address) override;
  void set_neighbor_listener(EthernetInterface& interface, Heard heard) override;

  // Null: the interface has no ARP, being no Ethernet, or no IPv4 address yet.
  ArpCache* arp(const Ip6Interface& interface) const;
  const Reassembler& reassembler() const { return reassembler_; }

 private:
  // What IPv4 keeps of an interface that has, or had, an address of it.
  struct Interface {
    Ip6Interface* link;
    Addresses addresses;
    std::unique_ptr<ArpCache> arp;  // null where there is no Ethernet
    std::vector<Ipv4Bits> proxied;  // addresses of others, answered for here
  };
  // What is known of a packet on its way in.
  struct Arrival {
    Ip6Interface& interface;
    Ipv4HeaderView header;
    bool link_layer_broadcast;
  };

  Interface* find(const Ip6Interface& interface) const;
  // Also one that is being probed, or is in use elsewhere.
  InterfaceAddress* find_any(const Ipv6Address& address, const Ip6Interface* interface) const;
  bool is_probed(const Interface& on, const InterfaceAddress& address) const;
  void start_using(Interface& on, InterfaceAddress& address);
  void on_probed(Ip6Interface& interface, Ipv4Bits address, bool unique);
  Interface& of(Ip6Interface& interface);
  bool is_own_on(const Ip6Interface& interface, Ipv4Bits address) const;
  bool answers_for(const Ip6Interface& interface, Ipv4Bits address) const;
  bool is_broadcast_on(const Ip6Interface& interface, Ipv4Bits address) const;
  Ipv4Bits source_on(const Ip6Interface& interface, Ipv4Bits towards) const;
  void unresolved(Packet packet);

  // input.cc
  const DropInfo* refuses(const Arrival& arrival) const;
  bool options_in_order(const Arrival& arrival, Bytes packet);
  void local_input(Ip6Interface& interface, Packet packet, bool broadcast);
  void reassemble(Ip6Interface& interface, Packet packet, bool broadcast);
  void deliver(Ip6Interface& interface, Packet packet, bool broadcast);
  void expire_reassemblies();
  // forward.cc
  bool passes_filter(Ip6Interface& in, const Ip6Interface* out, Bytes packet, bool link_layer_broadcast);
  void forward(Ip6Interface& interface, Packet packet);
  void consider_redirect(Ip6Interface& interface, Bytes packet, const Destination& to);
  // output.cc
  SendError send_to(const Destination& to, Packet packet);
  void hand_over(Ip6Interface& interface, Packet packet, const Ipv6Address& next_hop);
  SendError fragment(Ip6Interface& interface, Packet packet, std::uint32_t mtu, const Ipv6Address& next_hop);
  // icmp.cc
  void icmp_input(InputPacket& in);
  void reply_to_echo(const InputPacket& in, const Icmp4View& request);
  void heed_error(const InputPacket& in, const Icmp4View& message);
  bool heed_fragmentation_needed(const Icmp6ErrorReport& report, PacketHandler* upper, Bytes packet);
  void heed_redirect(const InputPacket& in, const Icmp4View& message);
  void send_icmp(const Icmp4Error& error, Bytes about, Ip6Interface* received_on, bool link_layer_broadcast);

  void drop(const DropInfo& reason, Bytes packet) { common_.drop(reason, packet); }

  Ip6Stack& common_;
  std::vector<std::unique_ptr<Interface>> interfaces_;
  Reassembler reassembler_;
  RandomStream identifications_;  // RFC 6864 §4.2: of packets that may be fragmented; unpredictable (RFC 7739 §5.2)
  Timer reassembly_timer_;
};

}  // namespace kamesim
