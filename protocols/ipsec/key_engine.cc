#include "protocols/ipsec/key_engine.h"

#include <algorithm>

namespace kamesim::ipsec {

void KeyEngine::acquire(Time now, const SecurityPolicy& policy, const Request& request, const Ipv6Address& source,
                        const Ipv6Address& destination, const Flow& flow, Bytes packet) {
  if (listeners_.empty()) return;
  const Wanted wanted{request.protocol, request.mode, request.reqid, source, destination};
  if (const auto blocked = blocked_.find(wanted); blocked != blocked_.end()) {
    if (now < blocked->second.until && ++blocked->second.count <= config.blockacq_count) return;
    blocked_.erase(blocked);
  }
  if (blocked_.size() >= kMaxBlocked) {
    std::erase_if(blocked_, [now](const auto& entry) { return entry.second.until <= now; });
    if (blocked_.size() >= kMaxBlocked) blocked_.erase(blocked_.begin());
  }
  blocked_.emplace(wanted, Blocked{0, now + config.blockacq_lifetime});
  const Acquire what{next_sequence_++, &policy, &request, source, destination, flow, packet};
  tell([&](KeyListener& listener) { listener.on_acquire(what); });
}

SecurityAssociation* KeyEngine::reserve_spi(Time now, SaAddress address, Spi low, Spi high, Mode mode,
                                            std::uint32_t reqid, std::uint32_t sequence) {
  const bool cpi = address.protocol == Protocol::IpComp;
  if (low == 0 || high < low) low = config.spi_min, high = config.spi_max;
  if (cpi) low = std::max(low, kMinNegotiatedCpi), high = std::min(high, kMaxNegotiatedCpi);
  low = std::max(low, kMinSpi);
  if (high < low) return nullptr;
  const std::uint64_t choices = std::uint64_t{high} - low + 1;
  for (int i = 0; i < kSpiTries; ++i) {
    address.spi = low + static_cast<Spi>(choices == 1 ? 0 : random_.below(choices));
    if (const auto added = sad_.add_larval(address, mode, reqid, sequence, now)) return *added;
    if (choices == 1) break;
  }
  return nullptr;
}

std::size_t KeyEngine::migrate(SecurityPolicy& policy, const Ends& old_ends, const Ends& new_ends) {
  std::size_t moved = 0;
  for (Request& request : policy.requests) {
    if (request.mode != Mode::Tunnel || Ends{request.source, request.destination} != old_ends) continue;
    for (SecurityAssociation* association : sad_.in_order()) {
      const SaAddress& address = association->address();
      const bool of_request = address.protocol == request.protocol && address.source == old_ends.source &&
                              address.destination == old_ends.destination &&
                              association->parameters.mode != Mode::Transport &&
                              (request.reqid == 0 || request.reqid == association->parameters.reqid);
      if (of_request && sad_.move(*association, new_ends.source, new_ends.destination)) ++moved;
    }
    request.source = new_ends.source, request.destination = new_ends.destination;
    ++moved;
  }
  if (moved != 0) spd_.touch();
  return moved;
}

std::optional<Time> KeyEngine::next_timeout() const {
  const auto associations = sad_.next_timeout(), policies = spd_.next_timeout();
  if (!associations || !policies) return associations ? associations : policies;
  return std::min(*associations, *policies);
}

void KeyEngine::on_timeout(Time now) {
  for (const Sad::Expiration& expired : sad_.on_timeout(now)) {
    if (expired.kind == Sad::Expiration::Kind::Larval) continue;
    tell([&](KeyListener& listener) { listener.on_expire(*expired.association, expired.kind); });
  }
  for (const auto& policy : spd_.on_timeout(now)) {
    tell([&](KeyListener& listener) { listener.on_policy_expire(*policy); });
  }
}

}  // namespace kamesim::ipsec
