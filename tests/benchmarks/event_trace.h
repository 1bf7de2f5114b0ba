// What scenarios of ours do with pending events, written down to be done again on other structures.
#pragma once

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sim/event_queue.h"
#include "sim/node.h"
#include "sim/simulation.h"

namespace kamesim {

struct EventOperation {
  enum class What : std::uint8_t { Schedule, Cancel, Fire } what;
  std::uint32_t event;
  EventKey key;
};

struct EventTrace {
  std::uint32_t events = 0;
  std::size_t most_pending = 0;
  std::vector<EventOperation> operations;
};

// Steps the simulation until `until`, and compares what is pending before and after each event. What one event does to
// another several times counts once.
inline EventTrace record(Simulation& simulation, Time until) {
  using What = EventOperation::What;
  EventQueue& queue = simulation.nodes().front()->events();
  EventTrace trace;
  std::unordered_map<const Event*, std::uint32_t> numbers;
  const auto number = [&](const Event* event) {
    return numbers.emplace(event, static_cast<std::uint32_t>(numbers.size())).first->second;
  };
  using Pending = std::vector<std::pair<const Event*, EventKey>>;
  const auto earlier = [](const auto& a, const auto& b) { return a.second < b.second; };
  const auto look = [&] {
    Pending pending;
    for (const auto& [key, event] : queue.take_all()) {
      pending.emplace_back(event, key);
      queue.schedule(*event, key);
    }
    std::ranges::sort(pending, {}, &Pending::value_type::first);
    trace.most_pending = std::max(trace.most_pending, pending.size());
    return pending;
  };
  Pending before;
  do {
    const Pending after = look();
    auto old = before.begin();
    for (const auto& [event, key] : after) {
      for (; old != before.end() && old->first < event; ++old) {
        trace.operations.push_back({What::Cancel, number(old->first), {}});
      }
      const bool same = old != before.end() && old->first == event && old->second == key;
      if (!same) trace.operations.push_back({What::Schedule, number(event), key});
      if (old != before.end() && old->first == event) ++old;
    }
    for (; old != before.end(); ++old) trace.operations.push_back({What::Cancel, number(old->first), {}});
    before = after;
    const auto first = std::ranges::min_element(before, earlier);
    if (first != before.end() && first->second.time <= until) {
      trace.operations.push_back({What::Fire, number(first->first), {}});
      before.erase(first);
    }
  } while (simulation.step(until));
  trace.events = static_cast<std::uint32_t>(numbers.size());
  return trace;
}

}  // namespace kamesim
