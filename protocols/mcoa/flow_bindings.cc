#include "protocols/mcoa/flow_bindings.h"

#include <algorithm>
#include <utility>

#include "protocols/mcoa/status.h"

namespace kamesim::mcoa {

namespace {

bool repeats_a_fid(const std::vector<FlowIdentification>& flows) {
  for (auto it = flows.begin(); it != flows.end(); ++it) {
    if (std::find_if(std::next(it), flows.end(), [&](const auto& f) { return f.fid == it->fid; }) != flows.end()) {
      return true;
    }
  }
  return false;
}

// What goes into the acknowledgement (§5.3.5). Of a malformed one there is no telling what its sub-options were.
FlowIdentification answered(FlowIdentification asked, std::uint8_t status) {
  if (asked.malformed) {
    asked.selector.reset();
    asked.bids.reset();
  }
  asked.status = status;
  return asked;
}

}  // namespace

const FlowBindings::List& FlowBindings::of(const Ipv6Address& home_address) const {
  static const List kNone;
  const auto it = flows_.find(home_address);
  return it == flows_.end() ? kNone : it->second;
}

std::vector<FlowIdentification> FlowBindings::on_options(const Ipv6Address& home_address, const Options& options,
                                                         const std::vector<std::uint16_t>& bids) {
  std::vector<FlowIdentification> answers;
  if (!config_.allowed) {
    for (const FlowIdentification& asked : options.flows) answers.push_back(answered(asked, kFlowAdministrativelyProhibited));
    return answers;
  }
  List flows = of(home_address);
  const auto known = [&flows](std::uint16_t fid) { return std::ranges::find(flows, fid, &FlowBinding::fid) != flows.end(); };
  // §5.3.3: a FID that is there twice is ignored the second time.
  std::vector<std::uint16_t> unknown;
  for (const std::uint16_t fid : options.flow_summary) {
    if (!known(fid) && std::ranges::find(unknown, fid) == unknown.end()) unknown.push_back(fid);
  }
  // §5.3.4: what is not referred to is removed.
  std::erase_if(flows, [&](const FlowBinding& flow) {
    return std::ranges::find(options.flow_summary, flow.fid) == options.flow_summary.end() &&
           std::ranges::find(options.flows, flow.fid, &FlowIdentification::fid) == options.flows.end();
  });
  const bool all_rejected = repeats_a_fid(options.flows);  // §5.3.2
  for (const FlowIdentification& asked : options.flows) {
    FlowBinding made;
    const std::uint8_t status = all_rejected ? kFlowRejected : judge(asked, bids, flows, made);
    answers.push_back(answered(asked, status));
    if (status != kFlowBindingSuccessful) continue;
    std::erase_if(flows, [&](const FlowBinding& flow) { return flow.fid == made.fid; });
    flows.insert(std::ranges::upper_bound(flows, made.priority, {}, &FlowBinding::priority), made);
  }
  for (const std::uint16_t fid : unknown) {
    answers.push_back({.fid = fid, .priority = 0, .status = kFlowFidNotFound, .selector = {}, .bids = {}});
  }
  if (flows.empty()) {
    flows_.erase(home_address);
  } else {
    flows_.insert_or_assign(home_address, std::move(flows));
  }
  return answers;
}

std::uint8_t FlowBindings::judge(const FlowIdentification& asked, const std::vector<std::uint16_t>& bids,
                                 const List& kept, FlowBinding& to) const {
  if (asked.malformed || asked.fid == 0 || asked.priority == 0) return kFlowMalformed;
  const auto entry = std::ranges::find(kept, asked.fid, &FlowBinding::fid);
  const bool known = entry != kept.end();
  if (known) to = *entry;
  to.fid = asked.fid;
  to.priority = asked.priority;
  if (asked.selector) {
    if (asked.selector->format != kIpv6BinarySelector) return kFlowSelectorNotSupported;
    const auto selector = parse_traffic_selector(asked.selector->data);
    if (!selector) return kFlowMalformed;
    to.selector = *selector;
  } else if (!known) {
    return kFlowMalformed;
  }
  if (asked.bids) {
    const auto registered = [&bids](std::uint16_t bid) { return std::ranges::find(bids, bid) != bids.end(); };
    if (!std::ranges::all_of(*asked.bids, registered)) return kFlowBidNotFound;
    to.bids = *asked.bids;
  } else if (!known) {
    return kFlowMalformed;
  }
  // §4.2: "two FIDs MUST NOT be associated with the same FID-PRI value".
  const auto takes_its_place = [&](const FlowBinding& other) {
    return other.fid != asked.fid && other.priority == asked.priority;
  };
  if (std::ranges::any_of(kept, takes_its_place)) return kFlowRejected;
  return !known && kept.size() >= config_.max_flows ? kFlowRejected : kFlowBindingSuccessful;
}

}  // namespace kamesim::mcoa
