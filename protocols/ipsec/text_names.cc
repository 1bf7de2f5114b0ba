#include "protocols/ipsec/text_names.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "protocols/wire/ipv4_address.h"

namespace kamesim::ipsec {

namespace {

// As in /etc/protocols, and IANA's names. The first of a number is the one that is written.
constexpr std::pair<std::string_view, std::uint8_t> kProtocolNames[] = {
    {"icmp6", 58},    {"ipv6-icmp", 58}, {"icmpv6", 58}, {"icmp", 1},      {"tcp", 6},        {"udp", 17},
    {"sctp", 132},    {"dccp", 33},      {"esp", 50},    {"ah", 51},       {"ipcomp", 108},   {"ip4", 4},
    {"ipencap", 4},   {"ipip", 4},       {"ipv6", 41},   {"ip6", 41},      {"ospf", 89},      {"pim", 103},
    {"vrrp", 112},    {"gre", 47},       {"rsvp", 46},   {"mh", 135},      {"ip6-mh", 135},   {"ipv6-mh", 135},
    {"mobility", 135}, {"ipv6-frag", 44}, {"ipv6-route", 43}, {"ipv6-opts", 60}, {"ipv6-nonxt", 59}};

// The services that policies speak of.
constexpr std::pair<std::string_view, std::uint16_t> kServices[] = {
    {"echo", 7},     {"discard", 9}, {"ftp", 21},   {"ssh", 22},    {"telnet", 23}, {"smtp", 25},
    {"domain", 53},  {"tftp", 69},   {"http", 80},  {"pop3", 110},  {"ntp", 123},   {"imap", 143},
    {"snmp", 161},   {"bgp", 179},   {"ldap", 389}, {"https", 443}, {"isakmp", 500}, {"syslog", 514},
    {"rip", 520},    {"ripng", 521}, {"nfs", 2049}, {"ipsec-nat-t", 4500}, {"sip", 5060}};

bool is_number_of_ip4(std::string_view text) { return text.find_first_not_of("0123456789.") == std::string_view::npos; }

}  // namespace

Read<NameLookup> read_lookup_options(TextCursor& in, const ResolveName* resolve) {
  NameLookup lookup{.resolve = resolve};
  while (in.peek() == '-') {
    in.take('-');
    const TextCursor::Place at = in.place();
    const std::string_view options = in.name();
    if (options.empty() || options.find_first_not_of("46n") != std::string_view::npos) {
      return TextCursor::error(at, "expected -4, -6 or -n before the addresses");
    }
    const bool only_ip4 = options.find('4') != std::string_view::npos;
    const bool only_ip6 = options.find('6') != std::string_view::npos;
    if (only_ip4 != only_ip6) lookup.ip4 = only_ip4, lookup.ip6 = only_ip6;
    lookup.numeric = lookup.numeric || options.find('n') != std::string_view::npos;
  }
  return lookup;
}

Read<Ipv6Address> read_address(TextCursor& in, const char* what) {
  TextCursor before = in;
  const TextCursor::Place at = in.place();
  const std::string text(in.address());
  if (text.find('%') != std::string::npos) {
    return TextCursor::error(at, "addresses of IPsec have no zone: found '" + text + "'");
  }
  const auto address = parse_ip_address(text);
  if (!address) return before.expected(what);
  return *address;
}

Read<std::vector<Ipv6Address>> read_host(TextCursor& in, const char* what, const NameLookup& names) {
  TextCursor before = in;
  const TextCursor::Place at = in.place();
  const std::string_view digits = in.address();
  const bool number = digits.find_first_of(":%") != std::string_view::npos ||
                      (!digits.empty() && is_number_of_ip4(digits) && !in.goes_on());
  if (number || names.resolve == nullptr || !*names.resolve) {
    in = before;
    const auto address = read_address(in, what);
    if (!address) return tl::unexpected(address.error());
    return std::vector{*address};
  }
  in = before;
  const std::string name(in.name());
  if (names.numeric) return before.expected(std::string(what) + " as a number (-n)");
  const std::vector<Ipv6Address> all = name.empty() ? std::vector<Ipv6Address>() : (*names.resolve)(name);
  if (all.empty()) return before.expected(std::string(what) + ", or the name of a node that has one");
  std::vector<Ipv6Address> wanted;
  std::ranges::copy_if(all, std::back_inserter(wanted),
                       [&](const Ipv6Address& a) { return a.is_v4_mapped() ? names.ip4 : names.ip6; });
  if (wanted.empty()) {
    return TextCursor::error(at, "'" + name + "' has no address of " + (names.ip4 ? "IPv4 (-4)" : "IPv6 (-6)"));
  }
  return wanted;
}

Read<std::uint8_t> read_protocol_number(TextCursor& in) {
  constexpr std::string_view kWhat = "any, opaque, or a protocol (tcp, udp, icmp6, mh, ... or its number)";
  if (const char c = in.peek(); c >= '0' && c <= '9') {
    const auto number = in.number("a protocol", 0, 255);
    if (!number) return tl::unexpected(number.error());
    return static_cast<std::uint8_t>(*number);
  }
  TextCursor before = in;
  const std::string_view name = in.name();
  for (const auto& [known, number] : kProtocolNames) {
    if (known == name) return number;
  }
  return before.expected(kWhat);
}

std::string protocol_text(std::uint8_t number) {
  const auto known = std::ranges::find(kProtocolNames, number, &std::pair<std::string_view, std::uint8_t>::second);
  return known == std::end(kProtocolNames) ? std::to_string(number) : std::string(known->first);
}

Read<std::uint16_t> read_port(TextCursor& in, const char* what, std::uint16_t low) {
  TextCursor before = in;
  if (const char c = in.peek(); c == ']' || (c >= '0' && c <= '9')) {
    const auto port = in.number(what, low, 0xffff);
    if (!port) return tl::unexpected(port.error());
    return static_cast<std::uint16_t>(*port);
  }
  const std::string_view name = in.name();
  for (const auto& [service, port] : kServices) {
    if (service == name && port >= low) return port;
  }
  return before.expected(std::string(what) + ", or the name of a service (ssh, domain, http, isakmp, ...)");
}

}  // namespace kamesim::ipsec
