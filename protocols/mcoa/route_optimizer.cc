#include "protocols/mcoa/route_optimizer.h"

#include "protocols/mip6/trace_kinds.h"

namespace kamesim::mcoa {

RouteOptimizer::RouteOptimizer(Ip6Stack& stack, MobilityKernel& kernel, MobilitySocket& socket,
                               const Ipv6Address& home_address, const Ipv6Address& home_agent)
    : stack_(stack),
      kernel_(kernel),
      socket_(socket),
      home_(home_address),
      home_agent_(home_agent),
      random_(stack.node().stream("mcoa.correspondents")),
      timer_(Timer::to<&RouteOptimizer::on_timer>(stack.node(), *this)) {
  kernel_.add_listener(*this);
}

RouteOptimizer::~RouteOptimizer() { kernel_.remove_listener(*this); }

void RouteOptimizer::on_links(std::vector<CorrespondentLinks::Registered> links) {
  links_ = std::move(links);
  for (auto& peer : correspondents_) apply(peer, peer.second.on_links(stack_.now(), links_));
}

void RouteOptimizer::on_return_home() {
  links_.clear();
  for (auto& peer : correspondents_) apply(peer, peer.second.on_return_home(stack_.now()));
}

void RouteOptimizer::on_route_optimization_hint(const Ipv6Address& home, const Ipv6Address& correspondent) {
  if (home != home_ || correspondent == home_agent_ || links_.empty()) return;
  if (correspondent.is_multicast() || correspondent.is_link_local()) return;
  auto known = correspondents_.find(correspondent);
  if (known == correspondents_.end()) {
    if (correspondents_.size() >= kMaxCorrespondents) return;
    known = correspondents_
                .try_emplace(correspondent, home_, correspondent, SeqNum16(static_cast<std::uint16_t>(random_.next_u32())),
                             [this](MutableBytes out) { random_.fill(out); })
                .first;
    return apply(*known, known->second.on_links(stack_.now(), links_));
  }
  apply(*known, known->second.on_tunnelled_packet(stack_.now()));
}

void RouteOptimizer::on_mobility_header_unsupported(const Ipv6Address& correspondent) {
  const auto peer = correspondents_.find(correspondent);
  if (peer != correspondents_.end()) apply(*peer, peer->second.on_mobility_header_unsupported(stack_.now()));
}

void RouteOptimizer::on_message(const Datagram& d, const MobilityHeaderView& mh) {
  const auto found = correspondents_.find(d.source);
  const Time now = stack_.now();
  const bool expected = mh.type() == MhType::BindingAck || mh.type() == MhType::HomeTest || mh.type() == MhType::CareOfTest;
  if (found == correspondents_.end()) {
    if (expected) stack_.drop(mh.type() == MhType::BindingAck ? kBackUnmatched : kTestUnexpected, d.payload);
    return;
  }
  auto& peer = *found;
  switch (mh.type()) {
    case MhType::BindingAck:
      if (d.destination != home_) return;
      return apply(peer, peer.second.on_binding_ack(now, read_multiple_binding_ack(mh), d.payload));
    case MhType::HomeTest: {
      using Path = ReturnRoutability::Path;
      const Path path = d.interface->is_tunnel() ? Path::FromHomeAgentTunnel : Path::Direct;
      return apply(peer, peer.second.on_home_test(now, HomeTestView(mh).value(), d.destination, path));
    }
    case MhType::CareOfTest:
      return apply(peer, peer.second.on_care_of_test(now, CareOfTestView(mh).value(), d.destination));
    case MhType::BindingRefreshRequest: {
      std::vector<std::uint16_t> bids;
      for (const BindingIdentifier& b : read_options(mh.options()).bindings) bids.push_back(b.bid);
      return apply(peer, peer.second.on_binding_refresh_request(now, bids));
    }
    case MhType::BindingError: return apply(peer, peer.second.on_binding_error(now, BindingErrorView(mh).value()));
    default: return;
  }
}

void RouteOptimizer::apply(Peers::value_type& peer, const CorrespondentLinks::Output& out) {
  const Ipv6Address& correspondent = peer.first;
  if (out.dropped != nullptr) stack_.drop(*out.dropped, {});
  if (const auto way = peer.second.way()) kernel_.add_binding_update(home_, correspondent, *way);
  else kernel_.remove_binding_update(home_, correspondent);
  for (const HomeTestInit& init : out.home_test_inits) {
    socket_.send(init, {.destination = correspondent, .source = home_});
  }
  for (const CorrespondentLinks::TestCareOf& init : out.care_of_test_inits) {
    socket_.send(init.message, {.destination = correspondent, .source = init.care_of, .no_mobility = true});
  }
  for (const CorrespondentLinks::Update& update : out.updates) {
    const BindingUpdate& u = update.message.update;
    stack_.node().trace(kTraceBindingUpdateSent,
                        {{"destination", correspondent.to_string()}, {"sequence", std::int64_t{u.sequence.value()}},
                         {"lifetime_s", u.lifetime.to_seconds()}, {"home_registration", std::int64_t{0}},
                         {"care_of", update.source.to_string()}});
    socket_.send_authenticated(update.message, update.kbm, update.authenticated_address, correspondent,
                               {.destination = correspondent, .source = update.source, .no_mobility = true,
                                .home_address_option = update.home_address_option});
  }
  arm();
}

void RouteOptimizer::on_timer() {
  for (auto& peer : correspondents_) {
    const auto due = peer.second.next_timeout();
    if (due && *due <= stack_.now()) apply(peer, peer.second.on_timeout(stack_.now()));
  }
  arm();
}

void RouteOptimizer::arm() {
  std::optional<Time> next;
  for (const auto& [correspondent, links] : correspondents_) {
    const auto due = links.next_timeout();
    if (due && (!next || *due < *next)) next = due;
  }
  timer_.arm_at(next);
}

}  // namespace kamesim::mcoa
