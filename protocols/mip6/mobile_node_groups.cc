#include "protocols/mip6/mobile_node_groups.h"

#include "protocols/mip6/mld_packets.h"

namespace kamesim {

namespace {

// How soon a report is tried again for which there is no binding or no link-local address at the moment.
constexpr Duration kTryAgainAfter = 1_s;

}  // namespace

MobileNodeDaemon::Groups::Groups(MobileNodeDaemon& daemon, SocketLayer& sockets)
    : daemon_(daemon),
      socket_(sockets, NextHeader::Icmp6, *this),
      random_(daemon.stack_.node().stream("mip6.groups." + daemon.config_.home_address.to_string())),
      listener_([this](Duration most) { return random_.uniform(Duration(), most); }),
      timer_(Timer::to<&Groups::on_timer>(daemon.stack_.node(), *this)) {
  socket_.pass_only({static_cast<std::uint8_t>(Icmp6Type::MulticastListenerQuery)});
  if (daemon_.kernel_.away(daemon_.config_.home_address)) on_left_home();
}

MobileNodeDaemon::Groups::~Groups() {
  if (tunnel_ != nullptr) return;  // the tunnel takes its groups along
  for (const Ipv6Address& group : all()) daemon_.interface_.leave_group(group);
}

bool MobileNodeDaemon::Groups::join(const Ipv6Address& group) {
  if (!listener_.join(daemon_.stack_.now(), group)) return false;
  if (tunnel_ != nullptr) tunnel_->join_group(group);
  else daemon_.interface_.join_group(group);
  on_timer();
  return true;
}

bool MobileNodeDaemon::Groups::leave(const Ipv6Address& group) {
  if (!listener_.leave(daemon_.stack_.now(), group)) return false;
  if (tunnel_ != nullptr) tunnel_->leave_group(group);
  else daemon_.interface_.leave_group(group);
  on_timer();
  return true;
}

void MobileNodeDaemon::Groups::on_left_home() {
  TunnelInterface* tunnel = daemon_.kernel_.home_tunnel(daemon_.config_.home_address);
  if (tunnel == tunnel_) return;
  for (const Ipv6Address& group : all()) {
    if (tunnel_ == nullptr) daemon_.interface_.leave_group(group);
    tunnel->join_group(group);
  }
  tunnel_ = tunnel;
  tunnel_->join_group(kAllNodesLinkLocal);  // where General Queries go (RFC 3810 §5.1.15)
}

void MobileNodeDaemon::Groups::on_returned_home() {
  if (tunnel_ == nullptr) return;
  tunnel_ = nullptr;
  for (const Ipv6Address& group : all()) daemon_.interface_.join_group(group);
}

void MobileNodeDaemon::Groups::review_binding() {
  if (!daemon_.home_.binding() || tunnel_ == nullptr) listener_.on_binding_lost();
  arm();
}

TunnelInterface* MobileNodeDaemon::Groups::way() const {
  const auto& binding = daemon_.home_.binding();
  return binding && daemon_.care_of() == binding->care_of ? tunnel_ : nullptr;
}

void MobileNodeDaemon::Groups::on_datagram(const Datagram& d) {
  if (tunnel_ == nullptr || d.interface != tunnel_) return;  // the visited link's is none of its home address's
  if (const DropReason reason = check_mld_packet(d)) return daemon_.stack_.drop(*reason, d.payload);
  const auto query = MulticastListenerQuery::parse(d.payload);
  if (!query) return daemon_.stack_.drop(*query.error(), d.payload);
  // §11.3.4: "the mobile node has a binding in place at the home agent".
  if (!daemon_.home_.binding()) return;
  listener_.on_query(daemon_.stack_.now(), *query);
  arm();
}

void MobileNodeDaemon::Groups::on_timer() {
  const Time now = daemon_.stack_.now();
  if (!listener_.next_timeout() || now < *listener_.next_timeout()) return arm();
  const InterfaceAddress* source = daemon_.interface_.link_local();
  TunnelInterface* tunnel = way();
  if (tunnel == nullptr || source == nullptr) return timer_.arm_in(kTryAgainAfter);
  const MulticastListener::Output out = listener_.on_timeout(now);
  if (out.report) send_mld_packet(socket_, *tunnel, source->address, kAllMldv2Routers, to_bytes(*out.report));
  for (const MulticastListenerV1& message : out.messages) {
    const bool report = message.type == Icmp6Type::MulticastListenerReport;
    send_mld_packet(socket_, *tunnel, source->address, report ? message.group : kAllRoutersLinkLocal,
                    to_bytes(message));
  }
  arm();
}

void MobileNodeDaemon::Groups::arm() { timer_.arm_at(listener_.next_timeout()); }

bool MobileNodeDaemon::join_group(const Ipv6Address& group) { return groups_->join(group); }

bool MobileNodeDaemon::leave_group(const Ipv6Address& group) { return groups_->leave(group); }

std::vector<Ipv6Address> MobileNodeDaemon::joined_groups() const { return groups_->all(); }

}  // namespace kamesim
