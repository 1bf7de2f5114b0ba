// Forwarding of multicast packets between links by routes that were given (KAME's MFC), or to all links by the way that
// unicast packets to the source would take (reverse path forwarding). Routing protocols for groups stand above this.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocols/ip6/interface.h"
#include "sim/packet.h"

namespace kamesim {

class Ip6Stack;
struct InputPacket;

struct MulticastRoute {
  Ipv6Prefix groups;                    // a group, or many; the longest prefix counts
  std::optional<Ipv6Address> source;    // empty: any (*,G); one with a source is before one without
  Ip6Interface* in = nullptr;           // packets that come by another interface are not forwarded
  std::vector<Ip6Interface*> out;
  std::uint64_t packets = 0, bytes = 0, wrong_interface = 0;
};

class MulticastForwarding {
 public:
  explicit MulticastForwarding(Ip6Stack& stack) : stack_(stack) {}

  // Replaces the route of the same groups and source, if there is one; its counters go on.
  void add(MulticastRoute route);
  bool remove(const Ipv6Prefix& groups, const std::optional<Ipv6Address>& source);
  const std::vector<MulticastRoute>& routes() const { return routes_; }
  // What no route is for goes to all links but that by which packets to its source would leave, where it has to come from.
  bool flood = false;
  bool in_use() const { return flood || !routes_.empty(); }

  // A packet for a group that came by `in.interface`. It is the router's own to deliver as well, if that is a member.
  void forward(const InputPacket& in);
  void on_interface_removed(const Ip6Interface& interface);

 private:
  MulticastRoute* find(const Ipv6Address& source, const Ipv6Address& group);
  void send(Ip6Interface& out, const InputPacket& in);

  Ip6Stack& stack_;
  std::vector<MulticastRoute> routes_;
};

}  // namespace kamesim
