// The states of a neighbour: address resolution and Neighbor Unreachability Detection (RFC 4861 §7.2, §7.3,
// Appendix C). A machine: it changes the entry that it is given and says what else there is to do.
#pragma once

#include <optional>

#include "protocols/ip6/neighbor_cache.h"
#include "protocols/ip6/nd_constants.h"
#include "sim/drop.h"
#include "sim/mac_address.h"
#include "sim/time.h"

namespace kamesim {

// RFC 4861 §6.3.2.
struct NudTiming {
  Duration reachable_time = kReachableTime;  // ReachableTime, already randomised
  Duration retrans_timer = kRetransTimer;    // RetransTimer
};

struct NudOutput {
  enum class Solicit : std::uint8_t { No, Multicast, Unicast };
  Solicit solicit = Solicit::No;
  bool send_queued = false;     // the link-layer address is known now
  bool gave_up = false;         // no answer: to be deleted; what is queued cannot be delivered
  bool ceased_to_route = false;  // IsRouter went from TRUE to FALSE (§7.2.5)
  bool confirmed = false;       // reachability confirmed
  DropReason dropped = nullptr;  // the message taught nothing, by this rule
};

// A Neighbor Advertisement as the cache sees it.
struct HeardNeighborAdvertisement {
  bool router = false, solicited = false, override = false;
  std::optional<MacAddress> mac;  // Target Link-Layer Address
};

// A packet waits in the queue of an entry without link-layer address.
NudOutput nud_on_packet_queued(Neighbor& n, Time now, const NudTiming& timing);
// A packet goes to a neighbour whose link-layer address is known, but who is not Reachable.
void nud_on_packet_sent(Neighbor& n, Time now);
// The entry's deadline has come.
NudOutput nud_on_timeout(Neighbor& n, Time now, const NudTiming& timing);
NudOutput nud_on_advertisement(Neighbor& n, Time now, const NudTiming& timing, const HeardNeighborAdvertisement& na);
// A solicitation, Router Advertisement or Redirect told the neighbour's link-layer address.
NudOutput nud_on_link_layer_address(Neighbor& n, const MacAddress& mac);
// The upper layer makes forward progress (§7.3.1).
NudOutput nud_on_confirmation(Neighbor& n, Time now, const NudTiming& timing);
// Asks by a single solicitation whether a neighbour that did not answer is back (RFC 4191 §3.5).
NudOutput nud_probe_once(Neighbor& n, Time now, const NudTiming& timing);
// Asks for a sign of life at once, as before a default router is given up.
NudOutput nud_probe(Neighbor& n, Time now, const NudTiming& timing);

}  // namespace kamesim
