#include "protocols/apps/udp_flow.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <vector>

#include "tests/unit/apps/two_hosts.h"

namespace {
std::atomic<std::size_t> allocations = 0;
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace kamesim {
namespace {

constexpr std::int64_t kLost = UdpFlowMeasurement::kLost;

// Sends datagrams of a flow by hand, in any order.
class Forger final : public DatagramHandler {
 public:
  explicit Forger(Host& host) : socket_(host.sockets(), *this) {}
  void send(const UdpFlowHeader& header) {
    std::uint8_t payload[UdpFlowHeader::kSize];
    header.write(payload);
    socket_.send_to(Bytes(payload), TwoHosts::kB, 9000);
  }
  void send(Bytes payload) { socket_.send_to(payload, TwoHosts::kB, 9000); }
  void on_datagram(const Datagram&) override {}

 private:
  UdpSocket socket_;
};

// Notes what datagrams say of when they went, which is their sender's clock.
class Listener final : public DatagramHandler {
 public:
  explicit Listener(Host& host) : socket_(host.sockets(), *this) { socket_.bind(9000); }
  void on_datagram(const Datagram& datagram) override { sent.push_back(UdpFlowHeader::read(datagram.payload)->sent); }
  std::vector<Time> sent;

 private:
  UdpSocket socket_;
};

UdpFlowConfig to_b(double rate, Duration length) {
  return {.flow_id = 7, .destination = TwoHosts::kB, .destination_port = 9000, .rate = rate,
          .stop = Time() + length};
}

TEST(UdpFlow, MeasuresEveryPacket) {
  TwoHosts net;
  UdpFlowReceiver receiver(net.b.sockets(), 7, 9000);
  UdpFlowSender sender(net.a.sockets(), to_b(10, 1_s));
  net.run_for(2_s);
  const UdpFlowMeasurement m = measure(sender, receiver);
  EXPECT_EQ(m.sent, 10u);
  EXPECT_EQ(m.received, 10u);
  EXPECT_EQ(m.lost + m.duplicated + m.reordered, 0u);
  EXPECT_EQ(m.send_ns[3], (300_ms).ns());
  EXPECT_EQ(m.delay_ns[3], (5_ms).ns());
}

TEST(UdpFlow, KnowsWhenEachPacketWent) {
  UdpFlowConfig regular = to_b(7, 20_s), poisson = regular, in_periods = regular;
  regular.start = Time() + 123'457_us;
  poisson.pattern = SendPattern::Poisson;
  in_periods.periods = {.on = 1_s, .off = 300_ms};
  for (const UdpFlowConfig& config : {regular, poisson, in_periods}) {
    TwoHosts net;
    Listener listener(net.b);
    const UdpFlowSender sender(net.a.sockets(), config);
    net.run_for(21_s);
    ASSERT_GT(listener.sent.size(), 50u);
    ASSERT_EQ(sender.sent(), listener.sent.size());
    for (std::size_t i = 0; i < listener.sent.size(); ++i) EXPECT_EQ(sender.sent_at(i), listener.sent[i]) << i;
  }
}

TEST(UdpFlow, CountsLossDuplicationAndReordering) {  // RFC 4737 §3.3: later than a packet with a higher number
  TwoHosts net;
  UdpFlowReceiver receiver(net.b.sockets(), 7, 9000);
  UdpFlowSender sender(net.a.sockets(), {.flow_id = 7, .destination = "2001:db8:ffff::1"_ip6, .rate = 1000,
                                         .stop = Time() + 6_ms});  // into the void; the forger stands in
  Forger forger(net.a);
  for (const std::uint64_t sequence : {0, 3, 1, 1, 2, 5}) {
    net.run_for(100_ms);
    forger.send({.flow_id = 7, .sequence = sequence, .sent = {}});
  }
  net.run_for(100_ms);
  const UdpFlowMeasurement m = measure(sender, receiver);
  EXPECT_EQ(m.sent, 6u);
  EXPECT_EQ(m.received, 5u);
  EXPECT_EQ(m.lost, 1u);
  EXPECT_EQ(m.duplicated, 1u);
  EXPECT_EQ(m.reordered, 2u);  // 1 and 2, after 3
  EXPECT_EQ(m.delay_ns[4], kLost);
  EXPECT_EQ(sender.send_errors(), 6u);
}

TEST(UdpFlow, IgnoresWhatIsNotOfIt) {
  TwoHosts net;
  UdpFlowReceiver receiver(net.b.sockets(), 7, 9000);
  UdpFlowSender sender(net.a.sockets(), to_b(10, 100_ms));
  Forger forger(net.a);
  net.run_for(100_ms);
  forger.send({.flow_id = 8, .sequence = 0, .sent = {}});
  forger.send({.flow_id = 7, .sequence = ~0ull, .sent = {}});  // a number that was never sent
  forger.send(Bytes());
  net.run_for(100_ms);
  const UdpFlowMeasurement m = measure(sender, receiver);
  EXPECT_EQ(m.sent, 1u);
  EXPECT_EQ(m.received, 1u);
  EXPECT_EQ(m.duplicated + m.reordered, 0u);
}

TEST(UdpFlow, RefusesAPortInUse) {
  TwoHosts net;
  UdpFlowReceiver receiver(net.b.sockets(), 7, 9000);
  EXPECT_THROW(UdpFlowReceiver(net.b.sockets(), 8, 9000), SimulationError);
}

TEST(UdpFlow, AllocatesNothingPerPacket) {
  TwoHosts net;
  UdpFlowReceiver receiver(net.b.sockets(), 7, 9000);
  UdpFlowSender sender(net.a.sockets(), to_b(10'000, 10_s));
  net.run_for(1_s);  // caches and pools fill
  const std::size_t before = allocations;
  net.run_for(8_s);
  EXPECT_LT(allocations - before, 50u);  // for 80000 packets: the logs grow, timers of neighbours and the like
}

}  // namespace
}  // namespace kamesim
