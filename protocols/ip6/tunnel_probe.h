// Neighbor Unreachability Detection over tunnels, the side that is probed (RFC 4213 §3.8).
#pragma once

namespace kamesim {

class Ip6Stack;
struct InputPacket;

// A Neighbor Solicitation came out of a tunnel. "All ... implementations MUST at least accept and respond to the probe
// packets": a solicitation of an address that is assigned to the tunnel is answered, back into it.
void answer_tunnel_probe(Ip6Stack& stack, const InputPacket& in);

}  // namespace kamesim
