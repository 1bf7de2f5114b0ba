// Packets that wait for a neighbour's link-layer address (RFC 4861 §7.2.2, RFC 1122 §2.3.2.2), oldest first.
//
// RFC 4861 asks for room for the fragments of a datagram: one fragment that is lost takes the whole datagram with it.
// So the bound is on datagrams, whose fragments come and go together; what they may hold is bounded besides.
#pragma once

#include <cstddef>
#include <vector>

#include "sim/packet.h"

namespace kamesim {

struct HoldQueueBounds {
  std::size_t datagrams = 3;
  // The largest datagram in fragments of 1280 octets is 54 packets.
  std::size_t packets = 192;
  std::size_t octets = 3 * 68'000;
};

// Adds the packet, of IPv6 or IPv4. Returns what had to make room for it: whole datagrams, oldest first, and even the
// packet's own if that alone is too much.
std::vector<Packet> hold(std::vector<Packet>& queue, Packet packet, const HoldQueueBounds& bounds);

}  // namespace kamesim
