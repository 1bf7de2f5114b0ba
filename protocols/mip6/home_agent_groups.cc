#include "protocols/mip6/home_agent_groups.h"

#include <algorithm>

#include "protocols/ip6/multicast_forwarding.h"
#include "protocols/mip6/mld_packets.h"
#include "protocols/wire/checksum.h"

namespace kamesim {

namespace {

// Packets for them go nowhere else, but a router that has a route looks at the Router Alert options of what comes for groups.
const Ipv6Prefix kLinkLocalGroups(Ipv6Address::from_groups({0xff02, 0, 0, 0, 0, 0, 0, 0}), 16);

}  // namespace

HomeAgentDaemon::Groups::Groups(HomeAgentDaemon& daemon, SocketLayer& sockets)
    : daemon_(daemon),
      socket_(sockets, NextHeader::Icmp6, *this),
      timer_(Timer::to<&Groups::on_timer>(daemon.stack_.node(), *this)) {
  socket_.pass_only({static_cast<std::uint8_t>(Icmp6Type::MulticastListenerReportV2),
                     static_cast<std::uint8_t>(Icmp6Type::MulticastListenerDone)});
  daemon_.stack_.add_router_alert_listener(*this);
  daemon_.stack_.multicast_forwarding().add({.groups = kLinkLocalGroups, .source = {}, .in = &daemon_.home_link_, .out = {}});
  daemon_.stack_.on_multicast_forwarding_changed();
}

HomeAgentDaemon::Groups::~Groups() {
  daemon_.stack_.remove_router_alert_listener(*this);
  MulticastForwarding& forwarding = daemon_.stack_.multicast_forwarding();
  for (const Ipv6Address& group : routed_) forwarding.remove(Ipv6Prefix(group, 128), {});
  forwarding.remove(kLinkLocalGroups, {});
  daemon_.stack_.on_multicast_forwarding_changed();
}

void HomeAgentDaemon::Groups::on_registered(const Ipv6Address& home) {
  if (members_.contains(home)) return;
  TunnelInterface* tunnel = daemon_.kernel_.home_binding_tunnel(home);
  members_.try_emplace(home, daemon_.stack_.now(), *tunnel);
  tunnel->join_group(kAllMldv2Routers);
  tunnel->join_group(kAllRoutersLinkLocal);  // where Done goes (RFC 2710 §3.7)
  // §10.4.3: "a link-local source is used on MLD packets".
  tunnel->allows_inner_source = [others = std::move(tunnel->allows_inner_source)](const Ipv6Address& source) {
    return source.is_link_local() || others(source);
  };
  arm();  // the query comes behind the acknowledgement, without which it would not be answered (§11.3.4)
}

void HomeAgentDaemon::Groups::on_unregistered(const Ipv6Address& home) {
  const auto it = members_.find(home);
  if (it == members_.end()) return;
  const std::map<Ipv6Address, Time> groups = it->second.membership.groups();
  members_.erase(it);
  for (const auto& [group, until] : groups) route(group);
  arm();
}

std::vector<HomeAgentDaemon::GroupMember> HomeAgentDaemon::Groups::all() const {
  std::vector<GroupMember> all;
  for (const auto& [home, member] : members_) {
    for (const auto& [group, until] : member.membership.groups()) all.push_back({home, group, until});
  }
  return all;
}

// §10.4.3: who it is, is told by "which tunnel such an MLD arrived by".
HomeAgentDaemon::Groups::Member* HomeAgentDaemon::Groups::member_of(const Ip6Interface& interface) {
  const auto it = std::ranges::find_if(members_, [&](const auto& m) { return m.second.tunnel == &interface; });
  return it == members_.end() ? nullptr : &it->second;
}

void HomeAgentDaemon::Groups::on_datagram(const Datagram& d) {
  Member* member = member_of(*d.interface);
  if (member == nullptr) return;  // of hosts on links, for a multicast router
  Ip6Stack& stack = daemon_.stack_;
  if (const DropReason reason = check_mld_packet(d)) return stack.drop(*reason, d.payload);
  if (static_cast<Icmp6Type>(d.payload[0]) == Icmp6Type::MulticastListenerReportV2) {
    const auto report = MulticastListenerReportV2::parse(d.payload);
    if (!report) return stack.drop(*report.error(), d.payload);
    return apply(*member, member->membership.on_report(stack.now(), *report), d.payload);
  }
  const auto done = MulticastListenerV1::parse(d.payload);
  if (!done) return stack.drop(*done.error(), d.payload);
  apply(*member, member->membership.on_message(stack.now(), *done), d.payload);
}

bool HomeAgentDaemon::Groups::on_router_alert(InputPacket& in, std::uint16_t value) {
  Member* member = member_of(*in.interface);
  const Bytes message = in.upper();
  const bool report = value == kMldRouterAlert && in.next_header == NextHeader::Icmp6 && !message.empty() &&
                      static_cast<Icmp6Type>(message[0]) == Icmp6Type::MulticastListenerReport;
  if (member == nullptr || !report) return false;
  const auto parsed = MulticastListenerV1::parse(message);
  const bool valid = in.source.is_link_local() && in.hop_limit == 1 &&
                     upper_layer_checksum_ok(in.source, in.destination, NextHeader::Icmp6, message);
  if (!parsed) daemon_.stack_.drop(*parsed.error(), message);
  else if (!valid) daemon_.stack_.drop(kMldInvalid, message);
  else apply(*member, member->membership.on_message(daemon_.stack_.now(), *parsed), message);
  return true;
}

void HomeAgentDaemon::Groups::apply(Member& member, const MulticastMembership::Output& out, Bytes message) {
  if (out.dropped != nullptr) daemon_.stack_.drop(*out.dropped, message);
  for (const Ipv6Address& group : out.joined) route(group);
  for (const Ipv6Address& group : out.left) route(group);
  const InterfaceAddress* source = daemon_.home_link_.link_local();
  if (out.query && source != nullptr) {
    send_mld_packet(socket_, *member.tunnel, source->address, kAllNodesLinkLocal, to_bytes(*out.query));
  }
  arm();
}

// To all who want it. A route that somebody else made for the group stays as it is.
void HomeAgentDaemon::Groups::route(const Ipv6Address& group) {
  MulticastForwarding& forwarding = daemon_.stack_.multicast_forwarding();
  const Ipv6Prefix groups(group, 128);
  const auto of_group = [&](const MulticastRoute& r) { return r.groups == groups && !r.source; };
  const bool ours = std::ranges::find(routed_, group) != routed_.end();
  if (!ours && std::ranges::any_of(forwarding.routes(), of_group)) return;
  std::vector<Ip6Interface*> tunnels;
  for (const auto& [home, member] : members_) {
    if (member.membership.groups().contains(group)) tunnels.push_back(member.tunnel);
  }
  if (tunnels.empty()) {
    forwarding.remove(groups, {});
    std::erase(routed_, group);
  } else {
    forwarding.add({.groups = groups, .source = {}, .in = &daemon_.home_link_, .out = std::move(tunnels)});
    if (!ours) routed_.push_back(group);
  }
  daemon_.stack_.on_multicast_forwarding_changed();
}

void HomeAgentDaemon::Groups::on_timer() {
  for (auto& [home, member] : members_) {
    if (member.membership.next_timeout() <= daemon_.stack_.now()) {
      apply(member, member.membership.on_timeout(daemon_.stack_.now()), {});
    }
  }
  arm();
}

void HomeAgentDaemon::Groups::arm() {
  std::optional<Time> next;
  for (const auto& [home, member] : members_) {
    const Time due = member.membership.next_timeout();
    if (!next || due < *next) next = due;
  }
  timer_.arm_at(next);
}

std::vector<HomeAgentDaemon::GroupMember> HomeAgentDaemon::group_members() const {
  return groups_ ? groups_->all() : std::vector<GroupMember>();
}

}  // namespace kamesim
