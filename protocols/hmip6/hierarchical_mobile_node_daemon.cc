#include "protocols/hmip6/hierarchical_mobile_node_daemon.h"

#include <algorithm>

#include "protocols/hmip6/trace_kinds.h"

namespace kamesim {
namespace {

HierarchicalMobileNodeConfig with_interface(HierarchicalMobileNodeConfig config, const Ip6Interface& interface) {
  config.interface_id = InterfaceId::eui64(interface.nic()->mac());
  return config;
}

}  // namespace

HierarchicalMobileNodeDaemon::HierarchicalMobileNodeDaemon(SocketLayer& sockets, MobilityKernel& kernel,
                                                           Ip6Interface& interface, MobileNodeDaemon* home,
                                                           HierarchicalMobileNodeConfig config)
    : stack_(sockets.stack()),
      kernel_(kernel),
      interface_(interface),
      home_(home),
      socket_(sockets, *this),
      random_(stack_.node().stream("hmip6.mobile_node")),
      machine_(with_interface(config, interface),
               [this] { return SeqNum16(static_cast<std::uint16_t>(random_.next_u32())); }),
      timer_(Timer::to<&HierarchicalMobileNodeDaemon::on_timer>(stack_.node(), *this)) {
  if (home_ != nullptr) {
    home_->set_regional_mobility(this);
  } else {
    movement_.emplace(sockets, interface, *this);
  }
}

HierarchicalMobileNodeDaemon::~HierarchicalMobileNodeDaemon() {
  if (home_ != nullptr) home_->set_regional_mobility(nullptr);
  for (const Ipv6Address& rcoa : rcoas_) kernel_.remove_regional_care_of(rcoa);
}

void HierarchicalMobileNodeDaemon::on_datagram(const Datagram& d) {
  if (std::ranges::find(rcoas_, d.destination) == rcoas_.end()) return;  // not about an RCoA
  const auto mh = MobilityHeaderView::check(d.payload, d.source, d.destination);
  if (!mh || mh->type() != MhType::BindingAck) return;
  using Routed = HierarchicalMobileNode::RoutedByType2;
  apply(machine_.on_binding_ack(stack_.now(), d.source, d.destination, d.type2_routed ? Routed::Yes : Routed::No,
                                BindingAckView(*mh).value()));
}

void HierarchicalMobileNodeDaemon::on_router_advertisement(const Ipv6Address& router,
                                                           const RouterAdvertisementView& advertisement) {
  std::vector<Ipv6Prefix> prefixes;
  std::vector<MapOption> maps;
  for (const NdOption option : advertisement.options()) {
    const auto prefix = PrefixInformation::parse(option);
    if (prefix && (prefix->on_link || prefix->autonomous)) prefixes.push_back(prefix->prefix());
    if (const auto map = MapOption::parse(option)) maps.push_back(*map);
  }
  apply(machine_.on_router_advertisement(stack_.now(), router, prefixes, maps));
}

void HierarchicalMobileNodeDaemon::on_moved(const Ipv6Address& on_link) {
  const InterfaceAddress* address = interface_.find_address(on_link);
  apply(machine_.on_attach(stack_.now(), {on_link, address != nullptr ? address->valid_until() : Time::max()}));
}

bool HierarchicalMobileNodeDaemon::on_no_address() {
  apply(machine_.on_detach(stack_.now()));
  return machine_.active().has_value();
}

void HierarchicalMobileNodeDaemon::on_returned_home() { apply(machine_.on_withdraw(stack_.now())); }

void HierarchicalMobileNodeDaemon::on_timer() { apply(machine_.on_timeout(stack_.now())); }

void HierarchicalMobileNodeDaemon::set(const Region& region) {
  using Use = MobilityKernel::RegionalUse;
  if (std::ranges::find(rcoas_, region.rcoa) == rcoas_.end()) rcoas_.push_back(region.rcoa);
  kernel_.set_regional_care_of(region.rcoa, region.lcoa, region.map,
                               region.registered && home_ == nullptr ? Use::Applications : Use::CareOfAddress);
}

void HierarchicalMobileNodeDaemon::apply(const HierarchicalMobileNode::Output& out) {
  Node& node = stack_.node();
  if (out.dropped != nullptr) stack_.drop(*out.dropped, {});
  for (const Region& region : out.regions) set(region);
  for (const LocalUpdateToSend& u : out.send) {
    node.trace(kTraceLocalUpdateSent,
               {{"map", u.map.to_string()}, {"rcoa", u.home_address_option.to_string()},
                {"lcoa", u.source.to_string()}, {"sequence", std::int64_t{u.update.sequence.value()}},
                {"lifetime_s", u.update.lifetime.to_seconds()}});
    socket_.send(u.update, {.destination = u.map, .source = u.source, .no_mobility = true,
                            .home_address_option = u.home_address_option});
  }
  if (out.failed) node.trace(kTraceMapFailed, {{"map", out.failed->to_string()}});
  if (out.registered) {
    node.trace(kTraceLocallyRegistered,
               {{"map", out.registered->map.to_string()}, {"rcoa", out.registered->rcoa.to_string()},
                {"lcoa", out.registered->lcoa.to_string()}});
  }
  if (out.care_of && home_ != nullptr) home_->use_care_of(*out.care_of);
  for (const Ipv6Address& rcoa : out.closed) {
    std::erase(rcoas_, rcoa);
    kernel_.remove_regional_care_of(rcoa);
  }
  timer_.arm_at(machine_.next_timeout());
}

}  // namespace kamesim
