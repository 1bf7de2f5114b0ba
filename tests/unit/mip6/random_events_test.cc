// Random events against every machine: whatever comes, nothing breaks, tables stay bounded, timers move on, and the
// limits of RFC 6275 hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <iterator>
#include <optional>

#include "protocols/mip6/binding_status.h"
#include "protocols/mip6/binding_updater.h"
#include "protocols/mip6/correspondent_registration.h"
#include "protocols/mip6/correspondent_updater.h"
#include "protocols/mip6/home_agent_registration.h"
#include "protocols/mip6/movement_detector.h"
#include "protocols/mip6/return_routability.h"
#include "protocols/wire/byte_writer.h"
#include "sim/random.h"
#include "tests/unit/mip6/test_values.h"

namespace kamesim {
namespace {

constexpr int kSteps = 20'000;

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : stream_(seed, 1, "mip6.test") {}
  std::uint64_t below(std::uint64_t bound) { return stream_.below(bound); }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  Duration step() { return one_in(20) ? stream_.uniform(0_s, 300_s) : stream_.uniform(0_s, 2_s); }
  Duration lifetime() { return one_in(4) ? Duration() : 4_s * static_cast<std::int64_t>(below(200)); }
  SeqNum16 sequence() { return SeqNum16(static_cast<std::uint16_t>(below(one_in(10) ? 65536 : 64))); }
  Ipv6Address address() {
    const Ipv6Address some[] = {kHome,          kHomeAgent,            kCareOf,
                                kNewCareOf,     "2001:db8:1::101"_ip6, "2001:db8:1::102"_ip6,
                                kCorrespondent, "fe80::1"_ip6,         "ff02::1"_ip6,
                                kUnspecified};
    return some[below(std::size(some))];
  }
  std::uint8_t status() {
    const std::uint8_t some[] = {0, 0, 0, 0, 1, 128, 129, 130, 133, 134, 135, 136, 137, 138, 139, 174, 255};
    return some[below(std::size(some))];
  }
  RandomBytes bytes() {
    return [this](MutableBytes out) { stream_.fill(out); };
  }

 private:
  RandomStream stream_;
};

// Runs what is due, as a daemon does. A machine that never comes to rest fails.
template <typename Machine, typename OnOutput>
void settle(Machine& machine, Time now, OnOutput&& on_output) {
  for (int i = 0; machine.next_timeout() && *machine.next_timeout() <= now; ++i) {
    ASSERT_LT(i, 1000) << "the timers do not move on";
    on_output(machine.on_timeout(now));
  }
}

// RFC 6275 §11.8: at most MAX_UPDATE_RATE messages within a second.
class RateCheck {
 public:
  void sent(Time now) {
    times_.push_back(now);
    if (times_.size() > kMaxUpdateRate) {
      EXPECT_GE(now - times_.front(), 1_s);
      times_.pop_front();
    }
  }

 private:
  std::deque<Time> times_;
};

ReceivedBindingUpdate random_update(Chance& chance) {
  ReceivedBindingUpdate r;
  r.source = chance.address();
  r.destination = kHomeAgent;
  if (!chance.one_in(4)) r.home_address_option = chance.address();
  r.update.sequence = chance.sequence();
  r.update.acknowledge = chance.one_in(2);
  r.update.lifetime = chance.lifetime();
  r.update.link_local_address_compatibility = chance.one_in(2);
  if (chance.one_in(2)) r.update.alternate_care_of_address = chance.address();
  return r;
}

TEST(RandomEvents, HomeAgentRegistration) {
  Chance chance(1);
  BindingCache cache({.home_registrations = 2, .correspondents = 2});
  HomeAgentRegistration machine({.max_pending = 2}, cache);
  Time now;
  const auto check = [&](const HomeAgentRegistration::Output& out) {
    if (out.registered) { EXPECT_LE(out.registered->expires - now, 4_s * 200); }
    if (out.start_proxy) { EXPECT_TRUE(out.registered); }
    EXPECT_LE(cache.size(), 2u);
  };
  machine.on_prefix_list(now, {{"2001:db8:1::/64"_ip6net}});
  for (int i = 0; i < kSteps; ++i) {
    now += chance.step();
    settle(machine, now, check);
    switch (chance.below(8)) {
      case 0: machine.on_prefix_list(now, {{"2001:db8:1::/64"_ip6net, now + chance.step() * 10}}); break;
      case 1: check(machine.on_dad_result(now, chance.address(), HomeAgentRegistration::DadResult::Duplicate)); break;
      case 2:
      case 3: check(machine.on_dad_result(now, chance.address(), HomeAgentRegistration::DadResult::Unique)); break;
      default: {
        auto r = random_update(chance);
        r.update.home_registration = true;
        check(machine.on_binding_update(now, r));
      }
    }
  }
}

TEST(RandomEvents, CorrespondentRegistration) {
  Chance chance(2);
  BindingCache cache({.home_registrations = 1, .correspondents = 2});
  CorrespondentRegistration machine({.max_retired = 3}, cache, chance.bytes());
  Time now;
  int bound = 0;
  const auto check = [&](const CorrespondentRegistration::Output& out) {
    bound += out.bound.has_value();
    if (out.bound) { EXPECT_LE(out.bound->expires - now, kMaxRrBindingLifetime); }
    EXPECT_LE(cache.size(), 2u);
  };
  HomeTest home_test;
  CareOfTest care_of_test;
  for (int i = 0; i < kSteps; ++i) {
    now += chance.step();
    settle(machine, now, check);
    switch (chance.below(6)) {
      case 0: check(machine.on_care_of_unreachable(now, chance.address())); break;
      case 1: check(machine.on_last_used(now, chance.address(), now)); break;
      default: {
        auto r = random_update(chance);
        r.update.home_registration = chance.one_in(20);
        if (const auto out = machine.on_home_test_init(now, {r.home_address()}, {}); out.home_test) {
          home_test = *out.home_test;  // else that of another address, or older
        }
        if (const auto out = machine.on_care_of_test_init(now, {r.care_of()}, {}); out.care_of_test) {
          care_of_test = *out.care_of_test;
        }
        if (!chance.one_in(10)) {
          r.update.nonce_indices = NonceIndices{home_test.home_nonce_index, care_of_test.care_of_nonce_index};
        }
        r.update.authenticator = Authenticator{};
        auto message = to_bytes(r.update);
        const auto kbm = r.requests_deletion()
                             ? binding_management_key_for_deletion(home_test.home_keygen_token)
                             : binding_management_key(home_test.home_keygen_token, care_of_test.care_of_keygen_token);
        const auto value = compute_authenticator(kbm, r.requests_deletion() ? r.home_address() : r.care_of(),
                                                 r.destination, message);
        std::copy(value.begin(), value.end(), message.end() - 12);
        if (chance.one_in(10)) message[chance.below(message.size())] ^= 0x40;
        r.mobility_header = message;
        check(machine.on_binding_update(now, r));
      }
    }
  }
  EXPECT_GT(bound, 100) << "the events are not all refused";
}

TEST(RandomEvents, BindingUpdater) {
  Chance chance(3);
  BindingUpdater machine({.home_address = kHome});
  Time now;
  RateCheck rate;
  std::optional<SeqNum16> last;
  int bound = 0;
  const auto check = [&](const BindingUpdater::Output& out) {
    bound += out.bound.has_value();
    if (out.bound) { EXPECT_LE(out.bound->expires - now, 420_s); }
    if (!out.send) return;
    rate.sent(now);
    if (last) { EXPECT_TRUE(out.send->update.sequence.newer_than(*last)) << out.send->update.sequence.value(); }
    last = out.send->update.sequence;
  };
  for (int i = 0; i < kSteps; ++i) {
    now += chance.step();
    settle(machine, now, check);
    switch (chance.below(12)) {
      case 0: check(machine.on_return_home(now)); break;
      case 1: check(machine.on_withdraw(now)); break;
      case 2: check(machine.on_detach(now)); break;
      case 3: check(machine.on_binding_refresh_request(now)); break;
      case 4: check(machine.on_binding_error(now, {chance.status(), chance.address()})); break;
      case 5: check(machine.on_prefixes_confirmed(now)); break;
      case 6:
      case 7: check(machine.on_attach(now, {chance.address(), now + chance.step() * 10})); break;
      default: {
        BindingAck ack{.status = chance.status(), .sequence = last.value_or(SeqNum16(0))};
        if (ack.status == kDuplicateAddressDetectionFailed) ack.status = kReasonUnspecified;  // it ends everything
        if (chance.one_in(8)) ack.sequence = chance.sequence();
        if (ack.status == kSequenceNumberOutOfWindow) last.reset();  // it begins anew where it is told to
        ack.lifetime = chance.lifetime();
        check(machine.on_binding_ack(now, ack));
      }
    }
  }
  EXPECT_GT(bound, 100);
}

TEST(RandomEvents, CorrespondentUpdaterWithReturnRoutability) {
  Chance chance(4);
  CorrespondentUpdater machine({.home_address = kHome, .correspondent = kCorrespondent, .acknowledge = true});
  ReturnRoutability rr({.home_address = kHome}, chance.bytes());
  Time now;
  RateCheck updates, home_inits, care_of_inits;
  InitCookie home_cookie{}, care_of_cookie{};
  Ipv6Address tested;
  int sent = 0;

  std::function<void(const CorrespondentUpdater::Output&)> check;
  const auto check_rr = [&](const ReturnRoutability::Output& out) {
    if (out.send_home_test_init) {
      home_inits.sent(now);
      home_cookie = out.send_home_test_init->home_init_cookie;
    }
    if (out.send_care_of_test_init) {
      care_of_inits.sent(now);
      care_of_cookie = out.send_care_of_test_init->care_of_init_cookie;
    }
    if (out.failed) check(machine.on_return_routability_failed(now));
    if (out.authorized) {
      EXPECT_GT(out.authorized->expires, now);
      EXPECT_LE(out.authorized->expires - now, kMaxTokenLifetime);
      check(machine.on_authorized(now, *out.authorized));
    }
  };
  check = [&](const CorrespondentUpdater::Output& out) {
    if (out.bound) { EXPECT_LE(out.bound->expires - now, kMaxRrBindingLifetime); }
    if (out.send) {
      updates.sent(now);
      ++sent;
    }
    if (out.discard_tokens) rr.discard(*out.discard_tokens);
    if (out.stop_return_routability) rr.stop();
    if (out.return_routability) {
      tested = out.return_routability->care_of;
      check_rr(rr.start(now, *out.return_routability));
    }
  };
  for (int i = 0; i < kSteps; ++i) {
    now += chance.step();
    settle(rr, now, check_rr);
    settle(machine, now, check);
    switch (chance.below(14)) {
      case 0: check(machine.on_return_home(now)); break;
      case 1: check(machine.on_detach(now)); break;
      case 2: check(machine.on_binding_refresh_request(now)); break;
      case 3: check(machine.on_tunnelled_packet(now)); break;
      case 4: check(machine.on_binding_error(now, {chance.status(), kHome})); break;
      case 5: check(machine.on_mobility_header_unsupported(now)); break;
      case 6: {
        const BindingAck ack{.status = chance.status(), .sequence = chance.sequence()};
        check(machine.on_binding_ack(now, {ack, to_bytes(ack)}));
        break;
      }
      case 7:
      case 8: check(machine.on_home_registration(now, {chance.address(), now + chance.step() * 10})); break;
      case 9:
      case 10: check_rr(rr.on_care_of_test(now, {1, care_of_cookie, {}}, tested)); break;
      default:
        check_rr(rr.on_home_test(now, {1, home_cookie, {}}, kHome, ReturnRoutability::Path::FromHomeAgentTunnel));
    }
    EXPECT_EQ(machine.state() == CorrespondentUpdater::State::Testing, rr.in_progress());
  }
  EXPECT_GT(sent, 100);
}

TEST(RandomEvents, MovementDetector) {
  Chance chance(5);
  MovementDetectorConfig config;
  config.home_address = kHome;
  config.home_prefix = "2001:db8:1::/64"_ip6net;
  MovementDetector machine(config);
  Time now;
  const auto check = [&](const MovementDetector::Output& out) {
    EXPECT_LE(out.moved.has_value() + out.returned_home + out.no_address, 1);
    EXPECT_EQ(machine.care_of().has_value(), machine.location() == MovementDetector::Location::Foreign);
    if (out.moved) { EXPECT_EQ(machine.care_of(), out.moved); }
    if (out.returned_home) { EXPECT_EQ(machine.location(), MovementDetector::Location::Home); }
  };
  for (int i = 0; i < kSteps; ++i) {
    now += chance.step();
    settle(machine, now, check);
    const Ipv6Address router = Ipv6Address::from_halves(kLinkLocalPrefix.address().high(), chance.below(12));
    switch (chance.below(7)) {
      case 0: check(machine.on_link_up(now)); break;
      case 1: check(machine.on_link_down(now)); break;
      case 2: check(machine.on_router_reachable(now, router)); break;
      case 3: check(machine.on_router_unreachable(now, router)); break;
      case 4: check(machine.on_address_usable(now, chance.address())); break;
      case 5: check(machine.on_address_gone(now, chance.address())); break;
      default: {
        HeardAdvertisement a;
        a.router = router;
        a.router_lifetime = chance.one_in(5) ? Duration() : chance.step() * 10;
        for (std::uint64_t n = chance.below(3); n > 0; --n) a.prefixes.emplace_back(chance.address(), 64);
        if (chance.one_in(2)) a.advertisement_interval = chance.step();
        check(machine.on_router_advertisement(now, a));
      }
    }
  }
}

}  // namespace
}  // namespace kamesim
