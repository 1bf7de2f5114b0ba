#include "protocols/mip6/multicast_listener.h"

#include <algorithm>

namespace kamesim {

bool MulticastListener::join(Time now, const Ipv6Address& group) {
  const auto known = groups_.find(group);
  if (known != groups_.end() && known->second.joined) return false;
  if (known == groups_.end() && groups_.size() >= kMaxGroups) return false;
  State& state = groups_[group];
  state.joined = true;
  change(now, state);
  return true;
}

bool MulticastListener::leave(Time now, const Ipv6Address& group) {
  const auto known = groups_.find(group);
  if (known == groups_.end() || !known->second.joined) return false;
  known->second.joined = false;
  change(now, known->second);
  if (!heard_) groups_.erase(known);  // nobody was told of it
  return true;
}

std::vector<Ipv6Address> MulticastListener::groups() const {
  std::vector<Ipv6Address> joined;
  for (const auto& [group, state] : groups_) {
    if (state.joined) joined.push_back(group);
  }
  return joined;
}

void MulticastListener::change(Time now, State& state) {
  if (!heard_) return;
  state.due = now;
  state.changes_left = kMldRobustness;
}

void MulticastListener::on_query(Time now, const MulticastListenerQuery& query) {
  heard_ = true;
  if (query.version == MldVersion::One) {  // RFC 3810 §9.12, Older Version Querier Present Timeout
    version_ = MldVersion::One;
    version_1_until_ = now + kMldQueryInterval * kMldRobustness + query.max_response_delay;
  } else if (now >= version_1_until_) {
    version_ = MldVersion::Two;
  }
  // RFC 3810 §6.2: one answer to a General Query for all groups; RFC 2710 §4: one for each, each at a time of its own.
  const Duration common = delay_(query.max_response_delay);
  for (auto& [group, state] : groups_) {
    const bool asked = query.group.is_unspecified() || query.group == group;
    if (!asked || !state.joined) continue;
    const Time due = now + (version_ == MldVersion::Two ? common : delay_(query.max_response_delay));
    if (!state.due || due < *state.due) state.due = due;
  }
}

void MulticastListener::on_binding_lost() {
  heard_ = false;
  version_ = MldVersion::Two;
  version_1_until_ = Time();
  std::erase_if(groups_, [](const auto& entry) { return !entry.second.joined; });
  for (auto& [group, state] : groups_) {
    state.due.reset();
    state.changes_left = 0;
  }
}

MulticastListener::Output MulticastListener::on_timeout(Time now) {
  Output out;
  MulticastListenerReportV2 report;
  for (auto it = groups_.begin(); it != groups_.end();) {
    auto& [group, state] = *it;
    if (!state.due || now < *state.due) {
      ++it;
      continue;
    }
    const bool changed = state.changes_left > 0;
    if (version_ == MldVersion::One) {
      out.messages.push_back(
          {state.joined ? Icmp6Type::MulticastListenerReport : Icmp6Type::MulticastListenerDone, group});
    } else {
      using enum MldRecordType;
      report.records.push_back({!state.joined ? ChangeToInclude : changed ? ChangeToExclude : ModeIsExclude, group});
    }
    state.due.reset();
    if (changed && --state.changes_left > 0) state.due = now + delay_(unsolicited_interval());
    // RFC 2710 §4: one Done is enough.
    const bool told = !state.joined && (state.changes_left == 0 || version_ == MldVersion::One);
    it = told ? groups_.erase(it) : std::next(it);
  }
  if (!report.records.empty()) out.report = std::move(report);
  return out;
}

std::optional<Time> MulticastListener::next_timeout() const {
  std::optional<Time> next;
  for (const auto& [group, state] : groups_) {
    if (state.due && (!next || *state.due < *next)) next = state.due;
  }
  return next;
}

}  // namespace kamesim
