#include "protocols/ip6/interface.h"

#include <algorithm>

#include "protocols/ip6/ip4_part.h"
#include "protocols/ip6/ip6_drops.h"
#include "protocols/ip6/nd_drops.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ip6/stack.h"
#include "protocols/wire/ethernet.h"

namespace kamesim {

void InterfaceAddress::set_lifetimes(Time preferred_until, Time valid_until) {
  const std::uintptr_t kept = behind();
  Lifetimes* known = lifetimes();
  if (preferred_until == Time::max() && valid_until == Time::max()) {
    delete known;
    link_ = kept;
    return;
  }
  if (known == nullptr) {
    known = new Lifetimes;
    link_ = reinterpret_cast<std::uintptr_t>(known) | kHasLifetimes;
  }
  known->preferred_until = preferred_until;
  known->valid_until = valid_until;
  known->next = kept;
}

void InterfaceAddress::set_behind(std::uintptr_t behind) {
  if (Lifetimes* const known = lifetimes()) {
    known->next = behind;
  } else {
    link_ = behind;
  }
}

Ip6Interface& InterfaceAddress::interface() const {
  const InterfaceAddress* last = this;
  while (last->next() != nullptr) last = last->next();
  return *reinterpret_cast<Ip6Interface*>(last->behind() - kIsLast);
}

InterfaceAddresses::~InterfaceAddresses() {
  while (first_ != nullptr) delete std::exchange(first_, first_->next());
}

InterfaceAddress* InterfaceAddresses::back() const {
  InterfaceAddress* last = first_;
  while (last->next() != nullptr) last = last->next();
  return last;
}

InterfaceAddress& InterfaceAddresses::add(std::unique_ptr<InterfaceAddress> address, const Ip6Interface& interface) {
  InterfaceAddress& added = *address.release();
  added.set_behind(reinterpret_cast<std::uintptr_t>(&interface) | InterfaceAddress::kIsLast);
  if (first_ == nullptr) {
    first_ = &added;
  } else {
    back()->set_behind(reinterpret_cast<std::uintptr_t>(&added));
  }
  return added;
}

void InterfaceAddresses::remove(InterfaceAddress& address) {
  if (first_ == &address) {
    first_ = address.next();
  } else {
    InterfaceAddress* before = first_;
    while (before->next() != &address) before = before->next();
    before->set_behind(address.behind());
  }
  delete &address;
}

Ip6Interface::Ip6Interface(Ip6Stack& stack, std::uint32_t index)
    : stack_(stack), index_(index), cur_hop_limit(stack.config().hop_limit) {}

Ip6Interface::~Ip6Interface() = default;

InterfaceAddress* Ip6Interface::find_address(const Ipv6Address& address) const {
  for (InterfaceAddress* a : addresses_) {
    if (a->address == address) return a;
  }
  return nullptr;
}

InterfaceAddress* Ip6Interface::link_local() const {
  for (InterfaceAddress* a : addresses_) {
    if (a->address.is_link_local() && a->usable_as_source()) return a;
  }
  return nullptr;
}

void Ip6Interface::join_group(const Ipv6Address& group) { groups_.join(group); }

void Ip6Interface::leave_group(const Ipv6Address& group) { groups_.leave(group); }

std::size_t Ip6Interface::heap_bytes() const {
  std::size_t bytes = groups_.heap_bytes();
  for (const InterfaceAddress* a : addresses_) bytes += a->bytes();
  return bytes;
}

std::size_t EthernetInterface::heap_bytes() const {
  return Ip6Interface::heap_bytes() + nd()->heap_bytes();
}

EthernetInterface::EthernetInterface(Ip6Stack& stack, std::uint32_t index, Nic& nic)
    : Ip6Interface(stack, index), nic_(nic) {
  static_assert(sizeof(NeighborDiscovery) == kBytesOfNd && alignof(NeighborDiscovery) <= alignof(std::uint64_t));
  new (nd_.data()) NeighborDiscovery;
}

EthernetInterface::~EthernetInterface() { std::destroy_at(nd()); }

std::uint32_t EthernetInterface::configured_mtu() const {
  return nd()->parts_ != nullptr ? nd()->parts_->configured_mtu : 0;
}

std::uint32_t EthernetInterface::largest_mtu() const {
  const std::uint32_t link = nic_.mtu(), configured = configured_mtu();
  return configured == 0 ? link : std::min(link, configured);
}

std::uint32_t EthernetInterface::mtu() const {
  const std::uint32_t largest = largest_mtu();
  const std::uint32_t advertised = nd()->parts_ != nullptr ? nd()->parts_->advertised_mtu : 0;
  return advertised == 0 ? largest : std::min(largest, advertised);
}

void EthernetInterface::set_configured_mtu(std::uint32_t mtu) {
  if (mtu != configured_mtu()) nd()->parts().configured_mtu = mtu;
  stack().invalidate_destinations();
}

void EthernetInterface::set_link_mtu(std::uint32_t mtu) {
  if (mtu == (nd()->parts_ != nullptr ? nd()->parts_->advertised_mtu : 0)) return;
  nd()->parts().advertised_mtu = mtu;
  stack().invalidate_destinations();
}

void EthernetInterface::send(Packet packet, const Ipv6Address& next_hop) {
  if (next_hop.is_multicast()) {
    transmit(std::move(packet), multicast_mac(next_hop));
  } else if (next_hop.is_v4_mapped()) {
    stack().ip4()->send(*this, std::move(packet), next_hop);
  } else {
    nd()->send(std::move(packet), next_hop);
  }
}

void EthernetInterface::set_disabled(bool disabled) {
  if (disabled == disabled_) return;
  disabled_ = disabled;
  stack().on_interface_disabled();
}

void EthernetInterface::refuse_to_send(Packet packet) { stack().drop(kIp6Disabled, packet.bytes()); }

void EthernetInterface::set_link_layer_addresses(bool on) {
  if (on == link_layer_addresses_) return;
  link_layer_addresses_ = on;
  nd()->clear_neighbors(kNdRemoved);
}

void EthernetInterface::set_mac(MacAddress mac) {
  if (mac == nic_.mac()) return;
  nic_.set_mac(mac);
  nd()->on_link_layer_address_changed();
}

void EthernetInterface::join_group(const Ipv6Address& group) {
  Ip6Interface::join_group(group);
  nic_.on_heard_groups_changed();
}

void EthernetInterface::leave_group(const Ipv6Address& group) {
  Ip6Interface::leave_group(group);
  nic_.on_heard_groups_changed();
}

}  // namespace kamesim
