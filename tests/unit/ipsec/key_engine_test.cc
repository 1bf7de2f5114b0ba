#include "protocols/ipsec/key_engine.h"

#include <gtest/gtest.h>

#include <set>

namespace kamesim::ipsec {
namespace {

const Ipv6Address kHere = "2001:db8:1::1"_ip6, kThere = "2001:db8:2::2"_ip6, kOther = "2001:db8:3::3"_ip6;

struct Daemon final : KeyListener {
  void on_acquire(const Acquire& a) override { wanted.push_back(a.destination); }
  void on_expire(const SecurityAssociation& a, Sad::Expiration::Kind kind) override {
    expired.emplace_back(a.address().spi, kind);
  }
  void on_policy_expire(const SecurityPolicy& p) override { policies.push_back(p.id); }
  std::vector<Ipv6Address> wanted;
  std::vector<std::pair<Spi, Sad::Expiration::Kind>> expired;
  std::vector<std::uint32_t> policies;
};

struct Exchange {
  Exchange() { engine.add_listener(daemon); }
  void wants(Duration at, const Ipv6Address& destination) {
    engine.acquire(Time() + at, policy, policy.requests[0], kHere, destination, {}, {});
  }
  KeyEngine engine{RandomStream(1, 2, "ipsec.spi")};
  Daemon daemon;
  SecurityPolicy policy{.action = Action::Protect, .requests = {Request{}}};
};

SaParameters esp(Spi spi, const Ipv6Address& from, const Ipv6Address& to, Mode mode = Mode::Transport) {
  SaParameters p;
  p.address = {spi, Protocol::Esp, from, to};
  p.mode = mode;
  return p;
}

TEST(KeyEngine, AsksOnceForAnAssociationThatManyPacketsWant) {   // KAME's key.blockacq_count, _lifetime
  Exchange x;
  for (int packet = 0; packet <= 10; ++packet) x.wants(1_s, kThere);   // one that is told, and 10 that are not
  EXPECT_EQ(x.daemon.wanted.size(), 1u);
  x.wants(1_s, kOther);                                                // other ends are another matter
  EXPECT_EQ(x.daemon.wanted.size(), 2u);
  x.wants(1_s, kThere);
  EXPECT_EQ(x.daemon.wanted.size(), 3u);
  x.wants(20999_ms, kThere);
  EXPECT_EQ(x.daemon.wanted.size(), 3u);
  x.wants(21_s, kThere);
  EXPECT_EQ(x.daemon.wanted.size(), 4u);
}

TEST(KeyEngine, GivesOutSpisThatAreFreeAndInRange) {   // RFC 2367 §3.1.1
  Exchange x;
  std::set<Spi> given;
  const SaAddress address{0, Protocol::Esp, kThere, kHere};
  for (int i = 0; i < 3; ++i) {
    const SecurityAssociation* larval = x.engine.reserve_spi(Time(), address, 300, 302, Mode::Any, 0, 9);
    ASSERT_NE(larval, nullptr);
    given.insert(larval->address().spi);
  }
  EXPECT_EQ(given, (std::set<Spi>{300, 301, 302}));
  EXPECT_EQ(x.engine.reserve_spi(Time(), address, 300, 302, Mode::Any, 0, 9), nullptr);
  EXPECT_EQ(x.engine.reserve_spi(Time(), address, 1, 255, Mode::Any, 0, 9), nullptr);   // RFC 4303 §2.1: reserved
  x.engine.on_timeout(Time() + 30_s);   // larval ones went, without a word
  EXPECT_TRUE(x.daemon.expired.empty());
  EXPECT_NE(x.engine.reserve_spi(Time(), address, 300, 302, Mode::Any, 0, 9), nullptr);
}

TEST(KeyEngine, GivesOutCpisOfSixteenBits) {   // RFC 3173 §3.3
  Exchange x;
  for (int i = 0; i < 50; ++i) {
    const SecurityAssociation* larval =
        x.engine.reserve_spi(Time(), {0, Protocol::IpComp, kThere, kHere}, 0, 0, Mode::Any, 0, 9);
    ASSERT_NE(larval, nullptr);
    EXPECT_GE(larval->address().spi, kMinNegotiatedCpi);
    EXPECT_LE(larval->address().spi, kMaxNegotiatedCpi);
  }
}

TEST(KeyEngine, TellsOfLifetimesThatEnd) {   // RFC 2367 §3.1.8
  Exchange x;
  SaParameters p = esp(1001, kHere, kThere);
  p.soft.since_added = 60_s, p.hard.since_added = 90_s;
  ASSERT_TRUE(x.engine.sad().add(p, Time()));
  SecurityPolicy policy = x.policy;
  policy.lifetime = 70_s;
  ASSERT_TRUE(x.engine.spd().add(policy, Time()));
  using Kind = Sad::Expiration::Kind;
  EXPECT_EQ(x.engine.next_timeout(), Time() + 60_s);
  x.engine.on_timeout(Time() + 60_s);
  EXPECT_EQ(x.engine.next_timeout(), Time() + 70_s);
  x.engine.on_timeout(Time() + 70_s);
  x.engine.on_timeout(Time() + 90_s);
  EXPECT_EQ(x.daemon.expired, (std::vector<std::pair<Spi, Kind>>{{1001, Kind::Soft}, {1001, Kind::Hard}}));
  EXPECT_EQ(x.daemon.policies.size(), 1u);
  EXPECT_EQ(x.engine.next_timeout(), std::nullopt);
}

TEST(KeyEngine, MovesTunnelsWithTheirAssociations) {   // SADB_X_MIGRATE; RFC 3776 §3.2
  Exchange x;
  SecurityPolicy tunnel = x.policy;
  tunnel.requests = {Request{.mode = Mode::Tunnel, .source = kHere, .destination = kThere}};
  SecurityPolicy& policy = **x.engine.spd().add(tunnel, Time());
  SecurityAssociation* moves = *x.engine.sad().add(esp(1001, kHere, kThere, Mode::Tunnel), Time());
  SecurityAssociation* stays = *x.engine.sad().add(esp(1002, kHere, kThere, Mode::Transport), Time());
  const std::uint64_t before = x.engine.spd().generation();
  EXPECT_EQ(x.engine.migrate(policy, {kHere, kOther}, {kHere, kThere}), 0u);
  EXPECT_EQ(x.engine.migrate(policy, {kHere, kThere}, {kHere, kOther}), 2u);
  EXPECT_EQ(policy.requests[0].destination, kOther);
  EXPECT_EQ(moves->address().destination, kOther);
  EXPECT_EQ(stays->address().destination, kThere);
  EXPECT_NE(x.engine.spd().generation(), before);
}

}  // namespace
}  // namespace kamesim::ipsec
