#include "protocols/fmip6/access_router_daemon.h"

#include <algorithm>
#include <utility>

#include "protocols/fmip6/trace_kinds.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/wire/nd.h"

namespace kamesim {
namespace {

Ipv6Prefix prefix_of(const Ip6Interface& link, const Ipv6Address& address) {
  const InterfaceAddress* own = link.find_address(address);
  return own != nullptr ? own->prefix() : Ipv6Prefix(address, 64);
}

std::vector<Ipv6Address> routers_of(const AccessRouterConfig& config) {
  std::vector<Ipv6Address> routers;
  for (const NeighborhoodTuple& n : config.neighbors) routers.push_back(n.router);
  return routers;
}

// §6.1.2: in this order.
void emit_tuple(ByteWriter& out, const NeighborhoodTuple& tuple) {
  using Lla = LinkLayerAddressOption::Code;
  using Ip = IpAddressPrefixOption::Code;
  emit(out, LinkLayerAddressOption{Lla::NewAccessPoint, tuple.access_point});
  emit(out, LinkLayerAddressOption{Lla::NewAccessRouter, tuple.router_link_layer});
  emit(out, IpAddressPrefixOption{Ip::NarIpAddress, 128, tuple.router});
  emit(out, IpAddressPrefixOption{Ip::NarPrefix, static_cast<std::uint8_t>(tuple.prefix.length()),
                                  tuple.prefix.address()});
}

// Tuples of an answer to a wildcard: what fits into 1280 octets.
constexpr std::size_t kMostTuples = 14;

}  // namespace

AccessRouterDaemon::AccessRouterDaemon(SocketLayer& sockets, MobilityKernel& kernel, Ip6Interface& link,
                                       const Ipv6Address& address, const AccessRouterConfig& config)
    : stack_(sockets.stack()),
      kernel_(kernel),
      link_(link),
      address_(address),
      config_(config),
      random_(stack_.node().stream("fmip6.access_router")),
      socket_(sockets, *this),
      neighborhood_(*this, sockets),
      previous_({.prefix = prefix_of(link, address), .neighbors = config.neighbors, .key = config.key,
                 .buffer = config.buffer > 0}),
      new_({.prefix = prefix_of(link, address), .routers = routers_of(config),
            .test_addresses = config.test_addresses, .proxy_lifetime = config.proxy_lifetime},
           [this](const Ipv6Address& a, const MacAddress& mobile_node) {
             if (link_.find_address(a) != nullptr || link_.nd()->proxies(a)) return true;
             const Neighbor* neighbor = link_.nd()->cache().find(a);
             return neighbor != nullptr && neighbor->mac_known() && neighbor->mac != mobile_node;
           },
           [this] { return std::uint64_t{random_.next_u32()} << 32 | random_.next_u32(); }),
      timer_(Timer::to<&AccessRouterDaemon::on_timer>(stack_.node(), *this)) {
  for (const MhType type : {kFastBindingUpdateType, kHandoverInitiateType, kHandoverAckType}) {
    kernel_.understand(type);
  }
}

AccessRouterDaemon::~AccessRouterDaemon() {
  for (const Ipv6Address& address : tests_) link_.nd()->cancel_proxy_dad(address);
}

// ---- The neighbourhood (§6.1) -------------------------------------------------------------------------------------

AccessRouterDaemon::Link::Link(AccessRouterDaemon& daemon, SocketLayer& sockets)
    : daemon_(daemon), socket_(sockets, NextHeader::Icmp6, *this) {
  socket_.pass_only({static_cast<std::uint8_t>(kFmip6MessageType),
                     static_cast<std::uint8_t>(Icmp6Type::NeighborAdvertisement)});
}

void AccessRouterDaemon::Link::on_datagram(const Datagram& d) {
  if (d.interface != &daemon_.link_) return;
  if (d.payload[0] == static_cast<std::uint8_t>(kFmip6MessageType)) return answer(d);
  const auto view = NeighborAdvertisementView::check(d.payload, {d.source, d.destination, d.hop_limit});
  if (!view || view->solicited() || view->override()) return;  // §6.3: a UNA has neither
  const auto mac = view->options().find<TargetLinkLayerAddress>();
  if (!mac) return;
  daemon_.apply(daemon_.new_.on_unsolicited_advertisement(daemon_.stack_.now(), view->target(), mac->address),
                d.payload);
}

void AccessRouterDaemon::Link::answer(const Datagram& d) {
  const auto view = Fmip6MessageView::check(d.payload, {d.source, d.destination, d.hop_limit});
  if (!view) return daemon_.stack_.drop(*view.error(), d.payload);
  if (view->subtype() != Fmip6Subtype::RtSolPr) return;
  using Code = LinkLayerAddressOption::Code;
  const std::vector<NeighborhoodTuple>& neighbors = daemon_.config_.neighbors;
  std::vector<std::pair<MacAddress, const NeighborhoodTuple*>> wanted;
  bool wildcard = false;
  for (const NdOption option : view->options()) {
    const auto lla = LinkLayerAddressOption::parse(option);
    if (!lla) continue;
    wildcard |= lla->code == Code::Wildcard;
    if (lla->code != Code::NewAccessPoint || wanted.size() == kMostTuples) continue;
    const auto known = std::ranges::find(neighbors, lla->address, &NeighborhoodTuple::access_point);
    wanted.emplace_back(lla->address, known != neighbors.end() ? &*known : nullptr);
  }
  if (wildcard) {
    wanted.clear();
    for (const NeighborhoodTuple& n : neighbors) {
      if (wanted.size() < kMostTuples) wanted.emplace_back(n.access_point, &n);
    }
  }
  if (wanted.empty() && !wildcard) return;
  std::vector<std::uint8_t> tuples;
  ByteWriter out(tuples);
  std::size_t known = 0;
  bool without_fast_handovers = false;
  for (const auto& [access_point, tuple] : wanted) {
    const bool here = std::ranges::find(daemon_.config_.access_points, access_point) !=
                      daemon_.config_.access_points.end();
    if (here || tuple == nullptr || !tuple->fast_handovers) {
      without_fast_handovers |= !here && tuple != nullptr;
      emit(out, LinkLayerAddressOption{here ? Code::SameInterface : tuple == nullptr ? Code::NoPrefix
                                                                                     : Code::NoFastHandover,
                                       access_point});
      continue;
    }
    ++known;
    emit_tuple(out, *tuple);
  }
  // §4, §5.1: an access point without fast handovers is told of with Code 3, also where it is the only one.
  const bool some = without_fast_handovers || (known > 0 && known < wanted.size());
  const PrRtAdv::Code code = some         ? PrRtAdv::Code::SomeInformation
                             : known == 0 ? PrRtAdv::Code::NoNewInformation
                                          : PrRtAdv::Code::Solicited;
  daemon_.stack_.node().trace(kTraceProxyAdvertisement, {{"destination", d.source.to_string()},
                                                         {"tuples", static_cast<std::int64_t>(known)}});
  advertise(d.source, PrRtAdv{code, view->identifier()}, tuples);
}

void AccessRouterDaemon::Link::advertise(const Ipv6Address& destination, const PrRtAdv& head, Bytes tuples) {
  const InterfaceAddress* source = daemon_.link_.link_local();
  if (source == nullptr) return;
  std::vector<std::uint8_t> message;
  ByteWriter out(message);
  emit(out, head);
  emit(out, LinkLayerAddressOption{LinkLayerAddressOption::Code::Source, daemon_.link_.nic()->mac()});
  out.bytes(tuples);
  socket_.send(message, {.destination = destination, .source = source->address, .interface = &daemon_.link_,
                         .hop_limit = kNdHopLimit, .no_mobility = true});
}

// §3.3, §6.1.2: Code 1, the Identifier is zero.
bool AccessRouterDaemon::hand_over(const Ipv6Address& mobile_node, const MacAddress& access_point) {
  const auto tuple = std::ranges::find(config_.neighbors, access_point, &NeighborhoodTuple::access_point);
  if (tuple == config_.neighbors.end() || !tuple->fast_handovers) return false;
  std::vector<std::uint8_t> options;
  ByteWriter out(options);
  emit_tuple(out, *tuple);
  stack_.node().trace(kTraceProxyAdvertisement, {{"destination", mobile_node.to_string()},
                                                 {"tuples", std::int64_t{1}}});
  neighborhood_.advertise(mobile_node, PrRtAdv{PrRtAdv::Code::HandoverTrigger, 0}, options);
  return true;
}

// ---- Mobility Headers (§6.2) --------------------------------------------------------------------------------------

void AccessRouterDaemon::on_datagram(const Datagram& d) {
  const auto mh = MobilityHeaderView::check(d.payload, d.source, d.destination, kFmip6Types);
  if (!mh || d.destination != address_) return;
  const Time now = stack_.now();
  if (mh->type() == kFastBindingUpdateType) return on_fast_binding_update(d, *mh);
  if (mh->type() == kHandoverInitiateType) {
    return apply(new_.on_handover_initiate(now, d.source, read_handover_initiate(*mh)), d.payload);
  }
  if (mh->type() == kHandoverAckType) {
    return apply(previous_.on_handover_ack(now, d.source, read_handover_ack(*mh)), d.payload);
  }
}

void AccessRouterDaemon::on_fast_binding_update(const Datagram& d, const MobilityHeaderView& mh) {
  ReceivedFastBindingUpdate received{.source = d.care_of.value_or(d.source), .destination = d.destination,
                                     .home_address_option = {}, .update = read_fast_binding_update(mh),
                                     .mobility_header = d.payload};
  if (d.care_of) received.home_address_option = d.source;
  // §6.2.1.1: the HI MUST have it; the neighbour cache knows it where the FBU does not tell.
  if (!received.update.mobile_node && received.home_address_option) {
    const Neighbor* neighbor = link_.nd()->cache().find(*received.home_address_option);
    if (neighbor != nullptr && neighbor->mac_known()) received.update.mobile_node = neighbor->mac;
  }
  apply(previous_.on_fast_binding_update(stack_.now(), received), d.payload);
}

void AccessRouterDaemon::apply(const PreviousAccessRouter::Output& out, Bytes message) {
  if (out.dropped != nullptr) stack_.drop(*out.dropped, message);
  if (out.initiate) {
    socket_.send(out.initiate->message, {.destination = out.initiate->destination, .source = address_,
                                         .no_mobility = true});
  }
  if (out.restore) {
    kernel_.remove_home_binding(*out.restore);
    stack_.node().trace(kTraceRestored, {{"pcoa", out.restore->to_string()}});
  }
  for (const FastBindingAckToSend& a : out.acks) {
    socket_.send_authenticated(a.ack, config_.key, a.care_of, a.source,
                               {.destination = a.destination, .source = a.source, .no_mobility = true});
  }
  if (out.redirect) {
    kernel_.add_home_binding({.home = out.redirect->previous_care_of, .care_of = out.redirect->to,
                              .home_agent = out.redirect->our_address, .home_link = &link_});
    stack_.node().trace(kTraceRedirected, {{"pcoa", out.redirect->previous_care_of.to_string()},
                                           {"to", out.redirect->to.to_string()}});
  }
  arm();
}

void AccessRouterDaemon::apply(const NewAccessRouter::Output& out, Bytes message) {
  if (out.dropped != nullptr) stack_.drop(*out.dropped, message);
  if (out.test) {
    const Ipv6Address address = *out.test;
    tests_.push_back(address);
    link_.nd()->start_proxy_dad(address, [this, address](bool unique) {
      std::erase(tests_, address);
      using Result = NewAccessRouter::DadResult;
      apply(new_.on_dad_result(stack_.now(), address, unique ? Result::Unique : Result::Duplicate), {});
    });
  }
  if (out.proxy) {
    const Ipv6Address address = out.proxy->first;
    const std::size_t limit = out.proxy->second == NewAccessRouter::Keep::Yes ? config_.buffer : 0;
    link_.nd()->add_proxy(address);
    auto& buffer = buffers_[address];
    if (buffer == nullptr) {
      buffer = std::make_unique<HandoverBuffer>(stack_, link_, address, limit, [this, address] { forget(address); });
    }
  }
  if (out.ack) {
    socket_.send(out.ack->message, {.destination = out.ack->destination, .source = address_, .no_mobility = true});
  }
  if (out.arrived) {
    const Ipv6Address& address = out.arrived->new_care_of;
    link_.nd()->remove_proxy(address);
    link_.nd()->record(address, out.arrived->mobile_node);
    stack_.node().trace(kTraceArrived, {{"ncoa", address.to_string()}});
    if (const auto buffer = buffers_.find(address); buffer != buffers_.end()) buffer->second->release();
  }
  if (out.gave_up) {
    link_.nd()->remove_proxy(*out.gave_up);
    if (const auto buffer = buffers_.find(*out.gave_up); buffer != buffers_.end()) buffer->second->discard();
    forget(*out.gave_up);
  }
  arm();
}

// From within the buffer's own call: it is let go of with the next event.
void AccessRouterDaemon::forget(const Ipv6Address& new_care_of) {
  const auto it = buffers_.find(new_care_of);
  if (it == buffers_.end()) return;
  stack_.routes().remove_if([&](const Route& r) { return r.interface == it->second.get(); });
  stack_.invalidate_destinations();
  retired_.push_back(std::move(it->second));
  buffers_.erase(it);
  timer_.arm_at(stack_.now());
}

void AccessRouterDaemon::on_timer() {
  retired_.clear();
  while (previous_.next_timeout() && *previous_.next_timeout() <= stack_.now()) {
    apply(previous_.on_timeout(stack_.now()), {});
  }
  while (new_.next_timeout() && *new_.next_timeout() <= stack_.now()) apply(new_.on_timeout(stack_.now()), {});
  arm();
}

void AccessRouterDaemon::arm() {
  if (!retired_.empty()) return timer_.arm_at(stack_.now());
  const auto a = previous_.next_timeout(), b = new_.next_timeout();
  timer_.arm_at(a && b ? std::min(a, b) : a ? a : b);
}

}  // namespace kamesim
