#include "protocols/mip6/prefix_advertiser.h"

#include <algorithm>

namespace kamesim {

void PrefixAdvertiser::on_registered(Time now, const Ipv6Address& home_address, Duration preferred_lifetime) {
  auto& item = *mobile_nodes_.try_emplace(home_address).first;
  MobileNode& mobile_node = item.second;
  if (mobile_node.unacknowledged && !mobile_node.send_at) {
    // "if the mobile node sends another Binding Update without returning home, then the home agent SHOULD begin
    // transmitting the unsolicited Advertisement again"
    mobile_node.retransmissions = 0;
    mobile_node.timeout = kPrefixAdvTimeout;
    send_at(item, now + kPrefixAdvTimeout);
    return;
  }
  const bool recent = mobile_node.sent_at && now - *mobile_node.sent_at < config_.max_mob_pfx_adv_interval;
  if (!recent) schedule(now, item, preferred_lifetime);
}

void PrefixAdvertiser::on_unregistered(const Ipv6Address& home_address) {
  const auto it = mobile_nodes_.find(home_address);
  if (it == mobile_nodes_.end()) return;
  send_at(*it, std::nullopt);
  mobile_nodes_.erase(it);
}

void PrefixAdvertiser::on_prefix_added(Time now, Duration preferred_lifetime) {
  for (auto& item : mobile_nodes_) schedule(now, item, preferred_lifetime);
}

void PrefixAdvertiser::on_prefix_changed(Time now, const Ipv6Prefix& prefix, Duration preferred_lifetime) {
  for (auto& item : mobile_nodes_) {
    if (prefix.contains(item.first)) schedule(now, item, preferred_lifetime);
  }
}

PrefixAdvertiser::Output PrefixAdvertiser::on_solicitation(Time now, const Ipv6Address& home_address,
                                                           std::uint16_t identifier, const Ipv6Address& source) {
  const auto it = mobile_nodes_.find(home_address);
  if (it == mobile_nodes_.end()) return {.dropped = &kMpsNotRegistered};
  MobileNode& mobile_node = it->second;
  mobile_node.unacknowledged = false;  // §10.6.2: it acknowledges what was sent
  mobile_node.solicited = identifier;
  mobile_node.solicited_from = source;
  if (mobile_node.sent_at && now - *mobile_node.sent_at < kMinDelayBetweenMobilePrefixAdvertisements) {
    send_at(*it, *mobile_node.sent_at + kMinDelayBetweenMobilePrefixAdvertisements);
    return {};
  }
  return {.send = answer(now, *it)};
}

PrefixAdvertiser::Output PrefixAdvertiser::on_timeout(Time now) {
  if (due_.empty() || now < due_.begin()->first) return {};
  auto& item = *mobile_nodes_.find(due_.begin()->second);
  return {.send = item.second.solicited ? answer(now, item) : advertise_unsolicited(now, item)};
}

std::optional<Time> PrefixAdvertiser::next_timeout() const {
  return due_.empty() ? std::nullopt : std::optional(due_.begin()->first);
}

void PrefixAdvertiser::send_at(MobileNodes::value_type& item, std::optional<Time> at) {
  auto& [home_address, mobile_node] = item;
  if (mobile_node.send_at) due_.erase({*mobile_node.send_at, home_address});
  mobile_node.send_at = at;
  if (at) due_.insert({*at, home_address});
}

void PrefixAdvertiser::schedule(Time now, MobileNodes::value_type& item, Duration preferred_lifetime) {
  MobileNode& mobile_node = item.second;
  // What is under way already will say what holds then.
  if (mobile_node.scheduled || mobile_node.solicited) return;
  const Duration max_schedule_delay = std::min(config_.max_mob_pfx_adv_interval, preferred_lifetime);
  const Duration difference = max_schedule_delay - config_.min_mob_pfx_adv_interval;
  const Duration span = difference < Duration() ? Duration() - difference : difference;
  const Duration rand_adv_delay = config_.min_mob_pfx_adv_interval + random_.uniform(Duration(), span);
  mobile_node.scheduled = true;
  send_at(item, now + rand_adv_delay);
}

PrefixAdvertiser::Advertisement PrefixAdvertiser::answer(Time now, MobileNodes::value_type& item) {
  MobileNode& mobile_node = item.second;
  const Advertisement advertisement{item.first, mobile_node.solicited, mobile_node.solicited_from};
  mobile_node.solicited.reset();
  mobile_node.scheduled = false;  // it says all that was to be said
  mobile_node.sent_at = now;
  send_at(item, std::nullopt);
  return advertisement;
}

PrefixAdvertiser::Advertisement PrefixAdvertiser::advertise_unsolicited(Time now, MobileNodes::value_type& item) {
  MobileNode& mobile_node = item.second;
  if (mobile_node.scheduled) {
    mobile_node.scheduled = false;
    mobile_node.unacknowledged = true;
    mobile_node.retransmissions = 0;
    mobile_node.timeout = kPrefixAdvTimeout;
  } else {
    ++mobile_node.retransmissions;
    mobile_node.timeout = mobile_node.timeout * 2;
  }
  mobile_node.sent_at = now;
  send_at(item, mobile_node.retransmissions < kPrefixAdvRetries ? std::optional(now + mobile_node.timeout)
                                                                : std::nullopt);
  return {item.first, std::nullopt, std::nullopt};
}

}  // namespace kamesim
