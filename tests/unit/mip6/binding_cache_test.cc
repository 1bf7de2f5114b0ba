#include "protocols/mip6/binding_cache.h"

#include <gtest/gtest.h>

#include "tests/unit/mip6/test_values.h"

namespace kamesim {
namespace {

BindingCacheEntry entry(const Ipv6Address& home, Duration expires, RegistrationType type) {
  BindingCacheEntry e;
  e.home_address = home;
  e.care_of = kCareOf;
  e.type = type;
  e.expires = e.deadline = at(expires);
  return e;
}

BindingCacheEntry correspondent(const Ipv6Address& home, Duration expires) {
  return entry(home, expires, RegistrationType::Correspondent);
}

TEST(BindingCache, FindsABindingUntilItsLifetimeEnds) {  // RFC 6275 §9.5.2, §9.6
  BindingCache cache;
  cache.put(correspondent(kHome, 10_s));
  EXPECT_EQ(cache.lookup(at(9'999_ms), kHome)->care_of, kCareOf);
  EXPECT_EQ(cache.lookup(at(10_s), kHome), nullptr);
  EXPECT_EQ(cache.lookup(at(0_s), kCareOf), nullptr);
}

TEST(BindingCache, HasOneEntryForAHomeAddress) {  // RFC 6275 §9.1
  BindingCache cache;
  cache.put(correspondent(kHome, 10_s));
  auto moved = correspondent(kHome, 20_s);
  moved.care_of = kNewCareOf;
  cache.put(moved);
  EXPECT_EQ(cache.size(), 1u);
  EXPECT_EQ(cache.lookup(at(0_s), kHome)->care_of, kNewCareOf);
  EXPECT_EQ(cache.first_due(RegistrationType::Correspondent)->deadline, at(20_s));
}

TEST(BindingCache, KeepsAnInvalidEntryForItsSequenceNumberOnly) {  // RFC 6275 §10.3.2
  BindingCache cache;
  auto e = entry(kHome, 10_s, RegistrationType::Home);
  e.valid = false;
  e.sequence = SeqNum16(7);
  cache.put(e);
  EXPECT_EQ(cache.lookup(at(0_s), kHome), nullptr);
  EXPECT_EQ(cache.find(kHome)->sequence, SeqNum16(7));
}

TEST(BindingCache, TellsTheFirstDeadlineOfEachType) {  // RFC 6275 §9.6
  BindingCache cache;
  cache.put(correspondent(kHome, 30_s));
  cache.put(correspondent(kCareOf, 20_s));
  cache.put(entry(kNewCareOf, 10_s, RegistrationType::Home));
  EXPECT_EQ(cache.first_due(RegistrationType::Correspondent)->home_address, kCareOf);
  EXPECT_EQ(cache.first_due(RegistrationType::Home)->home_address, kNewCareOf);
  cache.erase(kCareOf);
  EXPECT_EQ(cache.first_due(RegistrationType::Correspondent)->home_address, kHome);
  cache.erase(kNewCareOf);
  EXPECT_EQ(cache.first_due(RegistrationType::Home), nullptr);
}

TEST(BindingCache, TellsTheLeastRecentlyUsedEntry) {  // RFC 6275 §9.6
  BindingCache cache;
  cache.put(correspondent(kHome, 30_s));
  cache.put(correspondent(kCareOf, 40_s));
  cache.mark_used(at(5_s), kHome);
  EXPECT_EQ(cache.least_recently_used(RegistrationType::Correspondent)->home_address, kCareOf);
  cache.mark_used(at(6_s), kCareOf);
  cache.mark_used(at(1_s), kCareOf);  // an old report changes nothing
  EXPECT_EQ(cache.least_recently_used(RegistrationType::Correspondent)->home_address, kHome);
}

TEST(BindingCache, BoundsEachTypeByItself) {  // RFC 6275 §9.6, §10.3.1
  BindingCache cache({.home_registrations = 1, .correspondents = 2});
  cache.put(correspondent(kHome, 30_s));
  EXPECT_EQ(cache.room(RegistrationType::Correspondent), 1u);
  cache.put(correspondent(kCareOf, 30_s));
  EXPECT_EQ(cache.room(RegistrationType::Correspondent), 0u);
  EXPECT_EQ(cache.room(RegistrationType::Home), 1u);
  cache.put(correspondent(kHome, 40_s));  // a replacement needs no room
  EXPECT_EQ(cache.size(), 2u);
}

}  // namespace
}  // namespace kamesim
