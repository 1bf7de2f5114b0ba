#include "protocols/mip6/home_agent_discovery.h"

#include "protocols/mip6/binding_update_reception.h"

namespace kamesim {

HomeAgentDiscovery::Output HomeAgentDiscovery::start(Time now, std::uint16_t identifier, Wanted wanted) {
  identifier_ = identifier;
  wanted_ = wanted;
  timeout_ = kInitialDhaadTimeout;
  retransmissions_ = 0;
  send_at_ = now + timeout_;
  return {.send = request()};
}

HomeAgentDiscovery::Output HomeAgentDiscovery::on_reply(Time, const HomeAgentAddressDiscoveryReply& reply) {
  if (!in_progress() || reply.identifier != identifier_) return {.dropped = &kHaadReplyUnmatched};
  if (wanted_ == Wanted::ForMobileRouters && !reply.mobile_router_support) {
    stop();
    return {.no_mobile_router_support = true};
  }
  Output out;
  for (const Ipv6Address& address : reply.home_agent_addresses) {
    if (is_unicast_routable(address)) out.found.push_back(address);
  }
  if (out.found.empty()) return {.dropped = &kHaadReplyEmpty};  // another home agent may know better
  stop();
  return out;
}

HomeAgentDiscovery::Output HomeAgentDiscovery::on_timeout(Time now) {
  if (!send_at_ || now < *send_at_) return {};
  if (retransmissions_ == kDhaadRetries) {
    stop();
    return {.failed = true};
  }
  ++retransmissions_;
  timeout_ = timeout_ * 2;  // "Each retransmission MUST be delayed by twice the time interval of the previous"
  send_at_ = now + timeout_;
  return {.send = request()};
}

}  // namespace kamesim
