// A node and a tester on a LAN, who know each other's addresses, and packets of any headers between them.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string_view>
#include <vector>

#include "protocols/wire/icmp6.h"
#include "protocols/wire/ipv6_header.h"
#include "tests/unit/nd/exchange.h"
#include "tests/unit/wire/hex.h"

namespace kamesim::testing {

class PacketExchange : public Exchange {
 public:
  explicit PacketExchange(const Ip6Config& config = {}) : Exchange(config) {
    settle();
    for (const Ipv6Address& address : {kTester, kTesterGlobal}) {
      nd().add_static_neighbor({.address = address, .mac = kTesterMac});
    }
  }

  // From the tester's link-local address, unless another is given, to the node's.
  void send(NextHeader first, const std::vector<std::uint8_t>& headers, const Ipv6Address& source = kTester,
            std::optional<Ipv6Address> to = std::nullopt, std::uint16_t payload_length = 0) {
    Packet packet = simulation.packets().allocate(headers.size());
    std::copy(headers.begin(), headers.end(), packet.mutable_data());
    const Ipv6Address destination = to.value_or(link_local());
    Ipv6Header{.payload_length = payload_length != 0 ? payload_length : static_cast<std::uint16_t>(headers.size()),
               .next_header = first, .hop_limit = 64, .source = source, .destination = destination}
        .write(packet.prepend(kIpv6HeaderSize));
    send_packet(destination, std::move(packet), kTesterMac);
  }
  // A message whose checksum is filled in.
  void send_icmp6(std::vector<std::uint8_t> message, const Ipv6Address& source = kTester,
                  std::optional<Ipv6Address> to = std::nullopt) {
    fill_icmp6_checksum(source, to.value_or(link_local()), message);
    send(NextHeader::Icmp6, message, source, to);
  }

  struct Message {
    Time time;
    Ipv6Address source, destination;
    std::vector<std::uint8_t> bytes;
    std::uint8_t type() const { return bytes[0]; }
    std::uint8_t code() const { return bytes[1]; }
    std::uint32_t parameter() const { return load_be32(bytes.data() + 4); }
  };
  // The next ICMPv6 message that is no Neighbor Discovery, with a right checksum; none within the time: empty.
  std::optional<Message> recv_icmp6(Duration timeout = 100_ms) {
    const Time end = simulation.now() + timeout;
    while (const auto frame = tester.recv(end - simulation.now())) {
      const auto ip = Ipv6HeaderView::check(EthernetHeaderView::check(frame->bytes)->payload());
      if (!ip || ip->next_header() != NextHeader::Icmp6) continue;
      const auto icmp6 = Icmp6View::check(ip->payload());
      if (!icmp6 || (icmp6->type() >= Icmp6Type::RouterSolicitation && icmp6->type() <= Icmp6Type::Redirect)) continue;
      EXPECT_TRUE(icmp6->checksum_ok(ip->source(), ip->destination()));
      const Bytes bytes = ip->payload();
      return Message{frame->time, ip->source(), ip->destination(), {bytes.begin(), bytes.end()}};
    }
    return std::nullopt;
  }
};

}  // namespace kamesim::testing
