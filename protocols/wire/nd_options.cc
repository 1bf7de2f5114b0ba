#include "protocols/wire/nd_options.h"

#include <algorithm>
#include <limits>

#include "protocols/wire/time_units.h"

namespace kamesim {
namespace {

using Type = NdOptionType;

constexpr std::uint32_t kInfinity = 0xffff'ffff;
constexpr std::size_t kMaxLabel = 63;  // RFC 1035 §2.3.4

bool has(const NdOption& option, Type type, std::size_t size) {
  return option.type == type && option.bytes.size() == size;
}

// `size` counts type and length; it is rounded up to the unit of 8 octets.
void emit_header(ByteWriter& out, Type type, std::size_t size) {
  out.u8(static_cast<std::uint8_t>(type));
  out.u8(static_cast<std::uint8_t>((size + 7) / 8));
}

Duration load_lifetime(const std::uint8_t* p) {
  const std::uint32_t seconds = load_be32(p);
  return seconds == kInfinity ? kInfiniteLifetime : Duration::seconds(seconds);
}

void emit_lifetime(ByteWriter& out, Duration lifetime) {
  out.u32(lifetime == kInfiniteLifetime ? kInfinity : whole_units(lifetime, 1_s, kInfinity - 1));
}

template <typename Option>
std::optional<Option> parse_link_layer_address(const NdOption& option, Type type) {
  if (!has(option, type, 8)) return std::nullopt;  // RFC 2464 §6: Ethernet addresses
  return Option{MacAddress::from_bytes(option.bytes.data() + 2)};
}

// One encoded domain name (RFC 1035 §3.1, uncompressed). `at` moves behind it; false when it is malformed.
bool skip_domain_name(Bytes names, std::size_t& at) {
  while (at < names.size() && names[at] != 0) {
    if (names[at] > kMaxLabel) return false;
    at += 1 + std::size_t{names[at]};
  }
  return at++ < names.size();
}

std::size_t encoded_size(const std::string& domain_name) { return domain_name.size() + 2; }

void emit_domain_name(ByteWriter& out, const std::string& domain_name) {
  for (std::size_t begin = 0; begin < domain_name.size();) {
    const std::size_t end = std::min(domain_name.find('.', begin), domain_name.size());
    out.u8(static_cast<std::uint8_t>(end - begin));
    for (std::size_t i = begin; i < end; ++i) out.u8(static_cast<std::uint8_t>(domain_name[i]));
    begin = end + 1;
  }
  out.u8(0);
}

}  // namespace

Parsed<NdOptions> NdOptions::check(Bytes options) {
  for (Bytes rest = options; !rest.empty();) {
    if (rest.size() < 8) return drop(kNdOptionTruncated);
    const std::size_t size = 8 * std::size_t{rest[1]};
    if (size == 0) return drop(kNdOptionZeroLength);
    if (rest.size() < size) return drop(kNdOptionTruncated);
    rest = rest.subspan(size);
  }
  return NdOptions(options);
}

bool NdOptions::contains(NdOptionType type) const {
  return std::any_of(begin(), Iterator(options_.last(0)), [type](const NdOption& o) { return o.type == type; });
}

std::optional<SourceLinkLayerAddress> SourceLinkLayerAddress::parse(const NdOption& option) {
  return parse_link_layer_address<SourceLinkLayerAddress>(option, Type::SourceLinkLayerAddress);
}

std::optional<TargetLinkLayerAddress> TargetLinkLayerAddress::parse(const NdOption& option) {
  return parse_link_layer_address<TargetLinkLayerAddress>(option, Type::TargetLinkLayerAddress);
}

std::optional<PrefixInformation> PrefixInformation::parse(const NdOption& option) {
  const std::uint8_t* const p = option.bytes.data();
  if (!has(option, Type::PrefixInformation, 32) || p[2] > 128) return std::nullopt;
  return PrefixInformation{.address = Ipv6Address::from_bytes(p + 16),
                           .prefix_length = p[2],
                           .on_link = (p[3] & 0x80) != 0,
                           .autonomous = (p[3] & 0x40) != 0,
                           .router_address = (p[3] & 0x20) != 0,
                           .valid_lifetime = load_lifetime(p + 4),
                           .preferred_lifetime = load_lifetime(p + 8)};
}

std::optional<RedirectedHeader> RedirectedHeader::parse(const NdOption& option) {
  if (option.type != Type::RedirectedHeader) return std::nullopt;
  return RedirectedHeader{option.bytes.subspan(8)};
}

std::optional<Mtu> Mtu::parse(const NdOption& option) {
  if (!has(option, Type::Mtu, 8)) return std::nullopt;
  return Mtu{load_be32(option.bytes.data() + 4)};
}

std::optional<AdvertisementInterval> AdvertisementInterval::parse(const NdOption& option) {
  if (!has(option, Type::AdvertisementInterval, 8)) return std::nullopt;
  return AdvertisementInterval{Duration::milliseconds(load_be32(option.bytes.data() + 4))};
}

std::optional<HomeAgentInformation> HomeAgentInformation::parse(const NdOption& option) {
  const std::uint8_t* const p = option.bytes.data();
  // RFC 6275 §7.4: a Home Agent Lifetime of 0 MUST NOT be used.
  if (!has(option, Type::HomeAgentInformation, 8) || load_be16(p + 6) == 0) return std::nullopt;
  return HomeAgentInformation{load_be16(p + 4), Duration::seconds(load_be16(p + 6)), (p[2] & 0x80) != 0};
}

std::optional<NdNonce> NdNonce::parse(const NdOption& option) {
  if (option.type != Type::Nonce) return std::nullopt;
  return NdNonce{option.bytes.subspan(2)};
}

std::optional<RouterPreference> router_preference_from_bits(std::uint8_t bits) {
  switch (bits & 3) {
    case 0b01: return RouterPreference::High;
    case 0b00: return RouterPreference::Medium;
    case 0b11: return RouterPreference::Low;
    default: return std::nullopt;
  }
}

std::optional<RouteInformation> RouteInformation::parse(const NdOption& option) {
  if (option.type != Type::RouteInformation) return std::nullopt;
  const std::uint8_t* const p = option.bytes.data();
  const std::size_t prefix_size = option.bytes.size() - 8;
  const std::uint8_t prefix_length = p[2];
  // RFC 4191 §2.3: the Length is 1, 2 or 3, and the Prefix field holds at least Prefix Length bits.
  if (prefix_size > Ipv6Address::kSize || prefix_length > 8 * prefix_size) return std::nullopt;
  const auto preference = router_preference_from_bits(p[3] >> 3);
  if (!preference) return std::nullopt;  // RFC 4191 §2.3: the reserved value: the option MUST be ignored
  std::array<std::uint8_t, Ipv6Address::kSize> address{};
  std::copy_n(p + 8, prefix_size, address.begin());
  return RouteInformation{Ipv6Prefix(Ipv6Address(address), prefix_length), *preference, load_lifetime(p + 4)};
}

std::optional<RecursiveDnsServersView> RecursiveDnsServersView::parse(const NdOption& option) {
  if (option.type != Type::RecursiveDnsServers) return std::nullopt;
  // RFC 8106 §5.1: one or more addresses.
  if (option.bytes.size() < 24 || (option.bytes.size() - 8) % Ipv6Address::kSize != 0) return std::nullopt;
  return RecursiveDnsServersView(option.bytes);
}

Duration RecursiveDnsServersView::lifetime() const { return load_lifetime(option_.data() + 4); }

RecursiveDnsServers RecursiveDnsServersView::value() const {
  RecursiveDnsServers servers{lifetime(), {}};
  for (std::size_t i = 0; i < size(); ++i) servers.addresses.push_back(address(i));
  return servers;
}

std::optional<DnsSearchListView> DnsSearchListView::parse(const NdOption& option) {
  if (option.type != Type::DnsSearchList || option.bytes.size() < 16) return std::nullopt;
  const Bytes names = option.bytes.subspan(8);
  for (std::size_t at = 0; at < names.size();) {
    if (!skip_domain_name(names, at)) return std::nullopt;
  }
  return DnsSearchListView(option.bytes);
}

Duration DnsSearchListView::lifetime() const { return load_lifetime(option_.data() + 4); }

DnsSearchList DnsSearchListView::value() const {
  DnsSearchList list{lifetime(), {}};
  const Bytes names = option_.subspan(8);
  // RFC 8106 §5.2: zeros behind the last name are padding.
  for (std::size_t at = 0; at < names.size() && names[at] != 0; ++at) {
    std::string name;
    for (; names[at] != 0; at += 1 + std::size_t{names[at]}) {
      if (!name.empty()) name += '.';
      name.append(names.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                  names.begin() + static_cast<std::ptrdiff_t>(at) + 1 + names[at]);
    }
    list.domain_names.push_back(std::move(name));
  }
  return list;
}

void emit(ByteWriter& out, const SourceLinkLayerAddress& option) {
  emit_header(out, Type::SourceLinkLayerAddress, 8);
  out.mac(option.address);
}

void emit(ByteWriter& out, const TargetLinkLayerAddress& option) {
  emit_header(out, Type::TargetLinkLayerAddress, 8);
  out.mac(option.address);
}

void emit(ByteWriter& out, const PrefixInformation& option) {
  emit_header(out, Type::PrefixInformation, 32);
  out.u8(option.prefix_length);
  out.u8(static_cast<std::uint8_t>((option.on_link ? 0x80 : 0) | (option.autonomous ? 0x40 : 0) |
                                   (option.router_address ? 0x20 : 0)));
  emit_lifetime(out, option.valid_lifetime);
  emit_lifetime(out, option.preferred_lifetime);
  out.u32(0);
  // RFC 4861 §4.6.2: the bits behind the prefix length are zero, unless they are the router's (RFC 6275 §7.2).
  out.address(option.router_address ? option.address : option.prefix().address());
}

void emit(ByteWriter& out, const RedirectedHeader& option) {
  emit_header(out, Type::RedirectedHeader, 8 + option.packet.size());
  out.zeros(6);
  out.bytes(option.packet);
  out.zeros((8 - option.packet.size() % 8) % 8);
}

void emit(ByteWriter& out, const Mtu& option) {
  emit_header(out, Type::Mtu, 8);
  out.u16(0);
  out.u32(option.mtu);
}

void emit(ByteWriter& out, const AdvertisementInterval& option) {
  emit_header(out, Type::AdvertisementInterval, 8);
  out.u16(0);
  out.u32(whole_units(option.interval, 1_ms, std::numeric_limits<std::uint32_t>::max()));
}

void emit(ByteWriter& out, const HomeAgentInformation& option) {
  emit_header(out, Type::HomeAgentInformation, 8);
  out.u16(option.mobile_router_support ? 0x8000 : 0);
  out.u16(option.preference);
  out.u16(static_cast<std::uint16_t>(whole_units(option.lifetime, 1_s, 0xffff)));
}

void emit(ByteWriter& out, const NdNonce& option) {
  emit_header(out, Type::Nonce, 2 + option.nonce.size());
  out.bytes(option.nonce);
}

void emit(ByteWriter& out, const RouteInformation& option) {
  const unsigned length = option.prefix.length();
  const std::size_t prefix_size = length > 64 ? 16 : length > 0 ? 8 : 0;
  emit_header(out, Type::RouteInformation, 8 + prefix_size);
  out.u8(static_cast<std::uint8_t>(length));
  out.u8(static_cast<std::uint8_t>(to_bits(option.preference) << 3));
  emit_lifetime(out, option.lifetime);
  out.bytes(Bytes(option.prefix.address().bytes()).first(prefix_size));
}

void emit(ByteWriter& out, const RecursiveDnsServers& option) {
  emit_header(out, Type::RecursiveDnsServers, 8 + option.addresses.size() * Ipv6Address::kSize);
  out.u16(0);
  emit_lifetime(out, option.lifetime);
  for (const Ipv6Address& address : option.addresses) out.address(address);
}

void emit(ByteWriter& out, const DnsSearchList& option) {
  std::size_t size = 0;
  for (const std::string& name : option.domain_names) size += encoded_size(name);
  emit_header(out, Type::DnsSearchList, 8 + size);
  out.u16(0);
  emit_lifetime(out, option.lifetime);
  for (const std::string& name : option.domain_names) emit_domain_name(out, name);
  out.zeros((8 - size % 8) % 8);
}

std::optional<FlagsExpansion> FlagsExpansion::parse(const NdOption& option) {
  // RFC 5175 §4: what is longer than one unit is not recognized, and skipped.
  if (option.type != Type::FlagsExpansion) return std::nullopt;
  const std::uint8_t* const p = option.bytes.data();
  return FlagsExpansion{std::uint64_t{load_be16(p + 2)} << 32 | load_be32(p + 4)};
}

std::optional<CaptivePortal> CaptivePortal::parse(const NdOption& option) {
  if (option.type != Type::CaptivePortal) return std::nullopt;
  const Bytes content = option.bytes.subspan(2);
  const auto end = std::ranges::find(content, std::uint8_t{0});  // RFC 8910 §2.3: padded with zeros
  if (end == content.begin()) return std::nullopt;
  return CaptivePortal{std::string(content.begin(), end)};
}

void emit(ByteWriter& out, const FlagsExpansion& option) {
  emit_header(out, Type::FlagsExpansion, 8);
  out.u16(static_cast<std::uint16_t>(option.bits >> 32));
  out.u32(static_cast<std::uint32_t>(option.bits));
}

void emit(ByteWriter& out, const CaptivePortal& option) {
  emit_header(out, Type::CaptivePortal, 2 + option.uri.size());
  for (const char c : option.uri) out.u8(static_cast<std::uint8_t>(c));
  out.zeros((8 - (2 + option.uri.size()) % 8) % 8);
}

}  // namespace kamesim
