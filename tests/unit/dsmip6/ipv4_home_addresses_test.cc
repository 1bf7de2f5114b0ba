#include "protocols/dsmip6/ipv4_home_addresses.h"

#include <gtest/gtest.h>

#include "protocols/dsmip6/status.h"
#include "tests/unit/wire/hex.h"

namespace kamesim::dsmip6 {
namespace {

const auto kHome = "2001:db8:1::100"_ip6;
const auto kOther = "2001:db8:1::200"_ip6;

Ipv6Address v4(std::string_view text) { return *parse_ip_address(text); }
Ipv6Prefix net(std::string_view text) { return *parse_ip_prefix(text); }
Ipv4HomeAddress asks(std::string_view address, std::uint8_t length = 32, bool prefix = false) {
  return {*parse_ipv4(address), length, prefix};
}

Ipv4HomeAddressesConfig config() {
  return {.addresses = {{kHome, v4("192.0.2.10")}},
          .networks = {{kHome, {net("203.0.113.0/28"), net("203.0.113.32/27")}}},
          .pool = {net("192.0.2.64/30")},
          .network_pool = net("203.0.113.128/26"),
          .prohibited = {},
          .reserved = {v4("192.0.2.65")},
          .lease = {}};
}

std::uint8_t status_of(Ipv4HomeAddresses& table, const Ipv6Address& home, const Ipv4HomeAddress& option) {
  return table.bind(home, {option}).acknowledgements.front().status;
}

TEST(Ipv4HomeAddresses, StaticAddressIsItsMobileNodesAlone) {  // RFC 5555 §4.5
  Ipv4HomeAddresses table(config());
  const auto answer = table.bind(kHome, {asks("192.0.2.10")});
  EXPECT_EQ(answer.acknowledgements.front(), (Ipv4AddressAcknowledgement{0, 32, *parse_ipv4("192.0.2.10")}));
  EXPECT_EQ(answer.bound, std::vector{net("192.0.2.10/32")});
  EXPECT_EQ(status_of(table, kOther, asks("192.0.2.10")), kIncorrectIpv4HomeAddress);
  EXPECT_TRUE(table.is_bound(v4("192.0.2.10")));
}

TEST(Ipv4HomeAddresses, UnspecifiedAddressAsksForTheStaticOne) {  // §2.5
  Ipv4HomeAddresses table(config());
  EXPECT_EQ(table.bind(kHome, {asks("0.0.0.0")}).bound, std::vector{net("192.0.2.10/32")});
}

TEST(Ipv4HomeAddresses, DynamicAddressStaysWithItsMobileNode) {  // §4.5
  Ipv4HomeAddresses table(config());
  EXPECT_EQ(table.bind(kOther, {asks("0.0.0.0")}).bound, std::vector{net("192.0.2.66/32")});
  table.unbind(kOther);
  EXPECT_FALSE(table.is_bound(v4("192.0.2.66")));
  EXPECT_EQ(status_of(table, kOther, asks("192.0.2.66")), kIpv4AddressAccepted);
  EXPECT_EQ(table.bind(kOther, {asks("0.0.0.0")}).bound, std::vector{net("192.0.2.66/32")});
}

TEST(Ipv4HomeAddresses, PoolThatIsUsedUpServesNobodyElseUntilABindingEnds) {  // §4.5: 132
  Ipv4HomeAddresses table(config());  // of the four addresses of the pool one can be given
  const auto third = "2001:db8:1::300"_ip6;
  table.bind(kOther, {asks("0.0.0.0")});
  EXPECT_EQ(status_of(table, third, asks("0.0.0.0")), kDynamicIpv4HomeAddressNotAvailable);
  table.unbind(kOther);
  EXPECT_EQ(table.bind(third, {asks("0.0.0.0")}).bound, std::vector{net("192.0.2.66/32")});
  EXPECT_EQ(status_of(table, kOther, asks("192.0.2.66")), kIncorrectIpv4HomeAddress);
}

TEST(Ipv4HomeAddresses, Statuses) {  // §3.2.1
  auto prohibiting = config();
  prohibiting.prohibited = {Ipv6Prefix("2001:db8:2::"_ip6, 64)};
  Ipv4HomeAddresses table(prohibiting);
  const auto forbidden = "2001:db8:2::1"_ip6;
  const struct {
    Ipv6Address home;
    Ipv4HomeAddress option;
    std::uint8_t status;
  } cases[] = {
      {kHome, asks("192.0.2.10", 0), kIpv4ReasonUnspecified},
      {kHome, asks("192.0.2.10", 33), kIpv4ReasonUnspecified},
      {kHome, asks("192.0.2.10", 63), kIpv4ReasonUnspecified},
      {forbidden, asks("0.0.0.0"), kIpv4AdministrativelyProhibited},
      {kHome, asks("192.0.2.11"), kIncorrectIpv4HomeAddress},
      {kHome, asks("224.0.0.1"), kInvalidIpv4Address},
      {kHome, asks("255.255.255.255"), kInvalidIpv4Address},
      {kHome, asks("127.0.0.1"), kInvalidIpv4Address},
      {kHome, asks("240.0.0.1"), kInvalidIpv4Address},
      {kHome, asks("0.1.2.3"), kInvalidIpv4Address},
      {kOther, asks("0.0.0.0", 8, true), kPrefixAllocationUnauthorized},
      {kOther, asks("203.0.113.0", 28, true), kPrefixAllocationUnauthorized},
      {kHome, asks("203.0.113.16", 28), kIncorrectIpv4HomeAddress},
      {kHome, asks("203.0.113.0", 27), kIncorrectIpv4HomeAddress},
      {kHome, asks("203.0.113.0", 28), kIpv4AddressAccepted},
      {kHome, asks("192.0.2.10", 32, true), kIpv4AddressAccepted},  // P is ignored
  };
  for (const auto& c : cases) {
    const auto ack = table.bind(c.home, {c.option}).acknowledgements.front();
    EXPECT_EQ(ack.status, c.status) << ipv4_to_string(c.option.address) << "/" << int{c.option.prefix_length};
    EXPECT_EQ(ack.address, c.option.address);
    EXPECT_TRUE(ack.accepted() || ack.prefix_length == 0);
  }
}

TEST(Ipv4HomeAddresses, PrefixOfTheLengthAskedForComesFirst) {  // §4.5, §3.2.1
  Ipv4HomeAddresses table(config());
  EXPECT_EQ(table.bind(kHome, {asks("0.0.0.0", 27, true)}).bound, std::vector{net("203.0.113.32/27")});
  const auto other_length = table.bind(kHome, {asks("0.0.0.0", 24, true)});
  EXPECT_EQ(other_length.bound, std::vector{net("203.0.113.0/28")});
  EXPECT_EQ(other_length.acknowledgements.front().prefix_length, 28);
  EXPECT_EQ(table.bind(kOther, {asks("0.0.0.0", 28, true)}).bound, std::vector{net("203.0.113.128/28")});
  EXPECT_EQ(table.bind("2001:db8:1::300"_ip6, {asks("0.0.0.0", 27, true)}).bound, std::vector{net("203.0.113.160/27")});
}

TEST(Ipv4HomeAddresses, EachOptionIsAnswered) {  // §3.1.1: "two different options"
  Ipv4HomeAddresses table(config());
  const auto answer = table.bind(kHome, {asks("192.0.2.10"), asks("203.0.113.0", 28, true), asks("192.0.2.99")});
  ASSERT_EQ(answer.acknowledgements.size(), 3u);
  EXPECT_EQ(answer.acknowledgements[2].status, kIncorrectIpv4HomeAddress);
  EXPECT_EQ(answer.bound, (std::vector{net("192.0.2.10/32"), net("203.0.113.0/28")}));
  EXPECT_EQ(table.bind(kHome, {}).bound, std::vector<Ipv6Prefix>{});  // §4.4.2.1
  EXPECT_TRUE(table.bound_of(kHome).empty());
}

TEST(Ipv4HomeAddresses, OptionsBeyondTheLimitAreRefused) {
  Ipv4HomeAddresses table(config());
  const std::vector<Ipv4HomeAddress> many(Ipv4HomeAddresses::kMaxOptions + 1, asks("192.0.2.10"));
  const auto answer = table.bind(kHome, many);
  EXPECT_EQ(answer.acknowledgements.back().status, kIpv4ReasonUnspecified);
  EXPECT_EQ(answer.bound.size(), 1u);
}

TEST(Ipv4HomeAddresses, LeaseLimitsTheLifetimeOfDynamicAddresses) {  // §2.5
  auto leasing = config();
  leasing.lease = 100_s;
  const Ipv4HomeAddresses table(leasing);
  EXPECT_EQ(table.longest_lifetime(kOther, {asks("0.0.0.0")}), 100_s);
  EXPECT_EQ(table.longest_lifetime(kHome, {asks("192.0.2.10")}), std::nullopt);
  EXPECT_EQ(table.longest_lifetime(kOther, {}), std::nullopt);
}

}  // namespace
}  // namespace kamesim::dsmip6
