// Duplicate Address Detection at work, and what else happens when the link comes and goes (RFC 4862 §5.3, §5.4;
// RFC 4429; RFC 6275 §10.3.1).
#include <algorithm>

#include "protocols/ip6/mobile_router_hooks.h"
#include "protocols/ip6/nd_drops.h"
#include "protocols/ip6/nd_packet.h"
#include "protocols/ip6/nd_trace.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ip6/stack.h"

namespace kamesim {

namespace {

bool is_eui64_link_local(const Ipv6Address& address, const Nic& nic) {
  return address == with_interface_id(kLinkLocalPrefix, InterfaceId::eui64(nic.mac()));
}

}  // namespace

bool NeighborDiscovery::allows_optimistic_address() const {
  const auto router = selected_router();
  return !acts_as_router(interface()) && router && link_layer_address_known(*router);
}

Time NeighborDiscovery::first_solicitation(const InterfaceAddress& address) {
  if (address.state == AddressState::Optimistic) return now();  // RFC 4429 §3.3
  // RFC 4862 §5.4.2: a delay for addresses that a multicast advertisement made many nodes form at once ...
  if (delays_dad()) return now() + random_delay(kMaxRtrSolicitationDelay);
  // ... and for the first message after the link came up.
  const auto frames = static_cast<std::uint32_t>(interface().nic()->counters().sent_frames);
  const bool nothing_sent = frames == interface().frames_at_link_up_;
  return nothing_sent ? std::max(now(), first_message_at_) : now();
}

void NeighborDiscovery::start_dad(InterfaceAddress& address) {
  if (stack().node().trace_enabled()) {
    stack().node().trace(kTraceDadStarted,
                         {{"interface", interface().name()}, {"address", address.address.to_string()}});
  }
  dad_.start(address.address, first_solicitation(address), stack().config().dup_addr_detect_transmits);
  // RFC 9131 §6.1.2: "a new Optimistic Address is assigned"
  if (address.state == AddressState::Optimistic) announce_new_address(address);
  arm();
}

void NeighborDiscovery::cancel_dad(const InterfaceAddress& address) {
  dad_.stop(address.address);
  if (known_routers() != nullptr) known_routers()->on_address_removed(address.address);
  arm();
}

void NeighborDiscovery::start_proxy_dad(const Ipv6Address& address, DuplicateAddressDetection::Done done) {
  cancel_proxy_dad(address);
  interface().join_group(solicited_node(address));
  dad_.start(address, now(), stack().config().dup_addr_detect_transmits, std::move(done));
  arm();
}

void NeighborDiscovery::cancel_proxy_dad(const Ipv6Address& address) {
  const auto test = dad_.stop(address);
  if (test && test->done) interface().leave_group(solicited_node(address));
  arm();
}

void NeighborDiscovery::on_dad_timeout() {
  while (const auto step = dad_.on_timeout(now(), retrans_timer())) {
    if (step->unique) {
      finish_dad(*step->unique, true);
    } else {
      solicit_for_dad(step->target);
    }
  }
}

void NeighborDiscovery::solicit_for_dad(const Ipv6Address& target) {
  const NdEndPoints between{kUnspecified, solicited_node(target)};
  PacketPool& packets = stack().node().packets();
  if (!stack().config().nd.enhanced_dad) {
    return transmit(nd_packet(packets, between, NeighborSolicitation{target}), between.destination);
  }
  // Random numbers are keyed by what they are for, so that a nonce draws none from the interface's other delays.
  DuplicateAddressDetection::Nonce nonce;
  stack().node()
      .stream("nd.nonce." + interface().name() + "." + target.to_string() + "." + std::to_string(now().ns()))
      .fill(nonce);
  dad_.use_nonce(target, nonce);
  transmit(nd_packet(packets, between, NeighborSolicitation{target}, NdNonce{nonce}), between.destination);
}

void NeighborDiscovery::finish_dad(const DuplicateAddressDetection::Test& test, bool unique) {
  arm();
  if (test.done) {
    interface().leave_group(solicited_node(test.target));
    (*test.done)(unique);
    return;
  }
  InterfaceAddress* address = interface().find_address(test.target);
  if (address == nullptr) return;
  if (stack().node().trace_enabled()) {
    stack().node().trace(kTraceDadDone, {{"interface", interface().name()},
                                        {"address", test.target.to_string()},
                                        {"unique", std::int64_t{unique}}});
  }
  const bool was_optimistic = address->state == AddressState::Optimistic;
  stack().finish_dad(interface(), *address, unique);
  if (known_routers() != nullptr) known_routers()->on_dad_done(*address, unique);
  if (unique) {
    if (!was_optimistic) announce_new_address(*address);
    resolve_for_former_optimistic();
    return arm();
  }
  // RFC 4862 §5.4.5: the hardware address is in use twice.
  if (is_eui64_link_local(test.target, *interface().nic())) {
    stack().node().trace(kTraceInterfaceDisabled, {{"interface", interface().name()}});
    interface().set_disabled(true);
    stack().invalidate_destinations();
    on_link_down();
    stack().notify({RoutingMessage::Kind::LinkDown, &interface(), {}});
  }
}

// RFC 4429 §3.2: packets that could not be sent while their source was optimistic.
void NeighborDiscovery::resolve_for_former_optimistic() {
  std::vector<Ipv6Address> waiting;
  cache_.for_each([&](const Neighbor& n) {
    if (n.state == Neighbor::State::None && !n.queue.empty()) waiting.push_back(n.address);
  });
  for (const Ipv6Address& address : waiting) {
    if (Neighbor* n = cache_.find(address)) apply(*n, nud_on_packet_queued(*n, now(), timing()));
  }
}

// RFC 4862 §5.3. The uniqueness of what was assigned or tested on another link means nothing on this one.
void NeighborDiscovery::configure_link_local() {
  std::vector<Ipv6Address> again;
  bool has_link_local = false;
  for (const auto& a : interface().addresses()) {
    has_link_local = has_link_local || a->address.is_link_local();
    const bool untested = !a->assigned() || a->state == AddressState::Optimistic;
    if (!a->anycast && (a->address.is_link_local() || untested)) again.push_back(a->address);
  }
  for (const Ipv6Address& address : again) {
    if (InterfaceAddress* a = interface().find_address(address)) stack().repeat_dad(interface(), *a);
  }
  if (!has_link_local) add_link_local();
}

void NeighborDiscovery::add_link_local() {
  stack().add_address(interface(), {.address = with_interface_id(kLinkLocalPrefix,
                                                               stable_identifier(kLinkLocalPrefix)),
                                  .origin = AddressOrigin::LinkLocal,
                                  .on_link_prefix = false});
}

void NeighborDiscovery::on_link_up() {
  if (has_rare()) parts_->rare->heard_routers.clear();
  interface().set_disabled(false);
  stack().invalidate_destinations();
  interface().frames_at_link_up_ = static_cast<std::uint32_t>(interface().nic()->counters().sent_frames);
  first_message_at_ = now() + random_delay(kMaxRtrSolicitationDelay);
  if (known_routers() != nullptr) known_routers()->on_link_up();
  if (heeds_router_advertisements(interface())) {  // RFC 4861 §6.3.2: what a router told was about that link
    interface().cur_hop_limit = stack().config().hop_limit;
    interface().set_link_mtu(0);
    set_base_reachable_time(kReachableTime);
    set_retrans_timer(kRetransTimer);
  }
  configure_link_local();
}

void NeighborDiscovery::on_link_down() {
  dad_.stop_own();
  if (has_rare()) parts_->rare->delayed.clear();
  clear_neighbors(kNdLinkDown);
  forget_redirects();
  if (known_routers() != nullptr) known_routers()->on_link_down();
  arm();
}

}  // namespace kamesim
