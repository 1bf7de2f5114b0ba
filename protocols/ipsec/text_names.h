// The names in setkey's scripts: of hosts, which the caller looks up, of protocols and of ports.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/ipsec/text_cursor.h"
#include "protocols/wire/ipv6_address.h"

namespace kamesim::ipsec {

// The addresses of a host, of both versions of IP; none: there is no such host, or it has none.
using ResolveName = std::function<std::vector<Ipv6Address>(std::string_view name)>;

// How the names in one command are looked up: setkey's -4, -6 and -n.
struct NameLookup {
  const ResolveName* resolve = nullptr;  // null or empty: there are no names
  bool ip4 = true, ip6 = true;
  bool numeric = false;
};

// -4, -6 and -n in any order, alone or together.
Read<NameLookup> read_lookup_options(TextCursor& in, const ResolveName* resolve);

// One address of either version of IP, without zone.
Read<Ipv6Address> read_address(TextCursor& in, const char* what);
// The same, or the name of a host: then all of its addresses that are asked for, one at least.
Read<std::vector<Ipv6Address>> read_host(TextCursor& in, const char* what, const NameLookup& names);

// A protocol by its number or by its name (/etc/protocols, IANA).
Read<std::uint8_t> read_protocol_number(TextCursor& in);
// The name that is written; the number if it has none.
std::string protocol_text(std::uint8_t number);

// A port by its number or by the name of its service (/etc/services).
Read<std::uint16_t> read_port(TextCursor& in, const char* what, std::uint16_t low = 0);

}  // namespace kamesim::ipsec
