// Headers put into IP packets and taken out, of either version, with what the IP header says of them kept right.
#pragma once

#include <cstddef>
#include <cstdint>

#include "protocols/wire/next_header.h"
#include "sim/packet.h"

namespace kamesim::ipsec {

// A place in the chain of headers of a packet: where a header begins, or may be put, and the octet that tells its type.
struct HeaderPlace {
  std::size_t offset;
  std::size_t next_header_field;
};

// Behind the headers that nodes on the way look at: hop-by-hop options, routing header, and the Home Address option
// (RFC 4301 §5.1, RFC 6275 §6.3). Here transport mode puts its headers.
HeaderPlace end_to_end_place(Bytes packet);

// Grows the packet by `size` octets of undefined content at `offset`, and moves what stands before them; returns the
// first of them. close_gap takes `size` octets out.
std::uint8_t* open_gap(Packet& packet, std::size_t offset, std::size_t size);
void close_gap(Packet& packet, std::size_t offset, std::size_t size);

// Makes the lengths and, for IPv4, the checksum of the IP header right after the packet changed, with `type` in the
// octet at `next_header_field`.
void announce(Packet& packet, std::size_t next_header_field, NextHeader type);

}  // namespace kamesim::ipsec
