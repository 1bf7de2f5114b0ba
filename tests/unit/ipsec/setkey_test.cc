#include "protocols/ipsec/setkey.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "protocols/wire/ipv4_address.h"
#include "tests/unit/wire/hex.h"

namespace kamesim::ipsec {
namespace {

using namespace setkey;

template <typename What>
What only(std::string_view script) {
  auto commands = parse_setkey(script);
  if (!commands) {
    ADD_FAILURE() << commands.error().line << ":" << commands.error().column << ": " << commands.error().message;
    return What{};
  }
  EXPECT_EQ(commands->size(), 1u);
  return std::get<What>(commands->at(0).what);
}

// The examples of setkey(8), and what the fields of each become.
TEST(Setkey, ReadsTheExamplesOfItsManual) {
  const auto commands = parse_setkey(R"(
    add 3ffe:501:4819::1 3ffe:501:481d::1 esp 123457
            -E des-cbc 0x3ffe05014819ffff ;

    add -6 2001:db8::1 2001:db8::2 ah 123456
            -A hmac-sha1 "AH SA configuration!" ;

    add 10.0.11.41 10.0.11.33 esp 0x10001
            -E des-cbc 0x3ffe05014819ffff
            -A hmac-md5 "authentication!!" ;

    get 3ffe:501:4819::1 3ffe:501:481d::1 ah 123456 ;

    flush ;

    dump esp ;

    spdadd 10.0.11.41/32[21] 10.0.11.33/32[any] any
            -P out ipsec esp/tunnel/192.168.0.1-192.168.1.2/require ;
  )");
  ASSERT_TRUE(commands) << commands.error().line << ": " << commands.error().message;
  ASSERT_EQ(commands->size(), 7u);
  const SaParameters& first = std::get<Add>(commands->at(0).what).parameters;
  EXPECT_EQ(first.address, (SaAddress{123457, Protocol::Esp, "3ffe:501:4819::1"_ip6, "3ffe:501:481d::1"_ip6}));
  EXPECT_EQ(first.encryption, Encryption::DesCbc);
  EXPECT_EQ(key_text(first.encryption_key.bytes()), "0x3ffe05014819ffff");
  EXPECT_EQ(first.mode, Mode::Any);
  const SaParameters& second = std::get<Add>(commands->at(1).what).parameters;
  EXPECT_EQ(second.integrity, Integrity::HmacSha1_96);
  EXPECT_EQ(second.integrity_key.size(), 20u);
  EXPECT_EQ(commands->at(3).line, 12u);
  EXPECT_EQ(std::get<Get>(commands->at(3).what).address.spi, 123456u);
  EXPECT_EQ(std::get<Flush>(commands->at(4).what).protocol, std::nullopt);
  EXPECT_EQ(std::get<Dump>(commands->at(5).what).protocol, Protocol::Esp);
  const SecurityPolicy& policy = std::get<SpdAdd>(commands->at(6).what).policy;
  EXPECT_EQ(policy.selector.source_port, ValueRange::of(21));
  EXPECT_EQ(policy.requests.at(0).mode, Mode::Tunnel);
}

TEST(Setkey, ReadsEachOptionOfAdd) {
  const SaParameters p = only<Add>(
      "add ::1 ::2 esp 0x1000 -m tunnel -r 32 -u 77 -f random-pad -f nocyclic-seq -lh 600 -ls 500 -bh 3000 -bs 2000 "
      "-esn -f dscp 10 -f clear-df -f tfc 1400 -f ecn-forbidden "
      "-E aes-gcm-16 0x000102030405060708090a0b0c0d0e0f10111213;").parameters;
  EXPECT_EQ(p.mode, Mode::Tunnel);
  EXPECT_EQ(p.replay_window, 256u);   // octets of the bit map
  EXPECT_EQ(p.reqid, 77u);
  EXPECT_EQ(p.padding, Padding::Random);
  EXPECT_FALSE(p.cyclic_sequence);
  EXPECT_EQ(p.hard, (Lifetime{.since_added = 600_s, .bytes = 3000}));
  EXPECT_EQ(p.soft, (Lifetime{.since_added = 500_s, .bytes = 2000}));
  EXPECT_TRUE(p.extended_sequence_numbers);
  EXPECT_EQ(p.dscp, 10);
  EXPECT_EQ(p.dont_fragment, DontFragment::Clear);
  EXPECT_EQ(p.tfc_pad_to, 1400);
  EXPECT_EQ(p.ecn, EcnMode::Forbidden);
  EXPECT_EQ(p.encryption, Encryption::AesGcm16);
}

TEST(Setkey, RoundsASmallReplayWindowUpToTheLeastThatThereIs) {   // RFC 4303 §3.4.3: 32 MUST be supported
  EXPECT_EQ(only<Add>("add ::1 ::2 ah 300 -r 1 -A null;").parameters.replay_window, kMinReplayWindow);
  EXPECT_EQ(only<Add>("add ::1 ::2 ah 300 -r 0 -A null;").parameters.replay_window, 0u);
}

TEST(Setkey, LetsManualNumbersStartAgainOnlyWithoutReplayProtection) {   // RFC 4303 §3.3.3
  EXPECT_TRUE(only<Add>("add ::1 ::2 ah 300 -A null;").parameters.cyclic_sequence);
  EXPECT_FALSE(only<Add>("add ::1 ::2 ah 300 -r 8 -A null;").parameters.cyclic_sequence);
  EXPECT_TRUE(only<Add>("add ::1 ::2 ah 300 -r 8 -f cyclic-seq -A null;").parameters.cyclic_sequence);
}

TEST(Setkey, ReadsUdpEncapsulationAndCompression) {   // RFC 3948, RFC 3173
  const SaParameters udp = only<Add>("add 192.0.2.1[4500] 192.0.2.2[30000] esp-udp 0x200 -E null -A hmac-md5 "
                                     "0x000102030405060708090a0b0c0d0e0f;").parameters;
  EXPECT_EQ(udp.address.protocol, Protocol::Esp);
  EXPECT_EQ(udp.udp, (UdpEncapsulation{4500, 30000}));
  const SaParameters compressed = only<Add>("add ::1 ::2 ipcomp 2 -C deflate;").parameters;
  EXPECT_EQ(compressed.compression, Compression::Deflate);
  EXPECT_EQ(compressed.address.spi, 2u);
}

TEST(Setkey, ReadsTheCommandsOfPolicies) {
  EXPECT_TRUE(only<SpdAdd>("spdupdate ::/0 ::/0 any -P in discard;").update);
  EXPECT_EQ(only<SpdAdd>("spdadd tagged \"voice\" -P out none;").policy.tag, "voice");
  EXPECT_EQ(only<SpdAdd>("spdadd tagged voice -P out none;").policy.tag, "voice");
  const SpdDelete gone = only<SpdDelete>("spddelete -6n ::1/128[80] ::/0 tcp -P out;");
  EXPECT_EQ(gone.direction, Direction::Out);
  EXPECT_EQ(gone.selector.source_port, ValueRange::of(80));
  only<SpdDelete>("spddelete ::1 ::/0 any -P out ipsec esp/tunnel/::1-::2/require;");
  only<SpdFlush>("spdflush;");
  only<SpdDump>("spddump ; # and a comment");
  const DeleteAll all = only<DeleteAll>("deleteall -46n ::1 ::2 esp ;");
  EXPECT_EQ(all.destination, "::2"_ip6);
  EXPECT_EQ(only<Delete>("delete ::1 ::2 ipcomp 9;").address.protocol, Protocol::IpComp);
}

TEST(Setkey, PassesOverCommentsAndEmptyCommands) {
  EXPECT_TRUE(parse_setkey("# nothing\n;;\n  \t\r\n# end")->empty());
}

TEST(Setkey, EndsWithExit) {   // ipsec-tools: exit, quit, bye
  for (const std::string end : {"exit", "quit", "bye"}) {
    const auto commands = parse_setkey("flush; " + end + "; what comes then is not read");
    ASSERT_TRUE(commands) << end;
    EXPECT_EQ(commands->size(), 1u);
  }
}

TEST(Setkey, HasNothingOfProtocolsThatAreNotThere) {
  for (const std::string protocol : {"esp-old", "ah-old", "tcp"}) {
    const auto commands =
        parse_setkey("flush " + protocol + "; dump " + protocol + "; deleteall ::1 ::2 " + protocol + ";");
    ASSERT_TRUE(commands) << protocol;
    EXPECT_TRUE(commands->empty());
  }
}

TEST(Setkey, ReadsKeysAsItsLexerDoes) {   // token.l: digits in odd number begin with one of their own; quotes span lines
  EXPECT_EQ(to_hex(only<Add>("add ::1 ::2 ah 300 -A null 0xabc;").parameters.integrity_key.bytes()), "0abc");
  EXPECT_EQ(only<Add>("add ::1 ::2 ah 300 -A null \"a\nb\";").parameters.integrity_key.size(), 3u);
}

TEST(Setkey, ReadsPortsByTheirServices) {
  EXPECT_EQ(only<SpdAdd>("spdadd ::1[ssh] ::/0[ipsec-nat-t] any -P in none;").policy.selector.destination_port,
            ValueRange::of(4500));
  const SaParameters p = only<Add>("add ::1[isakmp] ::2[any] esp-udp 300 -E des-cbc \"12345678\";").parameters;
  EXPECT_EQ(p.udp, (UdpEncapsulation{500, 4500}));
  only<SpdDelete>("spddelete ::1 ::/0 any -P out prio 5 ipsec esp/tunnel/::1[4500]-::2[4500]/unique:3;");
}

// A node called "left" with an address of each version, and "right" with two of IPv6.
std::vector<Ipv6Address> two_nodes(std::string_view name) {
  if (name == "left") return {"2001:db8::1"_ip6, "::ffff:192.0.2.1"_ip6};
  if (name == "right-2.lan") return {"2001:db8::2"_ip6, "2001:db8::3"_ip6};
  return {};
}

std::string written(std::string_view script) {
  const auto commands = parse_setkey(script, two_nodes);
  if (!commands) return std::to_string(commands.error().column) + ": " + commands.error().message;
  std::string text;
  for (const Command& command : *commands) {
    if (const auto* add = std::get_if<Add>(&command.what)) {
      const SaAddress& address = add->parameters.address;
      text += ip_to_string(address.source) + " " + ip_to_string(address.destination) + ";";
    } else if (const auto* policy = std::get_if<SpdAdd>(&command.what)) {
      text += to_text(policy->policy.selector) + ";";
    }
  }
  return text;
}

TEST(Setkey, LooksUpNames) {   // setkey(8): a name of several addresses stands for each, with each of the other end's
  struct { std::string_view script, becomes; } cases[] = {
      {"add left right-2.lan esp 300 -E des-cbc \"12345678\";", "2001:db8::1 2001:db8::2;2001:db8::1 2001:db8::3;"},
      {"add -4 left 192.0.2.9 esp 300 -E des-cbc \"12345678\";", "192.0.2.1 192.0.2.9;"},
      {"add -46 left ::9 esp 300 -E des-cbc \"12345678\";", "2001:db8::1 ::9;"},
      {"spdadd left[80] 2001:db8:9::/48 tcp -P out none;", "2001:db8::1[80] 2001:db8:9::/48[any] tcp;"},
      {"spdadd left left any -P out none;", "2001:db8::1[any] 2001:db8::1[any] any;192.0.2.1[any] 192.0.2.1[any] any;"},
      {"add -4 left right-2.lan esp 300 -E des-cbc \"12345678\";", "13: 'right-2.lan' has no address of IPv4 (-4)"},
      {"add right-2.lan 192.0.2.1 esp 300 -E des-cbc \"12345678\";",
       "17: expected a destination of the same version of IP as the source"},
      {"add -n left ::2 esp 300 -E des-cbc \"12345678\";",
       "8: expected the source's address as a number (-n), found 'left'"},
      {"add ::1 fade esp 300 -E des-cbc \"12345678\";",
       "9: expected the destination's address, or the name of a node that has one, found 'fade'"},
      {"add 192.0.2.300 ::2 esp 300 -E des-cbc \"12345678\";", "5: expected the source's address, found '192.0.2.300'"},
      {"spdadd right-2.lan/64 ::/0 any -P in none;", "8: a prefix length behind a name of several addresses"}};
  for (const auto& c : cases) EXPECT_EQ(written(c.script), c.becomes) << c.script;
}

TEST(Setkey, SaysWhereAndWhatWouldBeRight) {
  struct { std::string_view script; unsigned line, column; std::string_view message; } cases[] = {
      {"flush;\nad ::1 ::2 esp 300;", 2, 1,
       "expected a command (add, get, delete, deleteall, flush, dump, spdadd, spdupdate, spddelete, spdflush, "
       "spddump or exit), found 'ad'"},
      {"flush", 1, 6, "expected esp, ah, ipcomp or esp-udp, found the end"},
      {"spdflush", 1, 9, "expected ';', found the end"},
      {"add gateway ::2 esp 300;", 1, 5, "expected the source's address, found 'gateway'"},
      {"add ::1 192.0.2.1 esp 300;", 1, 9, "expected a destination of the same version of IP as the source"},
      {"add -x ::1 ::2 esp 300;", 1, 6, "expected -4, -6 or -n before the addresses"},
      {"add ::1 ::2 gre 300;", 1, 13, "expected esp, ah, ipcomp or esp-udp, found 'gre'"},
      {"add ::1 ::2 ah-old 300;", 1, 13,
       "not implemented: AH as in RFC 1826, obsolete since RFC 2402: ah is today's"},
      {"delete ::1 ::2 esp-old 300;", 1, 16,
       "not implemented: ESP as in RFC 1827, obsolete since RFC 2406: esp is today's"},
      {"add ::1 ::2 tcp 0x1000 -A tcp-md5 \"secret\";", 1, 13,
       "not implemented: signatures of TCP segments (RFC 2385)"},
      {"add ::1[any] ::2[ldaps] esp-udp 300;", 1, 18,
       "expected a port, or the name of a service (ssh, domain, http, isakmp, ...), found 'ldaps]'"},
      {"add ::1 ::2 esp 300 -ctx 1 1 \"a:b\" -E null;", 1, 26,
       "security contexts (-ctx) are not implemented: nodes here have no such labels"},
      {"add ::1 ::2 esp 300 -E null -A null;", 1, 36,
       "esp with neither encryption nor integrity protects nothing (RFC 4301 §4.2): -E or -A with an algorithm that is "
       "not null"},
      {"add ::1 ::2 esp 300 -f sequence 0x100000000 -E des-cbc \"12345678\";", 1, 66,
       "-f sequence beyond 32 bits is for extended sequence numbers: -f esn"},
      {"add ::1 ::2 esp 255 -E null;", 1, 17, "expected an SPI (a number from 256 to 4294967295), found '255'"},
      {"add ::1 ::2 esp 0x100000000 -E null;", 1, 17,
       "expected an SPI (a number from 256 to 4294967295), found '0x100000000'"},
      {"add ::1 ::2 esp 300;", 1, 20, "esp needs -E ALGORITHM KEY, or -A ALGORITHM KEY, or both"},
      {"add ::1 ::2 ah 300;", 1, 19, "ah needs -A ALGORITHM KEY"},
      {"add ::1 ::2 ipcomp 300;", 1, 23, "ipcomp needs -C deflate"},
      {"add ::1 ::2 esp 300\n  -E rot13 \"key\";", 2, 6, "expected the name of an algorithm, found 'rot13'"},
      {"add ::1 ::2 esp 300 -E twofish-cbc \"key\";", 1, 24, "twofish-cbc is not implemented: OpenSSL has no Twofish"},
      {"add ::1 ::2 esp 300 -E aes-cbc \"key\";", 1, 32, "a key of 3 octets; aes-cbc takes 16 to 32 in steps of 8"},
      {"add ::1 ::2 esp 300 -E aes-gcm-16 0x00;", 1, 35,
       "a key of 1 octets; aes-gcm-16 takes 20 to 36 in steps of 8, with 4 of salt at the end"},
      {"add ::1 ::2 esp 300 -E aes-cbc 0x012;", 1, 32, "a key of 2 octets; aes-cbc takes 16 to 32 in steps of 8"},
      {"add ::1 ::2 esp 300 -E aes-cbc \"open\n;", 1, 32, "a key whose closing '\"' is missing"},
      {"add ::1 ::2 esp 300 -E aes-cbc rosebud;", 1, 32,
       "expected a key, as \"text\" or as 0x and hexadecimal digits, found 'rosebud'"},
      {"add ::1 ::2 ah 300 -E null;", 1, 20, "-E is for esp"},
      {"add ::1 ::2 esp 300 -C deflate;", 1, 21, "-C is for ipcomp"},
      {"add ::1 ::2 esp 300 -r 513;", 1, 24,
       "expected a replay window in octets, 8 packets each (a number from 0 to 512), found '513'"},
      {"add ::1 ::2 esp 300 -E aes-gcm-16 0x000102030405060708090a0b0c0d0e0f10111213 -A hmac-md5 "
       "0x000102030405060708090a0b0c0d0e0f;", 1, 124,
       "aes-gcm-16 has integrity of its own: it goes without -A (RFC 4303 §3.2.3)"},
      {"spdadd ::/0 ::/0 any in discard;", 1, 22, "expected -P and a policy, found 'in'"},
      {"spdadd ::/0 ::/0 any -P in entrust;", 1, 22, "entrust is for policies of sockets: it asks this database"},
      {"spddelete ::/0 ::/0 any;", 1, 24, "expected -P and a direction, found ';'"},
      {"spddelete ::/0 ::/0 any -P in ipsec esp/both;", 1, 41, "expected transport or tunnel, found 'both'"}};
  for (const auto& c : cases) {
    const auto commands = parse_setkey(c.script);
    ASSERT_FALSE(commands) << c.script;
    EXPECT_EQ(commands.error().message, c.message);
    EXPECT_EQ(commands.error().line, c.line) << c.script;
    EXPECT_EQ(commands.error().column, c.column) << c.script;
  }
}

TEST(Setkey, ReadsWhatItWrites) {
  const std::string_view lines[] = {
      "add ::1 ::2 esp 0x00001000 -m tunnel -u 7 -r 32 -f esn -f nocyclic-seq -f zero-pad -f ecn-copy -f dscp 0 "
      "-f clear-df -f tfc 99 -f sequence 4294967296 -lh 9 -ls 8 -bh 7 -bs 6 "
      "-E rijndael-cbc 0x000102030405060708090a0b0c0d0e0f "
      "-A hmac-sha1 0x000102030405060708090a0b0c0d0e0f10111213 ;",
      "add 192.0.2.1[4500] 192.0.2.2[4500] esp-udp 0x00000200 -m any -f cyclic-seq -E des-cbc 0x3132333435363738 ;",
      "add ::1 ::2 ah 0x00000200 -m transport -f cyclic-seq -A null ;",
      "add ::1 ::2 ipcomp 0x00000002 -m any -f cyclic-seq -C deflate ;"};
  for (const std::string_view line : lines) EXPECT_EQ(to_setkey(only<Add>(line).parameters), line);
  const std::string_view policies[] = {
      "spdadd 2001:db8::/64[any] ::/0[80] tcp -P out prio 3 ipsec esp/transport//require ;",
      "spdadd ::/0 ::/0 icmp6 135,0 name \"neighbour discovery\" -P in none ;", "spdadd tagged \"voice\" -P in discard ;"};
  for (const std::string_view line : policies) EXPECT_EQ(to_setkey(only<SpdAdd>(line).policy), line);
}

}  // namespace
}  // namespace kamesim::ipsec
