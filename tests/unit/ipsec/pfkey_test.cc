#include "protocols/ipsec/pfkey.h"

#include <gtest/gtest.h>

#include "tests/unit/wire/hex.h"

namespace kamesim::ipsec::pfkey {
namespace {

using Octets = std::vector<std::uint8_t>;

const Ipv6Address kHere = "2001:db8::1"_ip6, kThere = "2001:db8::2"_ip6;

Message everything() {
  Message m{.type = Type::Add, .error = 3, .sa_type = SaType::Esp, .sequence = 7, .pid = 0x01020304};
  m.sa = Sa{.spi = 0x1001, .replay = 4, .state = SaState::Dying, .auth = 3, .encrypt = 12, .flags = kFlagEsn};
  m.current = LifetimeData{1, 2, 3, 4};
  m.hard = LifetimeData{5, 6, 7, 8};
  m.soft = LifetimeData{9, 10, 11, 12};
  m.source = Address{kHere, 64, 6, 80};
  m.destination = Address{v4_mapped(0xc0000201), 24, 17, 443};
  m.proxy = Address{kThere, 128, 0, 0};
  m.auth_key = Secret(hex("000102030405060708090a0b0c0d0e0f10111213"));
  m.encrypt_key = Secret(hex("000102030405060708090a0b0c0d0e0f"));
  m.source_identity = Identity{3, 9, "a@example.org"};
  m.destination_identity = Identity{2, 0, ""};
  m.proposal_replay = 8;
  m.proposal = {Combination{.auth = 3, .encrypt = 12, .flags = 1, .auth_min_bits = 160, .auth_max_bits = 160,
                            .encrypt_min_bits = 128, .encrypt_max_bits = 256, .soft = {1, 2, 3, 4},
                            .hard = {5, 6, 7, 8}}};
  m.supported_auth = std::vector{Supported{3, 0, 160, 160}};
  m.supported_encrypt = std::vector{Supported{12, 16, 128, 256}, Supported{20, 8, 160, 288}};
  m.spi_range = SpiRange{256, 1000};
  m.policy = PolicyData{Action::Protect, Direction::In, 5, -9,
                        {Request{.protocol = Protocol::Ah, .level = Level::Unique, .reqid = 77777},
                         Request{.mode = Mode::Tunnel, .source = kHere, .destination = kThere},
                         Request{.mode = Mode::Tunnel, .source = v4_mapped(1 << 24), .destination = v4_mapped(2)}}};
  m.sa2 = Sa2{Mode::Tunnel, 99, 5};
  m.nat_t_type = kUdpEncapEsp;
  m.nat_t_source_port = 4500;
  m.nat_t_destination_port = 30000;
  m.nat_t_original_address = kThere;
  m.tag = "voice";
  m.packet = hex("60000000");
  m.replay_window = 4096;
  return m;
}

// Written by hand from RFC 2367 §2.1, §2.3.1 and §2.3.3, fields in little-endian order.
TEST(PfKey, LaysFieldsOutAsTheRfcDraws) {
  Message m{.type = Type::Delete, .sa_type = SaType::Ah, .sequence = 0x11223344, .pid = 9};
  m.sa = Sa{.spi = 0x1001, .replay = 4, .state = SaState::Mature, .auth = 2};
  m.source = Address{kHere, 128, 0, 0};
  m.destination = Address{v4_mapped(0xc0000201), 32, 17, 500};
  EXPECT_EQ(to_bytes(m), hex("02 04 00 02 0c00 0000 44332211 09000000"        // version, type, errno, satype, len, ...
                             "0200 0100 01100000 04 01 02 00 00000000"        // SADB_EXT_SA
                             "0500 0500 00 80 0000 0a00 0000 00000000"        // SADB_EXT_ADDRESS_SRC, sockaddr_in6
                             "20010db8000000000000000000000001 00000000 00000000"
                             "0300 0600 11 20 0000 0200 01f4 c0000201 0000000000000000"));
}

TEST(PfKey, ReadsWhatItWrites) {
  const Octets bytes = to_bytes(everything());
  const auto read = parse(bytes);
  ASSERT_TRUE(read) << read.error()->name;
  const Message m = everything();
  EXPECT_EQ(read->sa, m.sa);
  EXPECT_EQ(read->current, m.current);
  EXPECT_EQ(read->source, m.source);
  EXPECT_EQ(read->destination, m.destination);
  EXPECT_EQ(read->auth_key, m.auth_key);
  EXPECT_EQ(read->encrypt_key, m.encrypt_key);
  EXPECT_EQ(read->source_identity, m.source_identity);
  EXPECT_EQ(read->destination_identity, m.destination_identity);
  EXPECT_EQ(read->proposal, m.proposal);
  EXPECT_EQ(read->supported_encrypt, m.supported_encrypt);
  EXPECT_EQ(read->spi_range, m.spi_range);
  EXPECT_EQ(read->policy, m.policy);
  EXPECT_EQ(read->sa2, m.sa2);
  EXPECT_EQ(read->tag, m.tag);
  EXPECT_EQ(read->packet, m.packet);
  EXPECT_EQ(read->replay_window, m.replay_window);
  EXPECT_EQ(to_bytes(*read), bytes);   // and all the rest
}

TEST(PfKey, RefusesEachTruncation) {
  const Octets whole = to_bytes(everything());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Octets cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(parse(cut)) << size;
    if (size < 16 || size % 8 != 0) continue;
    // The same with a length that is right: extensions are cut off, or one ends too early.
    cut[4] = static_cast<std::uint8_t>(size / 8), cut[5] = 0;
    if (const auto read = parse(cut)) {
      EXPECT_EQ(to_bytes(*read), cut);
    }
  }
}

TEST(PfKey, NamesWhatIsWrong) {
  const Octets good = to_bytes(Message{.type = Type::Flush});
  struct { std::size_t at; std::uint8_t value; const DropInfo* reason; } cases[] = {
      {0, 1, &kBadVersion}, {1, 0, &kBadType}, {1, 25, &kBadType}, {3, 5, &kBadSaType}, {4, 3, &kBadLength}};
  for (const auto& c : cases) {
    Octets wrong = good;
    wrong[c.at] = c.value;
    EXPECT_EQ(parse(wrong).error(), c.reason);
  }
  Message m{.type = Type::Flush};
  m.spi_range = SpiRange{300, 400};
  Octets twice = to_bytes(m);
  twice.insert(twice.end(), twice.begin() + 16, twice.begin() + 32);
  twice[4] = 6;
  EXPECT_EQ(parse(twice).error(), &kRepeatedExtension);   // RFC 2367 §2.3
  Octets backwards = to_bytes(m);
  backwards[20] = 0xff, backwards[21] = 0xff;             // from 65535 to 400
  EXPECT_EQ(parse(backwards).error(), &kBadExtension);
  Octets unknown = to_bytes(m);
  unknown[18] = 99;                                       // passed over
  EXPECT_FALSE(parse(unknown)->spi_range);
}

TEST(PfKey, SaysSelectorsInAddresses) {   // KAME: ICMP's type and code stand in the ports
  const Selector icmp{.next_layer = NextLayer::of(NextHeader::Icmp6), .source_port = message_of_type(135)};
  const auto ends = to_addresses(icmp);
  ASSERT_TRUE(ends);
  EXPECT_EQ(ends->source, (Address{Ipv6Address{}, 0, 58, 135}));
  EXPECT_EQ(to_selector(ends->source, ends->destination), icmp);
  const Selector tcp{.source = AddressRange::of("2001:db8::/64"_ip6net), .destination = AddressRange::of(kThere),
                     .next_layer = NextLayer::of(NextHeader::Tcp), .destination_port = ValueRange::of(80)};
  EXPECT_EQ(to_selector(to_addresses(tcp)->source, to_addresses(tcp)->destination), tcp);
  EXPECT_EQ(to_addresses(Selector{})->source.protocol, kAnyProtocol);
  EXPECT_EQ(to_selector(Address{kHere, 128, 255, 0}, Address{kThere, 128, 0, 0}), std::nullopt);
}

TEST(PfKey, SaysOfSelectorsThatItCannotSayThem) {
  EXPECT_FALSE(to_addresses({.source = {kHere, "2001:db8::4"_ip6}}));
  EXPECT_FALSE(to_addresses({.next_layer = NextLayer::opaque()}));
  EXPECT_FALSE(to_addresses({.next_layer = NextLayer::of(NextHeader::Tcp), .source_port = ValueRange::of(1, 2)}));
  EXPECT_FALSE(to_addresses({.next_layer = NextLayer::of(NextHeader::Icmp6), .source_port = ValueRange::opaque()}));
}

}  // namespace
}  // namespace kamesim::ipsec::pfkey
