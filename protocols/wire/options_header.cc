#include "protocols/wire/options_header.h"

#include <array>

namespace kamesim {
namespace {

constexpr std::size_t kMinimumSize = 8;
constexpr std::size_t kOptionsOffset = 2;

bool has(const Tlv& option, std::uint8_t type, std::size_t size) {
  return option.type == type && option.data.size() == size;
}

}  // namespace

std::optional<Ipv6Address> home_address(const Tlv& option) {
  if (!has(option, kHomeAddressOption, Ipv6Address::kSize)) return std::nullopt;
  return Ipv6Address::from_bytes(option.data.data());
}

std::optional<std::uint8_t> tunnel_encapsulation_limit(const Tlv& option) {
  if (!has(option, kTunnelEncapsulationLimitOption, 1)) return std::nullopt;
  return option.data[0];
}

std::optional<std::uint16_t> router_alert(const Tlv& option) {
  if (!has(option, kRouterAlertOption, 2)) return std::nullopt;
  return load_be16(option.data.data());
}

std::optional<std::uint32_t> jumbo_payload_length(const Tlv& option) {
  if (!has(option, kJumboPayloadOption, 4)) return std::nullopt;
  return load_be32(option.data.data());
}

Parsed<OptionsHeaderView> OptionsHeaderView::check(Bytes header) {
  if (header.size() < kMinimumSize) return drop(kOptionsHeaderTruncated);
  const std::size_t length = 8 * (std::size_t{header[1]} + 1);
  if (header.size() < length) return drop(kOptionsHeaderTruncated);
  const auto options = TlvOptions::check(header.first(length), kOptionsOffset);
  if (!options) return drop(kOptionTruncated);
  return OptionsHeaderView(header.first(length), *options);
}

OptionsHeaderWriter::OptionsHeaderWriter(ByteWriter& out, NextHeader next_header)
    : out_(out), start_(out.size()), options_(out, out.size()) {
  out_.u8(static_cast<std::uint8_t>(next_header));
  out_.u8(0);
}

OptionsHeaderWriter& OptionsHeaderWriter::option(std::uint8_t type, Bytes data, TlvAlignment alignment) {
  options_.begin_option(type, static_cast<std::uint8_t>(data.size()), alignment);
  out_.bytes(data);
  return *this;
}

OptionsHeaderWriter& OptionsHeaderWriter::home_address(const Ipv6Address& address) {
  return option(kHomeAddressOption, address.bytes(), {8, 6});
}

OptionsHeaderWriter& OptionsHeaderWriter::tunnel_encapsulation_limit(std::uint8_t limit) {
  return option(kTunnelEncapsulationLimitOption, Bytes(&limit, 1));
}

OptionsHeaderWriter& OptionsHeaderWriter::router_alert(std::uint16_t value) {
  std::array<std::uint8_t, 2> data;
  store_be16(data.data(), value);
  return option(kRouterAlertOption, data, {2, 0});
}

void OptionsHeaderWriter::finish() { out_.at(start_)[1] = options_.finish(); }

void write_jumbo_payload_header(std::uint8_t* out, NextHeader next_header, std::uint32_t payload_length) {
  const std::array<std::uint8_t, 4> fixed = {static_cast<std::uint8_t>(next_header), 0, kJumboPayloadOption, 4};
  std::memcpy(out, fixed.data(), fixed.size());
  store_be32(out + fixed.size(), payload_length);
}

void write_home_address_header(std::uint8_t* out, NextHeader next_header, const Ipv6Address& home_address) {
  const std::array<std::uint8_t, 8> fixed = {
      static_cast<std::uint8_t>(next_header), 2, kTlvPadN, 2, 0, 0, kHomeAddressOption, Ipv6Address::kSize};
  std::memcpy(out, fixed.data(), fixed.size());
  home_address.copy_to(out + fixed.size());
}

void write_tunnel_encapsulation_limit_header(std::uint8_t* out, NextHeader next_header, std::uint8_t limit) {
  const std::array<std::uint8_t, kTunnelEncapsulationLimitHeaderSize> header = {
      static_cast<std::uint8_t>(next_header), 0, kTunnelEncapsulationLimitOption, 1, limit, kTlvPadN, 1, 0};
  std::memcpy(out, header.data(), header.size());
}

}  // namespace kamesim
