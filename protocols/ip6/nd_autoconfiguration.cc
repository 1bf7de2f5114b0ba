// Forming addresses of advertised prefixes, and their lifetimes (RFC 4862 §5.5).
#include <algorithm>

#include "protocols/ip6/nd_drops.h"
#include "protocols/ip6/nd_slaac.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ip6/stack.h"

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
    a->preferred_until = lifetime_end(now, option.preferred_lifetime);
    a->valid_until = renewed_valid_until(now, a->valid_until, option.valid_lifetime);
    addresses_until = std::max(addresses_until, a->valid_until);
    formed = true;
  }
  if (!formed) return form_address(in, option);
  if (PrefixEntry* entry = entry_for(in, option.prefix())) entry->addresses_until = addresses_until;
}

// §5.5.3 d.
void RouterDiscovery::form_address(const InputPacket& in, const PrefixInformation& option) {
  if (option.valid_lifetime == Duration()) return;
  const Ipv6Address address = with_interface_id(option.prefix(), InterfaceId::eui64(interface_.nic()->mac()));
  // The address may be there by other means; and while a mobile node is away, its home address is elsewhere (RFC
  // 6275 §11.5.5: no Duplicate Address Detection for it on the way back).
  for (const auto& interface : stack_.interfaces()) {
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
  nd_.delay_dad_ = in.destination.is_multicast();
  stack_.add_address(interface_, {.address = address,
                                  .prefix_length = static_cast<std::uint8_t>(option.prefix_length),
                                  .origin = AddressOrigin::Autoconfigured,
                                  .on_link_prefix = false,
                                  .preferred_until = lifetime_end(now, option.preferred_lifetime),
                                  .valid_until = valid_until});
  nd_.delay_dad_ = false;
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
bool RouterDiscovery::expire_address(Time now) {
  for (const auto& a : interface_.addresses()) {
    if (a->valid_until <= now) {
      const Ipv6Address address = a->address;
      return stack_.remove_address(interface_, address);
    }
    const bool past = a->preferred_until <= now;
    if (a->state == AddressState::Preferred && past) {
      a->state = AddressState::Deprecated;
    } else if (a->state == AddressState::Deprecated && !past) {
      a->state = AddressState::Preferred;
    } else {
      continue;
    }
    stack_.address_changed(interface_, *a);
    return true;
  }
  return false;
}

}  // namespace kamesim
