// Forming addresses of advertised prefixes, and their lifetimes (RFC 4862 §5.5); temporary ones (RFC 8981), and stable
// ones that tell nothing of the hardware (RFC 7217).
#include <algorithm>

#include "protocols/ip6/nd_drops.h"
#include "protocols/ip6/nd_slaac.h"
#include "protocols/ip6/nd_trace.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ip6/stack.h"
#include "sim/simulation.h"

namespace kamesim {

// RFC 4862 §5.5.3.
void RouterDiscovery::on_autonomous_prefix(const InputPacket& in, const PrefixInformation& option) {
  const AutonomousVerdict verdict = check_autonomous_prefix(option);
  if (verdict.dropped != nullptr) stack_.drop(*verdict.dropped, in.packet.bytes());
  if (!verdict.usable) return;
  const Time now = stack_.now();
  bool formed = false;
  Time addresses_until;
  for (const auto& a : interface_.addresses()) {
    if (a->origin != AddressOrigin::Autoconfigured || a->prefix() != option.prefix()) continue;
    a->set_lifetimes(lifetime_end(now, option.preferred_lifetime),
                     renewed_valid_until(now, a->valid_until(), option.valid_lifetime));
    if (a->temporary) update_temporary(*a);
    addresses_until = std::max(addresses_until, a->valid_until());
    formed = formed || !a->temporary;
  }
  if (!formed) {
    form_address(in, option);
  } else if (PrefixEntry* entry = entry_for(in, option.prefix())) {
    entry->addresses_until = addresses_until;
  }
  if (stack_.config().nd.temporary_addresses) on_temporary_prefix(in, option);
}

// RFC 8981 §3.4, steps 1 and 2.
void RouterDiscovery::update_temporary(InterfaceAddress& a) {
  if (temporary_ == nullptr) return;
  const auto bounded = temporary_->bounded(a.address, temporary_timing(), {a.preferred_until(), a.valid_until()});
  a.set_lifetimes(bounded.preferred_until, bounded.valid_until);
  temporary_->set_preferred_until(a.address, a.preferred_until());
}

TemporaryAddressTiming RouterDiscovery::temporary_timing() const {
  const Ip6Config& config = stack_.config();
  return {.temp_valid_lifetime = config.nd.temp_valid_lifetime,
          .temp_preferred_lifetime = config.nd.temp_preferred_lifetime,
          .regen_advance = TemporaryAddressTiming::regen_advance_of(config.dup_addr_detect_transmits,
                                                                    nd_.retrans_timer())};
}

// RFC 8981 §3.4, step 3.
void RouterDiscovery::on_temporary_prefix(const InputPacket& in, const PrefixInformation& option) {
  if (temporary_ == nullptr) {
    temporary_ = std::make_unique<TemporaryAddresses>(stack_.node().stream("nd.temporary." + interface_.name()));
  }
  const Time now = stack_.now();
  const auto made = temporary_->on_prefix(
      now, temporary_timing(), option.prefix(),
      {lifetime_end(now, option.preferred_lifetime), lifetime_end(now, option.valid_lifetime)});
  if (!made) return;
  nd_.delay_dad(in.destination.is_multicast());
  const bool added = add_temporary(*made, option.prefix());
  nd_.delay_dad(false);
  if (!added) stack_.drop(kNdTooManyAddresses, in.packet.bytes());
}

bool RouterDiscovery::add_temporary(const TemporaryAddresses::New& made, const Ipv6Prefix& prefix) {
  if (!make_room_for_address()) {
    temporary_->on_removed(made.address);
    return false;
  }
  if (PrefixEntry* entry = prefixes_.find(prefix)) {
    entry->addresses_until = std::max(entry->addresses_until.value_or(Time()), made.lifetimes.valid_until);
  }
  stack_.add_address(interface_, {.address = made.address,
                                  .prefix_length = static_cast<std::uint8_t>(prefix.length()),
                                  .origin = AddressOrigin::Autoconfigured,
                                  .temporary = true,
                                  .on_link_prefix = false,
                                  .preferred_until = made.lifetimes.preferred_until,
                                  .valid_until = made.lifetimes.valid_until});
  return true;
}

void RouterDiscovery::remove_temporary(const Ipv6Prefix& prefix) {
  if (temporary_ == nullptr) return;
  std::vector<Ipv6Address> gone;
  for (const auto& a : interface_.addresses()) {
    if (a->temporary && a->prefix() == prefix) gone.push_back(a->address);
  }
  for (const Ipv6Address& address : gone) stack_.remove_address(interface_, address);
  temporary_->forget(prefix);
}

InterfaceId NeighborDiscovery::stable_identifier(const Ipv6Prefix& prefix) {
  if (!stack().config().nd.stable_privacy) return InterfaceId::eui64(interface().nic()->mac());
  return routers().opaque_identifier(prefix);
}

InterfaceId RouterDiscovery::opaque_identifier(const Ipv6Prefix& prefix) {
  if (stable_privacy_ == nullptr) {
    SecretKey key;
    // §5: one for the node, whatever its interfaces; and kept over a reboot, which renews the node's streams.
    const Node& node = stack_.node();
    RandomStream(node.simulation().seed(), stable_hash(node.name()), "nd.secret_key").fill(key);
    stable_privacy_ = std::make_unique<StablePrivacy>(key, interface_.name(),
                                                      stack_.node().stream("nd.stable_privacy." + interface_.name()));
  }
  return stable_privacy_->identifier(prefix);
}

void RouterDiscovery::on_dad_done(const InterfaceAddress& a, bool unique) {
  const Ipv6Address address = a.address;
  const Ipv6Prefix prefix = a.prefix();
  if (a.temporary) {
    if (temporary_ == nullptr) return;
    if (unique) return temporary_->on_unique(address);
    const auto retry = temporary_->on_duplicate(stack_.now(), temporary_timing(), address);
    stack_.remove_address(interface_, address);
    if (retry.next) add_temporary(*retry.next, prefix);
    if (retry.gave_up) {  // "the host MUST log a system error"
      stack_.node().trace(kTraceTemporaryGivenUp, {{"interface", interface_.name()}, {"prefix", prefix.to_string()}});
    }
    return;
  }
  // RFC 7217 §6.
  const bool opaque = stable_privacy_ != nullptr && !a.anycast &&
                      (a.origin == AddressOrigin::Autoconfigured || a.origin == AddressOrigin::LinkLocal) &&
                      address == with_interface_id(prefix, stable_privacy_->identifier(prefix));
  if (unique || !opaque) return;
  const bool again = stable_privacy_->on_duplicate(
      stack_.now(),
      {.prefix = prefix, .preferred_until = a.preferred_until(), .valid_until = a.valid_until(), .at = {}});
  if (again) stack_.remove_address(interface_, address);
}

void RouterDiscovery::retry_stable(const StablePrivacy::Retry& retry) {
  if (retry.prefix == kLinkLocalPrefix) return nd_.add_link_local();
  if (retry.valid_until <= stack_.now() || !make_room_for_address()) return;
  stack_.add_address(interface_, {.address = with_interface_id(retry.prefix, nd_.stable_identifier(retry.prefix)),
                                  .prefix_length = static_cast<std::uint8_t>(retry.prefix.length()),
                                  .origin = AddressOrigin::Autoconfigured,
                                  .on_link_prefix = false,
                                  .preferred_until = retry.preferred_until,
                                  .valid_until = retry.valid_until});
}

void RouterDiscovery::on_address_removed(const Ipv6Address& address) {
  if (temporary_ != nullptr) temporary_->on_removed(address);
}

// §5.5.3 d.
void RouterDiscovery::form_address(const InputPacket& in, const PrefixInformation& option) {
  if (option.valid_lifetime == Duration()) return;
  const Ipv6Address address = with_interface_id(option.prefix(), nd_.stable_identifier(option.prefix()));
  // The address may be there by other means; and while a mobile node is away, its home address is elsewhere (RFC
  // 6275 §11.5.5: no Duplicate Address Detection for it on the way back).
  for (const auto& interface : stack_.links()) {
    const InterfaceAddress* known = interface->find_address(address);
    if (known != nullptr && (known->home_address || interface.get() == &interface_)) return;
  }
  if (!make_room_for_address()) return stack_.drop(kNdTooManyAddresses, in.packet.bytes());
  PrefixEntry* entry = entry_for(in, option.prefix());
  if (entry == nullptr) return;
  const Time now = stack_.now();
  const Time valid_until = lifetime_end(now, option.valid_lifetime);
  entry->addresses_until = valid_until;
  // RFC 4429 §3.3 asks for the router's link-layer address, and for a default router: the choice is due before.
  select_router();
  nd_.delay_dad(in.destination.is_multicast());
  stack_.add_address(interface_, {.address = address,
                                  .prefix_length = static_cast<std::uint8_t>(option.prefix_length),
                                  .origin = AddressOrigin::Autoconfigured,
                                  .on_link_prefix = false,
                                  .preferred_until = lifetime_end(now, option.preferred_lifetime),
                                  .valid_until = valid_until});
  nd_.delay_dad(false);
}

// A detached address, the oldest, makes room for one of the present link.
bool RouterDiscovery::make_room_for_address() {
  auto autoconfigured = [](const auto& a) { return a->origin == AddressOrigin::Autoconfigured; };
  const auto& addresses = interface_.addresses();
  const auto count = static_cast<std::size_t>(std::ranges::count_if(addresses, autoconfigured));
  if (count < stack_.config().max_autoconfigured_addresses) return true;
  const auto oldest = std::ranges::find_if(addresses, [&](const auto& a) { return autoconfigured(a) && a->detached; });
  if (oldest == addresses.end()) return false;
  const Ipv6Address address = (*oldest)->address;
  return stack_.remove_address(interface_, address);
}

// RFC 4862 §5.5.4: deprecates or removes one address whose time has come.
bool NeighborDiscovery::expire_address(Time now) {
  for (const auto& a : interface().addresses()) {
    if (a->valid_until() <= now) {
      const Ipv6Address address = a->address;
      return stack().remove_address(interface(), address);
    }
    const bool past = a->preferred_until() <= now;
    if (a->state == AddressState::Preferred && past) {
      a->state = AddressState::Deprecated;
    } else if (a->state == AddressState::Deprecated && !past) {
      a->state = AddressState::Preferred;
    } else {
      continue;
    }
    stack().address_changed(interface(), *a);
    return true;
  }
  return false;
}

std::optional<Time> NeighborDiscovery::next_address_timeout() const {
  Time first = Time::max();
  for (const auto& a : interface().addresses()) {
    first = std::min(first, a->valid_until());
    if (a->state == AddressState::Preferred) first = std::min(first, a->preferred_until());
    // Its preferred lifetime was renewed.
    if (a->state == AddressState::Deprecated && now() < a->preferred_until()) first = now();
  }
  if (first == Time::max()) return std::nullopt;
  return first;
}

}  // namespace kamesim
