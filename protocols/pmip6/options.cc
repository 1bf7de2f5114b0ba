#include "protocols/pmip6/options.h"

#include <algorithm>

namespace kamesim::pmip6 {

namespace {

constexpr std::uint8_t kHomeNetworkPrefixSize = 18;
constexpr std::uint8_t kHintSize = 2;
constexpr std::uint8_t kTimestampSize = 8;
constexpr std::size_t kLinkLayerReserved = 2;
constexpr unsigned kMaxPrefixLength = 128;
constexpr std::int64_t kTicks = 65536;  // a second

bool length_ok(const Tlv& option) {
  const std::size_t size = option.data.size();
  switch (option.type) {
    case kMobileNodeIdentifierOption: return size >= 1;
    case kHomeNetworkPrefixOption: return size == kHomeNetworkPrefixSize;
    case kHandoffIndicatorOption:
    case kAccessTechnologyTypeOption: return size == kHintSize;
    case kMobileNodeLinkLayerIdentifierOption: return size >= kLinkLayerReserved;
    case kLinkLocalAddressOption: return size == Ipv6Address::kSize;
    case kTimestampOption: return size == kTimestampSize;
    default: return true;
  }
}

template <typename T>
void set_first(std::optional<T>& to, T value) {
  if (!to) to = std::move(value);
}

void read(Options& to, const Tlv& option) {
  const Bytes data = option.data;
  switch (option.type) {
    case kMobileNodeIdentifierOption:
      return set_first(to.mobile_node, MobileNodeIdentifier{data[0], {data.begin() + 1, data.end()}});
    case kHomeNetworkPrefixOption:
      to.home_network_prefixes.emplace_back(Ipv6Address::from_bytes(data.data() + 2), data[1]);
      return;
    case kHandoffIndicatorOption: return set_first(to.handoff_indicator, data[1]);
    case kAccessTechnologyTypeOption: return set_first(to.access_technology, data[1]);
    case kMobileNodeLinkLayerIdentifierOption:
      return set_first(to.link_layer_identifier, LinkLayerIdentifier(data.begin() + kLinkLayerReserved, data.end()));
    case kLinkLocalAddressOption: return set_first(to.link_local_address, Ipv6Address::from_bytes(data.data()));
    case kTimestampOption: return set_first(to.timestamp, load_be64(data.data()));
    default: return;
  }
}

void emit_hint(ByteWriter& out, TlvOptionsWriter& writer, std::uint8_t type, std::uint8_t value) {
  writer.begin_option(type, kHintSize);
  out.u8(0);
  out.u8(value);
}

}  // namespace

LinkLayerIdentifier link_layer_identifier(const MacAddress& mac) { return {mac.bytes().begin(), mac.bytes().end()}; }

bool is_all_zero(const LinkLayerIdentifier& identifier) {
  return std::ranges::all_of(identifier, [](std::uint8_t octet) { return octet == 0; });
}

Timestamp timestamp_of(Time time_of_day) {
  const std::int64_t ns = std::max(time_of_day.ns(), std::int64_t{0});
  constexpr std::int64_t kSecond = 1'000'000'000;
  return static_cast<Timestamp>(ns / kSecond * kTicks + ns % kSecond * kTicks / kSecond);
}

Time time_of(Timestamp timestamp) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  const auto seconds = static_cast<std::int64_t>(timestamp >> 16);
  if (seconds >= Time::max().ns() / kSecond) return Time::max();
  return Time::from_ns(seconds * kSecond + static_cast<std::int64_t>(timestamp & 0xffff) * kSecond / kTicks);
}

Parsed<Options> read_options(const TlvOptions& options) {
  Options read_so_far;
  for (const Tlv option : options) {
    if (!length_ok(option)) return drop(kBadOptionLength);
    if (option.type == kHomeNetworkPrefixOption && option.data[1] > kMaxPrefixLength) return drop(kBadPrefixLength);
    read(read_so_far, option);
  }
  return read_so_far;
}

void emit_options(ByteWriter& out, TlvOptionsWriter& writer, const Options& o) {
  if (o.mobile_node) {
    writer.begin_option(kMobileNodeIdentifierOption, static_cast<std::uint8_t>(1 + o.mobile_node->identifier.size()));
    out.u8(o.mobile_node->subtype);
    for (const char c : o.mobile_node->identifier) out.u8(static_cast<std::uint8_t>(c));
  }
  for (const Ipv6Prefix& prefix : o.home_network_prefixes) {
    writer.begin_option(kHomeNetworkPrefixOption, kHomeNetworkPrefixSize, {8, 4});
    out.u8(0);
    out.u8(static_cast<std::uint8_t>(prefix.length()));
    out.address(prefix.address());
  }
  if (o.handoff_indicator) emit_hint(out, writer, kHandoffIndicatorOption, *o.handoff_indicator);
  if (o.access_technology) emit_hint(out, writer, kAccessTechnologyTypeOption, *o.access_technology);
  if (o.timestamp) {
    writer.begin_option(kTimestampOption, kTimestampSize, {8, 2});
    out.u64(*o.timestamp);
  }
  if (o.link_layer_identifier) {
    const std::size_t size = kLinkLayerReserved + o.link_layer_identifier->size();
    writer.begin_option(kMobileNodeLinkLayerIdentifierOption, static_cast<std::uint8_t>(size), {4, 0});
    out.u16(0);
    out.bytes(*o.link_layer_identifier);
  }
  if (o.link_local_address) {
    writer.begin_option(kLinkLocalAddressOption, Ipv6Address::kSize, {8, 6});
    out.address(*o.link_local_address);
  }
}

}  // namespace kamesim::pmip6
