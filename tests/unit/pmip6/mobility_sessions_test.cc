// How a request finds its session: RFC 5213 §5.4.1, item by item.
#include "protocols/pmip6/mobility_sessions.h"

#include <gtest/gtest.h>

#include "protocols/pmip6/status.h"

namespace kamesim::pmip6 {
namespace {

const Ipv6Address kGateway = "2001:db8:a::1"_ip6, kOther = "2001:db8:b::1"_ip6;
const Ipv6Prefix kOne = "2001:db8:ff00::/64"_ip6net, kTwo = "2001:db8:ff00:1::/64"_ip6net;
const Ipv6Prefix kThree = "2001:db8:ff00:3::/64"_ip6net, kAny;
const MobileNodeIdentifier kPhone{.identifier = "phone"}, kLaptop{.identifier = "laptop"};
const LinkLayerIdentifier kCard = {2, 0, 0, 0, 0, 1}, kOtherCard = {2, 0, 0, 0, 0, 2}, kNone = {0, 0};
using enum LookUp::Outcome;

struct Request {
  std::vector<Ipv6Prefix> prefixes;
  std::optional<LinkLayerIdentifier> card;
  std::uint8_t hint;
  std::uint8_t technology = kAccessWirelessLan;
  MobileNodeIdentifier who = kPhone;
  Ipv6Address from = kOther;
};

// One session of the phone with two prefixes at kGateway, whose card is known or not.
struct Cache {
  explicit Cache(const LinkLayerIdentifier& card = kCard) { add(card, {kOne, kTwo}); }
  MobilitySession& add(const LinkLayerIdentifier& card, std::vector<Ipv6Prefix> prefixes) {
    MobilitySession session;
    session.mobile_node = kPhone;
    session.link_layer_identifier = card;
    session.access_technology = kAccessWirelessLan;
    session.prefixes = std::move(prefixes);
    session.proxy_care_of = kGateway;
    return sessions.add(session);
  }
  LookUp look_up(const Request& r) {
    ProxyBindingUpdate update;
    update.options.mobile_node = r.who;
    update.options.home_network_prefixes = r.prefixes;
    update.options.link_layer_identifier = r.card;
    update.options.handoff_indicator = r.hint;
    update.options.access_technology = r.technology;
    return sessions.look_up(update, r.from);
  }
  MobilitySessions sessions;
};

TEST(MobilitySessions, AreFoundByTheirPrefixes) {  // §5.4.1.1
  Cache c;
  EXPECT_EQ(c.look_up({{kThree}, kCard, 3}).outcome, NewSession) << "item 2: nobody's";
  const LookUp others = c.look_up({{kOne, kTwo}, kCard, 3, kAccessWirelessLan, kLaptop});
  EXPECT_EQ(others.outcome, Reject) << "item 3";
  EXPECT_EQ(others.status, kNotAuthorizedForHomeNetworkPrefix);
  for (const auto& set : {std::vector{kOne}, std::vector{kOne, kThree}, std::vector{kOne, kTwo, kThree},
                          std::vector{kOne, kTwo, kAny}}) {
    const LookUp found = c.look_up({set, kCard, 3});
    EXPECT_EQ(found.outcome, Reject) << "item 4, " << set.size();
    EXPECT_EQ(found.status, kBcePbuPrefixSetDoNotMatch);
  }
  EXPECT_EQ(c.look_up({{kTwo, kOne}, kCard, 3}).outcome, Update) << "in any order";
}

TEST(MobilitySessions, WithTheirPrefixesAreUpdatedIfAnyConditionHolds) {  // §5.4.1.1, item 5
  struct {
    const char* what;
    Request request;
    LinkLayerIdentifier card;  // of the session
    LookUp::Outcome outcome;
  } cases[] = {
      {"the same card by the same technology", {{kOne, kTwo}, kCard, 1}, kCard, Update},
      {"the same card by another technology", {{kOne, kTwo}, kCard, 1, kAccessEthernet}, kCard, NewSession},
      {"another card", {{kOne, kTwo}, kOtherCard, 3}, kCard, NewSession},
      {"hand-off between interfaces", {{kOne, kTwo}, kOtherCard, 2, kAccessEthernet}, kCard, Update},
      {"no card, none known, hand-off between gateways", {{kOne, kTwo}, {}, 3}, kNone, Update},
      {"no card, none known, unknown hand-off", {{kOne, kTwo}, {}, 4}, kNone, NewSession},
      {"no card, but one is known", {{kOne, kTwo}, {}, 3}, kCard, NewSession},
      {"the same gateway", {{kOne, kTwo}, kOtherCard, 5, kAccessWirelessLan, kPhone, kGateway}, kCard, Update},
      {"the same gateway, another technology", {{kOne, kTwo}, kOtherCard, 5, kAccessEthernet, kPhone, kGateway}, kCard,
       NewSession},
  };
  for (const auto& each : cases) {
    Cache c(each.card);
    EXPECT_EQ(c.look_up(each.request).outcome, each.outcome) << each.what;
  }
}

TEST(MobilitySessions, AreFoundByTheirLinkLayerIdentifier) {  // §5.4.1.2
  Cache c;
  EXPECT_EQ(c.look_up({{kAny}, kCard, 1}).outcome, Update) << "item 2";
  EXPECT_EQ(c.look_up({{kAny}, kCard, 1, kAccessEthernet}).outcome, NewSession) << "another technology";
  EXPECT_EQ(c.look_up({{kAny}, kOtherCard, 1}).outcome, NewSession) << "item 5";
  EXPECT_EQ(c.look_up({{kAny}, kOtherCard, 2}).outcome, Update) << "item 3";
  EXPECT_EQ(c.look_up({{kAny}, kOtherCard, 3}).outcome, NewSession) << "item 5";
  EXPECT_EQ(c.look_up({{kAny}, kOtherCard, 4}).outcome, Wait) << "item 4";
  c.add({9}, {kThree});
  EXPECT_EQ(c.look_up({{kAny}, kOtherCard, 2}).outcome, NewSession) << "more than one";
  EXPECT_EQ(c.look_up({{kAny}, kOtherCard, 4}).outcome, NewSession) << "more than one";
}

TEST(MobilitySessions, AreFoundByTheMobileNodeAlone) {  // §5.4.1.3
  Cache c;
  EXPECT_EQ(c.look_up({{kAny}, {}, 1}).outcome, NewSession) << "item 4";
  EXPECT_EQ(c.look_up({{kAny}, {}, 2}).outcome, Update) << "item 2";
  EXPECT_EQ(c.look_up({{kAny}, {}, 3}).outcome, Update) << "item 2";
  EXPECT_EQ(c.look_up({{kAny}, {}, 4}).outcome, Wait) << "item 3";
  EXPECT_EQ(c.look_up({{kAny}, {}, 3, kAccessWirelessLan, kLaptop}).outcome, NewSession);
  EXPECT_EQ(c.look_up({{kAny}, kNone, 3}).outcome, Update) << "an identifier of ALL_ZERO is none";
  c.add(kOtherCard, {kThree});
  EXPECT_EQ(c.look_up({{kAny}, {}, 3}).outcome, NewSession) << "more than one";
}

TEST(MobilitySessions, OwnTheAddressesOfTheirPrefixes) {
  Cache c;
  EXPECT_EQ(c.sessions.with_address("2001:db8:ff00::77"_ip6)->mobile_node, kPhone);
  EXPECT_EQ(c.sessions.with_address("2001:db8:ff00:1:ffff:ffff:ffff:ffff"_ip6)->mobile_node, kPhone);
  EXPECT_EQ(c.sessions.with_address("2001:db8:ff00:2::1"_ip6), nullptr);
  EXPECT_EQ(c.sessions.with_address("2001:db8:fe00::1"_ip6), nullptr);
  c.sessions.remove(1);
  EXPECT_EQ(c.sessions.with_address("2001:db8:ff00::77"_ip6), nullptr);
  EXPECT_EQ(c.sessions.size(), 0u);
}

}  // namespace
}  // namespace kamesim::pmip6
