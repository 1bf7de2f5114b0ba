#include "protocols/ip4/address_guard.h"

#include <algorithm>

namespace kamesim {

void Ip4AddressGuard::probe(Time now, Ipv4Bits address) {
  Time first = now + random_.uniform(Duration(), kProbeWait);
  // §2.1.1: who met so many conflicts tries one new address a minute.
  if (conflicts_ >= kMaxConflicts) first = std::max(first, last_attempt_ + kRateLimitInterval);
  last_attempt_ = std::max(last_attempt_, first);
  guarded_[address] = {.probing = true, .left = kProbeNum, .at = first, .last_conflict = std::nullopt};
}

void Ip4AddressGuard::announced(Time now, Ipv4Bits address) {
  Guarded& guarded = guarded_[address];
  guarded.probing = false;
  guarded.left = kAnnounceNum - 1;
  guarded.at = now + kAnnounceInterval;
}

std::optional<Ipv4Bits> Ip4AddressGuard::on_arp(Ipv4Bits sender, Ipv4Bits target) {
  // A probe of another, for the same address, counts like a message of its owner.
  const auto it = guarded_.find(sender == kIpv4Any ? target : sender);
  if (it == guarded_.end() || !it->second.probing) return std::nullopt;
  const Ipv4Bits address = it->first;
  guarded_.erase(it);
  ++conflicts_;
  return address;
}

bool Ip4AddressGuard::defends(Time now, Ipv4Bits address) {
  Guarded& guarded = guarded_[address];
  ++conflicts_;
  if (guarded.last_conflict && now < *guarded.last_conflict + kDefendInterval) {
    guarded.last_conflict = now;
    return false;
  }
  guarded.last_conflict = now;
  return true;
}

std::optional<Ip4AddressGuard::Output> Ip4AddressGuard::on_timeout(Time now) {
  for (auto& [address, guarded] : guarded_) {
    if (!guarded.at || now < *guarded.at) continue;
    if (!guarded.probing) {
      guarded.at = --guarded.left > 0 ? std::optional(now + kAnnounceInterval) : std::nullopt;
      return Output{Step::Announce, address};
    }
    if (guarded.left == 0) {
      guarded.probing = false;
      guarded.at.reset();
      return Output{Step::Unique, address};
    }
    guarded.at = now + (--guarded.left > 0 ? random_.uniform(kProbeMin, kProbeMax) : kAnnounceWait);
    return Output{Step::Probe, address};
  }
  return std::nullopt;
}

std::optional<Time> Ip4AddressGuard::next_timeout() const {
  std::optional<Time> next;
  for (const auto& [address, guarded] : guarded_) {
    if (guarded.at && (!next || *guarded.at < *next)) next = guarded.at;
  }
  return next;
}

}  // namespace kamesim
