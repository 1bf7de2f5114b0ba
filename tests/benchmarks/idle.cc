// N idle hosts, each on a link of its own to an access router (100 of them each), these linked to one core router: memory
// and set-up time of a node. The same workload as ns3/idle.cpp; prints one JSON object on one line.
// Usage: idle [hosts=100000] [per_router=100] [run_s=5]
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "protocols/host/host.h"
#include "sim/link.h"
#include "sim/node.h"
#include "sim/simulation.h"
#include "tests/benchmarks/program.h"

namespace kamesim {
namespace {

double resident_kib() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t all = 0, resident = 0;
  statm >> all >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1024;
}

Ipv6Address link_address(std::uint64_t link, std::uint64_t host) {
  return Ipv6Address::from_halves(0x2001'0db8'0000'0000 | link, host);
}

int run(int argc, char** argv) {
  const std::uint64_t hosts = argument(argc, argv, "hosts", 100'000);
  const std::uint64_t per_router = argument(argc, argv, "per_router", 100);
  const std::uint64_t seconds = argument(argc, argv, "run_s", 5);
  const std::uint64_t routers = (hosts + per_router - 1) / per_router;

  const double begin = total_cpu(), kib_before = resident_kib();
  Simulation simulation(1);
  std::vector<std::unique_ptr<Host>> all;
  for (std::uint64_t i = 0; i < 1 + routers + hosts; ++i) {
    all.push_back(std::make_unique<Host>(simulation.add_node("n" + std::to_string(i)),
                                         Ip6Config{.forwarding = i < 1 + routers}));
  }
  std::uint64_t links = 0;
  const auto connect = [&](Host& up, Host& down) {
    const std::uint64_t link = ++links;
    auto& medium = simulation.add_medium<PointToPointLink>("link" + std::to_string(link),
                                                           LinkConfig{.rate_bps = 1'000'000'000, .delay = 1_ms});
    Nic& a = up.node().add_nic();
    Nic& b = down.node().add_nic();
    medium.attach(a, b);
    EthernetInterface& above = up.add_interface(a);
    EthernetInterface& below = down.add_interface(b);
    up.stack().add_address(above, {.address = link_address(link, 1)});
    down.stack().add_address(below, {.address = link_address(link, 2)});
    down.stack().add_route(
        {.prefix = Ipv6Prefix(Ipv6Address{}, 0), .interface = &below, .next_hop = link_address(link, 1)});
  };
  for (std::uint64_t r = 0; r < routers; ++r) connect(*all[0], *all[1 + r]);
  for (std::uint64_t h = 0; h < hosts; ++h) connect(*all[1 + h / per_router], *all[1 + routers + h]);
  const double nodes = static_cast<double>(all.size());
  const double built = total_cpu(), kib_built = resident_kib();
  const double before_run = user_cpu();
  simulation.run_until(Time() + Duration::seconds(static_cast<std::int64_t>(seconds)));
  const double cpu = user_cpu() - before_run, kib_run = resident_kib();
  std::printf("{\"workload\": \"idle\", \"hosts\": %llu, \"setup_cpu_s\": %.3f, \"setup_us_per_node\": %.2f, "
              "\"setup_rss_kib_per_node\": %.3f, \"rss_kib_per_node\": %.3f, \"run_cpu_s\": %.3f, "
              "\"nodes_per_cpu_s\": %.0f, \"nodes_per_mib\": %.1f}\n",
              static_cast<unsigned long long>(hosts), built - begin, (built - begin) * 1e6 / nodes,
              (kib_built - kib_before) / nodes, (kib_run - kib_before) / nodes, cpu, nodes / (built - begin),
              1024 * nodes / (kib_run - kib_before));
  return 0;
}

}  // namespace
}  // namespace kamesim

int main(int argc, char** argv) { return kamesim::run(argc, argv); }
