#include "protocols/rtsold/solicitor.h"

#include <algorithm>

namespace kamesim {

void RouterSolicitor::on_link_up(const RouterSolicitorConfig& config, Time now, Attachment attachment,
                                 RandomStream& random) {
  const bool immediate = config.immediate_on_handoff && attachment == Attachment::Moved;
  sent_ = 0;
  next_ = immediate ? now : now + random.uniform(Duration(), config.max_rtr_solicitation_delay);
}

void RouterSolicitor::on_link_down() { next_ = kNever; }

void RouterSolicitor::solicit(Time now) {
  sent_ = 0;
  next_ = now;
}

// "Once the host sends a Router Solicitation, and receives a valid Router Advertisement with a non-zero Router
// Lifetime, the host MUST desist". One solicitation is sent in any case: its answer "may contain more information".
// RFC 7559 §2.1 asks for the same on links with multicast.
void RouterSolicitor::on_router_advertisement(Duration router_lifetime) {
  if (sent_ > 0 && router_lifetime != Duration()) next_ = kNever;
}

std::optional<Time> RouterSolicitor::done_at(const RouterSolicitorConfig& config, Time now) const {
  if (sent_ >= config.max_rtr_solicitations) return std::max(now, last_sent_ + config.max_rtr_solicitation_delay);
  if (next_ != kNever) return std::nullopt;
  return now;
}

// RFC 7559 §2 with RFC 3315 §14: 2 * RTprev + RAND * RTprev, and MRT + RAND * MRT at most; MRC and MRD are 0.
// Deviation: RAND is drawn from 0 to 0.1, not from -0.1, because RFC 4861 §6.3.7 wants solicitations to be "separated
// by at least RTR_SOLICITATION_INTERVAL seconds".
Duration RouterSolicitor::next_interval(const RouterSolicitorConfig& config, Duration interval,
                                        RandomStream& random) const {
  const double rand = random.uniform(0.0, 0.1);
  if (sent_ == 1) return config.rtr_solicitation_interval.scaled(1 + rand);
  interval = interval.scaled(2 + rand);
  return interval > kMaxRtrSolicitationTime ? kMaxRtrSolicitationTime.scaled(1 + rand) : interval;
}

bool RouterSolicitor::on_timeout(const RouterSolicitorConfig& config, Time now, RandomStream& random) {
  if (now < next_) return false;
  const Duration interval = next_ - last_sent_;  // RFC 3315 §14: RT, if the solicitation is not the first
  next_ = kNever;
  if (config.resilient) {
    ++sent_;
    last_sent_ = now;
    next_ = now + next_interval(config, interval, random);
    return true;
  }
  if (sent_ >= config.max_rtr_solicitations) return false;
  last_sent_ = now;
  if (++sent_ < config.max_rtr_solicitations) next_ = now + config.rtr_solicitation_interval;
  return true;
}

}  // namespace kamesim
