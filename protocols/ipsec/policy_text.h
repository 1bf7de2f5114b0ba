// The text form of policies: KAME's policy strings ("out ipsec esp/transport//require", ipsec_set_policy), and selectors
// as setkey's spdadd has them. What is written here is what is read here.
#pragma once

#include <string>
#include <string_view>

#include "protocols/ipsec/security_policy.h"
#include "protocols/ipsec/text_cursor.h"
#include "protocols/ipsec/text_names.h"

namespace kamesim::ipsec {

// What a policy string says: all of a policy but its selector and name.
struct PolicyText {
  Direction direction = Direction::Out;
  Action action = Action::Bypass;
  std::int32_t priority = 0;
  std::vector<Request> requests;
  friend bool operator==(const PolicyText&, const PolicyText&) = default;
};

// The base of "priority high + 5" (ipsec_set_policy).
inline constexpr std::int32_t kPriorityLow = -0x40000000, kPriorityDefault = 0, kPriorityHigh = 0x40000000;

// A policy string, and nothing behind it.
Read<PolicyText> parse_policy(std::string_view text);
// The same at the cursor, up to a ';' or the end, neither of which is taken.
Read<PolicyText> read_policy(TextCursor& in);
std::string to_text(const PolicyText& policy);
std::string to_text(const Request& request);
PolicyText policy_text_of(const SecurityPolicy& policy);

// "2001:db8::/64[any] 2001:db8:1::1[80] tcp": what stands between `spdadd` and -P. Beyond setkey's: ranges of addresses
// (a-b) and of ports ([1024-65535]), and `opaque` for protocol or ports. A name stands for all of its addresses, each
// with all of the other end's that are of the same version of IP: one selector at least.
Read<std::vector<Selector>> read_selectors(TextCursor& in, const NameLookup& names);
std::string to_text(const Selector& selector);

Read<Direction> read_direction(TextCursor& in);

const char* to_text(Direction direction);
const char* to_text(Action action);
const char* to_text(Protocol protocol);
const char* to_text(Mode mode);
const char* to_text(Level level);

}  // namespace kamesim::ipsec
