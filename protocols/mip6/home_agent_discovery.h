// A mobile node's dynamic home agent address discovery (RFC 6275 §11.4.1).
//
//   Idle --start--> Waiting --reply--> Idle, with home agents
//                      |  ^
//                  timeout, DHAAD_RETRIES times; then Idle: failed
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocols/mip6/constants.h"
#include "protocols/mip6/discovery_messages.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/drop.h"
#include "sim/time.h"

namespace kamesim {

inline constexpr DropInfo kHaadReplyUnmatched{"mip6.haad_reply_unmatched", "RFC 6275 §11.4.1"};
inline constexpr DropInfo kHaadReplyEmpty{"mip6.haad_reply_empty", "RFC 6275 §11.4.1"};

class HomeAgentDiscovery {
 public:
  struct Output {
    std::optional<HomeAgentAddressDiscoveryRequest> send;  // to the home agents' anycast address of the home prefix
    std::vector<Ipv6Address> found;                        // unicast, in the order of the reply
    bool failed = false;                                   // nobody answered
    bool no_mobile_router_support = false;                 // RFC 3963 §7.2: no home agent has what was asked for
    DropReason dropped = nullptr;
  };

  enum class Wanted : std::uint8_t { Any, ForMobileRouters };  // RFC 3963 §7.1
  // identifier: drawn by the caller. A discovery that is under way begins anew.
  Output start(Time now, std::uint16_t identifier, Wanted wanted = Wanted::Any);
  void stop() { send_at_.reset(); }
  Output on_reply(Time now, const HomeAgentAddressDiscoveryReply& reply);
  Output on_timeout(Time now);
  std::optional<Time> next_timeout() const { return send_at_; }
  bool in_progress() const { return send_at_.has_value(); }

 private:
  HomeAgentAddressDiscoveryRequest request() const { return {identifier_, wanted_ == Wanted::ForMobileRouters}; }

  std::uint16_t identifier_ = 0;
  Wanted wanted_ = Wanted::Any;
  std::optional<Time> send_at_;  // empty: idle
  Duration timeout_;
  int retransmissions_ = 0;
};

}  // namespace kamesim
