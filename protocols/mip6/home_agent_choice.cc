#include "protocols/mip6/home_agent_choice.h"

#include <algorithm>

namespace kamesim {
namespace {

bool contains(const std::vector<Ipv6Address>& addresses, const Ipv6Address& address) {
  return std::ranges::find(addresses, address) != addresses.end();
}

}  // namespace

HomeAgentChoice::Output HomeAgentChoice::on_found(const std::vector<Ipv6Address>& home_agents) {
  known_ = home_agents;
  const auto fresh = std::ranges::find_if(known_, [this](const Ipv6Address& a) { return !contains(failed_, a); });
  if (fresh == known_.end()) failed_.clear();  // they have all been tried: from the start again
  current_ = fresh == known_.end() ? known_.front() : *fresh;
  return {.use = current_};
}

HomeAgentChoice::Output HomeAgentChoice::on_failed() {
  if (!current_) return {};
  mark_failed();
  const auto next = std::ranges::find_if(known_, [this](const Ipv6Address& a) { return !contains(failed_, a); });
  if (next != known_.end()) {
    current_ = *next;
    return {.use = current_};
  }
  if (discovery_ == Discovery::Forbidden) return {};
  return {.discover = true};
}

HomeAgentChoice::Output HomeAgentChoice::on_unsuitable() {
  if (!current_) return {};
  if (discovery_ == Discovery::Forbidden) return on_failed();
  mark_failed();
  return {.discover = true};
}

HomeAgentChoice::Output HomeAgentChoice::start_over() {
  failed_.clear();
  if (!known_.empty()) current_ = known_.front();
  return on_needed();
}

void HomeAgentChoice::mark_failed() {
  if (!contains(failed_, *current_)) failed_.push_back(*current_);
}

}  // namespace kamesim
