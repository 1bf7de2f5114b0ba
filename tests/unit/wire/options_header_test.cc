#include "protocols/wire/options_header.h"

#include <gtest/gtest.h>

#include "tests/unit/wire/hex.h"

namespace kamesim {
namespace {

// IPv6ExtHdrDestOpt(options=[HAO(hoa="2001:db8:1::5")]), Scapy 2.5.0
const auto kHomeAddressHeader = hex("3b0201020000c910 20010db8000100000000000000000005");

TEST(OptionsHeader, ReadsAHomeAddressOption) {  // RFC 6275 §6.3
  const auto view = OptionsHeaderView::check(kHomeAddressHeader);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->next_header(), NextHeader::NoNextHeader);
  const auto option = view->options().find(kHomeAddressOption);
  ASSERT_TRUE(option);
  EXPECT_EQ(option->offset, 6u);
  EXPECT_EQ(home_address(*option), "2001:db8:1::5"_ip6);
  EXPECT_FALSE(tunnel_encapsulation_limit(*option));
}

TEST(OptionsHeader, RefusesEveryTruncation) {
  for_each_truncation(kHomeAddressHeader,
                      [](Bytes cut) { EXPECT_EQ(OptionsHeaderView::check(cut).error(), &kOptionsHeaderTruncated); });
}

TEST(OptionsHeader, RefusesOptionsThatReachBeyondTheHeader) {
  for (std::string_view text : {
           "3b00 0505 0000 0000",      // one byte too long
           "3b00 05ff 0000 0000",
           "3b00 0505 0000 0000 00",   // octets behind the header do not help
           "3b00 0000 0000 0005",      // a type without a length
           "3b00 0105 0000 0000",      // PadN too long
           "3b00 0000 0000 0001",      // PadN without a length
       }) {
    const auto bytes = hex(text);
    EXPECT_EQ(OptionsHeaderView::check(bytes).error(), &kOptionTruncated) << text;
  }
}

TEST(OptionsHeader, StepsOverPaddingAndEmptyOptions) {
  const auto bytes = hex("3b01 00 1e00 0100 3e01aa 00 0103 000000");
  const auto view = OptionsHeaderView::check(bytes);
  ASSERT_TRUE(view);
  std::vector<std::pair<int, std::size_t>> seen;
  for (const Tlv option : view->options()) seen.emplace_back(option.type, option.offset);
  EXPECT_EQ(seen, (std::vector<std::pair<int, std::size_t>>{{0x1e, 3}, {0x3e, 7}}));
}

TEST(OptionsHeader, HasNoOptionsWhenAllIsPadding) {
  const auto bytes = hex("3b00010400000000");
  const auto view = OptionsHeaderView::check(bytes);
  EXPECT_TRUE(view->options().begin() == view->options().end());
}

TEST(OptionType, TellsWhatToDoWhenUnrecognized) {  // RFC 8200 §4.2
  using A = UnrecognizedOptionAction;
  EXPECT_EQ(unrecognized_option_action(0x1e), A::Skip);
  EXPECT_EQ(unrecognized_option_action(0x5e), A::Discard);
  EXPECT_EQ(unrecognized_option_action(0x9e), A::DiscardAndReport);
  EXPECT_EQ(unrecognized_option_action(0xde), A::DiscardAndReportUnlessMulticast);
  EXPECT_EQ(unrecognized_option_action(kHomeAddressOption), A::DiscardAndReportUnlessMulticast);
  EXPECT_TRUE(option_may_change_en_route(0x3e));
  EXPECT_FALSE(option_may_change_en_route(kHomeAddressOption));
}

TEST(OptionData, IsRefusedAtAnotherLength) {
  const auto data = hex("00112233445566778899aabbccddeeff00");
  for (std::size_t n = 0; n <= data.size(); ++n) {
    const Bytes d = Bytes(data).first(n);
    EXPECT_EQ(home_address({kHomeAddressOption, 2, d}).has_value(), n == 16);
    EXPECT_EQ(tunnel_encapsulation_limit({kTunnelEncapsulationLimitOption, 2, d}).has_value(), n == 1);
    EXPECT_EQ(router_alert({kRouterAlertOption, 2, d}).has_value(), n == 2);
    EXPECT_EQ(jumbo_payload_length({kJumboPayloadOption, 2, d}).has_value(), n == 4);
  }
}

std::string built(void (*add)(OptionsHeaderWriter&)) {
  std::vector<std::uint8_t> out;
  ByteWriter writer(out);
  OptionsHeaderWriter header(writer, NextHeader::NoNextHeader);
  add(header);
  header.finish();
  return to_hex(out);
}

TEST(OptionsHeaderWriter, PadsToEveryAlignment) {
  EXPECT_EQ(built([](OptionsHeaderWriter& h) { h.home_address("2001:db8:1::5"_ip6); }), to_hex(kHomeAddressHeader));
  // IPv6ExtHdrHopByHop(options=[RouterAlert(value=0)]), Scapy 2.5.0
  EXPECT_EQ(built([](OptionsHeaderWriter& h) { h.router_alert(0); }), "3b00050200000100");
  EXPECT_EQ(built([](OptionsHeaderWriter& h) { h.tunnel_encapsulation_limit(4); }), "3b00040104010100");
  EXPECT_EQ(built([](OptionsHeaderWriter& h) { h.tunnel_encapsulation_limit(4).router_alert(1); }),
            "3b01040104000502" "0001010400000000");
  EXPECT_EQ(built([](OptionsHeaderWriter&) {}), "3b00010400000000");
  EXPECT_EQ(built([](OptionsHeaderWriter& h) { h.option(0x1e, hex("aabbcc")); }), "3b001e03aabbcc00");
  EXPECT_EQ(built([](OptionsHeaderWriter& h) { h.option(0x1e, hex("aabbccdd")); }), "3b001e04aabbccdd");
}

TEST(OptionsHeaderWriter, AgreesWithTheFixedLayouts) {
  std::vector<std::uint8_t> out(kHomeAddressHeaderSize);
  write_home_address_header(out.data(), NextHeader::NoNextHeader, "2001:db8:1::5"_ip6);
  EXPECT_EQ(out, kHomeAddressHeader);
  out.resize(kTunnelEncapsulationLimitHeaderSize);
  write_tunnel_encapsulation_limit_header(out.data(), NextHeader::NoNextHeader, 4);
  EXPECT_EQ(to_hex(out), "3b00040104010100");
}

}  // namespace
}  // namespace kamesim
