// Packets of IPv6 and IPv4 in UDP over IPv4, on the port of RFC 5555 (§4.1): of the kernel part. What comes from the other
// end of a tunnel comes out of that tunnel; of others only what can be signalling is taken in, for a daemon to judge.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "protocols/ip6/socket.h"
#include "protocols/ip6/tunnel.h"

namespace kamesim::dsmip6 {

inline constexpr DropInfo kEncapsulationMalformed{"dsmip6.encapsulation_malformed", "RFC 5555 §4.1"};
inline constexpr DropInfo kEncapsulationNotSignalling{"dsmip6.encapsulation_of_unknown_peer", "RFC 5555 §4.2"};
inline constexpr DropInfo kDsmip6PortTaken{"dsmip6.port_taken", "RFC 5555 §8"};

class UdpEncapsulation final : public DatagramHandler {
 public:
  struct Peer {
    Ipv6Address address;  // v4-mapped
    std::uint16_t port = 0;
    friend auto operator<=>(const Peer&, const Peer&) = default;
  };
  class User {
   public:
    // The tunnel whose other end that is; null: of none.
    virtual TunnelInterface* tunnel_of(const Peer& peer) = 0;
    // Whether others may have something to say that a daemon is to judge.
    virtual bool hears_strangers() const = 0;

   protected:
    ~User() = default;
  };

  // `local`: only what comes to that address; unspecified: to any. `name`: of the tunnel for signalling.
  UdpEncapsulation(SocketLayer& sockets, User& user, const std::string& name, const Ipv6Address& local);
  ~UdpEncapsulation();

  // Of the packet that is being taken in; empty: none is, or it did not come in UDP.
  const std::optional<Peer>& arriving() const { return arriving_; }
  // The tunnel that signalling leaves by, to that peer from now on.
  TunnelInterface& signalling_to(const Ipv6Address& local, const Peer& peer);
  TunnelPorts ports_to(const Peer& peer) const { return {socket_.port(), peer.port}; }

  void on_datagram(const Datagram& datagram) override;
  void on_packet_error(const PacketError& error) override;

 private:
  bool may_be_signalling(Bytes packet) const;

  Ip6Stack& stack_;
  User& user_;
  UdpSocket socket_;
  TunnelInterface& signalling_;
  std::optional<Peer> arriving_;
};

}  // namespace kamesim::dsmip6
