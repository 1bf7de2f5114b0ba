// Where a firewall takes part in input and forwarding. A node without one pays one test of a pointer.
#pragma once

#include <cstdint>
#include <vector>

#include "protocols/wire/ipv6_address.h"
#include "sim/bytes.h"

namespace kamesim {

class Ip6Interface;

class PacketFilter {
 public:
  enum class Verdict : std::uint8_t {
    Accept,
    Discard,       // silently
    Prohibit,      // Destination Unreachable, code 1 (RFC 4443 §3.1)
    RefuseSource,  // code 5: the source address failed the ingress or egress policy
  };
  // A packet of IPv6 or IPv4 for this node (`out` null), or one that would be forwarded.
  virtual Verdict judge(const Ip6Interface& in, const Ip6Interface* out, Bytes packet) = 0;

 protected:
  ~PacketFilter() = default;
};

// Rules in order, the first that matches decides; without a match the packet is accepted. Prefixes of IPv4 are v4-mapped.
class PrefixFilter final : public PacketFilter {
 public:
  struct Rule {
    Ipv6Prefix source, destination;
    Verdict verdict;
  };
  std::vector<Rule> rules;
  Verdict judge(const Ip6Interface& in, const Ip6Interface* out, Bytes packet) override;
};

}  // namespace kamesim
