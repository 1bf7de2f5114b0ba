// The chain of extension headers behind the IPv6 header (RFC 8200 §4).
#pragma once

#include <cstddef>
#include <optional>

#include "protocols/wire/ipv6_header.h"
#include "protocols/wire/next_header.h"
#include "sim/bytes.h"
#include "sim/drop.h"

namespace kamesim {

inline constexpr DropInfo kExtensionHeaderTruncated{"ip6.extension_header_truncated", "RFC 8200 §4"};

// Headers whose length can be read without knowing their content. The Mobility Header is one, though it is also the
// upper layer of the packets that carry it (RFC 6275 §6.1.1).
bool is_extension_header(NextHeader type);

struct ExtensionHeader {
  NextHeader type;
  std::size_t next_header_offset;  // of the field that announced this header, from the start of the packet
  std::size_t offset;              // of this header, from the start of the packet
  Bytes bytes;                     // the whole of this header

  NextHeader next_header() const { return static_cast<NextHeader>(bytes[0]); }
};

// Steps through the chain, in order and once. It ends at a header that is no extension header, and behind the
// Fragment header of any fragment but the first.
//   ExtensionHeaderWalk walk(packet);
//   for (;;) {
//     const auto step = walk.next();
//     if (!step) return drop(*step.error());
//     if (!*step) break;
//     handle(**step);
//   }
class ExtensionHeaderWalk {
 public:
  explicit ExtensionHeaderWalk(const Ipv6HeaderView& packet)
      : packet_(packet.packet()), type_(packet.next_header()) {}

  // The next extension header; nothing at the end of the chain; kExtensionHeaderTruncated when the packet ends
  // before the header does.
  Parsed<std::optional<ExtensionHeader>> next();

  // Where the walk stands: the header that the next step will look at, and the field that announced it.
  NextHeader type() const { return type_; }
  std::size_t offset() const { return offset_; }
  std::size_t next_header_offset() const { return next_header_offset_; }
  // What follows is the middle of a packet, whatever type() says.
  bool in_non_first_fragment() const { return in_non_first_fragment_; }

 private:
  Bytes packet_;
  NextHeader type_;
  std::size_t offset_ = kIpv6HeaderSize;
  std::size_t next_header_offset_ = kIpv6NextHeaderOffset;
  bool in_non_first_fragment_ = false;
};

struct UpperLayer {
  NextHeader protocol;
  std::size_t offset;              // from the start of the packet; may be the packet's size
  std::size_t next_header_offset;  // of the field that announced the protocol
  bool in_non_first_fragment;      // the bytes at `offset` are not the start of the upper layer
};

// The first header that is not an extension header, or the Mobility Header.
Parsed<UpperLayer> find_upper_layer(const Ipv6HeaderView& packet);

}  // namespace kamesim
