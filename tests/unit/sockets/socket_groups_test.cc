// Source filters of a socket (RFC 3678).
#include "protocols/ip6/socket_groups.h"

#include <gtest/gtest.h>

#include <vector>

#include "protocols/ip6/tunnel.h"
#include "tests/unit/apps/two_hosts.h"

namespace kamesim {
namespace {

using Mode = SocketGroups::Mode;
const Ipv6Address kGroup = "ff05::77"_ip6, kOne = "2001:db8::1"_ip6, kTwo = "2001:db8::2"_ip6;
constexpr std::errc kDone{};

struct Filters : testing::Test {
  bool hears(const Ipv6Address& source) const { return groups.passes(on, kGroup, source); }
  TwoHosts net;
  EthernetInterface& on = net.a_interface;
  SocketGroups groups{net.a.stack()};
};

TEST_F(Filters, AnySourceUntilItIsBlocked) {  // §4.1.2
  EXPECT_FALSE(hears(kOne));
  EXPECT_EQ(groups.join(on, kGroup), kDone);
  EXPECT_TRUE(on.in_group(kGroup));
  EXPECT_TRUE(hears(kOne));
  EXPECT_EQ(groups.block_source(on, kGroup, kOne), kDone);
  EXPECT_FALSE(hears(kOne));
  EXPECT_TRUE(hears(kTwo));
  EXPECT_EQ(groups.block_source(on, kGroup, kOne), std::errc::address_not_available);
  EXPECT_EQ(groups.unblock_source(on, kGroup, kOne), kDone);
  EXPECT_TRUE(hears(kOne));
  EXPECT_EQ(groups.unblock_source(on, kGroup, kTwo), std::errc::address_not_available);
}

TEST_F(Filters, SourcesThatWereAskedFor) {  // §4.1.3
  EXPECT_EQ(groups.join_source(on, kGroup, kOne), kDone);
  EXPECT_TRUE(hears(kOne));
  EXPECT_FALSE(hears(kTwo));
  EXPECT_EQ(groups.join_source(on, kGroup, kOne), std::errc::address_not_available);
  EXPECT_EQ(groups.join_source(on, kGroup, kTwo), kDone);
  EXPECT_EQ(groups.leave_source(on, kGroup, kOne), kDone);
  EXPECT_FALSE(hears(kOne));
  EXPECT_TRUE(on.in_group(kGroup));
  EXPECT_EQ(groups.leave_source(on, kGroup, kTwo), kDone);
  EXPECT_FALSE(on.in_group(kGroup));  // the last took the membership along
}

TEST_F(Filters, TheTwoWaysDoNotMix) {  // §4.1.3
  EXPECT_EQ(groups.join(on, kGroup), kDone);
  EXPECT_EQ(groups.join(on, kGroup), std::errc::address_in_use);
  EXPECT_EQ(groups.join_source(on, kGroup, kOne), std::errc::invalid_argument);
  EXPECT_EQ(groups.leave_source(on, kGroup, kOne), std::errc::invalid_argument);
  EXPECT_EQ(groups.leave(&on, kGroup), kDone);
  EXPECT_EQ(groups.join_source(on, kGroup, kOne), kDone);
  EXPECT_EQ(groups.block_source(on, kGroup, kTwo), std::errc::invalid_argument);
  EXPECT_EQ(groups.unblock_source(on, kGroup, kOne), std::errc::invalid_argument);
}

TEST_F(Filters, WholeFilters) {  // §4.2
  const std::vector<Ipv6Address> one = {kOne}, both = {kOne, kTwo};
  EXPECT_EQ(groups.set_filter(on, kGroup, Mode::Include, {}), std::errc::address_not_available);
  EXPECT_EQ(groups.set_filter(on, kGroup, Mode::Exclude, one), kDone);
  EXPECT_FALSE(hears(kOne));
  EXPECT_TRUE(hears(kTwo));
  EXPECT_EQ(groups.set_filter(on, kGroup, Mode::Include, both), kDone);
  EXPECT_TRUE(hears(kOne) && hears(kTwo));
  EXPECT_FALSE(hears("2001:db8::3"_ip6));
  EXPECT_EQ(groups.set_filter(on, kGroup, Mode::Include, {}), kDone);
  EXPECT_FALSE(on.in_group(kGroup));
}

TEST_F(Filters, AreBounded) {
  EXPECT_EQ(groups.join(on, kGroup), kDone);
  for (std::size_t i = 0; i < kMaxSocketSources; ++i) {
    EXPECT_EQ(groups.block_source(on, kGroup, Ipv6Address::from_halves(0x20010db800000000, i + 1)), kDone);
  }
  EXPECT_EQ(groups.block_source(on, kGroup, "2001:db9::"_ip6), std::errc::no_buffer_space);
  for (std::size_t i = 1; i < kMaxSocketGroups; ++i) {
    ASSERT_EQ(groups.join(on, Ipv6Address::from_halves(0xff05000000000000, 0x10000 + i)), kDone);
  }
  EXPECT_EQ(groups.join(on, "ff05::99"_ip6), std::errc::no_buffer_space);
}

TEST_F(Filters, RefuseWhatMakesNoSense) {
  EXPECT_EQ(groups.join(on, kOne), std::errc::invalid_argument);
  EXPECT_EQ(groups.leave(&on, kOne), std::errc::invalid_argument);
  EXPECT_EQ(groups.leave(&on, kGroup), std::errc::address_not_available);
  EXPECT_EQ(groups.join_source(on, kGroup, kGroup), std::errc::invalid_argument);
  EXPECT_EQ(groups.join_source(on, kGroup, {}), std::errc::invalid_argument);
}

TEST_F(Filters, AnInterfaceThatGoesTakesItsGroupsAlong) {
  TunnelInterface& tunnel = net.a.stack().add_tunnel("tun", TwoHosts::kA, TwoHosts::kB);
  EXPECT_EQ(groups.join(tunnel, kGroup), kDone);
  net.a.stack().remove_interface(tunnel);
  net.run_for(1_s);
  EXPECT_EQ(groups.leave(nullptr, kGroup), kDone);
}

TEST_F(Filters, GoWithTheSocket) {
  {
    SocketGroups short_lived(net.a.stack());
    EXPECT_EQ(short_lived.join(on, kGroup), kDone);
    EXPECT_TRUE(on.in_group(kGroup));
  }
  EXPECT_FALSE(on.in_group(kGroup));
}

}  // namespace
}  // namespace kamesim
