#include "protocols/wire/routing_header.h"

#include <gtest/gtest.h>

#include "tests/unit/wire/hex.h"

namespace kamesim {
namespace {

// IPv6ExtHdrRouting(type=2, segleft=1, addresses=["2001:db8::99"]), Scapy 2.5.0
const auto kType2 = hex("3b02020100000000 20010db8000000000000000000000099");
// IPv6ExtHdrRouting(type=0, segleft=2, addresses=["2001:db8::98", "2001:db8::99"]), Scapy 2.5.0
const auto kType0 = hex("3b04000200000000 20010db8000000000000000000000098 20010db8000000000000000000000099");

TEST(RoutingHeader, ReadsType2) {  // RFC 6275 §6.4.1
  const auto header = RoutingHeaderView::check(kType2);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->routing_type(), kType2RoutingType);
  const auto view = Type2RoutingHeaderView::check(*header);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->home_address(), "2001:db8::99"_ip6);
  EXPECT_EQ(view->next_header(), NextHeader::NoNextHeader);
}

TEST(RoutingHeader, WritesType2) {
  std::vector<std::uint8_t> out(kType2RoutingHeaderSize);
  write_type2_routing_header(out.data(), NextHeader::NoNextHeader, "2001:db8::99"_ip6);
  EXPECT_EQ(out, kType2);
}

TEST(RoutingHeader, RefusesAType2WithOtherThanOneSegment) {
  auto bytes = kType2;
  bytes[3] = 0;
  EXPECT_EQ(Type2RoutingHeaderView::check(*RoutingHeaderView::check(bytes)).error(),
            &kType2RoutingHeaderBadSegmentsLeft);
  bytes[3] = 2;
  EXPECT_EQ(Type2RoutingHeaderView::check(*RoutingHeaderView::check(bytes)).error(),
            &kType2RoutingHeaderBadSegmentsLeft);
  for (std::string_view text : {"3b00020100000000", "3b01020100000000 0000000000000000"}) {
    const auto shorter = hex(text);
    EXPECT_EQ(Type2RoutingHeaderView::check(*RoutingHeaderView::check(shorter)).error(), &kType2RoutingHeaderBadLength);
  }
}

TEST(RoutingHeader, ReadsType0) {  // RFC 2460 §4.4
  const auto view = SourceRouteView::check(*RoutingHeaderView::check(kType0));
  ASSERT_TRUE(view);
  EXPECT_EQ(view->segments_left(), 2);
  ASSERT_EQ(view->address_count(), 2u);
  EXPECT_EQ(view->address(0), "2001:db8::98"_ip6);
  EXPECT_EQ(view->address(1), "2001:db8::99"_ip6);
}

TEST(RoutingHeader, RefusesAMalformedType0) {
  auto bytes = kType0;
  bytes[3] = 3;
  EXPECT_EQ(SourceRouteView::check(*RoutingHeaderView::check(bytes)).error(), &kRoutingHeaderBadSegmentsLeft);
  bytes[1] = 3;
  EXPECT_EQ(SourceRouteView::check(*RoutingHeaderView::check(bytes)).error(), &kRoutingHeaderOddLength);
}

TEST(RoutingHeader, RefusesEveryTruncation) {
  for (const auto& bytes : {kType0, kType2}) {
    for_each_truncation(bytes,
                        [](Bytes cut) { EXPECT_EQ(RoutingHeaderView::check(cut).error(), &kRoutingHeaderTruncated); });
  }
}

}  // namespace
}  // namespace kamesim
