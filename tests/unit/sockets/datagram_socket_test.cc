// A socket as applications hold it: what its options make of the choice of source addresses (RFC 5014), and what it
// does with errors and a full buffer.
#include "protocols/sockets/datagram_socket.h"

#include <gtest/gtest.h>

#include "protocols/sockets/option_names.h"
#include "tests/unit/apps/two_hosts.h"

namespace kamesim {
namespace {

using namespace socket_option;
using Type = DatagramSocket::Type;

constexpr std::errc kDone{};
const Ipv6Address kStable = TwoHosts::kA, kTemporary = "2001:db8::a:1"_ip6, kHome = "2001:db8::a:2"_ip6;

struct Scene : TwoHosts {
  DatagramSocket at_a{a.sockets(), Type::Datagram, NextHeader::Udp};
  DatagramSocket at_b{b.sockets(), Type::Datagram, NextHeader::Udp};
  Scene() { EXPECT_EQ(at_b.bind({{}, 9}), kDone); }

  // Who the next datagram to b comes from.
  Ipv6Address source() {
    EXPECT_EQ(at_a.send(Bytes(), SocketAddress{kB, 9}), kDone);
    run_for(1_s);
    const auto received = at_b.receive();
    return received ? received->source.address : Ipv6Address{};
  }
  std::errc prefer(unsigned flags) {
    return at_a.set_option(kLevelIpv6, kAddressPreferences, int_value(static_cast<int>(flags)));
  }
  int preferred() {
    std::vector<std::uint8_t> value;
    EXPECT_EQ(at_a.get_option(kLevelIpv6, kAddressPreferences, value), kDone);
    return *int_option(value);
  }
};

TEST(AddressPreferences, TemporaryOrPublic) {  // RFC 5014 §5, RFC 6724 §5 rule 7
  Scene scene;
  scene.a.stack().add_address(scene.a_interface, {.address = kTemporary, .temporary = true});
  EXPECT_EQ(scene.source(), kTemporary);  // RFC 6724 §5: the default
  EXPECT_EQ(scene.prefer(kPreferPublic), kDone);
  EXPECT_EQ(scene.source(), kStable);
  EXPECT_EQ(scene.prefer(kPreferTemporary), kDone);
  EXPECT_EQ(scene.source(), kTemporary);
  EXPECT_EQ(scene.prefer(0), kDone);
  scene.a.stack().mutable_config().nd.prefer_temporary_addresses = false;
  EXPECT_EQ(scene.source(), kStable);
  EXPECT_EQ(scene.prefer(kPreferTemporary), kDone);
  EXPECT_EQ(scene.source(), kTemporary);
}

TEST(AddressPreferences, HomeOrCareOf) {  // RFC 5014 §5, RFC 6724 §5 rule 4
  Scene scene;
  scene.a.stack().add_address(scene.a_interface, {.address = kHome, .home_address = true});
  EXPECT_EQ(scene.source(), kHome);
  EXPECT_EQ(scene.prefer(kPreferCareOf), kDone);
  EXPECT_EQ(scene.source(), kStable);
  EXPECT_EQ(scene.prefer(kPreferHome), kDone);
  EXPECT_EQ(scene.source(), kHome);
}

TEST(AddressPreferences, CountForConnectToo) {
  Scene scene;
  scene.a.stack().add_address(scene.a_interface, {.address = kTemporary, .temporary = true});
  EXPECT_EQ(scene.prefer(kPreferPublic), kDone);
  EXPECT_EQ(scene.at_a.connect({TwoHosts::kB, 9}), kDone);
  EXPECT_EQ(scene.at_a.local().address, kStable);
}

TEST(AddressPreferences, ThatContradictThemselvesAreRefused) {  // RFC 5014 §6
  Scene scene;
  for (const unsigned flags : {kPreferTemporary | kPreferPublic, kPreferHome | kPreferCareOf,
                               kPreferCga | kPreferNonCga, kPreferHome | kPreferCareOf | kPreferTemporary, 0x10u}) {
    EXPECT_EQ(scene.prefer(flags), std::errc::invalid_argument) << flags;
  }
  for (const unsigned flags : {kPreferHome | kPreferPublic, kPreferHome | kPreferCga,
                               kPreferCareOf | kPreferPublic | kPreferCga, kPreferHome | kPreferNonCga}) {
    EXPECT_EQ(scene.prefer(flags), kDone) << flags;
  }
}

TEST(AddressPreferences, ReadAsTheyCount) {
  Scene scene;
  EXPECT_EQ(scene.preferred(), int(kPreferTemporary | kPreferHome | kPreferNonCga));
  EXPECT_EQ(scene.prefer(kPreferPublic | kPreferCareOf), kDone);
  EXPECT_EQ(scene.preferred(), int(kPreferPublic | kPreferCareOf | kPreferNonCga));
}

TEST(DatagramSocket, AnErrorIsToldOnceAndSendsNothing) {  // RFC 4443 §2.4 d
  Scene scene;
  EXPECT_EQ(scene.at_a.connect({TwoHosts::kB, 10}), kDone);  // nobody there
  EXPECT_EQ(scene.at_a.send(Bytes(), {}), kDone);
  scene.run_for(1_s);
  EXPECT_TRUE(scene.at_a.readable());
  const auto sent = scene.a.stack().counters().sent;
  EXPECT_EQ(scene.at_a.send(Bytes(), {}), std::errc::connection_refused);
  EXPECT_EQ(scene.a.stack().counters().sent, sent);
  EXPECT_EQ(scene.at_a.send(Bytes(), {}), kDone);
}

TEST(DatagramSocket, TheErrorQueueIsBounded) {
  Scene scene;
  scene.b.stack().mutable_config().icmp6_error_rate = 1e6;
  scene.b.stack().mutable_config().icmp6_error_burst = 1000;
  EXPECT_EQ(scene.at_a.set_option(kLevelIpv6, kReceiveError, int_value(1)), kDone);
  EXPECT_EQ(scene.at_a.send(Bytes(), SocketAddress{TwoHosts::kB, 10}), kDone);
  scene.run_for(1_s);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(scene.at_a.send(Bytes(), SocketAddress{TwoHosts::kB, 10}), kDone);
  scene.run_for(1_s);
  std::size_t told = 0;
  while (scene.at_a.receive_error()) ++told;
  EXPECT_EQ(told, kMaxWaitingErrors);
}

TEST(DatagramSocket, SaysWhenTryingAgainIsWorthIt) {
  Scene scene;
  int calls = 0;
  scene.at_b.on_ready([&] { ++calls; });
  scene.source();
  EXPECT_EQ(calls, 1);
}

TEST(DatagramSocket, MoreThanTheSendBufferIsTooLong) {  // 4.4BSD
  Scene scene;
  const std::vector<std::uint8_t> data(10000);
  EXPECT_EQ(scene.at_a.send(data, SocketAddress{TwoHosts::kB, 9}), std::errc::message_size);
  EXPECT_EQ(scene.at_a.set_option(kLevelSocket, kSendBuffer, int_value(65536)), kDone);
  EXPECT_EQ(scene.at_a.send(data, SocketAddress{TwoHosts::kB, 9}), kDone);
}

TEST(DatagramSocket, UnspecifiedIsThisVeryNode) {  // 4.4BSD
  Scene scene;
  DatagramSocket here(scene.a.sockets(), Type::Datagram, NextHeader::Udp);
  EXPECT_EQ(here.bind({{}, 9}), kDone);
  EXPECT_EQ(scene.at_a.connect({{}, 9}), kDone);
  EXPECT_EQ(scene.at_a.peer().address, kLoopback);
  EXPECT_EQ(scene.at_a.send(Bytes(), {}), kDone);
  scene.run_for(1_s);
  const auto received = here.receive();
  ASSERT_TRUE(received);
  EXPECT_EQ(received->source.address, kLoopback);
}

}  // namespace
}  // namespace kamesim
