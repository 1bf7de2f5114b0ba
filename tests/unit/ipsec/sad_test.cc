#include "protocols/ipsec/sad.h"

#include <gtest/gtest.h>

#include <utility>

namespace kamesim::ipsec {
namespace {

const Ipv6Address kHere = "2001:db8:1::1"_ip6, kThere = "2001:db8:2::2"_ip6, kOther = "2001:db8:3::3"_ip6;

SaParameters esp(Spi spi, const Ipv6Address& from = kHere, const Ipv6Address& to = kThere) {
  SaParameters p;
  p.address = {spi, Protocol::Esp, from, to};
  return p;
}

constexpr Time at(Duration d) { return Time() + d; }

using Kind = Sad::Expiration::Kind;

TEST(Sad, FindsByWhatAPacketSays) {   // RFC 4301 §4.1: SPI, protocol and destination; the source is anybody's
  Sad sad;
  SecurityAssociation* sa = *sad.add(esp(0x1001), Time());
  EXPECT_EQ(sad.inbound(0x1001, Protocol::Esp, kHere, kThere), sa);
  EXPECT_EQ(sad.inbound(0x1001, Protocol::Esp, kOther, kThere), sa);
  EXPECT_EQ(sad.inbound(0x1002, Protocol::Esp, kHere, kThere), nullptr);
  EXPECT_EQ(sad.inbound(0x1001, Protocol::Ah, kHere, kThere), nullptr);
  EXPECT_EQ(sad.inbound(0x1001, Protocol::Esp, kThere, kHere), nullptr);
}

TEST(Sad, TellsAssociationsOfAGroupApartBySource) {   // RFC 4301 §4.1, steps 1 and 2
  const Ipv6Address group = "ff0e::1"_ip6;
  Sad sad;
  SecurityAssociation* from_here = *sad.add(esp(0x1001, kHere, group), Time());
  SecurityAssociation* from_other = *sad.add(esp(0x1001, kOther, group), Time());
  EXPECT_EQ(sad.inbound(0x1001, Protocol::Esp, kHere, group), from_here);
  EXPECT_EQ(sad.inbound(0x1001, Protocol::Esp, kOther, group), from_other);
  EXPECT_EQ(sad.inbound(0x1001, Protocol::Esp, kThere, group), nullptr);
  SecurityAssociation* from_any = *sad.add(esp(0x1001, Ipv6Address{}, group), Time());
  EXPECT_EQ(sad.inbound(0x1001, Protocol::Esp, kThere, group), from_any);
  EXPECT_EQ(sad.inbound(0x1001, Protocol::Esp, kHere, group), from_here);
}

TEST(Sad, RefusesOneThatAPacketCouldNotTellFromAnother) {
  Sad sad;
  ASSERT_TRUE(sad.add(esp(0x1001, kHere), Time()));
  EXPECT_EQ(sad.add(esp(0x1001, kOther), Time()).error(), std::errc::file_exists);
  EXPECT_TRUE(sad.add(esp(0x1001, kHere, kOther), Time()));
}

TEST(Sad, FindsByWhatAPolicyAsks) {
  Sad sad;
  SaParameters tunnel = esp(1001), unique = esp(1002), ah = esp(1003);
  tunnel.mode = Mode::Tunnel;
  unique.mode = Mode::Transport, unique.reqid = 5;
  ah.address.protocol = Protocol::Ah, ah.mode = Mode::Any;
  SecurityAssociation* for_tunnel = *sad.add(tunnel, Time());
  SecurityAssociation* for_unique = *sad.add(unique, Time());
  SecurityAssociation* for_ah = *sad.add(ah, Time());
  const auto find = [&](Request r) { return sad.outbound(r, kHere, kThere); };
  EXPECT_EQ(find({.mode = Mode::Tunnel}), for_tunnel);
  EXPECT_EQ(find({.mode = Mode::Transport}), for_unique);                          // any reqid will do
  EXPECT_EQ(find({.mode = Mode::Any}), for_tunnel);
  EXPECT_EQ(find({.mode = Mode::Transport, .level = Level::Unique, .reqid = 5}), for_unique);
  EXPECT_EQ(find({.mode = Mode::Transport, .level = Level::Unique, .reqid = 6}), nullptr);
  EXPECT_EQ(find({.protocol = Protocol::Ah, .mode = Mode::Tunnel}), for_ah);       // of any mode
  EXPECT_EQ(sad.outbound({.mode = Mode::Tunnel}, kThere, kHere), nullptr);
}

TEST(Sad, UsesTheOlderOfTwoUntilToldOtherwise) {   // KAME's key.preferred_oldsa
  Sad sad;
  SecurityAssociation* older = *sad.add(esp(1001), Time());
  SecurityAssociation* newer = *sad.add(esp(1002), at(1_s));
  const auto used = [&] { return sad.outbound({}, kHere, kThere); };
  EXPECT_EQ(used(), older);
  sad.set_prefer_old(false);
  EXPECT_EQ(used(), newer);
  newer->state = SaState::Dying;
  EXPECT_EQ(used(), older);
  sad.set_prefer_old(true);
  EXPECT_EQ(used(), newer);   // the one that ends first is used up first
  newer->state = SaState::Dead;
  EXPECT_EQ(used(), older);
}

TEST(Sad, ForgetsALarvalOneAfterThirtySeconds) {   // RFC 2367 §3.1.1; KAME's key.larval_lifetime
  Sad sad;
  ASSERT_TRUE(sad.add_larval(esp(1001).address, Mode::Any, 0, 7, at(5_s)));
  EXPECT_EQ(sad.inbound(1001, Protocol::Esp, kHere, kThere), nullptr);
  EXPECT_EQ(sad.outbound({}, kHere, kThere), nullptr);
  EXPECT_NE(sad.find_larval(7), nullptr);
  EXPECT_EQ(sad.next_timeout(), at(35_s));
  const auto expired = sad.on_timeout(at(35_s));
  ASSERT_EQ(expired.size(), 1u);
  EXPECT_EQ(expired[0].kind, Kind::Larval);
  EXPECT_EQ(sad.size(), 0u);
}

TEST(Sad, MaturesByUpdate) {   // RFC 2367 §3.1.2
  Sad sad;
  SecurityAssociation* sa = *sad.add_larval(esp(1001).address, Mode::Any, 0, 7, Time());
  SaParameters full = esp(1001);
  full.soft.since_added = 60_s, full.hard.since_added = 90_s;
  sad.update(*sa, full, at(10_s));
  EXPECT_EQ(sa->state, SaState::Mature);
  EXPECT_EQ(sad.outbound({}, kHere, kThere), sa);
  EXPECT_EQ(sad.inbound(1001, Protocol::Esp, kHere, kThere), sa);
  EXPECT_EQ(sad.next_timeout(), at(70_s));   // counted from the update
  EXPECT_EQ(sad.find_larval(7), nullptr);
}

TEST(Sad, DiesInTwoStepsByTime) {   // RFC 4301 §4.4.2.1: soft and hard lifetimes
  Sad sad;
  SaParameters p = esp(1001);
  p.soft.since_added = 60_s, p.hard.since_added = 90_s;
  SecurityAssociation* sa = *sad.add(p, Time());
  EXPECT_TRUE(sad.on_timeout(at(59_s)).empty());
  auto expired = sad.on_timeout(at(60_s));
  ASSERT_EQ(expired.size(), 1u);
  EXPECT_EQ(expired[0].kind, Kind::Soft);
  EXPECT_EQ(sa->state, SaState::Dying);
  EXPECT_TRUE(sa->usable());
  EXPECT_EQ(sad.next_timeout(), at(90_s));
  expired = sad.on_timeout(at(90_s));
  ASSERT_EQ(expired.size(), 1u);
  EXPECT_EQ(expired[0].kind, Kind::Hard);
  EXPECT_EQ(expired[0].removed->state, SaState::Dead);
  EXPECT_EQ(sad.size(), 0u);
}

TEST(Sad, CountsUseTimeFromTheFirstPacket) {   // RFC 2367 §2.3.2, sadb_lifetime_usetime
  Sad sad;
  SaParameters p = esp(1001);
  p.hard.since_first_use = 10_s;
  SecurityAssociation* sa = *sad.add(p, Time());
  EXPECT_EQ(sad.next_timeout(), std::nullopt);
  EXPECT_TRUE(sad.charge(*sa, 100, at(5_s)));
  EXPECT_TRUE(sad.charge(*sa, 100, at(6_s)));
  EXPECT_EQ(sad.next_timeout(), at(15_s));
  EXPECT_EQ(sad.on_timeout(at(15_s)).at(0).kind, Kind::Hard);
}

TEST(Sad, DiesInTwoStepsByBytes) {   // RFC 4301 §4.4.2.1; (c): no packet goes beyond the hard lifetime
  Sad sad;
  SaParameters p = esp(1001);
  p.soft.bytes = 250, p.hard.bytes = 310;
  SecurityAssociation* sa = *sad.add(p, Time());
  EXPECT_TRUE(sad.charge(*sa, 200, at(1_s)));
  EXPECT_EQ(sad.next_timeout(), std::nullopt);
  EXPECT_TRUE(sad.charge(*sa, 100, at(2_s)));
  EXPECT_EQ(sad.next_timeout(), at(2_s));
  EXPECT_EQ(sad.on_timeout(at(2_s)).at(0).kind, Kind::Soft);
  EXPECT_EQ(sad.next_timeout(), std::nullopt);
  EXPECT_FALSE(sad.charge(*sa, 11, at(3_s)));
  EXPECT_EQ(sa->counters.bytes, 300u);
  EXPECT_EQ(sad.next_timeout(), at(2_s));   // that has passed
  EXPECT_EQ(sad.inbound(1001, Protocol::Esp, kHere, kThere), nullptr);
  EXPECT_EQ(sad.on_timeout(at(3_s)).at(0).kind, Kind::Hard);
}

TEST(Sad, DiesByPackets) {
  Sad sad;
  SaParameters p = esp(1001);
  p.hard.packets = 2;
  SecurityAssociation* sa = *sad.add(p, Time());
  EXPECT_TRUE(sad.charge(*sa, 1, Time()));
  EXPECT_TRUE(sad.charge(*sa, 1, Time()));
  EXPECT_FALSE(sad.charge(*sa, 1, Time()));
}

TEST(Sad, IsDeadWithThePacketThatUsesTheHardLifetimeUp) {   // not only with the one that comes too late
  Sad sad;
  SaParameters p = esp(1001);
  p.hard.bytes = 300;
  SecurityAssociation* sa = *sad.add(p, Time());
  EXPECT_TRUE(sad.charge(*sa, 200, at(1_s)));
  const std::uint64_t before = sad.timetable();
  EXPECT_TRUE(sad.charge(*sa, 100, at(2_s)));
  EXPECT_NE(sad.timetable(), before);
  EXPECT_EQ(sa->state, SaState::Dead);
  EXPECT_EQ(sad.next_timeout(), at(2_s));
  EXPECT_EQ(sad.on_timeout(at(2_s)).at(0).kind, Kind::Hard);
  EXPECT_EQ(sad.size(), 0u);
}

TEST(Sad, MovesTheEndsOfAnAssociation) {   // SADB_X_MIGRATE
  Sad sad;
  SecurityAssociation* sa = *sad.add(esp(1001), Time());
  ASSERT_TRUE(sad.add(esp(1001, kHere, kOther), Time()));
  EXPECT_FALSE(sad.move(*sa, kHere, kOther));   // there is one of that address
  const Ipv6Address elsewhere = "2001:db8:4::4"_ip6;
  EXPECT_TRUE(sad.move(*sa, kOther, elsewhere));
  EXPECT_EQ(sad.inbound(1001, Protocol::Esp, kHere, kThere), nullptr);
  EXPECT_EQ(sad.inbound(1001, Protocol::Esp, kOther, elsewhere), sa);
  EXPECT_EQ(sad.outbound({}, kHere, kThere), nullptr);
  EXPECT_EQ(sad.outbound({}, kOther, elsewhere), sa);
}

TEST(Sad, FlushesOneProtocolOrAll) {   // SADB_FLUSH
  Sad sad;
  SaParameters ah = esp(1002);
  ah.address.protocol = Protocol::Ah;
  ah.hard.since_added = 5_s;
  ASSERT_TRUE(sad.add(esp(1001), Time()) && sad.add(ah, Time()));
  sad.flush(Protocol::Esp);
  EXPECT_EQ(sad.size(), 1u);
  sad.flush();
  EXPECT_EQ(sad.size(), 0u);
  EXPECT_EQ(sad.next_timeout(), std::nullopt);
}

TEST(Sad, ChangesItsGenerationWithEveryAnswerThatMayDiffer) {
  Sad sad;
  std::uint64_t seen = sad.generation();
  const auto changed = [&] { return std::exchange(seen, sad.generation()) != seen; };
  SaParameters p = esp(1001);
  p.soft.since_added = 1_s, p.hard.since_added = 2_s;
  SecurityAssociation* sa = *sad.add(p, Time());
  EXPECT_TRUE(changed());
  EXPECT_TRUE(sad.charge(*sa, 1, Time()));
  EXPECT_FALSE(changed());
  sad.on_timeout(at(1_s));
  EXPECT_TRUE(changed());
  sad.on_timeout(at(2_s));
  EXPECT_TRUE(changed());
}

}  // namespace
}  // namespace kamesim::ipsec
