#include "python/kamesim/bindings/world.h"

namespace kamesim::python {

Ipv6Address parse_address(std::string_view text) {
  if (const auto address = Ipv6Address::parse(text)) return *address;
  throw SimulationError("'" + std::string(text) + "' is not an IPv6 address, such as '2001:db8::1'");
}

Ipv6Address parse_address_or_unspecified(const std::optional<std::string>& text) {
  return text ? parse_address(*text) : kUnspecified;
}

Ipv6Prefix parse_prefix(std::string_view text) {
  if (const auto prefix = Ipv6Prefix::parse(text)) return *prefix;
  throw SimulationError("'" + std::string(text) + "' is not an IPv6 prefix, such as '2001:db8:1::/64'");
}

std::optional<MacAddress> parse_mac(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  if (const auto mac = MacAddress::parse(*text)) return mac;
  throw SimulationError("'" + *text + "' is not a MAC address, such as '02:00:00:00:00:01'");
}

}  // namespace kamesim::python
