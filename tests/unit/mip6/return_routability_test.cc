#include "protocols/mip6/return_routability.h"

#include <gtest/gtest.h>

#include "tests/unit/mip6/test_values.h"

namespace kamesim {
namespace {

using Output = ReturnRoutability::Output;
using Path = ReturnRoutability::Path;
using Tokens = ReturnRoutability::Tokens;

constexpr KeygenToken kHomeToken = {0x10, 1, 2, 3, 4, 5, 6, 7};
constexpr KeygenToken kCareOfToken = {0x20, 1, 2, 3, 4, 5, 6, 7};

enum Inits { kNone, kHomeInit, kCareOfInit, kBothInits };

class Exchange {
 public:
  explicit Exchange(ReturnRoutabilityConfig config = {.home_address = kHome}) : machine_(config, CountingBytes()) {}
  Exchange& at(Duration t) {
    now_ = kamesim::at(t);
    return *this;
  }
  Exchange& starts(const Ipv6Address& care_of = kCareOf) {
    return took(machine_.start(now_, {CorrespondentRequest::CacheBinding, care_of}));
  }
  Exchange& starts_deletion() { return took(machine_.start(now_, {CorrespondentRequest::DeleteBinding, kHome})); }
  Exchange& times_out() { return took(machine_.on_timeout(now_)); }
  Exchange& home_test(std::uint16_t index = 5, Path path = Path::FromHomeAgentTunnel) {
    return took(machine_.on_home_test(now_, {index, home_cookie_, kHomeToken}, kHome, path));
  }
  Exchange& care_of_test(std::uint16_t index = 6, const Ipv6Address& destination = kCareOf) {
    return took(machine_.on_care_of_test(now_, {index, care_of_cookie_, kCareOfToken}, destination));
  }
  Exchange& sends(Inits inits) {
    EXPECT_EQ(out_.send_home_test_init.has_value(), (inits & kHomeInit) != 0);
    EXPECT_EQ(out_.send_care_of_test_init.has_value(), (inits & kCareOfInit) != 0);
    return *this;
  }
  Exchange& drops(const DropInfo& reason) {
    EXPECT_EQ(out_.dropped, &reason);
    return sends(kNone);
  }
  Exchange& is_authorized(Duration expires) {
    EXPECT_TRUE(out_.authorized);
    EXPECT_EQ(out_.authorized.value_or(Authorization{}).expires, kamesim::at(expires));
    return *this;
  }
  Exchange& is_not_authorized() {
    EXPECT_FALSE(out_.authorized);
    return *this;
  }
  const Output& out() const { return out_; }
  ReturnRoutability& machine() { return machine_; }
  InitCookie& home_cookie() { return home_cookie_; }

 private:
  Exchange& took(const Output& out) {
    out_ = out;
    if (out.send_home_test_init) home_cookie_ = out.send_home_test_init->home_init_cookie;
    if (out.send_care_of_test_init) care_of_cookie_ = out.send_care_of_test_init->care_of_init_cookie;
    return *this;
  }

  ReturnRoutability machine_;
  Time now_;
  Output out_;
  InitCookie home_cookie_{};
  InitCookie care_of_cookie_{};
};

TEST(ReturnRoutability, RunsBothTestsInParallel) {  // RFC 6275 §11.6.1, §11.6.2
  Exchange x;
  x.at(0_s).starts().sends(kBothInits);
  x.at(80_ms).care_of_test(6).is_not_authorized();
  x.at(120_ms).home_test(5).is_authorized(210'080_ms);  // when the older token is too old
  const Authorization& a = *x.out().authorized;
  EXPECT_EQ(a.kbm, binding_management_key(kHomeToken, kCareOfToken));
  EXPECT_EQ(a.nonces, (NonceIndices{5, 6}));
  EXPECT_EQ(a.request.care_of, kCareOf);
  EXPECT_FALSE(x.machine().in_progress());
  EXPECT_FALSE(x.machine().next_timeout());
}

TEST(ReturnRoutability, RetransmitsWithNewCookiesAndBacksOff) {  // RFC 6275 §11.8
  Exchange x;
  x.at(0_s).starts().sends(kBothInits);
  const InitCookie first = x.home_cookie();
  x.at(100_ms).care_of_test();
  x.at(999_ms).times_out().sends(kNone);
  x.at(1_s).times_out().sends(kHomeInit);
  EXPECT_NE(x.home_cookie(), first);
  x.at(2999_ms).times_out().sends(kNone);
  x.at(3_s).times_out().sends(kHomeInit);
  x.at(7_s).times_out().sends(kHomeInit);
  x.at(8_s).home_test().is_authorized(210'100_ms);
}

TEST(ReturnRoutability, FailsAfterMaxRoFailureRetries) {  // RFC 6275 §5.2.9
  Exchange x;
  x.at(0_s).starts().sends(kBothInits);
  for (const Duration t : {1_s, 3_s, 7_s}) x.at(t).times_out().sends(kBothInits);
  x.at(14'999_ms).times_out();
  EXPECT_FALSE(x.out().failed);
  x.at(15_s).times_out().sends(kNone);
  EXPECT_TRUE(x.out().failed);
  EXPECT_FALSE(x.machine().next_timeout());
}

TEST(ReturnRoutability, IgnoresTestsThatDoNotMatch) {  // RFC 6275 §11.6.2
  Exchange x;
  x.home_test().drops(kTestUnexpected);
  x.at(0_s).starts();
  x.home_test(5, Path::Direct).drops(kTestNotFromHomeAgent);
  x.care_of_test(6, kNewCareOf).drops(kTestWrongDestination);
  const InitCookie right = x.home_cookie();
  x.home_cookie()[0] ^= 1;
  x.home_test().drops(kTestWrongCookie);
  x.home_cookie() = right;
  x.home_test(5).is_not_authorized();
  x.home_test(7).drops(kTestUnexpected);  // a home keygen token has been received
  x.care_of_test().is_authorized(210_s);
  EXPECT_EQ(x.out().authorized->nonces.home_nonce_index, 5);
}

TEST(ReturnRoutability, ReusesTheHomeTokenAfterAMove) {  // RFC 6275 §5.2.7
  Exchange x;
  x.at(0_s).starts().home_test(5).care_of_test(6);
  x.at(209'999_ms).starts(kNewCareOf).sends(kCareOfInit);
  x.at(209'999_ms).care_of_test(8, kNewCareOf).is_authorized(210_s);
  EXPECT_EQ(x.out().authorized->nonces, (NonceIndices{5, 8}));
}

TEST(ReturnRoutability, UsesNoTokenBeyondMaxTokenLifetime) {  // RFC 6275 §5.2.7
  Exchange x;
  x.at(0_s).starts().home_test().care_of_test();
  x.at(210_s).starts(kNewCareOf).sends(kBothInits);
}

TEST(ReturnRoutability, TestsAnewWhatBecameTooOldDuringTheOtherTest) {  // RFC 6275 §5.2.7
  Exchange x;
  x.at(0_s).starts().home_test().care_of_test();
  x.at(209_s).starts(kNewCareOf).sends(kCareOfInit);
  x.at(210_s).times_out().sends(kBothInits);
}

TEST(ReturnRoutability, NeedsNoMessageInTheSamePlace) {  // RFC 6275 §11.6.1
  Exchange x;
  x.at(0_s).starts().home_test().care_of_test();
  x.at(100_s).starts().sends(kNone).is_authorized(210_s);
}

TEST(ReturnRoutability, TestsEveryTimeIfSoConfigured) {  // RFC 6275 §5.2.7: reuse is a MAY
  Exchange x({.home_address = kHome, .reuse_tokens = false});
  x.at(0_s).starts().home_test().care_of_test();
  x.at(100_s).starts().sends(kBothInits);
  x.home_test().care_of_test().is_authorized(310_s);
}

TEST(ReturnRoutability, TestsAnewWhatTheCorrespondentNoLongerKnows) {  // RFC 6275 §5.2.7, status 136 to 138
  const struct {
    Tokens expired;
    Inits inits;
  } cases[] = {{Tokens::Home, kHomeInit}, {Tokens::CareOf, kCareOfInit}, {Tokens::Both, kBothInits}};
  for (const auto& c : cases) {
    Exchange x;
    x.at(0_s).starts().home_test().care_of_test();
    x.machine().discard(c.expired);
    x.at(10_s).starts().sends(c.inits);
  }
}

TEST(ReturnRoutability, NeedsTheHomeTestAloneForADeletion) {  // RFC 6275 §5.2.5, §11.6.1
  Exchange x;
  x.at(0_s).starts_deletion().sends(kHomeInit);
  x.at(50_ms).home_test(5, Path::Direct).is_authorized(210'050_ms);  // at home there is no tunnel
  EXPECT_EQ(x.out().authorized->kbm, binding_management_key_for_deletion(kHomeToken));
  EXPECT_EQ(x.out().authorized->nonces, (NonceIndices{5, 0}));  // §11.7.2
}

TEST(ReturnRoutability, TakesANewCareOfTokenAfterADeletion) {  // RFC 6275 §9.5.3
  Exchange x;
  x.at(0_s).starts().home_test().care_of_test();
  x.at(10_s).starts_deletion().sends(kNone).is_authorized(210_s);
  x.at(20_s).starts().sends(kCareOfInit);
}

TEST(ReturnRoutability, SendsNoMoreThanThreeOfAKindWithinASecond) {  // RFC 6275 §11.8, MAX_UPDATE_RATE
  Exchange x;
  for (const Duration t : {0_ms, 10_ms, 20_ms}) x.at(t).starts().sends(kBothInits);
  x.at(30_ms).starts(kNewCareOf).sends(kNone);
  EXPECT_EQ(x.machine().next_timeout(), at(1_s));
  x.at(40_ms).home_test().drops(kTestUnexpected);  // it answers an earlier run
  x.at(1_s).times_out().sends(kBothInits);
  EXPECT_EQ(x.machine().next_timeout(), at(2_s));
}

TEST(ReturnRoutability, StopsWithoutAResult) {
  Exchange x;
  x.at(0_s).starts();
  x.machine().stop();
  EXPECT_FALSE(x.machine().next_timeout());
  x.home_test().drops(kTestUnexpected);
}

}  // namespace
}  // namespace kamesim
