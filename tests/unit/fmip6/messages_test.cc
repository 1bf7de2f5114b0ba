#include "protocols/fmip6/messages.h"

#include <gtest/gtest.h>

#include "protocols/fmip6/nd_messages.h"
#include "tests/unit/mip6/test_values.h"
#include "tests/unit/wire/hex.h"

namespace kamesim {
namespace {

const MacAddress kMac = *MacAddress::parse("02:00:00:00:00:01");
const NdContext kContext{"fe80::1"_ip6, "ff02::2"_ip6, 255};

template <typename Message>
std::vector<std::uint8_t> mobility(const Message& message) {
  std::vector<std::uint8_t> bytes = to_bytes(message);
  fill_mobility_header_checksum(kCareOf, kHomeAgent, bytes);
  return bytes;
}

Parsed<MobilityHeaderView> check(const std::vector<std::uint8_t>& bytes) {
  return MobilityHeaderView::check(bytes, kCareOf, kHomeAgent, kFmip6Types);
}

const FastBindingUpdate kUpdate{.sequence = SeqNum16(7), .lifetime = 20_s, .alternate_care_of_address = kNewCareOf,
                                .mobile_node = kMac, .authorization = BindingAuthorizationDataFmip6{.spi = 5}};
const FastBindingAck kAck{.status = 1, .sequence = SeqNum16(7), .lifetime = 20_s,
                          .alternate_care_of_address = kNewCareOf,
                          .authorization = BindingAuthorizationDataFmip6{}};
const HandoverInitiate kInitiate{.sequence = 9, .assigned_address = true, .buffer = true, .code = 0,
                                 .mobile_node = kMac, .previous_care_of = kCareOf, .new_care_of = kNewCareOf};
const HandoverAck kHandoverAck{.sequence = 9, .code = HandoverAck::AcceptedNcoaAssigned, .new_care_of = kNewCareOf};

TEST(Fmip6Messages, HaveTheirTypesAndAreReadAsWritten) {  // RFC 5568 §6.2, §11
  const auto update = mobility(kUpdate), ack = mobility(kAck), initiate = mobility(kInitiate);
  const auto handover_ack = mobility(kHandoverAck);
  EXPECT_EQ(update[2], 8);
  EXPECT_EQ(ack[2], 9);
  EXPECT_EQ(initiate[2], 14);
  EXPECT_EQ(handover_ack[2], 15);
  EXPECT_EQ(read_fast_binding_update(*check(update)), kUpdate);
  EXPECT_EQ(read_fast_binding_ack(*check(ack)), kAck);
  EXPECT_EQ(read_handover_initiate(*check(initiate)), kInitiate);
  EXPECT_EQ(read_handover_ack(*check(handover_ack)), kHandoverAck);
}

TEST(Fmip6Messages, AreUnknownToWhomTheyDoNotConcern) {  // RFC 6275 §9.2
  EXPECT_EQ(MobilityHeaderView::check(mobility(kUpdate), kCareOf, kHomeAgent).error(), &kMhUnknownType);
}

TEST(Fmip6Messages, PutTheFieldsOfAnHiWhereTheRfcHasThem) {  // §6.2.1.1
  const auto bytes = mobility(HandoverInitiate{.sequence = 0x0102, .buffer = true, .code = 1});
  EXPECT_EQ(to_hex(Bytes(bytes).subspan(6, 4)), "01024001");
}

TEST(Fmip6Messages, EndWithTheAuthenticator) {  // §6.4.5: the last option, without padding behind it
  const auto bytes = mobility(kUpdate);
  EXPECT_EQ(bytes[bytes.size() - 18], kBindingAuthorizationFmip6);
  EXPECT_EQ(bytes[bytes.size() - 17], 16);
}

TEST(Fmip6Messages, ReadNoAuthenticatorThatIsNotTheLastOption) {
  auto bytes = to_bytes(kUpdate);
  bytes.insert(bytes.end(), {1, 6, 0, 0, 0, 0, 0, 0});  // PadN
  ++bytes[kMhHeaderLenOffset];
  fill_mobility_header_checksum(kCareOf, kHomeAgent, bytes);
  EXPECT_FALSE(read_fast_binding_update(*check(bytes)).authorization);
}

TEST(Fmip6Messages, PassNoTruncation) {
  for (const auto& whole : {to_bytes(kUpdate), to_bytes(kAck), to_bytes(kInitiate), to_bytes(kHandoverAck)}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_FALSE(check({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}));
    }
  }
}

TEST(RtSolPr, IsCheckedAndRead) {  // §6.1.1
  std::vector<std::uint8_t> bytes;
  ByteWriter out(bytes);
  emit(out, RtSolPr{0x1234});
  emit(out, LinkLayerAddressOption{LinkLayerAddressOption::Code::NewAccessPoint, kMac});
  EXPECT_EQ(to_hex(bytes), "9a00000002001234" "130201020000000001" "00000000000000");
  const auto view = Fmip6MessageView::check(bytes, kContext);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->subtype(), Fmip6Subtype::RtSolPr);
  EXPECT_EQ(view->identifier(), 0x1234);
  EXPECT_EQ(view->options().find<LinkLayerAddressOption>()->address, kMac);
}

TEST(RtSolPr, IsDiscardedForEachMistake) {
  std::vector<std::uint8_t> bytes = to_bytes(RtSolPr{1});
  EXPECT_EQ(Fmip6MessageView::check(Bytes(bytes).first(7), kContext).error(), &kFmip6Truncated);
  NdContext near = kContext;
  near.hop_limit = 254;
  EXPECT_EQ(Fmip6MessageView::check(bytes, near).error(), &kFmip6HopLimitNot255);
  auto coded = bytes;
  coded[1] = 1;
  EXPECT_EQ(Fmip6MessageView::check(coded, kContext).error(), &kFmip6BadCode);
  auto deprecated = bytes;
  deprecated[4] = 4;  // the HI of RFC 5268
  EXPECT_EQ(Fmip6MessageView::check(deprecated, kContext).error(), &kFmip6UnknownSubtype);
}

TEST(PrRtAdv, ComesFromALinkLocalAddress) {  // §6.1.2
  const auto bytes = to_bytes(PrRtAdv{PrRtAdv::Code::NoNewInformation, 9});
  EXPECT_TRUE(Fmip6MessageView::check(bytes, kContext));
  NdContext global = kContext;
  global.source = kCareOf;
  EXPECT_EQ(Fmip6MessageView::check(bytes, global).error(), &kFmip6SourceNotLinkLocal);
  auto coded = bytes;
  coded[1] = 6;
  EXPECT_EQ(Fmip6MessageView::check(coded, kContext).error(), &kFmip6BadCode);
}

template <typename Option>
std::optional<Option> again(const Option& option) {
  const auto bytes = to_bytes(option);
  return NdOptions::check(bytes)->template find<Option>();
}

TEST(Fmip6Options, AreReadAsWritten) {  // §6.4.1, §6.4.3, §6.4.6
  const IpAddressPrefixOption address{IpAddressPrefixOption::Code::NarIpAddress, 128, kCareOf};
  EXPECT_EQ(again(address), address);
  using Naack = NeighborAdvertisementAcknowledgment;
  const Naack shorter{Naack::Status::Invalid, std::nullopt}, longer{Naack::Status::InvalidUseSupplied, kCareOf};
  EXPECT_EQ(again(shorter), shorter);
  EXPECT_EQ(again(longer), longer);
  EXPECT_EQ(to_bytes(shorter).size(), 8u);
  EXPECT_EQ(to_bytes(longer).size(), 24u);
}

TEST(Fmip6Options, IgnoreTheBitsBehindAPrefix) {  // §6.4.1
  const IpAddressPrefixOption prefix{IpAddressPrefixOption::Code::NarPrefix, 64, kCareOf};
  EXPECT_EQ(again(prefix)->address, Ipv6Prefix(kCareOf, 64).address());
}

TEST(Fmip6Options, MalformedOnesAreIgnored) {
  auto bytes = to_bytes(IpAddressPrefixOption{IpAddressPrefixOption::Code::NarPrefix, 64, kCareOf});
  bytes[3] = 129;
  EXPECT_FALSE(NdOptions::check(bytes)->find<IpAddressPrefixOption>());
  bytes[3] = 64;
  bytes[2] = 5;
  EXPECT_FALSE(NdOptions::check(bytes)->find<IpAddressPrefixOption>());
  using Naack = NeighborAdvertisementAcknowledgment;
  const auto without = to_bytes(Naack{Naack::Status::InvalidUseSupplied, std::nullopt});
  EXPECT_FALSE(NdOptions::check(without)->find<Naack>()) << "status 2 has an address";
}

}  // namespace
}  // namespace kamesim
