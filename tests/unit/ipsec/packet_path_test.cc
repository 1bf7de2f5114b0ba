// Packets of two sites on their ways through policies and associations.
#include <gtest/gtest.h>

#include "protocols/ipsec/drops.h"
#include "tests/unit/ipsec/two_sites.h"

namespace kamesim::ipsec {
namespace {

constexpr std::uint16_t kPort = 7000;

Secret key_of(std::size_t size, std::uint8_t first = 1) {
  std::vector<std::uint8_t> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(first + i);
  return Secret(Bytes(bytes));
}

SaParameters esp(const Ipv6Address& from, const Ipv6Address& to, Spi spi, Mode mode) {
  SaParameters p;
  p.address = {spi, Protocol::Esp, from, to};
  p.mode = mode;
  p.encryption = Encryption::AesGcm16;
  p.encryption_key = key_of(20);
  p.replay_window = 64;
  return p;
}
SaParameters ah(const Ipv6Address& from, const Ipv6Address& to, Spi spi, Mode mode) {
  SaParameters p;
  p.address = {spi, Protocol::Ah, from, to};
  p.mode = mode;
  p.integrity = Integrity::HmacSha2_256_128;
  p.integrity_key = key_of(32);
  p.replay_window = 64;
  return p;
}
SaParameters ipcomp(const Ipv6Address& from, const Ipv6Address& to, Mode mode) {
  SaParameters p;
  p.address = {2, Protocol::IpComp, from, to};
  p.mode = mode;
  p.compression = Compression::Deflate;
  return p;
}

Request tunnel(Protocol protocol, const Ipv6Address& from, const Ipv6Address& to) {
  return {protocol, Mode::Tunnel, Level::Require, 0, from, to};
}
Request transport(Protocol protocol) { return {protocol, Mode::Transport, Level::Require, 0, {}, {}}; }

class PacketPath : public testing::Test, public TwoSites {
 public:
  PacketPath() : receiver(h2.host.sockets(), heard), sender(h1.host.sockets(), ignored) { receiver.bind(kPort); }

  static Nic& middle_nic(Station& gateway, PointToPointLink& link) {
    return &link.end(0)->node() == &gateway.host.node() ? *link.end(0) : *link.end(1);
  }
  SendError say(std::size_t size = 100, OutputRequest request = {}) {
    std::vector<std::uint8_t> data(size, 'x');
    const SendError error = sender.send_to(Bytes(data), kH2, kPort, request);
    run_for(100_ms);
    return error;
  }
  static void add(Station& station, SaParameters parameters) {
    ASSERT_TRUE(station.kernel.keys().sad().add(std::move(parameters), station.stack().now()));
    station.kernel.reschedule();
  }
  static void policy(Station& station, Direction direction, const Ipv6Prefix& from, const Ipv6Prefix& to,
                     std::vector<Request> requests, Action action = Action::Protect) {
    SecurityPolicy p;
    p.direction = direction;
    p.action = action;
    p.selector.source = AddressRange::of(from);
    p.selector.destination = AddressRange::of(to);
    p.requests = std::move(requests);
    ASSERT_TRUE(station.kernel.keys().spd().add(p, station.stack().now()));
  }
  // From left to right between the gateways, all of one site to all of the other.
  void tunnel_between_gateways(const std::vector<SaParameters>& associations, const std::vector<Request>& requests) {
    for (const SaParameters& sa : associations) add(g1, sa), add(g2, sa);
    policy(g1, Direction::Out, kLeft, kRight, requests);
    policy(g2, Direction::In, kLeft, kRight, requests);
  }
  void between_hosts(const std::vector<SaParameters>& associations, const std::vector<Request>& requests) {
    for (const SaParameters& sa : associations) add(h1, sa), add(h2, sa);
    policy(h1, Direction::Out, Ipv6Prefix(kH1, 128), Ipv6Prefix(kH2, 128), requests);
    policy(h2, Direction::In, Ipv6Prefix(kH1, 128), Ipv6Prefix(kH2, 128), requests);
  }
  // Puts a packet on the link to g2 once more.
  void inject(const std::vector<std::uint8_t>& packet) {
    g2.stack().input(*g2.stack().interface_on(middle_nic(g2, *middle)), simulation.packets().copy_of(packet));
    run_for(10_ms);
  }

  static inline const Ipv6Prefix kLeft = "2001:db8:1::/64"_ip6net, kRight = "2001:db8:2::/64"_ip6net;
  Heard heard, ignored;
  UdpSocket receiver, sender;
  Wire wire{middle_nic(g2, *middle)};
};

TEST_F(PacketPath, GoesThroughATunnelOfGateways) {
  tunnel_between_gateways({esp(kG1, kG2, 1000, Mode::Tunnel)}, {tunnel(Protocol::Esp, kG1, kG2)});
  EXPECT_EQ(say(), SendError::None);
  ASSERT_EQ(heard.datagrams.size(), 1u);
  EXPECT_EQ(heard.datagrams[0], std::vector<std::uint8_t>(100, 'x'));
  ASSERT_EQ(wire.packets().size(), 1u);
  const auto packet = wire.packets()[0];
  const auto ip = Ipv6HeaderView::check(packet);
  EXPECT_EQ(ip->next_header(), NextHeader::Esp);
  EXPECT_EQ(ip->source(), kG1);
  EXPECT_EQ(ip->destination(), kG2);
  EXPECT_EQ(load_be32(ip->payload().data()), 1000u);
  EXPECT_EQ(load_be32(ip->payload().data() + 4), 1u);  // RFC 4303 §3.3.3: the first
  EXPECT_EQ(ip->payload().size(), 8 + 8 + 40 + 8 + 100 + 2 + 2 + 16u);
}

TEST_F(PacketPath, ShutsOutWhatComesInTheClear) {
  tunnel_between_gateways({esp(kG1, kG2, 1000, Mode::Tunnel)}, {tunnel(Protocol::Esp, kG1, kG2)});
  g1.kernel.keys().spd().flush();
  say();
  EXPECT_EQ(heard.datagrams.size(), 0u);
  EXPECT_EQ(g2.drops(kUnprotected), 1u);
}

TEST_F(PacketPath, ShutsOutReplays) {
  tunnel_between_gateways({esp(kG1, kG2, 1000, Mode::Tunnel)}, {tunnel(Protocol::Esp, kG1, kG2)});
  for (int i = 0; i < 3; ++i) say();
  ASSERT_EQ(heard.datagrams.size(), 3u);
  const auto packets = wire.packets();
  for (const auto& p : packets) inject(p);
  EXPECT_EQ(heard.datagrams.size(), 3u);
  EXPECT_EQ(g2.drops(kEspReplayed), 3u);
  for (int i = 0; i < 70; ++i) say();
  inject(packets[0]);
  EXPECT_EQ(g2.drops(kEspTooOld), 1u);
}

TEST_F(PacketPath, ShutsOutWhatWasChangedOrCut) {
  tunnel_between_gateways({esp(kG1, kG2, 1000, Mode::Tunnel)}, {tunnel(Protocol::Esp, kG1, kG2)});
  say();
  ASSERT_EQ(heard.datagrams.size(), 1u);
  auto packet = wire.packets().at(0);
  g2.kernel.keys().sad().find({1000, Protocol::Esp, kG1, kG2})->window.reset();
  for (std::size_t bit = 8 * 8; bit < 8 * packet.size(); ++bit) {
    packet[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    inject(packet);
    packet[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
  }
  for (std::size_t size = 40; size < packet.size(); ++size) {
    std::vector<std::uint8_t> cut(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size));
    store_be16(cut.data() + 4, static_cast<std::uint16_t>(size - 40));
    inject(cut);
  }
  EXPECT_EQ(heard.datagrams.size(), 1u);
  inject(packet);  // as it was
  EXPECT_EQ(heard.datagrams.size(), 2u);
}

TEST_F(PacketPath, BundlesInTransportMode) {
  between_hosts({esp(kH1, kH2, 1000, Mode::Transport), ah(kH1, kH2, 1001, Mode::Transport)},
                {transport(Protocol::Esp), transport(Protocol::Ah)});
  say();
  ASSERT_EQ(heard.datagrams.size(), 1u);
  const auto packet = wire.packets().at(0);
  EXPECT_EQ(packet[6], 51);                  // AH outside
  EXPECT_EQ(packet[40], 50);
}

TEST_F(PacketPath, WantsAllOfABundle) {
  const std::vector<SaParameters> both = {esp(kH1, kH2, 1000, Mode::Transport), ah(kH1, kH2, 1001, Mode::Transport)};
  for (const auto& sa : both) add(h1, sa), add(h2, sa);
  policy(h1, Direction::Out, Ipv6Prefix(kH1, 128), Ipv6Prefix(kH2, 128), {transport(Protocol::Esp)});
  policy(h2, Direction::In, Ipv6Prefix(kH1, 128), Ipv6Prefix(kH2, 128),
         {transport(Protocol::Esp), transport(Protocol::Ah)});
  say();
  EXPECT_EQ(heard.datagrams.size(), 0u);
  EXPECT_EQ(h2.drops(kPolicyMismatch), 1u);
}

TEST_F(PacketPath, NestsTunnels) {
  // The hosts' transport inside the gateways' ESP tunnel, over which AH goes as well.
  between_hosts({ah(kH1, kH2, 2000, Mode::Transport)}, {transport(Protocol::Ah)});
  tunnel_between_gateways({esp(kG1, kG2, 1000, Mode::Tunnel), ah(kG1, kG2, 1001, Mode::Transport)},
                          {tunnel(Protocol::Esp, kG1, kG2), transport(Protocol::Ah)});
  say();
  ASSERT_EQ(heard.datagrams.size(), 1u);
  EXPECT_EQ(wire.packets().at(0)[6], 51);
  EXPECT_EQ(wire.packets().at(0)[40], 50);
}

TEST_F(PacketPath, CompressesBeforeItEncrypts) {
  between_hosts({ipcomp(kH1, kH2, Mode::Transport), esp(kH1, kH2, 1000, Mode::Transport)},
                {{Protocol::IpComp, Mode::Transport, Level::Use, 0, {}, {}}, transport(Protocol::Esp)});
  say(1000);
  say(10);  // too short to be compressed
  ASSERT_EQ(heard.datagrams.size(), 2u);
  EXPECT_EQ(heard.datagrams[0].size(), 1000u);
  EXPECT_LT(wire.packets().at(0).size(), 200u);
}

TEST_F(PacketPath, DiscardsAndBypasses) {
  policy(h1, Direction::Out, Ipv6Prefix(kH1, 128), Ipv6Prefix(kH2, 128), {}, Action::Discard);
  EXPECT_EQ(say(), SendError::Unreachable);
  EXPECT_EQ(h1.drops(kPolicyDiscard), 1u);
  h1.kernel.keys().spd().flush();
  policy(h1, Direction::Out, Ipv6Prefix(kH1, 128), Ipv6Prefix(kH2, 128), {}, Action::Bypass);
  policy(h2, Direction::In, Ipv6Prefix(kH1, 128), Ipv6Prefix(kH2, 128), {}, Action::Bypass);
  EXPECT_EQ(say(), SendError::None);
  EXPECT_EQ(heard.datagrams.size(), 1u);
}

class Wanted final : public KeyListener {
 public:
  void on_acquire(const Acquire& a) override { ends.emplace_back(a.source, a.destination); }
  std::vector<std::pair<Ipv6Address, Ipv6Address>> ends;
};

TEST_F(PacketPath, AsksForWhatIsMissing) {
  Wanted wanted;
  g1.kernel.keys().add_listener(wanted);
  policy(g1, Direction::Out, kLeft, kRight, {tunnel(Protocol::Esp, kG1, kG2)});
  say();
  EXPECT_EQ(heard.datagrams.size(), 0u);
  EXPECT_EQ(g1.drops(kNoAssociation), 1u);
  ASSERT_EQ(wanted.ends.size(), 1u);
  EXPECT_EQ(wanted.ends[0], std::pair(kG1, kG2));
  g1.kernel.keys().remove_listener(wanted);
}

TEST_F(PacketPath, TellsWhatFitsIntoATunnel) {  // RFC 4301 §8.2.1
  tunnel_between_gateways({esp(kG1, kG2, 1000, Mode::Tunnel)}, {tunnel(Protocol::Esp, kG1, kG2)});
  say(1400);
  EXPECT_EQ(heard.datagrams.size(), 0u);
  EXPECT_EQ(g1.drops(kTooLong), 1u);
  const auto learned = h1.stack().path_mtu().find(kH2, simulation.now());
  ASSERT_TRUE(learned);
  EXPECT_EQ(learned->mtu, 1500u - 40 - 8 - 8 - 2 - 16);  // 1426, which is a multiple of 4 with the trailer
  say(1400);                                             // fragments now
  EXPECT_EQ(heard.datagrams.size(), 1u);
  for (const auto& p : wire.packets()) EXPECT_LE(p.size(), 1500u);
}

TEST_F(PacketPath, StopsWhenNumbersOrLifetimesEnd) {
  auto limited = esp(kH1, kH2, 1000, Mode::Transport);
  limited.hard.bytes = 1000;
  between_hosts({limited}, {transport(Protocol::Esp)});
  SecurityAssociation* sa = h1.kernel.keys().sad().find({1000, Protocol::Esp, kH1, kH2});
  sa->sequence = 0xffff'fffe;
  EXPECT_EQ(say(), SendError::None);
  EXPECT_EQ(say(), SendError::Unreachable);
  EXPECT_EQ(h1.drops(kSequenceOverflow), 1u);
  sa->sequence = 10;
  for (int i = 0; i < 10; ++i) say();
  EXPECT_GE(h1.drops(kLifetimeOver) + h1.drops(kNoAssociation), 1u);
}

TEST_F(PacketPath, TakesOutAtOnceWhatItsOctetsHaveUsedUp) {  // RFC 4301 §4.4.2.1; no other deadline is near
  struct Ends final : KeyListener {
    void on_expire(const SecurityAssociation&, Sad::Expiration::Kind kind) override { kinds.push_back(kind); }
    std::vector<Sad::Expiration::Kind> kinds;
  };
  between_hosts({}, {transport(Protocol::Esp)});
  auto limited = esp(kH1, kH2, 1000, Mode::Transport);
  limited.soft.bytes = 100, limited.hard.bytes = 400;  // of packets of 148 octets
  add(h1, limited);
  limited.hard.bytes = 200;                            // of datagrams of 108
  add(h2, limited);
  Ends sender, receiver;
  h1.kernel.keys().add_listener(sender);
  h2.kernel.keys().add_listener(receiver);
  const Time before = simulation.now();
  for (int i = 0; i < 4; ++i) say();
  EXPECT_EQ(h1.kernel.keys().sad().size(), 0u);
  EXPECT_EQ(h2.kernel.keys().sad().size(), 0u);
  EXPECT_LT(simulation.now() - before, 60_s);
  const std::vector expected{Sad::Expiration::Kind::Soft, Sad::Expiration::Kind::Hard};
  EXPECT_EQ(sender.kinds, expected);
  EXPECT_EQ(receiver.kinds, expected);
  h1.kernel.keys().remove_listener(sender);
  h2.kernel.keys().remove_listener(receiver);
}

TEST_F(PacketPath, RefusesReservedAndUnknownSpis) {
  tunnel_between_gateways({esp(kG1, kG2, 1000, Mode::Tunnel)}, {tunnel(Protocol::Esp, kG1, kG2)});
  say();
  auto packet = wire.packets().at(0);
  for (std::uint32_t spi : {0u, 1u, 255u}) {
    store_be32(packet.data() + 40, spi);
    inject(packet);
  }
  EXPECT_EQ(g2.drops(kReservedSpi), 3u);
  store_be32(packet.data() + 40, 1001);
  inject(packet);
  EXPECT_EQ(g2.drops(kEspUnknownSpi), 1u);
  store_be32(packet.data() + 40, 1000);
  kH1.copy_to(packet.data() + 8);  // from who is not the peer
  inject(packet);
  EXPECT_EQ(g2.drops(kWrongPeer), 1u);
  EXPECT_EQ(heard.datagrams.size(), 1u);
}

TEST_F(PacketPath, BearsUdpAround) {  // RFC 3948
  auto sa = esp(kG1, kG2, 1000, Mode::Tunnel);
  sa.udp = {4500, 4500};
  tunnel_between_gateways({sa}, {tunnel(Protocol::Esp, kG1, kG2)});
  say();
  ASSERT_EQ(heard.datagrams.size(), 1u);
  EXPECT_EQ(wire.packets().at(0)[6], 17);
  EXPECT_EQ(load_be16(wire.packets()[0].data() + 40), 4500);
}

TEST_F(PacketPath, ExtendsNumbersOverTheEndOfASubspace) {  // RFC 4303 appendix A
  auto sa = esp(kG1, kG2, 1000, Mode::Tunnel);
  sa.extended_sequence_numbers = true;
  tunnel_between_gateways({sa}, {tunnel(Protocol::Esp, kG1, kG2)});
  say();
  g1.kernel.keys().sad().find({1000, Protocol::Esp, kG1, kG2})->sequence = 0xffff'fffd;
  for (int i = 0; i < 5; ++i) say();
  EXPECT_EQ(heard.datagrams.size(), 6u);
  EXPECT_EQ(g2.kernel.keys().sad().find({1000, Protocol::Esp, kG1, kG2})->window->highest(), 0x1'0000'0002u);
}

TEST_F(PacketPath, ThrowsDummiesAway) {  // RFC 4303 §2.6
  tunnel_between_gateways({esp(kG1, kG2, 1000, Mode::Tunnel)}, {tunnel(Protocol::Esp, kG1, kG2)});
  EXPECT_TRUE(g1.kernel.send_dummy(*g1.kernel.keys().sad().find({1000, Protocol::Esp, kG1, kG2}), 200));
  run_for(10_ms);
  EXPECT_EQ(g2.drops(kEspDummy), 1u);
}

TEST_F(PacketPath, TakesTheTimeThatCryptographyCosts) {
  tunnel_between_gateways({esp(kG1, kG2, 1000, Mode::Tunnel)}, {tunnel(Protocol::Esp, kG1, kG2)});
  say();
  for (Station* gateway : {&g1, &g2}) {
    gateway->kernel.config.cost_per_packet = 20_ms;
    gateway->kernel.config.cost_per_kilobyte = 10_ms;
  }
  std::vector<std::uint8_t> data(100, 'x');
  for (int i = 0; i < 3; ++i) sender.send_to(Bytes(data), kH2, kPort, {});
  // Each takes 20 ms and the time of its octets, one after the other, at each gateway; 1 ms a link.
  run_for(46_ms);
  EXPECT_EQ(heard.datagrams.size(), 1u);
  run_for(3_ms);
  EXPECT_EQ(heard.datagrams.size(), 2u);
  run_for(100_ms);
  EXPECT_EQ(heard.datagrams.size(), 4u);
}

TEST_F(PacketPath, OfOneSocketGoesByItsOwnPolicy) {
  const auto sa = esp(kH1, kH2, 1000, Mode::Transport);
  add(h1, sa);
  add(h2, sa);
  auto own = std::make_shared<SocketPolicy>();
  own->out = {.action = Action::Protect, .requests = {transport(Protocol::Esp)}};
  own->in = {.action = Action::Entrust};
  sender.set_ipsec(own);
  auto wants = std::make_shared<SocketPolicy>();
  wants->out = {.action = Action::Entrust};
  wants->in = {.action = Action::Protect, .requests = {transport(Protocol::Esp)}};
  receiver.set_ipsec(wants);
  say();
  EXPECT_EQ(heard.datagrams.size(), 1u);
  EXPECT_EQ(wire.packets().at(0)[6], 50);
  sender.set_ipsec(nullptr);
  say();
  EXPECT_EQ(heard.datagrams.size(), 1u);
  EXPECT_EQ(h2.drops(kUnprotected), 1u);
}

}  // namespace
}  // namespace kamesim::ipsec
