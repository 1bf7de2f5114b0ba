#include "protocols/mip6/correspondent_daemon.h"

#include "protocols/mip6/trace_kinds.h"

namespace kamesim {

CorrespondentDaemon::CorrespondentDaemon(SocketLayer& sockets, MobilityKernel& kernel, BindingCache& cache,
                                         const CorrespondentRegistrationConfig& config)
    : stack_(sockets.stack()),
      kernel_(kernel),
      socket_(sockets, *this),
      random_(stack_.node().stream("mip6.correspondent")),
      machine_(config, cache, [this](MutableBytes out) { random_.fill(out); }),
      multiple_({}, machine_, cache),
      timer_(Timer::to<&CorrespondentDaemon::on_timer>(stack_.node(), *this)) {
  kernel_.add_listener(*this);
}

CorrespondentDaemon::~CorrespondentDaemon() { kernel_.remove_listener(*this); }

void CorrespondentDaemon::on_datagram(const Datagram& d) {
  const auto mh = MobilityHeaderView::check(d.payload, d.source, d.destination);
  if (!mh) return;  // the kernel has counted it
  const Time now = stack_.now();
  const ReceivedTestInit init{d.care_of.value_or(d.source), d.care_of ? ReceivedTestInit::HomeAddressOption::Present
                                                                      : ReceivedTestInit::HomeAddressOption::Absent};
  switch (mh->type()) {
    case MhType::HomeTestInit:
      return apply(machine_.on_home_test_init(now, init, HomeTestInitView(*mh).value()), &d);
    case MhType::CareOfTestInit:
      return apply(machine_.on_care_of_test_init(now, init, CareOfTestInitView(*mh).value()), &d);
    case MhType::BindingUpdate: {
      // RFC 5213 §8.1: with both bits for a local mobility anchor. Without H the bit P is a reserved one, RFC 6275 §6.1.7.
      if (const BindingUpdateView view(*mh); view.proxy_registration() && view.home_registration()) return;
      const BindingUpdate update = BindingUpdateView(*mh).value();
      if (update.map_registration && kernel_.mobility_anchor_point) return;
      const bool home = update.home_registration || update.mobile_router;  // RFC 3963 §6.2
      if (home && home_registrations_ == HomeRegistrations::LeaveToHomeAgent) return;
      return apply(multiple_.on_binding_update(now, received_binding_update(d, update),
                                               mcoa::read_multiple_binding_update(*mh)), d);
    }
    default: return;  // the mobile node's
  }
}

void CorrespondentDaemon::on_binding_error_hint(const Ipv6Address& home, const Ipv6Address& care_of,
                                                const Ipv6Address& destination) {
  if (const auto error = errors_.on_unknown_binding(stack_.now(), care_of, home)) {
    socket_.send(*error, {.destination = care_of, .source = destination});
  }
}

void CorrespondentDaemon::on_unknown_message(const Ipv6Address& source, const Ipv6Address& destination,
                                             std::optional<Ipv6Address> care_of) {
  const Ipv6Address wire_source = care_of.value_or(source);
  const std::optional<Ipv6Address> home = care_of ? std::optional(source) : std::nullopt;
  if (const auto error = errors_.on_unrecognized_mh_type(stack_.now(), wire_source, home)) {
    socket_.send(*error, {.destination = wire_source, .source = destination});
  }
}

void CorrespondentDaemon::on_care_of_unreachable(const Ipv6Address& home) {
  apply(multiple_.on_care_of_unreachable(stack_.now(), home), nullptr);
}

void CorrespondentDaemon::on_timer() {
  while (multiple_.next_timeout() && *multiple_.next_timeout() <= stack_.now()) {
    apply(multiple_.on_timeout(stack_.now()), nullptr);
  }
  timer_.arm_at(multiple_.next_timeout());
}

void CorrespondentDaemon::apply(const mcoa::MultipleCorrespondent::Output& out, const Datagram& d) {
  apply(out.base, &d);
  if (!out.ack) return;
  if (out.ack->options.none()) {
    socket_.send(out.ack->answer);
    return;
  }
  const BindingAckToSend& answer = out.ack->answer;
  const mcoa::MultipleBindingAck message{answer.ack, out.ack->options};
  const OutputRequest request = request_for(answer);
  if (answer.kbm) {
    socket_.send_authenticated(message, *answer.kbm, answer.authenticated_address, answer.source, request);
  } else {
    socket_.send(message, request);
  }
}

// RFC 5648 §4.3: of a Care-of Test Init, for its answer.
std::optional<std::uint16_t> CorrespondentDaemon::bid_of(const Datagram& d) const {
  const auto mh = MobilityHeaderView::check(d.payload, d.source, d.destination);
  const mcoa::Options options = mcoa::read_options(mh->options());
  const bool heeded = multiple_.heeds_identifiers() && options.bindings.size() == 1;
  return heeded ? std::optional(options.bindings.front().bid) : std::nullopt;
}

// Its messages go to the very address they name, past all bindings (§6.1), which the kernel part sees to. If this node
// is a mobile node too, those from its home address go by the tunnel to its home agent while it is away (§11.3.1).
void CorrespondentDaemon::apply(const CorrespondentRegistration::Output& out, const Datagram* d) {
  Node& node = stack_.node();
  if (out.home_test) {
    socket_.send(*out.home_test, {.destination = d->source, .source = d->destination});
  }
  if (out.care_of_test) {
    const mcoa::IdentifiedCareOfTest test{*out.care_of_test, bid_of(*d)};
    socket_.send(test, {.destination = d->source, .source = d->destination});
  }
  if (out.evicted) kernel_.remove_binding(*out.evicted);
  if (out.unbound) {
    kernel_.remove_binding(*out.unbound);
    node.trace(kTraceUnbound, {{"home_address", out.unbound->to_string()}});
  }
  if (out.bound) {
    kernel_.add_binding(out.bound->home_address, out.bound->care_of, multiple_.other_care_of(out.bound->home_address));
    node.trace(kTraceBound, {{"home_address", out.bound->home_address.to_string()},
                             {"care_of", out.bound->care_of.to_string()},
                             {"home_registration", std::int64_t{0}}});
  }
  if (out.ack) socket_.send(*out.ack);
  if (out.send_refresh_request) {
    const mcoa::IdentifiedRefreshRequest request{multiple_.to_be_refreshed(stack_.now(), *out.send_refresh_request)};
    socket_.send(request, {.destination = *out.send_refresh_request});
  }
  if (out.dropped != nullptr) node.count_drop(out.dropped, d != nullptr ? d->payload : Bytes{});
  if (out.ask_last_used) {
    apply(machine_.on_last_used(stack_.now(), *out.ask_last_used, kernel_.binding_last_used(*out.ask_last_used)),
          nullptr);
  }
  timer_.arm_at(multiple_.next_timeout());
}

}  // namespace kamesim
