#include "protocols/rtsold/rtsold.h"

#include <algorithm>
#include <utility>

#include "protocols/ip6/nd_trace.h"
#include "protocols/wire/nd.h"
#include "sim/medium.h"

namespace kamesim {

namespace {

constexpr RouterSolicitorConfig kResilient, kNotResilient{.resilient = false};

}  // namespace

RouterSolicitationDaemon::RouterSolicitationDaemon(Ip6Stack& stack, const RouterSolicitorConfig& config)
    : stack_(stack) {
  use(config);
  stack_.add_listener(*this);
}

RouterSolicitationDaemon::~RouterSolicitationDaemon() {
  stack_.remove_listener(*this);
  if (own_config()) delete config_;
}

void RouterSolicitationDaemon::use(RouterSolicitorConfig config) {
  if (own_config()) delete config_;
  config_ = config == kResilient      ? &kResilient
            : config == kNotResilient ? &kNotResilient
                                      : new RouterSolicitorConfig(config);
}

bool RouterSolicitationDaemon::own_config() const {
  return config_ != nullptr && config_ != &kResilient && config_ != &kNotResilient;
}

const RouterSolicitationDaemon::Link* RouterSolicitationDaemon::find(const Ip6Interface* interface) const {
  const Link* const link =
      std::ranges::find(links_, interface, [](const Link& l) -> const Ip6Interface* { return l.interface; });
  return link == links_.end() ? nullptr : link;
}

void RouterSolicitationDaemon::run_on(EthernetInterface& interface) {
  if (find(&interface) != nullptr) return;
  links_.push_back(Link(interface));
  std::ranges::sort(links_, {}, [](const Link& l) { return l.interface->index(); });
  if (interface.up()) start(*find(&interface));
}

void RouterSolicitationDaemon::stop_on(const Ip6Interface& interface) {
  if (Link* link = find(&interface)) links_.erase(link);
  arm();
}

template <typename Draw>
auto RouterSolicitationDaemon::with_random(Link& link, Draw draw) {
  RandomStream random = stack_.node().stream("rtsold." + link.interface->name());
  random.skip_to(link.drawn);
  const auto drawn = draw(random);
  link.drawn = random.drawn();
  return drawn;
}

void RouterSolicitationDaemon::start(Link& link) {
  using Attachment = RouterSolicitor::Attachment;
  const Medium* on = link.interface->nic()->medium();
  const ActorId medium = on != nullptr ? on->id() : kNoMedium;
  const ActorId last = std::exchange(link.last_medium, medium);
  const Attachment attachment = last == kNoMedium ? Attachment::First
                                : last == medium  ? Attachment::Again
                                                  : Attachment::Moved;
  with_random(link, [&](RandomStream& random) {
    return link.solicitor.on_link_up(*config_, stack_.now(), attachment, random), true;
  });
  arm();
}

void RouterSolicitationDaemon::solicit(EthernetInterface& interface) {
  Link* link = find(&interface);
  if (link == nullptr || !interface.up() || interface.routers_solicited_elsewhere) return;
  link->solicitor.solicit(stack_.now());
  arm();
}

std::optional<Time> RouterSolicitationDaemon::done_at(const EthernetInterface& interface) const {
  const Link* link = find(&interface);
  return link == nullptr ? stack_.now() : link->solicitor.done_at(*config_, stack_.now());
}

void RouterSolicitationDaemon::on_routing_message(const RoutingMessage& message) {
  using Kind = RoutingMessage::Kind;
  if (message.kind == Kind::ForwardingChanged) {
    // RFC 4861 §6.3.7: "the system changes from being a router to being a host".
    for (Link& each : links_) {
      if (!stack_.forwarding() && each.interface->up()) start(each);
    }
    return;
  }
  if (message.kind == Kind::SettingsChanged) {
    RouterSolicitorConfig config = *config_;
    config.resilient = stack_.config().nd.resilient_router_solicitation;
    return use(config);
  }
  Link* link = find(message.interface);
  if (link == nullptr) return;
  if (message.kind == Kind::InterfaceRemoved) return stop_on(*link->interface);
  if (message.kind == Kind::LinkUp && link->interface->up()) start(*link);
  if (message.kind != Kind::LinkDown) return;
  link->solicitor.on_link_down();
  arm();
}

void RouterSolicitationDaemon::on_router_advertisement(Ip6Interface& interface, Duration router_lifetime) {
  Link* link = find(&interface);
  if (link == nullptr) return;
  link->solicitor.on_router_advertisement(router_lifetime);
  arm();
}

void RouterSolicitationDaemon::on_timer() {
  for (Link& link : links_) {
    const Time now = stack_.now();
    const bool due = link.solicitor.next_timeout().value_or(Time::max()) <= now && with_random(link, [&](auto& random) {
      return link.solicitor.on_timeout(*config_, now, random);
    });
    // RFC 4861 §6.3.7 speaks of hosts. A mobile node solicits as it needs to (RFC 6275 §11.5.1).
    if (stack_.forwarding() || link.interface->routers_solicited_elsewhere) {
      link.solicitor.on_link_down();
    } else if (due) {
      send(link);
    }
  }
  arm();
}

void RouterSolicitationDaemon::send(const Link& link) {
  const InterfaceAddress* source = link.interface->link_local();
  // RFC 4429 §3.2: rather from the unspecified address than from an optimistic one.
  if (source != nullptr && source->state == AddressState::Optimistic) source = nullptr;
  std::vector<std::uint8_t> message;
  ByteWriter out(message);
  emit(out, RouterSolicitation{});
  if (source != nullptr && link.interface->has_link_layer_addresses()) emit(out, SourceLinkLayerAddress{link.interface->nic()->mac()});
  const Ipv6Address from = source != nullptr ? source->address : kUnspecified;
  if (stack_.node().trace_enabled()) {
    stack_.node().trace(kTraceRsSent, {{"interface", link.interface->name()}, {"source", from.to_string()}});
  }
  stack_.send_icmp6(message, {.destination = kAllRoutersLinkLocal, .source = from,
                              .unspecified_source = source == nullptr, .interface = link.interface,
                              .hop_limit = kNdHopLimit, .no_mobility = true});
}

void RouterSolicitationDaemon::arm() {
  std::optional<Time> next;
  for (const Link& link : links_) {
    const auto at = link.solicitor.next_timeout();
    if (at && (!next || *at < *next)) next = at;
  }
  arm_at(next);
}

}  // namespace kamesim
