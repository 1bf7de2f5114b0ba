#include "protocols/mip6/movement_detector.h"

#include <gtest/gtest.h>

#include "tests/unit/mip6/test_values.h"

namespace kamesim {
namespace {

using Location = MovementDetector::Location;
using OnLinkUp = MovementDetectorConfig::OnLinkUp;
using Output = MovementDetector::Output;

const Ipv6Address kRouterA = "fe80::a"_ip6;
const Ipv6Address kRouterB = "fe80::b"_ip6;
const Ipv6Address kHomeRouter = "fe80::1"_ip6;
const Ipv6Prefix kHomeNet = "2001:db8:1::/64"_ip6net;
const Ipv6Prefix kNetA = "2001:db8:2::/64"_ip6net;  // of kCareOf
const Ipv6Prefix kNetB = "2001:db8:3::/64"_ip6net;  // of kNewCareOf

HeardAdvertisement advertisement(const Ipv6Address& router, const Ipv6Prefix& prefix) {
  HeardAdvertisement a;
  a.router = router;
  a.router_lifetime = 1800_s;
  a.prefixes = {prefix};
  return a;
}

class Exchange {
 public:
  explicit Exchange(MovementDetectorConfig config = {}) : machine_(with_home(config)) {}
  Exchange& at(Duration t) {
    now_ = kamesim::at(t);
    return *this;
  }
  Exchange& link_up() { return took(machine_.on_link_up(now_)); }
  Exchange& link_down() { return took(machine_.on_link_down(now_)); }
  Exchange& hears(const Ipv6Address& router, const Ipv6Prefix& prefix) { return hears(advertisement(router, prefix)); }
  Exchange& hears(const HeardAdvertisement& a) { return took(machine_.on_router_advertisement(now_, a)); }
  Exchange& unreachable(const Ipv6Address& router) { return took(machine_.on_router_unreachable(now_, router)); }
  Exchange& reachable(const Ipv6Address& router) { return took(machine_.on_router_reachable(now_, router)); }
  Exchange& usable(const Ipv6Address& address) { return took(machine_.on_address_usable(now_, address)); }
  Exchange& gone(const Ipv6Address& address) { return took(machine_.on_address_gone(now_, address)); }
  Exchange& times_out() { return took(machine_.on_timeout(now_)); }
  // In the cell of router A, with a care-of address.
  Exchange& visits_a() { return link_up().hears(kRouterA, kNetA).usable(kCareOf).moved(kCareOf); }

  Exchange& solicits() { return expect({.solicit = true}); }
  Exchange& moved(const Ipv6Address& care_of) { return expect({.moved = care_of}); }
  Exchange& returned_home() { return expect({.returned_home = true}); }
  Exchange& no_address() { return expect({.no_address = true}); }
  Exchange& nothing() { return expect({}); }
  Exchange& expect(const Output& expected) {
    EXPECT_EQ(out_.solicit, expected.solicit) << now_.to_seconds();
    EXPECT_EQ(out_.probe, expected.probe) << now_.to_seconds();
    EXPECT_EQ(out_.moved, expected.moved) << now_.to_seconds();
    EXPECT_EQ(out_.returned_home, expected.returned_home) << now_.to_seconds();
    EXPECT_EQ(out_.no_address, expected.no_address) << now_.to_seconds();
    return *this;
  }
  const MovementDetector& machine() const { return machine_; }

 private:
  static MovementDetectorConfig with_home(MovementDetectorConfig config) {
    config.home_address = kHome;
    config.home_prefix = kHomeNet;
    return config;
  }
  Exchange& took(const Output& out) {
    out_ = out;
    return *this;
  }

  MovementDetector machine_;
  Time now_;
  Output out_;
};

TEST(MovementDetector, StartsAtHomeByTheHomePrefix) {  // RFC 6275 §11.5.2
  Exchange x;
  x.at(0_s).link_up().solicits();
  x.at(10_ms).hears(kHomeRouter, kHomeNet).returned_home();
  x.at(1_s).hears(kHomeRouter, kHomeNet).nothing();
  x.at(2_s).usable("2001:db8:1::77"_ip6).nothing();  // no care-of address at home
}

TEST(MovementDetector, MovesWhenTheCareOfAddressIsUsable) {  // RFC 6275 §11.5.3
  Exchange x;
  x.at(0_s).link_up().hears(kHomeRouter, kHomeNet).returned_home();
  x.at(10_s).link_down().nothing();
  x.at(10'100_ms).link_up().solicits();
  x.at(10'150_ms).hears(kRouterA, kNetA).no_address();  // Duplicate Address Detection runs
  x.at(11'150_ms).usable(kCareOf).moved(kCareOf);
  EXPECT_EQ(x.machine().location(), Location::Foreign);
}

TEST(MovementDetector, TakesTheNextCellAfterALinkUp) {  // RFC 6275 §11.5.1, a layer 2 indication
  Exchange x;
  x.at(0_s).visits_a();
  x.at(10_s).link_down().nothing();
  x.at(11_s).link_up().solicits();
  x.at(12_s).hears(kRouterB, kNetB).no_address();
  x.at(13_s).usable(kNewCareOf).moved(kNewCareOf);
}

TEST(MovementDetector, StaysWhenTheSameRouterAnswersAfterALinkUp) {  // RFC 6275 §11.5.1
  Exchange x;
  x.at(0_s).visits_a();
  x.at(10_s).link_down().link_up().solicits();
  x.at(11_s).hears(kRouterA, kNetA).nothing();
  EXPECT_EQ(x.machine().care_of(), kCareOf);
  EXPECT_EQ(x.machine().next_timeout(), at(1811_s)) << "no more solicitations: the router's lifetime";
}

TEST(MovementDetector, StaysWithItsRouterWhenANewOneIsHeard) {  // RFC 6275 §11.5.1: no needless hand-off
  Exchange x;
  x.at(0_s).visits_a();
  x.at(5_s).hears(kRouterB, kNetB).nothing();
  x.at(6_s).usable(kNewCareOf).nothing();
  x.at(7_s).unreachable(kRouterA).expect({.solicit = true, .moved = kNewCareOf});
}

TEST(MovementDetector, SolicitsWhenTheRouterIsUnreachable) {  // RFC 6275 §11.5.1, the second indication
  Exchange x;
  x.at(0_s).visits_a();
  x.at(5_s).unreachable(kRouterA).solicits();
  x.at(9_s).times_out().solicits();
  x.at(13_s).times_out().solicits();
  x.at(17_s).times_out().no_address();  // nobody answers
  x.at(18_s).hears(kRouterA, kNetA).moved(kCareOf);
}

TEST(MovementDetector, TakesBackARouterThatAnswers) {  // RFC 6275 §11.5.1
  Exchange x;
  x.at(0_s).visits_a();
  x.at(5_s).unreachable(kRouterA).solicits();
  x.at(6_s).reachable(kRouterA).nothing();
  EXPECT_EQ(x.machine().next_timeout(), at(1800_s));
  x.at(7_s).unreachable(kRouterB).nothing();  // not one of ours
  x.at(8_s).reachable(kRouterB).nothing();
}

TEST(MovementDetector, MissesAdvertisementsOfAnAnnouncedInterval) {  // RFC 6275 §11.5.1, the first indication
  Exchange x;
  auto a = advertisement(kRouterA, kNetA);
  a.advertisement_interval = 70_ms;
  x.at(0_s).link_up().hears(a).usable(kCareOf).moved(kCareOf);
  x.at(50_ms).hears(a).nothing();
  EXPECT_EQ(x.machine().next_timeout(), at(190_ms));  // two of them
  x.at(190_ms).times_out().solicits();
  EXPECT_EQ(x.machine().care_of(), kCareOf) << "in doubt nothing is known to have changed";
  x.at(200_ms).hears(kRouterB, kNetB).no_address();
}

TEST(MovementDetector, TellsRoutersWithTheSameLinkLocalAddressApart) {  // RFC 6275 §11.5.1
  Exchange x;
  x.at(0_s).visits_a();
  x.at(5_s).link_up().hears(kRouterA, kNetB).no_address();  // other prefixes: another link
  x.at(6_s).usable(kNewCareOf).moved(kNewCareOf);

  Exchange by_address;  // §7.2: the R bit tells the router's global address
  auto a = advertisement(kRouterA, kNetA);
  a.router_address = "2001:db8:2::a"_ip6;
  by_address.at(0_s).link_up().hears(a).usable(kCareOf).moved(kCareOf);
  a.prefixes = {kNetB};
  by_address.at(5_s).hears(a).nothing();  // the same router, with a part of its prefixes (RFC 4861 §6.2.3)
}

TEST(MovementDetector, ReturnsHomeWhenTheHomePrefixIsHeard) {  // RFC 6275 §11.5.5
  Exchange x;
  x.at(0_s).visits_a();
  x.at(9_s).link_up().solicits();
  x.at(10_s).hears(kHomeRouter, kHomeNet).returned_home();
  EXPECT_EQ(x.machine().location(), Location::Home);
  EXPECT_FALSE(x.machine().care_of());
  x.at(20_s).link_up().hears(kRouterA, kNetA).moved(kCareOf);
}

TEST(MovementDetector, FollowsAnAddressThatIsGone) {  // RFC 6275 §11.5.3, §11.5.4
  Exchange x;
  const Ipv6Address second = "2001:db8:2::200"_ip6;
  x.at(0_s).visits_a().usable(second).nothing();  // the primary stays
  x.at(5_s).gone(kCareOf).moved(second);
  x.at(6_s).gone(second).no_address();
}

TEST(MovementDetector, TakesOnlyAddressesItsRouterAdvertises) {  // RFC 6275 §11.5.4
  Exchange x;
  x.at(0_s).link_up().hears(kRouterA, kNetA);
  x.usable(kNewCareOf).nothing();
  x.usable("fe80::5"_ip6).nothing();
  x.usable(kHome).nothing();
  x.usable(kCareOf).moved(kCareOf);
}

TEST(MovementDetector, LeavesARouterThatResigns) {  // RFC 4861 §6.3.4: Router Lifetime zero
  Exchange x;
  x.at(0_s).visits_a();
  auto resignation = advertisement(kRouterA, kNetA);
  resignation.router_lifetime = Duration();
  x.at(5_s).hears(resignation).no_address();
}

TEST(MovementDetector, LeavesARouterWhoseLifetimeEnds) {  // RFC 4861 §6.3.5
  Exchange x;
  x.at(0_s).visits_a();
  x.at(1799_s).times_out().nothing();
  x.at(1800_s).times_out().no_address();
}

TEST(MovementDetector, ProbesTheRouterFirstIfSoConfigured) {  // RFC 6275 §11.5.1, the third indication
  Exchange x({.on_link_up = OnLinkUp::ProbeRouter});
  x.at(0_s).visits_a();
  x.at(5_s).link_up().expect({.probe = kRouterA});
  x.at(6_s).reachable(kRouterA).nothing();
  x.at(7_s).link_up().expect({.probe = kRouterA});
  x.at(7500_ms).unreachable(kRouterA).solicits();
}

TEST(MovementDetector, SolicitsWhenAProbeIsNotAnswered) {  // RFC 4861 §10, RETRANS_TIMER
  Exchange x({.on_link_up = OnLinkUp::ProbeRouter});
  x.at(0_s).visits_a();
  x.at(5_s).link_up().expect({.probe = kRouterA});
  EXPECT_EQ(x.machine().next_timeout(), kamesim::at(6_s));
  x.at(6_s).times_out().solicits();
  x.at(7_s).hears(kRouterB, kNetB).no_address();
  x.at(8_s).usable(kNewCareOf).moved(kNewCareOf);
}

TEST(MovementDetector, EagerlyTakesANewRouterOnceItsAddressIsUsable) {  // §11.5.1 has the lazy way only
  Exchange x({.cell_switching = MovementDetectorConfig::CellSwitching::Eager});
  x.at(0_s).visits_a();
  x.at(5_s).hears(kRouterB, kNetB).nothing();
  x.at(6_s).usable(kNewCareOf).moved(kNewCareOf);
  x.at(7_s).hears(kRouterA, kNetA).nothing();  // heard before; it does not swing back
  x.at(8_s).hears(kRouterB, kNetB).nothing();
  x.at(9_s).unreachable(kRouterB).expect({.solicit = true, .moved = kCareOf});
  x.at(10_s).hears(kRouterB, kNetB).moved(kNewCareOf);  // anew after the doubt
}

TEST(MovementDetector, EagerSwitchingStaysAtHome) {  // §11.5.2
  Exchange x({.cell_switching = MovementDetectorConfig::CellSwitching::Eager});
  x.at(0_s).link_up().hears(kHomeRouter, kHomeNet).returned_home();
  x.at(5_s).hears(kRouterB, kNetB).nothing();
  x.at(6_s).usable(kNewCareOf).nothing();
}

TEST(MovementDetector, KeepsBoundedTables) {
  Exchange x;
  x.at(0_s).visits_a();
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const Ipv6Address router = Ipv6Address::from_halves(kLinkLocalPrefix.address().high(), 1000 + i);
    x.hears(router, "2001:db8:100::/48"_ip6net.subnet(i, 64)).nothing();
    x.usable("2001:db8:2::/64"_ip6net.host(1000 + i)).nothing();
  }
  EXPECT_EQ(x.machine().care_of(), kCareOf);
}

}  // namespace
}  // namespace kamesim
