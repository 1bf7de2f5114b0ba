// Nodes under forged and malformed Neighbor Discovery messages: they keep their bounds and their service.
#include "sim/random.h"
#include "tests/unit/nd/exchange.h"

namespace kamesim {
namespace {

using namespace testing;

class Noise {
 public:
  Noise(Exchange& x, std::uint64_t seed) : x_(x), random_(seed, 0, "noise") {}

  void send() {
    const NdEndPoints between{pick_source(), pick_destination()};
    std::vector<std::uint8_t> message(random_.chance(0.1) ? random_.below(48) + 4 : size());
    random_.fill(message);
    message[0] = static_cast<std::uint8_t>(133 + random_.below(5));
    if (random_.chance(0.95)) message[1] = 0;
    if (message.size() >= 40 && random_.chance(0.8)) pick_target().copy_to(message.data() + 8);
    add_options(message);
    fill_icmp6_checksum(between.source, between.destination, message);
    Packet packet = x_.simulation.packets().copy_of(message);
    Ipv6Header{.payload_length = static_cast<std::uint16_t>(message.size()), .next_header = NextHeader::Icmp6,
               .hop_limit = static_cast<std::uint8_t>(random_.chance(0.98) ? 255 : 64), .source = between.source,
               .destination = between.destination}
        .write(packet.prepend(kIpv6HeaderSize));
    x_.send_packet(between.destination, std::move(packet), kTesterMac);
  }
  Duration pause() { return random_.chance(0.02) ? 3_s : 1_ms; }

 private:
  std::size_t size() { return std::array<std::size_t, 4>{8, 16, 24, 40}[random_.below(4)]; }
  Ipv6Address pick_address() {
    const Ipv6Address few[] = {x_.link_local(), kTester, "2001:db8:1::1"_ip6, kTesterGlobal, kUnspecified};
    if (random_.chance(0.7)) return few[random_.below(std::size(few))];
    return Ipv6Address::from_halves(random_.chance(0.5) ? 0xfe80ull << 48 : 0x2001'0db8'0001'0000, random_.next_u64());
  }
  Ipv6Address pick_source() { return pick_address(); }
  Ipv6Address pick_destination() {
    const Ipv6Address own = x_.link_local();
    const Ipv6Address few[] = {own, solicited_node(own), kAllNodesLinkLocal, kAllRoutersLinkLocal, "2001:db8:1::1"_ip6};
    return few[random_.below(std::size(few))];
  }
  Ipv6Address pick_target() { return pick_address(); }
  std::uint8_t pick_length() { return random_.chance(0.9) ? 64 : static_cast<std::uint8_t>(random_.below(129)); }
  void add_options(std::vector<std::uint8_t>& message) {
    for (auto count = random_.below(4); count > 0; --count) {
      ByteWriter out(message);
      const MacAddress mac({2, 0, 0, 0, 1, static_cast<std::uint8_t>(random_.below(256))});
      switch (random_.below(6)) {
        case 0: emit(out, SourceLinkLayerAddress{mac}); break;
        case 1: emit(out, TargetLinkLayerAddress{mac}); break;
        case 2:
          emit(out, PrefixInformation{.address = Ipv6Address::from_halves(random_.next_u64(), 0),
                                      .prefix_length = pick_length(),
                                      .on_link = random_.chance(0.8),
                                      .autonomous = random_.chance(0.8),
                                      .valid_lifetime = 1_s * static_cast<std::int64_t>(random_.below(10000)),
                                      .preferred_lifetime = 1_s * static_cast<std::int64_t>(random_.below(10000))});
          break;
        case 3: emit(out, Mtu{random_.next_u32()}); break;
        case 4: emit(out, AdvertisementInterval{1_s}); break;
        default: {
          std::vector<std::uint8_t> junk(8);
          random_.fill(junk);
          out.bytes(junk);
        }
      }
    }
  }

  Exchange& x_;
  RandomStream random_;
};

void expect_bounds(Exchange& x) {
  const Ip6Config& config = x.stack.config();
  EXPECT_LE(x.nd().cache().size(), config.max_neighbors + config.max_default_routers);
  EXPECT_LE(x.nd().routers().default_routers().routers().size(), config.max_default_routers);
  EXPECT_LE(x.nd().routers().prefixes().entries().size(), config.max_prefixes);
  EXPECT_LE(x.interface.addresses().size(), config.max_autoconfigured_addresses + 2);
  if (x.nd().redirects() != nullptr) {
    EXPECT_LE(x.nd().redirects()->entries().size(), RedirectRoutes::kMaxRoutes);
  }
}

class RandomMessages : public ::testing::TestWithParam<bool> {};

TEST_P(RandomMessages, LeaveANodeWithinItsBounds) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    Exchange x({.forwarding = GetParam(), .max_neighbors = 64}, seed);
    x.stack.add_address(x.interface, {.address = "2001:db8:1::1"_ip6});
    x.settle();  // forged during Duplicate Address Detection, one message would end it all (RFC 4862 §5.4.5)
    Noise noise(x, seed);
    for (int i = 0; i < 20000; ++i) {
      noise.send();
      if (i % 7 == 0) x.stack.output_packet(x.empty_packet("2001:db8:1::1"_ip6, kTesterGlobal));
      if (i % 2000 == 1999) {
        x.lan.detach(x.nic);
        x.lan.attach(x.nic);
        x.run(3_s);
      }
      x.run(noise.pause());
      x.tester.clear();
    }
    expect_bounds(x);
    EXPECT_TRUE(x.interface.up());
    EXPECT_GT(x.stack.counters().delivered, 10000u);  // the noise was heard
    // Attached to a quiet link it serves as ever.
    x.lan.detach(x.nic);
    x.lan.attach(x.nic);
    x.run(3_s);
    x.send_nd({kTester, solicited_node(x.link_local())}, NeighborSolicitation{x.link_local()},
              SourceLinkLayerAddress{kTesterMac});
    EXPECT_TRUE(x.recv<NeighborAdvertisementView>(0_s)) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(HostAndRouter, RandomMessages, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "Router" : "Host"; });

}  // namespace
}  // namespace kamesim
