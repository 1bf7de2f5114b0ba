// Structures for pending events, compared: the simulation's own (a timing wheel, and a tournament of what is near), such a
// tournament alone, a 4-ary heap, and a ladder queue; on the HOLD model, and on what scenarios did. One JSON object a line.
// Usage: event_queues [workload=hold] [pending=1000] [events=2000000] [structure=all|wheel|tournament|heap|ladder]
//        event_queues workload=chain|lan [size=10] [seconds=6]
#include <cmath>
#include <cstdio>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "protocols/host/host.h"
#include "sim/event_queue.h"
#include "sim/lan.h"
#include "sim/link.h"
#include "sim/near_events.h"
#include "tests/benchmarks/event_trace.h"
#include "tests/benchmarks/heap_queue.h"
#include "tests/benchmarks/ladder_queue.h"
#include "tests/benchmarks/machine.h"
#include "tests/benchmarks/program.h"

namespace kamesim {
namespace {

struct Wheel {
  struct Event : kamesim::Event {
    Event() : kamesim::Event(kKind) {}
    static inline Event* fired = nullptr;
    static void fire(kamesim::Event& e) { fired = static_cast<Event*>(&e); }
    static constexpr Kind kKind{&fire};
  };
  void schedule(Event& event, const EventKey& key, bool) { queue.schedule(event, key); }
  void cancel(Event& event) { queue.cancel(event); }
  const EventKey& first_key() { return queue.next_key(); }
  Event& take_first() {
    queue.fire_next();
    return *Event::fired;
  }
  EventQueue queue;
};

struct Tournament {
  using Event = Wheel::Event;
  void schedule(Event& event, const EventKey& key, bool pending) {
    if (pending) {
      events.move(event, key);
    } else {
      events.push(event, key);
    }
  }
  void cancel(Event& event) { events.remove(event); }
  const EventKey& first_key() { return events.first_key(); }
  Event& take_first() { return static_cast<Event&>(events.take_first()); }
  NearEvents events;
};

struct Result {
  std::size_t pending, events;
  double cpu;
};

void report(const std::string& workload, const char* structure, const Result& r) {
  const auto events = static_cast<double>(r.events);
  std::printf("{\"workload\": \"%s\", \"structure\": \"%s\", \"pending\": %zu, \"events\": %zu, "
              "\"ns_per_event\": %.1f, \"events_per_cpu_s\": %.0f}\n",
              workload.c_str(), structure, r.pending, r.events, r.cpu * 1e9 / events, events / r.cpu);
}

template <typename Structure>
Result hold(std::size_t pending, std::size_t events) {
  std::mt19937_64 random(1);
  std::exponential_distribution<double> exponential(1.0);
  const auto increment = [&] { return Duration::nanoseconds(1 + std::llround(exponential(random) * 1e9)); };
  std::vector<Duration> increments(1 << 16);
  for (Duration& d : increments) d = increment();
  std::deque<typename Structure::Event> timers(pending);
  Structure structure;
  std::uint64_t tie = 0;
  for (auto& timer : timers) structure.schedule(timer, {Time() + increment(), ++tie}, false);
  const auto run = [&](std::size_t count) {
    const double before = user_cpu();
    for (std::size_t i = 0; i < count; ++i) {
      const Time now = structure.first_key().time;
      structure.schedule(structure.take_first(), {now + increments[++tie % increments.size()], tie}, false);
    }
    return user_cpu() - before;
  };
  run(pending + events / 10);  // the fill is forgotten
  const double cpu = run(events);
  while (pending-- > 0) structure.take_first();
  return {timers.size(), events, cpu};
}

template <typename Structure>
Result replay(const EventTrace& trace) {
  using What = EventOperation::What;
  std::deque<typename Structure::Event> all(trace.events);
  std::vector<typename Structure::Event*> events;
  for (auto& event : all) events.push_back(&event);
  std::vector<bool> pending(trace.events);
  Structure structure;
  std::size_t fired = 0;
  const double before = user_cpu();
  for (const EventOperation& operation : trace.operations) {
    auto& event = *events[operation.event];
    switch (operation.what) {
      case What::Schedule:
        structure.schedule(event, operation.key, pending[operation.event]);
        pending[operation.event] = true;
        break;
      case What::Cancel:
        structure.cancel(event);
        pending[operation.event] = false;
        break;
      case What::Fire:
        if (&structure.take_first() != &event) std::abort();  // not the order of the run
        pending[operation.event] = false;
        ++fired;
    }
  }
  const double cpu = user_cpu() - before;
  for (std::uint32_t i = 0; i < trace.events; ++i) {
    if (pending[i]) structure.cancel(*events[i]);
  }
  return {trace.most_pending, fired, cpu};
}

// A line of routers with a flow of 1,000 datagrams a second each way: every link has frames under way.
EventTrace chain(std::size_t routers, Time until) {
  Simulation simulation(1);
  std::vector<std::unique_ptr<Machine>> machines;
  for (std::size_t i = 0; i < routers + 2; ++i) {
    machines.push_back(std::make_unique<Machine>(simulation, "n" + std::to_string(i), i > 0 && i <= routers));
  }
  for (std::size_t i = 0; i + 1 < machines.size(); ++i) {
    auto& link = simulation.add_medium<PointToPointLink>("link" + std::to_string(i),
                                                         LinkConfig{.rate_bps = 1'000'000'000, .delay = 1_ms});
    Nic &a = machines[i]->node.add_nic(), &b = machines[i + 1]->node.add_nic();
    link.attach(a, b);
    machines[i]->stack.add_address(machines[i]->stack.add_interface(a), {.address = link_address(i, 1)});
    machines[i + 1]->stack.add_address(machines[i + 1]->stack.add_interface(b), {.address = link_address(i, 2)});
  }
  for (std::size_t i = 0; i < machines.size(); ++i) {
    for (std::size_t l = 0; l < machines.size() - 1; ++l) {
      if (l + 1 == i || l == i) continue;
      const std::size_t out = l > i ? i : i - 1;
      Ip6Interface& egress = *machines[i]->stack.interfaces()[l > i && i > 0 ? 2 : 1];
      machines[i]->stack.routes().add({.prefix = Ipv6Prefix(link_address(l, 0), 64), .interface = &egress,
                                       .next_hop = link_address(out, l > i ? 2 : 1)});
    }
  }
  Flow there(*machines.front(), *machines.back(), link_address(routers, 2), 9000, 512, 1'000'000, 1_ms, Time() + 3_s);
  Flow back(*machines.back(), *machines.front(), link_address(0, 1), 9001, 512, 1'000'000, 1_ms, Time() + 3_s);
  return record(simulation, until);
}

// A LAN of idle hosts that a router advertises to: timers, and bursts of multicasts.
EventTrace lan(std::size_t hosts, Time until) {
  Simulation simulation(1);
  auto& lan = simulation.add_medium<Lan>("lan", LinkConfig{.rate_bps = 1'000'000'000, .delay = 1_us});
  std::vector<std::unique_ptr<Host>> all;
  for (std::size_t i = 0; i <= hosts; ++i) {
    all.push_back(std::make_unique<Host>(simulation.add_node("n" + std::to_string(i)), Ip6Config{.forwarding = i == 0}));
    Nic& nic = all.back()->node().add_nic();
    lan.attach(nic);
    EthernetInterface& interface = all.back()->add_interface(nic);
    if (i > 0) continue;
    all[0]->stack().add_address(interface, {.address = "2001:db8:1::1"_ip6});
    all[0]->router_advertisements().advertise(interface, {});
  }
  return record(simulation, until);
}

int run(int argc, char** argv) {
  const std::string workload(text_argument(argc, argv, "workload", "hold"));
  const std::string structure(text_argument(argc, argv, "structure", "all"));
  const auto size = argument(argc, argv, "size", 10);
  const Time until = Time() + Duration::seconds(static_cast<std::int64_t>(argument(argc, argv, "seconds", 6)));
  const auto wanted = [&](const char* name) { return structure == "all" || structure == name; };
  const auto compare = [&](auto&& measure) {
    if (wanted("wheel")) report(workload, "wheel", measure.template operator()<Wheel>());
    if (wanted("tournament")) report(workload, "tournament", measure.template operator()<Tournament>());
    if (wanted("heap")) report(workload, "heap", measure.template operator()<HeapQueue>());
    if (wanted("ladder")) report(workload, "ladder", measure.template operator()<LadderQueue>());
  };
  if (workload == "hold") {
    const auto pending = argument(argc, argv, "pending", 1000), events = argument(argc, argv, "events", 2'000'000);
    compare([&]<typename Structure>() { return hold<Structure>(pending, events); });
  } else if (workload == "chain" || workload == "lan") {
    const EventTrace trace = workload == "chain" ? chain(size, until) : lan(size, until);
    compare([&]<typename Structure>() { return replay<Structure>(trace); });
  } else {
    std::fprintf(stderr, "event_queues: no workload '%s'; there are hold, chain and lan\n", workload.c_str());
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace kamesim

int main(int argc, char** argv) { return kamesim::run(argc, argv); }
