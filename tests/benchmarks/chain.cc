// host -- N routers in a line -- host: UDP constant-rate flows end to end, the whole stack on, real bytes and
// checksums. The same workload as ns3/chain.cpp; prints one JSON object on one line.
// Usage: chain [routers=10] [flows=10] [packets=100000] [pps=1000] [payload=512] [threads=1]
//              [capture=0 (1: of all NICs, both directions, from the start of the flows on; the file does not stay)]
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/link.h"
#include "sim/node.h"
#include "sim/pcapng.h"
#include "sim/simulation.h"
#include "tests/benchmarks/machine.h"
#include "tests/benchmarks/program.h"

namespace kamesim {
namespace {

// A capture of all NICs into a file of its own, which goes with it.
class TemporaryCapture {
 public:
  explicit TemporaryCapture(const std::vector<std::unique_ptr<Machine>>& machines)
      : path_(folder() / ("kamesim-chain-" + std::to_string(getpid()) + ".pcapng")),
        writer_(path_) {
    for (const auto& machine : machines) {
      for (const auto& nic : machine->node.nics()) writer_.add(*nic);
    }
  }
  ~TemporaryCapture() { std::filesystem::remove(path_); }
  TemporaryCapture(const TemporaryCapture&) = delete;
  TemporaryCapture& operator=(const TemporaryCapture&) = delete;

 private:
  // In memory if there is such a place: a disk's speed is not what is measured.
  static std::filesystem::path folder() {
    const std::filesystem::path memory = "/dev/shm";
    return std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
  }
  std::filesystem::path path_;
  PcapngWriter writer_;
};

int run(int argc, char** argv) {
  const std::uint64_t routers = argument(argc, argv, "routers", 10);
  const std::uint64_t flows = argument(argc, argv, "flows", 10);
  const std::uint64_t packets = argument(argc, argv, "packets", 100'000) / flows;
  const std::uint64_t pps = argument(argc, argv, "pps", 1000);
  const std::uint64_t payload = argument(argc, argv, "payload", 512);
  const auto threads = static_cast<std::uint32_t>(argument(argc, argv, "threads", 1));

  const double begin = user_cpu();
  Simulation simulation(1);
  std::vector<std::unique_ptr<Machine>> machines;
  for (std::uint64_t i = 0; i < routers + 2; ++i) {
    const bool router = i > 0 && i <= routers;
    machines.push_back(std::make_unique<Machine>(simulation, "n" + std::to_string(i), router));
  }
  const std::uint64_t links = routers + 1;
  std::vector<Ip6Interface*> egress;
  for (std::uint64_t i = 0; i < links; ++i) {
    auto& link = simulation.add_medium<PointToPointLink>("link" + std::to_string(i),
                                                         LinkConfig{.rate_bps = 1'000'000'000, .delay = 1_ms});
    Nic& a = machines[i]->node.add_nic();
    Nic& b = machines[i + 1]->node.add_nic();
    link.attach(a, b);
    EthernetInterface& ia = machines[i]->stack.add_interface(a);
    EthernetInterface& ib = machines[i + 1]->stack.add_interface(b);
    machines[i]->stack.add_address(ia, {.address = link_address(i, 1)});
    machines[i + 1]->stack.add_address(ib, {.address = link_address(i, 2)});
    egress.push_back(&ia);
  }
  const Ipv6Address destination = link_address(links - 1, 2);
  const Ipv6Address source = link_address(0, 1);
  for (std::uint64_t i = 0; i + 1 < links; ++i) {
    machines[i]->stack.routes().add(
        {.prefix = Ipv6Prefix(destination, 64), .interface = egress[i], .next_hop = link_address(i, 2)});
    auto& back = *machines[i + 2]->stack.interfaces()[1];
    machines[i + 2]->stack.routes().add(
        {.prefix = Ipv6Prefix(source, 64), .interface = &back, .next_hop = link_address(i + 1, 1)});
  }
  const Time start = Time::from_seconds(5);
  const Duration interval = 1_s / static_cast<std::int64_t>(pps);
  std::vector<std::unique_ptr<Flow>> all;
  for (std::uint64_t f = 0; f < flows; ++f) {
    all.push_back(std::make_unique<Flow>(*machines.front(), *machines.back(), destination,
                                         static_cast<std::uint16_t>(9000 + f), payload, packets, interval,
                                         start + interval * static_cast<std::int64_t>(f) / static_cast<std::int64_t>(flows)));
  }
  const double built = user_cpu();
  simulation.at(start - 1_s, [&] { all.front()->warm_up(); });
  simulation.run_until(start - 1_ns);
  const double warm = user_cpu();
  const std::uint64_t events_before = simulation.events_fired();
  const Time end = start + interval * static_cast<std::int64_t>(packets) + 1_s;
  std::optional<TemporaryCapture> capture;
  if (argument(argc, argv, "capture", 0) != 0) capture.emplace(machines);
  const double began = real_time(), began_cpu = total_cpu();
  if (threads == 1) {
    simulation.run_until(end);
  } else {
    simulation.run_until(end, threads);
  }
  const double real = real_time() - began;
  const double cpu = user_cpu() - warm, all_cpu = total_cpu() - began_cpu;
  const std::uint64_t events = simulation.events_fired() - events_before;

  std::uint64_t delivered = 0;
  for (const auto& flow : all) delivered += flow->delivered();
  --delivered;  // the one that warmed up
  const std::uint64_t hops = delivered * links;
  std::printf("{\"workload\": \"chain\", \"routers\": %lu, \"flows\": %lu, \"payload\": %lu, \"sent\": %lu, "
              "\"delivered\": %lu, \"events\": %lu, \"packet_hops\": %lu, \"run_cpu_s\": %.6f, \"run_s\": %.6f, "
              "\"setup_cpu_s\": %.6f, \"warm_cpu_s\": %.6f, \"hops_per_cpu_s\": %.0f, \"ns_per_hop\": %.1f, "
              "\"total_ns_per_hop\": %.1f}\n",
              routers, flows, payload, packets * flows, delivered, events, hops, cpu, real, built - begin, warm - built,
              cpu > 0 ? static_cast<double>(hops) / cpu : 0.0, cpu > 0 ? cpu * 1e9 / static_cast<double>(hops) : 0.0,
              hops > 0 ? all_cpu * 1e9 / static_cast<double>(hops) : 0.0);
  return delivered == packets * flows ? 0 : 1;
}

}  // namespace
}  // namespace kamesim

int main(int argc, char** argv) { return kamesim::run(argc, argv); }
