// Daemons on PF_KEY sockets of a gateway, with packets that want what the daemons make (RFC 2367 §3).
#include "protocols/ipsec/pfkey_socket.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>

#include "tests/unit/ipsec/two_sites.h"

namespace kamesim::ipsec {
namespace {

using pfkey::Message;
using pfkey::SaType;
using pfkey::Type;

pfkey::Address end(const Ipv6Address& a) { return {.address = a}; }

class Daemon final : public PfKeyHandler {
 public:
  explicit Daemon(PfKeyLayer& layer) : socket(layer, *this) {}
  void on_pfkey(const Message& message) override { heard.push_back(message); }
  const Message* find(Type type) const {
    for (const Message& m : heard) {
      if (m.type == type) return &m;
    }
    return nullptr;
  }
  PfKeySocket socket;
  std::vector<Message> heard;
};

class PfKeySockets : public testing::Test, public TwoSites {
 public:
  PfKeySockets() : sender(h1.host.sockets(), ignored) {}

  void say() {
    sender.send_to(Bytes(std::vector<std::uint8_t>(100, 'x')), kH2, 7000);
    run_for(50_ms);
  }
  static Message about(Type type, const Ipv6Address& from, const Ipv6Address& to) {
    Message m{.type = type, .sa_type = SaType::Esp};
    m.source = end(from), m.destination = end(to);
    return m;
  }
  static Message association(Type type, Spi spi, std::uint32_t sequence = 0) {
    Message m = about(type, kG1, kG2);
    m.sequence = sequence;
    m.sa = pfkey::Sa{.spi = spi, .auth = algorithm(Integrity::HmacSha2_256_128).sadb,
                     .encrypt = algorithm(Encryption::AesCbc).sadb};
    m.auth_key = Secret(Bytes(std::vector<std::uint8_t>(32, 1)));
    m.encrypt_key = Secret(Bytes(std::vector<std::uint8_t>(16, 2)));
    m.sa2 = pfkey::Sa2{.mode = Mode::Tunnel};
    return m;
  }
  // What h1 sends to h2 is to go through a tunnel of the gateways.
  static Message policy(Type type, const Ipv6Address& far_gateway = kG2) {
    Message m{.type = type};
    m.source = end(kH1), m.destination = end(kH2);
    m.source->protocol = m.destination->protocol = pfkey::kAnyProtocol;
    m.policy = pfkey::PolicyData{.action = Action::Protect, .direction = ipsec::Direction::Out};
    m.policy->requests = {{Protocol::Esp, Mode::Tunnel, Level::Require, 0, kG1, far_gateway}};
    return m;
  }
  // The second gateway's end of the link between the two.
  Nic& far_nic() { return &middle->end(0)->node() == &g2.host.node() ? *middle->end(0) : *middle->end(1); }
  Ip6Interface& far_interface() {
    for (const auto& i : g2.stack().interfaces()) {
      if (i->find_address(kG2) != nullptr) return *i;
    }
    throw std::logic_error("the gateway has no such address");
  }
  void register_esp(Daemon& d) { d.socket.send(Message{.type = Type::Register, .sa_type = SaType::Esp}); }

  Heard ignored;
  UdpSocket sender;
  PfKeyLayer layer{g1.kernel};
  Daemon daemon{layer};
};

TEST_F(PfKeySockets, AnswersByAnEventOfItsOwn) {
  register_esp(daemon);
  EXPECT_TRUE(daemon.heard.empty());   // the daemon is not called while it calls
  run_for(Duration{});
  ASSERT_EQ(daemon.heard.size(), 1u);
  EXPECT_EQ(daemon.heard[0].type, Type::Register);
  EXPECT_TRUE(daemon.heard[0].supported_auth && daemon.heard[0].supported_encrypt);
}

TEST_F(PfKeySockets, KeysAPacketThatAsksForIt) {   // RFC 2367 §3.1.6, §3.1.1, §3.1.2
  register_esp(daemon);
  daemon.socket.send(policy(Type::SpdAdd));
  say();
  const Message* asked = daemon.find(Type::Acquire);
  ASSERT_NE(asked, nullptr);
  EXPECT_EQ(asked->source->address, kG1);
  EXPECT_EQ(asked->destination->address, kG2);
  EXPECT_TRUE(asked->packet.has_value());
  EXPECT_FALSE(asked->proposal.empty());
  const std::uint32_t sequence = asked->sequence;

  Message reserve = about(Type::GetSpi, kG1, kG2);
  reserve.sequence = sequence;
  reserve.spi_range = pfkey::SpiRange{0x5000, 0x5fff};
  reserve.sa2 = pfkey::Sa2{.mode = Mode::Tunnel};
  daemon.socket.send(reserve);
  run_for(Duration{});
  ASSERT_NE(daemon.find(Type::GetSpi), nullptr);
  const Spi spi = daemon.find(Type::GetSpi)->sa->spi;
  EXPECT_GE(spi, 0x5000u);
  EXPECT_LE(spi, 0x5fffu);

  Wire middle_wire(far_nic());
  say();
  EXPECT_TRUE(middle_wire.packets().empty());   // larval: no packet uses it
  daemon.socket.send(association(Type::Update, spi, sequence + 1));   // of another exchange
  run_for(Duration{});
  EXPECT_NE(daemon.heard.back().error, 0);
  daemon.socket.send(association(Type::Update, spi, sequence));
  say();
  const auto packets = middle_wire.packets();
  ASSERT_EQ(packets.size(), 1u);
  const Ipv6HeaderView outer = *Ipv6HeaderView::check(packets[0]);
  EXPECT_EQ(outer.next_header(), NextHeader::Esp);
  EXPECT_EQ(load_be32(packets[0].data() + kIpv6HeaderSize), spi);
}

TEST_F(PfKeySockets, AsksThoseThatRegisteredAndThemAlone) {   // §3.1.7
  Daemon of_ah(layer), onlooker(layer);
  register_esp(daemon);
  of_ah.socket.send(Message{.type = Type::Register, .sa_type = SaType::Ah});
  daemon.socket.send(policy(Type::SpdAdd));
  say();
  EXPECT_NE(daemon.find(Type::Acquire), nullptr);
  EXPECT_EQ(of_ah.find(Type::Acquire), nullptr);
  EXPECT_EQ(onlooker.find(Type::Acquire), nullptr);
}

TEST_F(PfKeySockets, TellsAllOfWhatWasDoneAndOneOfWhatWasNot) {   // §3.1.3
  Daemon onlooker(layer);
  daemon.socket.send(association(Type::Add, 0x5000));
  run_for(Duration{});
  ASSERT_EQ(onlooker.heard.size(), 1u);
  EXPECT_EQ(onlooker.heard[0].sa->spi, 0x5000u);
  EXPECT_FALSE(onlooker.heard[0].encrypt_key);
  daemon.socket.send(association(Type::Add, 0x5000));   // again
  run_for(Duration{});
  EXPECT_EQ(onlooker.heard.size(), 1u);
  EXPECT_EQ(daemon.heard.back().error, static_cast<std::uint8_t>(std::errc::file_exists));
}

TEST_F(PfKeySockets, TellsOfEndsWhenTheyCome) {   // §3.1.8
  register_esp(daemon);
  Message m = association(Type::Add, 0x5000);
  m.soft = pfkey::LifetimeData{.addtime = 2};
  m.hard = pfkey::LifetimeData{.addtime = 3};
  daemon.socket.send(m);
  run_for(1900_ms);
  EXPECT_EQ(daemon.find(Type::Expire), nullptr);
  run_for(200_ms);
  ASSERT_NE(daemon.find(Type::Expire), nullptr);
  EXPECT_TRUE(daemon.find(Type::Expire)->soft && !daemon.find(Type::Expire)->hard);
  daemon.heard.clear();
  run_for(1_s);
  ASSERT_NE(daemon.find(Type::Expire), nullptr);
  EXPECT_TRUE(daemon.find(Type::Expire)->hard && !daemon.find(Type::Expire)->soft);
  EXPECT_EQ(g1.kernel.keys().sad().size(), 0u);
}

TEST_F(PfKeySockets, LetsALarvalAssociationGoWithoutAWord) {   // KAME's key.larval_lifetime
  register_esp(daemon);
  Message reserve = about(Type::GetSpi, kG1, kG2);
  reserve.sequence = 9;
  daemon.socket.send(reserve);
  run_for(29_s);
  EXPECT_EQ(g1.kernel.keys().sad().size(), 1u);
  run_for(2_s);
  EXPECT_EQ(g1.kernel.keys().sad().size(), 0u);
  EXPECT_EQ(daemon.find(Type::Expire), nullptr);
}

TEST_F(PfKeySockets, MovesATunnelUnderItsPackets) {   // draft-sugimoto-mip6-pfkey-migrate §5
  const Ipv6Address moved = "2001:db8::3"_ip6;
  daemon.socket.send(policy(Type::SpdAdd));
  daemon.socket.send(association(Type::Add, 0x5000));
  Wire wire(far_nic());
  say();
  Message migrate = policy(Type::Migrate);
  migrate.policy->requests.push_back(policy(Type::Migrate, moved).policy->requests[0]);
  daemon.socket.send(migrate);
  run_for(Duration{});
  EXPECT_EQ(daemon.heard.back().error, 0);
  g2.stack().add_address(far_interface(), {.address = moved});
  say();
  const auto packets = wire.packets();
  ASSERT_EQ(packets.size(), 2u);
  EXPECT_EQ(Ipv6HeaderView::check(packets[0])->destination(), kG2);
  EXPECT_EQ(Ipv6HeaderView::check(packets[1])->destination(), moved);
  EXPECT_EQ(load_be32(packets[1].data() + kIpv6HeaderSize + 4), 2u);   // the association goes on counting
  daemon.socket.send(migrate);   // there is nothing of the old ends left
  run_for(Duration{});
  EXPECT_EQ(daemon.heard.back().error, static_cast<std::uint8_t>(std::errc::no_such_process));
}

TEST_F(PfKeySockets, SaysNothingToASocketThatIsClosed) {
  auto other = std::make_unique<Daemon>(layer);
  daemon.socket.send(association(Type::Add, 0x5000));   // is to be told to both
  other.reset();
  run_for(Duration{});
  EXPECT_EQ(daemon.heard.size(), 1u);
}

TEST_F(PfKeySockets, AnswersWhatItCannotReadWithItsHeader) {   // §2.1
  std::vector<std::uint8_t> bytes = pfkey::to_bytes(association(Type::Add, 0x5000));
  bytes.resize(40);
  bytes[4] = 5, bytes[5] = 0;
  daemon.socket.send(Bytes(bytes));
  daemon.socket.send(Bytes(bytes).first(7));   // not even a header
  run_for(Duration{});
  ASSERT_EQ(daemon.heard.size(), 1u);
  EXPECT_NE(daemon.heard[0].error, 0);
  EXPECT_EQ(g1.kernel.keys().sad().size(), 0u);
}

}  // namespace
}  // namespace kamesim::ipsec
