// One LAN: a router that advertises itself and H hosts that configure themselves, then each send UDP to the router. The
// same workload as ns3/lan.cpp; prints one JSON object on one line.
// Usage: lan [hosts=100] [packets=1000 (each host)] [pps=100] [payload=512]
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "protocols/apps/udp_flow.h"
#include "protocols/host/host.h"
#include "sim/lan.h"
#include "sim/node.h"
#include "sim/simulation.h"
#include "tests/benchmarks/program.h"

namespace kamesim {
namespace {

// Counts what comes.
class Sink final : private DatagramHandler {
 public:
  Sink(SocketLayer& sockets, std::uint16_t port) : socket_(sockets, *this) { socket_.bind(port); }
  std::uint64_t received() const { return received_; }

 private:
  void on_datagram(const Datagram&) override { ++received_; }
  UdpSocket socket_;
  std::uint64_t received_ = 0;
};

int run(int argc, char** argv) {
  const std::uint64_t hosts = argument(argc, argv, "hosts", 100);
  const std::uint64_t packets = argument(argc, argv, "packets", 1000);
  const auto pps = static_cast<double>(argument(argc, argv, "pps", 100));
  const auto payload = static_cast<std::uint32_t>(argument(argc, argv, "payload", 512));

  const double begin = user_cpu();
  Simulation simulation(1);
  Lan& lan = simulation.add_medium<Lan>("lan", LinkConfig{.rate_bps = 1'000'000'000, .delay = 1_us});
  const auto join = [&](Host& host) -> EthernetInterface& {
    Nic& nic = host.node().add_nic();
    lan.attach(nic);
    return host.add_interface(nic);
  };
  Host router(simulation.add_node("router"), {.forwarding = true});
  EthernetInterface& interface = join(router);
  const Ipv6Address address = "2001:db8:1::1"_ip6;
  router.stack().add_address(interface, {.address = address});
  router.router_advertisements().advertise(interface, {});  // the prefix of its address
  std::vector<std::unique_ptr<Host>> all;
  for (std::uint64_t i = 0; i < hosts; ++i) {
    all.push_back(std::make_unique<Host>(simulation.add_node("host" + std::to_string(i))));
    join(*all.back());
  }
  const double built = user_cpu();
  const Time start = Time::from_seconds(10);
  simulation.run_until(start - 1_ms);
  const double warm = user_cpu();

  std::uint64_t configured = 0;
  std::vector<std::unique_ptr<UdpFlowSender>> senders;
  std::vector<std::unique_ptr<Sink>> sinks;
  std::mt19937_64 random(1);
  for (std::uint64_t i = 0; i < hosts; ++i) {
    if (all[i]->stack().select_source(address, nullptr) != nullptr) ++configured;
    const auto port = static_cast<std::uint16_t>(9000 + i);
    sinks.push_back(std::make_unique<Sink>(router.sockets(), port));
    const Time first = start + Duration::nanoseconds(static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(1e9 / pps)));
    senders.push_back(std::make_unique<UdpFlowSender>(
        all[i]->sockets(),
        UdpFlowConfig{.flow_id = static_cast<std::uint32_t>(i), .destination = address, .destination_port = port,
                      .payload_bytes = payload, .rate = pps, .start = first,
                      .stop = first + Duration::from_seconds(static_cast<double>(packets) / pps)}));
  }
  const double before = user_cpu();
  simulation.run_until(start + Duration::from_seconds(static_cast<double>(packets) / pps) + 1_s);
  const double cpu = user_cpu() - before;
  std::uint64_t delivered = 0;
  for (const auto& sink : sinks) delivered += sink->received();
  std::printf("{\"workload\": \"lan\", \"hosts\": %llu, \"hosts_configured\": %llu, \"sent\": %llu, \"delivered\": %llu, "
              "\"setup_cpu_s\": %.4f, \"warm_cpu_s\": %.4f, \"run_cpu_s\": %.4f, \"hops_per_cpu_s\": %.0f}\n",
              static_cast<unsigned long long>(hosts), static_cast<unsigned long long>(configured),
              static_cast<unsigned long long>(packets * hosts), static_cast<unsigned long long>(delivered),
              built - begin, warm - built, cpu, static_cast<double>(delivered) / cpu);
  return configured == hosts ? 0 : 1;
}

}  // namespace
}  // namespace kamesim

int main(int argc, char** argv) { return kamesim::run(argc, argv); }
