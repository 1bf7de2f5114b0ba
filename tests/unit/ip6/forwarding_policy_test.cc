// A daemon's say in where packets of others go.
#include "protocols/ip6/forwarding_policy.h"

#include "protocols/ip6/tunnel.h"
#include "tests/unit/ip6/packet_exchange.h"

namespace kamesim {
namespace {

using testing::kTesterGlobal;
using testing::PacketExchange;

constexpr DropInfo kUnwanted{"test.unwanted", "a policy of the test"};
const Ipv6Address kFar = "2001:db8:f::1"_ip6;

struct Policy final : ForwardingPolicy {
  Verdict verdict;
  const Ip6Interface* asked_of = nullptr;
  Verdict judge(const Ip6Interface& in, const Destination&, Bytes) override {
    asked_of = &in;
    return verdict;
  }
};

// Mobility hooks that have a policy, and do nothing else.
struct Hooks final : MobilityHooks {
  ForwardingPolicy* policy = nullptr;
  OutputActions on_output(const Ipv6Address&, const Ipv6Address&, NextHeader) override { return {}; }
  bool accepts_home_address_option(const Ipv6Address&, const Ipv6Address&, const Ipv6Address&, NextHeader) override {
    return false;
  }
  bool is_home_address(const Ipv6Address&) override { return false; }
  void on_reverse_tunnelled(const Ipv6Address&, const Ipv6Address&, NextHeader) override {}
  void on_care_of_unreachable(const Ipv6Address&) override {}
  ForwardingPolicy* forwarding_policy() override { return policy; }
};

struct ForwardingPolicies : ::testing::Test {
  ForwardingPolicies() {
    x.stack.add_address(x.interface, {.address = "2001:db8:1::1"_ip6, .skip_dad = true});
    x.stack.routes().add({.prefix = "::/0"_ip6net, .interface = &x.interface, .next_hop = testing::kTester});
    hooks.policy = &policy;
    x.stack.set_mobility_hooks(&hooks);
  }
  ~ForwardingPolicies() { x.stack.set_mobility_hooks(nullptr); }
  // The next IPv6 packet on the link that is no Neighbor Discovery.
  std::optional<std::vector<std::uint8_t>> next_packet() {
    while (const auto frame = x.tester.recv(100_ms)) {
      const Bytes packet = EthernetHeaderView::check(frame->bytes)->payload();
      if (packet[kIpv6NextHeaderOffset] != 58) return std::vector(packet.begin(), packet.end());
    }
    return std::nullopt;
  }
  PacketExchange x{Ip6Config{.forwarding = true}};
  Policy policy;
  Hooks hooks;
};

TEST_F(ForwardingPolicies, MayDiscardWithoutAWord) {
  policy.verdict.discard = &kUnwanted;
  x.send(NextHeader::NoNextHeader, {}, kTesterGlobal, kFar);
  EXPECT_EQ(next_packet(), std::nullopt);
  EXPECT_EQ(x.drops(kUnwanted), 1u);
  EXPECT_EQ(policy.asked_of, &x.interface);
}

TEST_F(ForwardingPolicies, MaySendByATunnelInsteadOfTheRoute) {
  TunnelInterface& tunnel = x.stack.add_tunnel("tunnel", "2001:db8:1::1"_ip6, kTesterGlobal);
  policy.verdict.interface = &tunnel;
  x.send(NextHeader::NoNextHeader, {}, kTesterGlobal, kFar);
  const auto packet = next_packet();
  ASSERT_TRUE(packet);
  const auto outer = *Ipv6HeaderView::check(*packet);
  EXPECT_EQ(outer.next_header(), NextHeader::Ipv6);
  EXPECT_EQ(outer.destination(), kTesterGlobal);
  const auto inner = *Ipv6HeaderView::check(outer.payload());
  EXPECT_EQ(inner.destination(), kFar);
  EXPECT_EQ(inner.hop_limit(), 63);
}

TEST_F(ForwardingPolicies, MayNameAnotherNextHop) {
  policy.verdict.interface = &x.interface;
  policy.verdict.next_hop = kTesterGlobal;
  x.stack.routes().remove("::/0"_ip6net, &x.interface, testing::kTester);
  x.send(NextHeader::NoNextHeader, {}, kTesterGlobal, kFar);
  const auto packet = next_packet();
  ASSERT_TRUE(packet);
  EXPECT_EQ(Ipv6HeaderView::check(*packet)->destination(), kFar);
}

TEST_F(ForwardingPolicies, LeavesTheRestToTheRoutingTable) {
  x.send(NextHeader::NoNextHeader, {}, kTesterGlobal, kFar);
  const auto packet = next_packet();
  ASSERT_TRUE(packet);
  EXPECT_EQ(Ipv6HeaderView::check(*packet)->destination(), kFar);
}

TEST_F(ForwardingPolicies, IsNotAskedAboutPacketsForTheNodeItself) {
  policy.verdict.discard = &kUnwanted;
  x.send(NextHeader::NoNextHeader, {}, kTesterGlobal, "2001:db8:1::1"_ip6);
  EXPECT_EQ(policy.asked_of, nullptr);
}

}  // namespace
}  // namespace kamesim
