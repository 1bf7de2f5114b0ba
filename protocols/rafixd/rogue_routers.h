// Which Router Advertisements a link's administrator does not want, and what takes them back (KAME's rafixd; RFC 6104
// §3.10, "watch for rogue RAs [...] and issue a deprecating RA"). A machine: it knows no socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/nd.h"
#include "sim/time.h"

namespace kamesim {

struct RogueRouterPolicy {
  // Who may advertise; empty: anybody may.
  std::optional<std::vector<Ipv6Address>> routers;
  // What may be advertised as on-link or for autoconfiguration, these prefixes and what is within them; empty: anything.
  std::optional<std::vector<Ipv6Prefix>> prefixes;
  // Whether advertisements are taken back. Otherwise they are only told of.
  bool cancel = true;
};

class RogueRouters {
 public:
  // Advertisements in the rogue's name, for each of its own at most so often: it and a guard must not drive each other.
  static constexpr Duration kLeastInterval = 1_s;
  static constexpr std::size_t kMaxRogues = 64;  // that are remembered

  struct Verdict {
    bool rogue_router = false;
    std::vector<Ipv6Prefix> rogue_prefixes;
    bool rogue() const { return rogue_router || !rogue_prefixes.empty(); }
    // In the name of the rogue, to all nodes, with zero checksum: Router Lifetime zero if it may not advertise at all,
    // and zero lifetimes of all that is not wanted. Empty: nothing is to be sent.
    std::vector<std::uint8_t> answer;
  };

  explicit RogueRouters(RogueRouterPolicy policy) : policy_(std::move(policy)) {}
  void set_policy(RogueRouterPolicy policy) { policy_ = std::move(policy); }

  Verdict on_advertisement(Time now, const Ipv6Address& source, const RouterAdvertisementView& received);

 private:
  struct Answered {
    Ipv6Address router;
    Time at;
  };
  bool may_answer(Time now, const Ipv6Address& router);

  RogueRouterPolicy policy_;
  std::vector<Answered> answered_;
};

}  // namespace kamesim
