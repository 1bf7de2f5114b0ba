#include "protocols/ipsec/sad.h"

#include <algorithm>
#include <limits>

namespace kamesim::ipsec {

namespace {

// When a lifetime is over by time; empty: never.
std::optional<Time> end_of(const Lifetime& lifetime, const SecurityAssociation& association) {
  std::optional<Time> end;
  const auto at = [&end](Time t) { end = end ? std::min(*end, t) : t; };
  if (lifetime.since_added > Duration{}) at(association.created + lifetime.since_added);
  if (lifetime.since_first_use > Duration{} && association.first_used) {
    at(*association.first_used + lifetime.since_first_use);
  }
  return end;
}

bool exhausted(const Lifetime& lifetime, std::uint64_t packets, std::uint64_t bytes) {
  return (lifetime.bytes != 0 && bytes >= lifetime.bytes) ||
         (lifetime.packets != 0 && packets >= lifetime.packets);
}

bool mode_fits(Mode asked, Mode has) { return asked == Mode::Any || has == Mode::Any || asked == has; }

}  // namespace

SaAddress Sad::identity(SaAddress address) {
  const bool group = address.destination.is_v4_mapped() ? ipv4_is_multicast(ipv4_of(address.destination))
                                                        : address.destination.is_multicast();
  if (!group) address.source = {};
  return address;
}

Sad::Ends Sad::ends(const SecurityAssociation& a) {
  return {a.address().protocol, a.address().source, a.address().destination, a.parameters.reqid, a.number};
}

Sad::Added Sad::add(SaParameters parameters, Time now) {
  auto association = std::make_unique<SecurityAssociation>(std::move(parameters));
  association->state = SaState::Mature;
  return insert(std::move(association), now);
}

Sad::Added Sad::add_larval(const SaAddress& address, Mode mode, std::uint32_t reqid, std::uint32_t sequence, Time now) {
  SaParameters parameters;
  parameters.address = address;
  parameters.mode = mode;
  parameters.reqid = reqid;
  auto association = std::make_unique<SecurityAssociation>(std::move(parameters));
  association->acquire_sequence = sequence;
  return insert(std::move(association), now);
}

Sad::Added Sad::insert(std::unique_ptr<SecurityAssociation> given, Time now) {
  if (associations_.size() >= kMaxAssociations) return tl::unexpected(std::errc::no_buffer_space);
  if (!by_identity_.emplace(identity(given->address()), given.get()).second) {
    return tl::unexpected(std::errc::file_exists);
  }
  SecurityAssociation& association = *given;
  association.number = next_number_++;
  association.created = now;
  associations_.emplace(association.number, Stored{std::move(given), {}});
  if (association.state == SaState::Larval) {
    larval_.insert(association.number);
  } else {
    by_ends_.emplace(ends(association), &association);
  }
  schedule(association);
  ++generation_;
  return &association;
}

void Sad::update(SecurityAssociation& association, SaParameters parameters, Time now) {
  if (association.state == SaState::Larval) {
    association.parameters = std::move(parameters);
    association.state = SaState::Mature;
    association.created = now;
    larval_.erase(association.number);
    by_ends_.emplace(ends(association), &association);
  } else {
    association.parameters.soft = parameters.soft;
    association.parameters.hard = parameters.hard;
    if (association.state == SaState::Dying) association.state = SaState::Mature;
  }
  schedule(association);
  ++generation_;
}

bool Sad::move(SecurityAssociation& association, const Ipv6Address& source, const Ipv6Address& destination) {
  SaAddress to = association.address();
  to.source = source, to.destination = destination;
  const SaAddress from = identity(association.address());
  if (identity(to) != from) {
    if (!by_identity_.emplace(identity(to), &association).second) return false;
    by_identity_.erase(from);
  }
  if (association.state != SaState::Larval) by_ends_.erase(ends(association));
  association.parameters.address = to;
  if (association.state != SaState::Larval) by_ends_.emplace(ends(association), &association);
  ++generation_;
  return true;
}

std::unique_ptr<SecurityAssociation> Sad::take(SecurityAssociation& association) {
  const auto stored = associations_.find(association.number);
  if (stored->second.deadline) deadlines_.erase({*stored->second.deadline, association.number});
  ++timetable_;
  by_identity_.erase(identity(association.address()));
  by_ends_.erase(ends(association));
  larval_.erase(association.number);
  std::unique_ptr<SecurityAssociation> taken = std::move(stored->second.association);
  associations_.erase(stored);
  ++generation_;
  return taken;
}

void Sad::remove(SecurityAssociation& association) { take(association); }

void Sad::flush(std::optional<Protocol> protocol) {
  for (SecurityAssociation* association : in_order()) {
    if (!protocol || association->address().protocol == *protocol) remove(*association);
  }
}

SecurityAssociation* Sad::find(const SaAddress& address) const {
  const auto found = by_identity_.find(identity(address));
  return found == by_identity_.end() ? nullptr : found->second;
}

SecurityAssociation* Sad::find_larval(std::uint32_t sequence) const {
  for (const std::uint64_t number : larval_) {
    SecurityAssociation* larval = associations_.at(number).association.get();
    if (larval->acquire_sequence == sequence) return larval;
  }
  return nullptr;
}

SecurityAssociation* Sad::inbound(Spi spi, Protocol protocol, const Ipv6Address& source,
                                  const Ipv6Address& destination) const {
  const SaAddress address = identity({spi, protocol, source, destination});
  auto found = by_identity_.find(address);
  if (found == by_identity_.end() && !address.source.is_unspecified()) {
    found = by_identity_.find({spi, protocol, {}, destination});  // of any source
  }
  return found == by_identity_.end() || !found->second->usable() ? nullptr : found->second;
}

// KAME's saorder_state_valid_prefer_old and _new: dying ones first, or last.
bool Sad::better(const SecurityAssociation& a, const SecurityAssociation& b) const {
  if (a.state != b.state) return (a.state == SaState::Dying) == prefer_old_;
  return (a.number < b.number) == prefer_old_;
}

SecurityAssociation* Sad::outbound(const Request& request, const Ipv6Address& source,
                                   const Ipv6Address& destination) const {
  constexpr std::uint32_t kAll = std::numeric_limits<std::uint32_t>::max();
  constexpr std::uint64_t kLast = std::numeric_limits<std::uint64_t>::max();
  const auto from = by_ends_.lower_bound({request.protocol, source, destination, request.reqid, 0});
  const auto to = by_ends_.upper_bound(
      {request.protocol, source, destination, request.reqid == 0 ? kAll : request.reqid, kLast});
  SecurityAssociation* best = nullptr;
  for (auto i = from; i != to; ++i) {
    SecurityAssociation* candidate = i->second;
    if (!candidate->usable() || !mode_fits(request.mode, candidate->parameters.mode)) continue;
    if (best == nullptr || better(*candidate, *best)) best = candidate;
  }
  return best;
}

bool Sad::charge(SecurityAssociation& association, std::uint64_t bytes, Time now) {
  if (!association.usable()) return false;
  const SaCounters& used = association.counters;
  const Lifetime& hard = association.parameters.hard;
  const bool over = (hard.bytes != 0 && used.bytes + bytes > hard.bytes) ||
                    (hard.packets != 0 && used.packets >= hard.packets);
  if (over) {
    die(association);
    return false;
  }
  association.counters.packets += 1;
  association.counters.bytes += bytes;
  association.last_used = now;
  if (!association.first_used) {
    association.first_used = now;
    if (association.parameters.soft.since_first_use > Duration{} || hard.since_first_use > Duration{}) {
      schedule(association);
    }
  }
  if (exhausted(hard, used.packets, used.bytes)) [[unlikely]] {
    die(association);
  } else if (association.state == SaState::Mature && exhausted(association.parameters.soft, used.packets, used.bytes)) {
    schedule(association);
  }
  return true;
}

void Sad::die(SecurityAssociation& association) {
  association.state = SaState::Dead;
  ++generation_;
  schedule(association);
}

std::vector<SecurityAssociation*> Sad::in_order() const {
  std::vector<SecurityAssociation*> all;
  all.reserve(associations_.size());
  for (const auto& [number, stored] : associations_) all.push_back(stored.association.get());
  return all;
}

std::optional<Time> Sad::deadline(const SecurityAssociation& a) const {
  switch (a.state) {
    case SaState::Larval: return a.created + kLarvalLifetime;
    case SaState::Dead: return a.last_used.value_or(a.created);
    case SaState::Dying: return end_of(a.parameters.hard, a);
    case SaState::Mature: break;
  }
  if (exhausted(a.parameters.soft, a.counters.packets, a.counters.bytes)) return a.last_used.value_or(a.created);
  const auto soft = end_of(a.parameters.soft, a), hard = end_of(a.parameters.hard, a);
  return soft && hard ? std::min(*soft, *hard) : soft ? soft : hard;
}

void Sad::schedule(SecurityAssociation& association) {
  ++timetable_;
  Stored& stored = associations_.at(association.number);
  if (stored.deadline) deadlines_.erase({*stored.deadline, association.number});
  stored.deadline = deadline(association);
  if (stored.deadline) deadlines_.emplace(*stored.deadline, association.number);
}

std::optional<Time> Sad::next_timeout() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

std::vector<Sad::Expiration> Sad::on_timeout(Time now) {
  std::vector<Expiration> expired;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    SecurityAssociation& a = *associations_.at(deadlines_.begin()->second).association;
    const auto hard = end_of(a.parameters.hard, a);
    if (a.state == SaState::Larval) {
      expired.push_back({Expiration::Kind::Larval, &a, take(a)});
    } else if (a.state == SaState::Dead || (hard && *hard <= now)) {
      a.state = SaState::Dead;
      expired.push_back({Expiration::Kind::Hard, &a, take(a)});
    } else {
      a.state = SaState::Dying;
      ++generation_;
      schedule(a);
      expired.push_back({Expiration::Kind::Soft, &a, nullptr});
    }
  }
  return expired;
}

}  // namespace kamesim::ipsec
