// One bulk TCP transfer: host -- R routers -- host, without loss: the receive buffer bounds the window a little above
// the product of bandwidth and delay. The same workload as ns3/tcp.cpp; prints one JSON object on one line.
// Usage: tcp [routers=3] [seconds=5] [rate_mbps=1000] [delay_us=2500 (each link)] [window=3000000] [cc=newreno] [sack=1]
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "protocols/apps/tcp_flow.h"
#include "protocols/ip6/stack.h"
#include "protocols/tcp/layer.h"
#include "sim/link.h"
#include "sim/node.h"
#include "sim/simulation.h"
#include "tests/benchmarks/program.h"

namespace kamesim {
namespace {

struct Machine {
  Machine(Simulation& simulation, const std::string& name, bool router)
      : node(simulation.add_node(name)), stack(node, {.forwarding = router, .hop_limit = 255}), tcp(stack) {}
  Node& node;
  Ip6Stack stack;
  TcpLayer tcp;
};

Ipv6Address link_address(std::uint64_t link, std::uint64_t host) {
  return Ipv6Address::from_halves(0x2001'0db8'0000'0000 | link, host);
}

int run(int argc, char** argv) {
  const std::uint64_t routers = argument(argc, argv, "routers", 3);
  const std::uint64_t seconds = argument(argc, argv, "seconds", 5);
  const std::uint64_t rate = argument(argc, argv, "rate_mbps", 1000);
  const auto delay = static_cast<std::int64_t>(argument(argc, argv, "delay_us", 2500));
  const auto window = static_cast<std::uint32_t>(argument(argc, argv, "window", 3'000'000));
  const bool sack = argument(argc, argv, "sack", 1) != 0;
  const std::string control(text_argument(argc, argv, "cc", "newreno"));

  const double begin = user_cpu();
  Simulation simulation(1);
  std::vector<std::unique_ptr<Machine>> machines;
  for (std::uint64_t i = 0; i < routers + 2; ++i) {
    const bool router = i > 0 && i <= routers;
    machines.push_back(std::make_unique<Machine>(simulation, "n" + std::to_string(i), router));
  }
  const std::uint64_t links = routers + 1;
  std::vector<std::pair<Ip6Interface*, Ip6Interface*>> ends;
  for (std::uint64_t i = 0; i < links; ++i) {
    auto& link = simulation.add_medium<PointToPointLink>(
        "link" + std::to_string(i), LinkConfig{.rate_bps = rate * 1'000'000, .delay = Duration::microseconds(delay),
                                               .queue_limit = 20'000});
    Nic& a = machines[i]->node.add_nic();
    Nic& b = machines[i + 1]->node.add_nic();
    link.attach(a, b);
    EthernetInterface& ia = machines[i]->stack.add_interface(a);
    EthernetInterface& ib = machines[i + 1]->stack.add_interface(b);
    machines[i]->stack.add_address(ia, {.address = link_address(i, 1)});
    machines[i + 1]->stack.add_address(ib, {.address = link_address(i, 2)});
    ends.emplace_back(&ia, &ib);
  }
  const Ipv6Address server = link_address(links - 1, 2);
  const Ipv6Address client = link_address(0, 1);
  for (std::uint64_t i = 0; i + 1 < links; ++i) {
    machines[i]->stack.routes().add(
        {.prefix = Ipv6Prefix(server, 64), .interface = ends[i].first, .next_hop = link_address(i, 2)});
    machines[i + 2]->stack.routes().add(
        {.prefix = Ipv6Prefix(client, 64), .interface = ends[i + 1].second, .next_hop = link_address(i + 1, 1)});
  }
  const Time start = Time() + 5_s;
  const TcpSocketOptions options{
      .send_buffer = 2 * window, .receive_buffer = window, .congestion_control = control, .sack = sack};
  TcpFlowReceiver receiver(machines.back()->tcp, 5001, options, 1_s);
  TcpFlowSender sender(machines.front()->tcp,
                       {.destination = server, .destination_port = 5001, .start = start, .options = options});
  const double built = user_cpu();
  simulation.run_until(start - 1_ns);
  const double warm = user_cpu();
  const double real_begin = real_time();
  simulation.run_until(start + Duration::seconds(static_cast<std::int64_t>(seconds)));
  const double cpu = user_cpu() - warm;

  const TcpInfo info = sender.info();
  const std::uint64_t hops = receiver.octets() / info.mss * links;  // of data segments
  std::printf("{\"workload\": \"tcp\", \"routers\": %llu, \"goodput_mbps\": %.1f, \"retransmissions\": %llu, "
              "\"mss\": %u, \"packet_hops\": %llu, \"setup_cpu_s\": %.4f, \"warm_cpu_s\": %.4f, \"run_cpu_s\": %.4f, "
              "\"run_real_s\": %.4f, \"hops_per_cpu_s\": %.0f}\n",
              static_cast<unsigned long long>(routers),
              static_cast<double>(receiver.octets()) * 8e-6 / static_cast<double>(seconds),
              static_cast<unsigned long long>(info.retransmissions), info.mss, static_cast<unsigned long long>(hops),
              built - begin, warm - built, cpu, real_time() - real_begin, static_cast<double>(hops) / cpu);
  return 0;
}

}  // namespace
}  // namespace kamesim

int main(int argc, char** argv) { return kamesim::run(argc, argv); }
