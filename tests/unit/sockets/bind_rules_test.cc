// Which second bind succeeds, and which of two sockets hears: the matrix of KAME's bindtest for UDP over IPv6.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "protocols/ip6/socket.h"
#include "tests/unit/apps/two_hosts.h"

namespace kamesim {
namespace {

constexpr std::uint16_t kPort = 7777;
const Ipv6Address kWild, kOwn = TwoHosts::kA, kOther = "2001:db8::a2"_ip6, kGroup = "ff05::77"_ip6,
                         kOtherGroup = "ff05::78"_ip6;

class Listener final : public DatagramHandler {
 public:
  explicit Listener(SocketLayer& layer) : socket(layer, *this) {}
  void on_datagram(const Datagram&) override { ++heard; }
  void on_packet_error(const PacketError&) override { ++errors; }
  UdpSocket socket;
  int heard = 0, errors = 0;
};

struct Scene : TwoHosts {
  Scene() { a.stack().add_address(a_interface, {.address = kOther}); }
  SocketLayer& layer() { return a.sockets(); }
};

UdpSocket::Sharing sharing(char letter) {
  switch (letter) {
    case 'a': return {.reuse_address = true};
    case 'p': return {.reuse_port = true};
    case 'b': return {.reuse_address = true, .reuse_port = true};
    default: return {};
  }
}

// n: no option; a: SO_REUSEADDR; p: SO_REUSEPORT; b: both. A cell names the first socket's options with which the
// second one's bind succeeds.
struct Row {
  const Ipv6Address &first, &second;
  std::string with_none, with_address, with_port, with_both;
};
const Row kMatrix[] = {
    // first      second        n       a       p       b
    {kWild,       kWild,        "",     "",     "pb",   "pb"},
    {kWild,       kOwn,         "",     "napb", "napb", "napb"},
    {kOwn,        kWild,        "",     "napb", "napb", "napb"},
    {kOwn,        kOwn,         "",     "",     "pb",   "pb"},
    {kOwn,        kOther,       "napb", "napb", "napb", "napb"},
    {kGroup,      kGroup,       "",     "apb",  "pb",   "apb"},
    {kGroup,      kOtherGroup,  "napb", "napb", "napb", "napb"},
    {kGroup,      kWild,        "",     "napb", "napb", "napb"},
    {kWild,       kGroup,       "",     "napb", "napb", "napb"},
    {kOwn,        kGroup,       "napb", "napb", "napb", "napb"},
    {kGroup,      kOwn,         "napb", "napb", "napb", "napb"},
};

TEST(BindRules, TheMatrix) {
  Scene scene;
  for (const Row& row : kMatrix) {
    const std::pair<char, std::string> cells[] = {
        {'n', row.with_none}, {'a', row.with_address}, {'p', row.with_port}, {'b', row.with_both}};
    for (const auto& [mine, allowed] : cells) {
      for (const char theirs : std::string("napb")) {
        Listener first(scene.layer()), second(scene.layer());
        first.socket.sharing = sharing(theirs);
        second.socket.sharing = sharing(mine);
        ASSERT_EQ(first.socket.bind_to({row.first, kPort}), std::errc{});
        const bool expected = allowed.find(theirs) != std::string::npos;
        EXPECT_EQ(second.socket.bind_to({row.second, kPort}), expected ? std::errc{} : std::errc::address_in_use)
            << row.first << " (" << theirs << "), then " << row.second << " (" << mine << ")";
      }
    }
  }
}

TEST(BindRules, AnAddressThatCannotBeHad) {
  Scene scene;
  InterfaceAddress& anycast =
      scene.a.stack().add_address(scene.a_interface, {.address = "2001:db8::aa"_ip6, .anycast = true});
  for (const Ipv6Address& address :
       {"2001:db8::77"_ip6, "::ffff:10.0.0.1"_ip6, "::ffff:0.0.0.1"_ip6, "::1.2.3.4"_ip6, anycast.address}) {
    Listener listener(scene.layer());
    EXPECT_EQ(listener.socket.bind_to({address, kPort}), std::errc::address_not_available) << address;
  }
  Listener loopback(scene.layer());
  EXPECT_EQ(loopback.socket.bind_to({kLoopback, kPort}), std::errc{});
  EXPECT_EQ(loopback.socket.bind_to({kLoopback, kPort + 1}), std::errc::invalid_argument);  // it is bound
}

TEST(BindRules, ATentativeAddressCannotBeHad) {  // RFC 4862 §5.4: it is not assigned
  Simulation simulation;
  Host host(simulation.add_node("host"), {.dup_addr_detect_transmits = 1});
  auto& link = simulation.add_medium<PointToPointLink>("link", LinkConfig{});
  Nic &near = host.node().add_nic(), &far = simulation.add_node("far").add_nic();
  link.attach(near);
  link.attach(far);
  EthernetInterface& interface = host.add_interface(near);
  host.stack().add_address(interface, {.address = kOwn});
  Listener early(host.sockets()), late(host.sockets());
  EXPECT_EQ(early.socket.bind_to({kOwn, kPort}), std::errc::address_not_available);
  simulation.run_until(Time() + 5_s);
  EXPECT_EQ(late.socket.bind_to({kOwn, kPort}), std::errc{});
}

TEST(BindRules, LinkLocalAddressesOfTwoZonesAreTwo) {  // RFC 4007 §6
  Scene scene;
  auto& link = scene.simulation.add_medium<PointToPointLink>("second", LinkConfig{});
  Nic &near = scene.a.node().add_nic(), &far = scene.b.node().add_nic();
  link.attach(near);
  link.attach(far);
  EthernetInterface& second = scene.a.add_interface(near);
  const Ipv6Address address = "fe80::5"_ip6;
  scene.a.stack().add_address(scene.a_interface, {.address = address});
  scene.a.stack().add_address(second, {.address = address});
  Listener one(scene.layer()), two(scene.layer()), again(scene.layer());
  EXPECT_EQ(one.socket.bind_to({address, kPort, scene.a_interface.index()}), std::errc{});
  EXPECT_EQ(two.socket.bind_to({address, kPort, second.index()}), std::errc{});
  EXPECT_EQ(again.socket.bind_to({address, kPort, second.index()}), std::errc::address_in_use);
}

TEST(Delivery, TheSocketThatKnowsMostHears) {
  Scene scene;
  Listener wild(scene.layer()), own(scene.layer()), connected(scene.layer());
  Listener sender(scene.b.sockets()), stranger(scene.b.sockets());
  for (Listener* l : {&wild, &own, &connected}) l->socket.sharing = sharing('b');
  ASSERT_EQ(wild.socket.bind_to({kWild, kPort}), std::errc{});
  ASSERT_EQ(own.socket.bind_to({kOwn, kPort}), std::errc{});
  ASSERT_EQ(connected.socket.bind_to({kOwn, kPort}), std::errc{});
  ASSERT_TRUE(sender.socket.bind(5000));
  ASSERT_EQ(connected.socket.connect({TwoHosts::kB, 5000}), std::errc{});
  auto say = [&](Listener& from, const Ipv6Address& to) {
    from.socket.send_to(Bytes(), to, kPort);
    scene.run_for(1_s);
  };
  say(sender, kOwn);
  EXPECT_EQ(connected.heard, 1);
  say(stranger, kOwn);
  EXPECT_EQ(own.heard, 1);
  say(sender, kOther);
  EXPECT_EQ(wild.heard, 1);
  EXPECT_EQ(connected.heard + own.heard + wild.heard, 3);
}

TEST(Delivery, TwoSocketsCannotBeTheSameTwoEnds) {
  Scene scene;
  Listener one(scene.layer()), two(scene.layer());
  one.socket.sharing = two.socket.sharing = sharing('p');
  ASSERT_EQ(one.socket.bind_to({kOwn, kPort}), std::errc{});
  ASSERT_EQ(two.socket.bind_to({kOwn, kPort}), std::errc{});
  EXPECT_EQ(one.socket.connect({TwoHosts::kB, 9}), std::errc{});
  EXPECT_EQ(two.socket.connect({TwoHosts::kB, 9}), std::errc::address_in_use);
  EXPECT_EQ(two.socket.connect({TwoHosts::kB, 10}), std::errc{});
}

TEST(Delivery, AGroupIsForAllWhoWouldHaveIt) {  // RFC 3493 §5.2
  Scene scene;
  Listener wild(scene.layer()), bound(scene.layer()), elsewhere(scene.layer()), member(scene.layer());
  Listener sender(scene.b.sockets());
  for (Listener* l : {&wild, &bound, &elsewhere, &member}) l->socket.sharing = sharing('a');
  ASSERT_EQ(wild.socket.bind_to({kWild, kPort}), std::errc{});
  ASSERT_EQ(bound.socket.bind_to({kGroup, kPort}), std::errc{});
  ASSERT_EQ(elsewhere.socket.bind_to({kOtherGroup, kPort}), std::errc{});
  ASSERT_EQ(member.socket.bind_to({kOwn, kPort}), std::errc{});
  ASSERT_EQ(wild.socket.groups().join(scene.a_interface, kGroup), std::errc{});
  sender.socket.send_to(Bytes(), kGroup, kPort, {.interface = &scene.b_interface});
  scene.run_for(1_s);
  EXPECT_EQ(wild.heard, 1);
  EXPECT_EQ(bound.heard, 1);
  EXPECT_EQ(elsewhere.heard, 0);
  EXPECT_EQ(member.heard, 0);  // bound to a unicast address
}

TEST(Delivery, ErrorsGoToWhoCanHaveSentThePacket) {  // RFC 4443 §2.4 d
  Scene scene;
  Listener sender(scene.layer()), connected_elsewhere(scene.layer()), other_port(scene.layer());
  sender.socket.sharing = connected_elsewhere.socket.sharing = sharing('p');
  ASSERT_TRUE(sender.socket.bind(kPort));
  ASSERT_TRUE(connected_elsewhere.socket.bind(kPort));
  ASSERT_TRUE(other_port.socket.bind(kPort + 1));
  ASSERT_EQ(connected_elsewhere.socket.connect({TwoHosts::kB, 10}), std::errc{});
  sender.socket.send_to(Bytes(), TwoHosts::kB, 9);  // nobody listens there
  scene.run_for(1_s);
  EXPECT_EQ(sender.errors, 1);
  EXPECT_EQ(connected_elsewhere.errors, 0);
  EXPECT_EQ(other_port.errors, 0);
}

TEST(EphemeralPorts, AreDrawnOfTheDynamicOnesAndRunOut) {  // RFC 6056 §3.3.1, RFC 6335 §6
  Scene scene;
  std::vector<std::unique_ptr<Listener>> all;
  std::vector<bool> seen(65536);
  for (int i = 0; i < 65536 - 49152; ++i) {
    auto& listener = *all.emplace_back(std::make_unique<Listener>(scene.layer()));
    ASSERT_TRUE(listener.socket.bind(0));
    ASSERT_GE(listener.socket.port(), 49152);
    ASSERT_FALSE(seen[listener.socket.port()]);
    seen[listener.socket.port()] = true;
  }
  Listener one_too_many(scene.layer());
  EXPECT_EQ(one_too_many.socket.bind_to({}), std::errc::address_not_available);
  all.pop_back();
  EXPECT_EQ(one_too_many.socket.bind_to({}), std::errc{});
}

TEST(EphemeralPorts, DifferFromBootToBoot) {
  Scene scene;
  auto first = [&] {
    Listener listener(scene.layer());
    EXPECT_TRUE(listener.socket.bind(0));
    return listener.socket.port();
  };
  const std::uint16_t before = first();
  scene.a.reboot();
  EXPECT_NE(first(), before);
}

}  // namespace
}  // namespace kamesim
