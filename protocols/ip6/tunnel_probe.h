// Neighbor Unreachability Detection over tunnels (RFC 4213 §3.8). A tunnel has no link-layer addresses: nothing is
// resolved, and no message has an option that tells one.
#pragma once

#include <vector>

#include "protocols/ip6/nd_reachability.h"
#include "protocols/ip6/route_table.h"
#include "sim/random.h"
#include "sim/timer.h"

namespace kamesim {

class NeighborAdvertisementView;
class TunnelInterface;
struct InputPacket;

// The side that probes: whether the other end, known by an address inside the tunnel, answers. What is sent into the
// tunnel sets it off; an end that does not answer is found silent, and "the implementation can use an alternate path": the
// routes by the tunnel are withdrawn, until the other end answers again.
class TunnelProbe {
 public:
  TunnelProbe(TunnelInterface& tunnel, const Ipv6Address& other_end);

  const Ipv6Address& other_end() const { return other_end_; }
  bool silent() const { return silent_; }
  const std::vector<Route>& withdrawn() const { return withdrawn_; }

  void on_packet_sent();
  void on_advertisement(const InputPacket& in, const NeighborAdvertisementView& advertisement);
  // Begins anew: the routes are back, and nothing is known of the other end.
  void reset();

 private:
  const NudTiming& timing();
  void on_timeout();
  void apply(const NudOutput& out);
  void give_up();
  void solicit();
  void restore_routes();
  void arm();
  Time now() const;

  TunnelInterface& tunnel_;
  Ipv6Address other_end_;
  RandomStream random_;
  NudTiming timing_;
  Time redraw_at_;  // when ReachableTime is drawn anew
  Neighbor neighbor_;
  bool silent_ = false;
  Time ask_again_at_;  // while it is silent
  std::vector<Route> withdrawn_;
  Timer timer_;
};

// A Neighbor Solicitation or Advertisement came out of a tunnel. "Configured tunnel implementations MUST at least accept and
// respond to the probe packets": a solicitation of an address that is assigned to the tunnel is answered, back into it.
void tunnel_neighbor_input(TunnelInterface& tunnel, const InputPacket& in);

}  // namespace kamesim
