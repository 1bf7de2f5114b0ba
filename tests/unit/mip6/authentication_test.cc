// RFC 4285 and RFC 4283, without a network. The authenticators are checked against Python's hmac.
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "protocols/mip6/authentication_protocol.h"
#include "protocols/mip6/binding_status.h"
#include "protocols/mip6/messages.h"
#include "tests/unit/mip6/test_values.h"

namespace kamesim {
namespace {

MobilityKey key_from(std::uint8_t first) {
  MobilityKey key;
  std::iota(key.begin(), key.end(), first);
  return key;
}

std::string hex(Bytes bytes) {
  std::string text;
  for (const std::uint8_t octet : bytes) {
    text += "0123456789abcdef"[octet >> 4];
    text += "0123456789abcdef"[octet & 15];
  }
  return text;
}

// A Binding Update with what the other side puts behind it, as it is on the wire.
std::vector<std::uint8_t> update_with(const AuthenticationToAppend& what, std::uint16_t sequence = 1) {
  std::vector<std::uint8_t> message = to_bytes(
      BindingUpdate{.sequence = SeqNum16(sequence), .acknowledge = true, .home_registration = true, .lifetime = 420_s});
  append_authentication(message, what);
  fill_mobility_header_checksum(kHome, kHomeAgent, message);
  return message;
}

MobilityHeaderView view(const std::vector<std::uint8_t>& message) {
  return *MobilityHeaderView::check(message, kHome, kHomeAgent);
}

const MobilitySecurityAssociation kAssociation{.identifier = "alice@example.com", .spi = 4711, .key = key_from(0)};

class Authentication : public testing::Test {
 protected:
  HomeAuthentication::Verdict receives(Time now, const std::vector<std::uint8_t>& message) {
    return home_.on_binding_update(now, kHome, kCareOf, view(message));
  }
  void with(const MobilitySecurityAssociation& association) {
    home_.add(kHome, association);
    mobile_.emplace(association);
  }
  std::vector<std::uint8_t> update(Time now) { return update_with(mobile_->authenticate(now, kHome, kCareOf)); }

  HomeAuthentication home_;
  std::optional<MobileNodeAuthentication> mobile_;
};

TEST_F(Authentication, ComputesWhatPythonsHmacComputes) {  // RFC 4285 §5.1, §5.2
  std::vector<std::uint8_t> mh = {59, 3, 5, 0, 0xaa, 0xbb, 0, 7, 0xc0, 0, 0, 105};
  for (std::uint8_t octet = 0; octet < 30; ++octet) mh.push_back(octet);
  const Ipv6Address care_of = "2001:db8:b::100"_ip6, home = "2001:db8:a::100"_ip6;
  EXPECT_EQ(hex(mn_ha_authenticator(key_from(0), care_of, home, mh)), "fdb343d9d921077c2577070b");
  EXPECT_EQ(hex(mn_aaa_authenticator(key_from(100), care_of, home, mh)), "3a16253f8564365f28f6f25c080d5f0137d8bfac");
}

TEST_F(Authentication, EndsTheMessageAtAnAlignedOffset) {  // §5: 4n+1
  for (const char* identifier : {"a", "ab", "abc", "abcd", "abcde", "abcdef", "abcdefg", "abcdefgh"}) {
    for (const bool timestamp : {false, true}) {
      AuthenticationToAppend what{.care_of = kCareOf, .home = kHome, .identifier = identifier};
      if (timestamp) what.timestamp = 5;
      const auto message = update_with(what);
      const auto options = authentication_options(view(message));
      ASSERT_TRUE(options) << options.error()->name;
      EXPECT_EQ(options->identifier, identifier);
      EXPECT_EQ(options->mn_ha->data.data() + options->mn_ha->data.size(), message.data() + message.size());
      EXPECT_EQ((options->mn_ha->covered.size() - 7) % 4, 1u);
    }
  }
}

TEST_F(Authentication, AcceptsWhatItsMobileNodeSends) {
  with(kAssociation);
  const auto verdict = receives(at(0_s), update(at(0_s)));
  EXPECT_EQ(verdict.dropped, nullptr);
  EXPECT_FALSE(verdict.refused);
}

TEST_F(Authentication, RefusesEveryChangedOctetOrDoesNotKnowItsSender) {  // §5.1.1
  with(kAssociation);
  const auto sent = update(at(0_s));
  for (std::size_t i = 6; i < sent.size(); ++i) {
    auto changed = sent;
    changed[i] ^= 1;
    fill_mobility_header_checksum(kHome, kHomeAgent, changed);
    const auto mh = MobilityHeaderView::check(changed, kHome, kHomeAgent);
    if (!mh) continue;
    const auto verdict = home_.on_binding_update(at(0_s), kHome, kCareOf, *mh);
    EXPECT_TRUE(verdict.dropped != nullptr || verdict.refused == kAuthFail) << "octet " << i;
  }
}

TEST_F(Authentication, NeedsTheAaaOptionWhereItHasItsKey) {  // §5.2
  MobilitySecurityAssociation association = kAssociation;
  with(association);
  const auto without = update(at(0_s));
  association.aaa_key = key_from(100);
  with(association);
  EXPECT_EQ(receives(at(0_s), without).refused, kAuthFail);
  EXPECT_FALSE(receives(at(0_s), update(at(0_s))).refused);
  EXPECT_FALSE(home_.answer(kHome).aaa_key);
}

TEST_F(Authentication, TakesTimestampsThatAreCloseAndGrow) {  // §6
  MobilitySecurityAssociation association = kAssociation;
  association.timestamps = true;
  with(association);
  const auto first = update(at(10_s));
  EXPECT_FALSE(receives(at(10_s), first).refused);
  EXPECT_EQ(receives(at(10_s), first).refused, kMesgIdMismatch);  // replayed
  EXPECT_FALSE(receives(at(10_s), update(at(10_s))).refused);     // the next one is greater, though the clock stands
  EXPECT_EQ(receives(at(60_s), update(at(52_s))).refused, kMesgIdMismatch);
  EXPECT_EQ(receives(at(60_s), update(at(68_s))).refused, kMesgIdMismatch);
  EXPECT_FALSE(receives(at(100_s), update(at(94_s))).refused);
}

TEST_F(Authentication, TellsTheTimeByTheHighOrderHalf) {  // §6
  MobilitySecurityAssociation association = kAssociation;
  association.timestamps = true;
  with(association);
  const auto late = mobile_->authenticate(at(1_s), kHome, kCareOf);
  EXPECT_EQ(receives(at(1000_s), update_with(late)).refused, kMesgIdMismatch);
  const std::uint64_t told = *home_.answer(kHome).timestamp;
  EXPECT_EQ(told >> 32, ntp_timestamp(at(1000_s)) >> 32);
  EXPECT_EQ(told & 0xffffffff, *late.timestamp & 0xffffffff);
}

TEST_F(Authentication, CountsSecondsSince1900) {
  EXPECT_EQ(ntp_timestamp(at(0_s)), 3976214400ull << 32);
  EXPECT_EQ(ntp_timestamp(at(1500_ms)), (3976214401ull << 32) + (1ull << 31));
  EXPECT_EQ(ntp_timestamp(at(0_s), Duration() - 500_ms), (3976214399ull << 32) + (1ull << 31));
}

}  // namespace
}  // namespace kamesim
