#include "protocols/mip6/rate_limit.h"

#include <gtest/gtest.h>

#include "protocols/mip6/binding_error_sender.h"
#include "protocols/mip6/binding_status.h"
#include "tests/unit/mip6/test_values.h"

namespace kamesim {
namespace {

TEST(UpdateRateLimit, AllowsThreeMessagesWithinASecond) {  // RFC 6275 §11.8, MAX_UPDATE_RATE
  UpdateRateLimit limit;
  for (const Duration t : {0_ms, 100_ms, 200_ms}) {
    EXPECT_EQ(limit.allowed_at(at(t)), at(t));
    limit.record(at(t));
  }
  EXPECT_EQ(limit.allowed_at(at(300_ms)), at(1000_ms));
  limit.record(at(1000_ms));
  EXPECT_EQ(limit.allowed_at(at(1000_ms)), at(1100_ms));
  EXPECT_EQ(limit.allowed_at(at(5000_ms)), at(5000_ms));
}

TEST(BindingErrorSender, CopiesTheHomeAddressFromTheOption) {  // RFC 6275 §9.3.3
  BindingErrorSender sender;
  EXPECT_EQ(sender.on_unknown_binding(at(0_s), kCareOf, kHome),
            (BindingError{kUnknownBindingForHomeAddress, kHome}));
  EXPECT_EQ(sender.on_unrecognized_mh_type(at(0_s), kCareOf, kHome), (BindingError{kUnrecognizedMhType, kHome}));
  EXPECT_EQ(sender.on_unrecognized_mh_type(at(0_s), kCareOf, std::nullopt),
            (BindingError{kUnrecognizedMhType, kUnspecified}));
}

TEST(BindingErrorSender, AnswersNoSourceThatIsNotUnicast) {  // RFC 6275 §9.3.3
  BindingErrorSender sender;
  EXPECT_FALSE(sender.on_unknown_binding(at(0_s), "ff0e::1"_ip6, kHome));
  EXPECT_FALSE(sender.on_unrecognized_mh_type(at(0_s), kUnspecified, std::nullopt));
}

TEST(BindingErrorSender, IsLimitedAsIcmpErrorsAre) {  // RFC 6275 §9.3.3, RFC 4443 §2.4 f
  BindingErrorSender sender;
  int sent = 0;
  for (int i = 0; i < 100; ++i) sent += sender.on_unknown_binding(at(10_s), kCareOf, kHome).has_value();
  EXPECT_EQ(sent, 10);
  EXPECT_FALSE(sender.on_unknown_binding(at(10'099_ms), kCareOf, kHome));
  EXPECT_TRUE(sender.on_unknown_binding(at(10'100_ms), kCareOf, kHome));
}

}  // namespace
}  // namespace kamesim
