#include "protocols/rtadvd/schedule.h"

#include <algorithm>

namespace kamesim {

void AdvertisementSchedule::start(Time now, const Intervals& intervals) {
  intervals_ = intervals;
  state_ = State::Advertising;
  initial_left_ = kMaxInitialRtrAdvertisements;
  // Routers that start together do not speak together.
  Time first = now + random_.uniform(Duration(), kMaxRaDelayTime);
  if (last_multicast_) first = std::max(first, *last_multicast_ + intervals_.min_delay_between_ras);
  next_multicast_ = first;
}

void AdvertisementSchedule::cease(Time now) {
  if (state_ != State::Advertising) return;
  state_ = State::Ceasing;
  final_left_ = kMaxFinalRtrAdvertisements;
  answers_.clear();
  next_multicast_ = now;
  if (last_multicast_) next_multicast_ = std::max(now, *last_multicast_ + intervals_.min_delay_between_ras);
}

void AdvertisementSchedule::stop() {
  state_ = State::Silent;
  next_multicast_.reset();
  answers_.clear();
}

bool AdvertisementSchedule::on_solicitation(Time now, std::optional<Ipv6Address> unicast_to) {
  if (state_ != State::Advertising) return true;
  const Duration delay = random_.uniform(Duration(), kMaxRaDelayTime);
  if (unicast_to) {
    if (std::ranges::find(answers_, *unicast_to, &Answer::to) != answers_.end()) return true;
    if (answers_.size() >= kMaxPendingAnswers) return false;
    answers_.push_back({now + delay, *unicast_to});
    return true;
  }
  Time at = now + delay;
  if (last_multicast_ && now < *last_multicast_ + intervals_.min_delay_between_ras) {
    at = *last_multicast_ + intervals_.min_delay_between_ras + delay;
  }
  // "If the computed value corresponds to a time later than the time the next multicast Router Advertisement is
  // scheduled to be sent, ignore the random delay".
  next_multicast_ = std::min(*next_multicast_, at);
  return true;
}

void AdvertisementSchedule::schedule_next(Time now) {
  last_multicast_ = now;
  if (state_ == State::Ceasing) {
    if (--final_left_ == 0) {
      stop();
    } else {
      next_multicast_ = now + intervals_.min_delay_between_ras;
    }
    return;
  }
  Duration interval = random_.uniform(intervals_.min_rtr_adv_interval, intervals_.max_rtr_adv_interval);
  if (initial_left_ > 0 && --initial_left_ > 0) interval = std::min(interval, kMaxInitialRtrAdvertInterval);
  next_multicast_ = now + std::max(interval, intervals_.min_delay_between_ras);
}

AdvertisementSchedule::Output AdvertisementSchedule::on_timeout(Time now) {
  Output out;
  std::erase_if(answers_, [&](const Answer& a) {
    if (now < a.at) return false;
    out.unicast.push_back(a.to);
    return true;
  });
  if (!next_multicast_ || now < *next_multicast_) return out;
  out.multicast = true;
  out.final = state_ == State::Ceasing;
  schedule_next(now);
  return out;
}

std::optional<Time> AdvertisementSchedule::next_timeout() const {
  std::optional<Time> next = next_multicast_;
  for (const Answer& a : answers_) {
    if (!next || a.at < *next) next = a.at;
  }
  return next;
}

}  // namespace kamesim
