// The guard against rogue routers (KAME's rafixd): hears all Router Advertisements of a link, and takes back those that
// its administrator does not want.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "protocols/ip6/socket.h"
#include "protocols/rafixd/rogue_routers.h"
#include "sim/trace.h"

namespace kamesim {

inline constexpr TraceKind kTraceRogueRouter{"rafixd.rogue"};  // fields: interface, router, prefixes, cancelled

// What an administrator wants, by name of interface; and what came of it. It outlasts the daemon.
struct RogueRouterGuardSettings {
  std::map<std::string, RogueRouterPolicy> policies;
  std::uint64_t rogue = 0, cancelled = 0;  // advertisements
};

class RogueRouterGuard final : public DatagramHandler {
 public:
  RogueRouterGuard(SocketLayer& sockets, std::shared_ptr<RogueRouterGuardSettings> settings);

  void on_datagram(const Datagram& datagram) override;

 private:
  void answer(EthernetInterface& interface, const Ipv6Address& rogue, std::vector<std::uint8_t> message);

  Ip6Stack& stack_;
  std::shared_ptr<RogueRouterGuardSettings> settings_;
  std::map<std::uint32_t, RogueRouters> links_;  // by interface index
  RawSocket socket_;
};

}  // namespace kamesim
