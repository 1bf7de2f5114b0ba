#include "protocols/fmip6/fast_mobile_node.h"

#include <algorithm>
#include <utility>

namespace kamesim {

using Output = FastMobileNode::Output;
using Kind = AccessPointInfo::Kind;

void FastMobileNode::Output::add(Output more) {
  if (more.solicit) solicit = std::move(more.solicit);
  if (more.tunnel_over) tunnel_over = more.tunnel_over;
  if (more.arrived) arrived = more.arrived;
  if (more.tunnel) tunnel = more.tunnel;
  if (more.update) update = std::move(more.update);
  if (more.dropped != nullptr) dropped = more.dropped;
}

Ipv6Address FastMobileNode::form(const AccessPointInfo& at) const {
  return at.new_care_of.value_or(with_interface_id(Ipv6Prefix(at.prefix.address(), 64), config_.interface_id));
}

// ---- The neighbourhood (§6.1) -------------------------------------------------------------------------------------

Output FastMobileNode::on_router(Time now, const Ipv6Address& router) {
  if (here_.router == router) return {};
  here_.router = router;
  Output out;
  // §5.6: back at the router that still sends packets elsewhere.
  if (tunnel_ && tunnel_->tunnel.router == router && here_.care_of == tunnel_->tunnel.previous_care_of) {
    out = end_tunnel();
  }
  if (here_.care_of) out.add(solicit(now, {}));
  return out;
}

Output FastMobileNode::on_care_of(Time now, const Ipv6Address& care_of) {
  if (here_.care_of == care_of) return {};
  here_.care_of = care_of;
  Output out;
  const bool returned = tunnel_ && tunnel_->tunnel.previous_care_of == care_of;
  if (returned) out = end_tunnel();
  // §6.2.2: a node that moved without a PrRtAdv sends its FBU once it has configured an address.
  const bool moved = before_.router && before_.care_of && *before_.care_of != care_of;
  if (moved && !returned && !handover_ && !tunnel_) out.add(react(now, care_of));
  if (here_.router) out.add(solicit(now, {}));
  return out;
}

Output FastMobileNode::solicit(Time now, std::vector<MacAddress> access_points) {
  if (!supported_) return {};
  solicitation_ = Solicitation{draw_(), std::move(access_points)};
  solicitations_ = 0;
  solicitation_timeout_ = kInitialHandoverTimeout;
  return send_solicitation(now);
}

Output FastMobileNode::send_solicitation(Time now) {
  if (solicitations_ > kRtSolPrRetries) {  // §5.1: it does not support fast handovers
    supported_ = false;
    solicitation_.reset();
    solicit_at_.reset();
    return {};
  }
  const Time allowed = solicitation_limit_.allowed_at(now);
  if (allowed > now) {  // §6.1.1: MAX_RTSOLPR_RATE
    solicit_at_ = allowed;
    return {};
  }
  solicitation_limit_.record(now);
  ++solicitations_;
  solicit_at_ = now + solicitation_timeout_;
  solicitation_timeout_ = solicitation_timeout_ * 2;
  return {.solicit = solicitation_};
}

Output FastMobileNode::on_proxy_advertisement(Time now, PrRtAdv::Code code, std::uint16_t identifier,
                                              const std::vector<AccessPointInfo>& tuples) {
  using Code = PrRtAdv::Code;
  const bool unsolicited = code == Code::HandoverTrigger || code == Code::Unsolicited;
  if (!unsolicited) {
    if (!solicitation_ || solicitation_->identifier != identifier) return {.dropped = &kPrRtAdvUnmatched};
    solicitation_.reset();
    solicit_at_.reset();
  }
  for (const AccessPointInfo& tuple : tuples) {
    if (neighborhood_.size() < kMaxAccessPoints || neighborhood_.contains(tuple.access_point)) {
      neighborhood_.insert_or_assign(tuple.access_point, tuple);
    }
  }
  // §3.3: the network says that the handover is to be now.
  if (code == Code::HandoverTrigger && !tuples.empty() && tuples.front().kind == Kind::Known) {
    return prepare(now, tuples.front());
  }
  if (anticipated_ && neighborhood_.contains(*anticipated_)) {
    return on_anticipated(now, *std::exchange(anticipated_, std::nullopt));
  }
  return {};
}

// ---- From the old link (§4) ---------------------------------------------------------------------------------------

Output FastMobileNode::on_anticipated(Time now, const MacAddress& access_point) {
  if (!up_ || !here_.router || !here_.care_of) return {};
  const auto known = neighborhood_.find(access_point);
  if (known == neighborhood_.end()) {
    anticipated_ = access_point;
    return solicit(now, {access_point});
  }
  if (known->second.kind != Kind::Known || !config_.predictive) return {};
  if (handover_ && handover_->access_point == access_point) return {};
  return prepare(now, known->second);
}

Output FastMobileNode::prepare(Time now, const AccessPointInfo& to) {
  if (!up_ || !here_.router || !here_.care_of || to.prefix.contains(*here_.care_of)) return {};
  handover_ = Handover{.access_point = to.access_point, .to = to, .previous_care_of = *here_.care_of,
                       .new_care_of = form(to), .previous_router = *here_.router,
                       .timeout = kInitialHandoverTimeout};
  return send_update(now);
}

Output FastMobileNode::send_update(Time now) {
  Handover& h = *handover_;
  if (h.tries > kFbuRetries) {  // §4: fast handover support is not available
    handover_.reset();
    return {};
  }
  ++h.tries;
  h.send_at = now + h.timeout;
  h.timeout = h.timeout * 2;
  sequence_ = sequence_.next();
  h.sequence = sequence_;
  Update update{.message = {.sequence = h.sequence, .lifetime = config_.lifetime, .mobile_node = config_.mac,
                            .authorization = BindingAuthorizationDataFmip6{}},
                .destination = h.previous_router,
                .source = h.from_new_link ? h.new_care_of : h.previous_care_of,
                .home_address_option = h.previous_care_of,
                .care_of = h.new_care_of};
  if (!h.from_new_link) update.message.alternate_care_of_address = h.new_care_of;
  return {.update = update};
}

// ---- On the new link (§4) -----------------------------------------------------------------------------------------

Output FastMobileNode::on_link_down(Time) {
  up_ = false;
  solicitation_.reset();
  solicit_at_.reset();
  anticipated_.reset();
  if (handover_) handover_->send_at.reset();
  if (here_.router && here_.care_of) before_ = here_;
  here_ = {};
  router_info_.reset();
  supported_ = true;
  return {};
}

Output FastMobileNode::on_link_up(Time now, const std::optional<MacAddress>& access_point) {
  up_ = true;
  const bool expected = handover_ && access_point && handover_->access_point == access_point;
  const bool prepared = expected && handover_->acknowledged;
  if (!prepared) handover_.reset();  // §5.6: erroneous movement; a new FBU supersedes the binding
  if (!access_point || !before_.router || !before_.care_of) return {};
  const auto known = neighborhood_.find(*access_point);
  if (known == neighborhood_.end() || known->second.kind != Kind::Known) return {};
  const AccessPointInfo to = known->second;
  if (to.prefix.contains(*before_.care_of)) return {};
  here_.router = to.router;
  router_info_ = to;
  Output out;
  if (prepared) {
    const Handover h = *std::exchange(handover_, std::nullopt);
    here_.care_of = h.new_care_of;
    tunnel_ = LivingTunnel{{h.previous_care_of, h.new_care_of, h.previous_router}, now + config_.lifetime};
    out.arrived = Arrival{to, h.new_care_of, true};
    out.tunnel = tunnel_->tunnel;
  } else {
    here_.care_of = form(to);
    out.arrived = Arrival{to, *here_.care_of, false};
    out.add(react(now, *here_.care_of));  // §4: following the UNA
  }
  neighborhood_.clear();  // it was that of the other router
  out.add(solicit(now, {}));
  return out;
}

Output FastMobileNode::react(Time now, const Ipv6Address& new_care_of) {
  handover_ = Handover{.previous_care_of = *before_.care_of, .new_care_of = new_care_of,
                       .previous_router = *before_.router, .from_new_link = true,
                       .timeout = kInitialHandoverTimeout};
  return send_update(now);
}

Output FastMobileNode::on_fast_binding_ack(Time now, const Ipv6Address& from, const FastBindingAck& ack,
                                           const std::function<bool(const Ipv6Address&)>& authentic) {
  if (!handover_ || handover_->acknowledged || handover_->previous_router != from || !handover_->sent(ack.sequence)) {
    return {.dropped = &kFbackUnmatched};
  }
  Handover& h = *handover_;
  if (!ack.authorization || !authentic(h.new_care_of)) return {.dropped = &kFbackBadAuthenticator};
  h.send_at.reset();
  if (!ack.accepted()) {
    handover_.reset();
    return {};
  }
  h.acknowledged = true;
  // §3.2: an address that is supplied MUST be used, not the one proposed.
  const bool supplied = ack.alternate_care_of_address && *ack.alternate_care_of_address != h.new_care_of;
  if (supplied) h.new_care_of = *ack.alternate_care_of_address;
  if (!h.from_new_link) return {};
  tunnel_ = LivingTunnel{{h.previous_care_of, h.new_care_of, h.previous_router},
                         now + std::min(config_.lifetime, ack.lifetime)};
  handover_.reset();
  return {.tunnel = tunnel_->tunnel};
}

Output FastMobileNode::on_naack(Time now, const NeighborAdvertisementAcknowledgment& naack) {
  using Status = NeighborAdvertisementAcknowledgment::Status;
  if (!here_.care_of || !before_.care_of || !before_.router) return {};
  switch (naack.status) {
    case Status::InvalidUseSupplied: {  // §4: it MUST be used, and an FBU sent with it
      if (!naack.address || !router_info_) return {};
      here_.care_of = *naack.address;
      Output out;
      out.arrived = Arrival{*router_info_, *naack.address, true};
      out.add(react(now, *naack.address));
      return out;
    }
    case Status::PcoaSupplied:
    case Status::LinkLayerAddressUnrecognized:  // no more FBUs; addresses are configured as on any link
    case Status::Invalid:
      handover_.reset();
      return {};
    case Status::InvalidUseNarAddress: return react(now, *here_.router);
  }
  return {};
}

// The router is told that its packets are for this link again.
Output FastMobileNode::end_tunnel() {
  const Tunnel over = tunnel_->tunnel;
  tunnel_.reset();
  handover_.reset();
  sequence_ = sequence_.next();
  Update update{.message = {.sequence = sequence_, .lifetime = Duration(), .mobile_node = config_.mac,
                            .authorization = BindingAuthorizationDataFmip6{}},
                .destination = over.router,
                .source = over.previous_care_of,
                .home_address_option = over.previous_care_of,
                .care_of = over.previous_care_of};
  return {.tunnel_over = over.previous_care_of, .update = update};
}

Output FastMobileNode::on_timeout(Time now) {
  Output out;
  if (solicit_at_ && now >= *solicit_at_) out.add(send_solicitation(now));
  if (handover_ && handover_->send_at && now >= *handover_->send_at) out.add(send_update(now));
  if (tunnel_ && now >= tunnel_->expires) {
    out.tunnel_over = tunnel_->tunnel.previous_care_of;
    tunnel_.reset();
  }
  return out;
}

std::optional<Time> FastMobileNode::next_timeout() const {
  std::optional<Time> next = solicit_at_;
  const auto consider = [&next](const std::optional<Time>& deadline) {
    if (deadline && (!next || *deadline < *next)) next = deadline;
  };
  if (handover_) consider(handover_->send_at);
  if (tunnel_) consider(tunnel_->expires);
  return next;
}

}  // namespace kamesim
