#include "protocols/wire/ipv4_address.h"

#include "protocols/wire/decimal.h"

namespace kamesim {

std::optional<Ipv4Bits> parse_ipv4(std::string_view text) {
  Ipv4Bits address = 0;
  for (int i = 0; i < 4; ++i) {
    const std::size_t dot = i < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return std::nullopt;
    const auto octet = parse_decimal(text.substr(0, dot), 255);
    if (!octet) return std::nullopt;
    address = address << 8 | *octet;
    text.remove_prefix(i < 3 ? dot + 1 : dot);
  }
  return address;
}

std::string ipv4_to_string(Ipv4Bits address) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) {
    out += std::to_string(address >> shift & 0xff);
    if (shift != 0) out += '.';
  }
  return out;
}

std::optional<Ipv6Address> parse_ip_address(std::string_view text) {
  if (text.find(':') != std::string_view::npos) return Ipv6Address::parse(text);
  const auto v4 = parse_ipv4(text);
  return v4 ? std::optional(v4_mapped(*v4)) : std::nullopt;
}

std::optional<Ipv6Prefix> parse_ip_prefix(std::string_view text) {
  if (text.find(':') != std::string_view::npos) return Ipv6Prefix::parse(text);
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = parse_ipv4(text.substr(0, slash));
  const auto length = parse_decimal(text.substr(slash + 1), 32);
  if (!address || !length) return std::nullopt;
  return Ipv6Prefix(v4_mapped(*address), kV4MappedLength + *length);
}

std::string ip_to_string(const Ipv6Address& address) {
  return address.is_v4_mapped() ? ipv4_to_string(ipv4_of(address)) : address.to_string();
}

std::string ip_to_string(const Ipv6Prefix& prefix) {
  if (prefix.length() < kV4MappedLength || !prefix.address().is_v4_mapped()) return prefix.to_string();
  return ipv4_to_string(ipv4_of(prefix.address())) + "/" + std::to_string(prefix.length() - kV4MappedLength);
}

}  // namespace kamesim
