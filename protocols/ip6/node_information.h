// The responder of Node Information Queries (RFC 4620): who asks a node learns its name and its addresses.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "protocols/ip6/icmp6_rate_limit.h"
#include "protocols/ip6/stack.h"
#include "protocols/wire/node_information.h"
#include "sim/random.h"
#include "sim/timer.h"

namespace kamesim {

class NodeInformation {
 public:
  explicit NodeInformation(Ip6Stack& stack);
  // A query, its checksum verified.
  void query(const InputPacket& packet);

 private:
  struct Reply {
    Time at;
    OutputRequest request;
    std::vector<std::uint8_t> message;
  };
  // RFC 4620 §5: whether the subject is of this node; then `interface` is the one that it belongs to.
  bool subject_is_ours(const NodeInformationView& query, const InputPacket& packet, const Ip6Interface*& interface,
                       const DropInfo*& why) const;
  void append_addresses(std::vector<std::uint8_t>& message, std::uint16_t flags, const Ip6Interface& interface) const;
  void answer(const InputPacket& packet, std::vector<std::uint8_t> message);
  void send_due();

  Ip6Stack& stack_;
  Icmp6RateLimit limit_;
  RandomStream random_;
  std::vector<Reply> delayed_;  // to queries that came by multicast
  Timer timer_;
};

// RFC 4620 §5: the group of those whose name begins with the same label, or nearly.
Ipv6Address node_information_group(std::string_view name);
// What of that group is of the name: the last 24 bits; kNoNameHash: no such name can be asked for.
inline constexpr std::uint32_t kNoNameHash = UINT32_MAX;
std::uint32_t node_information_hash(std::string_view name);
constexpr Ipv6Address node_information_group(std::uint32_t hash) {
  return Ipv6Address::from_halves(0xff02'0000'0000'0000, 0x0000'0002'ff00'0000 | hash);
}

}  // namespace kamesim
