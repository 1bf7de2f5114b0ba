#include "sim/tester_port.h"

#include <tuple>

#include <gtest/gtest.h>

#include "sim/lan.h"
#include "sim/link.h"
#include "tests/unit/sim/frames.h"

namespace kamesim {
namespace {

using testing::at;
using testing::error_of;
using testing::frame;
using testing::kNobody;

// Two testers on a LAN of 1 ms.
struct TwoTesters {
  Simulation simulation;
  Lan& lan = simulation.add_medium<Lan>("lan", LinkConfig{.delay = 1_ms});
  TesterPort a{lan}, b{lan};
};

TEST(TesterPort, ReceivesWhatTheOtherSendsAndNotItsOwn) {
  TwoTesters x;
  const auto sent = frame(kNobody, 60, 7);
  x.a.send(sent);
  const auto received = x.b.recv(1_s);
  ASSERT_TRUE(received);
  EXPECT_EQ(received->time, at(1_ms));
  EXPECT_EQ(received->bytes, sent);
  EXPECT_EQ(x.simulation.now(), at(1_ms));  // no further than needed
  EXPECT_FALSE(x.a.recv(5_ms));
  EXPECT_EQ(x.simulation.now(), at(6_ms));
}

TEST(TesterPort, ReturnsAWaitingFrameWithoutMovingTheClock) {
  TwoTesters x;
  x.a.send(frame(kNobody, 60, 1));
  x.a.send(frame(kNobody, 60, 2));
  x.simulation.run_until(at(10_ms));
  EXPECT_EQ(x.b.pending(), 2u);
  EXPECT_EQ(x.b.recv(1_s)->bytes.back(), 1);
  EXPECT_EQ(x.b.recv(1_s)->bytes.back(), 2);
  EXPECT_EQ(x.simulation.now(), at(10_ms));
}

TEST(TesterPort, WaitsExactlyForTheTimeout) {
  TwoTesters x;
  x.a.send(frame(kNobody));
  EXPECT_FALSE(x.b.recv(1_ms - 1_ns));
  EXPECT_EQ(x.simulation.now(), at(1_ms - 1_ns));
  EXPECT_FALSE(x.b.recv(0_ns));
  const auto received = x.b.recv(1_ns);  // at the very end
  ASSERT_TRUE(received);
  EXPECT_EQ(received->time, at(1_ms));
}

TEST(TesterPort, LetsOtherEventsHappenMeanwhile) {
  TwoTesters x;
  int calls = 0;
  x.simulation.at(at(2_ms), [&] {
    ++calls;
    x.a.send(frame(kNobody));
  });
  x.simulation.at(at(4_ms), [&] { ++calls; });
  EXPECT_EQ(x.b.recv(1_s)->time, at(3_ms));
  EXPECT_EQ(calls, 1);
}

TEST(TesterPort, GivesUpWhenTheSimulationIsStopped) {
  TwoTesters x;
  x.simulation.at(at(2_ms), [&] { x.simulation.stop(); });
  EXPECT_FALSE(x.b.recv(1_s));
  EXPECT_EQ(x.simulation.now(), at(2_ms));
  x.a.send(frame(kNobody));
  EXPECT_TRUE(x.b.recv(1_s));  // an earlier stop is forgotten
}

TEST(TesterPort, RecvAnyTakesTheEarliestFrame) {
  TwoTesters x;
  TesterPort c(x.lan);
  TesterPort* const ports[] = {&x.a, &x.b, &c};
  x.b.send(frame(kNobody, 60, 1));  // to a and c, at 1 ms
  x.simulation.run_until(at(500_us));
  c.send(frame(kNobody, 60, 2));    // to a and b, at 1.5 ms
  std::vector<std::tuple<std::size_t, int, Time>> received;
  while (const auto next = TesterPort::recv_any(ports, 10_ms)) {
    received.emplace_back(next->first, next->second.bytes.back(), x.simulation.now());
  }
  EXPECT_EQ(received, (std::vector<std::tuple<std::size_t, int, Time>>{
                          {0, 1, at(1_ms)}, {2, 1, at(1_ms)}, {0, 2, at(1500_us)}, {1, 2, at(1500_us)}}));
  EXPECT_EQ(x.simulation.now(), at(11500_us));
}

TEST(TesterPort, FiltersByItsAddressIfAsked) {
  TwoTesters x;
  TesterPort filtered(x.lan, {.name = "filtered", .only_own_address = true});
  x.a.send(frame(kNobody, 60, 1));
  x.a.send(frame(filtered.nic().mac(), 60, 2));
  EXPECT_EQ(filtered.recv(1_s)->bytes.back(), 2);
  EXPECT_EQ(filtered.name(), "filtered");
}

TEST(TesterPort, TakesFreeNames) {
  TwoTesters x;
  EXPECT_EQ(x.a.name(), "tester1");
  EXPECT_EQ(x.b.name(), "tester2");
  EXPECT_EQ(error_of([&] { TesterPort(x.lan, {.name = "tester1"}); }), "there is already a node named 'tester1'");
}

TEST(TesterPort, IsAnEndOfALink) {
  Simulation simulation;
  auto& link = simulation.add_medium<PointToPointLink>("l", LinkConfig{.delay = 2_ms});
  TesterPort a(link), b(link);
  a.send(frame(kNobody));
  EXPECT_EQ(b.recv(1_s)->time, at(2_ms));
}

TEST(TesterPort, StandsBesideTheEndsOfALinkThatHasBoth) {
  Simulation simulation;
  auto& link = simulation.add_medium<PointToPointLink>("l", LinkConfig{.delay = 2_ms});
  testing::Station a(simulation, "a"), b(simulation, "b");
  link.attach(a.nic, b.nic);
  TesterPort port(link);
  port.send(frame(a.mac(), 60, 1));
  b.send_to(a.mac(), 60, 2);
  EXPECT_EQ(port.recv(1_s)->bytes.back(), 2);
  EXPECT_FALSE(port.recv(1_s));  // never its own
  EXPECT_EQ(a.tags(), (std::vector{2, 1}));  // a tie: b was made before the port
}

TEST(TesterPort, ClosesOnceAndKeepsWhatWaits) {
  TwoTesters x;
  x.a.send(frame(kNobody, 60, 1));
  x.simulation.run_until(at(2_ms));
  x.b.close();
  x.b.close();
  EXPECT_EQ(x.lan.stations(), 1u);
  x.a.send(frame(kNobody, 60, 2));
  x.simulation.run_until(at(4_ms));
  EXPECT_EQ(x.b.recv(0_s)->bytes.back(), 1);
  EXPECT_EQ(error_of([&] { x.b.recv(1_s); }), "tester port 'tester2' is closed");
  EXPECT_EQ(error_of([&] { x.b.send(frame(kNobody)); }), "tester port 'tester2' is closed");
}

TEST(TesterPort, ClearForgetsWhatWaits) {
  TwoTesters x;
  x.a.send(frame(kNobody));
  x.simulation.run_until(at(2_ms));
  x.b.clear();
  EXPECT_EQ(x.b.pending(), 0u);
}

TEST(TesterPort, SaysWhatIsWrong) {
  TwoTesters x;
  Simulation other_simulation;
  TesterPort other(other_simulation.add_medium<Lan>("lan", LinkConfig{}));
  TesterPort* const ports[] = {&x.a, &other};
  EXPECT_EQ(error_of([&] { x.a.send(std::vector<std::uint8_t>(13)); }),
            "tester port 'tester1': the frame has 13 bytes; an Ethernet header alone has 14");
  const std::string bounds = "; it must be 0 or more, and end before the clock does (292 years)";
  EXPECT_EQ(error_of([&] { x.a.recv(-1_s); }), "timeout is -1.000000 s" + bounds);
  x.simulation.run_until(at(1_ns));
  EXPECT_EQ(error_of([&] { x.a.recv(Duration::max()); }), "timeout is 9223372036.854776 s" + bounds);
  EXPECT_EQ(error_of([&] { TesterPort::recv_any({}, 1_s); }), "recv_any needs at least one tester port");
  EXPECT_EQ(error_of([&] { TesterPort::recv_any(ports, 1_s); }), "the tester ports belong to different simulations");
}

}  // namespace
}  // namespace kamesim
