#include "protocols/apps/ping.h"

#include <gtest/gtest.h>

#include "tests/unit/apps/two_hosts.h"

namespace kamesim {
namespace {

TEST(Ping, TimesEachAnswer) {
  TwoHosts net;
  Ping& ping = net.a.ping({.destination = TwoHosts::kB, .count = 3});
  net.run_for(5_s);
  ASSERT_EQ(ping.probes().size(), 3u);
  EXPECT_EQ(ping.received(), 3u);
  EXPECT_EQ(ping.probes()[1].sent - ping.probes()[0].sent, 1_s);
  EXPECT_EQ(ping.probes()[2].round_trip, 10_ms);
  EXPECT_FALSE(ping.sending());
}

TEST(Ping, AnswersItself) {
  TwoHosts net;
  Ping& ping = net.a.ping({.destination = TwoHosts::kA, .count = 1});
  net.run_for(1_s);
  EXPECT_EQ(ping.received(), 1u);
}

TEST(Ping, ReachesAGroup) {  // RFC 4443 §4.1: a request may be sent to a multicast address
  TwoHosts net;
  Ping& ping = net.a.ping({.destination = kAllNodesLinkLocal, .interface = &net.a_interface, .count = 1});
  net.run_for(1_s);
  EXPECT_EQ(ping.received(), 1u);
  EXPECT_GE(*ping.probes()[0].round_trip, 10_ms);
}

TEST(Ping, KeepsTheErrorsThatAreItsOwn) {
  TwoHosts net;
  Ping& far = net.a.ping({.destination = "2001:db8:ffff::1"_ip6, .count = 1});
  Ping& gone = net.a.ping({.destination = "2001:db8::99"_ip6, .count = 1});
  net.run_for(5_s);
  EXPECT_EQ(far.probes()[0].send_error, SendError::NoRoute);
  EXPECT_EQ(far.errors().size(), 0u);
  ASSERT_EQ(gone.errors().size(), 1u);
  EXPECT_EQ(gone.errors()[0].type, Icmp6Type::DestinationUnreachable);
  EXPECT_EQ(gone.errors()[0].from, TwoHosts::kA);  // address resolution failed here (RFC 4861 §7.2.2)
}

TEST(Ping, StopsWhenTold) {
  TwoHosts net;
  Ping& ping = net.a.ping({.destination = TwoHosts::kB, .count = 100});
  net.run_for(2500_ms);
  ping.stop();
  net.run_for(10_s);
  EXPECT_EQ(ping.probes().size(), 3u);
}

}  // namespace
}  // namespace kamesim
