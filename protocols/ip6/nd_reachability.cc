#include "protocols/ip6/nd_reachability.h"

#include "protocols/ip6/nd_drops.h"

namespace kamesim {

namespace {

using State = Neighbor::State;
using Solicit = NudOutput::Solicit;

void become_reachable(Neighbor& n, Time now, const NudTiming& timing) {
  n.state = State::Reachable;
  n.until = now + timing.reachable_time;
}

void become_stale(Neighbor& n) {
  n.state = State::Stale;
  n.clear_deadline();
}

NudOutput solicit(Neighbor& n, Time now, const NudTiming& timing, Solicit how) {
  ++n.solicitations;
  n.until = now + timing.retrans_timer;
  return {.solicit = how};
}

NudOutput start(Neighbor& n, Time now, const NudTiming& timing, State state) {
  n.state = state;
  n.solicitations = 0;
  return solicit(n, now, timing, state == State::Incomplete ? Solicit::Multicast : Solicit::Unicast);
}

// The columns of the table of Neighbor Advertisements.
enum class In : std::uint8_t { Incomplete, Reachable, NotIncomplete };
enum class Flag : std::uint8_t { No, Yes, Any };
enum class Lladdr : std::uint8_t { None, Same, Differs, Present, Any };
enum class Action : std::uint8_t { Nothing, Record };
struct NudRow {
  In in;
  Flag solicited, override;
  Lladdr lladdr;
  Action action;
  State to;
};
constexpr NudRow kOnAdvertisement[] = {  // RFC 4861 Appendix C; no match: the state is unchanged
    // in              solicited   override    lladdr            action           to
    {In::Incomplete,    Flag::No,  Flag::Any,  Lladdr::Present,  Action::Record,  State::Stale},
    {In::Incomplete,    Flag::Yes, Flag::Any,  Lladdr::Present,  Action::Record,  State::Reachable},
    {In::NotIncomplete, Flag::Yes, Flag::No,   Lladdr::Same,     Action::Nothing, State::Reachable},
    {In::NotIncomplete, Flag::Yes, Flag::Any,  Lladdr::None,     Action::Nothing, State::Reachable},  // see below
    {In::Reachable,     Flag::Any, Flag::No,   Lladdr::Differs,  Action::Nothing, State::Stale},      // see below
    {In::NotIncomplete, Flag::Yes, Flag::Yes,  Lladdr::Any,      Action::Record,  State::Reachable},
    {In::NotIncomplete, Flag::No,  Flag::Yes,  Lladdr::Differs,  Action::Record,  State::Stale},
};
// Deviations from Appendix C, where §7.2.5 says otherwise; the text governs. Fourth row: II confirms reachability
// also without a link-layer address, where the appendix only updates IsRouter. Fifth row: I.a does not ask for
// Solicited=1.

bool matches(In in, State state) {
  switch (in) {
    case In::Incomplete: return state == State::Incomplete;
    case In::Reachable: return state == State::Reachable;
    case In::NotIncomplete: return state >= State::Reachable;
  }
  return false;
}
bool matches(Flag wanted, bool flag) { return wanted == Flag::Any || (wanted == Flag::Yes) == flag; }
bool matches(Lladdr wanted, Lladdr is) {
  return wanted == Lladdr::Any || wanted == is || (wanted == Lladdr::Present && is != Lladdr::None);
}

const NudRow* find_row(const Neighbor& n, const HeardNeighborAdvertisement& na, Lladdr lladdr) {
  for (const NudRow& row : kOnAdvertisement) {
    if (matches(row.in, n.state) && matches(row.solicited, na.solicited) && matches(row.override, na.override) &&
        matches(row.lladdr, lladdr)) {
      return &row;
    }
  }
  return nullptr;
}

}  // namespace

NudOutput nud_on_packet_queued(Neighbor& n, Time now, const NudTiming& timing) {
  if (n.state != State::None) return {};
  return start(n, now, timing, State::Incomplete);
}

void nud_on_packet_sent(Neighbor& n, Time now) {
  if (n.state == State::Reachable && now >= n.until) become_stale(n);
  if (n.state != State::Stale) return;
  n.state = State::Delay;
  n.until = now + kDelayFirstProbeTime;
}

NudOutput nud_on_timeout(Neighbor& n, Time now, const NudTiming& timing) {
  switch (n.state) {
    case State::Incomplete:
      if (n.solicitations >= kMaxMulticastSolicit) return {.gave_up = true};
      return solicit(n, now, timing, Solicit::Multicast);
    case State::Delay: return start(n, now, timing, State::Probe);
    case State::Probe:
      if (n.solicitations >= kMaxUnicastSolicit) return {.gave_up = true};
      return solicit(n, now, timing, Solicit::Unicast);
    default: return {};
  }
}

NudOutput nud_on_advertisement(Neighbor& n, Time now, const NudTiming& timing, const HeardNeighborAdvertisement& na) {
  if (n.state == State::None) return {.dropped = &kNdNoEntry};
  if (n.permanent) {
    const bool was_router = n.is_router;
    n.is_router = na.router;
    return {.ceased_to_route = was_router && !na.router};
  }
  // The lazy end of Reachable (§7.3.3, Note).
  if (n.state == State::Reachable && now >= n.until) become_stale(n);
  const bool incomplete = n.state == State::Incomplete;
  const Lladdr lladdr = !na.mac ? Lladdr::None : !incomplete && *na.mac == n.mac ? Lladdr::Same : Lladdr::Differs;
  NudOutput out;
  // §7.2.5 I: what differs without Override leaves the rest of the entry alone.
  const bool overruled = !incomplete && !na.override && lladdr == Lladdr::Differs;
  if (!overruled) {
    out.ceased_to_route = n.is_router && !na.router;
    n.is_router = na.router;
  }
  if (incomplete && lladdr == Lladdr::None) {  // IsRouter is updated nevertheless (Appendix C)
    out.dropped = &kNdNoLinkLayerAddress;
    return out;
  }
  const NudRow* row = find_row(n, na, lladdr);
  if (row == nullptr) return out;
  if (row->action == Action::Record && na.mac) n.mac = *na.mac;
  if (row->to == State::Reachable) {
    become_reachable(n, now, timing);
  } else {
    become_stale(n);
  }
  out.confirmed = row->to == State::Reachable;
  out.send_queued = incomplete;
  return out;
}

NudOutput nud_on_link_layer_address(Neighbor& n, const MacAddress& mac) {
  if (n.permanent || (n.mac_known() && n.mac == mac)) return {};
  const bool was_unknown = !n.mac_known();
  n.mac = mac;
  become_stale(n);
  return {.send_queued = was_unknown};
}

NudOutput nud_on_confirmation(Neighbor& n, Time now, const NudTiming& timing) {
  if (n.permanent) return {.confirmed = true};
  if (!n.mac_known()) return {};  // §7.3.3: no effect on Incomplete
  become_reachable(n, now, timing);
  return {.confirmed = true};
}

NudOutput nud_probe(Neighbor& n, Time now, const NudTiming& timing) {
  if (n.permanent) return {};
  if (n.state == State::None) return start(n, now, timing, State::Incomplete);
  if (n.state == State::Incomplete || n.state == State::Probe) return {};
  return start(n, now, timing, State::Probe);
}

NudOutput nud_probe_once(Neighbor& n, Time now, const NudTiming& timing) {
  if (n.state != State::None) return {};  // it is being asked, or has answered
  NudOutput out = start(n, now, timing, State::Incomplete);
  n.solicitations = kMaxMulticastSolicit;  // none follows
  return out;
}

}  // namespace kamesim
