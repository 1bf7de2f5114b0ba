#include "protocols/mcoa/own_flows.h"

#include <algorithm>

#include "protocols/mcoa/status.h"

namespace kamesim::mcoa {

void OwnFlows::put(const FlowBinding& flow) { entries_.insert_or_assign(flow.fid, Entry{flow, {}, {}, {}}); }

bool OwnFlows::erase(std::uint16_t fid) {
  const auto it = entries_.find(fid);
  if (it == entries_.end()) return false;
  removed_ |= it->second.registered.has_value();
  entries_.erase(it);
  return true;
}

FlowBindings::List OwnFlows::wanted() const {
  FlowBindings::List flows;
  for (const auto& [fid, entry] : entries_) flows.push_back(entry.wanted);
  std::ranges::stable_sort(flows, {}, &FlowBinding::priority);
  return flows;
}

std::vector<std::uint16_t> OwnFlows::among(const std::vector<std::uint16_t>& wanted,
                                           const std::vector<std::uint16_t>& bids) {
  std::vector<std::uint16_t> both;
  std::ranges::copy_if(wanted, std::back_inserter(both),
                       [&bids](std::uint16_t bid) { return std::ranges::find(bids, bid) != bids.end(); });
  return both;
}

std::vector<std::uint16_t> OwnFlows::news(const Entry& entry, const std::vector<std::uint16_t>& bids) {
  if (entry.refused) return {};
  const std::vector<std::uint16_t> told = among(entry.wanted.bids, bids);
  if (!entry.registered) return told;
  // Of BIDs that it had the home agent keeps the entry: only others are news.
  const bool known = among(told, *entry.registered).size() == told.size();
  return known ? std::vector<std::uint16_t>() : told;
}

bool OwnFlows::due(const std::vector<std::uint16_t>& bids) const {
  return removed_ || std::ranges::any_of(entries_, [&](const auto& e) { return !news(e.second, bids).empty(); });
}

void OwnFlows::write(Options& options, const std::vector<std::uint16_t>& bids) {
  removed_ = false;
  for (auto& [fid, entry] : entries_) {
    entry.asked = news(entry, bids);
    if (entry.asked.empty()) {
      if (entry.registered) options.flow_summary.push_back(fid);
      continue;
    }
    options.flows.push_back({.fid = fid, .priority = entry.wanted.priority, .status = 0,
                             .selector = FlowIdentification::Selector{kIpv6BinarySelector, to_bytes(entry.wanted.selector)},
                             .bids = entry.asked});
  }
}

void OwnFlows::on_ack(const Options& options) {
  for (auto& [fid, entry] : entries_) {
    const auto answer = std::ranges::find(options.flows, fid, &FlowIdentification::fid);
    const bool answered = answer != options.flows.end();
    if (!entry.asked.empty()) {
      const std::uint8_t status = answered ? answer->status : kFlowAdministrativelyProhibited;
      if (status == kFlowBindingSuccessful) entry.registered = entry.asked;
      else entry.refused = status;
    } else if (answered && answer->status == kFlowFidNotFound) {
      entry.registered.reset();  // to be told in full
    }
    entry.asked.clear();
  }
}

void OwnFlows::forget() {
  removed_ = false;
  for (auto& [fid, entry] : entries_) entry.registered.reset(), entry.asked.clear();
}

}  // namespace kamesim::mcoa
