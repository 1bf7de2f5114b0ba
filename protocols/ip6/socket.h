// Sockets of a node, for daemons and applications: UDP (RFC 768, 3493) and raw (RFC 3542) sockets.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <system_error>
#include <span>
#include <utility>
#include <vector>

#include "protocols/ip6/socket_groups.h"
#include "protocols/ip6/stack.h"
#include "sim/pool.h"

namespace kamesim {

class SocketLayer;

// A datagram or raw message as a socket receives it, with the ancillary data of RFC 3542. Views the packet:
// valid only during the call.
struct Datagram {
  Bytes payload;                 // UDP: the data; raw: from the upper-layer header on
  Ipv6Address source;            // logical: a home address if there was a Home Address option
  Ipv6Address destination;
  std::uint16_t source_port = 0;       // UDP only
  std::uint16_t destination_port = 0;  // UDP only
  Ip6Interface* interface = nullptr;
  std::uint8_t hop_limit = 0;
  std::uint8_t traffic_class = 0;
  std::uint32_t flow_label = 0;
  std::optional<Ipv6Address> care_of;  // where a Home Address option came from
  bool type2_routed = false;
  Bytes headers;                 // the IPv6 header and the extension headers as they came; empty: it came by IPv4
};

// A packet of a socket that somebody on the way, or its destination, reported.
struct PacketError {
  const Icmp6ErrorReport& report;
  Ipv6Address from;                    // who reports
  std::uint16_t destination_port = 0;  // UDP only
  Bytes payload;                       // as much of it as came back; UDP: the data
};

class DatagramHandler {
 public:
  virtual void on_datagram(const Datagram& datagram) = 0;
  virtual void on_packet_error(const PacketError& error) { (void)error; }

 protected:
  ~DatagramHandler() = default;
};

// An end of communication, as RFC 3493 §3.3 writes it. `zone`: the interface's index, where the address is of one
// link only; 0: not said.
struct SocketAddress {
  Ipv6Address address;
  std::uint16_t port = 0;
  std::uint32_t zone = 0;
  std::uint32_t flow_info = 0;  // of a destination: the flow label (RFC 6437) to send with, 0: the node's choice
};

// What UDP and raw sockets have in common: their ends and their groups.
class Ip6Socket {
 public:
  Ip6Socket(SocketLayer& layer, DatagramHandler& handler) : layer_(layer), handler_(handler) {}
  Ip6Socket(const Ip6Socket&) = delete;
  Ip6Socket& operator=(const Ip6Socket&) = delete;

  SocketLayer& layer() const { return layer_; }
  const SocketAddress& local() const { return chosen().local; }
  const SocketAddress& peer() const { return chosen().peer; }  // unspecified: not connected
  bool connected() const { return !peer().address.is_unspecified(); }
  // RFC 3493 §5.3: nothing to, from or by IPv4; to be said before the socket is bound.
  bool v6_only = false;
  // Null: the policies of the node alone decide (RFC 4301 §5).
  const IpsecSocketPolicy* ipsec() const { return chosen().ipsec.get(); }
  void set_ipsec(std::shared_ptr<const IpsecSocketPolicy> policy) { choose().ipsec = std::move(policy); }
  // Made on first use. A socket that joined groups hears those, filtered; one that did not hears all that its node is
  // in, as on BSD.
  SocketGroups& groups();
  const SocketGroups* joined_groups() const { return chosen().groups.get(); }

 protected:
  // What a socket is told to be beyond its protocol: of daemons' sockets often nothing.
  struct Chosen : Pooled {
    SocketAddress local, peer;
    std::unique_ptr<SocketGroups> groups;
    std::shared_ptr<const IpsecSocketPolicy> ipsec;
  };

  ~Ip6Socket() = default;
  friend class SocketLayer;
  // Whether what came from there to here is for this socket, ports apart.
  bool hears(const InputPacket& in) const;
  Chosen& choose() {
    if (chosen_ == nullptr) chosen_ = std::make_unique<Chosen>();
    return *chosen_;
  }

  SocketLayer& layer_;
  DatagramHandler& handler_;

 private:
  const Chosen& chosen() const { return chosen_ != nullptr ? *chosen_ : kNothingChosen; }
  static const Chosen kNothingChosen;

  std::unique_ptr<Chosen> chosen_;
};

// A raw socket: a copy of each packet of one protocol. The kernel has checked an ICMPv6 or Mobility Header
// checksum, and fills it in on sending.
class RawSocket final : public Ip6Socket {
 public:
  RawSocket(SocketLayer& layer, NextHeader protocol, DatagramHandler& handler);
  ~RawSocket();

  NextHeader protocol() const { return protocol_; }
  // From now on only what is sent to that address, and what comes from that peer. Unspecified: from or to any.
  void bind(const SocketAddress& address) { choose().local = address; }
  void connect(const SocketAddress& peer) { choose().peer = peer; }
  // ICMPv6 only (RFC 3542 §3.2): the types to pass. All pass until this is called.
  void pass_only(std::initializer_list<std::uint8_t> types);
  void set_filter(const std::bitset<256>& pass);
  std::bitset<256> filter() const;
  // RFC 3542 §3.1 (IPV6_CHECKSUM): where the checksum stands, an even offset; it is filled in, and packets with a wrong
  // one are not passed. -1: none. Of ICMPv6 the kernel knows it.
  void set_checksum_offset(int offset) { checksum_offset_ = offset; }
  // The kernel's own, or that.
  int checksum_at() const;
  // `request` gives addresses, interface and hop limit; protocol and checksum are the socket's matter.
  SendError send(Bytes message, OutputRequest request);

 private:
  friend class SocketLayer;
  bool passes(std::uint8_t type) const;

  // Most sockets want all types, or one.
  enum class Passes : std::uint8_t { All, One, Listed };
  NextHeader protocol_;
  Passes passes_ = Passes::All;
  std::uint8_t type_ = 0;
  int checksum_offset_ = -1;
  std::unique_ptr<std::bitset<256>> listed_;
};

class UdpSocket final : public Ip6Socket {
 public:
  // How a socket bears with others on its port; to be said before it is bound.
  struct Sharing {
    bool reuse_address = false;  // SO_REUSEADDR
    bool reuse_port = false;     // SO_REUSEPORT
  };

  UdpSocket(SocketLayer& layer, DatagramHandler& handler);
  ~UdpSocket();

  Sharing sharing;
  // RFC 6936 §4: datagrams without a checksum, for and from this port alone; of tunnels that protect what they carry.
  bool accept_zero_checksum = false, send_zero_checksum = false;
  // Port 0 picks a free ephemeral port at random (RFC 6056 §3.3.1). False if the port is taken.
  bool bind(std::uint16_t port, const Ipv6Address& address = {}) { return bind_to({address, port, 0}) == std::errc{}; }
  // The same by KAME's rules (socket_bind.cc), with what speaks against it: address_in_use, address_not_available,
  // or invalid_argument for one that is bound.
  std::errc bind_to(const SocketAddress& address);
  // Datagrams from there only, and errors about those that go there, from now on; binds if that is still to be done.
  // An unspecified address takes it back.
  std::errc connect(const SocketAddress& peer);
  // For a connected socket that was bound to no address in particular.
  void set_local_address(const Ipv6Address& address, std::uint32_t zone) {
    choose().local.address = address, choose().local.zone = zone;
  }
  std::uint16_t port() const { return local().port; }
  const Ipv6Address& address() const { return local().address; }

  SendError send_to(Bytes data, const Ipv6Address& destination, std::uint16_t port, OutputRequest options = {});
  // The same without a copy: `data` has headroom for the headers.
  SendError send_to(Packet data, const Ipv6Address& destination, std::uint16_t port, OutputRequest options = {});
  // To the request's destination. What the socket decides is filled in, so that the caller may keep the request for the
  // next packet, but for its source.
  SendError send(Packet data, std::uint16_t port, OutputRequest& request);

 private:
  friend class SocketLayer;
};

// The sockets of one node, and the upper end of its IPv6 stack.
class SocketLayer final : public PacketHandler {
 public:
  explicit SocketLayer(Ip6Stack& stack);
  ~SocketLayer();

  Ip6Stack& stack() const { return stack_; }
  // Null: there is none of that index.
  Ip6Interface* interface(std::uint32_t index) const;
  void on_packet(InputPacket& packet) override;
  Quotation verify(const Icmp6ErrorReport& report) override;
  void on_icmp6_error_report(const Icmp6ErrorReport& report) override;
  const IpsecSocketPolicy* ipsec_policy(const InputPacket& packet) const override;

 private:
  friend class Ip6Socket;
  friend class RawSocket;
  friend class UdpSocket;
  void udp_input(InputPacket& packet);
  void udp_multicast_input(InputPacket& packet, const Datagram& datagram);
  UdpSocket* find_udp(const InputPacket& packet, std::uint16_t source_port, std::uint16_t destination_port) const;
  void raw_input(InputPacket& packet);
  void add(RawSocket& socket);
  void remove(RawSocket& socket);
  // socket_bind.cc
  std::errc may_bind(const UdpSocket& socket, const SocketAddress& address) const;
  std::optional<std::uint16_t> ephemeral_port();

  Ip6Stack& stack_;
  struct BoundUdp {
    UdpSocket* socket;
    std::uint16_t port;
  };
  // In the order in which they were bound; only until one is bound or goes.
  std::span<const BoundUdp> udp_on(std::uint16_t port) const;
  void add(UdpSocket& socket);
  void remove(UdpSocket& socket);

  SmallVector<BoundUdp, 1> udp_;  // by port
  SmallVector<RawSocket*, 1> raw_;
  std::unique_ptr<RandomStream> ephemeral_ports_;  // made when the first is drawn
};

}  // namespace kamesim
