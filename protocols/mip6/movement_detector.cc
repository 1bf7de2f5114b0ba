#include "protocols/mip6/movement_detector.h"

#include <algorithm>

namespace kamesim {
namespace {

bool share_a_prefix(const std::vector<Ipv6Prefix>& a, const std::vector<Ipv6Prefix>& b) {
  return std::find_first_of(a.begin(), a.end(), b.begin(), b.end()) != a.end();
}

void keep_earliest(std::optional<Time>& earliest, const std::optional<Time>& t) {
  if (t && (!earliest || *t < *earliest)) earliest = t;
}

}  // namespace

bool MovementDetector::Router::advertises(const Ipv6Address& address) const {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](const Ipv6Prefix& p) { return p.contains(address); });
}

bool MovementDetector::Router::is_sender_of(const HeardAdvertisement& advertisement) const {
  if (link_local != advertisement.router) return false;
  if (global && advertisement.router_address) return *global == *advertisement.router_address;
  return prefixes.empty() || advertisement.prefixes.empty() || share_a_prefix(prefixes, advertisement.prefixes);
}

MovementDetector::Output MovementDetector::on_link_up(Time now) {
  for (Router& r : routers_) r.confirmed = false;
  Output out;
  if (config_.on_link_up == MovementDetectorConfig::OnLinkUp::ProbeRouter && !routers_.empty()) {
    out.probe = routers_.front().link_local;
    probe_until_ = now + config_.probe_timeout;
  } else {
    start_soliciting(now, out);
  }
  return out;
}

MovementDetector::Output MovementDetector::on_link_down(Time) {
  for (Router& r : routers_) r.confirmed = false;
  solicit_at_.reset();  // nobody can answer
  probe_until_.reset();
  return {};
}

MovementDetector::Output MovementDetector::on_router_advertisement(Time now, const HeardAdvertisement& a) {
  const auto known = find(a.router);
  // RFC 6275 §11.5.1: link-local addresses of routers are not globally unique; this one is on another link.
  if (known != routers_.end() && !known->is_sender_of(a)) routers_.erase(known);
  if (a.router_lifetime == Duration()) {
    forget(a.router);
    return evaluate({});
  }
  remember(now, a);
  solicit_at_.reset();
  probe_until_.reset();
  return evaluate({});
}

MovementDetector::Output MovementDetector::on_router_reachable(Time, const Ipv6Address& router) {
  const auto known = find(router);
  if (known == routers_.end()) return {};
  known->confirmed = true;
  solicit_at_.reset();
  probe_until_.reset();
  return evaluate({});
}

MovementDetector::Output MovementDetector::on_router_unreachable(Time now, const Ipv6Address& router) {
  const auto known = find(router);
  if (known == routers_.end()) return {};
  known->confirmed = false;
  Output out;
  if (known == routers_.begin()) start_soliciting(now, out);  // RFC 6275 §11.5.1, the second indication
  return evaluate(out);
}

MovementDetector::Output MovementDetector::on_address_usable(Time, const Ipv6Address& address) {
  if (address == config_.home_address || address.is_link_local()) return {};
  if (std::find(addresses_.begin(), addresses_.end(), address) != addresses_.end()) return {};
  if (addresses_.size() == kMaxAddresses) return {};
  addresses_.push_back(address);
  return evaluate({});
}

MovementDetector::Output MovementDetector::on_address_gone(Time, const Ipv6Address& address) {
  std::erase(addresses_, address);
  return evaluate({});
}

MovementDetector::Output MovementDetector::on_timeout(Time now) {
  Output out;
  std::erase_if(routers_, [now](const Router& r) { return now >= r.expires; });
  for (std::size_t i = 0; i < routers_.size(); ++i) {
    Router& r = routers_[i];
    if (!r.silent_at || now < *r.silent_at) continue;
    r.silent_at.reset();
    r.confirmed = false;
    if (i == 0) start_soliciting(now, out);  // RFC 6275 §11.5.1, the first indication
  }
  if (probe_until_ && now >= *probe_until_) start_soliciting(now, out);
  if (solicit_at_ && now >= *solicit_at_) {
    if (solicitations_ < config_.max_solicitations) {
      solicit(now, out);
    } else {
      solicit_at_.reset();
      std::erase_if(routers_, [](const Router& r) { return !r.confirmed; });  // nobody answered for them
    }
  }
  return evaluate(out);
}

std::optional<Time> MovementDetector::next_timeout() const {
  std::optional<Time> earliest = solicit_at_;
  keep_earliest(earliest, probe_until_);
  for (const Router& r : routers_) {
    keep_earliest(earliest, r.expires);
    keep_earliest(earliest, r.silent_at);
  }
  return earliest;
}

MovementDetector::Routers::iterator MovementDetector::find(const Ipv6Address& link_local) {
  return std::find_if(routers_.begin(), routers_.end(),
                      [&](const Router& r) { return r.link_local == link_local; });
}

void MovementDetector::remember(Time now, const HeardAdvertisement& a) {
  auto router = find(a.router);
  if (router == routers_.end()) {
    if (routers_.size() == kMaxRouters) routers_.pop_back();
    router = routers_.insert(routers_.end(), Router{.link_local = a.router});
  }
  if (router->heard == 0 || !router->confirmed) router->heard = ++heard_;
  router->confirmed = true;
  router->expires = now + a.router_lifetime;
  if (a.router_address) router->global = a.router_address;
  for (const Ipv6Prefix& p : a.prefixes) {  // RFC 4861 §6.2.3: one advertisement need not hold all prefixes
    const bool held = std::find(router->prefixes.begin(), router->prefixes.end(), p) != router->prefixes.end();
    if (!held && router->prefixes.size() < kMaxPrefixes) router->prefixes.push_back(p);
  }
  router->silent_at.reset();
  if (a.advertisement_interval) router->silent_at = now + *a.advertisement_interval * config_.missed_advertisements;
}

void MovementDetector::forget(const Ipv6Address& link_local) {
  const auto router = find(link_local);
  if (router != routers_.end()) routers_.erase(router);
}

void MovementDetector::start_soliciting(Time now, Output& out) {
  solicitations_ = 0;
  probe_until_.reset();
  solicit(now, out);
}

void MovementDetector::solicit(Time now, Output& out) {
  ++solicitations_;
  solicit_at_ = now + config_.solicitation_interval;
  out.solicit = true;
}

void MovementDetector::choose_current_router() {
  const auto on_home_link = [this](const Router& r) { return r.confirmed && advertises_home(r); };
  auto current = std::find_if(routers_.begin(), routers_.end(), on_home_link);
  if (current == routers_.end() && config_.cell_switching == MovementDetectorConfig::CellSwitching::Eager) {
    current = newest_with_care_of();
  }
  if (current == routers_.end()) {
    current = std::find_if(routers_.begin(), routers_.end(), [](const Router& r) { return r.confirmed; });
  }
  if (current == routers_.end()) return;  // in doubt the last one stands
  std::rotate(routers_.begin(), current, routers_.end());
}

MovementDetector::Routers::iterator MovementDetector::newest_with_care_of() {
  auto newest = routers_.end();
  for (auto r = routers_.begin(); r != routers_.end(); ++r) {
    if (!r->confirmed || !choose_care_of(*r)) continue;
    if (newest == routers_.end() || r->heard > newest->heard) newest = r;
  }
  return newest;
}

bool MovementDetector::advertises_home(const Router& router) const {  // RFC 6275 §11.5.2
  return std::find(router.prefixes.begin(), router.prefixes.end(), config_.home_prefix) != router.prefixes.end();
}

MovementDetector::Output MovementDetector::evaluate(Output out) {
  choose_current_router();
  const bool home = !routers_.empty() && advertises_home(routers_.front());
  const auto care_of = home || routers_.empty() ? std::nullopt : choose_care_of(routers_.front());
  const Location location = home ? Location::Home : care_of ? Location::Foreign : Location::Unknown;
  if (location == location_ && care_of == care_of_) return out;
  location_ = location;
  care_of_ = care_of;
  out.returned_home = home;
  out.moved = care_of;
  out.no_address = location == Location::Unknown;
  return out;
}

std::optional<Ipv6Address> MovementDetector::choose_care_of(const Router& current) const {
  // RFC 6275 §11.5.4: the primary care-of address always has a prefix that the current default router advertises.
  const auto fits = [&](const Ipv6Address& a) { return current.advertises(a); };
  const auto first = std::find_if(addresses_.begin(), addresses_.end(), fits);
  if (first == addresses_.end()) return std::nullopt;
  const bool keep = care_of_ && fits(*care_of_) &&
                    std::find(addresses_.begin(), addresses_.end(), *care_of_) != addresses_.end();
  return keep ? care_of_ : *first;
}

}  // namespace kamesim
