// Duplicate Address Detection on a link that returns what is sent (RFC 7527).
#include "protocols/ip6/nd_drops.h"
#include "protocols/ip6/nd_trace.h"
#include "protocols/wire/fragment_header.h"
#include "tests/unit/nd/exchange.h"

namespace kamesim {
namespace {

using namespace testing;

const Ipv6Address kAddress = "2001:db8:1::1"_ip6;

class EnhancedDad : public ::testing::Test {
 protected:
  void SetUp() override {
    x.settle();
    x.stack.add_address(x.interface, {.address = kAddress});
  }
  AddressState state() { return x.interface.find_address(kAddress)->state; }
  std::vector<std::uint8_t> nonce_of(const Sent<NeighborSolicitationView>& ns) {
    const auto nonce = ns.option<NdNonce>();
    return nonce ? std::vector<std::uint8_t>(nonce->nonce.begin(), nonce->nonce.end()) : std::vector<std::uint8_t>();
  }
  void loop_back(const std::vector<std::uint8_t>& nonce) {
    x.send_nd({kUnspecified, solicited_node(kAddress)}, NeighborSolicitation{kAddress}, NdNonce{nonce});
  }
  Exchange x;
};

TEST_F(EnhancedDad, EachSolicitationHasANonceOfItsOwn) {  // §4.1, RFC 3971 §5.3.2
  const auto first = x.recv<NeighborSolicitationView>(1_s);
  ASSERT_EQ(nonce_of(*first).size(), 6u);
  x.stack.add_address(x.interface, {.address = "2001:db8:1::2"_ip6});
  const auto second = x.recv<NeighborSolicitationView>(1_s);
  EXPECT_EQ(nonce_of(*second).size(), 6u);
  EXPECT_NE(nonce_of(*first), nonce_of(*second));
}

TEST_F(EnhancedDad, ALoopedBackSolicitationIsNoDuplicate) {  // §4.2
  loop_back(nonce_of(*x.recv<NeighborSolicitationView>(1_s)));
  EXPECT_EQ(state(), AddressState::Tentative);
  EXPECT_EQ(x.drops(kNdLoopedBack), 1u);
  EXPECT_EQ(x.traced(kTraceDadLoopedBack), 1u);
}

TEST_F(EnhancedDad, ProbesThreeTimesMoreAfterALoopAndThenAssigns) {  // §4.1: MAX_MULTICAST_SOLICIT
  const auto first = x.recv<NeighborSolicitationView>(1_s);
  loop_back(nonce_of(*first));
  for (int n = 1; n <= 3; ++n) {
    const auto more = x.recv<NeighborSolicitationView>(2_s);
    ASSERT_TRUE(more) << n;
    EXPECT_EQ(more->time, first->time + n * 1_s);
    EXPECT_NE(nonce_of(*more), nonce_of(*first));
  }
  EXPECT_EQ(state(), AddressState::Tentative);
  x.run(1_s);
  EXPECT_EQ(state(), AddressState::Preferred);
  EXPECT_FALSE(x.recv<NeighborSolicitationView>(5_s));
}

TEST_F(EnhancedDad, GoesOnAsLongAsTheLinkLoops) {  // §4.1
  for (int n = 0; n < 20; ++n) {
    const auto ns = x.recv<NeighborSolicitationView>(2_s);
    ASSERT_TRUE(ns) << n;
    loop_back(nonce_of(*ns));
  }
  EXPECT_EQ(state(), AddressState::Tentative);
}

TEST_F(EnhancedDad, AnotherNonceIsAnotherNode) {  // §4.2
  ASSERT_TRUE(x.recv<NeighborSolicitationView>(1_s));
  loop_back({1, 2, 3, 4, 5, 6});
  EXPECT_EQ(state(), AddressState::Duplicated);
}

TEST_F(EnhancedDad, ANonceOfAnotherLengthIsAnotherNode) {  // RFC 3971 §5.3.2: 6 bytes and a multiple of 8
  auto nonce = nonce_of(*x.recv<NeighborSolicitationView>(1_s));
  nonce.resize(14);
  loop_back(nonce);
  EXPECT_EQ(state(), AddressState::Duplicated);
}

TEST(PlainDad, HasNoNonce) {  // RFC 4862 §5.4.2
  Exchange x({.nd = {.enhanced_dad = false}});
  EXPECT_FALSE(x.recv<NeighborSolicitationView>(2_s)->option<NdNonce>());
}

TEST(FragmentedDiscovery, IsIgnored) {  // RFC 6980 §5: whatever the fragments, one is enough
  Exchange x;
  x.stack.add_address(x.interface, {.address = kAddress, .skip_dad = true});
  x.settle();
  const NdEndPoints between{kTester, solicited_node(kAddress)};
  const Packet plain = nd_packet(x.simulation.packets(), between, NeighborSolicitation{kAddress},
                                 SourceLinkLayerAddress{kTesterMac});
  const Bytes message = plain.bytes().subspan(kIpv6HeaderSize);
  Packet atomic = x.simulation.packets().copy_of(message);
  FragmentHeader{.next_header = NextHeader::Icmp6, .identification = 7}.write(atomic.prepend(kFragmentHeaderSize));
  Ipv6Header{.payload_length = static_cast<std::uint16_t>(message.size() + kFragmentHeaderSize),
             .next_header = NextHeader::Fragment, .hop_limit = 255, .source = between.source,
             .destination = between.destination}
      .write(atomic.prepend(kIpv6HeaderSize));
  x.send_packet(between.destination, std::move(atomic), kTesterMac);
  EXPECT_FALSE(x.recv<NeighborAdvertisementView>(1_s));
  EXPECT_EQ(x.drops(kNdFragmented), 1u);
  x.send_nd(between, NeighborSolicitation{kAddress}, SourceLinkLayerAddress{kTesterMac});
  EXPECT_TRUE(x.recv<NeighborAdvertisementView>(1_s));
}

}  // namespace
}  // namespace kamesim
