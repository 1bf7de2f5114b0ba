#include "protocols/wire/routing_header.h"

#include <array>

namespace kamesim {
namespace {

constexpr std::size_t kMinimumSize = 8;

}  // namespace

Parsed<RoutingHeaderView> RoutingHeaderView::check(Bytes header) {
  if (header.size() < kMinimumSize) return drop(kRoutingHeaderTruncated);
  const std::size_t length = 8 * (std::size_t{header[kRoutingHeaderLengthOffset]} + 1);
  if (header.size() < length) return drop(kRoutingHeaderTruncated);
  return RoutingHeaderView(header.first(length));
}

Parsed<SourceRouteView> SourceRouteView::check(const RoutingHeaderView& header) {
  const SourceRouteView view(header.bytes());
  if (header.bytes()[kRoutingHeaderLengthOffset] % 2 != 0) return drop(kRoutingHeaderOddLength);
  if (view.segments_left() > view.address_count()) return drop(kRoutingHeaderBadSegmentsLeft);
  return view;
}

Parsed<Type2RoutingHeaderView> Type2RoutingHeaderView::check(const RoutingHeaderView& header) {
  if (header.bytes().size() != kType2RoutingHeaderSize) return drop(kType2RoutingHeaderBadLength);
  if (header.segments_left() != 1) return drop(kType2RoutingHeaderBadSegmentsLeft);
  return Type2RoutingHeaderView(header.bytes());
}

void write_type2_routing_header(std::uint8_t* out, NextHeader next_header, const Ipv6Address& home_address) {
  const std::array<std::uint8_t, 8> fixed = {
      static_cast<std::uint8_t>(next_header), 2, kType2RoutingType, 1, 0, 0, 0, 0};
  std::memcpy(out, fixed.data(), fixed.size());
  home_address.copy_to(out + fixed.size());
}

}  // namespace kamesim
