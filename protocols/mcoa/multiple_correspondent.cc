#include "protocols/mcoa/multiple_correspondent.h"

#include <algorithm>
#include <utility>

#include "protocols/mcoa/status.h"
#include "protocols/mip6/binding_status.h"

namespace kamesim::mcoa {

using Output = MultipleCorrespondent::Output;
using Base = MultipleCorrespondent::Base;
using Policy = MultipleCorrespondentConfig::Policy;

Output MultipleCorrespondent::on_binding_update(Time now, const ReceivedBindingUpdate& r,
                                                const MultipleBindingUpdate& message) {
  if (config_.policy == Policy::Ignore || message.options.none()) return single(now, r);
  // The care-of address that was tested is that of the option, or the one that is known by its BID.
  ReceivedBindingUpdate one = r;
  if (!message.options.bindings.empty()) {
    const BindingIdentifier& option = message.options.bindings.front();
    const CareOfBinding* known = bindings_.find(r.home_address(), option.bid);
    if (option.form == BindingIdentifier::CareOf::Ipv6) one.update.alternate_care_of_address = option.care_of;
    else if (known != nullptr) one.update.alternate_care_of_address = known->care_of;
  }
  Base::Validity validity = base_.on_validity_test(now, one);
  if (validity.answered) return acknowledge(std::move(*validity.answered), message.options);
  if (const auto status = refusal(now, r.home_address(), message)) {
    return acknowledge({.ack = signed_by(reject(one, *status), validity.kbm)}, message.options);
  }
  if (one.requests_deletion()) return remove(now, one, message.options, validity.kbm);
  return add(now, one, message, validity.kbm);
}

// §6.2: without a Binding Identifier option it replaces, or deletes, all that there are.
Output MultipleCorrespondent::single(Time now, const ReceivedBindingUpdate& r) {
  Base::Output out = base_.on_binding_update(now, r);
  if (out.bound || out.unbound) bindings_.erase_all(r.home_address());
  if (out.evicted) bindings_.erase_all(*out.evicted);
  return acknowledge(std::move(out), {});
}

std::optional<std::uint8_t> MultipleCorrespondent::refusal(Time now, const Ipv6Address& home,
                                                           const MultipleBindingUpdate& message) const {
  const Options& options = message.options;
  if (config_.policy == Policy::Prohibit) return kProhibited;
  if (options.malformed) return kMalformed;
  if (options.bindings.size() > 1) return kBulkRegistrationProhibited;  // §6.2: of a correspondent always
  const BindingIdentifier& option = options.bindings.front();
  const CareOfBinding* known = bindings_.find(home, option.bid);
  if (message.update.lifetime == Duration()) {
    return known == nullptr ? std::optional(kNotHomeAgentForThisMobileNode) : std::nullopt;
  }
  // §4.3: zero is reserved, H is for home agents, and "only IPv6 care-of addresses can be stored".
  if (option.bid == 0 || option.home_and_foreign || option.form == BindingIdentifier::CareOf::Ipv4) return kMalformed;
  if (option.form == BindingIdentifier::CareOf::None && known == nullptr) return kUnknownCareOfAddress;
  if (!message.overwrite && cache_.lookup(now, home) && bindings_.of(home).empty()) return kNonMcoaBindingExists;
  const bool another = !message.overwrite && known == nullptr;
  if (another && bindings_.of(home).size() >= config_.max_bindings) return kInsufficientResources;
  return std::nullopt;
}

Output MultipleCorrespondent::add(Time now, const ReceivedBindingUpdate& r, const MultipleBindingUpdate& message,
                                  const BindingManagementKey& kbm) {
  const Ipv6Address home = r.home_address();
  Base::Output out = base_.on_valid_update(now, r, kbm);
  if (out.bound) {
    const BindingIdentifier& option = message.options.bindings.front();
    if (message.overwrite) bindings_.erase_all(home);
    bindings_.put(home, {.bid = option.bid, .care_of = r.care_of(), .home_binding = false, .priority = option.priority,
                         .updated_at = now, .expires = out.bound->expires});
    out.bound = settle(now, home);
  }
  if (out.evicted) bindings_.erase_all(*out.evicted);
  return acknowledge(std::move(out), message.options);
}

Output MultipleCorrespondent::remove(Time now, const ReceivedBindingUpdate& r, const Options& options,
                                     const BindingManagementKey& kbm) {
  const Ipv6Address home = r.home_address();
  bindings_.erase(home, options.bindings.front().bid);
  if (bindings_.of(home).empty()) return acknowledge(base_.on_valid_update(now, r, kbm), options);
  BindingCacheEntry entry = settle(now, home);
  entry.sequence = r.update.sequence;
  cache_.put(entry);
  Base::Output out{.bound = entry};
  if (r.update.acknowledge) {
    BindingAck ack;
    ack.sequence = r.update.sequence;
    out.ack = signed_by(answer(r, ack), kbm);
  }
  return acknowledge(std::move(out), options);
}

// §6.2: options are copied, "the status value MUST always be stored in the Status field of the Binding Acknowledgement".
Output MultipleCorrespondent::acknowledge(Base::Output base, const Options& options) const {
  Output out{.base = std::move(base), .ack = {}};
  if (!out.base.ack) return out;
  out.ack = Ack{*std::exchange(out.base.ack, std::nullopt), {}};
  for (BindingIdentifier option : options.bindings) {
    option.status = 0;
    option.form = BindingIdentifier::CareOf::None;
    option.care_of = {};
    out.ack->options.bindings.push_back(option);
  }
  return out;
}

BindingCacheEntry MultipleCorrespondent::settle(Time now, const Ipv6Address& home) {
  const CareOfBindings::List& list = bindings_.of(home);
  BindingCacheEntry entry = *cache_.find(home);
  entry.care_of = list.front().care_of;
  entry.expires = std::ranges::max(list, {}, &CareOfBinding::expires).expires;
  entry.deadline = base_.first_refresh_request(now, std::ranges::min(list, {}, &CareOfBinding::expires).expires);
  cache_.put(entry);
  return entry;
}

Base::Output MultipleCorrespondent::on_care_of_unreachable(Time now, const Ipv6Address& home) {
  if (bindings_.of(home).size() < 2) return forgotten(base_.on_care_of_unreachable(now, home));
  if (!base_.is_persistently_unreachable(now, home)) return {};
  bindings_.erase(home, std::uint16_t{bindings_.of(home).front().bid});
  BindingCacheEntry entry = settle(now, home);
  entry.unreachable_errors = 0;
  cache_.put(entry);
  return {.bound = entry};
}

Base::Output MultipleCorrespondent::on_timeout(Time now) {
  for (const Ipv6Address& home : bindings_.home_addresses()) {
    const CareOfBindings::List list = bindings_.of(home);
    const auto ends = [now](const CareOfBinding& b) { return b.expires <= now; };
    if (std::ranges::none_of(list, ends) || std::ranges::all_of(list, ends)) continue;  // the entry ends with its last
    for (const CareOfBinding& b : list) {
      if (ends(b)) bindings_.erase(home, b.bid);
    }
    return {.bound = settle(now, home)};
  }
  return forgotten(base_.on_timeout(now));
}

Base::Output MultipleCorrespondent::forgotten(Base::Output out) {
  if (out.unbound) bindings_.erase_all(*out.unbound);
  return out;
}

std::optional<Time> MultipleCorrespondent::next_timeout() const {
  const auto a = base_.next_timeout(), b = bindings_.first_expiry();
  return a && b ? std::min(a, b) : a ? a : b;
}

std::vector<Ipv6Address> MultipleCorrespondent::other_care_of(const Ipv6Address& home) const {
  std::vector<Ipv6Address> others;
  const CareOfBindings::List& list = bindings_.of(home);
  for (std::size_t i = 1; i < list.size(); ++i) others.push_back(list[i].care_of);
  return others;
}

std::vector<std::uint16_t> MultipleCorrespondent::to_be_refreshed(Time now, const Ipv6Address& home) const {
  std::vector<std::uint16_t> soon, all;
  for (const CareOfBinding& b : bindings_.of(home)) {
    all.push_back(b.bid);
    if (base_.first_refresh_request(b.updated_at, b.expires) <= now) soon.push_back(b.bid);
  }
  return soon.empty() ? all : soon;
}

}  // namespace kamesim::mcoa
