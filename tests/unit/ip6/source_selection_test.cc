// Source address selection, rule by rule (RFC 6724 §5), its examples (§10.1), and what RFC 3484 and KAME do otherwise.
#include "protocols/ip6/tunnel.h"
#include "tests/unit/ip6/address_selection.h"

namespace kamesim {
namespace {

using testing::Selection;

class SourceSelection : public ::testing::Test {
 protected:
  Selection x;
};

TEST_F(SourceSelection, PrefersAppropriateScope) {  // §10.1, rule 2
  x.give("2001:db8:3::1"), x.give("fe80::1");
  EXPECT_EQ(x.source_for("2001:db8:1::1"), "2001:db8:3::1");
  EXPECT_EQ(x.source_for("ff05::1"), "2001:db8:3::1");
  EXPECT_EQ(x.source_for("ff02::1"), "fe80::1");
}

TEST_F(SourceSelection, PrefersTheSameAddress) {  // §10.1, rule 1
  x.give_deprecated("2001:db8:1::1"), x.give("2001:db8:2::1");
  EXPECT_EQ(x.source_for("2001:db8:1::1"), "2001:db8:1::1");
}

TEST_F(SourceSelection, PrefersScopeToNotBeingDeprecated) {  // §10.1, rule 2 before rule 3
  x.give_deprecated("fe80::2"), x.give("2001:db8:1::1");
  EXPECT_EQ(x.source_for("fe80::1"), "fe80::2");
}

TEST_F(SourceSelection, AvoidsDeprecatedAddresses) {  // rule 3, before rule 8
  x.give_deprecated("2001:db8:1::2"), x.give("2001:db8:3::2");
  EXPECT_EQ(x.source_for("2001:db8:1::1"), "2001:db8:3::2");
}

TEST_F(SourceSelection, UsesTheLongestMatchingPrefix) {  // §10.1, rule 8
  x.give("2001:db8:1::2"), x.give("2001:db8:3::2");
  EXPECT_EQ(x.source_for("2001:db8:1::1"), "2001:db8:1::2");
}

TEST_F(SourceSelection, PrefersHomeAddresses) {  // §10.1, rule 4
  x.give("2001:db8:1::2"), x.give_home("2001:db8:3::2");
  EXPECT_EQ(x.source_for("2001:db8:1::1"), "2001:db8:3::2");
  EXPECT_EQ(x.source_for("2001:db8:1::1", {.care_of = true}), "2001:db8:1::2");  // RFC 5014 IPV6_PREFER_SRC_COA
}

TEST_F(SourceSelection, PrefersAHomeAddressThatIsACareOfAddressToo) {  // rule 4, first sentence; before rule 8
  TunnelInterface& away = x.stack.add_tunnel("mip0", "2001:db8:1::2"_ip6, "2001:db8:3::1"_ip6);
  x.stack.add_address(away, {.address = "2001:db8:1::7"_ip6, .prefix_length = 128, .home_address = true,
                             .skip_dad = true, .on_link_prefix = false});
  x.give_home("2001:db8:3::2");
  EXPECT_EQ(x.source_for("2001:db8:1::1"), "2001:db8:3::2");
  x.give("2001:db8:5::2");  // a care-of address only
  EXPECT_EQ(x.source_for("2001:db8:1::1", {.care_of = true}), "2001:db8:5::2");
}

TEST_F(SourceSelection, PrefersJustAHomeAddressToJustACareOfAddress) {  // rule 4 before rule 5
  TunnelInterface& away = x.stack.add_tunnel("mip0", "2001:db8:1::2"_ip6, "2001:db8:3::1"_ip6);
  x.stack.add_address(away, {.address = "2001:db8:3::7"_ip6, .prefix_length = 128, .home_address = true,
                             .skip_dad = true, .on_link_prefix = false});
  x.give("2001:db8:1::2");
  EXPECT_EQ(x.source_for("2001:db8:1::1"), "2001:db8:3::7");
  EXPECT_EQ(x.source_for("2001:db8:1::1", {.care_of = true}), "2001:db8:1::2");
}

TEST_F(SourceSelection, PrefersTheOutgoingInterface) {  // rule 5, before rule 8
  x.give("2001:db8:1::2", 64, &x.add_link());
  x.give("2001:db8:3::2");
  EXPECT_EQ(x.source_for("2001:db8:1::1"), "2001:db8:3::2");
}

TEST_F(SourceSelection, PrefersMatchingLabelsToTemporaryAddresses) {  // §10.1, rule 6 before rule 7
  x.give_temporary("2002:c633:6401::d5e3:7953:13eb:22e8"), x.give("2001:db8:1::2");
  EXPECT_EQ(x.source_for("2002:c633:6401::1"), "2002:c633:6401:0:d5e3:7953:13eb:22e8");
  EXPECT_EQ(x.source_for("2001:db8:9::1"), "2001:db8:1::2");
}

TEST_F(SourceSelection, PrefersTemporaryAddresses) {  // §10.1, rule 7
  x.give("2001:db8:1::2"), x.give_temporary("2001:db8:1::d5e3:7953:13eb:22e8");
  EXPECT_EQ(x.source_for("2001:db8:1::d5e3:0:0:1"), "2001:db8:1:0:d5e3:7953:13eb:22e8");
  EXPECT_EQ(x.source_for("2001:db8:1::d5e3:0:0:1", {.temporary = false}), "2001:db8:1::2");  // RFC 5014
}

TEST_F(SourceSelection, DoesNotTakeAUlaForAGroupByItsPrefix) {  // §10.6: "ff00:1"
  x.give("fd11:1111:1111:1::1"), x.give("2001:db8:1::1");
  EXPECT_EQ(x.source_for("ff0e::1"), "2001:db8:1::1");
}

TEST_F(SourceSelection, ComparesNoMoreThanThePrefixOfTheSource) {  // §2.2
  x.give("2001:db8:1::f000"), x.give("2001:db8:1::1");
  EXPECT_EQ(x.source_for("2001:db8:1::2"), "2001:db8:1::f000");  // both have 64 bits in common: the first stays
}

TEST_F(SourceSelection, TakesSourcesOfTheLinkAloneForGroups) {  // §4
  x.give("fe80::1"), x.give("2001:db8:1::2", 64, &x.add_link());
  EXPECT_EQ(x.source_for("ff0e::1"), "fe80::1");
}

TEST_F(SourceSelection, OfScopesThatDoNotReachTakesTheLargest) {  // rule 2
  x.give("fe80::1"), x.give("fec0::1");
  EXPECT_EQ(x.source_for("2001:db8:1::1"), "fec0::1");
}

TEST_F(SourceSelection, OfScopesThatReachTakesTheSmallest) {  // rule 2
  x.give("2001:db8:1::1"), x.give("fec0::1"), x.give("fe80::1");
  EXPECT_EQ(x.source_for("ff05::2"), "fec0::1");
  EXPECT_EQ(x.source_for("ff03::2"), "fec0::1");
  EXPECT_EQ(x.source_for("ff02::2"), "fe80::1");
  EXPECT_EQ(x.source_for("ff01::2"), "fe80::1");
  EXPECT_EQ(x.source_for("ff08::2"), "2001:db8:1::1");
}

TEST_F(SourceSelection, NeverTakesAnycastOrDetachedAddresses) {  // §4
  x.give("2001:db8:1::2").anycast = true;
  x.give("2001:db8:1::3").detached = true;
  EXPECT_EQ(x.source_for("2001:db8:1::1"), "none");
}

TEST_F(SourceSelection, Rfc3484ComparesWholeAddresses) {  // RFC 3484 §2.2
  x.give("2001:db8:1::f000"), x.give("2001:db8:1::1");
  x.stack.mutable_config().address_selection = AddressSelection::Rfc3484;
  EXPECT_EQ(x.source_for("2001:db8:1::2"), "2001:db8:1::1");
}

TEST_F(SourceSelection, Rfc3484HasNoLabelForUlas) {  // RFC 3484 §2.1
  x.give("2001:db8:1::1"), x.give("fd11:1111:1111:1::1");
  EXPECT_EQ(x.source_for("ff0e::1"), "2001:db8:1::1");
  x.stack.mutable_config().address_selection = AddressSelection::Rfc3484;
  EXPECT_EQ(x.source_for("ff0e::1"), "fd11:1111:1111:1::1");  // by its prefix alone
}

TEST_F(SourceSelection, KamePrefersAddressesOfAnInterfaceByItsWish) {  // KAME's rule 9, before the longest prefix
  EthernetInterface& other = x.add_link();
  EthernetInterface& third = x.add_link();
  x.give("2001:db8:1::2", 64, &other), x.give("2001:db8:3::2", 64, &third);
  third.prefer_source = true;
  EXPECT_EQ(x.source_for("2001:db8:1::1"), "2001:db8:1::2");
  x.stack.mutable_config().address_selection = AddressSelection::Kame;
  EXPECT_EQ(x.source_for("2001:db8:1::1"), "2001:db8:3::2");
}

TEST_F(SourceSelection, ATableOfItsOwnReplacesTheDefault) {  // §2.1, §10.5
  x.give("2001:db8:1aaa::a"), x.give("2001:db8:70aa::a");
  EXPECT_EQ(x.source_for("2001:db8:1ccc::c"), "2001:db8:1aaa::a");
  auto rows = PolicyTable::default_of(AddressSelection::Rfc6724).rows();
  rows.push_back({"2001:db8:1aaa::/48"_ip6net, 43, 6});
  rows.push_back({"2001:db8:1bbb::/48"_ip6net, 43, 6});
  x.stack.mutable_config().policies = std::make_shared<const PolicyTable>(rows);
  EXPECT_EQ(x.source_for("2001:db8:1ccc::c"), "2001:db8:70aa::a");
}

TEST(PolicyTable, FindsTheLongestPrefix) {  // §2.1
  const PolicyTable& table = PolicyTable::default_of(AddressSelection::Rfc6724);
  const auto precedence = [&](const char* text) { return table.lookup(*parse_ip_address(text)).precedence; };
  EXPECT_EQ(precedence("::1"), 50u);
  EXPECT_EQ(precedence("2001:db8::1"), 40u);
  EXPECT_EQ(precedence("192.0.2.1"), 35u);
  EXPECT_EQ(precedence("2002:1::1"), 30u);
  EXPECT_EQ(precedence("2001:0:1::1"), 5u);
  EXPECT_EQ(precedence("fd00::1"), 3u);
  EXPECT_EQ(precedence("::192.0.2.1"), 1u);
  EXPECT_EQ(precedence("fec0::1"), 1u);
  EXPECT_EQ(precedence("3ffe::1"), 1u);
}

TEST(PolicyTable, AssumesTheDefaultRowWhereNoneMatches) {
  const PolicyTable table({{"2001:db8::/32"_ip6net, 7, 7}});
  EXPECT_EQ(table.lookup("2001:db8::1"_ip6).label, 7u);
  EXPECT_EQ(table.lookup("2001:db9::1"_ip6), (AddressPolicy{{}, 40, 1}));
}

}  // namespace
}  // namespace kamesim
