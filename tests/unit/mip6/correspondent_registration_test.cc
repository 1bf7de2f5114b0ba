#include "protocols/mip6/correspondent_registration.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "protocols/mip6/binding_status.h"
#include "protocols/wire/byte_writer.h"
#include "tests/unit/mip6/test_values.h"

namespace kamesim {
namespace {

using Output = CorrespondentRegistration::Output;

constexpr InitCookie kCookie = {1, 2, 3, 4, 5, 6, 7, 8};

struct Tokens {
  HomeTest home;
  CareOfTest care_of;
};

// A Binding Update that was authorized with these tokens, before its authenticator.
struct Update {
  std::uint16_t sequence = 1;
  Duration lifetime = 420_s;
  bool acknowledge = true;
  Ipv6Address home = kHome;
  Ipv6Address care_of = kCareOf;
};

// A correspondent node, and a mobile node that talks to it by the book.
class Exchange {
 public:
  explicit Exchange(const CorrespondentRegistrationConfig& config = {}, const BindingCache::Limits& limits = {})
      : cache_(limits), machine_(config, cache_, CountingBytes()) {}
  Exchange& at(Duration t) {
    now_ = kamesim::at(t);
    return *this;
  }
  // Return routability (RFC 6275 §5.2.5).
  Tokens test(const Ipv6Address& home = kHome, const Ipv6Address& care_of = kCareOf) {
    return {*machine_.on_home_test_init(now_, {home}, {kCookie}).home_test,
            *machine_.on_care_of_test_init(now_, {care_of}, {kCookie}).care_of_test};
  }
  Exchange& receives(const Tokens& tokens, const Update& u) {
    kbm_ = u.lifetime == Duration()
               ? binding_management_key_for_deletion(tokens.home.home_keygen_token)
               : binding_management_key(tokens.home.home_keygen_token, tokens.care_of.care_of_keygen_token);
    ReceivedBindingUpdate r;
    r.source = u.care_of;
    r.destination = kCorrespondent;
    if (u.care_of != u.home) r.home_address_option = u.home;
    r.update.sequence = SeqNum16(u.sequence);
    r.update.acknowledge = u.acknowledge;
    r.update.lifetime = u.lifetime;
    r.update.nonce_indices = NonceIndices{tokens.home.home_nonce_index, tokens.care_of.care_of_nonce_index};
    r.update.authenticator = Authenticator{};
    return receives(r, u.lifetime == Duration() ? u.home : u.care_of);
  }
  Exchange& receives(ReceivedBindingUpdate r, const Ipv6Address& authenticated) {
    std::vector<std::uint8_t> message = to_bytes(r.update);
    if (r.update.authenticator) {
      const Authenticator value = compute_authenticator(kbm_, authenticated, kCorrespondent, message);
      std::copy(value.begin(), value.end(), message.end() - 12);
    }
    r.mobility_header = message;
    return receives_as_it_is(r);
  }
  Exchange& receives_as_it_is(const ReceivedBindingUpdate& r) {
    out_ = machine_.on_binding_update(now_, r);
    return *this;
  }
  Exchange& times_out() {
    out_ = machine_.on_timeout(now_);
    return *this;
  }
  Exchange& used_at(std::optional<Time> when) {
    out_ = machine_.on_last_used(now_, kHome, when);
    return *this;
  }
  Exchange& binds(const Ipv6Address& care_of, Duration expires) {
    EXPECT_TRUE(out_.bound);
    if (!out_.bound) return *this;
    EXPECT_EQ(out_.bound->care_of, care_of);
    EXPECT_EQ(out_.bound->expires, kamesim::at(expires));
    EXPECT_EQ(cache_.lookup(now_, out_.bound->home_address)->care_of, care_of);
    return *this;
  }
  Exchange& acknowledges(std::uint8_t status, std::uint16_t sequence, Duration lifetime = {}) {
    EXPECT_TRUE(out_.ack);
    if (!out_.ack) return *this;
    EXPECT_EQ(int{out_.ack->ack.status}, int{status});
    EXPECT_EQ(out_.ack->ack.sequence, SeqNum16(sequence));
    EXPECT_EQ(out_.ack->ack.lifetime, lifetime);
    // RFC 6275 §9.5.4: all but these have an authenticator.
    const bool expired = status >= kExpiredHomeNonceIndex && status <= kExpiredNonces;
    EXPECT_EQ(out_.ack->ack.authenticator.has_value(), !expired);
    EXPECT_EQ(out_.ack->kbm, expired ? std::nullopt : std::optional(kbm_));
    return *this;
  }
  Exchange& is_silent() {
    EXPECT_FALSE(out_.ack);
    return *this;
  }
  Exchange& drops(const DropInfo& reason) {
    EXPECT_EQ(out_.dropped, &reason);
    EXPECT_FALSE(out_.bound);
    return is_silent();
  }
  const Output& out() const { return out_; }
  Time now() const { return now_; }
  CorrespondentRegistration& machine() { return machine_; }
  BindingCache& cache() { return cache_; }

 private:
  BindingCache cache_;
  CorrespondentRegistration machine_;
  Time now_;
  BindingManagementKey kbm_{};
  Output out_;
};

TEST(CorrespondentRegistration, AnswersTestInitsWithTheirCookies) {  // RFC 6275 §9.4.3, §9.4.4
  Exchange x;
  const Tokens t = x.test();
  EXPECT_EQ(t.home.home_init_cookie, kCookie);
  EXPECT_EQ(t.care_of.care_of_init_cookie, kCookie);
  EXPECT_EQ(t.home.home_nonce_index, t.care_of.care_of_nonce_index);
  EXPECT_EQ(x.test().home, t.home) << "no state: the same question has the same answer";
  EXPECT_EQ(x.cache().size(), 0u);
}

TEST(CorrespondentRegistration, IgnoresTestInitsWithAHomeAddressOption) {  // RFC 6275 §9.4.1, §9.4.2
  Exchange x;
  const ReceivedTestInit with_option{kCareOf, ReceivedTestInit::HomeAddressOption::Present};
  EXPECT_EQ(x.machine().on_home_test_init(x.now(), with_option, {kCookie}).dropped, &kTestInitWithHomeAddress);
  EXPECT_EQ(x.machine().on_care_of_test_init(x.now(), with_option, {kCookie}).dropped, &kTestInitWithHomeAddress);
  EXPECT_EQ(x.machine().on_home_test_init(x.now(), {"fe80::1"_ip6}, {kCookie}).dropped, &kTestInitNotRoutable);
}

TEST(CorrespondentRegistration, CachesAnAuthorizedBinding) {  // RFC 6275 §9.5.2
  Exchange x;
  const Tokens t = x.at(0_s).test();
  x.at(1_s).receives(t, {.sequence = 7}).binds(kCareOf, 421_s).acknowledges(kBindingAccepted, 7, 420_s);
  EXPECT_EQ(x.out().ack->destination, kCareOf);
  EXPECT_EQ(x.out().ack->routing_header, kHome);
  EXPECT_EQ(x.out().ack->authenticated_address, kCareOf);
}

TEST(CorrespondentRegistration, AcknowledgesAcceptanceOnlyIfAsked) {  // RFC 6275 §9.5.4
  Exchange x;
  x.receives(x.test(), {.acknowledge = false}).binds(kCareOf, 420_s).is_silent();
}

TEST(CorrespondentRegistration, GrantsNoMoreThanMaxRrBindingLifetime) {  // RFC 6275 §5.2.6
  Exchange x;
  x.receives(x.test(), {.lifetime = 4000_s}).binds(kCareOf, 420_s).acknowledges(kBindingAccepted, 1, 420_s);
  CorrespondentRegistrationConfig config;
  config.max_lifetime = 102_s;
  Exchange less(config);
  less.receives(less.test(), {}).binds(kCareOf, 100_s).acknowledges(kBindingAccepted, 1, 100_s);
}

TEST(CorrespondentRegistration, TakesTheAlternateCareOfAddressAsTested) {  // RFC 6275 §9.5.1, §5.2.6
  Exchange x;
  const Tokens t = x.test(kHome, kNewCareOf);
  x.receives(t, {.sequence = 1, .care_of = kNewCareOf});  // computes Kbm
  ReceivedBindingUpdate r;
  r.source = kCareOf;
  r.destination = kCorrespondent;
  r.home_address_option = kHome;
  r.update.sequence = SeqNum16(2);
  r.update.lifetime = 420_s;
  r.update.alternate_care_of_address = kNewCareOf;
  r.update.nonce_indices = NonceIndices{t.home.home_nonce_index, t.care_of.care_of_nonce_index};
  r.update.authenticator = Authenticator{};
  x.receives(r, kNewCareOf).binds(kNewCareOf, 420_s);
  r.update.sequence = SeqNum16(3);
  x.receives(r, kCareOf).drops(kBuBadAuthenticator);
}

TEST(CorrespondentRegistration, TellsWhichNonceHasExpired) {  // RFC 6275 §9.5.1
  const struct {
    Duration home_tested, care_of_tested;
    std::uint8_t status;
  } cases[] = {
      {0_s, 200_s, kExpiredHomeNonceIndex},
      {200_s, 0_s, kExpiredCareOfNonceIndex},
      {0_s, 0_s, kExpiredNonces},
      {200_s, 200_s, kBindingAccepted},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(int{c.status});
    Exchange x;
    const Tokens old = x.at(0_s).test();
    const Tokens recent = x.at(200_s).test();
    const Tokens mixed{c.home_tested == 0_s ? old.home : recent.home,
                       c.care_of_tested == 0_s ? old.care_of : recent.care_of};
    x.at(240_s).receives(mixed, {.acknowledge = false});
    if (c.status == kBindingAccepted) {
      x.binds(kCareOf, 660_s);
    } else {
      x.acknowledges(c.status, 1);  // also without the A bit (§9.5.4)
    }
  }
}

TEST(CorrespondentRegistration, DiscardsWhatIsNotAuthorized) {  // RFC 6275 §9.5.1
  Exchange x;
  Tokens wrong = x.test();
  wrong.home.home_keygen_token[0] ^= 1;
  x.receives(wrong, {}).drops(kBuBadAuthenticator);
  x.receives(x.test("2001:db8:1::101"_ip6), {}).drops(kBuBadAuthenticator);  // tokens of another home address
  x.receives(x.test(kHome, kNewCareOf), {}).drops(kBuBadAuthenticator);      // of another care-of address

  ReceivedBindingUpdate r;
  r.source = kCareOf;
  r.destination = kCorrespondent;
  r.home_address_option = kHome;
  r.update.lifetime = 420_s;
  x.receives(r, kCareOf).drops(kBuNonceIndicesMissing);
  r.update.nonce_indices = NonceIndices{};
  x.receives(r, kCareOf).drops(kBuAuthenticatorMissing);
  r.home_address_option = "ff0e::1"_ip6;
  x.receives(r, kCareOf).drops(kBuHomeAddressNotRoutable);
  r.home_address_option = kHome;
  r.source = "fe80::5"_ip6;
  x.receives(r, kCareOf).drops(kBuCareOfNotRoutable);
}

TEST(CorrespondentRegistration, TellsTheLastSequenceNumberAccepted) {  // RFC 6275 §9.5.1
  Exchange x;
  const Tokens t = x.test();
  x.receives(t, {.sequence = 15});
  const struct {
    std::uint16_t received;
    bool newer;
  } cases[] = {{0, false}, {15, false}, {65535, false}, {32783, false}, {16, true}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.received);
    x.receives(t, {.sequence = c.received, .acknowledge = false});
    if (c.newer) {
      x.binds(kCareOf, 420_s);
    } else {
      x.acknowledges(kSequenceNumberOutOfWindow, 15);
    }
  }
}

TEST(CorrespondentRegistration, ChangesNoHomeRegistration) {  // RFC 6275 §9.5.1
  Exchange x;
  BindingCacheEntry home_registration;
  home_registration.home_address = kHome;
  home_registration.type = RegistrationType::Home;
  home_registration.expires = home_registration.deadline = at(500_s);
  x.cache().put(home_registration);
  x.receives(x.test(), {}).acknowledges(kRegistrationTypeChangeDisallowed, 1);
  EXPECT_EQ(x.cache().find(kHome)->type, RegistrationType::Home);
}

TEST(CorrespondentRegistration, SupportsNoHomeRegistration) {  // RFC 6275 §10.3.1
  Exchange x;
  ReceivedBindingUpdate r;
  r.source = kCareOf;
  r.destination = kCorrespondent;
  r.home_address_option = kHome;
  r.update.sequence = SeqNum16(3);
  r.update.home_registration = true;
  r.update.lifetime = 420_s;
  x.receives_as_it_is(r);
  ASSERT_TRUE(x.out().ack);
  EXPECT_EQ(int{x.out().ack->ack.status}, int{kHomeRegistrationNotSupported});
  EXPECT_FALSE(x.out().ack->kbm) << "there is no key";
}

TEST(CorrespondentRegistration, RefusesAsConfiguredAndWithoutLoops) {  // RFC 6275 §6.1.8
  CorrespondentRegistrationConfig config;
  config.prohibited = {"2001:db8:66::/48"_ip6net};
  Exchange x(config);
  const Ipv6Address barred = "2001:db8:66::1"_ip6;
  x.receives(x.test(barred), {.home = barred}).acknowledges(kAdministrativelyProhibited, 1);
  x.receives(x.test(kHome, kHome), {.care_of = kHome}).acknowledges(kInvalidCareOfAddress, 1);
  x.receives(x.test(), {}).binds(kCareOf, 420_s);
  const Ipv6Address other = "2001:db8:1::101"_ip6;
  x.receives(x.test(other, kHome), {.home = other, .care_of = kHome}).acknowledges(kInvalidCareOfAddress, 1);
}

TEST(CorrespondentRegistration, DeletesWithTheHomeTokenAlone) {  // RFC 6275 §9.5.3, §5.2.5
  Exchange x;
  Tokens t = x.test();
  x.receives(t, {.sequence = 1});
  t.care_of = {};  // the care-of nonce index is not inspected
  x.receives(t, {.sequence = 2, .lifetime = 0_s, .care_of = kHome}).acknowledges(kBindingAccepted, 2, 0_s);
  EXPECT_EQ(x.out().unbound, kHome);
  EXPECT_EQ(x.out().ack->destination, kHome);
  EXPECT_FALSE(x.out().ack->routing_header);
  EXPECT_EQ(x.out().ack->authenticated_address, kHome);  // §6.2.7
  EXPECT_EQ(x.cache().size(), 0u);
  EXPECT_FALSE(x.machine().next_timeout());
}

TEST(CorrespondentRegistration, DeletesWhenAskedFromTheCareOfAddress) {  // RFC 6275 §11.7.2
  Exchange x;
  const Tokens t = x.test();
  x.receives(t, {.sequence = 1});
  x.receives(t, {.sequence = 2, .lifetime = 0_s}).acknowledges(kBindingAccepted, 2, 0_s);
  EXPECT_EQ(x.out().unbound, kHome);
  EXPECT_EQ(x.out().ack->routing_header, kHome);
}

TEST(CorrespondentRegistration, CreatesNothingWhenAskedToDelete) {  // RFC 6275 §9.5.3
  Exchange x;
  x.receives(x.test(), {.lifetime = 0_s, .care_of = kHome}).acknowledges(kBindingAccepted, 1, 0_s);
  EXPECT_FALSE(x.out().bound);
  EXPECT_FALSE(x.out().unbound);
  EXPECT_EQ(x.cache().size(), 0u);
}

TEST(CorrespondentRegistration, RemembersADeletedBindingAgainstReplays) {  // RFC 6275 §5.2.8, §9.5.3
  Exchange x;
  const Tokens t = x.at(0_s).test();
  x.at(1_s).receives(t, {.sequence = 1});
  x.at(2_s).receives(t, {.sequence = 2, .lifetime = 0_s, .care_of = kHome});
  x.at(3_s).receives(t, {.sequence = 1}).acknowledges(kSequenceNumberOutOfWindow, 2);
  x.at(4_s).receives(t, {.sequence = 3}).acknowledges(kExpiredNonces, 3);  // the same nonces and addresses
  const Tokens fresh = x.at(5_s).test();
  EXPECT_NE(fresh.care_of.care_of_nonce_index, t.care_of.care_of_nonce_index);
  x.at(6_s).receives(fresh, {.sequence = 4}).binds(kCareOf, 426_s);
}

TEST(CorrespondentRegistration, RemembersAnExpiredBindingWhileItsNoncesLast) {  // RFC 6275 §5.2.8
  Exchange x;
  const Tokens t = x.at(0_s).test();
  x.at(1_s).receives(t, {.sequence = 5, .lifetime = 20_s});
  x.at(21_s).times_out();
  EXPECT_EQ(x.out().unbound, kHome);
  x.at(22_s).receives(t, {.sequence = 5}).acknowledges(kSequenceNumberOutOfWindow, 5);
  const Tokens fresh = x.at(240_s).test();
  x.at(240_s).receives(fresh, {.sequence = 5}).binds(kCareOf, 660_s);  // any number will do (§9.5.1)
}

TEST(CorrespondentRegistration, InvalidatesNoncesWhenItCannotRememberMore) {  // RFC 6275 §5.2.8, the last measure
  CorrespondentRegistrationConfig config;
  config.max_retired = 1;
  Exchange x(config);
  const Ipv6Address other = "2001:db8:1::101"_ip6;
  const Tokens t = x.test(), u = x.test(other);
  x.receives(t, {.sequence = 1}).receives(u, {.sequence = 1, .home = other});
  x.receives(t, {.sequence = 2, .lifetime = 0_s, .care_of = kHome}).acknowledges(kBindingAccepted, 2);
  x.receives(u, {.sequence = 2, .lifetime = 0_s, .home = other, .care_of = other});
  x.receives(t, {.sequence = 9}).acknowledges(kExpiredNonces, 9);
}

TEST(CorrespondentRegistration, ReplacesTheLeastRecentlyUsedWhenFull) {  // RFC 6275 §9.6
  Exchange x({}, {.home_registrations = 1, .correspondents = 2});
  const Ipv6Address second = "2001:db8:1::102"_ip6, third = "2001:db8:1::103"_ip6;
  x.at(1_s).receives(x.test(), {});
  x.at(2_s).receives(x.test(second), {.home = second});
  x.at(3_s).used_at(at(3_s));
  x.at(4_s).receives(x.test(third), {.home = third}).binds(kCareOf, 424_s);
  EXPECT_EQ(x.out().evicted, second);
  EXPECT_EQ(x.cache().size(), 2u);
}

TEST(CorrespondentRegistration, RefusesForLackOfResources) {  // RFC 6275 §9.5.2
  Exchange x({}, {.home_registrations = 1, .correspondents = 0});
  x.receives(x.test(), {.acknowledge = false}).acknowledges(kInsufficientResources, 1);
}

TEST(CorrespondentRegistration, AsksForARefreshOfABindingInUse) {  // RFC 6275 §9.5.5
  Exchange x;
  x.at(0_s).receives(x.test(), {});
  EXPECT_EQ(x.machine().next_timeout(), at(360_s));
  x.at(360_s).times_out();
  EXPECT_EQ(x.out().ask_last_used, kHome);
  x.used_at(at(359_s));
  EXPECT_EQ(x.out().send_refresh_request, kHome);
  const Duration again[] = {390_s, 405_s, 412'500_ms, 416'250_ms};  // after half of what remains
  for (const Duration t : again) {
    ASSERT_EQ(x.machine().next_timeout(), at(t));
    x.at(t).times_out().used_at(at(t));
    EXPECT_EQ(x.out().send_refresh_request, kHome);
  }
  EXPECT_EQ(x.machine().next_timeout(), at(420_s));
  x.at(420_s).times_out();
  EXPECT_EQ(x.out().unbound, kHome);
}

TEST(CorrespondentRegistration, LetsAnUnusedBindingExpire) {  // RFC 6275 §9.5.5
  Exchange x;
  x.at(0_s).receives(x.test(), {});
  x.at(360_s).times_out().used_at(at(300_s));
  EXPECT_FALSE(x.out().send_refresh_request);
  x.at(390_s).times_out().used_at(std::nullopt);
  EXPECT_FALSE(x.out().send_refresh_request);
}

TEST(CorrespondentRegistration, StopsAskingWhenABindingUpdateComes) {  // RFC 6275 §9.5.5
  Exchange x;
  x.at(0_s).receives(x.test(), {.sequence = 1});
  x.at(360_s).times_out();
  x.at(361_s).receives(x.test(), {.sequence = 2}).binds(kCareOf, 781_s);
  EXPECT_EQ(x.machine().next_timeout(), at(721_s));
}

TEST(CorrespondentRegistration, DeletesAPersistentlyUnreachableBinding) {  // RFC 6275 §9.3.4
  Exchange x;
  x.receives(x.test(), {});
  const auto error_at = [&](Duration t) { return x.machine().on_care_of_unreachable(at(t), kHome).unbound; };
  EXPECT_FALSE(error_at(1000_ms));
  EXPECT_FALSE(error_at(1001_ms)) << "a burst counts once";
  EXPECT_FALSE(error_at(2000_ms));
  EXPECT_FALSE(error_at(20'000_ms)) << "not persistent";
  EXPECT_FALSE(error_at(21'000_ms));
  EXPECT_EQ(error_at(22'000_ms), kHome);
  EXPECT_FALSE(error_at(23'000_ms));
}

}  // namespace
}  // namespace kamesim
