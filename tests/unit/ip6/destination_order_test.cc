// The order of destinations (RFC 6724 §6) by the RFC's own examples, §10.2 to §10.7.
#include "protocols/ip6/destination_order.h"

#include "protocols/ip6/tunnel.h"
#include "tests/unit/ip6/address_selection.h"

namespace kamesim {
namespace {

using testing::Selection;

struct Pair {
  std::string destination, source;
  bool operator==(const Pair&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Pair& p) { return out << p.destination << " from " << p.source; }

std::vector<Pair> order(Selection& x, std::initializer_list<const char*> destinations) {
  std::vector<Ipv6Address> given;
  for (const char* text : destinations) given.push_back(*parse_ip_address(text));
  std::vector<Pair> pairs;
  for (const RankedDestination& r : order_destinations(x.stack, given)) {
    pairs.push_back({ip_to_string(r.destination), r.source.is_unspecified() ? "none" : ip_to_string(r.source)});
  }
  return pairs;
}

class DestinationOrder : public ::testing::Test {
 protected:
  void policy(const char* prefix, unsigned precedence, unsigned label) {
    auto rows = x.stack.policies().rows();
    const Ipv6Prefix wanted = *Ipv6Prefix::parse(prefix);
    std::erase_if(rows, [&](const AddressPolicy& row) { return row.prefix == wanted; });
    rows.push_back({wanted, precedence, label});
    x.stack.mutable_config().policies = std::make_shared<const PolicyTable>(rows);
  }
  Selection x;
};
using Order = std::vector<Pair>;

TEST_F(DestinationOrder, MatchingScopeBeforeLinkLocalIpv4) {  // §10.2
  x.give("2001:db8:1::2"), x.give("fe80::1"), x.give("169.254.13.78");
  EXPECT_EQ(order(x, {"198.51.100.121", "2001:db8:1::1"}),
            (Order{{"2001:db8:1::1", "2001:db8:1::2"}, {"198.51.100.121", "169.254.13.78"}}));
}

TEST_F(DestinationOrder, MatchingScopeBeforePrecedence) {  // §10.2
  x.give("fe80::1"), x.give("198.51.100.117");
  EXPECT_EQ(order(x, {"2001:db8:1::1", "198.51.100.121"}),
            (Order{{"198.51.100.121", "198.51.100.117"}, {"2001:db8:1::1", "fe80::1"}}));
}

TEST_F(DestinationOrder, HigherPrecedence) {  // §10.2
  x.give("2001:db8:1::2"), x.give("fe80::1"), x.give("10.1.2.4");
  EXPECT_EQ(order(x, {"10.1.2.3", "2001:db8:1::1"}),
            (Order{{"2001:db8:1::1", "2001:db8:1::2"}, {"10.1.2.3", "10.1.2.4"}}));
}

TEST_F(DestinationOrder, SmallerScope) {  // §10.2
  x.give("2001:db8:1::2"), x.give("fe80::2");
  EXPECT_EQ(order(x, {"2001:db8:1::1", "fe80::1"}),
            (Order{{"fe80::1", "fe80::2"}, {"2001:db8:1::1", "2001:db8:1::2"}}));
}

TEST_F(DestinationOrder, HomeAddresses) {  // §10.2
  x.give("2001:db8:1::2"), x.give_home("2001:db8:3::1"), x.give("fe80::2");
  EXPECT_EQ(order(x, {"fe80::1", "2001:db8:1::1"}),
            (Order{{"2001:db8:1::1", "2001:db8:3::1"}, {"fe80::1", "fe80::2"}}));
}

TEST_F(DestinationOrder, AHomeAddressThatIsACareOfAddressToo) {  // rule 4, first sentence; before rule 6
  TunnelInterface& away = x.stack.add_tunnel("mip0", "2001:db8:1::2"_ip6, "2001:db8:3::1"_ip6);
  x.stack.add_address(away, {.address = "2001:db8:5::7"_ip6, .prefix_length = 128, .home_address = true,
                             .skip_dad = true, .on_link_prefix = false});
  x.stack.routes().add({.prefix = "2001:db8:5::/48"_ip6net, .interface = &away});
  x.give_home("fe80::2");
  EXPECT_EQ(order(x, {"2001:db8:5::1", "fe80::1"}),
            (Order{{"fe80::1", "fe80::2"}, {"2001:db8:5::1", "2001:db8:5::7"}}));
  policy("fe80::/10", 33, 1);
  EXPECT_EQ(order(x, {"2001:db8:5::1", "fe80::1"}).front().destination, "fe80::1");
  x.stack.find_own_address("fe80::2"_ip6, x.first)->home_address = false;
  EXPECT_EQ(order(x, {"fe80::1", "2001:db8:5::1"}).front().destination, "2001:db8:5::1");
}

TEST_F(DestinationOrder, DeprecatedSources) {  // §10.2
  x.give("2001:db8:1::2"), x.give_deprecated("fe80::2");
  EXPECT_EQ(order(x, {"fe80::1", "2001:db8:1::1"}),
            (Order{{"2001:db8:1::1", "2001:db8:1::2"}, {"fe80::1", "fe80::2"}}));
}

TEST_F(DestinationOrder, LongestMatchingPrefix) {  // §10.2
  x.give("2001:db8:1::2"), x.give("2001:db8:3f44::2"), x.give("fe80::2");
  EXPECT_EQ(order(x, {"2001:db8:3ffe::1", "2001:db8:1::1"}),
            (Order{{"2001:db8:1::1", "2001:db8:1::2"}, {"2001:db8:3ffe::1", "2001:db8:3f44::2"}}));
}

TEST_F(DestinationOrder, MatchingLabel) {  // §10.2
  x.give("2002:c633:6401::2"), x.give("fe80::2");
  EXPECT_EQ(order(x, {"2001:db8:1::1", "2002:c633:6401::1"}),
            (Order{{"2002:c633:6401::1", "2002:c633:6401::2"}, {"2001:db8:1::1", "2002:c633:6401::2"}}));
}

TEST_F(DestinationOrder, PrecedenceWhereLabelsMatchBoth) {  // §10.2
  x.give("2002:c633:6401::2"), x.give("2001:db8:1::2"), x.give("fe80::2");
  EXPECT_EQ(order(x, {"2002:c633:6401::1", "2001:db8:1::1"}),
            (Order{{"2001:db8:1::1", "2001:db8:1::2"}, {"2002:c633:6401::1", "2002:c633:6401::2"}}));
}

TEST_F(DestinationOrder, ATableThatPrefersIpv4) {  // §10.3
  policy("::ffff:0.0.0.0/96", 100, 4);
  x.give("2001:db8::2"), x.give("fe80::1"), x.give("10.1.2.4");
  EXPECT_EQ(order(x, {"2001:db8::1", "10.1.2.3"}), (Order{{"10.1.2.3", "10.1.2.4"}, {"2001:db8::1", "2001:db8::2"}}));
}

TEST_F(DestinationOrder, ATableThatPrefersIpv4KeepsMatchingScopesFirst) {  // §10.3
  policy("::ffff:0.0.0.0/96", 100, 4);
  x.give("2001:db8::2"), x.give("fe80::1"), x.give("169.254.13.78");
  EXPECT_EQ(order(x, {"198.51.100.121", "2001:db8::1"}),
            (Order{{"2001:db8::1", "2001:db8::2"}, {"198.51.100.121", "169.254.13.78"}}));
}

TEST_F(DestinationOrder, ATableThatPutsLinkLocalLast) {  // §10.4
  policy("fe80::/10", 33, 1);
  x.give("2001:db8::2"), x.give("fe80::2");
  EXPECT_EQ(order(x, {"fe80::1", "2001:db8::1"}), (Order{{"2001:db8::1", "2001:db8::2"}, {"fe80::1", "fe80::2"}}));
}

TEST_F(DestinationOrder, ATableThatPutsLinkLocalLastButBeforeDeprecated) {  // §10.4
  policy("fe80::/10", 33, 1);
  x.give_deprecated("2001:db8::2"), x.give("fe80::2");
  EXPECT_EQ(order(x, {"2001:db8::1", "fe80::1"}), (Order{{"fe80::1", "fe80::2"}, {"2001:db8::1", "2001:db8::2"}}));
}

TEST_F(DestinationOrder, AMultihomedSite) {  // §10.5
  x.give("2001:db8:1aaa::a"), x.give("2001:db8:70aa::a"), x.give("fe80::a");
  EXPECT_EQ(order(x, {"2001:db8:1bbb::b", "2001:db8:70bb::b"}),
            (Order{{"2001:db8:70bb::b", "2001:db8:70aa::a"}, {"2001:db8:1bbb::b", "2001:db8:1aaa::a"}}));
  policy("2001:db8:1aaa::/48", 43, 6);
  policy("2001:db8:1bbb::/48", 43, 6);
  EXPECT_EQ(order(x, {"2001:db8:70bb::b", "2001:db8:1bbb::b"}),
            (Order{{"2001:db8:1bbb::b", "2001:db8:1aaa::a"}, {"2001:db8:70bb::b", "2001:db8:70aa::a"}}));
  EXPECT_EQ(order(x, {"2001:db8:1ccc::c", "2001:db8:6ccc::c"}),
            (Order{{"2001:db8:6ccc::c", "2001:db8:70aa::a"}, {"2001:db8:1ccc::c", "2001:db8:70aa::a"}}));
}

TEST_F(DestinationOrder, Ulas) {  // §10.6
  x.give("2001:db8:1::1"), x.give("fd11:1111:1111:1::1");
  const Order global_first{{"2001:db8:2::2", "2001:db8:1::1"}, {"fd22:2222:2222:2::2", "fd11:1111:1111:1::1"}};
  EXPECT_EQ(order(x, {"fd22:2222:2222:2::2", "2001:db8:2::2"}), global_first);
  policy("fd11:1111:1111::/48", 45, 14);
  EXPECT_EQ(order(x, {"fd22:2222:2222:2::2", "2001:db8:2::2"}), global_first);
  EXPECT_EQ(order(x, {"2001:db8:2::2", "fd11:1111:1111:2::2"}),
            (Order{{"fd11:1111:1111:2::2", "fd11:1111:1111:1::1"}, {"2001:db8:2::2", "2001:db8:1::1"}}));
}

TEST_F(DestinationOrder, SixToFour) {  // §10.7
  x.give("2002:c633:6401:1::1"), x.give("10.1.2.3");
  EXPECT_EQ(order(x, {"2001:db8:1::1", "203.0.113.1"}),
            (Order{{"203.0.113.1", "10.1.2.3"}, {"2001:db8:1::1", "2002:c633:6401:1::1"}}));
  policy("2002:c633:6401::/48", 45, 14);
  EXPECT_EQ(order(x, {"203.0.113.1", "2002:c633:6401:2::2"}),
            (Order{{"2002:c633:6401:2::2", "2002:c633:6401:1::1"}, {"203.0.113.1", "10.1.2.3"}}));
}

TEST_F(DestinationOrder, WhatCannotBeReachedIsLast) {  // rule 1
  x.give("2001:db8:1::2"), x.give("192.0.2.1");
  x.stack.routes().add({.prefix = "2001:db8:6::/48"_ip6net, .interface = x.first, .kind = RouteKind::Reject});
  EXPECT_EQ(order(x, {"2001:db8:6::1", "192.0.2.7"}).front().destination, "192.0.2.7");
}

TEST_F(DestinationOrder, WhatIsAlikeStaysAsItWas) {  // rule 10
  x.give("2001:db8:1::2");
  EXPECT_EQ(order(x, {"2001:db8:f::1", "2001:db8:f::2"}).front().destination, "2001:db8:f::1");
  EXPECT_EQ(order(x, {"2001:db8:f::2", "2001:db8:f::1"}).front().destination, "2001:db8:f::2");
}

TEST_F(DestinationOrder, Rfc3484TakesPrivateIpv4ForSiteLocal) {  // RFC 3484 §3.2
  x.give("2001:db8:1::2"), x.give("10.1.2.4");
  x.stack.mutable_config().address_selection = AddressSelection::Rfc3484;
  policy("::ffff:0.0.0.0/96", 100, 4);
  // Scopes differ, 203.0.113.1 being global and its source of the site: IPv6 is before it, for all its precedence.
  EXPECT_EQ(order(x, {"203.0.113.1", "2001:db8:1::1"}).front().destination, "2001:db8:1::1");
  x.stack.mutable_config().address_selection = AddressSelection::Rfc6724;
  EXPECT_EQ(order(x, {"203.0.113.1", "2001:db8:1::1"}).front().destination, "203.0.113.1");
}

}  // namespace
}  // namespace kamesim
