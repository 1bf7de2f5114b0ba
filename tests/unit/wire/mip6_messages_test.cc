#include "protocols/mip6/messages.h"

#include <gtest/gtest.h>

#include "tests/unit/wire/hex.h"

namespace kamesim {
namespace {

// Every message: IPv6(src="2001:db8::1", dst="2001:db8::2") / ..., Scapy 2.5.0, without the IPv6 header. Scapy's
// defaults for the lengths of Nonce Indices and Binding Authorization Data are wrong, hence olen.
const auto kSource = "2001:db8::1"_ip6;
const auto kDestination = "2001:db8::2"_ip6;
constexpr InitCookie kCookie = {1, 2, 3, 4, 5, 6, 7, 8};
constexpr KeygenToken kToken = {0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18};
constexpr Authenticator kAuthenticator = {0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab};

constexpr std::string_view kHomeTestInit = "3b01010057de00000102030405060708";
constexpr std::string_view kBindingUpdate = "3b0305000f644242e00000690100031020010db8000200000000000000000005";
constexpr std::string_view kAuthorizedUpdate = "3b030500f477000180000069040401020304050ca0a1a2a3a4a5a6a7a8a9aaab";

Parsed<MobilityHeaderView> check(Bytes message) { return MobilityHeaderView::check(message, kSource, kDestination); }

// The reason why the bytes are refused once their checksum is made correct; null if they are not.
DropReason refusal(std::vector<std::uint8_t> message) {
  fill_mobility_header_checksum(kSource, kDestination, message);
  const auto view = check(message);
  return view ? nullptr : view.error();
}

// Scapy's bytes are read as the value, and the value is written as Scapy's bytes.
template <typename View, typename Message>
void expect_codec(std::string_view text, const Message& message) {
  const auto bytes = hex(text);
  const auto mh = check(bytes);
  ASSERT_TRUE(mh) << text << ' ' << mh.error()->name;
  EXPECT_EQ(View(*mh).value(), message) << text;
  auto out = to_bytes(message);
  fill_mobility_header_checksum(kSource, kDestination, out);
  EXPECT_EQ(to_hex(out), to_hex(bytes));
  for_each_truncation(bytes, [](Bytes cut) { EXPECT_EQ(check(cut).error(), &kMhTruncated) << cut.size(); });
}

TEST(MobilityMessages, BindingRefreshRequest) {  // MIP6MH_BRR()
  const auto bytes = hex("3b00000068fb0000");
  ASSERT_TRUE(check(bytes));
  EXPECT_EQ(check(bytes)->type(), MhType::BindingRefreshRequest);
  auto out = to_bytes(BindingRefreshRequest{});
  fill_mobility_header_checksum(kSource, kDestination, out);
  EXPECT_EQ(out, bytes);
  for_each_truncation(bytes, [](Bytes cut) { EXPECT_EQ(check(cut).error(), &kMhTruncated); });
}

TEST(MobilityMessages, HomeTestInitAndCareOfTestInit) {
  // MIP6MH_HoTI(cookie=b"\x01\x02\x03\x04\x05\x06\x07\x08"), MIP6MH_CoTI(the same)
  expect_codec<HomeTestInitView>(kHomeTestInit, HomeTestInit{kCookie});
  expect_codec<CareOfTestInitView>("3b01020056de00000102030405060708", CareOfTestInit{kCookie});
}

TEST(MobilityMessages, HomeTestAndCareOfTest) {
  // MIP6MH_HoT(index=0x1122, cookie=b"\x01...\x08", token=b"\x11...\x18"), MIP6MH_CoT(the same)
  expect_codec<HomeTestView>("3b020300f45e112201020304050607081112131415161718", HomeTest{0x1122, kCookie, kToken});
  expect_codec<CareOfTestView>("3b020400f35e112201020304050607081112131415161718",
                               CareOfTest{0x1122, kCookie, kToken});
}

TEST(MobilityMessages, BindingUpdateWithoutOptions) {
  // MIP6MH_BU(seq=0x4242, flags="AH", mhtime=105), MIP6MH_BU(seq=0x4242, flags="AHLK", mhtime=105)
  BindingUpdate update{.sequence = SeqNum16(0x4242), .acknowledge = true, .home_registration = true,
                       .lifetime = 420_s};
  expect_codec<BindingUpdateView>("3b01050060444242c000006901020000", update);
  update.link_local_address_compatibility = update.key_management_mobility = true;
  expect_codec<BindingUpdateView>("3b01050030444242f000006901020000", update);
}

TEST(MobilityMessages, BindingUpdateToTheHomeAgent) {
  // MIP6MH_BU(seq=0x4242, flags="AHL", mhtime=105, options=[MIP6OptAltCoA(acoa="2001:db8:2::5")])
  expect_codec<BindingUpdateView>(kBindingUpdate, BindingUpdate{.sequence = SeqNum16(0x4242),
                                                                .acknowledge = true,
                                                                .home_registration = true,
                                                                .link_local_address_compatibility = true,
                                                                .lifetime = 420_s,
                                                                .alternate_care_of_address = "2001:db8:2::5"_ip6});
}

TEST(MobilityMessages, BindingUpdateOfAMobileRouter) {  // RFC 3963 §4.1, §4.3
  // MIP6MH_BU(seq=7, flags="AHR", mhtime=105, options=[MIP6OptAltCoA(acoa="2001:db8:2::5"),
  //           MIP6OptMobNetPrefix(plen=64, prefix="2001:db8:a::"), MIP6OptMobNetPrefix(plen=48, prefix="2001:db8:b::")])
  BindingUpdate update{.sequence = SeqNum16(7), .acknowledge = true, .home_registration = true, .mobile_router = true,
                       .lifetime = 420_s, .alternate_care_of_address = "2001:db8:2::5"_ip6,
                       .mobile_network_prefixes = {{64, "2001:db8:a::"_ip6}, {48, "2001:db8:b::"_ip6}}};
  expect_codec<BindingUpdateView>(
      "3b090500034a0007c40000690100031020010db8000200000000000000000005"
      "010200000612004020010db8000a0000000000000000000001020000"
      "0612003020010db8000b00000000000000000000",
      update);
  // A length beyond 128 is not the codec's to refuse.
  update.alternate_care_of_address.reset();
  update.mobile_network_prefixes = {{200, "2001:db8:a::1"_ip6}};
  expect_codec<BindingUpdateView>("3b0305006ad10007c4000069061200c820010db8000a00000000000000000001", update);
}

TEST(MobilityMessages, BindingAckForAMobileRouter) {  // RFC 3963 §4.2
  // MIP6MH_BA(status=141, flags="R", seq=7, mhtime=0)
  expect_codec<BindingAckView>("3b010600d4a88d400007000001020000",
                               BindingAck{.status = 141, .mobile_router = true, .sequence = SeqNum16(7)});
}

TEST(MobilityMessages, MobileNetworkPrefixOptionHasEighteenOctets) {  // RFC 3963 §4.3
  auto update = hex("3b0305006ad10007c4000069061100c820010db8000a0000000000000000000000");
  update.resize(32);
  update[31] = 0;  // Pad1
  fill_mobility_header_checksum(kUnspecified, kUnspecified, update);
  EXPECT_EQ(MobilityHeaderView::check(update, kUnspecified, kUnspecified).error(), &kMhOptionBadLength);
}

TEST(MobilityMessages, BindingUpdateToACorrespondent) {
  // MIP6MH_BU(seq=1, flags="A", mhtime=105,
  //           options=[MIP6OptNonceIndices(olen=4, hni=0x0102, coni=0x0304),
  //                    MIP6OptBindingAuthData(olen=12, authenticator=0xa0a1a2a3a4a5a6a7a8a9aaab)])
  BindingUpdate update{.sequence = SeqNum16(1), .acknowledge = true, .lifetime = 420_s,
                       .nonce_indices = NonceIndices{0x0102, 0x0304}, .authenticator = kAuthenticator};
  expect_codec<BindingUpdateView>(kAuthorizedUpdate, update);
  // The same with MIP6OptAltCoA(acoa="2001:db8:2::5") in front.
  update.alternate_care_of_address = "2001:db8:2::5"_ip6;
  expect_codec<BindingUpdateView>(
      "3b060500c18a0001800000690100031020010db800020000000000000000000504040102030401020000"
      "050ca0a1a2a3a4a5a6a7a8a9aaab",
      update);
}

TEST(MobilityMessages, BindingAck) {
  // MIP6MH_BA(status=0, flags="K", seq=0x4242, mhtime=105, options=[MIP6OptBRAdvice(rinter=90)])
  expect_codec<BindingAckView>("3b0106001d6b0080424200690202005a",
                               BindingAck{.status = 0, .key_management_mobility = true, .sequence = SeqNum16(0x4242),
                                          .lifetime = 420_s, .refresh_interval = 360_s});
  // MIP6MH_BA(status=135, flags=0, seq=0x4243, mhtime=0)
  const BindingAck rejected{.status = 135, .sequence = SeqNum16(0x4243)};
  expect_codec<BindingAckView>("3b01060098ac87004243000001020000", rejected);
  EXPECT_FALSE(rejected.accepted());
  // MIP6MH_BA(status=0, flags=0, seq=1, mhtime=105,
  //           options=[MIP6OptBindingAuthData(olen=12, authenticator=0xa0a1a2a3a4a5a6a7a8a9aaab)])
  expect_codec<BindingAckView>("3b0306007a7e000000010069010400000000050ca0a1a2a3a4a5a6a7a8a9aaab",
                               BindingAck{.status = 0, .sequence = SeqNum16(1), .lifetime = 420_s,
                                          .authenticator = kAuthenticator});
}

TEST(MobilityMessages, BindingError) {
  // MIP6MH_BE(status=1, ha="2001:db8:1::5")
  expect_codec<BindingErrorView>("3b020700332a010020010db8000100000000000000000005",
                                 BindingError{.status = 1, .home_address = "2001:db8:1::5"_ip6});
}

TEST(BindingUpdate, HasTheMFlagBesideTheKFlag) {  // RFC 5380 §4
  const BindingUpdate update{.sequence = SeqNum16(1), .acknowledge = true, .map_registration = true, .lifetime = 40_s};
  auto bytes = to_bytes(update);
  EXPECT_EQ(bytes[8], 0x88);
  fill_mobility_header_checksum(kUnspecified, kUnspecified, bytes);
  const auto mh = MobilityHeaderView::check(bytes, kUnspecified, kUnspecified);
  ASSERT_TRUE(mh);
  EXPECT_EQ(BindingUpdateView(*mh).value(), update);
}

TEST(MobilityHeader, ChecksTheRulesOfSection92InOrder) {  // RFC 6275 §9.2
  auto update = hex(kBindingUpdate);
  update[4] ^= 1;
  update[kMhTypeOffset] = 99;
  update[kMhPayloadProtoOffset] = 17;
  EXPECT_EQ(check(update).error(), &kMhBadChecksum);
  EXPECT_EQ(refusal(update), &kMhUnknownType);
  update[kMhTypeOffset] = 5;
  EXPECT_EQ(refusal(update), &kMhBadPayloadProto);
  update[kMhPayloadProtoOffset] = 59;
  EXPECT_EQ(refusal(update), nullptr);
}

TEST(MobilityHeader, KnowsTheTypesOfRfc6275) {
  std::vector<std::uint8_t> message(24);
  message[kMhPayloadProtoOffset] = 59;
  message[kMhHeaderLenOffset] = 2;
  for (int type = 0; type < 256; ++type) {
    message[kMhTypeOffset] = static_cast<std::uint8_t>(type);
    EXPECT_EQ(refusal(message), type <= 7 ? nullptr : &kMhUnknownType) << type;
  }
}

TEST(MobilityHeader, RefusesAHeaderLenBelowThatOfItsType) {  // RFC 6275 §9.2, with the lengths of §6.1
  const std::uint8_t smallest[] = {0, 1, 1, 2, 2, 1, 1, 2};
  for (std::uint8_t type = 0; type < 8; ++type) {
    for (std::uint8_t header_len = 0; header_len < 4; ++header_len) {
      std::vector<std::uint8_t> message(8 * (header_len + 1));
      message[kMhPayloadProtoOffset] = 59;
      message[kMhHeaderLenOffset] = header_len;
      message[kMhTypeOffset] = type;
      EXPECT_EQ(refusal(message), header_len < smallest[type] ? &kMhHeaderLenTooSmall : nullptr)
          << int{type} << ' ' << int{header_len};
    }
  }
}

TEST(MobilityHeader, LeavesOutWhatIsBehindItsLength) {
  auto bytes = hex(kHomeTestInit);
  bytes.push_back(0xff);
  ASSERT_TRUE(check(bytes));
  EXPECT_EQ(check(bytes)->bytes().size(), 16u);
}

TEST(MobilityOptions, UnknownOnesAreSkipped) {  // RFC 6275 §6.2.1
  auto bytes = hex("3b03050000000001 80000069 c8020000 0404 01020304 050c a0a1a2a3a4a5a6a7a8a9aaab 0000");
  bytes.resize(40);
  bytes[kMhHeaderLenOffset] = 4;
  EXPECT_EQ(refusal(bytes), nullptr);
  fill_mobility_header_checksum(kSource, kDestination, bytes);
  const auto update = BindingUpdateView(*check(bytes)).value();
  EXPECT_EQ(update.nonce_indices, (NonceIndices{0x0102, 0x0304}));
  EXPECT_FALSE(update.authenticator) << "trailing padding, RFC 6275 §9.5.1";
}

TEST(MobilityOptions, AuthenticatorMustBeLast) {  // RFC 6275 §9.5.1
  auto bytes = hex("3b03050000000001 80000069 0104 00000000 050c a0a1a2a3a4a5a6a7a8a9aaab");
  fill_mobility_header_checksum(kSource, kDestination, bytes);
  EXPECT_EQ(BindingUpdateView(*check(bytes)).value().authenticator, kAuthenticator);
  bytes = hex("3b03050000000001 80000069 050c a0a1a2a3a4a5a6a7a8a9aaab 0404 01020304");
  fill_mobility_header_checksum(kSource, kDestination, bytes);
  EXPECT_FALSE(BindingUpdateView(*check(bytes)).value().authenticator);
}

TEST(MobilityOptions, MalformedOnesAreRefused) {
  struct {
    std::string_view options;  // behind the 12 bytes of a Binding Update
    DropReason reason;
  } cases[] = {
      {"01020000", nullptr},
      {"00000000", nullptr},
      {"c8020000", nullptr},
      {"c800c800", nullptr},
      {"01030000", &kMhOptionTruncated},
      {"c8030000", &kMhOptionTruncated},
      {"000000c8", &kMhOptionTruncated},
      {"02020001", nullptr},
      {"02010000", &kMhOptionBadLength},
      {"02000000", &kMhOptionBadLength},
      {"03020001", &kMhOptionBadLength},
      {"04020001", &kMhOptionBadLength},
      {"05020001", nullptr},  // another procedure's authenticator
  };
  for (const auto& c : cases) {
    auto message = hex("3b01050000000001 80000069");
    const auto options = hex(c.options);
    message.insert(message.end(), options.begin(), options.end());
    EXPECT_EQ(refusal(message), c.reason) << c.options;
  }
}

TEST(MobilityOptions, TimesAreInUnitsOfFourSeconds) {  // RFC 6275 §6.1.7
  struct {
    Duration duration;
    std::uint16_t units;
  } cases[] = {
      {0_s, 0}, {4_s, 1}, {7999_ms, 1}, {8_s, 2}, {262140_s, 65535}, {262144_s, 65535}, {Duration::max(), 65535},
      {1_ns, 1},  // a lifetime that has not ended must not become a deletion
      {-1_s, 0},
  };
  for (const auto& c : cases) EXPECT_EQ(units_of_duration(c.duration), c.units) << c.duration.ns();
  EXPECT_EQ(duration_of_units(65535), 262140_s);
}

TEST(SeqNum16, ComparesModulo65536) {  // RFC 6275 §9.5.1's own example
  struct {
    std::uint16_t received;
    bool newer;
  } cases[] = {{0, false}, {15, false}, {16, true}, {32782, true}, {32783, false}, {65535, false}};
  for (auto c : cases) EXPECT_EQ(SeqNum16(c.received).newer_than(SeqNum16(15)), c.newer) << c.received;
  EXPECT_EQ(SeqNum16(65535).next(), SeqNum16(0));
}

}  // namespace
}  // namespace kamesim
