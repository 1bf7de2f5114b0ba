// Atomic fragments (RFC 6946): whole packets with a Fragment header, which are processed with it in its place, so that errors
// quote what came.
#include "protocols/ip6/reassembly.h"
#include "protocols/ip6/stack.h"
#include "protocols/wire/extension_headers.h"
#include "protocols/wire/fragment_header.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim {

void remove_atomic_fragment_header(InputPacket& in) {
  if (!in.fragmented) return;
  ExtensionHeaderWalk walk(*Ipv6HeaderView::check(in.packet.bytes()));
  for (auto step = walk.next(); step && *step && (*step)->offset < in.offset; step = walk.next()) {
    if ((*step)->type != NextHeader::Fragment) continue;
    const auto at = static_cast<std::uint32_t>((*step)->offset);
    const auto before = static_cast<std::uint32_t>((*step)->next_header_offset);
    const bool next = in.next_header_field == at;
    remove_fragment_header(in.packet, at, before, in.packet.data()[at]);
    in.next_header_field = next ? before : in.next_header_field - static_cast<std::uint32_t>(kFragmentHeaderSize);
    in.offset -= static_cast<std::uint32_t>(kFragmentHeaderSize);
    return;
  }
}

}  // namespace kamesim
