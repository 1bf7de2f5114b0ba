// The Prefix List and detached prefixes.
#include "protocols/ip6/nd_prefix_list.h"

#include <gtest/gtest.h>

#include <set>

namespace kamesim {
namespace {

const Ipv6Address kRouterA = "fe80::a"_ip6, kRouterB = "fe80::b"_ip6;
const Ipv6Prefix kA = "2001:db8:a::/64"_ip6net, kB = "2001:db8:b::/64"_ip6net, kC = "2001:db8:c::/64"_ip6net;
const Time kNow = Time::from_seconds(10);

class Prefixes : public testing::Test {
 protected:
  PrefixEntry* hear(const Ipv6Prefix& prefix, const Ipv6Address& router) {
    displaced.reset();
    PrefixEntry* entry = list.find_or_add(prefix, displaced);
    if (entry == nullptr) return nullptr;
    list.remember_router(*entry, router);
    entry->on_link_until = kNow + 100_s;
    return entry;
  }
  std::vector<Ipv6Prefix> review(bool any_router = true) {
    std::vector<Ipv6Prefix> changed;
    for (const PrefixEntry* e : list.review([&](const Ipv6Address& a) { return reachable.contains(a); }, any_router)) {
      changed.push_back(e->prefix);
    }
    return changed;
  }
  PrefixList list{2};
  std::optional<PrefixEntry> displaced;
  std::set<Ipv6Address> reachable;
};

TEST_F(Prefixes, TimeOutByPart) {  // RFC 4861 §6.3.5
  PrefixEntry* entry = hear(kA, kRouterA);
  entry->addresses_until = kNow + 200_s;
  EXPECT_EQ(list.next_timeout(), kNow + 100_s);
  const auto first = list.take_expired(kNow + 100_s);
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->on_link());
  EXPECT_NE(list.find(kA), nullptr);
  EXPECT_TRUE(list.take_expired(kNow + 200_s));
  EXPECT_EQ(list.find(kA), nullptr);
}

TEST_F(Prefixes, OfRoutersThatAreGoneAreDetached) {  // KAME's pfxlist_onlink_check
  hear(kA, kRouterA);
  reachable = {kRouterA};
  EXPECT_TRUE(review().empty());
  hear(kB, kRouterB);
  reachable = {kRouterB};
  EXPECT_EQ(review(), std::vector{kA});
  EXPECT_TRUE(list.find(kA)->detached);
  EXPECT_FALSE(list.find(kA)->on_link());
  reachable = {kRouterA, kRouterB};
  EXPECT_EQ(review(), std::vector{kA});
  EXPECT_TRUE(list.find(kA)->on_link());
}

TEST_F(Prefixes, StayWhileThereIsNoSignOfAnotherLink) {
  hear(kA, kRouterA);
  reachable = {};
  EXPECT_TRUE(review(false).empty());
  EXPECT_EQ(review(true), std::vector{kA});  // a router without prefixes is such a sign
}

TEST_F(Prefixes, OfARouterWhoseAddressIsAnothersNowAreDetached) {
  hear(kA, kRouterA);
  list.forget_router(kRouterA);
  hear(kB, kRouterA);
  reachable = {kRouterA};
  EXPECT_EQ(review(), std::vector{kA});
}

TEST_F(Prefixes, AreBoundedAndOnlyDetachedOnesMakeRoom) {
  hear(kA, kRouterA);
  hear(kB, kRouterB);
  EXPECT_EQ(hear(kC, kRouterB), nullptr);
  reachable = {kRouterB};
  review();
  EXPECT_NE(hear(kC, kRouterB), nullptr);
  ASSERT_TRUE(displaced);
  EXPECT_EQ(displaced->prefix, kA);
}

TEST_F(Prefixes, RememberAFewRoutersOnly) {
  for (std::uint64_t i = 0; i < 20; ++i) hear(kA, Ipv6Address::from_halves(0xfe80ull << 48, i));
  EXPECT_EQ(list.find(kA)->routers.size(), PrefixEntry::kMaxRouters);
}

}  // namespace
}  // namespace kamesim
