#include "protocols/pmip6/anchor_daemon.h"

#include <algorithm>

#include "protocols/pmip6/trace_kinds.h"

namespace kamesim::pmip6 {

AnchorDaemon::AnchorDaemon(SocketLayer& sockets, const AnchorConfig& config)
    : stack_(sockets.stack()),
      socket_(sockets, NextHeader::Mobility, *this),
      machine_(config, stack_.node().stream("pmip6.anchor")),
      tunnels_(stack_, "lma"),
      timer_(Timer::to<&AnchorDaemon::on_timer>(stack_.node(), *this)) {
  // Packets for prefixes that nobody has go no further, and not back to where the pool is routed from.
  stack_.routes().add({.prefix = config.prefix_pool, .interface = &stack_.loopback(), .next_hop = {},
                       .kind = RouteKind::Reject, .origin = RouteOrigin::Mobility});
}

AnchorDaemon::~AnchorDaemon() {
  for (const auto& [id, tunnel] : tunnel_of_) tunnel->allows_inner_source = nullptr;
}

void AnchorDaemon::on_datagram(const Datagram& d) {
  const auto mh = MobilityHeaderView::check(d.payload, d.source, d.destination);
  if (!mh || mh->type() != MhType::BindingUpdate || !BindingUpdateView(*mh).proxy_registration()) return;
  auto update = read_proxy_binding_update(*mh);
  if (!update) return stack_.drop(*update.error(), d.payload);
  // §5.3.1 item 3: whether there is a Home Address option makes no difference.
  const Ipv6Address source = d.care_of.value_or(d.source);
  apply(machine_.on_proxy_binding_update(stack_.now(), {source, d.destination, *std::move(update)}), d.payload);
}

void AnchorDaemon::on_timer() { apply(machine_.on_timeout(stack_.now()), {}); }

void AnchorDaemon::apply(const Output& out, Bytes message) {
  if (out.dropped != nullptr) stack_.drop(*out.dropped, message);
  for (const LocalMobilityAnchor::Routing& routing : out.routing) {
    switch (routing.kind) {
      case LocalMobilityAnchor::Routing::Kind::Forward: forward(routing.session); break;
      case LocalMobilityAnchor::Routing::Kind::Hold: hold(routing.session); break;
      case LocalMobilityAnchor::Routing::Kind::Remove: remove(routing.session); break;
    }
  }
  for (const ProxyBindingAckToSend& ack : out.acks) {
    socket_.send(to_bytes(ack.ack), {.destination = ack.destination, .source = ack.source, .no_mobility = true});
  }
  timer_.arm_at(machine_.next_timeout());
}

// ---- Routing (§5.6) -----------------------------------------------------------------------------------------------

void AnchorDaemon::unroute(const MobilitySession& session) {
  stack_.routes().remove_if([&](const Route& route) {
    return route.origin == RouteOrigin::Mobility &&
           std::ranges::find(session.prefixes, route.prefix) != session.prefixes.end();
  });
  const auto it = tunnel_of_.find(session.id);
  if (it == tunnel_of_.end()) return;
  const TunnelInterface& tunnel = *it->second;
  tunnel_of_.erase(it);
  tunnels_.release(tunnel);
}

void AnchorDaemon::forward(const MobilitySession& session) {
  const auto before = tunnel_of_.find(session.id);
  if (before != tunnel_of_.end() && before->second->remote() == session.proxy_care_of &&
      before->second->local() == session.anchor_address) {
    return;
  }
  TunnelInterface& tunnel = tunnels_.acquire(session.anchor_address, session.proxy_care_of);
  unroute(session);
  tunnel_of_.emplace(session.id, &tunnel);
  tunnel.allows_inner_source = [this, &tunnel](const Ipv6Address& source) {
    return allows_inner_source(tunnel, source);
  };
  for (const Ipv6Prefix& prefix : session.prefixes) {
    // By a next hop: a packet between two mobile nodes of one gateway goes back by the tunnel that it came from.
    stack_.routes().add({.prefix = prefix, .interface = &tunnel, .next_hop = session.proxy_care_of,
                         .origin = RouteOrigin::Mobility});
    stack_.node().trace(kTraceBound, {{"mobile_node", session.mobile_node.identifier},
                                      {"care_of", session.proxy_care_of.to_string()},
                                      {"prefix", prefix.to_string()}});
  }
}

// §5.3.5: "During this wait period, the local mobility anchor SHOULD drop the mobile node's data traffic."
void AnchorDaemon::hold(const MobilitySession& session) {
  unroute(session);
  for (const Ipv6Prefix& prefix : session.prefixes) {
    stack_.routes().add({.prefix = prefix, .interface = &stack_.loopback(), .next_hop = {},
                         .kind = RouteKind::Blackhole, .origin = RouteOrigin::Mobility});
  }
}

void AnchorDaemon::remove(const MobilitySession& session) {
  unroute(session);
  for (const Ipv6Prefix& prefix : session.prefixes) {
    stack_.node().trace(kTraceUnbound, {{"mobile_node", session.mobile_node.identifier},
                                        {"prefix", prefix.to_string()}});
  }
}

// What comes out of a gateway's tunnel comes from a mobile node that it serves.
bool AnchorDaemon::allows_inner_source(const TunnelInterface& tunnel, const Ipv6Address& source) const {
  const MobilitySession* session = machine_.sessions().with_address(source);
  return session != nullptr && !session->delete_at && session->proxy_care_of == tunnel.remote();
}

}  // namespace kamesim::pmip6
