// The kernel part of IPsec: what happens to packets because of policies and associations (RFC 4301 §5). It takes no
// decision of key management: that packets want associations is the key engine's matter to tell.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "protocols/ip6/ipsec_hooks.h"
#include "protocols/ip6/stack.h"
#include "protocols/ipsec/flow_cache.h"
#include "protocols/ipsec/ipcomp.h"
#include "protocols/ipsec/key_engine.h"
#include "protocols/ipsec/packet_transform.h"
#include "sim/random.h"
#include "sim/timer.h"

namespace kamesim {
class TunnelInterface;
}

namespace kamesim::ipsec {

// Headers of IPsec that one packet may bear, tunnels inside tunnels among them.
inline constexpr unsigned kMaxDepth = 8;

// What one socket asks (KAME's IPV6_IPSEC_POLICY); Entrust asks the SPD. Selectors in it are of no account.
struct SocketPolicy final : IpsecSocketPolicy {
  SecurityPolicy in, out;
};

struct PacketPathConfig {
  // Of packets that no policy speaks of: KAME lets them pass, RFC 4301 §5.1 and §5.2 discard them.
  Action unmatched = Action::Bypass;
  // Neighbor Discovery needs no protection under policies that do not name ICMPv6, or nodes could not begin to exchange
  // keys; false: only under policies made for it (KAME).
  bool bypass_neighbor_discovery = true;
  // RFC 4301 §6.1.1: whether ICMP errors about packets that a policy protects may come unprotected.
  bool accept_unprotected_icmp_errors = true;
  // RFC 4301 §5.1.1: whether the sources of transit packets that a policy discards are told; as ICMP errors go, in
  // measure.
  bool report_discards = false;
  // RFC 6275 §5.1, KAME's mip6.use_ipsec.
  bool require_protected_home_registrations = false;
  std::uint16_t udp_encapsulation_port = kUdpEncapsulationPort;  // RFC 3948 §2.1
  // What the cryptography of a packet takes, one packet after the other, to study slow devices.
  Duration cost_per_packet{};
  Duration cost_per_kilobyte{};
};

class IpsecKernel final : public IpsecHooks, public PacketHandler {
 public:
  explicit IpsecKernel(Ip6Stack& stack);
  ~IpsecKernel();

  PacketPathConfig config;
  Ip6Stack& stack() const { return stack_; }
  KeyEngine& keys() { return keys_; }
  // After keys() was told of associations and policies: their lifetimes are watched.
  void reschedule();
  // RFC 4303 §2.6: a packet of `size` octets with nothing in it. False: the association cannot be used.
  bool send_dummy(SecurityAssociation& association, std::size_t size);

  // ---- Hooks of the stack -------------------------------------------------------------------------------------------
  Output on_output(const Outgoing& out) override;
  bool admits_transit(Ip6Interface& in, Bytes packet) override;
  Output on_forward(Ip6Interface& in, Packet& packet) override;
  bool on_header(InputPacket& in) override;
  unsigned depth() const override { return depth_; }
  std::uint32_t protection_tag(unsigned depth) const override;
  bool admits(InputPacket& in, const IpsecSocketPolicy* socket) override;
  std::uint32_t mtu_within(const Ipv6Address& source, const Ipv6Address& destination, NextHeader protocol,
                           std::uint16_t source_port, std::uint16_t destination_port, std::uint32_t mtu,
                           const IpsecSocketPolicy* socket) override;

  // ---- What ICMP errors say of ESP and AH ---------------------------------------------------------------------------
  void on_packet(InputPacket& in) override;
  Quotation verify(const Icmp6ErrorReport& report) override;

 private:
  // The associations for the requests of one policy, in their order; null where one is done without.
  struct Bundle {
    const SecurityPolicy* policy = nullptr;
    std::array<SecurityAssociation*, kMaxRequests> associations{};
    std::size_t first = 0;           // the first request that counts
    const DropInfo* missing = nullptr;
    const SecurityAssociation* outermost_tunnel = nullptr;  // whose header the packet leaves with; null: none
    std::size_t size() const { return policy->requests.size(); }
    bool empty() const;
    void take(std::size_t i, SecurityAssociation* association) {
      associations[i] = association;
      if (association != nullptr && policy->requests[i].mode == Mode::Tunnel) outermost_tunnel = association;
    }
  };
  // outbound.cc
  const SecurityPolicy* policy_for_output(const Flow& flow, const IpsecSocketPolicy* socket, KnownFlow*& known);
  Bundle bundle_for(const SecurityPolicy& policy, KnownFlow* known, const Flow& flow, Bytes packet, std::size_t first);
  std::size_t fits(const Bundle& bundle, std::size_t mtu);
  std::size_t longest_inside(const Bundle& bundle);
  std::size_t longest_inside(const Bundle& bundle, KnownFlow& known);
  const DropInfo* apply(const Bundle& bundle, Packet& packet);
  Output send_tunnelled(const Bundle& bundle, Packet packet, Ip6Interface* zone, bool dont_fragment);
  KnownFlow* way_of_error(Direction direction, Bytes packet, const Flow& flow);
  // What is known of a transit packet's flow: what admits_transit() has just found, if it looked.
  KnownFlow& transit_flow(Bytes packet);
  const DropInfo* enter_tunnel(SecurityAssociation& association, Packet& packet);
  // inbound.cc
  bool on_esp(InputPacket& in);
  bool on_ah(InputPacket& in);
  bool on_ipcomp(InputPacket& in);
  bool refuse(InputPacket& in, const DropInfo& reason);
  SecurityAssociation* association_for(InputPacket& in, Protocol protocol, Spi spi);
  bool number_is_new(InputPacket& in, SecurityAssociation& association, const ArrivedNumber& number);
  bool taken_off(InputPacket& in, SecurityAssociation& association);
  void leave_tunnel(InputPacket& in, SecurityAssociation& association);
  void leave_mobility_tunnel(TunnelInterface& tunnel, Packet packet, unsigned depth);
  void put_in(Ip6Interface& interface, Packet packet, unsigned depth);
  bool unwrap_udp(InputPacket& in);
  // policy_check.cc
  const DropInfo* judge(const SecurityPolicy& policy, unsigned depth) const;
  enum class Way : std::uint8_t { Plain, ByCareOfAddress };
  const DropInfo* judge_flow(const KnownFlow& known, unsigned depth, Way way = Way::Plain);
  bool is_asked_for(SecurityAssociation& association);
  bool has_strayed(unsigned depth);
  // What is known of the flow that answers the packet which an ICMP error is about; null: it cannot be told.
  KnownFlow* subject_of_error(Direction direction, Bytes message);
  bool error_is_as_good_as_its_subject(Direction direction, Bytes message, unsigned depth);
  const DropInfo* judge_registration(const InputPacket& in) const;
  // kernel.cc
  void expire();
  // As Sad::charge; what then ends is seen to at once.
  bool charge(SecurityAssociation& association, std::uint64_t bytes) {
    const bool admitted = sad_.charge(association, bytes, stack_.now());
    if (sad_.timetable() != timetable_seen_) [[unlikely]] reschedule();
    return admitted;
  }
  // crypto_cost.cc: packets that wait for the cryptography of a slow device.
  struct Waiting {
    Packet packet;
    Time ready;
    std::uint32_t interface_index;  // of arrival, or the zone of what goes out; 0: none
    bool arrived;
    bool flag;                      // of an arrival: link-layer multicast; else: not to be fragmented
  };
  bool costs() const { return config.cost_per_packet != Duration{} || config.cost_per_kilobyte != Duration{}; }
  void wait(Packet packet, const Ip6Interface* interface, bool arrived, bool flag);
  void work_done();

  Ip6Stack& stack_;
  TransformPool transforms_;       // outlives the associations
  KeyEngine keys_;
  Spd& spd_ = keys_.spd();
  Sad& sad_ = keys_.sad();
  FlowCache flows_;
  KnownFlow* transit_ = nullptr;   // from admits_transit() to on_forward(): of their packet
  RandomStream random_;            // IVs, and identifications of IPv4
  std::unique_ptr<Deflate> deflate_;
  Timer timer_;
  std::deque<Waiting> waiting_;
  Time busy_until_;
  Timer work_timer_;
  bool worked_on_ = false;         // what is put in has waited
  std::optional<Time> armed_;
  std::uint64_t timetable_seen_ = 0;  // of the SAD
  // What the packet that goes up came out of, outermost first; of the one put in, the first `depth_`.
  std::array<SecurityAssociation*, kMaxDepth> applied_{};
  unsigned depth_ = 0;
  bool in_udp_ = false;            // the packet put in was ESP in UDP
};

}  // namespace kamesim::ipsec
