// When temporary addresses are made and how long they live (RFC 8981 §3.4 to §3.8).
#include "protocols/ip6/nd_temporary.h"

#include <gtest/gtest.h>

#include "protocols/ip6/nd_interface_id.h"

namespace kamesim {
namespace {

const Ipv6Prefix kPrefix = "2001:db8:1::/64"_ip6net;
constexpr Time at(Duration d) { return Time() + d; }

class Temporary : public ::testing::Test {
 protected:
  TemporaryAddressTiming timing{.temp_valid_lifetime = 2 * 86400_s, .temp_preferred_lifetime = 86400_s,
                                .regen_advance = TemporaryAddressTiming::regen_advance_of(1, 1_s)};
  TemporaryAddresses::Lifetimes forever{Time::max(), Time::max()};
  TemporaryAddresses machine{RandomStream(1, 2, "test")};
};

TEST_F(Temporary, RegenAdvanceIsFiveSecondsByDefault) {  // §3.8
  EXPECT_EQ(timing.regen_advance, 5_s);
  EXPECT_EQ(TemporaryAddressTiming::regen_advance_of(2, 500_ms), 5_s);
}

TEST_F(Temporary, OnePerPrefixWithBoundedLifetimes) {  // §3.4 steps 3, 4
  const auto made = machine.on_prefix(at(0_s), timing, kPrefix, forever);
  ASSERT_TRUE(made);
  EXPECT_TRUE(kPrefix.contains(made->address));
  EXPECT_EQ(made->lifetimes.valid_until, at(2 * 86400_s));
  EXPECT_LE(made->lifetimes.preferred_until, at(86400_s));
  EXPECT_GE(made->lifetimes.preferred_until, at(86400_s) - (86400_s).scaled(0.4));  // MAX_DESYNC_FACTOR
  EXPECT_FALSE(machine.on_prefix(at(10_s), timing, kPrefix, forever));
  EXPECT_TRUE(machine.on_prefix(at(10_s), timing, "2001:db8:2::/64"_ip6net, forever));
}

TEST_F(Temporary, LivesNoLongerThanItsPrefix) {  // §3.4 step 4
  const auto made = machine.on_prefix(at(0_s), timing, kPrefix, {at(100_s), at(200_s)});
  EXPECT_EQ(made->lifetimes.preferred_until, at(100_s));
  EXPECT_EQ(made->lifetimes.valid_until, at(200_s));
}

TEST_F(Temporary, IsNotMadeForAShortTime) {  // §3.4 step 5: more than REGEN_ADVANCE
  EXPECT_FALSE(machine.on_prefix(at(0_s), timing, kPrefix, {at(0_s), at(200_s)}));
  EXPECT_FALSE(machine.on_prefix(at(0_s), timing, kPrefix, {at(5_s), at(200_s)}));
  EXPECT_TRUE(machine.on_prefix(at(0_s), timing, kPrefix, {at(5_s) + 1_ns, at(200_s)}));
}

TEST_F(Temporary, ItsLifetimesGrowWithThePrefixUpToTheBound) {  // §3.4 steps 1, 2
  const auto made = machine.on_prefix(at(0_s), timing, kPrefix, forever);
  const auto bounded = machine.bounded(made->address, timing, {at(200000_s), Time::max()});
  EXPECT_EQ(bounded.preferred_until, made->lifetimes.preferred_until);
  EXPECT_EQ(bounded.valid_until, at(2 * 86400_s));
  EXPECT_EQ(machine.bounded(made->address, timing, {at(7_s), at(9_s)}).preferred_until, at(7_s));
}

TEST_F(Temporary, TheSuccessorComesRegenAdvanceBefore) {  // §3.5
  const auto made = machine.on_prefix(at(0_s), timing, kPrefix, forever);
  const Time due = made->lifetimes.preferred_until - timing.regen_advance;
  EXPECT_EQ(machine.next_timeout(timing), due);
  EXPECT_FALSE(machine.on_timeout(due - 1_ns, timing));
  const auto next = machine.on_timeout(due, timing);
  ASSERT_TRUE(next);
  EXPECT_NE(next->address, made->address);
  EXPECT_EQ(next->lifetimes.valid_until, due + 2 * 86400_s);
  EXPECT_FALSE(machine.on_timeout(due, timing));
  EXPECT_GT(machine.next_timeout(timing), due);
}

TEST_F(Temporary, ThreeAtATimeAtMost) {  // §3.8, the rationale of MAX_DESYNC_FACTOR
  machine.on_prefix(at(0_s), timing, kPrefix, forever);
  std::vector<Time> ends{at(2 * 86400_s)};
  for (int n = 0; n < 200; ++n) {
    const Time now = *machine.next_timeout(timing);
    const auto next = machine.on_timeout(now, timing);
    ASSERT_TRUE(next);
    ends.push_back(next->lifetimes.valid_until);
    std::erase_if(ends, [&](Time end) { return end <= now; });
    EXPECT_LE(ends.size(), 4u);  // the successor counted
  }
}

TEST_F(Temporary, ADuplicateIsReplacedThreeTimes) {  // §3.4 step 7: TEMP_IDGEN_RETRIES
  auto made = machine.on_prefix(at(0_s), timing, kPrefix, forever);
  for (int n = 0; n < 3; ++n) {
    const auto retry = machine.on_duplicate(at(1_s), timing, made->address);
    ASSERT_TRUE(retry.next) << n;
    EXPECT_NE(retry.next->address, made->address);
    made = retry.next;
  }
  const auto last = machine.on_duplicate(at(1_s), timing, made->address);
  EXPECT_FALSE(last.next);
  EXPECT_TRUE(last.gave_up);
  EXPECT_FALSE(machine.on_prefix(at(2_s), timing, kPrefix, forever));  // as long as it is attached
  machine.clear();
  EXPECT_TRUE(machine.on_prefix(at(3_s), timing, kPrefix, forever));
}

TEST_F(Temporary, FailuresCountOneAfterTheOther) {  // "consecutive attempts"
  auto made = machine.on_prefix(at(0_s), timing, kPrefix, forever);
  for (int n = 0; n < 10; ++n) {
    const auto retry = machine.on_duplicate(at(1_s), timing, made->address);
    ASSERT_TRUE(retry.next);
    made = retry.next;
    machine.on_unique(made->address);
  }
}

TEST_F(Temporary, AZeroPreferredLifetimeMakesNoSuccessor) {  // §3.5
  const auto made = machine.on_prefix(at(0_s), timing, kPrefix, forever);
  machine.set_preferred_until(made->address, at(100_s));
  EXPECT_FALSE(machine.on_prefix(at(100_s), timing, kPrefix, {at(100_s), at(200_s)}));
  EXPECT_FALSE(machine.on_timeout(at(100_s), timing));
  EXPECT_FALSE(machine.next_timeout(timing));  // nothing wakes up in vain
  EXPECT_TRUE(machine.on_prefix(at(150_s), timing, kPrefix, forever));  // a later one makes one
}

TEST_F(Temporary, NoneWhenTheBoundsLeaveNoTime) {  // §3.8: DESYNC_FACTOR below TEMP_PREFERRED_LIFETIME - REGEN_ADVANCE
  timing.temp_preferred_lifetime = 5_s;
  EXPECT_FALSE(machine.on_prefix(at(0_s), timing, kPrefix, forever));
  timing.temp_preferred_lifetime = 6_s;
  EXPECT_TRUE(machine.on_prefix(at(0_s), timing, kPrefix, forever));
}

TEST(ReservedIdentifiers, AreNotUsed) {  // RFC 5453 §3
  struct { std::uint64_t id; bool reserved; } cases[] = {
      {0, true}, {1, false}, {0x0200'5eff'fe00'0000, true}, {0x0200'5eff'feff'ffff, true},
      {0x0200'5eff'ff00'0000, false}, {0xfdff'ffff'ffff'ff7f, false}, {0xfdff'ffff'ffff'ff80, true},
      {0xfdff'ffff'ffff'ffff, true}, {0xfe00'0000'0000'0000, false}};
  for (const auto& c : cases) EXPECT_EQ(is_reserved(InterfaceId(c.id)), c.reserved) << std::hex << c.id;
}

// With Python: key = bytes(range(32)); m = prefix (16 bytes) + b'\x40' + b'\x04eth0' + bytes([counter]);
// hmac.new(key, m, 'sha256').digest()[-8:].hex()
TEST(OpaqueIdentifier, IsTheLowEndOfHmacSha256) {  // RFC 7217 §5
  SecretKey key;
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(opaque_interface_id({kPrefix, "eth0", 0}, key).value(), 0x0caebe1b8f8a1957);
  EXPECT_EQ(opaque_interface_id({kPrefix, "eth0", 1}, key).value(), 0x597726378dedc0ed);
  EXPECT_NE(opaque_interface_id({"2001:db8:2::/64"_ip6net, "eth0", 0}, key),
            opaque_interface_id({kPrefix, "eth0", 0}, key));
  EXPECT_NE(opaque_interface_id({kPrefix, "eth1", 0}, key), opaque_interface_id({kPrefix, "eth0", 0}, key));
}

}  // namespace
}  // namespace kamesim
