// Inverse Neighbor Discovery (RFC 3122), packet by packet.
#include "protocols/inverse_nd/inverse_nd.h"

#include "protocols/wire/icmp6.h"
#include "tests/unit/nd/exchange.h"

namespace kamesim {
namespace {

using namespace testing;

const Ipv6Address kAddress = "2001:db8:1::1"_ip6;

struct Heard {
  Time time;
  MacAddress to_mac;
  Ipv6Address source, destination;
  InverseNdMessage message;
};

class Inverse : public ::testing::Test {
 protected:
  Inverse() {
    x.stack.add_address(x.interface, {.address = kAddress, .skip_dad = true});
    x.settle();
  }
  void send(const InverseNdMessage& message, const Ipv6Address& destination, std::uint8_t hop_limit = 255) {
    send_bytes(to_bytes(message), destination, hop_limit);
  }
  void send_bytes(std::vector<std::uint8_t> bytes, const Ipv6Address& destination, std::uint8_t hop_limit = 255) {
    fill_icmp6_checksum(kTester, destination, bytes);
    Packet packet = x.simulation.packets().copy_of(bytes);
    Ipv6Header{.payload_length = static_cast<std::uint16_t>(bytes.size()), .next_header = NextHeader::Icmp6,
               .hop_limit = hop_limit, .source = kTester, .destination = destination}
        .write(packet.prepend(kIpv6HeaderSize));
    EthernetHeader{x.nic.mac(), kTesterMac, EtherType::Ipv6}.write(packet.prepend(kEthernetHeaderSize));
    x.tester.send(packet.bytes());
    x.simulation.run_until(x.simulation.now());
  }
  std::optional<Heard> recv(Duration timeout) {
    const Time end = x.now() + timeout;
    while (const auto frame = x.tester.recv(end - x.now())) {
      const auto ethernet = EthernetHeaderView::check(frame->bytes);
      const auto ip = Ipv6HeaderView::check(ethernet->payload());
      if (!ip || ip->next_header() != NextHeader::Icmp6 || ip->payload()[0] < kInverseNdSolicitation) continue;
      const auto message = InverseNdMessage::check(ip->payload(), {ip->source(), ip->destination(), ip->hop_limit()});
      if (message) return Heard{frame->time, ethernet->destination(), ip->source(), ip->destination(), *message};
    }
    return std::nullopt;
  }
  InverseNdMessage solicitation() const {
    return {.type = kInverseNdSolicitation, .source = kTesterMac, .target = x.nic.mac(), .addresses = {kTester}};
  }
  InverseNdMessage advertisement(std::vector<Ipv6Address> addresses) const {
    return {.type = kInverseNdAdvertisement, .source = kTesterMac, .target = kTesterMac,
            .addresses = std::move(addresses)};
  }

  Exchange x{{.nd = {.inverse_nd = true}}};
  InverseDiscovery daemon{x.sockets};
};

TEST_F(Inverse, ASolicitationIsAnsweredWithAllAddresses) {  // §4.2.1, §2.2
  send(solicitation(), kAllNodesLinkLocal);
  const auto heard = recv(1_s);
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->message.type, kInverseNdAdvertisement);
  EXPECT_EQ(heard->destination, kTester);
  EXPECT_EQ(heard->to_mac, kTesterMac);
  EXPECT_EQ(heard->message.source, x.nic.mac());
  EXPECT_EQ(heard->message.target, x.nic.mac());
  EXPECT_EQ(heard->message.addresses, (std::vector<Ipv6Address>{x.link_local(), kAddress}));
  EXPECT_EQ(x.state(kTester), Neighbor::State::Stale);  // the sender is learned
}

TEST_F(Inverse, IsSilentWhenTurnedOff) {
  x.stack.mutable_config().nd.inverse_nd = false;
  send(solicitation(), kAllNodesLinkLocal);
  EXPECT_FALSE(recv(1_s));
}

TEST_F(Inverse, AddressesThatDoNotFitFollowInFurtherMessages) {  // §3.1
  for (std::uint16_t n = 0; n < 120; ++n) {
    auto bytes = kAddress.bytes();
    bytes[13] = 1;
    bytes[15] = static_cast<std::uint8_t>(n);
    x.stack.add_address(x.interface, {.address = Ipv6Address(bytes), .skip_dad = true});
  }
  send(solicitation(), kAllNodesLinkLocal);
  std::size_t told = 0, messages = 0;
  while (const auto heard = recv(1_s)) {
    ++messages;
    told += heard->message.addresses.size();
  }
  EXPECT_EQ(told, 122u);
  EXPECT_EQ(messages, 2u);  // 88 fit into 1500 bytes
}

TEST_F(Inverse, InvalidMessagesAreDiscarded) {  // §4.3.1
  send(solicitation(), kAllNodesLinkLocal, 254);
  EXPECT_EQ(x.drops(kInverseNdHopLimit), 1u);
  auto bytes = to_bytes(solicitation());
  bytes[1] = 1;
  send_bytes(bytes, kAllNodesLinkLocal);
  EXPECT_EQ(x.drops(kInverseNdBadCode), 1u);
  bytes = to_bytes(solicitation());
  send_bytes({bytes.begin(), bytes.begin() + 16}, kAllNodesLinkLocal);
  EXPECT_EQ(x.drops(kInverseNdTooShort), 1u);
  bytes[16] = 99;  // no Target Link-Layer Address
  send_bytes(bytes, kAllNodesLinkLocal);
  EXPECT_EQ(x.drops(kInverseNdMissingOption), 1u);
  auto other = solicitation();
  other.target = kOtherMac;
  send(other, kAllNodesLinkLocal);
  EXPECT_EQ(x.drops(kInverseNdNotOurTarget), 1u);
  EXPECT_FALSE(recv(1_s));
}

TEST_F(Inverse, AsksTheStationAloneAndLearnsItsAddresses) {  // §2.1, §4.2.2
  EXPECT_TRUE(daemon.ask(x.interface, kTesterMac));
  EXPECT_FALSE(daemon.ask(x.interface, kTesterMac));
  const auto asked = recv(1_ms);
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->to_mac, kTesterMac);
  EXPECT_EQ(asked->destination, kAllNodesLinkLocal);
  EXPECT_EQ(asked->message.target, kTesterMac);
  EXPECT_EQ(asked->message.addresses, (std::vector<Ipv6Address>{x.link_local(), kAddress}));
  send(advertisement({kTester, kTesterGlobal, "ff02::5"_ip6}), asked->source);
  EXPECT_EQ(x.state(kTesterGlobal), Neighbor::State::Stale);
  EXPECT_EQ(x.nd().cache().find(kTesterGlobal)->mac, kTesterMac);
  EXPECT_EQ(x.nd().cache().find("ff02::5"_ip6), nullptr);
  EXPECT_EQ(x.traced(kTraceInverseNdAnswered), 1u);
  EXPECT_FALSE(recv(10_s));
}

TEST_F(Inverse, AsksThreeTimesRetransTimerApart) {  // §4.1: MAX_MULTICAST_SOLICIT
  daemon.ask(x.interface, kTesterMac);
  for (int n = 0; n < 3; ++n) {
    const auto asked = recv(2_s);
    ASSERT_TRUE(asked);
    EXPECT_EQ(asked->time, at(3_s) + n * 1_s);
  }
  EXPECT_FALSE(recv(5_s));
  EXPECT_EQ(x.traced(kTraceInverseNdFailed), 1u);
}

TEST_F(Inverse, AnswersThatNobodyAskedForTeachNothing) {
  send(advertisement({kTesterGlobal}), x.link_local());
  EXPECT_EQ(x.drops(kInverseNdNotAsked), 1u);
  EXPECT_EQ(x.state(kTesterGlobal), Neighbor::State::None);
}

TEST_F(Inverse, QuestionsEndWithTheLink) {
  daemon.ask(x.interface, kTesterMac);
  x.nic.set_enabled(false);
  x.run(10_s);
  EXPECT_EQ(x.traced(kTraceInverseNdFailed), 0u);
}

TEST_F(Inverse, EveryTruncationIsDiscarded) {
  const auto whole = to_bytes(advertisement({kTester, kTesterGlobal}));
  ASSERT_TRUE(InverseNdMessage::check(whole, {kTester, x.link_local(), 255}));
  for (std::size_t size = 1; size < whole.size(); ++size) {
    EXPECT_FALSE(InverseNdMessage::check(Bytes(whole).first(size), {kTester, x.link_local(), 255})) << size;
  }
}

}  // namespace
}  // namespace kamesim
