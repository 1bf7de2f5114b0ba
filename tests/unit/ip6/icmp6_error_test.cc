// ICMPv6 errors (RFC 4443): when a node sends none, what a packet filter has it say, and who hears of those that come.
#include <gtest/gtest.h>

#include "protocols/ip6/packet_filter.h"
#include "tests/unit/ip6/packet_exchange.h"

namespace kamesim::testing {
namespace {

constexpr NextHeader kUnknownProtocol{200};
const Ipv6Address kOurs = "2001:db8:1::1"_ip6;
const Ipv6Address kFar = "2001:db8:9::9"_ip6;

class Icmp6Errors : public ::testing::Test {
 protected:
  Icmp6Errors() {
    x.stack.add_address(x.interface, {.address = kOurs, .skip_dad = true});
  }
  PacketExchange x{Ip6Config{.forwarding = true, .accept_router_advertisements = false}};
};

TEST_F(Icmp6Errors, AreNotSentToAnAddressThatIsKnownToBeAnycast) {  // RFC 4443 §2.4 e.6
  x.send(kUnknownProtocol, {1, 2, 3, 4}, "2001:db8:1::"_ip6, kOurs);  // Subnet-Router anycast (RFC 4291 §2.6.1)
  x.run(5_s);
  EXPECT_FALSE(x.recv_icmp6());
  EXPECT_EQ(x.stack.counters().icmp6_errors_sent, 0u);
  x.send(kUnknownProtocol, {1, 2, 3, 4}, kTesterGlobal, kOurs);
  EXPECT_TRUE(x.recv_icmp6());
}

TEST_F(Icmp6Errors, DestinationUnreachableCanBeTurnedOff) {  // RFC 4443 §3.1
  const auto no_route = [&] {
    x.send(kUnknownProtocol, {1, 2, 3, 4}, kTesterGlobal, kFar);
    return x.recv_icmp6().has_value();
  };
  EXPECT_TRUE(no_route());
  x.stack.mutable_config().send_destination_unreachable = false;
  EXPECT_FALSE(no_route());
  x.stack.mutable_config().send_destination_unreachable = true;
  x.interface.send_destination_unreachable = false;
  EXPECT_FALSE(no_route());
  x.send(kUnknownProtocol, {1, 2, 3, 4}, kTesterGlobal, kOurs);  // other errors are sent
  EXPECT_EQ(x.recv_icmp6()->type(), 4);
}

TEST_F(Icmp6Errors, PacketFilterHasThemSayWhy) {  // RFC 4443 §3.1, codes 1 and 5
  using enum PacketFilter::Verdict;
  PrefixFilter filter;
  x.stack.set_filter(&filter);
  const Ipv6Prefix any = "::/0"_ip6net;
  struct {
    PacketFilter::Verdict verdict;
    int code;  // -1: no error
    const char* drop;
  } cases[] = {{Prohibit, 1, "ip6.prohibited"}, {RefuseSource, 5, "ip6.source_refused"}, {Discard, -1, "ip6.filtered"}};
  for (const auto& c : cases) {
    filter.rules = {{"2001:db8:1::/64"_ip6net, "2001:db8:1::1/128"_ip6net, c.verdict}, {any, any, Accept}};
    x.send(kUnknownProtocol, {1, 2, 3, 4}, kTesterGlobal, kOurs);
    const auto error = x.recv_icmp6();
    ASSERT_EQ(error.has_value(), c.code >= 0) << c.drop;
    if (error) {
      EXPECT_EQ(error->type(), 1);
      EXPECT_EQ(error->code(), c.code);
    }
    EXPECT_EQ(x.node.drops(c.drop), 1u);
  }
  x.stack.set_filter(nullptr);
}

// --- Errors that come (RFC 4443 §2.4 d) --------------------------------------------------------------------------------

struct UpperLayer200 final : PacketHandler {
  void on_packet(InputPacket&) override {}
  void on_icmp6_error_report(const Icmp6ErrorReport& report) override {
    ++errors;
    type = static_cast<std::uint8_t>(report.error.type);
    source = report.source, destination = report.destination, from = report.from;
    data.assign(report.upper().begin(), report.upper().end());
  }
  int errors = 0;
  std::uint8_t type = 0;
  Ipv6Address source, destination, from;
  std::vector<std::uint8_t> data;
};

class ErrorInput : public Icmp6Errors {
 protected:
  ErrorInput() { x.stack.set_upper_layer(kUnknownProtocol, &upper); }
  ~ErrorInput() { x.stack.set_upper_layer(kUnknownProtocol, nullptr); }
  void send_error(std::uint8_t type, const Ipv6Address& quoted_source, std::vector<std::uint8_t> headers,
                  NextHeader first = kUnknownProtocol) {
    std::vector<std::uint8_t> message(8 + kIpv6HeaderSize);
    message[0] = type;
    Ipv6Header{.payload_length = static_cast<std::uint16_t>(headers.size()), .next_header = first, .hop_limit = 9,
               .source = quoted_source, .destination = kFar}
        .write(message.data() + 8);
    message.insert(message.end(), headers.begin(), headers.end());
    x.send_icmp6(message, kTesterGlobal, kOurs);
  }
  UpperLayer200 upper;
};

TEST_F(ErrorInput, ReachesTheUpperLayerOfThePacketThatItQuotes) {
  send_error(1, kOurs, {1, 2, 3, 4});
  EXPECT_EQ(upper.errors, 1);
  EXPECT_EQ(upper.type, 1);
  EXPECT_EQ(upper.source, kOurs);
  EXPECT_EQ(upper.destination, kFar);
  EXPECT_EQ(upper.from, kTesterGlobal);
  EXPECT_EQ(upper.data, (std::vector<std::uint8_t>{1, 2, 3, 4}));
}

TEST_F(ErrorInput, OfUnknownTypeReachesItToo) {  // RFC 4443 §2.4 a
  send_error(77, kOurs, {1, 2, 3, 4});
  EXPECT_EQ(upper.errors, 1);
  EXPECT_EQ(upper.type, 77);
}

TEST_F(ErrorInput, FindsItBehindExtensionHeaders) {
  send_error(3, kOurs, {200, 0, 1, 4, 0, 0, 0, 0, 9, 9}, NextHeader::DestinationOptions);
  EXPECT_EQ(upper.data, (std::vector<std::uint8_t>{9, 9}));
}

TEST_F(ErrorInput, IsDroppedWhereTheQuotationEndsBefore) {  // §2.4 d: "silently dropped after any IPv6-layer processing"
  send_error(3, kOurs, {200, 9, 1, 4}, NextHeader::DestinationOptions);
  EXPECT_EQ(upper.errors, 0);
}

TEST_F(ErrorInput, AboutAPacketOfAnotherNodeIsDropped) {
  send_error(1, kTesterGlobal, {1, 2, 3, 4});
  EXPECT_EQ(upper.errors, 0);
  EXPECT_EQ(x.node.drops("icmp6.error_about_foreign_packet"), 1u);
}

// --- Flow labels (RFC 6437 §3) -----------------------------------------------------------------------------------------

struct Nobody final : DatagramHandler {
  void on_datagram(const Datagram&) override {}
};

TEST_F(Icmp6Errors, FlowsHaveALabelEachAndKeepIt) {
  Nobody nobody;
  UdpSocket a(x.sockets, nobody), b(x.sockets, nobody);
  a.bind(1000), b.bind(1001);
  const auto label_of = [&](UdpSocket& socket, std::uint16_t port) -> std::uint32_t {
    x.tester.clear();
    socket.send_to(Bytes(), kTesterGlobal, port);
    while (const auto frame = x.tester.recv(100_ms)) {
      const auto ip = Ipv6HeaderView::check(EthernetHeaderView::check(frame->bytes)->payload());
      if (ip && ip->next_header() == NextHeader::Udp) return ip->flow_label();
    }
    ADD_FAILURE() << "nothing was sent";
    return 0;
  };
  const std::uint32_t first = label_of(a, 7);
  EXPECT_NE(first, 0u);
  EXPECT_EQ(label_of(a, 7), first);
  EXPECT_NE(label_of(a, 8), first);
  EXPECT_NE(label_of(b, 7), first);
  x.stack.mutable_config().auto_flow_label = false;
  EXPECT_EQ(label_of(a, 7), 0u);
}

}  // namespace
}  // namespace kamesim::testing
