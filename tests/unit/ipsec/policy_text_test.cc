#include "protocols/ipsec/policy_text.h"

#include <gtest/gtest.h>

#include <string>

namespace kamesim::ipsec {
namespace {

std::string canonical(std::string_view text) {
  const auto policy = parse_policy(text);
  return policy ? to_text(*policy) : policy.error().message;
}

TEST(PolicyText, ReadsWhatIpsecSetPolicyDoes) {   // ipsec_set_policy(3), its forms and short forms
  struct { std::string_view text, canonical; } cases[] = {
      {"in discard", "in discard"},
      {"out none", "out none"},
      {"out bypass", "out none"},
      {"in entrust", "in entrust"},
      {"fwd discard", "fwd discard"},
      {"out ipsec esp/transport//use", "out ipsec esp/transport//use"},
      {"out ipsec esp/transport//require ah/transport//require",
       "out ipsec esp/transport//require ah/transport//require"},
      {"in ipsec ipcomp/transport//use esp/transport//use", "in ipsec ipcomp/transport//use esp/transport//use"},
      {"out ipsec esp/transport", "out ipsec esp/transport//default"},
      {"out ipsec esp/transport/", "out ipsec esp/transport//default"},
      {"out ipsec esp/transport/ ah/transport/", "out ipsec esp/transport//default ah/transport//default"},
      {"in ipsec esp/tunnel/10.1.1.2-10.1.1.1/use", "in ipsec esp/tunnel/10.1.1.2-10.1.1.1/use"},
      {"out ipsec esp/tunnel/2001:db8::1-2001:db8::2", "out ipsec esp/tunnel/2001:db8::1-2001:db8::2/default"},
      {"out ipsec esp / tunnel / ::1 - ::2 / require", "out ipsec esp/tunnel/::1-::2/require"},
      {"out\tipsec\nesp/transport//unique", "out ipsec esp/transport//unique"},
      {"out ipsec ah/transport//unique:1234", "out ipsec ah/transport//unique:1234"},
      {"out ipsec ah/transport/fec0::10-fec0::11/use", "out ipsec ah/transport/fec0::10-fec0::11/use"},
      {"out ipsec esp/any//require", "out ipsec esp/any//require"},
      {"out prio 5 discard", "out prio 5 discard"},
      {"out priority -5 discard", "out prio -5 discard"},
      {"out priority high discard", "out prio 1073741824 discard"},
      {"out priority low + 3 discard", "out prio -1073741821 discard"},
      {"out priority def - 3 discard", "out prio -3 discard"}};
  for (const auto& c : cases) {
    EXPECT_EQ(canonical(c.text), c.canonical) << c.text;
    EXPECT_EQ(canonical(c.canonical), c.canonical);
  }
}

TEST(PolicyText, SaysWhereAndWhatWouldBeRight) {
  struct { std::string_view text; unsigned line, column; std::string_view message; } cases[] = {
      {"", 1, 1, "expected a direction (in, out or fwd), found the end"},
      {"inwards discard", 1, 1, "expected a direction (in, out or fwd), found 'inwards'"},
      {"in drop", 1, 4, "expected discard, none, bypass, entrust or ipsec, found 'drop'"},
      {"in ipsec", 1, 9, "expected a request (PROTOCOL/MODE/SOURCE-DESTINATION/LEVEL), found the end"},
      {"in ipsec tcp/transport//use", 1, 10, "expected esp, ah or ipcomp, found 'tcp/transport//use'"},
      {"in ipsec\n esp/carrier//use", 2, 6, "expected transport or tunnel, found 'carrier//use'"},
      {"in ipsec esp/tunnel//use", 1, 14, "a tunnel needs its ends: tunnel/SOURCE-DESTINATION/LEVEL"},
      {"in ipsec esp/tunnel/::1/use", 1, 24, "expected '-' and the other end, found '/use'"},
      {"in ipsec esp/tunnel/::1-::1::/use", 1, 25, "expected an address of a tunnel's end, found '::1::/use'"},
      {"in ipsec esp/transport//must", 1, 25, "expected default, use, require or unique, found 'must'"},
      {"in ipsec esp/transport//unique:0", 1, 32, "expected a reqid (a number from 1 to 4294967295), found '0'"},
      {"in discard now", 1, 12, "expected the end of the policy, found 'now'"},
      {"in prio 2147483648 discard", 1, 9,
       "expected a priority (a number from -2147483648 to 2147483647), found '2147483648'"},
      {"in prio high + 1073741824 discard", 1, 9, "a priority beyond 32 bits"}};
  for (const auto& c : cases) {
    const auto policy = parse_policy(c.text);
    ASSERT_FALSE(policy) << c.text;
    EXPECT_EQ(policy.error().message, c.message);
    EXPECT_EQ(policy.error().line, c.line) << c.text;
    EXPECT_EQ(policy.error().column, c.column) << c.text;
  }
}

std::string selector(std::string_view text) {
  TextCursor in(text);
  const auto s = read_selectors(in, {});
  if (!s) return s.error().message;
  return in.at_end() ? to_text(s->front()) : "more behind it";
}

TEST(SelectorText, ReadsWhatSpdaddDoes) {   // setkey(8), src_range dst_range upperspec
  struct { std::string_view text, canonical; } cases[] = {
      {"::/0 ::/0 any", "::/0[any] ::/0[any] any"},
      {"10.0.11.41/32[21] 10.0.11.33/32[any] any", "10.0.11.41[21] 10.0.11.33[any] any"},
      {"0.0.0.0/0 192.0.2.0/24 tcp", "0.0.0.0/0[any] 192.0.2.0/24[any] tcp"},
      {"2001:db8::/64[1024-65535] 2001:db8:1::1[80] 6", "2001:db8::/64[1024-65535] 2001:db8:1::1[80] tcp"},
      {"2001:db8::5-2001:db8::8 ::/0[opaque] udp", "2001:db8::5-2001:db8::8[any] ::/0[opaque] udp"},
      {"::/0 ::/0 opaque", "::/0[any] ::/0[any] opaque"},
      {"::/0 ::/0 icmp6", "::/0[any] ::/0[any] icmp6"},
      {"::/0 ::/0 icmp6 135,0", "::/0 ::/0 icmp6 135,0"},
      {"::/0[135] ::/0[0] icmp6", "::/0 ::/0 icmp6 135,0"},
      {"::/0[135] ::/0 icmp6", "::/0 ::/0 icmp6 135"},
      {"::/0 ::/0 ipv6-icmp 133-137", "::/0 ::/0 icmp6 133-137"},
      {"::/0 ::/0 icmp6 1-3,2-4", "::/0 ::/0 icmp6 1-3,2-4"},
      {"::/0 ::/0 135 5,0", "::/0 ::/0 mh 5,0"},
      {"::/0 ::/0 mh 5", "::/0 ::/0 mh 5"},
      {"::/0 ::/0 mh opaque", "::/0 ::/0 mh opaque"},
      {"::/0 ::/0 253", "::/0[any] ::/0[any] 253"}};
  for (const auto& c : cases) {
    EXPECT_EQ(selector(c.text), c.canonical) << c.text;
    EXPECT_EQ(selector(c.canonical), c.canonical);
  }
}

TEST(SelectorText, SaysWhatWouldBeRight) {
  struct { std::string_view text, message; } cases[] = {
      {"fe80::1%eth0 ::/0 any", "addresses of IPsec have no zone: found 'fe80::1%eth0'"},
      {"::/129 ::/0 any", "expected a prefix length (a number from 0 to 128), found '129'"},
      {"10.0.0.0/33 10.0.0.0/8 any", "expected a prefix length (a number from 0 to 32), found '33'"},
      {"::1 10.0.0.1 any", "expected a destination of the same version of IP as the source"},
      {"::2-::1 ::/0 any", "the last address of a range is before its first"},
      {"::1[65536] ::/0 any", "expected a port (a number from 0 to 65535), found '65536'"},
      {"::1[80 ::/0 any", "expected ']', found '::/0'"},
      {"::1[80-79] ::/0 any", "expected the last port of a range (a number from 80 to 65535), found '79'"},
      {"::1 ::/0 tpc", "expected any, opaque, or a protocol (tcp, udp, icmp6, mh, ... or its number), found 'tpc'"},
      {"::1[any] ::/0[5] icmp6", "expected a type, and a code if any, from 0 to 255 where ports stand"},
      {"::1[1] ::/0[256] icmp6", "expected a type, and a code if any, from 0 to 255 where ports stand"},
      {"::1 ::/0 icmp6 256", "expected a type (a number from 0 to 255), found '256'"}};
  for (const auto& c : cases) EXPECT_EQ(selector(c.text), c.message) << c.text;
}

}  // namespace
}  // namespace kamesim::ipsec
