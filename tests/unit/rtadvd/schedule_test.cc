#include "protocols/rtadvd/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace kamesim {
namespace {

using State = AdvertisementSchedule::State;

const Ipv6Address kHost = "fe80::1"_ip6;
const Ipv6Address kOtherHost = "fe80::2"_ip6;

constexpr AdvertisementSchedule::Intervals kDefaults{198_s, 600_s, 3_s};  // RFC 4861 §6.2.1, §10
constexpr std::uint64_t kSeeds = 200;                                    // a rule about a draw is tried with so many

class Exchange {
 public:
  explicit Exchange(std::uint64_t seed = 1, AdvertisementSchedule::Intervals intervals = kDefaults)
      : machine_(RandomStream(seed, 0, "rtadvd.eth0")), intervals_(intervals) {}

  Exchange& at(Time t) {
    now_ = t;
    return *this;
  }
  Exchange& starts() {
    machine_.start(now_, intervals_);
    return *this;
  }
  Exchange& ceases() {
    machine_.cease(now_);
    return *this;
  }
  Exchange& loses_link() {
    machine_.stop();
    return *this;
  }
  Exchange& solicited() {
    EXPECT_TRUE(machine_.on_solicitation(now_, std::nullopt));
    return *this;
  }
  Exchange& solicited_by(const Ipv6Address& host) {
    EXPECT_TRUE(machine_.on_solicitation(now_, host));
    return *this;
  }
  // Lets time pass until the next message, and returns what it is.
  AdvertisementSchedule::Output next() {
    EXPECT_TRUE(machine_.next_timeout());
    now_ = machine_.next_timeout().value_or(now_);
    return machine_.on_timeout(now_);
  }
  // The same, for a multicast one: when it was sent.
  Time next_multicast() {
    EXPECT_TRUE(next().multicast);
    return now_;
  }
  // Past the initial advertisements.
  Time advertised_for_long() {
    starts();
    for (unsigned i = 0; i < kMaxInitialRtrAdvertisements; ++i) next_multicast();
    return now_;
  }
  AdvertisementSchedule& machine() { return machine_; }
  Time now() const { return now_; }

 private:
  AdvertisementSchedule machine_;
  AdvertisementSchedule::Intervals intervals_;
  Time now_;
};

void expect_between(Duration value, Duration low, Duration high) {
  EXPECT_GE(value, low);
  EXPECT_LE(value, high);
}

TEST(AdvertisementSchedule, IsSilentUntilStarted) {  // RFC 4861 §6.2.2
  Exchange x;
  x.solicited();
  EXPECT_FALSE(x.machine().next_timeout());
}

TEST(AdvertisementSchedule, SendsNothingBeforeItsTime) {
  Exchange x;
  x.starts();
  const Time due = *x.machine().next_timeout();
  EXPECT_FALSE(x.machine().on_timeout(due - 1_ns).multicast);
  EXPECT_TRUE(x.machine().on_timeout(due).multicast);
}

TEST(AdvertisementSchedule, SpacesInitialAdvertisementsByAtMost16Seconds) {  // §6.2.4
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Exchange x(seed);
    const Time first = x.starts().next_multicast();
    expect_between(first - Time(), 0_s, kMaxRaDelayTime);
    // The draws, of at least 198 s, are all greater than the limit.
    const Time second = x.next_multicast();
    const Time third = x.next_multicast();
    EXPECT_EQ(second - first, kMaxInitialRtrAdvertInterval);
    EXPECT_EQ(third - second, kMaxInitialRtrAdvertInterval);
    expect_between(x.next_multicast() - third, 198_s, 600_s);
  }
}

TEST(AdvertisementSchedule, KeepsInitialIntervalsThatAreShorter) {  // §6.2.4: "if the [...] interval is greater"
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Exchange x(seed, {4_s, 10_s, 3_s});
    const Time first = x.starts().next_multicast();
    expect_between(x.next_multicast() - first, 4_s, 10_s);
  }
}

TEST(AdvertisementSchedule, DrawsIntervalsUniformlyBetweenMinAndMax) {  // §6.2.4
  Exchange x;
  Time last = x.advertised_for_long();
  Duration least = Duration::max(), most, sum;
  constexpr int kDraws = 10'000;
  for (int i = 0; i < kDraws; ++i) {
    const Duration interval = x.next_multicast() - last;
    last = x.now();
    least = std::min(least, interval);
    most = std::max(most, interval);
    sum += interval;
  }
  expect_between(least, 198_s, 200_s);
  expect_between(most, 598_s, 600_s);
  expect_between(sum / kDraws, 394_s, 404_s);  // 399 s; the mean's standard deviation is 1.2 s
}

TEST(AdvertisementSchedule, SendsEvery50MillisecondsOnAverageWithTheLeastIntervals) {  // RFC 6275 §7.5
  Exchange x(1, {30_ms, 70_ms, 30_ms});
  Time last = x.advertised_for_long();
  const Time start = last;
  constexpr int kDraws = 10'000;
  for (int i = 0; i < kDraws; ++i) {
    expect_between(x.next_multicast() - last, 30_ms, 70_ms);
    last = x.now();
  }
  expect_between((last - start) / kDraws, 49_ms, 51_ms);
}

TEST(AdvertisementSchedule, AnswersASolicitationWithinHalfASecond) {  // RFC 4861 §6.2.6
  Duration least = Duration::max(), most;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Exchange x(seed);
    const Time asked = x.advertised_for_long() + 100_s;
    const Duration delay = x.at(asked).solicited().next_multicast() - asked;
    expect_between(delay, 0_s, kMaxRaDelayTime);
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  EXPECT_LT(least, 50_ms);
  EXPECT_GT(most, 450_ms);
}

TEST(AdvertisementSchedule, AnswersNotSoonerThan3SecondsAfterTheLastMulticast) {  // §6.2.6, MIN_DELAY_BETWEEN_RAS
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Exchange x(seed);
    const Time last = x.advertised_for_long();
    expect_between(x.at(last + 1_s).solicited().next_multicast() - last, 3_s, 3_s + kMaxRaDelayTime);
  }
}

TEST(AdvertisementSchedule, AnswersManySolicitationsByOneMulticast) {  // §6.2.6
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Exchange x(seed);
    const Time asked = x.advertised_for_long() + 100_s;
    x.at(asked).solicited().solicited().solicited();
    const Time answer = x.next_multicast();
    expect_between(answer - asked, 0_s, kMaxRaDelayTime);  // "the delay is relative to the first solicitation"
    expect_between(x.next_multicast() - answer, 198_s, 600_s);
  }
}

TEST(AdvertisementSchedule, HoldsTheRateLimitUnderAFloodOfSolicitations) {  // §6.2.6
  Exchange x;
  const Time start = x.advertised_for_long();
  Time last = start;
  for (Time t = start; t < start + 60_s; t = t + 100_ms) {
    x.at(t).solicited();
    if (*x.machine().next_timeout() >= t + 100_ms) continue;
    const Time sent = x.next_multicast();
    EXPECT_GE(sent - last, 3_s);
    last = sent;
  }
}

TEST(AdvertisementSchedule, KeepsAnAdvertisementThatIsDueBeforeTheAnswerWouldBe) {  // §6.2.6, first case
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Exchange x(seed);
    x.advertised_for_long();
    const Time due = *x.machine().next_timeout();
    EXPECT_LE(x.at(due - 1_ms).solicited().next_multicast(), due);
  }
}

TEST(AdvertisementSchedule, RestartsTheIntervalAfterAMulticastAnswer) {  // §6.2.6
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Exchange x(seed);
    const Time answer = x.at(x.advertised_for_long() + 190_s).solicited().next_multicast();
    expect_between(x.next_multicast() - answer, 198_s, 600_s);
  }
}

TEST(AdvertisementSchedule, AnswersByUnicastWithoutTouchingTheInterval) {  // §6.2.6
  Exchange x;
  const Time asked = x.advertised_for_long() + 1_s;  // unicast answers are not rate limited
  const Time due = *x.machine().next_timeout();
  x.at(asked).solicited_by(kHost);
  const auto out = x.next();
  EXPECT_EQ(out.unicast, std::vector{kHost});
  EXPECT_FALSE(out.multicast);
  expect_between(x.now() - asked, 0_s, kMaxRaDelayTime);
  EXPECT_EQ(x.machine().next_timeout(), due);
}

TEST(AdvertisementSchedule, AnswersEachHostOnceByUnicast) {  // §6.2.6
  Exchange x;
  x.at(x.advertised_for_long() + 1_s).solicited_by(kHost).solicited_by(kHost).solicited_by(kOtherHost);
  std::vector<Ipv6Address> answered;
  while (*x.machine().next_timeout() < x.now() + 1_s) {
    const auto out = x.next();
    answered.insert(answered.end(), out.unicast.begin(), out.unicast.end());
  }
  std::ranges::sort(answered);
  EXPECT_EQ(answered, (std::vector{kHost, kOtherHost}));
}

TEST(AdvertisementSchedule, LimitsPendingUnicastAnswers) {
  Exchange x;
  x.at(x.advertised_for_long() + 1_s);
  for (std::uint8_t i = 0; i < AdvertisementSchedule::kMaxPendingAnswers; ++i) {
    EXPECT_TRUE(x.machine().on_solicitation(
        x.now(), Ipv6Address(std::array<std::uint8_t, 16>{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, i})));
  }
  EXPECT_FALSE(x.machine().on_solicitation(x.now(), kHost));
}

TEST(AdvertisementSchedule, SaysGoodbyeThreeTimes) {  // §6.2.5, MAX_FINAL_RTR_ADVERTISEMENTS
  Exchange x;
  Time last = x.advertised_for_long();
  x.at(last + 1_s).ceases();
  for (unsigned i = 0; i < kMaxFinalRtrAdvertisements; ++i) {
    const auto out = x.next();
    EXPECT_TRUE(out.multicast);
    EXPECT_TRUE(out.final);
    EXPECT_EQ(x.now() - last, 3_s);
    last = x.now();
  }
  EXPECT_FALSE(x.machine().next_timeout());
  EXPECT_EQ(x.machine().state(), State::Silent);
}

TEST(AdvertisementSchedule, AnswersNobodyWhileCeasing) {  // §6.2.5: no longer an advertising interface
  Exchange x;
  x.at(x.advertised_for_long() + 1_s).solicited_by(kHost).ceases().solicited_by(kOtherHost);
  while (x.machine().next_timeout()) EXPECT_TRUE(x.next().unicast.empty());
}

TEST(AdvertisementSchedule, SendsNothingAfterTheLinkIsLost) {
  Exchange x;
  x.at(x.advertised_for_long() + 1_s).solicited_by(kHost).loses_link();
  EXPECT_FALSE(x.machine().next_timeout());
}

TEST(AdvertisementSchedule, HoldsTheRateLimitWhenItStartsAgain) {  // §6.2.6: "In addition, consecutive"
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Exchange changed(seed), returned(seed), flapped(seed);
    Time last = changed.advertised_for_long();
    EXPECT_GE(changed.at(last + 1_s).starts().next_multicast() - last, 3_s);  // a change of configuration (§6.2.4)

    returned.at(returned.advertised_for_long() + 1_s).ceases();
    for (unsigned i = 0; i < kMaxFinalRtrAdvertisements; ++i) last = returned.next_multicast();
    EXPECT_GE(returned.at(last + 1_s).starts().next_multicast() - last, 3_s);

    last = flapped.advertised_for_long();
    EXPECT_GE(flapped.at(last + 1_s).loses_link().starts().next_multicast() - last, 3_s);
  }
}

}  // namespace
}  // namespace kamesim
