#include "protocols/rrenumd/rrenumd.h"

#include <algorithm>
#include <utility>

#include "protocols/ip6/stack.h"
#include "protocols/rtadvd/rtadvd.h"

namespace kamesim {

namespace {

bool is_given(const InterfaceAddress& a) {
  return a.origin == AddressOrigin::Manual && !a.anycast && !a.address.is_link_local();
}

RenumberedPrefix as_renumbered(const AdvertisedPrefix& p) {
  return {.prefix = p.prefix,
          .on_link = p.adv_on_link_flag,
          .autonomous = p.adv_autonomous_flag,
          .valid_lifetime = p.adv_valid_lifetime,
          .preferred_lifetime = p.adv_preferred_lifetime,
          .lifetimes_decrement = p.lifetimes_decrement};
}

bool has(const std::vector<AdvertisedPrefix>& prefixes, const Ipv6Prefix& prefix) {
  return std::ranges::find(prefixes, prefix, &AdvertisedPrefix::prefix) != prefixes.end();
}

}  // namespace

RouterRenumberingDaemon::RouterRenumberingDaemon(SocketLayer& sockets, RouterAdvertisementDaemon& advertisements,
                                                 RouterRenumbering& machine)
    : stack_(sockets.stack()),
      advertisements_(advertisements),
      machine_(machine),
      socket_(sockets, NextHeader::Icmp6, *this),
      random_(stack_.node().stream("rrenumd")),
      timer_(Timer::to<&RouterRenumberingDaemon::on_timer>(stack_.node(), *this)) {
  socket_.pass_only({kRouterRenumbering});
  stack_.add_listener(*this);
  for (const auto& interface : stack_.interfaces()) listen_on(*interface);
}

RouterRenumberingDaemon::~RouterRenumberingDaemon() {
  stack_.remove_listener(*this);
  for (Ip6Interface* interface : listens_on_) interface->leave_group(kAllRoutersSiteLocal);
}

// §3: "All routers MUST be capable of receiving RR Commands sent to" the All Routers address of link and site scope. The
// first is every router's anyway.
void RouterRenumberingDaemon::listen_on(Ip6Interface& interface) {
  const bool listens = std::ranges::find(listens_on_, &interface) != listens_on_.end();
  if (listens || interface.nic() == nullptr) return;
  interface.join_group(kAllRoutersSiteLocal);
  listens_on_.push_back(&interface);
}

void RouterRenumberingDaemon::on_routing_message(const RoutingMessage& message) {
  using Kind = RoutingMessage::Kind;
  if (message.kind == Kind::LinkUp) listen_on(*message.interface);
  if (message.kind == Kind::InterfaceRemoved) std::erase(listens_on_, message.interface);
}

bool RouterRenumberingDaemon::is_ours(const Datagram& d) const {
  if (d.destination.is_multicast()) {
    return d.destination == kAllRoutersLinkLocal || d.destination == kAllRoutersSiteLocal ||
           d.destination == kAllRoutersInterfaceLocal;
  }
  return stack_.find_own_address(d.destination, d.interface) != nullptr;
}

void RouterRenumberingDaemon::on_datagram(const Datagram& d) {
  if (!stack_.forwarding()) return;
  if (!is_ours(d)) return stack_.drop(kRenumberingBadDestination, d.payload);  // §4.1
  std::vector<EthernetInterface*> interfaces;
  std::vector<RenumberedInterface> before;
  for (const auto& interface : stack_.interfaces()) {
    if (interface->nic() == nullptr) continue;
    interfaces.push_back(static_cast<EthernetInterface*>(interface.get()));
    before.push_back(configuration_of(*interfaces.back()));
  }
  std::vector<RenumberedInterface> wanted = before;
  RouterRenumbering::Output out = machine_.on_command(d.payload, wanted);
  if (out.dropped != nullptr) {
    stack_.drop(*out.dropped, d.payload);
  } else {
    stack_.node().trace(kTraceRenumbered, {{"source", d.source.to_string()},
                                           {"sequence_number", std::int64_t{machine_.recorded_sequence_number()}},
                                           {"changed", std::int64_t{out.changed}}});
  }
  if (out.changed) {
    for (std::size_t i = 0; i < interfaces.size(); ++i) {
      if (wanted[i] != before[i]) apply(*interfaces[i], before[i], wanted[i]);
    }
  }
  if (out.result.empty() || pending_.size() >= kMaxPendingResults || d.source.is_unspecified()) return;
  pending_.push_back({stack_.now() + random_.uniform(Duration(), out.max_delay), d.source,
                      d.interface != nullptr ? d.interface->index() : 0, std::move(out.result)});
  arm();
}

// The advertised prefixes, with what is left of lifetimes that count down.
std::vector<AdvertisedPrefix> RouterRenumberingDaemon::advertised_on(const EthernetInterface& interface) const {
  const RouterAdvertisementConfig* config = advertisements_.config(interface);
  if (config == nullptr || !config->adv_send_advertisements) return {};
  std::vector<AdvertisedPrefix> prefixes;
  if (config->adv_prefix_list) {
    prefixes = *config->adv_prefix_list;
  } else {
    for (const auto& a : interface.addresses()) {
      if (is_given(*a) && a->prefix_length < 128 && !has(prefixes, a->prefix())) {
        prefixes.push_back({.prefix = a->prefix()});
        if (config->home_agent) prefixes.back().router_address = a->address;
      }
    }
  }
  const Duration elapsed = stack_.now() - advertisements_.configured_at(interface);
  for (AdvertisedPrefix& p : prefixes) {
    if (!p.lifetimes_decrement) continue;
    for (Duration* lifetime : {&p.adv_valid_lifetime, &p.adv_preferred_lifetime}) {
      if (*lifetime != kInfiniteLifetime) *lifetime = std::max(*lifetime - elapsed, Duration());
    }
  }
  return prefixes;
}

RenumberedInterface RouterRenumberingDaemon::configuration_of(const EthernetInterface& interface) const {
  RenumberedInterface c{.index = interface.index(), .shut_down = !interface.nic()->enabled(), .prefixes = {},
                        .addresses = {}};
  for (const AdvertisedPrefix& p : advertised_on(interface)) c.prefixes.push_back(as_renumbered(p));
  for (const auto& a : interface.addresses()) {
    if (!is_given(*a)) continue;
    c.addresses.push_back(a->address);
    // A prefix need not be advertised to be configured.
    const bool known = std::ranges::find(c.prefixes, a->prefix(), &RenumberedPrefix::prefix) != c.prefixes.end();
    if (!known) c.prefixes.push_back(as_renumbered({.prefix = a->prefix()}));
  }
  return c;
}

void RouterRenumberingDaemon::apply(EthernetInterface& interface, const RenumberedInterface& before,
                                    const RenumberedInterface& wanted) {
  advertise(interface, before, wanted);
  for (const Ipv6Address& address : before.addresses) {
    if (std::ranges::find(wanted.addresses, address) == wanted.addresses.end()) {
      stack_.remove_address(interface, address);
    }
  }
  for (const Ipv6Address& address : wanted.addresses) {
    if (std::ranges::find(before.addresses, address) != before.addresses.end()) continue;
    const auto prefix = std::ranges::find_if(wanted.prefixes,
                                             [&](const RenumberedPrefix& p) { return p.prefix.contains(address); });
    const unsigned length = prefix != wanted.prefixes.end() ? prefix->prefix.length() : 64;
    stack_.add_address(interface, {.address = address, .prefix_length = static_cast<std::uint8_t>(length)});
  }
}

// What was advertised, and still is to be; and what is new. A prefix that was configured without being advertised
// stays so.
void RouterRenumberingDaemon::advertise(EthernetInterface& interface, const RenumberedInterface& before,
                                        const RenumberedInterface& wanted) {
  const RouterAdvertisementConfig* config = advertisements_.config(interface);
  if (config == nullptr || !config->adv_send_advertisements) return;
  const std::vector<AdvertisedPrefix> old = advertised_on(interface);
  const bool tells_address = std::ranges::any_of(old, [](const AdvertisedPrefix& p) { return !!p.router_address; });
  RouterAdvertisementConfig changed = *config;
  changed.adv_prefix_list.emplace();
  for (const RenumberedPrefix& p : wanted.prefixes) {
    const bool existed = std::ranges::find(before.prefixes, p.prefix, &RenumberedPrefix::prefix) != before.prefixes.end();
    if (existed && !has(old, p.prefix)) continue;
    AdvertisedPrefix& next = changed.adv_prefix_list->emplace_back(AdvertisedPrefix{
        .prefix = p.prefix, .adv_valid_lifetime = p.valid_lifetime, .adv_on_link_flag = p.on_link,
        .adv_preferred_lifetime = p.preferred_lifetime, .adv_autonomous_flag = p.autonomous,
        .lifetimes_decrement = p.lifetimes_decrement});
    if (!tells_address) continue;  // RFC 6275 §7.2
    const auto own = std::ranges::find_if(wanted.addresses, [&](const Ipv6Address& a) { return p.prefix.contains(a); });
    if (own != wanted.addresses.end()) next.router_address = *own;
  }
  advertisements_.advertise(interface, changed);
}

void RouterRenumberingDaemon::on_timer() {
  std::vector<Pending> due;
  std::erase_if(pending_, [&](Pending& p) {
    if (stack_.now() < p.at) return false;
    due.push_back(std::move(p));
    return true;
  });
  for (const Pending& p : due) {
    Ip6Interface* zone = nullptr;
    for (const auto& interface : stack_.interfaces()) {
      if (interface->index() == p.interface) zone = interface.get();
    }
    if (p.to.is_link_local() && zone == nullptr) continue;  // it is gone
    socket_.send(p.result, {.destination = p.to, .interface = p.to.is_link_local() ? zone : nullptr});
  }
  arm();
}

void RouterRenumberingDaemon::arm() {
  const auto first = std::ranges::min_element(pending_, {}, &Pending::at);
  timer_.arm_at(first == pending_.end() ? std::nullopt : std::optional(first->at));
}

}  // namespace kamesim
