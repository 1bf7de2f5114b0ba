// Where IPsec (RFC 4301) takes part in input, forwarding and output, of both versions of IP. The kernel part of ipsec
// implements this; a node without IPsec has none, and pays one test of a pointer.
#pragma once

#include <cstdint>

#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/next_header.h"
#include "sim/packet.h"

namespace kamesim {

class Ip6Interface;
struct InputPacket;

// What a socket asks of IPsec for itself (KAME's IPV6_IPSEC_POLICY); its content is ipsec's matter.
class IpsecSocketPolicy {
 public:
  virtual ~IpsecSocketPolicy() = default;
};

class IpsecHooks {
 public:
  enum class Output : std::uint8_t {
    GoOn,     // the packet is to be sent, as it is or as it has become
    Sent,     // it has been sent, inside another one
    Refused,  // it was discarded, and counted
    TooLong,  // the same, as it does not fit in where it would have to go
  };
  struct Outgoing {
    Packet& packet;                    // whole, as it would go on the wire
    Ipv6Address source, destination;   // the logical ends: home addresses, and the end of a source route
    Ip6Interface* zone = nullptr;
    bool dont_fragment = false;
    const IpsecSocketPolicy* socket = nullptr;  // null: the socket asks for nothing, or it is no socket's
  };
  // A packet of this node's own is about to be sent (RFC 4301 §5.1).
  virtual Output on_output(const Outgoing& out) = 0;

  // A packet that came by `in` is about to be forwarded: whether it came as the policies for such packets ask (§5.2).
  // What is refused is counted.
  virtual bool admits_transit(Ip6Interface& in, Bytes packet) = 0;
  // The same packet, its hop limit not yet lowered, is about to leave. What does not fit in a tunnel is reported to its
  // source (§8.2.1).
  virtual Output on_forward(Ip6Interface& in, Packet& packet) = 0;

  // An AH, ESP or IPComp header for this node stands at in.offset. True: `in` stands behind it. False: the packet was
  // discarded, or it was a tunnel's and what it held has been put into the input path.
  virtual bool on_header(InputPacket& in) = 0;
  // How many headers of IPsec the packet that is now put into the input path came out of.
  virtual unsigned depth() const = 0;
  // Tells apart what a packet of that depth came protected by, so that fragments which came otherwise are not put
  // together (§7.4).
  virtual std::uint32_t protection_tag(unsigned depth) const = 0;
  // A packet is about to be handed to its upper layer. `socket`: what the socket that it is for asks. False: it was
  // discarded, or it was ESP in UDP (RFC 3948) and has been dealt with.
  virtual bool admits(InputPacket& in, const IpsecSocketPolicy* socket) = 0;

  // How long packets of such a connection may be, for what becomes of them to fit in `mtu`.
  virtual std::uint32_t mtu_within(const Ipv6Address& source, const Ipv6Address& destination, NextHeader protocol,
                                   std::uint16_t source_port, std::uint16_t destination_port, std::uint32_t mtu,
                                   const IpsecSocketPolicy* socket) = 0;

 protected:
  ~IpsecHooks() = default;
};

}  // namespace kamesim
