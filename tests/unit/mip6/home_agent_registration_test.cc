#include "protocols/mip6/home_agent_registration.h"

#include <gtest/gtest.h>

#include "protocols/mip6/binding_status.h"
#include "tests/unit/mip6/test_values.h"

namespace kamesim {
namespace {

using DadResult = HomeAgentRegistration::DadResult;
using Output = HomeAgentRegistration::Output;

constexpr Duration kAsked = 420_s;

ReceivedBindingUpdate update(std::uint16_t sequence, const Ipv6Address& care_of = kCareOf) {
  ReceivedBindingUpdate r;
  r.source = care_of;
  r.destination = kHomeAgent;
  r.home_address_option = kHome;
  r.update.sequence = SeqNum16(sequence);
  r.update.acknowledge = true;
  r.update.home_registration = true;
  r.update.lifetime = kAsked;
  r.update.alternate_care_of_address = care_of;
  return r;
}

ReceivedBindingUpdate deregistration(std::uint16_t sequence) {  // sent at home, RFC 6275 §11.5.5
  ReceivedBindingUpdate r = update(sequence, kHome);
  r.home_address_option.reset();
  r.update.lifetime = Duration();
  return r;
}

ReceivedBindingUpdate with_home(ReceivedBindingUpdate r, const Ipv6Address& home) {
  r.home_address_option = home;
  return r;
}

// A home agent of 2001:db8:1::/64 and what it answers, step by step.
class Exchange {
 public:
  explicit Exchange(const HomeAgentRegistrationConfig& config = {}, const BindingCache::Limits& limits = {})
      : cache_(limits), machine_(config, cache_) {
    machine_.on_prefix_list(now_, {HomePrefix{"2001:db8:1::/64"_ip6net}});
  }
  Exchange& at(Duration t) {
    now_ = kamesim::at(t);
    return *this;
  }
  Exchange& receives(const ReceivedBindingUpdate& r) {
    out_ = machine_.on_binding_update(now_, r);
    return *this;
  }
  Exchange& dad(DadResult result) {
    out_ = machine_.on_dad_result(now_, kHome, result);
    return *this;
  }
  Exchange& times_out() {
    out_ = machine_.on_timeout(now_);
    return *this;
  }
  Exchange& registered() {  // by update 1
    return receives(update(1)).dad(DadResult::Unique).acknowledges(kBindingAccepted, 1, kAsked);
  }
  Exchange& acknowledges(std::uint8_t status, std::uint16_t sequence, Duration lifetime = {}) {
    EXPECT_TRUE(out_.ack);
    if (!out_.ack) return *this;
    EXPECT_EQ(int{out_.ack->ack.status}, int{status});
    EXPECT_EQ(out_.ack->ack.sequence, SeqNum16(sequence));
    EXPECT_EQ(out_.ack->ack.lifetime, lifetime);
    return *this;
  }
  Exchange& is_silent() {
    EXPECT_FALSE(out_.ack);
    return *this;
  }
  Exchange& drops(const DropInfo& reason) {
    EXPECT_EQ(out_.dropped, &reason);
    return is_silent();
  }
  const Output& out() const { return out_; }
  HomeAgentRegistration& machine() { return machine_; }
  BindingCache& cache() { return cache_; }

 private:
  BindingCache cache_;
  HomeAgentRegistration machine_;
  Time now_;
  Output out_;
};

TEST(HomeAgentRegistration, TestsTheHomeAddressBeforeItAcknowledges) {  // RFC 6275 §10.3.1
  Exchange x;
  x.at(0_s).receives(update(1)).is_silent();
  ASSERT_TRUE(x.out().start_dad);
  EXPECT_EQ(x.out().start_dad->home_address, kHome);
  EXPECT_FALSE(x.out().registered);
  x.at(1_s).dad(DadResult::Unique).acknowledges(kBindingAccepted, 1, kAsked);
  EXPECT_EQ(x.out().registered->care_of, kCareOf);
  EXPECT_EQ(x.out().registered->expires, at(421_s));
  EXPECT_EQ(x.out().start_proxy->home_address, kHome);
}

TEST(HomeAgentRegistration, DefendsTheLinkLocalAddressWithTheLBitOnly) {  // RFC 6275 §10.3.1
  Exchange x;
  x.receives(update(1));
  EXPECT_FALSE(x.out().start_dad->link_local);
  Exchange y;
  auto r = update(1);
  r.update.link_local_address_compatibility = true;
  y.receives(r);
  EXPECT_EQ(y.out().start_dad->link_local, "fe80::100"_ip6);
  y.dad(DadResult::Unique);
  EXPECT_EQ(y.out().start_proxy->link_local, "fe80::100"_ip6);
}

TEST(HomeAgentRegistration, RejectsADuplicateHomeAddress) {  // RFC 6275 §10.3.1
  Exchange x;
  x.receives(update(1)).dad(DadResult::Duplicate).acknowledges(kDuplicateAddressDetectionFailed, 1);
  EXPECT_EQ(x.cache().size(), 0u);
}

TEST(HomeAgentRegistration, AnswersTheLatestRetransmissionAfterDad) {  // RFC 6275 §10.3.1, §9.5.1
  Exchange x;
  x.at(0_ms).receives(update(1));
  x.at(500_ms).receives(update(2, kNewCareOf)).is_silent();
  EXPECT_FALSE(x.out().start_dad) << "one test is enough";
  x.at(600_ms).receives(update(1)).acknowledges(kSequenceNumberOutOfWindow, 2);
  x.at(1_s).dad(DadResult::Unique).acknowledges(kBindingAccepted, 2, kAsked);
  EXPECT_EQ(x.out().registered->care_of, kNewCareOf);
}

TEST(HomeAgentRegistration, MovesAnExistingBindingAtOnce) {  // RFC 6275 §10.3.1
  Exchange x;
  x.at(0_s).registered();
  x.at(10_s).receives(update(2, kNewCareOf)).acknowledges(kBindingAccepted, 2, kAsked);
  EXPECT_EQ(x.out().registered->care_of, kNewCareOf);
  EXPECT_FALSE(x.out().start_dad);
  EXPECT_FALSE(x.out().start_proxy) << "it is defended already";
}

TEST(HomeAgentRegistration, AnswersWithTheStatusOfEachRule) {  // RFC 6275 §9.5.1, §10.3.1, §10.3.2
  HomeAgentRegistrationConfig config;
  config.prohibited = {"2001:db8:1::bad/128"_ip6net};
  Exchange x(config);
  x.registered();
  BindingCacheEntry as_correspondent;
  as_correspondent.home_address = "2001:db8:1::cc"_ip6;
  as_correspondent.expires = as_correspondent.deadline = at(500_s);
  x.cache().put(as_correspondent);

  const struct {
    const char* rule;
    ReceivedBindingUpdate received;
    std::uint8_t status;
    std::uint16_t sequence;
  } cases[] = {
      {"not newer than the last", update(1), kSequenceNumberOutOfWindow, 1},
      {"older than the last", update(65535), kSequenceNumberOutOfWindow, 1},
      {"a binding of the other type", with_home(update(9), as_correspondent.home_address),
       kRegistrationTypeChangeDisallowed, 9},
      {"another subnet", with_home(update(9), "2001:db8:77::1"_ip6), kNotHomeSubnet, 9},
      {"prohibited", with_home(update(9), "2001:db8:1::bad"_ip6), kAdministrativelyProhibited, 9},
      {"a home address as care-of address", with_home(update(9, kHome), "2001:db8:1::101"_ip6),
       kInvalidCareOfAddress, 9},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.rule);
    x.receives(c.received).acknowledges(c.status, c.sequence);
    EXPECT_FALSE(x.out().registered);
  }
  SCOPED_TRACE("de-registration of an unknown home address");
  auto unknown = deregistration(9);
  unknown.source = "2001:db8:1::102"_ip6;
  x.receives(unknown).acknowledges(kNotHomeAgentForThisMobileNode, 9);
}

TEST(HomeAgentRegistration, ServesCareOfAddressesOfSomePrefixesOnly) {  // RFC 5380 §6.2
  HomeAgentRegistrationConfig config;
  config.care_of_prefixes = {Ipv6Prefix(kNewCareOf, 64)};
  Exchange x(config);
  x.receives(update(1)).acknowledges(kAdministrativelyProhibited, 1);
  EXPECT_FALSE(x.out().start_dad);
}

TEST(HomeAgentRegistration, TakesARegistrationWithAMapWithoutTheHBit) {  // RFC 5380 §4
  Exchange x;
  ReceivedBindingUpdate local = update(1);
  local.update.home_registration = false;
  local.update.map_registration = true;
  EXPECT_TRUE(x.receives(local).out().start_dad);
}

TEST(HomeAgentRegistration, ComparesSequenceNumbersModulo65536) {  // RFC 6275 §9.5.1, its own example
  const struct {
    std::uint16_t received;
    bool accepted;
  } cases[] = {{0, false}, {15, false}, {16, true}, {32782, true}, {32783, false}, {65535, false}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.received);
    Exchange x;
    x.receives(update(15)).dad(DadResult::Unique).receives(update(c.received));
    x.acknowledges(c.accepted ? kBindingAccepted : kSequenceNumberOutOfWindow, c.accepted ? c.received : 15,
                   c.accepted ? kAsked : Duration());
  }
}

TEST(HomeAgentRegistration, DiscardsWhatFailsTheTestsOfAddressesAndOptions) {  // RFC 6275 §9.5.1, §6.1.7
  Exchange x;
  x.receives(with_home(update(1), "fe80::1"_ip6)).drops(kBuHomeAddressNotRoutable);
  x.receives(with_home(update(1), "ff0e::1"_ip6)).drops(kBuHomeAddressNotRoutable);
  x.receives(update(1, "fe80::2"_ip6)).drops(kBuCareOfNotRoutable);
  x.receives(update(1, "::"_ip6)).drops(kBuSourceNotUnicast);
  auto with_nonces = update(1);
  with_nonces.update.nonce_indices = NonceIndices{1, 2};
  x.receives(with_nonces).drops(kBuHomeNonceIndicesPresent);
  auto no_option = update(1, "2001:db8:1::55"_ip6);
  no_option.home_address_option.reset();
  no_option.update.alternate_care_of_address = kCareOf;
  x.receives(no_option).drops(kBuHomeAddressOptionMissing);
}

TEST(HomeAgentRegistration, GrantsNoMoreThanAskedForPolicyAndPrefixAllow) {  // RFC 6275 §10.3.1
  HomeAgentRegistrationConfig config;
  config.max_lifetime = 200_s;
  Exchange policy(config);
  policy.receives(update(1)).dad(DadResult::Unique).acknowledges(kBindingAccepted, 1, 200_s);

  Exchange prefix;
  prefix.machine().on_prefix_list(at(0_s), {{"2001:db8:1::/64"_ip6net, at(103_s), at(103_s)}});
  prefix.receives(update(1)).dad(DadResult::Unique);
  prefix.acknowledges(kAcceptedPrefixDiscoveryNecessary, 1, 100_s);  // in units of four seconds
}

TEST(HomeAgentRegistration, AsksForPrefixDiscoveryWhenThePrefixWillChange) {  // RFC 6275 §10.3.1
  const struct {
    const char* rule;
    Duration preferred, valid;
    std::uint8_t status;
  } cases[] = {
      {"deprecated", 0_s, 9000_s, kAcceptedPrefixDiscoveryNecessary},
      {"becomes deprecated during the lifetime", 419_s, 9000_s, kAcceptedPrefixDiscoveryNecessary},
      {"the two least significant bits are ignored", 420_s, 424_s, kBindingAccepted},
      {"becomes invalid at the end", 9000_s, 423_s, kAcceptedPrefixDiscoveryNecessary},
      {"neither", 9000_s, 9000_s, kBindingAccepted},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.rule);
    Exchange x;
    x.machine().on_prefix_list(at(0_s), {{"2001:db8:1::/64"_ip6net, at(c.valid), at(c.preferred)}});
    x.receives(update(1)).dad(DadResult::Unique).acknowledges(c.status, 1, kAsked);
  }
}

TEST(HomeAgentRegistration, RemovesABindingWithItsPrefix) {  // RFC 6275 §10.3.1
  Exchange x;
  x.at(0_s).registered();
  x.machine().on_prefix_list(at(5_s), {{"2001:db8:1::/64"_ip6net, at(50_s), at(50_s)}});
  EXPECT_EQ(x.machine().next_timeout(), at(50_s));
  x.machine().on_prefix_list(at(10_s), {});
  EXPECT_EQ(x.machine().next_timeout(), at(10_s));
  x.at(10_s).times_out();
  EXPECT_EQ(x.out().stop_proxy->home_address, kHome);
  EXPECT_EQ(x.cache().size(), 0u);
}

TEST(HomeAgentRegistration, ForgetsABindingWhenItsLifetimeEnds) {  // RFC 6275 §10.3.1
  Exchange x;
  x.at(0_s).registered();
  x.at(419_s).times_out();
  EXPECT_FALSE(x.out().stop_proxy);
  x.at(420_s).times_out();
  EXPECT_EQ(x.out().stop_proxy->home_address, kHome);
  EXPECT_FALSE(x.machine().next_timeout());
}

TEST(HomeAgentRegistration, AcknowledgesADeregistrationAtTheHomeAddress) {  // RFC 6275 §10.3.2, §9.5.4
  Exchange x;
  x.at(0_s).registered();
  x.at(5_s).receives(deregistration(2)).acknowledges(kBindingAccepted, 2, 0_s);
  EXPECT_EQ(x.out().ack->destination, kHome);
  EXPECT_FALSE(x.out().ack->routing_header) << "the update had no Home Address option";
  EXPECT_FALSE(x.out().ack->ack.refresh_interval);
  EXPECT_EQ(x.out().stop_proxy->home_address, kHome);
}

TEST(HomeAgentRegistration, RemembersADeregistrationForTenSeconds) {  // RFC 6275 §10.3.2, MAX_DELETE_BCE_TIMEOUT
  Exchange x;
  x.at(0_s).registered();
  x.at(5_s).receives(deregistration(3));
  x.at(6_s).receives(update(2)).acknowledges(kSequenceNumberOutOfWindow, 3);  // it was delayed on its way
  x.at(7_s).receives(deregistration(4)).acknowledges(kBindingAccepted, 4);    // our answer was lost
  EXPECT_FALSE(x.out().stop_proxy) << "already done";
  EXPECT_EQ(x.machine().next_timeout(), at(17_s));
  x.at(17_s).times_out();
  EXPECT_FALSE(x.out().stop_proxy);
  EXPECT_EQ(x.cache().size(), 0u);
}

TEST(HomeAgentRegistration, TestsAgainAfterADeregistration) {  // RFC 6275 §10.3.1: no binding any more
  Exchange x;
  x.at(0_s).registered();
  x.at(5_s).receives(deregistration(2));
  x.at(6_s).receives(update(3)).is_silent();
  EXPECT_TRUE(x.out().start_dad);
  x.at(7_s).dad(DadResult::Unique).acknowledges(kBindingAccepted, 3, kAsked);
  EXPECT_TRUE(x.out().start_proxy);
}

TEST(HomeAgentRegistration, DeregistrationEndsAPendingTest) {  // RFC 6275 §10.3.2: there is no binding yet
  Exchange x;
  x.receives(update(1)).receives(deregistration(2)).acknowledges(kNotHomeAgentForThisMobileNode, 2);
  x.dad(DadResult::Unique).is_silent();
  EXPECT_EQ(x.cache().size(), 0u);
}

TEST(HomeAgentRegistration, AnswersByTheCareOfAddressWithARoutingHeader) {  // RFC 6275 §9.5.4
  Exchange x;
  auto r = update(1);
  r.source = kNewCareOf;  // the binding is for the alternate care-of address, the answer goes to the source
  x.receives(r).dad(DadResult::Unique);
  EXPECT_EQ(x.out().registered->care_of, kCareOf);
  EXPECT_EQ(x.out().ack->source, kHomeAgent);
  EXPECT_EQ(x.out().ack->destination, kNewCareOf);
  EXPECT_EQ(x.out().ack->routing_header, kHome);
  EXPECT_FALSE(x.out().ack->kbm);
}

TEST(HomeAgentRegistration, SetsTheKBitOnlyIfBothSidesCan) {  // RFC 6275 §10.3.1
  for (const bool asked : {false, true}) {
    for (const bool able : {false, true}) {
      HomeAgentRegistrationConfig config;
      config.key_management_mobility = able;
      Exchange x(config);
      auto r = update(1);
      r.update.key_management_mobility = asked;
      x.receives(r).dad(DadResult::Unique);
      EXPECT_EQ(x.out().ack->ack.key_management_mobility, asked && able);
    }
  }
}

TEST(HomeAgentRegistration, AdvisesARefreshSoonerThanTheLifetime) {  // RFC 6275 §10.3.1, §6.2.4
  HomeAgentRegistrationConfig config;
  config.refresh_advice = 200_s;
  Exchange x(config);
  x.receives(update(1)).dad(DadResult::Unique);
  EXPECT_EQ(x.out().ack->ack.refresh_interval, 200_s);
  auto shorter = update(2);
  shorter.update.lifetime = 200_s;
  x.receives(shorter).acknowledges(kBindingAccepted, 2, 200_s);
  EXPECT_FALSE(x.out().ack->ack.refresh_interval);
}

TEST(HomeAgentRegistration, RefusesNewcomersWhenFull) {  // RFC 6275 §10.3.1
  Exchange x({}, {.home_registrations = 2, .correspondents = 2});
  x.registered();
  x.receives(with_home(update(1), "2001:db8:1::101"_ip6)).is_silent();  // pending: it will take the last place
  x.receives(with_home(update(1), "2001:db8:1::102"_ip6)).acknowledges(kInsufficientResources, 1);
  x.receives(update(2)).acknowledges(kBindingAccepted, 2, kAsked);  // one it serves is no newcomer
}

}  // namespace
}  // namespace kamesim
