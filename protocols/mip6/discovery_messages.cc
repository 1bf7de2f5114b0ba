#include "protocols/mip6/discovery_messages.h"

#include <array>

#include "protocols/wire/icmp6.h"

namespace kamesim {

Ipv6Address home_agents_anycast(const Ipv6Prefix& prefix) {
  // Interface identifiers of 64 bits have the universal/local bit clear; the identifier is in the last seven bits.
  constexpr std::uint64_t kOf64Bits = 0xfdff'ffff'ffff'fffe;
  if (prefix.length() == 64) return with_interface_id(prefix, InterfaceId(kOf64Bits));
  std::array<std::uint8_t, Ipv6Address::kSize> bytes = prefix.address().bytes();
  for (unsigned bit = prefix.length(); bit < 127; ++bit) {
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] | 0x80u >> bit % 8);
  }
  return Ipv6Address(bytes);
}
namespace {

constexpr std::size_t kFixedSize = 8;  // of all four messages

}  // namespace

Parsed<HomeAgentAddressDiscoveryRequestView> HomeAgentAddressDiscoveryRequestView::check(Bytes message) {
  if (message.size() < kFixedSize) return drop(kHaadTruncated);
  return HomeAgentAddressDiscoveryRequestView(message);
}

Parsed<HomeAgentAddressDiscoveryReplyView> HomeAgentAddressDiscoveryReplyView::check(Bytes message) {
  if (message.size() < kFixedSize) return drop(kHaadTruncated);
  // RFC 6275 §6.6: the number of addresses "is indicated by the remaining length".
  if ((message.size() - kFixedSize) % Ipv6Address::kSize != 0) return drop(kHaadBadLength);
  return HomeAgentAddressDiscoveryReplyView(message);
}

HomeAgentAddressDiscoveryReply HomeAgentAddressDiscoveryReplyView::value() const {
  HomeAgentAddressDiscoveryReply reply{identifier(), {}, mobile_router_support()};
  for (std::size_t i = 0; i < size(); ++i) reply.home_agent_addresses.push_back(home_agent_address(i));
  return reply;
}

Parsed<MobilePrefixSolicitationView> MobilePrefixSolicitationView::check(Bytes message) {
  if (message.size() < kFixedSize) return drop(kMobilePrefixTruncated);
  const auto options = NdOptions::check(message.subspan(kFixedSize));
  if (!options) return drop(*options.error());
  return MobilePrefixSolicitationView(message, *options);
}

Parsed<MobilePrefixAdvertisementView> MobilePrefixAdvertisementView::check(Bytes message) {
  if (message.size() < kFixedSize) return drop(kMobilePrefixTruncated);
  const auto options = NdOptions::check(message.subspan(kFixedSize));
  if (!options) return drop(*options.error());
  return MobilePrefixAdvertisementView(message, *options);
}

void emit(ByteWriter& out, const HomeAgentAddressDiscoveryRequest& message) {
  emit_icmp6_header(out, Icmp6Type::HomeAgentAddressDiscoveryRequest, 0);
  out.u16(message.identifier);
  out.u16(message.mobile_router_support ? 0x8000 : 0);
}

void emit(ByteWriter& out, const HomeAgentAddressDiscoveryReply& message) {
  emit_icmp6_header(out, Icmp6Type::HomeAgentAddressDiscoveryReply, 0);
  out.u16(message.identifier);
  out.u16(message.mobile_router_support ? 0x8000 : 0);
  for (const Ipv6Address& address : message.home_agent_addresses) out.address(address);
}

void emit(ByteWriter& out, const MobilePrefixSolicitation& message) {
  emit_icmp6_header(out, Icmp6Type::MobilePrefixSolicitation, 0);
  out.u16(message.identifier);
  out.u16(0);
}

void emit(ByteWriter& out, const MobilePrefixAdvertisement& message) {
  emit_icmp6_header(out, Icmp6Type::MobilePrefixAdvertisement, 0);
  out.u16(message.identifier);
  out.u8(static_cast<std::uint8_t>((message.managed ? 0x80 : 0) | (message.other_configuration ? 0x40 : 0)));
  out.u8(0);
}

}  // namespace kamesim
