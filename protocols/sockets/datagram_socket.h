// A UDP or raw socket as an application holds it (RFC 3493, RFC 3542): options, a bounded receive buffer, errors.
// Calls do not wait; who wants to wait is told when trying again is worth it.
//
// What a call refuses is a std::errc, whose value is the errno that the RFC or 4.4BSD gives.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <system_error>
#include <variant>
#include <vector>

#include "protocols/ip6/socket.h"
#include "protocols/sockets/packet_options.h"

namespace kamesim {

inline constexpr DropInfo kSocketBufferFull{"socket.receive_buffer_full", "the socket's SO_RCVBUF"};

// Defaults as FreeBSD's: room for the data and the addresses of the datagrams that wait.
inline constexpr std::size_t kDefaultReceiveBuffer = 42080, kDefaultSendBuffer = 9216;
inline constexpr std::size_t kMaxSocketBuffer = std::size_t{64} << 20;
inline constexpr std::size_t kMaxWaitingErrors = 64;  // of the error queue

class DatagramSocket final : private DatagramHandler {
 public:
  enum class Type : std::uint8_t { Datagram, Raw };

  struct Received {
    std::vector<std::uint8_t> data;
    SocketAddress source;                // logical; port 0 for a raw socket
    std::vector<ControlMessage> control; // what was asked for
    Time at;
    bool from_path = false;              // not data: news of the path's MTU, in `control` (RFC 3542 §11.3)
  };
  // An ICMPv6 error about something that was sent (IPV6_RECVERR).
  struct Reported {
    Time at;
    std::errc error{};                   // 0: none that a call would return
    Icmp6Type type{};
    std::uint8_t code = 0;
    std::uint32_t parameter = 0;         // MTU or Pointer
    Ipv6Address from;                    // who says so
    SocketAddress destination;           // where the packet was to go
    std::vector<std::uint8_t> data;      // as much of it as came back
  };

  // `protocol` counts for raw sockets.
  DatagramSocket(SocketLayer& layer, Type type, NextHeader protocol);
  ~DatagramSocket();
  DatagramSocket(const DatagramSocket&) = delete;
  DatagramSocket& operator=(const DatagramSocket&) = delete;

  Type type() const { return udp() != nullptr ? Type::Datagram : Type::Raw; }
  const SocketAddress& local() const { return socket().local(); }
  const SocketAddress& peer() const { return socket().peer(); }
  bool connected() const { return socket().connected(); }

  std::errc bind(const SocketAddress& address);
  // Fixes the local address too, as 4.4BSD does; an unspecified peer is the loopback address.
  std::errc connect(const SocketAddress& peer);
  void disconnect();

  // `to` empty: the peer. `control`: of this packet alone.
  std::errc send(Bytes data, const std::optional<SocketAddress>& to, std::span<const ControlMessage> control = {});
  // Empty: nothing waits.
  std::optional<Received> receive();
  const Received* next() const { return waiting_.empty() ? nullptr : &waiting_.front(); }
  std::optional<Reported> receive_error();
  // SO_ERROR: the error of a connected socket, which is told once.
  std::errc take_error();

  bool readable() const { return !waiting_.empty() || pending_error_ != std::errc{}; }
  bool has_errors() const { return !errors_.empty(); }
  // Called from inside the stack when something came; it must not destroy the socket.
  void on_ready(std::function<void()> call) { ready_ = std::move(call); }

  std::errc set_option(int level, int name, Bytes value);
  std::errc get_option(int level, int name, std::vector<std::uint8_t>& value);
  SocketGroups& groups() { return socket().groups(); }
  // RFC 3678 §5.2.2: what MCAST_MSFILTER has set, or the other calls have come to. `interface` 0: the node chooses.
  std::errc get_source_filter(std::uint32_t interface, const Ipv6Address& group, SocketGroups::Filter& filter);
  SocketLayer& layer() const { return socket().layer(); }
  std::uint64_t dropped() const { return dropped_; }  // for want of room in the receive buffer

 private:
  struct Defaults {  // of IPPROTO_IPV6 options that are the socket's own; -1: the node's
    int unicast_hops = -1, multicast_hops = -1;
    std::uint32_t multicast_interface = 0;
    bool multicast_loop = true, receive_error = false, receive_path_mtu = false;
    bool auto_flow_label = true;
    bool receive_flow_info = false;
    SourcePreferences prefer;
  };

  void on_datagram(const Datagram& datagram) override;
  void on_packet_error(const PacketError& error) override;
  void enqueue(Received received);
  void enqueue_path_mtu(const SocketAddress& destination, std::uint32_t mtu);
  std::errc transmit(Bytes data, const SocketAddress& destination, const PacketOptions& options);
  std::errc hand_down(Bytes data, const SocketAddress& destination, const OutputRequest& request);
  // Empty: there is no way there.
  std::optional<std::uint32_t> path_mtu(const SocketAddress& destination) const;
  const UdpSocket* udp() const { return std::get_if<UdpSocket>(&socket_); }
  UdpSocket* udp() { return std::get_if<UdpSocket>(&socket_); }
  RawSocket* raw() { return std::get_if<RawSocket>(&socket_); }
  const Ip6Socket& socket() const;
  Ip6Socket& socket();
  // socket_options.cc
  std::errc request_for(const SocketAddress& to, const PacketOptions& options, OutputRequest& request) const;
  std::errc set_socket_option(int name, Bytes value);
  std::errc set_ipv6_option(int name, Bytes value);
  std::errc set_address_preferences(Bytes value);
  std::errc set_ipsec_policy(Bytes value);
  int address_preferences() const;
  std::errc set_membership(int name, Bytes value);
  std::errc set_source_filter(Bytes value);
  Ip6Interface* group_interface(std::uint32_t index, const Ipv6Address& group) const;
  void tell_ready();

  std::variant<std::monostate, UdpSocket, RawSocket> socket_;
  Defaults defaults_;
  PacketOptions sticky_;
  ReceiveOptions receive_options_;
  std::size_t receive_buffer_ = kDefaultReceiveBuffer, send_buffer_ = kDefaultSendBuffer;
  std::deque<Received> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::deque<Reported> errors_;
  std::errc pending_error_{};
  bool address_by_connect_ = false;
  std::uint64_t dropped_ = 0;
  std::function<void()> ready_;
};

// The errno that an ICMPv6 error means to who sent the packet; 0: none.
std::errc error_of(const Icmp6Error& error);

}  // namespace kamesim
