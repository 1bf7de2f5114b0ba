#include "protocols/mip6/mobility_options.h"

#include <algorithm>

#include "protocols/wire/time_units.h"

namespace kamesim {
namespace {

constexpr std::uint8_t kRefreshAdviceSize = 2;
constexpr std::uint8_t kNonceIndicesSize = 4;
constexpr std::uint8_t kMobileNetworkPrefixSize = 18;

bool length_ok(const Tlv& option) {
  switch (option.type) {
    case kBindingRefreshAdviceOption: return option.data.size() == kRefreshAdviceSize;
    case kAlternateCareOfAddressOption: return option.data.size() == Ipv6Address::kSize;
    case kNonceIndicesOption: return option.data.size() == kNonceIndicesSize;
    case kMobileNetworkPrefixOption: return option.data.size() == kMobileNetworkPrefixSize;
    default: return true;
  }
}

}  // namespace

std::uint16_t units_of_duration(Duration d) {
  const auto units = static_cast<std::uint16_t>(whole_units(d, 4_s, 0xffff));
  return units == 0 && d > Duration() ? 1 : units;
}

bool mobility_option_lengths_ok(const TlvOptions& options) {
  for (const Tlv option : options) {
    if (!length_ok(option)) return false;
  }
  return true;
}

std::optional<Duration> binding_refresh_advice(const TlvOptions& options) {
  const auto option = options.find(kBindingRefreshAdviceOption);
  if (!option) return std::nullopt;
  return duration_of_units(load_be16(option->data.data()));
}

std::optional<Ipv6Address> alternate_care_of_address(const TlvOptions& options) {
  const auto option = options.find(kAlternateCareOfAddressOption);
  if (!option) return std::nullopt;
  return Ipv6Address::from_bytes(option->data.data());
}

std::optional<NonceIndices> nonce_indices(const TlvOptions& options) {
  const auto option = options.find(kNonceIndicesOption);
  if (!option) return std::nullopt;
  return NonceIndices{load_be16(option->data.data()), load_be16(option->data.data() + 2)};
}

std::vector<MobileNetworkPrefix> mobile_network_prefixes(const TlvOptions& options) {
  std::vector<MobileNetworkPrefix> prefixes;
  for (const Tlv option : options) {
    if (option.type != kMobileNetworkPrefixOption) continue;
    prefixes.push_back({option.data[1], Ipv6Address::from_bytes(option.data.data() + 2)});
  }
  return prefixes;
}

std::optional<Authenticator> authenticator(const TlvOptions& options, Bytes mh) {
  const auto option = options.find(kBindingAuthorizationDataOption);
  Authenticator value;
  if (!option || option->data.size() != value.size()) return std::nullopt;
  if (option->offset + kTlvHeaderSize + value.size() != mh.size()) return std::nullopt;
  std::copy(option->data.begin(), option->data.end(), value.begin());
  return value;
}

void emit_binding_refresh_advice(ByteWriter& out, TlvOptionsWriter& options, Duration refresh_interval) {
  options.begin_option(kBindingRefreshAdviceOption, kRefreshAdviceSize, {2, 0});
  out.u16(units_of_duration(refresh_interval));
}

void emit_mobile_network_prefix(ByteWriter& out, TlvOptionsWriter& options, const MobileNetworkPrefix& prefix) {
  options.begin_option(kMobileNetworkPrefixOption, kMobileNetworkPrefixSize, {8, 4});
  out.u8(0);
  out.u8(prefix.prefix_length);
  out.address(prefix.prefix);
}

void emit_alternate_care_of_address(ByteWriter& out, TlvOptionsWriter& options, const Ipv6Address& care_of) {
  options.begin_option(kAlternateCareOfAddressOption, Ipv6Address::kSize, {8, 6});
  out.address(care_of);
}

void emit_nonce_indices(ByteWriter& out, TlvOptionsWriter& options, const NonceIndices& indices) {
  options.begin_option(kNonceIndicesOption, kNonceIndicesSize, {2, 0});
  out.u16(indices.home_nonce_index);
  out.u16(indices.care_of_nonce_index);
}

void emit_authenticator(ByteWriter& out, TlvOptionsWriter& options, const Authenticator& value) {
  options.begin_option(kBindingAuthorizationDataOption, static_cast<std::uint8_t>(value.size()), {8, 2});
  out.bytes(value);
}

}  // namespace kamesim
