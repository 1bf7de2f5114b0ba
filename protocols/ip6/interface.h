// An interface of an IPv6 node: its addresses, multicast groups and link parameters.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "protocols/ip6/group_list.h"
#include "protocols/ip6/interface_address.h"
#include "protocols/wire/ethernet.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/medium.h"
#include "sim/nic.h"
#include "sim/packet.h"
#include "sim/pool.h"
#include "sim/small_vector.h"

namespace kamesim {

class Ip6Stack;
class NeighborDiscovery;

class Ip6Interface : public Pooled {
 public:
  Ip6Interface(Ip6Stack& stack, std::uint32_t index);
  virtual ~Ip6Interface();
  Ip6Interface(const Ip6Interface&) = delete;
  Ip6Interface& operator=(const Ip6Interface&) = delete;

  Ip6Stack& stack() const { return stack_; }
  std::uint32_t index() const { return index_; }  // RFC 3493 §4: from 1
  virtual std::string name() const = 0;

  virtual Nic* nic() const { return nullptr; }
  virtual NeighborDiscovery* nd() const { return nullptr; }  // null where the link has no neighbours to resolve
  virtual bool up() const = 0;
  virtual bool is_loopback() const { return false; }
  virtual bool has_link_layer_addresses() const { return false; }
  virtual bool is_tunnel() const { return false; }
  // A link of two ends: what arrives by it is not sent back to look for a neighbour there (RFC 4443 §3.1).
  virtual bool point_to_point() const { return is_tunnel(); }
  // The MTU for IPv6 packets: the link's, lowered by a Router Advertisement's MTU option (RFC 4861 §6.3.4).
  virtual std::uint32_t mtu() const = 0;
  // Sends a whole packet to a neighbour on this link (the final destination when it is on-link).
  virtual void send(Packet packet, const Ipv6Address& next_hop) = 0;

  // Addresses. Pointers stay valid until the address is removed. Managed through Ip6Stack.
  const InterfaceAddresses& addresses() const { return addresses_; }
  InterfaceAddress* find_address(const Ipv6Address& address) const;
  // The first usable link-local address, or null (RFC 4861 §6.1.2 wants it as the source of RAs).
  InterfaceAddress* link_local() const;

  // Multicast reception (counted).
  virtual void join_group(const Ipv6Address& group);
  virtual void leave_group(const Ipv6Address& group);
  bool in_group(const Ipv6Address& group) const { return groups_.contains(group); }
  const GroupList& groups() const { return groups_; }
  virtual std::size_t heap_bytes() const;  // beyond the object itself

 private:
  friend class Ip6Stack;
  Ip6Stack& stack_;
  InterfaceAddresses addresses_;
  [[no_unique_address]] GroupList groups_;
  std::uint32_t index_;

  // Last, beside each other, so that derived classes' small fields follow without a gap.
 public:
  std::uint8_t cur_hop_limit;  // RFC 4861 §6.3.2
  // Of packets that are forwarded for groups: those of this scope and less do not cross the interface (RFC 4007 §5), and
  // those with no more hops left than that do not leave by it.
  Scope multicast_scope_boundary = Scope::LinkLocal;
  std::uint8_t multicast_hop_threshold = 0;
  bool send_destination_unreachable : 1 = true;  // RFC 4443 §3.1: about packets that arrived here
  bool prefer_source : 1 = false;  // KAME: its addresses are better sources than those of other interfaces
  // Routers are solicited here by another than the router solicitation daemon: by a mobile node's.
  bool routers_solicited_elsewhere : 1 = false;

 protected:
  bool disabled_ : 1 = false;  // of Ethernet, as is the next
  bool link_layer_addresses_ : 1 = true;
};

// Where an interface stands that a list owns.
class OwnedInterface {
 public:
  OwnedInterface() = default;
  explicit OwnedInterface(Ip6Interface* interface) : interface_(interface) {}
  Ip6Interface* get() const { return interface_; }
  Ip6Interface& operator*() const { return *interface_; }
  Ip6Interface* operator->() const { return interface_; }
  friend bool operator==(const OwnedInterface& owned, std::nullptr_t) { return owned.interface_ == nullptr; }

 private:
  Ip6Interface* interface_ = nullptr;
};

// The interfaces of a node: the loopback interface and one more, on most.
class OwnedInterfaces : public SmallVector<OwnedInterface, 2> {
 public:
  ~OwnedInterfaces() { clear(); }
  void clear() {
    for (const OwnedInterface& interface : *this) delete interface.get();
    SmallVector::clear();
  }
};

// RFC 4291 §2.8: the groups that each node is in, on each of its interfaces, and those of routers besides.
void be_in_groups_of_nodes(Ip6Interface& interface);
void be_in_groups_of_routers(Ip6Interface& interface, bool in);

// IPv6 over Ethernet (RFC 2464), point-to-point links included.
class EthernetInterface final : public Ip6Interface {
 public:
  EthernetInterface(Ip6Stack& stack, std::uint32_t index, Nic& nic);
  ~EthernetInterface() override;

  std::string name() const override { return nic_.name(); }
  Nic* nic() const override { return &nic_; }
  NeighborDiscovery* nd() const override {
    return std::launder(reinterpret_cast<NeighborDiscovery*>(const_cast<std::byte*>(nd_.data())));
  }
  // Whose Neighbor Discovery that is.
  static EthernetInterface& of(const NeighborDiscovery& nd);
  bool up() const override { return nic_.up() && !disabled_; }
  bool point_to_point() const override { return nic_.medium() != nullptr && nic_.medium()->point_to_point(); }
  std::uint32_t mtu() const override;
  void send(Packet packet, const Ipv6Address& next_hop) override;
  void join_group(const Ipv6Address& group) override;
  void leave_group(const Ipv6Address& group) override;
  std::size_t heap_bytes() const override;

  // A Router Advertisement's MTU option; the caller has checked 1280 <= mtu <= largest_mtu(). 0: none.
  void set_link_mtu(std::uint32_t mtu);
  // LinkMTU as an administrator sets it (RFC 4861 §6.3.2), 1280 or more; 0: the link's own.
  void set_configured_mtu(std::uint32_t mtu);
  std::uint32_t configured_mtu() const;
  // What a router may advertise: the link's MTU, or less if an administrator says so.
  std::uint32_t largest_mtu() const;
  // RFC 4862 §5.4.5: IPv6 neither sends nor receives here, as the hardware address seems to be in use twice.
  void set_disabled(bool disabled);
  bool disabled() const { return disabled_; }
  // Of a point-to-point link: whether its ends have link-layer addresses, as those of Ethernet do. Without them, as over
  // PPP (RFC 5072), there is nothing to resolve or tell, and the interface identifiers that it is given are unique.
  void set_link_layer_addresses(bool on);
  bool has_link_layer_addresses() const override { return link_layer_addresses_; }
  // Another link-layer address, as of a card that was exchanged; addresses stay, neighbours are told.
  void set_mac(MacAddress mac);
  // Puts the Ethernet header before the packet and sends it.
  void transmit(Packet&& packet, MacAddress destination, EtherType type = EtherType::Ipv6) {
    if (disabled_ && type == EtherType::Ipv6) [[unlikely]] return refuse_to_send(std::move(packet));
    EthernetHeader{destination, nic_.mac(), type}.write(packet.prepend(kEthernetHeaderSize));
    nic_.send(std::move(packet));
  }

 private:
  void refuse_to_send(Packet packet);

  friend class NeighborDiscovery;
  static constexpr std::size_t kBytesOfNd = 72;  // of NeighborDiscovery, which is not known here

  std::uint32_t frames_at_link_up_ = 0;  // for Neighbor Discovery: the low bits of their number
  Nic& nic_;
  // Neighbor Discovery, in the interface and at its end, so that neither needs a pointer to the other.
  alignas(std::uint64_t) std::array<std::byte, kBytesOfNd> nd_;
};

inline EthernetInterface& EthernetInterface::of(const NeighborDiscovery& nd) {
  const auto* const end = reinterpret_cast<const std::byte*>(&nd) + kBytesOfNd;
  return *const_cast<EthernetInterface*>(reinterpret_cast<const EthernetInterface*>(end) - 1);
}

}  // namespace kamesim
