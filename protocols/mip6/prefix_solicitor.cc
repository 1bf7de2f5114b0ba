#include "protocols/mip6/prefix_solicitor.h"

#include <algorithm>

namespace kamesim {

using Output = PrefixSolicitor::Output;

void PrefixSolicitor::stop() {
  home_agent_.reset();
  outstanding_.reset();
  send_at_.reset();
}

Output PrefixSolicitor::solicit(Time now) {
  if (!home_agent_ || send_at_) return {};
  timeout_ = kInitialSolicitTimer;
  return send(now);
}

void PrefixSolicitor::on_home_prefix(Time now, Time valid_until) {
  refresh_at_.reset();
  if (valid_until == Time::max()) return;
  refresh_at_ = now + (valid_until - now) * kPrefixRefreshPercent / 100;
}

Output PrefixSolicitor::on_advertisement(Time now, const ReceivedPrefixAdvertisement& advertisement) {
  if (!home_agent_ || advertisement.source != *home_agent_) return {.dropped = &kMpaWrongSource};
  if (!advertisement.type2_routed) return {.dropped = &kMpaNoRoutingHeader};
  if (outstanding_ != advertisement.identifier) {  // unsolicited: it is discarded, and asks for a solicitation
    Output out = solicit(now);
    out.dropped = &kMpaUnsolicited;
    return out;
  }
  outstanding_.reset();
  send_at_.reset();
  return {.accepted = true};
}

Output PrefixSolicitor::on_timeout(Time now) {
  if (send_at_ && now >= *send_at_) {
    timeout_ = std::min(timeout_ * 2, kMaxBindackTimeout);  // §11.8
    return send(now);
  }
  if (refresh_at_ && now >= *refresh_at_) {
    refresh_at_.reset();
    return solicit(now);
  }
  return {};
}

std::optional<Time> PrefixSolicitor::next_timeout() const {
  if (!send_at_ || !refresh_at_) return send_at_ ? send_at_ : refresh_at_;
  return std::min(*send_at_, *refresh_at_);
}

Output PrefixSolicitor::send(Time now) {
  outstanding_ = identifiers_();
  send_at_ = now + timeout_;
  return {.send = MobilePrefixSolicitation{*outstanding_}};
}

}  // namespace kamesim
