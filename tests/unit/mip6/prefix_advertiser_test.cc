#include "protocols/mip6/prefix_advertiser.h"

#include <gtest/gtest.h>

#include "tests/unit/mip6/test_values.h"

namespace kamesim {
namespace {

const Ipv6Prefix kHomePrefix = "2001:db8:1::/64"_ip6net;
constexpr Duration kPreferred = 604'800_s;

class Exchange {
 public:
  explicit Exchange(std::uint64_t seed = 1) : machine_({}, RandomStream(seed, 2, "test")) {}
  Exchange& at(Duration t) {
    now_ = kamesim::at(t);
    return *this;
  }
  Exchange& registered(Duration preferred = kPreferred) {
    machine_.on_registered(now_, kHome, preferred);
    return *this;
  }
  Exchange& prefix_changes() {
    machine_.on_prefix_changed(now_, kHomePrefix, kPreferred);
    return *this;
  }
  Exchange& solicited(std::uint16_t identifier) {
    out_ = machine_.on_solicitation(now_, kHome, identifier, kCareOf);
    return *this;
  }
  Exchange& at_next_timeout() {
    EXPECT_TRUE(machine_.next_timeout());
    now_ = machine_.next_timeout().value_or(now_);
    out_ = machine_.on_timeout(now_);
    return *this;
  }
  Exchange& times_out() {
    out_ = machine_.on_timeout(now_);
    return *this;
  }
  Exchange& answers(std::uint16_t identifier) {
    EXPECT_TRUE(out_.send);
    if (!out_.send) return *this;
    EXPECT_EQ(out_.send->home_address, kHome);
    EXPECT_EQ(out_.send->identifier, identifier);
    EXPECT_EQ(out_.send->destination, kCareOf);
    return *this;
  }
  Exchange& sends_unsolicited() {
    EXPECT_TRUE(out_.send);
    EXPECT_FALSE(out_.send && (out_.send->identifier || out_.send->destination));
    return *this;
  }
  Exchange& sends_nothing() {
    EXPECT_FALSE(out_.send);
    return *this;
  }
  Exchange& is_idle() {
    EXPECT_FALSE(machine_.next_timeout());
    return *this;
  }
  Time now() const { return now_; }
  const PrefixAdvertiser::Output& out() const { return out_; }
  PrefixAdvertiser& machine() { return machine_; }

 private:
  PrefixAdvertiser machine_;
  Time now_;
  PrefixAdvertiser::Output out_;
};

TEST(PrefixAdvertiser, AnswersASolicitationRightAway) {  // RFC 6275 §10.6.2
  Exchange x;
  x.at(0_s).registered();
  x.at(10_s).solicited(7).answers(7).is_idle();  // and what was scheduled is not needed any more
}

TEST(PrefixAdvertiser, AnswersOnlyWhoIsRegistered) {  // RFC 6275 §6.8
  Exchange x;
  x.at(0_s).solicited(7).sends_nothing();
  EXPECT_EQ(x.out().dropped, &kMpsNotRegistered);
}

TEST(PrefixAdvertiser, SendsOneAdvertisementASecond) {  // RFC 6275 §6.8
  Exchange x;
  x.at(0_s).registered().solicited(1).answers(1);
  x.at(200_ms).solicited(2).sends_nothing();
  x.at(400_ms).solicited(3).sends_nothing();
  x.at(999_ms).times_out().sends_nothing();
  x.at(1_s).times_out().answers(3).is_idle();
}

TEST(PrefixAdvertiser, SchedulesAtRandomBetweenTheBoundsOfTheRfc) {  // RFC 6275 §10.6.2: RAND_ADV_DELAY
  Duration shortest = Duration::max(), longest;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Exchange x(seed);
    x.at(0_s).registered();
    const Duration delay = *x.machine().next_timeout() - at(0_s);
    shortest = std::min(shortest, delay);
    longest = std::max(longest, delay);
  }
  EXPECT_GE(shortest, 600_s);     // MinMobPfxAdvInterval
  EXPECT_LE(longest, 86'400_s);   // MaxMobPfxAdvInterval
  EXPECT_LT(shortest, 2000_s);
  EXPECT_GT(longest, 84'000_s);
}

TEST(PrefixAdvertiser, SchedulesWithinThePreferredLifetime) {  // RFC 6275 §10.6.2: MaxScheduleDelay
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Exchange x(seed);
    x.at(0_s).registered(900_s);
    EXPECT_LE(*x.machine().next_timeout(), at(900_s));
  }
}

TEST(PrefixAdvertiser, RepeatsThreeTimesAtDoubledIntervals) {  // RFC 6275 §10.6.2, PREFIX_ADV_RETRIES
  Exchange x;
  x.at(0_s).registered().at_next_timeout().sends_unsolicited();
  for (const Duration wait : {3_s, 6_s, 12_s}) {
    const Time before = x.now();
    x.at_next_timeout().sends_unsolicited();
    EXPECT_EQ(x.now() - before, wait);
  }
  x.is_idle();
}

TEST(PrefixAdvertiser, ASolicitationAcknowledges) {  // RFC 6275 §10.6.2
  Exchange x;
  x.at(0_s).registered().at_next_timeout().sends_unsolicited();
  x.at(x.now() - at(0_s) + 2_s).solicited(9).answers(9).is_idle();
}

TEST(PrefixAdvertiser, BeginsAgainWithTheNextBindingUpdate) {  // RFC 6275 §10.6.2
  Exchange x;
  x.at(0_s).registered().at_next_timeout();
  for (int i = 0; i < 3; ++i) x.at_next_timeout();
  x.is_idle();
  x.registered().at_next_timeout().sends_unsolicited();
}

TEST(PrefixAdvertiser, TellsAChangeOnce) {  // RFC 6275 §10.6.2: a scheduled one is replaced, at its time
  Exchange x;
  x.at(0_s).registered().solicited(1).answers(1).is_idle();
  x.at(10_s).prefix_changes();
  const auto scheduled = x.machine().next_timeout();
  ASSERT_TRUE(scheduled);
  x.at(20_s).prefix_changes();
  EXPECT_EQ(x.machine().next_timeout(), scheduled);
}

TEST(PrefixAdvertiser, TellsOnlyThoseOfTheChangedPrefix) {
  Exchange x;
  x.at(0_s).registered().solicited(1).answers(1);
  x.machine().on_prefix_changed(x.now(), "2001:db8:77::/64"_ip6net, kPreferred);
  x.is_idle();
}

TEST(PrefixAdvertiser, TellsEverybodyOfANewPrefix) {  // RFC 6275 §10.6.2
  Exchange x;
  x.registered().solicited(1).at(10_s);
  x.machine().on_prefix_added(x.now(), kPreferred);
  x.at_next_timeout().sends_unsolicited();
}

TEST(PrefixAdvertiser, IsSilentForARecentlyInformedNode) {  // RFC 6275 §10.6.2, MaxMobPfxAdvInterval
  Exchange x;
  x.at(0_s).registered().solicited(1).answers(1);
  x.at(300_s).registered().is_idle();
  x.at(86'401_s).registered();
  EXPECT_TRUE(x.machine().next_timeout());
}

TEST(PrefixAdvertiser, EndsWithTheRegistration) {  // RFC 6275 §10.6.2
  Exchange x;
  x.at(0_s).registered();
  x.machine().on_unregistered(kHome);
  x.is_idle();
}

}  // namespace
}  // namespace kamesim
