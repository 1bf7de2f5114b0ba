// Node Information Queries (RFC 4620), as a tester on the link sees the answers.
#include "protocols/ip6/node_information.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

#include "tests/unit/ip6/packet_exchange.h"

namespace kamesim::testing {
namespace {

constexpr std::uint16_t kNoop = 0, kName = 2, kAddresses = 3, kIpv4Addresses = 4;
constexpr std::uint8_t kByAddress = 0, kByName = 1;
constexpr std::uint8_t kReply = 140;

class NodeInformationTest : public ::testing::Test {
 protected:
  static std::vector<std::uint8_t> query(std::uint16_t qtype, std::uint8_t code, std::vector<std::uint8_t> subject,
                                         std::uint16_t flags = 0) {
    std::vector<std::uint8_t> message = {139, code, 0, 0, 0, static_cast<std::uint8_t>(qtype),
                                         static_cast<std::uint8_t>(flags >> 8), static_cast<std::uint8_t>(flags),
                                         1, 2, 3, 4, 5, 6, 7, 8};
    message.insert(message.end(), subject.begin(), subject.end());
    return message;
  }
  static std::vector<std::uint8_t> bytes_of(const Ipv6Address& a) { return {a.data(), a.data() + 16}; }
  std::vector<std::uint8_t> us() { return bytes_of(x.link_local()); }
  static std::vector<std::uint8_t> data(const PacketExchange::Message& m) {
    return {m.bytes.begin() + 16, m.bytes.end()};
  }
  // The addresses of a reply, in order.
  std::vector<std::string> addresses(const PacketExchange::Message& m) {
    std::vector<std::string> texts;
    for (std::size_t at = 16; at + 20 <= m.bytes.size(); at += 20) {
      EXPECT_EQ(load_be32(m.bytes.data() + at), 0u) << "the TTL";
      texts.push_back(Ipv6Address::from_bytes(m.bytes.data() + at + 4).to_string());
    }
    return texts;
  }
  InterfaceAddress& add(const char* address) {
    return x.stack.add_address(x.interface, {.address = *Ipv6Address::parse(address), .skip_dad = true});
  }
  std::uint64_t drops(const char* name) { return x.node.drops(name); }

  PacketExchange x;
};

TEST_F(NodeInformationTest, NoopIsAnsweredWithTheNonceAndNoData) {  // RFC 4620 §6.1
  x.send_icmp6(query(kNoop, 1, {}));
  const auto reply = x.recv_icmp6();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->source, x.link_local());
  EXPECT_EQ(reply->destination, kTester);
  EXPECT_EQ((std::vector<std::uint8_t>{reply->bytes.begin() + 4, reply->bytes.end()}),
            hex("00000000 0102030405060708"));
  EXPECT_EQ(reply->type(), kReply);
  EXPECT_EQ(reply->code(), 0);
}

TEST_F(NodeInformationTest, TheNameIsASingleLabelWithTwoZeroOctetsBehind) {  // RFC 4620 §6.2
  x.send_icmp6(query(kName, kByAddress, us()));
  const auto reply = x.recv_icmp6();
  ASSERT_TRUE(reply);
  EXPECT_EQ(data(*reply), hex("00000000 046e6f6465 0000"));
}

TEST_F(NodeInformationTest, SubjectsByNameMatchInEitherCase) {  // RFC 4620 §5
  x.send_icmp6(query(kNoop + kName, kByName, hex("044e4f4445 0000")));  // NODE
  EXPECT_TRUE(x.recv_icmp6());
  x.send_icmp6(query(kName, kByName, hex("046e6f6466 0000")));
  EXPECT_FALSE(x.recv_icmp6());
  EXPECT_EQ(drops("ni6.subject_not_ours"), 1u);
}

TEST_F(NodeInformationTest, SubjectsOfOthersAreDiscardedSilently) {  // RFC 4620 §5
  const std::vector<std::uint8_t> others[] = {bytes_of(kTesterGlobal), hex("01"), {}, hex("7f000001")};
  for (const auto& subject : others) x.send_icmp6(query(kName, kByAddress, subject));
  x.send_icmp6(query(kName, 2, hex("7f000001")));
  x.send_icmp6(query(kName, 77, us()));
  EXPECT_FALSE(x.recv_icmp6());
  EXPECT_EQ(drops("ni6.subject_not_ours"), 6u);
}

TEST_F(NodeInformationTest, AddressesAreThoseOfTheScopesAskedFor) {  // RFC 4620 §6.3
  add("2001:db8:1::1");
  add("fec0::1");
  const std::string link_local = x.link_local().to_string();
  const std::pair<std::uint16_t, std::vector<std::string>> cases[] = {
      {0, {}}, {0x08, {link_local}}, {0x20, {"2001:db8:1::1"}}, {0x10, {"fec0::1"}},
      {0x3a, {link_local, "2001:db8:1::1", "fec0::1"}}};
  for (const auto& [flags, expected] : cases) {
    x.send_icmp6(query(kAddresses, kByAddress, us(), flags));
    const auto reply = x.recv_icmp6();
    ASSERT_TRUE(reply) << flags;
    EXPECT_EQ(addresses(*reply), expected) << flags;
    EXPECT_EQ(load_be16(reply->bytes.data() + 6), flags) << "flags are copied";
  }
}

TEST_F(NodeInformationTest, DeprecatedAddressesComeLast) {  // RFC 4620 §6.3
  x.stack.add_address(x.interface, {.address = "2001:db8:1::1"_ip6, .skip_dad = true,
                                    .preferred_until = x.now() + 1_s});
  add("2001:db8:1::2");
  x.run(2_s);
  x.send_icmp6(query(kAddresses, kByAddress, us(), 0x20));
  EXPECT_EQ(addresses(*x.recv_icmp6()), (std::vector<std::string>{"2001:db8:1::2", "2001:db8:1::1"}));
}

TEST_F(NodeInformationTest, AReplyFitsTheMinimumMtuAndSaysThatItIsTruncated) {  // RFC 4620 §6.3
  for (int i = 1; i <= 100; ++i) {
    x.stack.add_address(x.interface, {.address = Ipv6Address::from_halves(0x2001'0db8'0001'0000, i), .skip_dad = true});
  }
  x.send_icmp6(query(kAddresses, kByAddress, us(), 0x20));
  const auto reply = x.recv_icmp6();
  ASSERT_TRUE(reply);
  EXPECT_EQ(addresses(*reply).size(), 61u);
  EXPECT_LE(reply->bytes.size() + kIpv6HeaderSize, 1280u);
  EXPECT_EQ(load_be16(reply->bytes.data() + 6), 0x21);
}

TEST_F(NodeInformationTest, UnknownQtypesAreToldSo) {  // RFC 4620 §5, §6
  for (const std::uint16_t qtype : {std::uint16_t{1}, kIpv4Addresses, std::uint16_t{99}}) {
    x.send_icmp6(query(qtype, kByAddress, us()));
    const auto reply = x.recv_icmp6();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->code(), 2);
    EXPECT_EQ(reply->bytes.size(), 16u);
  }
}

TEST_F(NodeInformationTest, TemporaryAddressesAreToldToNobody) {  // RFC 4620 §8
  add("2001:db8:1::1");
  add("2001:db8:1::7").temporary = true;
  x.send_icmp6(query(kAddresses, kByAddress, us(), 0x22));
  EXPECT_EQ(addresses(*x.recv_icmp6()), std::vector<std::string>{"2001:db8:1::1"});
  x.send_icmp6(query(kName, kByAddress, bytes_of("2001:db8:1::7"_ip6)));
  x.send_icmp6(query(kNoop, 1, {}), kTester, "2001:db8:1::7"_ip6);
  EXPECT_FALSE(x.recv_icmp6());
  EXPECT_EQ(drops("ni6.temporary_address_refused"), 2u);
}

TEST_F(NodeInformationTest, GlobalQueriersAreRefusedUnlessConfigured) {  // RFC 4620 §8
  add("2001:db8:1::1");
  x.send_icmp6(query(kNoop, 1, {}), kTesterGlobal);
  EXPECT_FALSE(x.recv_icmp6());
  EXPECT_EQ(drops("ni6.global_querier_refused"), 1u);
  x.stack.mutable_config().node_information_to_global = true;
  x.send_icmp6(query(kNoop, 1, {}), kTesterGlobal);
  EXPECT_TRUE(x.recv_icmp6());
}

TEST_F(NodeInformationTest, TheSwitchTurnsItOff) {
  x.stack.mutable_config().node_information = false;
  x.send_icmp6(query(kNoop, 1, {}));
  EXPECT_FALSE(x.recv_icmp6());
}

TEST_F(NodeInformationTest, TheGroupOfTheNameIsJoinedAndRepliesToItAreSpread) {  // RFC 4620 §5
  const Ipv6Address group = "ff02::2:ff77:5990"_ip6;  // the MD5 of "\4node" begins with 77 59 90
  EXPECT_EQ(node_information_group("node"), group);
  EXPECT_EQ(node_information_group("NODE.example.org"), group);
  EXPECT_TRUE(x.interface.in_group(group));
  std::set<Time> times;
  const Time start = x.now();
  for (int i = 0; i < 5; ++i) x.send_icmp6(query(kName, kByName, hex("046e6f6465 0000")), kTester, group);
  while (const auto reply = x.recv_icmp6(10_s)) {
    EXPECT_LE(reply->time, start + 10_s + 1_ms);
    EXPECT_EQ(reply->source, x.link_local());
    times.insert(reply->time);
  }
  EXPECT_EQ(times.size(), 5u);
}

TEST_F(NodeInformationTest, RepliesAreLimited) {  // RFC 4620 §8
  for (int i = 0; i < 500; ++i) x.send_icmp6(query(kNoop, 1, {}));
  std::size_t replies = 0;
  while (x.recv_icmp6()) ++replies;
  EXPECT_EQ(replies, 10u);
  EXPECT_EQ(drops("ni6.limited"), 490u);
}

TEST_F(NodeInformationTest, ShortQueriesAreDropped) {
  x.send_icmp6({139, 1, 0, 0, 0, 0});
  EXPECT_EQ(drops("ni6.truncated"), 1u);
}

// --- Names (RFC 4620 §4) -------------------------------------------------------------------------------------------------

TEST(NodeInformationName, IsInDnsWireFormat) {
  EXPECT_EQ(node_information_name("a"), hex("0161 0000"));
  EXPECT_EQ(node_information_name("a.bc."), hex("0161 026263 00"));
  for (const std::string& bad : {std::string(), std::string("a..b"), std::string(64, 'x')}) {
    EXPECT_TRUE(node_information_name(bad).empty()) << bad;
  }
}

TEST(NodeInformationName, MatchesByTheRulesOfSection5) {
  const auto own = node_information_name("host.example.org");
  EXPECT_TRUE(node_information_name_matches(hex("04484f5354 0000"), own));
  EXPECT_TRUE(node_information_name_matches(own, own));
  EXPECT_FALSE(node_information_name_matches(hex("04686f7374 00"), own)) << "fully qualified, and another name";
  EXPECT_FALSE(node_information_name_matches(hex("04686f7374"), own));
  EXPECT_FALSE(node_information_name_matches(hex("c004 0000"), own)) << "compressed";
  EXPECT_FALSE(node_information_name_matches(hex("0000"), own));
  EXPECT_FALSE(node_information_name_matches({}, own));
  EXPECT_FALSE(node_information_name_matches(hex("04686f7374 0000"), {}));
}

}  // namespace
}  // namespace kamesim::testing
