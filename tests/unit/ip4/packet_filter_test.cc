// A node's packet filter sees IPv4 too, in v4-mapped form (RFC 1812 §5.3.9).
#include "protocols/ip6/packet_filter.h"

#include "protocols/ip4/stack.h"
#include "protocols/wire/icmp4.h"
#include "protocols/wire/ipv4_header.h"
#include "tests/unit/nd/exchange.h"

namespace kamesim {
namespace {

using namespace testing;
using enum PacketFilter::Verdict;

constexpr Ipv4Bits kNode = 0xc0000201, kPeer = 0xc0000263, kBeyond = 0xc6336401;

class Ip4Filter : public ::testing::TestWithParam<Ipv4Bits> {  // to the node, and by way of it
 protected:
  Ip4Filter() : x({.forwarding = true}), ip4(x.stack) {
    x.settle();
    x.stack.add_address(x.interface, {.address = v4_mapped(kNode), .prefix_length = 120, .skip_dad = true});
    ip4.add_neighbor(x.interface, v4_mapped(kPeer), kTesterMac);
    ip4.add_neighbor(x.interface, v4_mapped(kNode + 1), kTesterMac);
    x.stack.routes().add({.prefix = Ipv6Prefix(v4_mapped(0xc6336400), 120), .interface = &x.interface,
                          .next_hop = v4_mapped(kNode + 1)});
    x.stack.mutable_config().send_redirects = false;
    x.stack.set_filter(&filter);
    x.run(5_s);
    x.tester.clear();
  }
  // The types of the ICMP messages that an echo request brings about; -1: what was forwarded.
  std::vector<int> echo(Ipv4Bits from = kPeer) {
    const std::uint8_t request[] = {8, 0, 0xf7, 0xff, 0, 0, 0, 0};
    Packet packet = x.simulation.packets().copy_of(request);
    Ipv4Header{.total_length = kIpv4HeaderSize + sizeof request, .protocol = NextHeader::Icmp4, .source = from,
               .destination = GetParam()}
        .write(packet.prepend(kIpv4HeaderSize));
    EthernetHeader{x.nic.mac(), kTesterMac, EtherType::Ipv4}.write(packet.prepend(kEthernetHeaderSize));
    x.tester.send(packet.bytes());
    std::vector<int> types;
    while (const auto frame = x.tester.recv(100_ms)) {
      const auto ethernet = EthernetHeaderView::check(frame->bytes);
      if (ethernet->ethertype() != EtherType::Ipv4) continue;
      const auto header = Ipv4HeaderView::check(ethernet->payload());
      code = header->payload()[1];
      types.push_back(header->destination() == kBeyond ? -1 : header->payload()[0]);
    }
    return types;
  }
  std::vector<int> passed() const { return {GetParam() == kNode ? 0 : -1}; }

  Exchange x;
  Ip4Stack ip4;
  PrefixFilter filter;
  int code = 0;
};

TEST_P(Ip4Filter, AcceptsWhatNoRuleIsAbout) {
  filter.rules = {{"::/0"_ip6net, "2001:db8::/32"_ip6net, Discard}};
  EXPECT_EQ(echo(), passed());
}

TEST_P(Ip4Filter, DiscardsSilently) {
  filter.rules = {{Ipv6Prefix(v4_mapped(kPeer), 128), "::ffff:0:0/96"_ip6net, Discard}};
  EXPECT_EQ(echo(), std::vector<int>{});
  EXPECT_EQ(x.node.drops("ip4.filtered"), 1u);
  filter.rules = {{Ipv6Prefix(v4_mapped(kPeer + 1), 128), "::ffff:0:0/96"_ip6net, Discard}};
  EXPECT_EQ(echo(), passed());
}

TEST_P(Ip4Filter, SaysThatItIsProhibited) {  // RFC 1812 §5.2.7.1, code 13
  for (const auto verdict : {Prohibit, RefuseSource}) {
    filter.rules = {{"::ffff:192.0.2.0/120"_ip6net, Ipv6Prefix(v4_mapped(GetParam()), 128), verdict}};
    EXPECT_EQ(echo(), std::vector<int>{3});
    EXPECT_EQ(code, 13);
  }
  EXPECT_EQ(x.node.drops("ip4.administratively_prohibited"), 2u);
}

INSTANTIATE_TEST_SUITE_P(LocalAndForwarded, Ip4Filter, ::testing::Values(kNode, kBeyond));

}  // namespace
}  // namespace kamesim
