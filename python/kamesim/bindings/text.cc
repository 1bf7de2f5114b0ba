#include "protocols/wire/ipv4_address.h"
#include "python/kamesim/bindings/world.h"

namespace kamesim::python {

Ipv6Address parse_address(std::string_view text) {
  if (const auto address = parse_ip_address(text)) return *address;
  throw SimulationError("'" + std::string(text) + "' is not an IP address, such as '2001:db8::1' or '192.0.2.1'");
}

Ipv6Address parse_address_or_unspecified(const std::optional<std::string>& text) {
  return text ? parse_address(*text) : kUnspecified;
}

Ipv6Prefix parse_prefix(std::string_view text) {
  if (const auto prefix = parse_ip_prefix(text)) return *prefix;
  throw SimulationError("'" + std::string(text) + "' is not an IP prefix, such as '2001:db8:1::/64' or '192.0.2.0/24'");
}

std::optional<MacAddress> parse_mac(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  if (const auto mac = MacAddress::parse(*text)) return mac;
  throw SimulationError("'" + *text + "' is not a MAC address, such as '02:00:00:00:00:01'");
}

}  // namespace kamesim::python
