#include "protocols/wire/nd.h"

#include <limits>

#include "protocols/wire/icmp6.h"
#include "protocols/wire/time_units.h"

namespace kamesim {
namespace {

constexpr std::size_t kRouterSolicitationSize = 8;
constexpr std::size_t kRouterAdvertisementSize = 16;
constexpr std::size_t kNeighborMessageSize = 24;
constexpr std::size_t kRedirectSize = 40;

// The rules that all five messages share; `size` is the length without options.
Parsed<NdOptions> check_message(Bytes message, const NdContext& ip, std::size_t size) {
  if (ip.hop_limit != kNdHopLimit) return drop(kNdBadHopLimit);
  if (message.size() < size) return drop(kNdTruncated);
  if (message[1] != 0) return drop(kNdBadCode);
  return NdOptions::check(message.subspan(size));
}

bool is_solicited_node(const Ipv6Address& a) { return a == solicited_node(a); }

Ipv6Address target_of(Bytes message) { return Ipv6Address::from_bytes(message.data() + 8); }

std::optional<Duration> milliseconds_or_unspecified(std::uint32_t value) {
  if (value == 0) return std::nullopt;
  return Duration::milliseconds(value);
}

std::uint32_t milliseconds(std::optional<Duration> d) {
  return d ? whole_units(*d, 1_ms, std::numeric_limits<std::uint32_t>::max()) : 0;
}

}  // namespace

Parsed<RouterSolicitationView> RouterSolicitationView::check(Bytes message, const NdContext& ip) {
  const auto options = check_message(message, ip, kRouterSolicitationSize);
  if (!options) return drop(*options.error());
  if (ip.source.is_unspecified() && options->contains(NdOptionType::SourceLinkLayerAddress))
    return drop(kNdUnspecifiedSourceWithAddress);
  return RouterSolicitationView(message, *options);
}

Parsed<RouterAdvertisementView> RouterAdvertisementView::check(Bytes message, const NdContext& ip) {
  const auto options = check_message(message, ip, kRouterAdvertisementSize);
  if (!options) return drop(*options.error());
  if (!ip.source.is_link_local()) return drop(kNdSourceNotLinkLocal);
  return RouterAdvertisementView(message, *options);
}

RouterAdvertisement RouterAdvertisementView::value() const {
  const std::uint8_t* const p = message_.data();
  const std::uint8_t flags = p[5];
  RouterAdvertisement ra;
  if (p[4] != 0) ra.cur_hop_limit = p[4];
  ra.managed = (flags & 0x80) != 0;
  ra.other_configuration = (flags & 0x40) != 0;
  ra.home_agent = (flags & 0x20) != 0;
  ra.proxy = (flags & 0x04) != 0;
  ra.router_lifetime = Duration::seconds(load_be16(p + 6));
  // RFC 4191 §2.2: the reserved value means Medium, and so does every value of a router that is no default router.
  if (ra.router_lifetime != Duration()) {
    ra.preference = router_preference_from_bits(flags >> 3).value_or(RouterPreference::Medium);
  }
  ra.reachable_time = milliseconds_or_unspecified(load_be32(p + 8));
  ra.retrans_timer = milliseconds_or_unspecified(load_be32(p + 12));
  return ra;
}

Parsed<NeighborSolicitationView> NeighborSolicitationView::check(Bytes message, const NdContext& ip) {
  const auto options = check_message(message, ip, kNeighborMessageSize);
  if (!options) return drop(*options.error());
  if (target_of(message).is_multicast()) return drop(kNdMulticastTarget);
  if (ip.source.is_unspecified() && !is_solicited_node(ip.destination)) return drop(kNdUnspecifiedSourceToOther);
  if (ip.source.is_unspecified() && options->contains(NdOptionType::SourceLinkLayerAddress))
    return drop(kNdUnspecifiedSourceWithAddress);
  return NeighborSolicitationView(message, *options);
}

Parsed<NeighborAdvertisementView> NeighborAdvertisementView::check(Bytes message, const NdContext& ip) {
  const auto options = check_message(message, ip, kNeighborMessageSize);
  if (!options) return drop(*options.error());
  if (target_of(message).is_multicast()) return drop(kNdMulticastTarget);
  const NeighborAdvertisementView view(message, *options);
  if (ip.destination.is_multicast() && view.solicited()) return drop(kNdMulticastSolicited);
  return view;
}

Parsed<RedirectView> RedirectView::check(Bytes message, const NdContext& ip) {
  const auto options = check_message(message, ip, kRedirectSize);
  if (!options) return drop(*options.error());
  if (!ip.source.is_link_local()) return drop(kNdSourceNotLinkLocal);
  const RedirectView view(message, *options);
  if (view.destination().is_multicast()) return drop(kNdMulticastRedirect);
  if (!view.target().is_link_local() && view.target() != view.destination()) return drop(kNdBadRedirectTarget);
  return view;
}

void emit(ByteWriter& out, const RouterSolicitation&) {
  emit_icmp6_header(out, Icmp6Type::RouterSolicitation, 0);
  out.u32(0);
}

void emit(ByteWriter& out, const RouterAdvertisement& message) {
  emit_icmp6_header(out, Icmp6Type::RouterAdvertisement, 0);
  const auto router_lifetime = static_cast<std::uint16_t>(whole_units(message.router_lifetime, 1_s, 0xffff));
  // RFC 4191 §2.2: "If the Router Lifetime is zero, the preference value MUST be set to (00) by the sender".
  const int preference = router_lifetime == 0 ? 0 : to_bits(message.preference);
  out.u8(message.cur_hop_limit.value_or(0));
  out.u8(static_cast<std::uint8_t>((message.managed ? 0x80 : 0) | (message.other_configuration ? 0x40 : 0) |
                                   (message.home_agent ? 0x20 : 0) | preference << 3 | (message.proxy ? 0x04 : 0)));
  out.u16(router_lifetime);
  out.u32(milliseconds(message.reachable_time));
  out.u32(milliseconds(message.retrans_timer));
}

void emit(ByteWriter& out, const NeighborSolicitation& message) {
  emit_icmp6_header(out, Icmp6Type::NeighborSolicitation, 0);
  out.u32(0);
  out.address(message.target);
}

void emit(ByteWriter& out, const NeighborAdvertisement& message) {
  emit_icmp6_header(out, Icmp6Type::NeighborAdvertisement, 0);
  out.u32((message.router ? 1u << 31 : 0) | (message.solicited ? 1u << 30 : 0) | (message.override ? 1u << 29 : 0));
  out.address(message.target);
}

void emit(ByteWriter& out, const Redirect& message) {
  emit_icmp6_header(out, Icmp6Type::Redirect, 0);
  out.u32(0);
  out.address(message.target);
  out.address(message.destination);
}

}  // namespace kamesim
