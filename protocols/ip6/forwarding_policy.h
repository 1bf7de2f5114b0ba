// Where a daemon decides which way packets of others go, when their destination alone does not say it
// (MobilityHooks::forwarding_policy).
#pragma once

#include "protocols/wire/ipv6_address.h"
#include "sim/bytes.h"
#include "sim/drop.h"

namespace kamesim {

struct Destination;
class Ip6Interface;

class ForwardingPolicy {
 public:
  struct Verdict {
    const DropInfo* discard = nullptr;  // null: the packet goes on; otherwise it goes nowhere, without a word
    Ip6Interface* interface = nullptr;  // where to go instead; null: as it is routed
    Ipv6Address next_hop{};             // there; of no matter to a tunnel
  };
  // A packet that came by `in` is about to be forwarded to where the routing table says. No redirect is sent of it.
  virtual Verdict judge(const Ip6Interface& in, const Destination& to, Bytes packet) = 0;

 protected:
  ~ForwardingPolicy() = default;
};

}  // namespace kamesim
