// setkey's language: scripts that fill, empty and show the databases. KAME's grammar, with what the setkeys of the BSDs
// and Linux added (spdupdate, priorities, esp-udp, -esn), and for what none of them has, -f options and names
// of policies (spdadd ... name "web" -P ...).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocols/ipsec/policy_text.h"
#include "protocols/ipsec/security_association.h"
#include "protocols/ipsec/text_cursor.h"

namespace kamesim::ipsec {

// A script with more is refused.
inline constexpr std::size_t kMaxCommands = 1 << 21;

namespace setkey {

struct Add { SaParameters parameters; };
struct Get { SaAddress address; };
struct Delete { SaAddress address; };
struct DeleteAll { Protocol protocol; Ipv6Address source, destination; };
struct Flush { std::optional<Protocol> protocol; };  // empty: all
struct Dump { std::optional<Protocol> protocol; };
struct SpdAdd { SecurityPolicy policy; bool update = false; };
struct SpdDelete { Direction direction; Selector selector; };
struct SpdFlush {};
struct SpdDump {};

struct Command {
  unsigned line = 1, column = 1;  // where it begins
  std::variant<Add, Get, Delete, DeleteAll, Flush, Dump, SpdAdd, SpdDelete, SpdFlush, SpdDump> what;
};

}  // namespace setkey

// All commands of a script, or the first error. A command with the names of hosts that have several addresses becomes
// several, one for each two of the same version of IP.
Read<std::vector<setkey::Command>> parse_setkey(std::string_view script, const ResolveName& resolve = {});

// As commands, without the end of the line: "add ... ;", "spdadd ... ;".
std::string to_setkey(const SaParameters& parameters);
std::string to_setkey(const SecurityPolicy& policy);

// Bytes as 0x and hexadecimal digits.
std::string key_text(Bytes key);

}  // namespace kamesim::ipsec
