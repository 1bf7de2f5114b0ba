// What a node's IPv4 part does for the kernel part that it shares with IPv6. Addresses, routes, path MTUs and sockets
// are common to both: IPv4 addresses stand there in v4-mapped form (wire/ipv4_address.h), and what concerns them comes
// here. A node that has no IPv4 address has no such part, and pays nothing for it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "protocols/ip6/stack.h"
#include "protocols/wire/ethernet.h"

namespace kamesim {

// Whether a packet says that it is of IPv4.
inline bool is_ip4(Bytes packet) { return !packet.empty() && packet[0] >> 4 == 4; }

class Ip4Part {
 public:
  virtual ~Ip4Part() = default;

  // ---- From links, tunnels and the node itself --------------------------------------------------------------------
  // The payload of a frame of IPv4 or ARP. `group`: the frame was not addressed to this NIC alone.
  virtual void on_frame(EthernetInterface& interface, EtherType type, Packet payload, bool group) = 0;
  // A whole IPv4 packet that arrived by `interface`.
  virtual void input(Ip6Interface& interface, Packet packet, bool link_layer_broadcast) = 0;
  virtual void on_link_change(EthernetInterface& interface, bool up) = 0;
  virtual void on_interface_removed(Ip6Interface& interface) = 0;

  // ---- To links -------------------------------------------------------------------------------------------------------
  // As Ip6Stack::output and output_packet.
  virtual SendError output(Packet payload, const OutputRequest& request) = 0;
  virtual SendError output_packet(Packet packet, Ip6Interface* zone) = 0;
  // A whole packet to a neighbour, whose link-layer address ARP finds.
  virtual void send(EthernetInterface& interface, Packet packet, const Ipv6Address& next_hop) = 0;
  // What upper layers say in ICMPv6's words of an IPv4 packet, given whole.
  virtual void icmp_error(const Icmp6Error& error, Ip6Interface* received_on, bool link_layer_broadcast) = 0;

  // ---- Addresses ------------------------------------------------------------------------------------------------------
  using Addresses = PoolVector<std::unique_ptr<InterfaceAddress>>;
  virtual InterfaceAddress& add_address(Ip6Interface& interface, const Ip6Stack::NewAddress& address) = 0;
  virtual bool remove_address(Ip6Interface& interface, const Ipv6Address& address) = 0;
  // Null: the node has no such address; on `interface`, if that is given.
  virtual InterfaceAddress* find_address(const Ipv6Address& address, const Ip6Interface* interface) const = 0;
  virtual const InterfaceAddress* select_source(const Ipv6Address& destination, const Ip6Interface* out) const = 0;
  virtual const Addresses& addresses(const Ip6Interface& interface) const = 0;

  // ---- Neighbours -----------------------------------------------------------------------------------------------------
  struct Neighbor {
    Ipv6Address address;
    std::optional<MacAddress> mac;  // empty: it is being asked for
    bool permanent;                 // given by hand
    std::size_t waiting;            // packets
  };
  // Gives an entry by hand, which nothing that is heard changes.
  virtual void add_neighbor(EthernetInterface& interface, const Ipv6Address& address, MacAddress mac) = 0;
  virtual bool remove_neighbor(EthernetInterface& interface, const Ipv6Address& address) = 0;
  virtual std::vector<Neighbor> neighbors(const Ip6Interface& interface) const = 0;
  virtual void forget_neighbors() = 0;  // all that were learned
  // Proxy ARP (RFC 1027): the node answers for an address of another on that link, and defends it.
  virtual void add_proxy(EthernetInterface& interface, const Ipv6Address& address) = 0;
  virtual void remove_proxy(EthernetInterface& interface, const Ipv6Address& address) = 0;
  // RFC 4436: asks who has the address, without saying who asks; `heard` of the interface is told of each answer.
  virtual void ask_for(EthernetInterface& interface, const Ipv6Address& address) = 0;
  using Heard = std::function<void(const Ipv6Address& neighbor)>;
  virtual void set_neighbor_listener(EthernetInterface& interface, Heard heard) = 0;  // empty: nobody
};

}  // namespace kamesim
