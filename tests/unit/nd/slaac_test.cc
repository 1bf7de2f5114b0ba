// The rules of RFC 4862 §5.5.3 for one option.
#include "protocols/ip6/nd_slaac.h"

#include <gtest/gtest.h>

namespace kamesim {
namespace {

const Time kNow = Time::from_seconds(1000);

TEST(Slaac, TellsWhichPrefixesGiveAddresses) {  // a to d
  struct {
    const char* prefix;
    unsigned length;
    bool autonomous;
    Duration valid, preferred;
    bool usable, counted;
  } cases[] = {
      {"2001:db8::", 64, true, 100_s, 50_s, true, false},
      {"2001:db8::", 64, true, 100_s, 100_s, true, false},
      {"2001:db8::", 64, true, kInfiniteLifetime, kInfiniteLifetime, true, false},
      {"2001:db8::", 64, false, 100_s, 50_s, false, false},   // a
      {"fe80::", 64, true, 100_s, 50_s, false, false},         // b
      {"2001:db8::", 64, true, 50_s, 100_s, false, true},      // c
      {"2001:db8::", 48, true, 100_s, 50_s, false, true},      // d
      {"2001:db8::", 65, true, 100_s, 50_s, false, true},
      {"2001:db8::", 128, true, 100_s, 50_s, false, true},
      {"ff02::", 64, true, 100_s, 50_s, false, true},
  };
  for (const auto& c : cases) {
    const auto verdict = check_autonomous_prefix({.address = *Ipv6Address::parse(c.prefix),
                                                  .prefix_length = static_cast<std::uint8_t>(c.length),
                                                  .autonomous = c.autonomous,
                                                  .valid_lifetime = c.valid,
                                                  .preferred_lifetime = c.preferred});
    EXPECT_EQ(verdict.usable, c.usable) << c.prefix << "/" << c.length;
    EXPECT_EQ(verdict.dropped != nullptr, c.counted) << c.prefix << "/" << c.length;
  }
}

TEST(Slaac, AppliesTheTwoHourRule) {  // e
  struct { Duration remaining, advertised, then; } cases[] = {
      {3600_s, 3601_s, 3601_s},       // 1: more than what remains
      {3600_s, 7201_s, 7201_s},       // 1: more than two hours
      {86400_s, 7201_s, 7201_s},
      {3600_s, 60_s, 3600_s},         // 2: no effect
      {7200_s, 60_s, 7200_s},
      {7200_s, 0_s, 7200_s},
      {7201_s, 60_s, 7200_s},         // 3: two hours
      {86400_s, 7200_s, 7200_s},
      {86400_s, 0_s, 7200_s},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(renewed_valid_until(kNow, kNow + c.remaining, c.advertised), kNow + c.then)
        << c.remaining.to_seconds() << " " << c.advertised.to_seconds();
  }
  EXPECT_EQ(renewed_valid_until(kNow, kNow + 60_s, kInfiniteLifetime), Time::max());
  EXPECT_EQ(renewed_valid_until(kNow, Time::max(), 60_s), kNow + 7200_s);
}

}  // namespace
}  // namespace kamesim
