#include "protocols/hmip6/mobility_anchor_point_daemon.h"

#include "protocols/hmip6/trace_kinds.h"
#include "protocols/ip6/neighbor_discovery.h"

namespace kamesim {
namespace {

HomeAgentRegistrationConfig registration_of(const MobilityAnchorPointConfig& config) {
  return {.max_lifetime = config.max_lifetime, .refresh_advice = {}, .prohibited = {},
          .care_of_prefixes = config.on_link_prefixes};
}

}  // namespace

MobilityAnchorPointDaemon::MobilityAnchorPointDaemon(SocketLayer& sockets, MobilityKernel& kernel, Ip6Interface& link,
                                                     const MobilityAnchorPointConfig& config)
    : stack_(sockets.stack()),
      kernel_(kernel),
      link_(link),
      socket_(sockets, *this),
      cache_({.home_registrations = config.max_bindings, .correspondents = 0}),
      machine_(registration_of(config), cache_),
      timer_(Timer::to<&MobilityAnchorPointDaemon::on_timer>(stack_.node(), *this)) {
  kernel_.mobility_anchor_point = true;
  stack_.add_listener(*this);
  review_prefixes();
}

MobilityAnchorPointDaemon::~MobilityAnchorPointDaemon() {
  for (const Ipv6Address& rcoa : tests_) link_.nd()->cancel_proxy_dad(rcoa);
  stack_.remove_listener(*this);
  kernel_.mobility_anchor_point = false;
}

void MobilityAnchorPointDaemon::on_routing_message(const RoutingMessage& message) {
  using Kind = RoutingMessage::Kind;
  const bool address = message.kind == Kind::AddressAdded || message.kind == Kind::AddressRemoved ||
                       message.kind == Kind::AddressChanged;
  if (!address || message.interface != &link_) return;
  review_prefixes();
  timer_.arm_at(machine_.next_timeout());
}

// §5: an RCoA lasts no longer than the prefix that it is formed with.
void MobilityAnchorPointDaemon::review_prefixes() {
  std::vector<HomePrefix> prefixes;
  for (const auto& a : link_.addresses()) {
    const bool given = a->origin == AddressOrigin::Manual && !a->anycast && !a->address.is_link_local();
    if (given && a->prefix_length < 128) prefixes.push_back({a->prefix(), a->valid_until(), a->preferred_until()});
  }
  machine_.on_prefix_list(stack_.now(), std::move(prefixes));
}

void MobilityAnchorPointDaemon::on_datagram(const Datagram& d) {
  const auto mh = MobilityHeaderView::check(d.payload, d.source, d.destination);
  if (!mh || mh->type() != MhType::BindingUpdate) return;
  const BindingUpdate update = BindingUpdateView(*mh).value();
  if (!update.map_registration) return;  // for the home agent's and correspondent's daemons
  // §4: M and A MUST be set; H says another thing.
  if (update.home_registration) return stack_.drop(kBuMapAndHomeRegistration, d.payload);
  if (!update.acknowledge) return stack_.drop(kBuMapWithoutAcknowledge, d.payload);
  const ReceivedBindingUpdate received = received_binding_update(d, update);
  served_as_.insert_or_assign(received.home_address(), d.destination);
  apply(machine_.on_binding_update(stack_.now(), received), d.payload);
}

void MobilityAnchorPointDaemon::start_dad(const Ipv6Address& rcoa) {
  tests_.push_back(rcoa);
  link_.nd()->start_proxy_dad(rcoa, [this, rcoa](bool unique) {
    std::erase(tests_, rcoa);
    using Result = HomeAgentRegistration::DadResult;
    apply(machine_.on_dad_result(stack_.now(), rcoa, unique ? Result::Unique : Result::Duplicate), {});
  });
}

void MobilityAnchorPointDaemon::on_timer() {
  while (machine_.next_timeout() && *machine_.next_timeout() <= stack_.now()) {
    apply(machine_.on_timeout(stack_.now()), {});
  }
  timer_.arm_at(machine_.next_timeout());
}

void MobilityAnchorPointDaemon::apply(const HomeAgentRegistration::Output& out, Bytes message) {
  if (out.dropped != nullptr) stack_.drop(*out.dropped, message);
  if (out.stop_proxy) {
    const Ipv6Address& rcoa = out.stop_proxy->home_address;
    kernel_.remove_home_binding(rcoa);
    stack_.node().trace(kTraceMapUnbound, {{"rcoa", rcoa.to_string()}});
  }
  if (out.registered) {
    const BindingCacheEntry& entry = *out.registered;
    kernel_.add_home_binding({.home = entry.home_address, .care_of = entry.care_of,
                              .home_agent = served_as_[entry.home_address], .home_link = &link_});
    stack_.node().trace(kTraceMapBound, {{"rcoa", entry.home_address.to_string()}, {"lcoa", entry.care_of.to_string()}});
  }
  if (out.ack) {
    socket_.send(*out.ack);
    const BindingCacheEntry* entry = cache_.find(out.ack->routing_header.value_or(out.ack->destination));
    if (entry == nullptr || !entry->valid) served_as_.erase(out.ack->routing_header.value_or(out.ack->destination));
  }
  if (out.start_dad) start_dad(out.start_dad->home_address);
  timer_.arm_at(machine_.next_timeout());
}

}  // namespace kamesim
