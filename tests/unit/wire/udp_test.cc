#include "protocols/wire/udp.h"

#include <gtest/gtest.h>

#include "tests/unit/wire/hex.h"

namespace kamesim {
namespace {

// IPv6(src="2001:db8::1", dst="2001:db8::2") / UDP(sport=1234, dport=5678) / b"hello", Scapy 2.5.0
const auto kDatagram = hex("04d2162e000d458d 68656c6c6f");

TEST(Udp, ReadsEveryField) {
  const auto view = UdpView::check(kDatagram);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->source_port(), 1234);
  EXPECT_EQ(view->destination_port(), 5678);
  EXPECT_EQ(view->length(), 13);
  EXPECT_EQ(view->checksum(), 0x458d);
  EXPECT_EQ(to_hex(view->data()), "68656c6c6f");
  EXPECT_TRUE(view->checksum_ok("2001:db8::1"_ip6, "2001:db8::2"_ip6));
  EXPECT_FALSE(view->checksum_ok("2001:db8::1"_ip6, "2001:db8::3"_ip6));
}

TEST(Udp, WritesWhatItRead) {
  std::vector<std::uint8_t> out(kDatagram);
  UdpView::check(kDatagram)->value().write(out.data());
  EXPECT_EQ(load_be16(out.data() + kUdpChecksumOffset), 0);
  fill_udp_checksum("2001:db8::1"_ip6, "2001:db8::2"_ip6, out);
  EXPECT_EQ(out, kDatagram);
}

TEST(Udp, RefusesEveryTruncation) {
  for_each_truncation(kDatagram, [](Bytes cut) { EXPECT_EQ(UdpView::check(cut).error(), &kUdpTruncated); });
}

TEST(Udp, RefusesALengthBelowTheHeader) {
  for (std::uint8_t length = 1; length < kUdpHeaderSize; ++length) {
    auto datagram = kDatagram;
    datagram[5] = length;
    EXPECT_EQ(UdpView::check(datagram).error(), &kUdpBadLength);
  }
}

TEST(Udp, TakesAZeroLengthForAllThatIsThere) {  // RFC 2675 §4
  auto datagram = kDatagram;
  datagram[4] = datagram[5] = 0;
  const auto view = UdpView::check(datagram);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->length(), datagram.size());
  EXPECT_EQ(udp_length_field(65535), 65535);
  EXPECT_EQ(udp_length_field(65536), 0);
}

TEST(Udp, RefusesAZeroChecksum) {  // RFC 8200 §8.1
  auto datagram = kDatagram;
  datagram[6] = datagram[7] = 0;
  EXPECT_EQ(UdpView::check(datagram).error(), &kUdpZeroChecksum);
}

TEST(Udp, LeavesOutWhatIsBehindItsLength) {
  auto datagram = kDatagram;
  datagram.push_back(0xff);
  const auto view = UdpView::check(datagram);
  EXPECT_EQ(view->data().size(), 5u);
  EXPECT_TRUE(view->checksum_ok("2001:db8::1"_ip6, "2001:db8::2"_ip6));
}

}  // namespace
}  // namespace kamesim
