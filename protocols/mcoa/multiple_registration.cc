#include "protocols/mcoa/multiple_registration.h"

#include <algorithm>
#include <utility>

#include "protocols/mcoa/status.h"
#include "protocols/mip6/binding_status.h"

namespace kamesim::mcoa {

using Output = MultipleRegistration::Output;
using Policy = MultipleRegistrationConfig::Policy;
using HomeAndForeign = MultipleRegistrationConfig::HomeAndForeign;
using CareOfAddresses = HomeAgentRegistration::CareOfAddresses;

namespace {

bool accepted(std::uint8_t status) { return status < 128; }  // RFC 6275 §6.1.8

// RFC 5648 §6.2: copied "except the Status field"; the care-of address MAY be omitted.
BindingIdentifier copied(BindingIdentifier option, std::uint8_t status) {
  option.status = status;
  option.form = BindingIdentifier::CareOf::None;
  option.care_of = {};
  return option;
}

}  // namespace

Output MultipleRegistration::on_binding_update(Time now, const ReceivedBindingUpdate& r,
                                               const MultipleBindingUpdate& message) {
  const Ipv6Address home = r.home_address();
  if (config_.policy == Policy::Ignore || message.options.none()) return single(now, r);
  if (auto answered = base_.on_validity_test(r)) {
    if (!answered->ack) return {.home = *answered, .ack = {}, .changed = {}};
    return refuse(*answered->ack, message.options);
  }
  if (const auto status = refusal(now, home, message)) return refuse(reject(r, *status), message.options);
  if (r.requests_deletion()) return deregister(now, r, message.options);

  Pending asked{judge(now, home, message), message.overwrite, message.options};
  const auto first = std::ranges::find_if(asked.judged, [](const Judged& j) { return accepted(j.status); });
  if (first == asked.judged.end()) {  // nothing is left of it
    return {.home = {}, .ack = acknowledge(reject(r, asked.judged.front().status), asked.judged, {}), .changed = {}};
  }
  ReceivedBindingUpdate one = r;
  one.update.alternate_care_of_address = first->care_of;
  const Base::Output out = base_.on_valid_update(now, one, CareOfAddresses::Tested);
  if (out.ack) return commit(now, home, out, asked);
  if (out.dropped == nullptr) pending_.insert_or_assign(home, std::move(asked));
  return {.home = out, .ack = {}, .changed = {}};
}

// Without a Binding Identifier option: RFC 5648 §6.2, "its processing is the same as in [RFC3775]", and what was
// registered with BIDs goes.
Output MultipleRegistration::single(Time now, const ReceivedBindingUpdate& r) {
  Output out{.home = base_.on_binding_update(now, r), .ack = {}, .changed = {}};
  const bool waits = !out.home.ack && out.home.dropped == nullptr;
  if (waits) pending_.erase(r.home_address());
  if (!out.home.ack) return out;
  out.ack = Ack{*std::exchange(out.home.ack, std::nullopt), {}};
  if (accepted(out.ack->answer.ack.status) && forget(r.home_address())) out.changed = r.home_address();
  return out;
}

Output MultipleRegistration::refuse(const BindingAckToSend& answer, const Options& options) const {
  Ack ack{answer, {}};
  for (const BindingIdentifier& option : options.bindings) ack.options.bindings.push_back(copied(option, 0));
  return {.home = {}, .ack = ack, .changed = {}};
}

// §6.2, of the Binding Update as a whole.
std::optional<std::uint8_t> MultipleRegistration::refusal(Time now, const Ipv6Address& home,
                                                          const MultipleBindingUpdate& message) const {
  const Options& options = message.options;
  if (config_.policy == Policy::Prohibit) return kProhibited;
  if (options.malformed) return kMalformed;
  if (options.bindings.size() > 1 && !config_.bulk_registration) return kBulkRegistrationProhibited;
  if (message.update.lifetime == Duration()) return std::nullopt;
  const bool home_and_foreign = std::ranges::any_of(options.bindings, &BindingIdentifier::home_and_foreign);
  if (home_and_foreign && config_.home_and_foreign == HomeAndForeign::Prohibit) {
    return kSimultaneousHomeAndForeignProhibited;
  }
  if (!message.overwrite && cache_.lookup(now, home) && bindings_.of(home).empty()) return kNonMcoaBindingExists;
  return std::nullopt;
}

std::vector<MultipleRegistration::Judged> MultipleRegistration::judge(Time now, const Ipv6Address& home,
                                                                      const MultipleBindingUpdate& message) const {
  std::vector<Judged> judged;
  std::size_t room = config_.max_bindings;
  if (!message.overwrite) room -= std::min(room, bindings_.of(home).size());
  for (const BindingIdentifier& option : message.options.bindings) {
    Judged verdict = judge(now, home, option, message.options);
    const auto same = [&](const Judged& j) { return j.option.bid == option.bid; };
    if (std::ranges::any_of(judged, same)) verdict.status = kMalformed;  // §2: not duplicated at the same time
    const bool another = message.overwrite || bindings_.find(home, option.bid) == nullptr;
    if (accepted(verdict.status) && another && room == 0) verdict.status = kInsufficientResources;
    if (accepted(verdict.status) && another) --room;
    judged.push_back(verdict);
  }
  return judged;
}

MultipleRegistration::Judged MultipleRegistration::judge(Time now, const Ipv6Address& home,
                                                         const BindingIdentifier& option,
                                                         const Options& options) const {
  Judged verdict{option, kBindingAccepted, option.care_of};
  const auto refused = [&verdict](std::uint8_t status) {
    verdict.status = status;
    return verdict;
  };
  if (option.bid == 0) return refused(kMalformed);  // §4.3: reserved
  if (option.form == BindingIdentifier::CareOf::None) {
    const CareOfBinding* known = bindings_.find(home, option.bid);
    if (known == nullptr) return refused(kUnknownCareOfAddress);
    verdict.care_of = known->care_of;
  }
  if (option.form == BindingIdentifier::CareOf::Ipv4) return refused(kReasonUnspecified);  // RFC 5555 is not here
  if (!is_unicast_routable(verdict.care_of)) return refused(kMalformed);
  if (option.home_and_foreign) {
    if (verdict.care_of != home) return refused(kMalformed);  // §5.6.3: "MUST be set to the home address"
    const bool reachable = options.link_layer_address || link_layer_address(home) != nullptr;
    if (config_.home_and_foreign == HomeAndForeign::WithoutNdp && !reachable) return refused(kReasonUnspecified);
    return verdict;
  }
  if (const auto status = base_.care_of_refusal(now, home, verdict.care_of)) return refused(*status);
  return verdict;
}

Output MultipleRegistration::deregister(Time now, const ReceivedBindingUpdate& r, const Options& options) {
  const Ipv6Address home = r.home_address();
  std::vector<Judged> judged;
  std::size_t found = 0;
  for (const BindingIdentifier& option : options.bindings) {
    const bool known = bindings_.erase(home, option.bid);
    found += known;
    judged.push_back({option, known ? kBindingAccepted : kNotHomeAgentForThisMobileNode, {}});
  }
  if (found == 0) return refuse(reject(r, kNotHomeAgentForThisMobileNode), options);
  Output out{.home = {}, .ack = {}, .changed = home};
  if (bindings_.of(home).empty()) {
    forget(home);
    out.home = base_.on_valid_update(now, r, CareOfAddresses::Tested);
    out.ack = acknowledge(*std::exchange(out.home.ack, std::nullopt), judged, {});
    return out;
  }
  settle(home);
  BindingAck ack;
  ack.sequence = r.update.sequence;
  ack.mobile_router = r.update.mobile_router;
  out.ack = acknowledge(answer(r, ack), judged, flows_.on_options(home, options, bids(home)));
  return out;
}

Output MultipleRegistration::commit(Time now, const Ipv6Address& home, Base::Output out, const Pending& asked) {
  const BindingAckToSend answer = *std::exchange(out.ack, std::nullopt);
  Output result{.home = {}, .ack = {}, .changed = {}};
  if (!accepted(answer.ack.status)) {
    std::vector<Judged> all = asked.judged;
    for (Judged& each : all) each.status = answer.ack.status;
    result.home = std::move(out);
    result.ack = acknowledge(answer, all, {});
    return result;
  }
  if (asked.overwrite) bindings_.erase_all(home);
  for (const Judged& j : asked.judged) {
    if (!accepted(j.status)) continue;
    bindings_.put(home, {.bid = j.option.bid, .care_of = j.care_of, .home_binding = j.option.home_and_foreign,
                         .priority = j.option.priority, .updated_at = now, .expires = now + answer.ack.lifetime});
  }
  // §5.6.5: an update with the H flag unset ends the forwarding to the home link.
  const auto is_home = [](const Judged& j) { return j.option.home_and_foreign; };
  if (std::ranges::none_of(asked.judged, is_home)) {
    const CareOfBindings::List now_bound = bindings_.of(home);
    for (const CareOfBinding& b : now_bound) {
      if (b.home_binding) bindings_.erase(home, b.bid);
    }
    link_layer_addresses_.erase(home);
  } else if (asked.options.link_layer_address) {
    link_layer_addresses_.insert_or_assign(home, MacAddress(*asked.options.link_layer_address));
  }
  settle(home);
  out.registered = *cache_.find(home);
  result.home = std::move(out);
  result.ack = acknowledge(answer, asked.judged, flows_.on_options(home, asked.options, bids(home)));
  result.changed = home;
  return result;
}

// §6.2: a status that is one binding's stands in its option, in a bulk registration; else in the message.
MultipleRegistration::Ack MultipleRegistration::acknowledge(const BindingAckToSend& answer,
                                                            const std::vector<Judged>& judged,
                                                            std::vector<FlowIdentification> flows) const {
  Ack ack{answer, {}};
  std::uint8_t& status = ack.answer.ack.status;
  const bool some = std::ranges::any_of(judged, [](const Judged& j) { return accepted(j.status); });
  const bool all = std::ranges::all_of(judged, [](const Judged& j) { return accepted(j.status); });
  const bool alike = std::ranges::all_of(judged, [&](const Judged& j) { return j.status == judged.front().status; });
  // §6.3. A de-registration is none.
  const bool without_ndp = config_.home_and_foreign == HomeAndForeign::WithoutNdp && answer.ack.lifetime > Duration();
  const auto of_home_binding = [&](const Judged& j) {
    return without_ndp && j.option.home_and_foreign && accepted(j.status);
  };
  if (!some) {
    status = judged.front().status;
  } else if (!all) {
    status = kNotComplete;
  } else if (std::ranges::any_of(judged, of_home_binding)) {
    status = kReturnHomeWithoutNdp;
  }
  for (const Judged& j : judged) {
    const std::uint8_t own = of_home_binding(j) ? kReturnHomeWithoutNdp : j.status;
    ack.options.bindings.push_back(copied(j.option, alike && !of_home_binding(j) ? 0 : own));
  }
  ack.options.flows = std::move(flows);
  return ack;
}

Output MultipleRegistration::on_dad_result(Time now, const Ipv6Address& home, Base::DadResult result) {
  Base::Output out = base_.on_dad_result(now, home, result);
  const auto it = pending_.find(home);
  if (it == pending_.end() || !out.ack) {
    pending_.erase(home);
    Output whole{.home = std::move(out), .ack = {}, .changed = {}};
    if (whole.home.ack) whole.ack = Ack{*std::exchange(whole.home.ack, std::nullopt), {}};
    return whole;
  }
  const Pending asked = std::move(it->second);
  pending_.erase(it);
  return commit(now, home, std::move(out), asked);
}

Output MultipleRegistration::on_timeout(Time now) {
  for (const Ipv6Address& home : bindings_.home_addresses()) {
    bool expired = false;
    const CareOfBindings::List before = bindings_.of(home);
    for (const CareOfBinding& b : before) expired |= b.expires <= now && bindings_.erase(home, b.bid);
    if (!expired) continue;
    // That of the last one is also that of the Binding Cache entry.
    if (bindings_.of(home).empty()) forget(home);
    else settle(home);
    return {.home = {}, .ack = {}, .changed = home};
  }
  Output out{.home = base_.on_timeout(now), .ack = {}, .changed = {}};
  if (out.home.stop_proxy && forget(out.home.stop_proxy->home_address)) out.changed = out.home.stop_proxy->home_address;
  return out;
}

std::optional<Time> MultipleRegistration::next_timeout() const {
  const auto a = base_.next_timeout(), b = bindings_.first_expiry();
  return a && b ? std::min(a, b) : a ? a : b;
}

void MultipleRegistration::on_prefix_list() {
  for (const Ipv6Address& home : bindings_.home_addresses()) {
    if (const BindingCacheEntry* entry = cache_.find(home)) bindings_.limit(home, entry->expires);
  }
}

const MacAddress* MultipleRegistration::link_layer_address(const Ipv6Address& home) const {
  const auto it = link_layer_addresses_.find(home);
  return it == link_layer_addresses_.end() ? nullptr : &it->second;
}

std::vector<std::uint16_t> MultipleRegistration::bids(const Ipv6Address& home) const {
  std::vector<std::uint16_t> registered;
  for (const CareOfBinding& b : bindings_.of(home)) registered.push_back(b.bid);
  return registered;
}

// Whether there was anything.
bool MultipleRegistration::forget(const Ipv6Address& home) {
  const bool had = !bindings_.of(home).empty();
  bindings_.erase_all(home);
  flows_.erase_all(home);
  link_layer_addresses_.erase(home);
  return had;
}

void MultipleRegistration::settle(const Ipv6Address& home) {
  const CareOfBindings::List& list = bindings_.of(home);
  BindingCacheEntry entry = *cache_.find(home);
  entry.care_of = list.front().care_of;
  entry.expires = std::ranges::max(list, {}, &CareOfBinding::expires).expires;
  entry.deadline = entry.expires;
  cache_.put(entry);
}

}  // namespace kamesim::mcoa
