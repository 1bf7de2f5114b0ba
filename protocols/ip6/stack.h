// The kernel part of an IPv6 node: input, forwarding, output, and the tables they use. Mechanism only: policy
// and signalling live in daemons, which use sockets (socket.h) and the control functions here.
//
// The paths are written out in input.cc, forward.cc and output.cc, in the order in which KAME's run.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "protocols/ip6/config.h"
#include "protocols/ip6/destination_cache.h"
#include "protocols/ip6/icmp6_rate_limit.h"
#include "protocols/ip6/interface.h"
#include "protocols/ip6/ipsec_hooks.h"
#include "protocols/ip6/mobility_hooks.h"
#include "protocols/ip6/packet_filter.h"
#include "protocols/ip6/path_mtu.h"
#include "protocols/ip6/reassembly.h"
#include "protocols/ip6/route_table.h"
#include "protocols/ip6/routing_message.h"
#include "protocols/wire/icmp6.h"
#include "protocols/wire/next_header.h"
#include "sim/node.h"
#include "sim/pool.h"
#include "sim/small_vector.h"
#include "sim/timer.h"

namespace kamesim {

class Icmp6Input;
class MulticastForwarding;
class Ip4Part;
struct ExtensionHeadersToSend;
class RoutingHeaderView;
struct Tlv;
class NeighborDiscovery;
class TunnelInterface;

// A packet on its way up. `packet` begins at the IPv6 header; the addresses are the logical ones (home addresses
// once Home Address option and type 2 routing header have been processed), the wire's are in the packet.
struct InputPacket {
  Packet packet;
  Ip6Interface* interface = nullptr;
  Ipv6Address source;
  Ipv6Address destination;
  std::optional<Ipv6Address> home_address_care_of;  // the care-of address that a Home Address option came from
  bool link_layer_multicast = false;  // the frame was not addressed to us alone (RFC 4443 §2.4 e.4)
  bool type2_routed = false;      // came by way of a type 2 routing header
  bool routing_header = false;    // had a routing header of any type
  bool jumbogram = false;         // RFC 2675
  std::optional<std::uint16_t> router_alert;  // RFC 2711
  bool fragmented = false;        // had a Fragment header (RFC 6980)
  std::uint8_t ipsec_depth = 0;   // headers of IPsec that it came out of on this node
  std::uint8_t hop_limit = 0;
  std::uint8_t traffic_class = 0;
  NextHeader next_header = NextHeader::NoNextHeader;  // of the header at `offset`
  std::uint32_t next_header_field = 0;  // where that value stands, for Parameter Problem pointers
  std::uint32_t offset = 0;           // of the header being processed, from the IPv6 header

  Bytes upper() const { return packet.bytes().subspan(offset); }
};

// Which of a node's addresses an application would rather send from (RFC 5014 §5). A node has no CGA addresses (RFC
// 3972) to tell from others.
struct SourcePreferences {
  bool care_of = false;            // RFC 6724 §5, rule 4 reversed
  std::optional<bool> temporary;   // rule 7; left out: as the node is configured
  friend bool operator==(const SourcePreferences&, const SourcePreferences&) = default;
};

// How to send; what is left out is chosen by the RFCs' rules.
struct OutputRequest {
  Ipv6Address destination;
  Ipv6Address source;                  // unspecified: chosen by RFC 6724 §5
  bool unspecified_source = false;     // really send from :: (DAD)
  NextHeader next_header = NextHeader::NoNextHeader;
  int checksum_offset = -1;            // in the payload: where the upper-layer checksum is to be filled in; -1: none
  Ip6Interface* interface = nullptr;   // the zone of a link-local or multicast destination, or a forced exit
  std::optional<std::uint8_t> hop_limit;
  std::uint8_t traffic_class = 0;
  std::optional<std::uint32_t> flow_label;  // left out: the flow's own (RFC 6437 §3), if the node labels flows
  bool dont_fragment = false;
  bool no_mobility = false;            // do not consult the mobility hooks (signalling that says it all itself)
  SourcePreferences prefer;
  // Mobile IPv6 signalling (RFC 6275 §6.1.7, §6.1.8): explicit Home Address option / type 2 routing header.
  std::optional<Ipv6Address> home_address_option;  // the home address; `source` is then the care-of address
  std::optional<Ipv6Address> type2_route;          // the care-of address; `destination` is the home address
  // What an application says of one packet or of all of its socket (RFC 3542).
  const ExtensionHeadersToSend* extension_headers = nullptr;
  Ipv6Address next_hop;                // IPV6_NEXTHOP, a neighbour; unspecified: by the routing table
  bool minimum_mtu = false;            // IPV6_USE_MIN_MTU: fragments of 1280 octets, whatever the path would take
  const IpsecSocketPolicy* ipsec = nullptr;  // of the socket; lives as long as the call
  std::optional<bool> multicast_loop;  // whether a member on this node hears it; left out: but for ICMPv6
};

enum class SendError : std::uint8_t { None, NoRoute, NoSourceAddress, MessageTooLong, Unreachable };

// Whether a packet that an ICMPv6 error quotes is one that this node sent (RFC 8201 §4, RFC 4443 §5.2).
enum class Quotation : std::uint8_t {
  Verified,    // of a live connection, or of a socket connected to that peer
  Unverified,  // may be: of a socket that talks to anybody
  Forged,      // it is not: there is no such socket or connection, or its sequence numbers are far off
};

// An error about a packet of this node, as the upper layer of that packet sees it.
struct Icmp6ErrorReport {
  Icmp6Error error;
  // The logical end points: home addresses, and the end of a source route (RFC 8201 §5.2).
  Ipv6Address source, destination;
  Ip6Interface* interface;     // by which the error arrived: the zone of link-local addresses
  Ipv6Address from;            // who sent the error
  NextHeader protocol;
  std::size_t offset;          // of the upper-layer header in error.invoking_packet; may be its size
  Bytes upper() const { return error.invoking_packet.subspan(offset); }
};

class PacketHandler {  // takes packets of one protocol number
 public:
  virtual void on_packet(InputPacket& packet) = 0;
  // Asked before a Packet Too Big is believed.
  virtual Quotation verify(const Icmp6ErrorReport& report) { return (void)report, Quotation::Unverified; }
  // An ICMPv6 error about a packet of this protocol that the node sent (RFC 4443 §2.4 d). `offset` is that of the
  // upper-layer header in the invoking packet.
  virtual void on_icmp6_error(const Icmp6Error& error, std::size_t offset) { (void)error, (void)offset; }
  // The same with the end points of the packet it is about.
  virtual void on_icmp6_error_report(const Icmp6ErrorReport& report) { on_icmp6_error(report.error, report.offset); }
  // What the socket that a packet is for asks of IPsec, if one alone is to have it. Asked only where there is IPsec.
  virtual const IpsecSocketPolicy* ipsec_policy(const InputPacket& packet) const { return (void)packet, nullptr; }

 protected:
  ~PacketHandler() = default;
};

class RouterAlertListener {
 public:
  // A packet that would be forwarded bears a Router Alert option (RFC 2711) of that value; `packet` stands at its
  // upper layer, whose checksum is not checked. True takes the packet: it is not forwarded.
  virtual bool on_router_alert(InputPacket& packet, std::uint16_t value) = 0;

 protected:
  ~RouterAlertListener() = default;
};

class Ip6Stack : public FrameReceiver, private RouteObserver {
 public:
  explicit Ip6Stack(Node& node, Ip6Config config = {});
  ~Ip6Stack();
  Ip6Stack(const Ip6Stack&) = delete;
  Ip6Stack& operator=(const Ip6Stack&) = delete;

  Node& node() const { return node_; }
  const Ip6Config& config() const { return *config_; }
  // For changes, and for who keeps a reference to a part of it: a copy of the node's own from then on.
  Ip6Config& mutable_config();
  bool forwarding() const { return config_->forwarding; }
  Time now() const { return node_.now(); }

  // ---- Interfaces -------------------------------------------------------------------------------------------
  // Runs IPv6 on the NIC: joins the all-nodes (router: all-routers) groups and, when the link is up, configures
  // the link-local address (RFC 4862 §5.3).
  EthernetInterface& add_interface(Nic& nic);
  // A tunnel (RFC 2473) between two addresses; see tunnel.h. The pointer is valid until remove_interface.
  TunnelInterface& add_tunnel(const std::string& name, const Ipv6Address& local, const Ipv6Address& remote);
  void remove_interface(Ip6Interface& interface);
  using Interfaces = OwnedInterfaces;
  // The loopback interface is made when somebody asks for it, for all of them, or for the routes: most nodes never send
  // themselves anything.
  const Interfaces& interfaces() const { return loopback(), interfaces_; }
  // All but the loopback interface.
  std::span<const OwnedInterface> links() const { return std::span(interfaces_).subspan(1); }
  Ip6Interface* find_interface(std::string_view name) const;
  // Null: IPv6 does not run on that NIC.
  EthernetInterface* interface_on(const Nic& nic) const {
    return nic.index() < interface_by_nic_.size() ? interface_by_nic_[nic.index()] : nullptr;
  }
  Ip6Interface& loopback() const {
    if (interfaces_[0] == nullptr) const_cast<Ip6Stack*>(this)->make_loopback();
    return *interfaces_[0];
  }
  // The zone of link-local and multicast destinations of which none is said: the first link that is up. Null: there is
  // none.
  Ip6Interface* default_interface() const;

  // ---- Addresses (address_list.cc) ----------------------------------------------------------------------------
  struct NewAddress {
    Ipv6Address address;
    std::uint8_t prefix_length = 64;
    AddressOrigin origin = AddressOrigin::Manual;
    bool anycast = false;
    bool home_address = false;
    bool skip_dad = false;
    bool temporary = false;
    bool on_link_prefix = true;  // also add the connected route of the prefix
    Time preferred_until = Time::max();
    Time valid_until = Time::max();
  };
  // Adds the address, or updates the one that is there, and starts Duplicate Address Detection where it applies.
  InterfaceAddress& add_address(Ip6Interface& interface, const NewAddress& address);
  bool remove_address(Ip6Interface& interface, Ipv6Address address);
  // For Neighbor Discovery: DAD is over. Success assigns the address and tells the daemons.
  void finish_dad(Ip6Interface& interface, InterfaceAddress& address, bool unique);
  // For Neighbor Discovery: the address may have another owner by now, as after a change of link.
  void repeat_dad(Ip6Interface& interface, InterfaceAddress& address);
  // The state, lifetimes or flags of an address changed otherwise.
  void address_changed(Ip6Interface& interface, InterfaceAddress& address);
  // An assigned address of this node. Link-local addresses are looked for in the zone of `interface` only.
  InterfaceAddress* find_own_address(const Ipv6Address& address, const Ip6Interface* interface) const;
  // RFC 6724 §5. `out` is the interface that the packet leaves by, `next_hop` where it goes first, if that is known
  // (rule 5.5). Null if no address will do.
  const InterfaceAddress* select_source(const Ipv6Address& destination, const Ip6Interface* out,
                                        SourcePreferences preferences = {},
                                        const Ipv6Address* next_hop = nullptr) const;
  // The policy table in use (RFC 6724 §2.1).
  const PolicyTable& policies() const;

  // ---- Routes ---------------------------------------------------------------------------------------------------
  RouteTable& routes() { return loopback(), routes_; }
  const RouteTable& routes() const { return loopback(), routes_; }
  // The same as of routes(), for many nodes.
  void add_route(const Route& route) { routes_.add(route); }
  std::size_t remove_routes_if(const std::function<bool(const Route&)>& predicate) { return routes_.remove_if(predicate); }
  // The cached answer to "where does a packet to this address go?". `zone`: the interface for link-local and
  // multicast destinations, or null.
  [[gnu::always_inline]] const Destination& route_to(const Ipv6Address& destination, Ip6Interface* zone) {
    const std::uint64_t generation = destination_generation();
    const Destination* d = destinations_.peek(destination, zone);
    const bool fresh = d != nullptr && d->generation == generation && d->valid_until > now();
    if (fresh && d->address == destination && d->zone == zone) [[likely]] return *d;
    return find_route_to(destination, zone);
  }
  // Made on first use; the interfaces hear all groups from then on (multicast_forwarding.h).
  MulticastForwarding& multicast_forwarding();
  const MulticastForwarding* multicast_forwarding_in_use() const { return multicast(); }
  // After its routes or `flood` changed: what the NICs let in follows.
  void on_multicast_forwarding_changed();
  // Made on first use.
  PathMtuTable& path_mtu();
  std::optional<PathMtuTable::Entry> learned_path_mtu(const Ipv6Address& destination) {
    return rare_ != nullptr && rare_->path_mtu != nullptr ? rare_->path_mtu->find(destination, now()) : std::nullopt;
  }
  // multipath.cc: of equal routes, that of the packet's flow; for a `to` that is `multipath`.
  void use_path_of_flow(Bytes packet, Destination& to);
  // RFC 8028 (nd_first_hop.cc): whether the first hop depends on the source, and the change of `to` that follows.
  bool chooses_first_hop_by_source() const;
  void use_first_hop_for(const Ipv6Address& source, Destination& to);
  // Neighbour entries or interfaces changed: what the destination cache holds is stale.
  void invalidate_destinations() { ++generation_; }
  // IPv6 was disabled on an interface, or is enabled again.
  void on_interface_disabled() {
    closer_look_ = true;
    invalidate_destinations();
  }
  // Forgets the answers, and the redirects among them (RFC 4861 §5.1). Path MTUs have a table of their own.
  void clear_destination_cache();
  // The answers that are still good, in no particular order.
  std::vector<Destination> destinations() const;

  // ---- Sending --------------------------------------------------------------------------------------------------
  // Sends `payload` (upper-layer header and data; headroom is used for what goes before it).
  SendError output(Packet payload, const OutputRequest& request);
  // Sends a complete packet of this node's own by the routing table: tunnels use it.
  SendError output_packet(Packet packet, Ip6Interface* zone = nullptr);
  // The same for a packet that IPsec is done with.
  SendError output_protected(Packet packet, Ip6Interface* zone, bool dont_fragment);
  // An ICMPv6 message (body with zero checksum) from this node.
  SendError send_icmp6(Bytes message, const OutputRequest& request);
  Packet allocate(std::size_t size) { return node_.packets().allocate(size); }
  std::uint32_t next_fragment_id();  // RFC 7739 §5.2: each drawn at random
  // Hands a whole packet to this node itself, in an event of its own. `interface`: that of which the packet is heard;
  // null: the loopback interface.
  void loop_back(Packet packet, const Ip6Interface* interface = nullptr);

  // ---- Receiving ------------------------------------------------------------------------------------------------
  void on_frame(Nic& nic, Packet frame) final;
  bool hears(const Nic& nic, MacAddress group) const final;
  void prepare(const Packet& frame) final;
  void prepare_further(const Packet& frame) final;
  void on_link_change(Nic& nic, bool up) final;
  void on_mtu_change(Nic&) final { invalidate_destinations(); }
  // A whole packet that arrived by `interface` (from the wire, or out of a tunnel).
  void input(Ip6Interface& interface, Packet&& packet, bool link_layer_multicast = false);
  void set_upper_layer(NextHeader protocol, PacketHandler* handler);
  // Null: the protocol is not known. Those of every node are started when the first of them is asked for.
  PacketHandler* upper_layer(NextHeader protocol);
  // Null as well if none of those was started yet.
  PacketHandler* upper_layer_in_use(NextHeader protocol) const;
  void add_router_alert_listener(RouterAlertListener& listener);
  void remove_router_alert_listener(RouterAlertListener& listener);
  // Null: every packet passes. The filter must outlive the stack or be taken off.
  void set_filter(PacketFilter* filter) { set_hook(&Hooks::filter, filter); }
  PacketFilter* filter() const { return hook(&Hooks::filter); }  // judges packets of IPv4 too
  Reassembler& reassembler() { return reassembly().reassembler; }

  // ---- ICMPv6 errors (icmp6.cc) ---------------------------------------------------------------------------------
  // Sends the error, whose invoking packet is given whole, unless RFC 4443 §2.4 e forbids it or the rate limit is
  // reached. `received_on`: null for a packet that did not come from a link.
  void icmp6_error(const Icmp6Error& error, Ip6Interface* received_on, bool link_layer_multicast = false);
  // Takes a token for a message that is limited like an error. False, and counted: there is none.
  bool may_originate_error(const Ipv6Address& destination);
  void drop(const DropInfo& reason, Bytes packet) { node_.count_drop(&reason, packet); }

  // ---- Control --------------------------------------------------------------------------------------------------
  void add_listener(RoutingListener& listener);
  void remove_listener(RoutingListener& listener);
  void notify(const RoutingMessage& message);
  void notify_of_advertisement(Ip6Interface& interface, Duration router_lifetime);
  void set_mobility_hooks(MobilityHooks* hooks) { set_hook(&Hooks::mobility, hooks); }
  MobilityHooks* mobility_hooks() const { return hook(&Hooks::mobility); }
  void set_ipsec_hooks(IpsecHooks* hooks) { set_hook(&Hooks::ipsec, hooks); }
  IpsecHooks* ipsec_hooks() const { return hook(&Hooks::ipsec); }
  // The node's IPv4 part (ip4_part.h); null: it has none.
  void set_ip4(Ip4Part* part) { set_hook(&Hooks::ip4, part); }
  Ip4Part* ip4() const { return hook(&Hooks::ip4); }
  // After mutable_config() was changed: tables take their new bounds, interfaces the addresses that follow, and
  // daemons are told.
  void on_settings_changed();
  // From host to router or back, as far as the kernel goes (RFC 4861 §6.2.2, §6.2.5, §6.3.7); daemons are told.
  void set_forwarding(bool on);

  struct Counters {
    std::uint64_t received = 0, delivered = 0, forwarded = 0, sent = 0;
    std::uint64_t icmp6_errors_sent = 0, icmp6_errors_limited = 0;
  };
  Counters counters() const;
  void set_counters(const Counters& counters);
  enum class Counted : std::uint8_t { Received, Delivered, Forwarded, Sent };  // of packets
  [[gnu::always_inline]] void count(Counted what) {
    if (++counts_[static_cast<std::size_t>(what)] == 0) [[unlikely]] carry(what);
  }
  void count_error_sent();
  void count_limited_error();
  // What the stack occupies beyond itself: its interfaces, with all that Neighbor Discovery knows; its routes, with the
  // destination cache; and the rest.
  struct HeapBytes {
    std::size_t interfaces = 0, routes = 0, rest = 0;
  };
  HeapBytes heap_bytes() const;

 protected:
  // Sets the handlers of the protocols of every node.
  virtual void start_upper_layers() {}
  // What these belong to may be kept beside them.
  struct UpperLayers : Pooled {
    virtual ~UpperLayers() = default;
  };
  std::unique_ptr<UpperLayers>& upper_layers() { return common_upper_layers().owner; }
  const UpperLayers* upper_layers_in_use() const {
    return common_upper_layers_ != nullptr ? common_upper_layers_->owner.get() : nullptr;
  }
  // To be called before what they use goes.
  void end_upper_layers() {
    if (common_upper_layers_ != nullptr) common_upper_layers_->owner.reset();
  }

 private:
  friend class Ip6Interface;
  void on_route_change(RouteChange change, const Route& route) final;
  std::uint64_t destination_generation() const { return std::uint64_t{generation_} << 32 | routes_.generation(); }
  Ipv6Address source_towards(const OutputRequest& request, Ip6Interface* zone);
  Ipv6Address source_for_group(const OutputRequest& request, const Ip6Interface* out) const;
  const Destination& find_route_to(const Ipv6Address& destination, Ip6Interface* zone);
  // address_list.cc
  void await_dad(Ip6Interface& interface, InterfaceAddress& address);
  void review_subnet_router_anycast(Ip6Interface& interface);
  // input.cc
  bool forward_plainly(const Nic& nic, Packet& frame);
  [[gnu::noinline]] void prepare_elsewhere(const Packet& frame);
  void prepare_for(const Destination& to, const Packet& frame) const;
  void other_frame(EthernetInterface& interface, Packet frame);
  bool length_is_told(InputPacket& packet);
  bool heeds_router_alert(InputPacket& packet);
  void forward_multicast(const InputPacket& packet);
  void forward_by_flow(Ip6Interface& interface, Packet&& packet, const Destination& routed, bool link_layer_multicast);
  void local_input(InputPacket packet);
  void deliver(InputPacket& packet);
  // extension_input.cc: each handles the header at packet.offset and steps behind it.
  enum class Walk : std::uint8_t { Next, Stop };
  enum class OptionsFor : std::uint8_t { Path, Destination };
  Walk process_hop_by_hop(InputPacket& packet, OptionsFor whom);
  Walk process_jumbo_payload(InputPacket& packet, const Tlv& option);
  Walk process_destination_options(InputPacket& packet);
  Walk process_routing_header(InputPacket& packet);
  Walk follow_source_route(InputPacket& packet, const RoutingHeaderView& header);
  Walk process_fragment(InputPacket& packet);
  Walk process_home_address(InputPacket& packet, const Ipv6Address& home, NextHeader upper);
  Walk discard(InputPacket& packet, const DropInfo& reason);
  Walk refuse_option(InputPacket& packet, std::uint8_t type, std::size_t offset);
  Walk refuse_header(InputPacket& packet, Bytes header, const DropInfo& reason);
  void parameter_problem(InputPacket& packet, ParameterProblemCode code, std::size_t pointer, const DropInfo& reason);
  void expire_reassemblies();
  // forward.cc
  enum class Forwarding : std::uint8_t { ByDestination, SourceRouted, ByPolicy };
  void forward(Ip6Interface& interface, Packet&& packet, const Destination& destination, bool link_layer_multicast,
               Forwarding how = Forwarding::ByDestination);
  void forward_by_mobility(Ip6Interface& interface, Packet&& packet, const Destination& destination,
                           bool link_layer_multicast, Forwarding how);
  void forward_on(Ip6Interface& interface, Packet&& packet, const Destination& destination, bool link_layer_multicast,
                  Forwarding how);
  void forward_by_policy(ForwardingPolicy& policy, Ip6Interface& interface, Packet packet,
                         const Destination& destination, bool link_layer_multicast);
  bool passes_filter(Ip6Interface& in, const Ip6Interface* out, Bytes packet, bool link_layer_multicast);
  void consider_redirect(Ip6Interface& interface, Bytes packet, const Destination& destination);
  // output.cc
  // `path`: whose path's MTU counts where a Routing header says that the packet goes farther than its destination.
  SendError send_unicast(Packet packet, Ip6Interface* zone, bool dont_fragment, const Ipv6Address* path = nullptr);
  SendError send_to(const Destination& to, Packet packet, bool dont_fragment, const Ipv6Address* path);
  SendError send_by_next_hop(Packet packet, Ip6Interface* zone, const OutputRequest& request);
  SendError send_multicast(Packet packet, Ip6Interface* interface, const OutputRequest& request);
  void hand_over(const Destination& destination, Packet&& packet);
  template <typename Emit>
  SendError fragment(Packet packet, std::uint32_t mtu, Emit emit);
  std::uint32_t flow_label(const Ipv6Address& source, const Ipv6Address& destination, NextHeader protocol, Bytes upper);
  std::uint64_t flow_label_secret();

  static constexpr std::size_t kCounted = 4;  // kinds of Counted
  void carry(Counted what);
  std::uint64_t counted(Counted what) const;
  void set_counted(Counted what, std::uint64_t count);

  // Reassembly, from the first fragment on.
  struct Reassembly {
    explicit Reassembly(Ip6Stack& stack);
    Reassembler reassembler;
    Timer timer;
  };
  Reassembly& reassembly();
  // What the node sends to itself, and interfaces that are gone but that some caller may be inside.
  struct LoopedBack {
    Packet packet;
    std::uint32_t interface_index;
  };
  struct Later {
    explicit Later(Ip6Stack& stack);
    std::vector<LoopedBack> packets;
    OwnedInterfaces retired_interfaces;
    Timer timer;
  };
  Later& later();
  void deliver_later();
  Icmp6Input& icmp6();
  // What few nodes need; it and its parts are made on first use.
  struct Rare : Pooled {
    std::unique_ptr<Ip6Config> own_config;
    std::unique_ptr<PathMtuTable> path_mtu;
    std::unique_ptr<Reassembly> reassembly;
    std::unique_ptr<Later> later;
    std::unique_ptr<RandomStream> fragment_ids;
    std::vector<std::pair<NextHeader, PacketHandler*>> other_upper_layers;  // few: looked through
    std::vector<RouterAlertListener*> router_alert_listeners;
    std::vector<RoutingListener*> more_listeners;
    std::array<std::uint32_t, kCounted> carried{};  // of what was counted, what 32 bits do not hold
    std::unique_ptr<MulticastForwarding> multicast;  // which may leave by the others
    Rare();
    ~Rare();
  };
  RoutingListener* listener(std::size_t i) const {  // null: there are no more
    if (i == 0) return first_listener_;
    return rare_ != nullptr && i <= rare_->more_listeners.size() ? rare_->more_listeners[i - 1] : nullptr;
  }
  MulticastForwarding* multicast() const { return rare_ != nullptr ? rare_->multicast.get() : nullptr; }
  Rare& rare() {
    if (rare_ == nullptr) rare_ = std::make_unique<Rare>();
    return *rare_;
  }
  // What stands in the ways of packets, or takes those of IPv4. Each may be null.
  struct Hooks : Pooled {
    MobilityHooks* mobility = nullptr;
    IpsecHooks* ipsec = nullptr;
    PacketFilter* filter = nullptr;
    Ip4Part* ip4 = nullptr;
  };
  template <typename Hook>
  Hook* hook(Hook* Hooks::* which) const {
    return hooks_ == nullptr ? nullptr : (*hooks_).*which;
  }
  template <typename Hook>
  void set_hook(Hook* Hooks::* which, Hook* hook) {
    if (hooks_ == nullptr && hook == nullptr) return;
    if (hooks_ == nullptr) hooks_ = std::make_unique<Hooks>();
    (*hooks_).*which = hook;
  }
  void make_loopback();
  // The protocols of every node have places of their own.
  static constexpr std::size_t kCommonProtocols = 5;
  struct CommonUpperLayers : Pooled {
    std::array<PacketHandler*, kCommonProtocols> handlers{};
    std::unique_ptr<UpperLayers> owner;
    std::uint64_t flow_label_secret = 0;  // here, as whoever has flows has these as well; 0: not drawn yet
  };
  CommonUpperLayers& common_upper_layers() {
    if (common_upper_layers_ == nullptr) common_upper_layers_ = std::make_unique<CommonUpperLayers>();
    return *common_upper_layers_;
  }
  static std::size_t place_of(NextHeader protocol);

  // What each packet that is forwarded needs comes first, in two cache lines with the generation of the routes.
  Node& node_;
  DestinationCache destinations_;
  std::uint32_t generation_ = 1;
  bool some_plain_ : 1 = false;   // of the destinations (Destination::plain)
  bool closer_look_ : 1 = false;  // at each packet: IPv6 was disabled on an interface once
  bool looping_back_ : 1 = false;  // what comes in now is the node's own
  bool name_hash_known_ : 1 = false;
  std::uint8_t output_nesting_ = 0;  // tunnels inside tunnels, while one packet goes down
  std::uint16_t prepared_ = 0;       // where the destination of the packet that comes next is likely to be
  std::unique_ptr<Hooks> hooks_;  // null: there are none
  std::array<std::uint32_t, kCounted> counts_{};  // few nodes ever count farther
  RouteTable routes_;
  const Ip6Config* config_;  // shared with nodes that are configured alike, or the node's own
  SmallVector<EthernetInterface*, 1> interface_by_nic_;
  std::uint32_t next_interface_index_ = 1;
  std::uint32_t name_hash_ = 0;  // RFC 4620 §5: the same on all interfaces, so made once
  std::unique_ptr<CommonUpperLayers> common_upper_layers_;  // null: none was started
  RoutingListener* first_listener_ = nullptr;  // most have one
  OwnedInterfaces interfaces_;  // the first is the loopback interface: null until it is made
  // Made on first use.
  std::unique_ptr<Icmp6Input> icmp6_;
  std::unique_ptr<Rare> rare_;
};

}  // namespace kamesim
