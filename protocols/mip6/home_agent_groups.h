// The home agent daemon's part in multicast (RFC 6275 §10.4.2, §10.4.3): it asks its mobile nodes through their tunnels which
// groups they are in, and has the kernel part forward packets of the home link for those to them.
#pragma once

#include <map>
#include <vector>

#include "protocols/mip6/home_agent_daemon.h"
#include "protocols/mip6/multicast_membership.h"

namespace kamesim {

class HomeAgentDaemon::Groups final : public DatagramHandler, public RouterAlertListener {
 public:
  Groups(HomeAgentDaemon& daemon, SocketLayer& sockets);
  ~Groups();

  // The kernel part has its tunnel, new or moved.
  void on_registered(const Ipv6Address& home);
  // It is about to lose it.
  void on_unregistered(const Ipv6Address& home);

  std::vector<GroupMember> all() const;

  void on_datagram(const Datagram& datagram) override;  // reports of version 2, and Done
  // Reports of version 1, which are sent to the groups themselves.
  bool on_router_alert(InputPacket& packet, std::uint16_t value) override;

 private:
  struct Member {
    Member(Time now, TunnelInterface& by) : membership(now), tunnel(&by) {}
    MulticastMembership membership;
    TunnelInterface* tunnel;
  };
  Member* member_of(const Ip6Interface& interface);
  void apply(Member& member, const MulticastMembership::Output& out, Bytes message);
  void route(const Ipv6Address& group);
  void on_timer();
  void arm();

  HomeAgentDaemon& daemon_;
  RawSocket socket_;
  std::map<Ipv6Address, Member> members_;  // by home address
  std::vector<Ipv6Address> routed_;        // groups that there is a route of ours for
  Timer timer_;
};

}  // namespace kamesim
