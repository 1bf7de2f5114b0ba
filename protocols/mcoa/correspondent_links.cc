#include "protocols/mcoa/correspondent_links.h"

#include <algorithm>

#include "protocols/mcoa/status.h"

namespace kamesim::mcoa {

using Output = CorrespondentLinks::Output;

CorrespondentLinks::Part& CorrespondentLinks::part_of(std::uint16_t bid) {
  const auto known = parts_.find(bid);
  if (known != parts_.end()) return known->second;
  const CorrespondentUpdaterConfig config{.home_address = home_, .correspondent = correspondent_, .acknowledge = true,
                                          .numbering = &numbering_};
  return parts_.try_emplace(bid, config, ReturnRoutabilityConfig{.home_address = home_}, random_).first->second;
}

std::vector<CorrespondentLinks::Parts::value_type*> CorrespondentLinks::in_order() {
  std::vector<Parts::value_type*> order;
  for (auto& part : parts_) order.push_back(&part);
  std::ranges::stable_sort(order, {}, [](const auto* part) { return part->second.place; });
  return order;
}

template <typename Event>
Output CorrespondentLinks::to_all(Time now, Event event) {
  Output out;
  for (auto& part : parts_) absorb(now, part, event(part.second), out);
  return out;
}

Output CorrespondentLinks::on_links(Time now, const std::vector<Registered>& links) {
  Output out;
  int place = 0;
  for (const Registered& link : links) {
    Part& part = part_of(link.bid);
    part.place = place++;
    part.link = link;
  }
  const auto gone = [&links](std::uint16_t bid) { return std::ranges::find(links, bid, &Registered::bid) == links.end(); };
  // What is gone first, so that the correspondent sends nothing there any more.
  for (auto& part : parts_) {
    if (!gone(part.first) || !part.second.link) continue;
    part.second.link.reset();
    part.second.place = static_cast<int>(links.size());
    const bool by_another = !plain_ && !links.empty();
    absorb(now, part, by_another ? part.second.updater.on_return_home(now) : part.second.updater.on_detach(now), out);
  }
  for (const Registered& link : links) {
    auto& part = *parts_.find(link.bid);
    if (plain_ && link.bid != links.front().bid) absorb(now, part, part.second.updater.on_detach(now), out);
    else absorb(now, part, part.second.updater.on_home_registration(now, link.binding), out);
  }
  return out;
}

Output CorrespondentLinks::on_return_home(Time now) {
  bootstrapped_ = false;
  for (auto& part : parts_) part.second.link.reset();
  return to_all(now, [now](Part& part) { return part.updater.on_return_home(now); });
}

Output CorrespondentLinks::on_tunnelled_packet(Time now) {
  const std::vector<Parts::value_type*> order = in_order();
  Output out;
  for (Parts::value_type* part : order) {
    if (plain_ && part != order.front()) break;
    if (part->second.link) absorb(now, *part, part->second.updater.on_tunnelled_packet(now), out);
  }
  return out;
}

Output CorrespondentLinks::on_home_test(Time now, const HomeTest& test, const Ipv6Address& destination,
                                        ReturnRoutability::Path path) {
  Output out;
  out.dropped = &kTestUnexpected;
  for (auto& part : parts_) {  // the cookie says whose it is
    const auto answer = part.second.routability.on_home_test(now, test, destination, path);
    if (answer.dropped != nullptr) continue;
    out.dropped = nullptr;
    absorb(now, part, answer, out);
    return out;
  }
  return out;
}

Output CorrespondentLinks::on_care_of_test(Time now, const CareOfTest& test, const Ipv6Address& destination) {
  Output out;
  out.dropped = &kTestUnexpected;
  for (auto& part : parts_) {
    const auto answer = part.second.routability.on_care_of_test(now, test, destination);
    if (answer.dropped != nullptr) continue;
    out.dropped = nullptr;
    absorb(now, part, answer, out);
    return out;
  }
  return out;
}

Output CorrespondentLinks::on_binding_ack(Time now, const MultipleBindingAck& ack, Bytes mobility_header) {
  Output out;
  out.dropped = &kBackUnmatched;
  for (auto& part : parts_) {
    const auto is_its = [&](const BindingIdentifier& b) { return b.bid == part.first; };
    if (!ack.options.bindings.empty() && std::ranges::none_of(ack.options.bindings, is_its)) continue;
    const auto answer = part.second.updater.on_binding_ack(now, {ack.ack, mobility_header});
    if (answer.dropped != nullptr) continue;
    out.dropped = nullptr;
    absorb(now, part, answer, out);
    // §5.7: it has not understood the option, or does not want it.
    const bool ignored = answer.bound && ack.options.none();
    if (!plain_ && (ignored || ack.ack.status == kProhibited)) become_plain(now, part.first, out);
    if (ack.ack.status == kNonMcoaBindingExists) bootstrapped_ = false;
    return out;
  }
  return out;
}

void CorrespondentLinks::become_plain(Time now, std::uint16_t kept, Output& out) {
  plain_ = true;
  for (auto& part : parts_) {
    if (part.first != kept) absorb(now, part, part.second.updater.on_detach(now), out);
  }
}

Output CorrespondentLinks::on_binding_refresh_request(Time now, const std::vector<std::uint16_t>& bids) {
  Output out;
  for (auto& part : parts_) {
    const bool asked = bids.empty() || std::ranges::find(bids, part.first) != bids.end();
    if (asked) absorb(now, part, part.second.updater.on_binding_refresh_request(now), out);
  }
  return out;
}

Output CorrespondentLinks::on_binding_error(Time now, const BindingError& error) {
  bootstrapped_ = false;
  return to_all(now, [&](Part& part) { return part.updater.on_binding_error(now, error); });
}

Output CorrespondentLinks::on_mobility_header_unsupported(Time now) {
  return to_all(now, [now](Part& part) { return part.updater.on_mobility_header_unsupported(now); });
}

Output CorrespondentLinks::on_timeout(Time now) {
  Output out;
  for (auto& part : parts_) {
    const auto due = [now](const std::optional<Time>& deadline) { return deadline && *deadline <= now; };
    if (due(part.second.routability.next_timeout())) absorb(now, part, part.second.routability.on_timeout(now), out);
    if (due(part.second.updater.next_timeout())) absorb(now, part, part.second.updater.on_timeout(now), out);
  }
  return out;
}

std::optional<Time> CorrespondentLinks::next_timeout() const {
  std::optional<Time> next;
  for (const auto& [bid, part] : parts_) {
    for (const auto& deadline : {part.updater.next_timeout(), part.routability.next_timeout()}) {
      if (deadline && (!next || *deadline < *next)) next = deadline;
    }
  }
  return next;
}

std::optional<Ipv6Address> CorrespondentLinks::way() const {
  const Part* best = nullptr;
  for (const auto& [bid, part] : parts_) {
    const bool usable = part.link && part.updater.binding() && part.updater.binding()->care_of == part.link->binding.care_of;
    if (usable && (best == nullptr || part.place < best->place)) best = &part;
  }
  return best == nullptr ? std::nullopt : std::optional(best->link->binding.care_of);
}

std::vector<std::uint16_t> CorrespondentLinks::bound() const {
  std::vector<std::uint16_t> bids;
  for (const auto& [bid, part] : parts_) {
    if (part.updater.binding()) bids.push_back(bid);
  }
  return bids;
}

void CorrespondentLinks::absorb(Time now, Parts::value_type& entry, const CorrespondentUpdater::Output& from,
                                Output& out) {
  auto& [bid, part] = entry;
  if (from.dropped != nullptr) out.dropped = from.dropped;
  if (from.discard_tokens) part.routability.discard(*from.discard_tokens);
  if (from.stop_return_routability) part.routability.stop();
  if (from.send) out.updates.push_back(made(bid, part, *from.send));
  if (from.bound) out.registered.push_back(bid);
  out.ways_changed |= from.bound || from.unbound || from.finished;
  if (from.return_routability) absorb(now, entry, part.routability.start(now, *from.return_routability), out);
}

void CorrespondentLinks::absorb(Time now, Parts::value_type& entry, const ReturnRoutability::Output& from, Output& out) {
  auto& [bid, part] = entry;
  if (from.dropped != nullptr) out.dropped = from.dropped;
  if (from.send_home_test_init) out.home_test_inits.push_back(*from.send_home_test_init);
  if (from.send_care_of_test_init && part.link) {
    out.care_of_test_inits.push_back({{*from.send_care_of_test_init, plain_ ? std::nullopt : std::optional(bid)},
                                      part.link->binding.care_of});
  }
  if (from.authorized) absorb(now, entry, part.updater.on_authorized(now, *from.authorized), out);
  if (from.failed) absorb(now, entry, part.updater.on_return_routability_failed(now), out);
}

CorrespondentLinks::Update CorrespondentLinks::made(std::uint16_t bid, const Part& part,
                                                    const CorrespondentUpdateToSend& send) {
  Update update{.message = {.update = send.update, .overwrite = false, .options = {}}, .source = send.source,
                .home_address_option = send.home_address_option, .kbm = send.kbm,
                .authenticated_address = send.authenticated_address};
  const bool deletion = send.update.lifetime == Duration();
  if (!plain_) {
    BindingIdentifier option{.bid = bid};
    if (!deletion && part.link) {
      option.priority = part.link->priority;
      option.form = BindingIdentifier::CareOf::Ipv6;  // §5.1
      option.care_of = send.source;
    }
    update.message.options.bindings.push_back(option);
    update.message.overwrite = !deletion && !bootstrapped_;
    bootstrapped_ |= !deletion;
  }
  if (deletion) {  // §5.4: by one that is left; at home from the home address
    const std::vector<Parts::value_type*> order = in_order();
    const auto left = std::ranges::find_if(order, [](const auto* p) { return p->second.link.has_value(); });
    if (left != order.end()) {
      update.source = (*left)->second.link->binding.care_of;
      update.home_address_option = home_;
    }
  }
  return update;
}

}  // namespace kamesim::mcoa
