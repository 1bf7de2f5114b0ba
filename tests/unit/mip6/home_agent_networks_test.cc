// Registrations of mobile routers at a home agent (RFC 3963 §6).
#include <gtest/gtest.h>

#include "protocols/mip6/binding_status.h"
#include "protocols/mip6/home_agent_registration.h"
#include "tests/unit/mip6/test_values.h"

namespace kamesim {
namespace {

using DadResult = HomeAgentRegistration::DadResult;
using Output = HomeAgentRegistration::Output;
using Prefixes = std::vector<Ipv6Prefix>;

const Ipv6Prefix kNetwork = "2001:db8:a::/64"_ip6net;
const Ipv6Prefix kSecondNetwork = "2001:db8:b::/64"_ip6net;
const Ipv6Address kHomeInNetwork = "2001:db8:c::1"_ip6;

HomeAgentRegistrationConfig config() {
  HomeAgentRegistrationConfig c;
  c.mobile_networks.emplace(PrefixTable::Entries{{kHome, {kNetwork, kSecondNetwork}},
                                                 {kHomeInNetwork, {"2001:db8:c::/64"_ip6net}}});
  return c;
}

ReceivedBindingUpdate update(std::uint16_t sequence, const Prefixes& told = {}, const Ipv6Address& home = kHome) {
  ReceivedBindingUpdate r;
  r.source = kCareOf;
  r.destination = kHomeAgent;
  r.home_address_option = home;
  r.update.sequence = SeqNum16(sequence);
  r.update.acknowledge = r.update.home_registration = r.update.mobile_router = true;
  r.update.lifetime = 420_s;
  r.update.alternate_care_of_address = kCareOf;
  for (const Ipv6Prefix& p : told) {
    r.update.mobile_network_prefixes.push_back({static_cast<std::uint8_t>(p.length()), p.address()});
  }
  return r;
}

class Exchange {
 public:
  explicit Exchange(const HomeAgentRegistrationConfig& c = config()) : machine_(c, cache_) {
    machine_.on_prefix_list(now_, {HomePrefix{"2001:db8:1::/64"_ip6net}});
  }
  Exchange& receives(const ReceivedBindingUpdate& r) {
    out_ = machine_.on_binding_update(now_, r);
    return *this;
  }
  Exchange& unique() {
    out_ = machine_.on_dad_result(now_, kHome, DadResult::Unique);
    return *this;
  }
  Exchange& acknowledges(std::uint8_t status, bool mobile_router) {
    EXPECT_TRUE(out_.ack);
    if (!out_.ack) return *this;
    EXPECT_EQ(int{out_.ack->ack.status}, int{status});
    EXPECT_EQ(out_.ack->ack.mobile_router, mobile_router);
    return *this;
  }
  Exchange& forwards(const Prefixes& prefixes) {
    EXPECT_TRUE(out_.registered);
    if (out_.registered) {
      EXPECT_EQ(out_.registered->networks, prefixes);
      EXPECT_TRUE(out_.registered->mobile_router);
    }
    return *this;
  }
  const Output& out() const { return out_; }
  const BindingCacheEntry* entry() const { return cache_.lookup(now_, kHome); }
  HomeAgentRegistration& machine() { return machine_; }

 private:
  BindingCache cache_;
  HomeAgentRegistration machine_;
  Time now_;
  Output out_;
};

TEST(MobileRouterAtHomeAgent, ImplicitModeForwardsForAllItsPrefixes) {  // RFC 3963 §6.2
  Exchange x;
  x.receives(update(1)).unique().acknowledges(kBindingAccepted, true).forwards({kNetwork, kSecondNetwork});
  EXPECT_EQ(x.entry()->networks.size(), 2u);
}

TEST(MobileRouterAtHomeAgent, ExplicitModeForwardsForWhatIsTold) {  // RFC 3963 §6.2
  Exchange x;
  x.receives(update(1, {kNetwork})).unique().acknowledges(kBindingAccepted, true).forwards({kNetwork});
  x.receives(update(2, {kNetwork, kSecondNetwork})).forwards({kNetwork, kSecondNetwork});
  x.receives(update(3, {kSecondNetwork})).forwards({kSecondNetwork});  // "MUST disable forwarding" for the other
}

TEST(MobileRouterAtHomeAgent, RefusesBeforeTheHomeAddressIsTested) {  // RFC 3963 §6.2, §6.6
  struct {
    Prefixes told;
    Ipv6Address home;
    std::uint8_t status;
  } const cases[] = {{{}, "2001:db8:1::999"_ip6, kForwardingSetupFailed},
                     {{kNetwork, "2001:db8:9::/64"_ip6net}, kHome, kNotAuthorizedForPrefix},
                     {{"ff00::/8"_ip6net}, kHome, kInvalidPrefix}};
  for (const auto& c : cases) {
    Exchange x;
    x.receives(update(1, c.told, c.home)).acknowledges(c.status, true);
    EXPECT_FALSE(x.out().start_dad);
    EXPECT_FALSE(x.out().registered);
  }
}

TEST(MobileRouterAtHomeAgent, RefusedUpdateLeavesTheBindingAsItWas) {  // RFC 3963 §6.2
  Exchange x;
  x.receives(update(1, {kNetwork})).unique();
  x.receives(update(2, {kNetwork, "2001:db8:9::/64"_ip6net})).acknowledges(kNotAuthorizedForPrefix, true);
  EXPECT_FALSE(x.out().registered);
  EXPECT_EQ(x.entry()->networks, Prefixes{kNetwork});
}

TEST(MobileRouterAtHomeAgent, RefusesMobileRoutersWhereTheyAreNotSupported) {  // RFC 3963 §6.6
  Exchange x(HomeAgentRegistrationConfig{});
  x.receives(update(1)).acknowledges(kMobileRouterOperationNotPermitted, false);
}

TEST(MobileRouterAtHomeAgent, WantsTheHBit) {  // RFC 3963 §6.2
  Exchange x;
  auto r = update(1);
  r.update.home_registration = false;
  x.receives(r).acknowledges(kMobileRouterOperationNotPermitted, false);
  EXPECT_EQ(x.entry(), nullptr);
}

TEST(MobileRouterAtHomeAgent, DoesNotLetTheKindOfRegistrationChange) {  // RFC 3963 §6.2
  Exchange x;
  x.receives(update(1)).unique();
  auto host = update(2);
  host.update.mobile_router = false;
  x.receives(host).acknowledges(kRegistrationTypeChangeDisallowed, false);
  EXPECT_TRUE(x.entry()->mobile_router);
  Exchange y;
  y.receives(host).unique().acknowledges(kBindingAccepted, false);
  EXPECT_TRUE(y.entry()->networks.empty()) << "a mobile host's";
  y.receives(update(3)).acknowledges(kRegistrationTypeChangeDisallowed, true);
}

TEST(MobileRouterAtHomeAgent, DeregistersWhateverTheRBitAndTheOptionsSay) {  // RFC 3963 §6.2, §6.7
  for (const bool mobile_router : {true, false}) {
    Exchange x;
    x.receives(update(1)).unique();
    auto r = update(2, {"2001:db8:9::/64"_ip6net});
    r.update.mobile_router = mobile_router;
    r.update.lifetime = Duration();
    x.receives(r).acknowledges(kBindingAccepted, mobile_router);
    EXPECT_TRUE(x.out().stop_proxy);
    EXPECT_EQ(x.entry(), nullptr);
  }
}

TEST(MobileRouterAtHomeAgent, TakesTheHomeAddressAsCareOfAddressForADeregistration) {  // RFC 3963 §6.2
  Exchange x;
  x.receives(update(1)).unique();
  auto r = update(2);
  r.update.alternate_care_of_address = kHome;
  x.receives(r).acknowledges(kBindingAccepted, true);
  EXPECT_EQ(x.entry(), nullptr);
}

TEST(MobileRouterAtHomeAgent, ServesAHomeAddressInTheMobileNetwork) {  // RFC 3963 §6.2, for status 132
  Exchange x;
  x.receives(update(1, {}, kHomeInNetwork)).acknowledges(kBindingAccepted, true).forwards({"2001:db8:c::/64"_ip6net});
  EXPECT_FALSE(x.out().registered->on_home_link);
  EXPECT_FALSE(x.out().start_dad) << "nobody on the home link can have it";
  EXPECT_FALSE(x.out().start_proxy);
  x.receives(update(2, {}, "2001:db8:d::1"_ip6)).acknowledges(kNotHomeSubnet, true);
  x.machine().on_prefix_list(Time(), {});
  x.receives(update(3, {}, kHomeInNetwork)).acknowledges(kBindingAccepted, true);
}

TEST(MobileRouterAtHomeAgent, DoesNotGiveAPrefixTwice) {  // RFC 3963 §6.1.2
  HomeAgentRegistrationConfig c;
  c.mobile_networks.emplace(PrefixTable::Entries{}, PrefixTable::ExplicitMode::Trust);
  Exchange x(c);
  x.receives(update(1, {kNetwork})).unique().acknowledges(kBindingAccepted, true);
  x.receives(update(1, {kNetwork}, "2001:db8:1::200"_ip6)).acknowledges(kNotAuthorizedForPrefix, true);
  x.receives(update(2, {kNetwork})).acknowledges(kBindingAccepted, true);
}

}  // namespace
}  // namespace kamesim
