// What a link or LAN is like.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/time.h"

namespace kamesim {

// Beyond 65,575 bytes a link carries jumbograms (RFC 2675). The bound is ours: a frame is one buffer.
inline constexpr std::uint32_t kMaximumMtu = 1 << 24;
inline constexpr std::uint32_t kMinimumMtu = 1280;  // RFC 8200 §5

struct LinkConfig {
  std::uint64_t rate_bps = 0;        // bits of Ethernet frame a second, preamble, FCS and gap not counted; 0: infinite
  Duration delay;                    // of propagation
  Duration jitter;                   // up to this is added to the delay of each frame; the order is kept
  double loss = 0;                   // the probability that a frame is lost
  std::uint32_t mtu = 1500;          // bytes of frame payload
  std::uint32_t queue_limit = 1000;  // frames that wait for the sender's port

  // Throws SimulationError, naming the owner ("link 'a'"), the parameter, its value and what would be right.
  void validate(const std::string& owner) const;
  bool valid() const;
  friend bool operator==(const LinkConfig&, const LinkConfig&) = default;
};

// The configurations of a simulation's links: those that are alike share one. Of a simulation where many differ, each
// link has its own.
class LinkConfigs {
 public:
  static constexpr std::size_t kMostShared = 16;

  // Null: the link needs its own.
  const LinkConfig* find(const LinkConfig& config) {
    for (const auto& known : known_) {
      if (*known == config) return known.get();
    }
    if (known_.size() == kMostShared) return nullptr;
    return known_.emplace_back(std::make_unique<const LinkConfig>(config)).get();
  }

 private:
  std::vector<std::unique_ptr<const LinkConfig>> known_;
};

}  // namespace kamesim
