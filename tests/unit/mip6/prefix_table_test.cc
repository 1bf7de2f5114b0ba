#include "protocols/mip6/prefix_table.h"

#include <gtest/gtest.h>

#include "protocols/mip6/binding_status.h"
#include "tests/unit/mip6/test_values.h"

namespace kamesim {
namespace {

using Prefixes = std::vector<Ipv6Prefix>;

const Ipv6Address kOtherHome = "2001:db8:1::200"_ip6;
const Ipv6Address kUnlisted = "2001:db8:1::300"_ip6;
const Ipv6Prefix kNetwork = "2001:db8:a::/48"_ip6net;
const Ipv6Prefix kSubnet = "2001:db8:a:1::/64"_ip6net;
const Ipv6Prefix kOtherNetwork = "2001:db8:b::/64"_ip6net;
const Prefixes kHomeLink = {"2001:db8:1::/64"_ip6net};

PrefixTable table(PrefixTable::ExplicitMode mode = PrefixTable::ExplicitMode::Verify) {
  return PrefixTable({{kHome, {kNetwork}}, {kOtherHome, {kOtherNetwork}}}, mode);
}

MobileNetworkPrefix option(const Ipv6Prefix& prefix) {
  return {static_cast<std::uint8_t>(prefix.length()), prefix.address()};
}

int refusal(const PrefixTable& t, const std::vector<MobileNetworkPrefix>& options, const Ipv6Address& home = kHome,
            const Prefixes& taken = kHomeLink) {
  const PrefixTable::Answer answer = t.prefixes_for(home, options, taken);
  EXPECT_TRUE(!answer.refusal || answer.prefixes.empty()) << "all or nothing";
  return answer.refusal.value_or(0);
}

TEST(PrefixTable, ImplicitModeTakesWhatIsConfigured) {  // RFC 3963 §5.2, §6.2
  EXPECT_EQ(table().prefixes_for(kHome, {}, kHomeLink).prefixes, Prefixes{kNetwork});
  EXPECT_EQ(refusal(table(), {}, kUnlisted), kForwardingSetupFailed);
  EXPECT_EQ(refusal(PrefixTable(PrefixTable::Entries{{kHome, {}}}), {}), kForwardingSetupFailed);
}

TEST(PrefixTable, ExplicitModeTakesWhatIsAskedFor) {  // RFC 3963 §6.2
  EXPECT_EQ(table().prefixes_for(kHome, {option(kSubnet)}, kHomeLink).prefixes, Prefixes{kSubnet});
  const Prefixes both = {kSubnet, "2001:db8:a:2::/64"_ip6net};
  EXPECT_EQ(table().prefixes_for(kHome, {option(both[0]), option(both[1]), option(both[0])}, kHomeLink).prefixes, both);
  EXPECT_EQ(table().prefixes_for(kHome, {{64, "2001:db8:a:1::99"_ip6}}, kHomeLink).prefixes, Prefixes{kSubnet})
      << "bits behind the length do not count";
}

TEST(PrefixTable, RefusesPrefixesThatNobodyCanHave) {  // RFC 3963 §6.2, §6.6
  const MobileNetworkPrefix invalid[] = {{129, kNetwork.address()}, {255, kNetwork.address()}, {0, kNetwork.address()},
                                         {64, "ff05::"_ip6},        {64, "fe80::"_ip6},       {64, "::"_ip6},
                                         {128, "::1"_ip6},          {96, "::ffff:0:0"_ip6}};
  for (const MobileNetworkPrefix& p : invalid) {
    EXPECT_EQ(refusal(table(), {p}), kInvalidPrefix) << p.prefix.to_string() << '/' << int{p.prefix_length};
    EXPECT_EQ(refusal(table(), {option(kSubnet), p}), kInvalidPrefix) << "one is enough";
  }
}

TEST(PrefixTable, VerifiesWhatIsClaimed) {  // RFC 3963 §6.1.2, §6.2
  EXPECT_EQ(refusal(table(), {option(kOtherNetwork)}), kNotAuthorizedForPrefix);
  EXPECT_EQ(refusal(table(), {option("2001:db8:a::/47"_ip6net)}), kNotAuthorizedForPrefix) << "more than it has";
  EXPECT_EQ(refusal(table(), {option(kSubnet)}, kUnlisted), kNotAuthorizedForPrefix);
  EXPECT_EQ(refusal(table(), {option(kSubnet), option(kOtherNetwork)}), kNotAuthorizedForPrefix);
}

TEST(PrefixTable, TrustsOnlyWithWhatIsNobodysElse) {
  const PrefixTable trusting = table(PrefixTable::ExplicitMode::Trust);
  EXPECT_EQ(refusal(trusting, {option("2001:db8:c::/64"_ip6net)}, kUnlisted), 0);
  EXPECT_EQ(refusal(trusting, {option(kSubnet)}, kUnlisted), kNotAuthorizedForPrefix) << "it is in the table";
  EXPECT_EQ(refusal(trusting, {option("2001:db8::/32"_ip6net)}, kUnlisted), kNotAuthorizedForPrefix);
  EXPECT_EQ(refusal(trusting, {option(kHomeLink[0])}, kUnlisted), kNotAuthorizedForPrefix) << "it is taken";
  EXPECT_EQ(refusal(trusting, {}, kUnlisted), kForwardingSetupFailed);
}

TEST(PrefixTable, HoldsHomeAddressesInTheirOwnMobileNetwork) {  // RFC 3963 §3, §6.2
  const PrefixTable own({{"2001:db8:a::1"_ip6, {kNetwork}}, {kHome, {kOtherNetwork}}});
  EXPECT_TRUE(own.holds("2001:db8:a::1"_ip6));
  EXPECT_FALSE(own.holds("2001:db8:a::2"_ip6)) << "another node's";
  EXPECT_FALSE(own.holds(kHome)) << "of the home link";
}

}  // namespace
}  // namespace kamesim
