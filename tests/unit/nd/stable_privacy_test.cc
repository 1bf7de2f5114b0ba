// Opaque interface identifiers (RFC 7217), and the reserved ones (RFC 5453).
#include "protocols/ip6/nd_stable_privacy.h"

#include <gtest/gtest.h>

#include <set>

namespace kamesim {
namespace {

const Ipv6Prefix kPrefix = "2001:db8:1::/64"_ip6net, kOther = "2001:db8:2::/64"_ip6net;
constexpr Time at(Duration d) { return Time() + d; }

SecretKey key(std::uint8_t fill) {
  SecretKey k;
  k.fill(fill);
  return k;
}
StablePrivacy on(const std::string& net_iface, std::uint8_t secret = 1) {
  return {key(secret), net_iface, RandomStream(1, 2, "test")};
}

TEST(OpaqueInterfaceId, IsTheLowHalfOfAnHmac) {  // §5; computed with Python's hmac module over the same bytes
  // HMAC-SHA-256, key 00 01 ... 1f, of 2001:db8:1:: (16 bytes), 40, 04, "eth0", 00.
  SecretKey secret;
  for (std::size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(opaque_interface_id({kPrefix, "eth0", 0}, secret).value(), 0x0caebe1b8f8a1957);
}

TEST(StablePrivacy, IsStableInAPrefixAndDiffersBetweenAllInputs) {  // §5: Prefix, Net_Iface, DAD_Counter, secret_key
  StablePrivacy a = on("eth0");
  const std::uint64_t first = a.identifier(kPrefix).value();
  EXPECT_EQ(a.identifier(kPrefix).value(), first);
  EXPECT_EQ(on("eth0").identifier(kPrefix).value(), first);
  const std::set<std::uint64_t> all{first, a.identifier(kOther).value(), on("eth1").identifier(kPrefix).value(),
                                    on("eth0", 2).identifier(kPrefix).value(),
                                    opaque_interface_id({kPrefix, "eth0", 1}, key(1)).value()};
  EXPECT_EQ(all.size(), 5u);
}

TEST(StablePrivacy, TriesThreeOthersAfterDuplicatesEachAfterADelay) {  // §6: IDGEN_RETRIES, IDGEN_DELAY
  StablePrivacy a = on("eth0");
  std::set<std::uint64_t> tried{a.identifier(kPrefix).value()};
  for (std::uint8_t n = 1; n <= kIdgenRetries; ++n) {
    ASSERT_TRUE(a.on_duplicate(at(n * 10_s), {kPrefix, Time::max(), Time::max(), {}})) << int{n};
    const auto due = a.next_timeout();
    ASSERT_TRUE(due);
    EXPECT_GE(*due, at(n * 10_s));
    EXPECT_LE(*due, at(n * 10_s) + kIdgenDelay);
    EXPECT_FALSE(a.take_due(*due - 1_ns));
    ASSERT_TRUE(a.take_due(*due));
    EXPECT_EQ(a.next_timeout(), std::nullopt);
    EXPECT_EQ(a.identifier(kPrefix).value(), opaque_interface_id({kPrefix, "eth0", n}, key(1)).value());
    tried.insert(a.identifier(kPrefix).value());
  }
  EXPECT_EQ(tried.size(), 4u);
  EXPECT_FALSE(a.on_duplicate(at(50_s), {kPrefix, Time::max(), Time::max(), {}}));
  EXPECT_EQ(a.next_timeout(), std::nullopt);
  a.on_new_link();
  EXPECT_TRUE(a.on_duplicate(at(60_s), {kPrefix, Time::max(), Time::max(), {}}));
}

TEST(StablePrivacy, ADuplicateInOnePrefixLeavesTheOthersAlone) {
  StablePrivacy a = on("eth0");
  const auto other = a.identifier(kOther).value();
  a.on_duplicate(at(0_s), {kPrefix, Time::max(), Time::max(), {}});
  EXPECT_EQ(a.identifier(kOther).value(), other);
}

TEST(ReservedInterfaceIds, AreThoseOfIana) {  // RFC 5453 §3
  const struct { std::uint64_t id; bool reserved; } cases[] = {
      {0, true}, {1, false},                                                         // Subnet-Router anycast
      {0x02005efffe000000, true}, {0x02005efffeffffff, true}, {0x02005eff00000000, false},  // IANA's block
      {0xfdffffffffffff80, true}, {0xfdffffffffffffff, true}, {0xfdffffffffffff7f, false},  // subnet anycast
      {0xffffffffffffffff, false}};
  for (const auto& c : cases) EXPECT_EQ(is_reserved(InterfaceId(c.id)), c.reserved) << std::hex << c.id;
}

TEST(RandomInterfaceIds, AreNeverReserved) {  // RFC 8981 §3.3.1
  RandomStream random(1, 2, "test");
  std::set<std::uint64_t> seen;
  for (int n = 0; n < 1000; ++n) {
    const InterfaceId id = random_interface_id(random);
    EXPECT_FALSE(is_reserved(id));
    seen.insert(id.value());
  }
  EXPECT_EQ(seen.size(), 1000u);
}

}  // namespace
}  // namespace kamesim
