// The short way of a packet through a router (Ip6Stack::forward_plainly) beside the long one, which has all the rules:
// what comes out, what is discarded and what is counted are the same.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "protocols/ip6/interface.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ip6/packet_filter.h"
#include "protocols/ip6/stack.h"
#include "protocols/wire/ethernet.h"
#include "protocols/wire/ipv6_header.h"
#include "sim/link.h"
#include "sim/simulation.h"

namespace kamesim {
namespace {

constexpr MacAddress kSourceMac({0x02, 0, 0, 0, 0, 0xaa}), kSinkMac({0x02, 0, 0, 0, 0, 0xbb});
const Ipv6Address kSource = "2001:db8:a::2"_ip6, kSink = "2001:db8:b::2"_ip6,
                  kFar = "2001:db8:c::1"_ip6;

// Takes every frame, as it is.
struct Tester final : FrameReceiver {
  Tester(Simulation& simulation, const std::string& name, MacAddress mac)
      : nic(simulation.add_node(name).add_nic({}, mac)) {
    nic.set_receiver(this);
    nic.set_promiscuous(true);
  }
  ~Tester() { nic.set_receiver(nullptr); }
  void on_frame(Nic&, Packet frame) override { frames.emplace_back(frame.bytes().begin(), frame.bytes().end()); }
  void on_link_change(Nic&, bool) override {}

  Nic& nic;
  std::vector<std::vector<std::uint8_t>> frames;
};

// source -- router -- sink; the router knows both of them, and forwards to kFar by the sink.
struct Setting {
  explicit Setting(bool closer_look) {
    auto& left = simulation.add_medium<PointToPointLink>("left", LinkConfig{});
    auto& right = simulation.add_medium<PointToPointLink>("right", LinkConfig{.mtu = 1280});
    left.attach(source.nic, stack.node().add_nic());
    right.attach(stack.node().add_nic(), sink.nic);
    in = &stack.add_interface(*stack.node().nics()[0]);
    out = &stack.add_interface(*stack.node().nics()[1]);
    stack.add_address(*in, {.address = "2001:db8:a::1"_ip6, .skip_dad = true});
    stack.add_address(*out, {.address = "2001:db8:b::1"_ip6, .skip_dad = true});
    in->nd()->add_static_neighbor({.address = kSource, .mac = kSourceMac});
    out->nd()->add_static_neighbor({.address = kSink, .mac = kSinkMac});
    stack.routes().add({.prefix = Ipv6Prefix(kFar, 64), .interface = out, .next_hop = kSink});
    run(10_s);
    if (closer_look) stack.on_interface_disabled();
  }
  void run(Duration time) { simulation.run_until(simulation.now() + time); }

  std::vector<std::uint8_t> frame(const Ipv6Address& to = kSink, std::size_t payload = 100,
                                  const Ipv6Address& from = kSource) const {
    std::vector<std::uint8_t> bytes(kEthernetHeaderSize + kIpv6HeaderSize + payload, 0x5a);
    EthernetHeader{in->nic()->mac(), kSourceMac}.write(bytes.data());
    Ipv6Header{.payload_length = static_cast<std::uint16_t>(payload), .next_header = NextHeader::Udp, .hop_limit = 9,
               .source = from, .destination = to}
        .write(bytes.data() + kEthernetHeaderSize);
    return bytes;
  }
  void send(const std::vector<std::uint8_t>& bytes) {
    source.nic.send(source.nic.node().packets().copy_of(bytes));
    run(1_ms);
  }
  // What came out at the sink for a frame from the source.
  std::vector<std::vector<std::uint8_t>> forwarded(const std::vector<std::uint8_t>& bytes) {
    sink.frames.clear();
    send(bytes);
    return sink.frames;
  }

  Simulation simulation;
  Tester source{simulation, "source", kSourceMac}, sink{simulation, "sink", kSinkMac};
  Ip6Stack stack{simulation.add_node("r"), {.forwarding = true}};
  EthernetInterface* in = nullptr;
  EthernetInterface* out = nullptr;
};

// RFC 8200 §3, RFC 2464 §3.
TEST(PlainForwarding, LowersTheHopLimitAndWritesTheNextLinksAddresses) {
  Setting s(false);
  for (int i = 0; i < 3; ++i) {  // the first looks the destination up
    std::vector<std::uint8_t> expected = s.frame(kFar);
    kSinkMac.copy_to(expected.data());
    s.out->nic()->mac().copy_to(expected.data() + MacAddress::kSize);
    expected[kEthernetHeaderSize + kIpv6HopLimitOffset] = 8;
    EXPECT_EQ(s.forwarded(s.frame(kFar)), (std::vector<std::vector<std::uint8_t>>{expected})) << i;
  }
  EXPECT_EQ(s.stack.counters().forwarded, 3u);
  EXPECT_EQ(s.stack.counters().received, 3u + s.stack.counters().delivered);
}

// Frames of all kinds, most of them wrong somewhere: both ways do the same with them.
TEST(PlainForwarding, DoesWhatTheLongWayDoes) {
  Setting plain(false), closer(true);
  std::mt19937 random(1);
  const auto any = [&](std::size_t bound) { return static_cast<std::size_t>(random() % bound); };
  const Ipv6Address addresses[] = {kSink, kFar, kSource, "2001:db8:a::1"_ip6, "fe80::1"_ip6,
                                   "::1"_ip6, "::"_ip6, "::ffff:1.2.3.4"_ip6,
                                   "ff02::1"_ip6, "ff0e::9"_ip6,
                                   "2001:db8:dead::1"_ip6, "fec0::1"_ip6};
  for (int i = 0; i < 20'000; ++i) {
    const std::size_t payloads[] = {0, 1, 100, 1240, 1241};
    const Ipv6Address& to = any(2) == 0 ? addresses[any(2)] : addresses[any(std::size(addresses))];
    auto bytes = plain.frame(to, payloads[any(5)], any(2) == 0 ? kSource : addresses[any(std::size(addresses))]);
    switch (any(12)) {
      case 0: bytes[any(kEthernetHeaderSize + kIpv6HeaderSize)] = static_cast<std::uint8_t>(random()); break;
      case 1: bytes.resize(bytes.size() + any(50)); break;  // padding
      case 2: bytes.resize(any(bytes.size())); break;
      case 3: bytes[kEthernetHeaderSize + kIpv6HopLimitOffset] = static_cast<std::uint8_t>(any(3)); break;
      case 4: bytes[kEthernetHeaderSize + kIpv6NextHeaderOffset] = static_cast<std::uint8_t>(any(64)); break;
      case 5: multicast_mac(to).copy_to(bytes.data()); break;
      default: break;
    }
    plain.send(bytes);
    closer.send(bytes);
    ASSERT_EQ(plain.sink.frames, closer.sink.frames) << i;
    ASSERT_EQ(plain.source.frames, closer.source.frames) << i;  // errors
    ASSERT_EQ(plain.stack.node().drops(), closer.stack.node().drops()) << i;
    ASSERT_EQ(plain.stack.counters().received, closer.stack.counters().received) << i;
    ASSERT_EQ(plain.stack.counters().forwarded, closer.stack.counters().forwarded) << i;
    plain.sink.frames.clear(), closer.sink.frames.clear();
    plain.source.frames.clear(), closer.source.frames.clear();
  }
  EXPECT_GT(plain.stack.counters().forwarded, 2000u);
}

TEST(PlainForwarding, EndsWithTheForwarding) {
  Setting s(false);
  ASSERT_EQ(s.forwarded(s.frame()).size(), 1u);
  s.stack.set_forwarding(false);
  EXPECT_TRUE(s.forwarded(s.frame()).empty());
  EXPECT_EQ(s.stack.node().drops("ip6.not_for_us"), 1u);
}

TEST(PlainForwarding, FollowsARouteThatChanges) {
  Setting s(false);
  ASSERT_EQ(s.forwarded(s.frame(kFar)).size(), 1u);
  s.stack.routes().add({.prefix = Ipv6Prefix(kFar, 128), .interface = s.out, .kind = RouteKind::Blackhole});
  EXPECT_TRUE(s.forwarded(s.frame(kFar)).empty());
  EXPECT_EQ(s.stack.node().drops("ip6.blackhole_route"), 1u);
}

// RFC 4861 §7.2: an entry that is gone is resolved again.
TEST(PlainForwarding, EndsWithTheNeighborsEntry) {
  Setting s(false);
  ASSERT_EQ(s.forwarded(s.frame(kFar)).size(), 1u);
  ASSERT_TRUE(s.out->nd()->remove_neighbor(kSink));
  const auto frames = s.forwarded(s.frame(kFar));
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(MacAddress::from_bytes(frames[0].data()), multicast_mac(solicited_node(kSink)));
}

// RFC 4862 §5.4.5: an interface on which IPv6 is disabled neither sends nor receives.
TEST(PlainForwarding, NeitherComesFromNorGoesToADisabledInterface) {
  for (const bool incoming : {true, false}) {
    Setting s(false);
    ASSERT_EQ(s.forwarded(s.frame()).size(), 1u);
    EthernetInterface& interface = incoming ? *s.in : *s.out;
    interface.set_disabled(true);
    EXPECT_TRUE(s.forwarded(s.frame()).empty());
    EXPECT_EQ(s.stack.node().drops("ip6.interface_disabled"), 1u);
    interface.set_disabled(false);
    EXPECT_EQ(s.forwarded(s.frame()).size(), 1u);
  }
}

TEST(PlainForwarding, PassesNoFilterBy) {
  struct Nothing final : PacketFilter {
    Verdict judge(const Ip6Interface&, const Ip6Interface*, Bytes) override { return Verdict::Discard; }
  } nothing;
  Setting s(false);
  ASSERT_EQ(s.forwarded(s.frame()).size(), 1u);
  s.stack.set_filter(&nothing);
  EXPECT_TRUE(s.forwarded(s.frame()).empty());
  EXPECT_EQ(s.stack.node().drops("ip6.filtered"), 1u);
}

}  // namespace
}  // namespace kamesim
