#include "protocols/wire/extension_headers.h"

#include "protocols/wire/fragment_header.h"

namespace kamesim {
namespace {

// The length of an extension header whose first two bytes are given.
std::size_t header_length(NextHeader type, std::uint8_t length_field) {
  if (type == NextHeader::Fragment) return kFragmentHeaderSize;                          // RFC 8200 §4.5
  if (type == NextHeader::AuthenticationHeader) return 4 * (std::size_t{length_field} + 2);  // RFC 4302 §2.2
  return 8 * (std::size_t{length_field} + 1);                                            // RFC 6564 §4
}

constexpr std::size_t kMinimumSize = 8;

}  // namespace

bool is_extension_header(NextHeader type) {
  switch (type) {
    case NextHeader::HopByHopOptions:
    case NextHeader::Routing:
    case NextHeader::Fragment:
    case NextHeader::AuthenticationHeader:
    case NextHeader::DestinationOptions:
    case NextHeader::Mobility:
    case NextHeader::Hip:
    case NextHeader::Shim6:
      return true;
    default:
      return false;
  }
}

Parsed<std::optional<ExtensionHeader>> ExtensionHeaderWalk::next() {
  if (in_non_first_fragment_ || !is_extension_header(type_)) return std::optional<ExtensionHeader>();
  const Bytes rest = packet_.subspan(offset_);
  if (rest.size() < kMinimumSize) return drop(kExtensionHeaderTruncated);
  const std::size_t length = header_length(type_, rest[1]);
  if (rest.size() < length) return drop(kExtensionHeaderTruncated);

  const ExtensionHeader header{type_, next_header_offset_, offset_, rest.first(length)};
  if (type_ == NextHeader::Fragment) in_non_first_fragment_ = FragmentHeaderView(header.bytes).offset() != 0;
  type_ = header.next_header();
  next_header_offset_ = offset_;
  offset_ += length;
  return std::optional(header);
}

Parsed<UpperLayer> find_upper_layer(const Ipv6HeaderView& packet) {
  ExtensionHeaderWalk walk(packet);
  while (is_extension_header(walk.type()) && walk.type() != NextHeader::Mobility && !walk.in_non_first_fragment()) {
    const auto step = walk.next();
    if (!step) return drop(*step.error());
  }
  return UpperLayer{walk.type(), walk.offset(), walk.next_header_offset(), walk.in_non_first_fragment()};
}

}  // namespace kamesim
