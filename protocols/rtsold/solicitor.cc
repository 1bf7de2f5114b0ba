#include "protocols/rtsold/solicitor.h"

#include <algorithm>

namespace kamesim {

void RouterSolicitor::on_link_up(Time now, Attachment attachment) {
  const bool immediate = config_.immediate_on_handoff && attachment == Attachment::Moved;
  sent_ = 0;
  next_ = immediate ? now : now + random_.uniform(Duration(), config_.max_rtr_solicitation_delay);
}

void RouterSolicitor::on_link_down() { next_.reset(); }

void RouterSolicitor::solicit(Time now) {
  sent_ = 0;
  next_ = now;
}

// "Once the host sends a Router Solicitation, and receives a valid Router Advertisement with a non-zero Router
// Lifetime, the host MUST desist". One solicitation is sent in any case: its answer "may contain more information".
void RouterSolicitor::on_router_advertisement(Duration router_lifetime) {
  if (sent_ > 0 && router_lifetime != Duration()) next_.reset();
}

std::optional<Time> RouterSolicitor::done_at(Time now) const {
  if (sent_ >= config_.max_rtr_solicitations) return std::max(now, last_sent_ + config_.max_rtr_solicitation_delay);
  if (next_) return std::nullopt;
  return now;
}

bool RouterSolicitor::on_timeout(Time now) {
  if (!next_ || now < *next_) return false;
  next_.reset();
  if (sent_ >= config_.max_rtr_solicitations) return false;
  last_sent_ = now;
  if (++sent_ < config_.max_rtr_solicitations) next_ = now + config_.rtr_solicitation_interval;
  return true;
}

}  // namespace kamesim
