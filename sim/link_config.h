// What a link or LAN is like.
#pragma once

#include <cstdint>
#include <string>

#include "sim/time.h"

namespace kamesim {

// Beyond 65,575 bytes a link carries jumbograms (RFC 2675). The bound is ours: a frame is one buffer.
inline constexpr std::uint32_t kMaximumMtu = 1 << 24;

struct LinkConfig {
  std::uint64_t rate_bps = 0;        // bits of Ethernet frame a second, preamble, FCS and gap not counted; 0: infinite
  Duration delay;                    // of propagation
  Duration jitter;                   // up to this is added to the delay of each frame; the order is kept
  double loss = 0;                   // the probability that a frame is lost
  std::uint32_t mtu = 1500;          // bytes of frame payload
  std::uint32_t queue_limit = 1000;  // frames that wait for the sender's port

  // Throws SimulationError, naming the owner ("link 'a'"), the parameter, its value and what would be right.
  void validate(const std::string& owner) const;
};

}  // namespace kamesim
