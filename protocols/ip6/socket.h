// Sockets of a node, for daemons and applications: UDP (RFC 768, 3493) and raw (RFC 3542) sockets.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "protocols/ip6/stack.h"

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
  std::optional<Ipv6Address> care_of;  // where a Home Address option came from
  bool type2_routed = false;
};

class DatagramHandler {
 public:
  virtual void on_datagram(const Datagram& datagram) = 0;

 protected:
  ~DatagramHandler() = default;
};

// A raw socket: a copy of each packet of one protocol. The kernel has checked an ICMPv6 or Mobility Header
// checksum, and fills it in on sending.
class RawSocket {
 public:
  RawSocket(SocketLayer& layer, NextHeader protocol, DatagramHandler& handler);
  ~RawSocket();
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  // ICMPv6 only (RFC 3542 §3.2): the types to pass. All pass until this is called.
  void pass_only(std::initializer_list<std::uint8_t> types);
  // `request` gives addresses, interface and hop limit; protocol and checksum are the socket's matter.
  SendError send(Bytes message, OutputRequest request);

 private:
  friend class SocketLayer;
  SocketLayer& layer_;
  NextHeader protocol_;
  DatagramHandler& handler_;
  bool filtered_ = false;
  std::bitset<256> pass_;
};

class UdpSocket {
 public:
  UdpSocket(SocketLayer& layer, DatagramHandler& handler);
  ~UdpSocket();
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  // Port 0 picks a free ephemeral port (RFC 6335 §6: 49152 to 65535). False if the port is taken.
  bool bind(std::uint16_t port, const Ipv6Address& address = {});
  std::uint16_t port() const { return port_; }
  const Ipv6Address& address() const { return address_; }

  SendError send_to(Bytes data, const Ipv6Address& destination, std::uint16_t port, OutputRequest options = {});
  // The same without a copy: `data` has headroom for the headers.
  SendError send_to(Packet data, const Ipv6Address& destination, std::uint16_t port, OutputRequest options = {});

 private:
  friend class SocketLayer;
  SocketLayer& layer_;
  DatagramHandler& handler_;
  Ipv6Address address_;  // unspecified: any
  std::uint16_t port_ = 0;
};

// The sockets of one node, and the upper end of its IPv6 stack.
class SocketLayer final : public PacketHandler {
 public:
  explicit SocketLayer(Ip6Stack& stack);
  ~SocketLayer();

  Ip6Stack& stack() const { return stack_; }
  void on_packet(InputPacket& packet) override;

 private:
  friend class RawSocket;
  friend class UdpSocket;
  void udp_input(InputPacket& packet);
  void raw_input(InputPacket& packet);

  Ip6Stack& stack_;
  std::unordered_map<std::uint16_t, std::vector<UdpSocket*>> udp_by_port_;
  std::vector<RawSocket*> raw_;
  std::uint16_t next_ephemeral_ = 49152;
};

}  // namespace kamesim
