// RFC 5227: is an IPv4 address of one interface in use by another? Probing before use, announcements, and defence. A
// machine: it knows times and addresses, the messages are the ARP cache's matter.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "protocols/wire/ipv4_address.h"
#include "sim/random.h"
#include "sim/time.h"

namespace kamesim {

// RFC 5227 §1.1.
inline constexpr Duration kProbeWait = 1_s;           // PROBE_WAIT
inline constexpr unsigned kProbeNum = 3;              // PROBE_NUM
inline constexpr Duration kProbeMin = 1_s;            // PROBE_MIN
inline constexpr Duration kProbeMax = 2_s;            // PROBE_MAX
inline constexpr Duration kAnnounceWait = 2_s;        // ANNOUNCE_WAIT
inline constexpr unsigned kAnnounceNum = 2;           // ANNOUNCE_NUM
inline constexpr Duration kAnnounceInterval = 2_s;    // ANNOUNCE_INTERVAL
inline constexpr unsigned kMaxConflicts = 10;         // MAX_CONFLICTS
inline constexpr Duration kRateLimitInterval = 60_s;  // RATE_LIMIT_INTERVAL
inline constexpr Duration kDefendInterval = 10_s;     // DEFEND_INTERVAL

class Ip4AddressGuard {
 public:
  explicit Ip4AddressGuard(RandomStream random) : random_(random) {}

  enum class Step : std::uint8_t { Probe, Announce, Unique };
  struct Output {
    Step step;
    Ipv4Bits address;
  };

  // §2.1.
  void probe(Time now, Ipv4Bits address);
  // §2.3: the first announcement is made now; the others follow.
  void announced(Time now, Ipv4Bits address);
  void forget(Ipv4Bits address) { guarded_.erase(address); }
  void forget_all() { guarded_.clear(); }

  // §2.1.1: another station's message. The address that is in use, and is not probed any more; empty: it says nothing.
  std::optional<Ipv4Bits> on_arp(Ipv4Bits sender, Ipv4Bits target);
  // §2.4 c: another claims an address that is ours. Whether to announce it.
  bool defends(Time now, Ipv4Bits address);

  // Called until empty.
  std::optional<Output> on_timeout(Time now);
  std::optional<Time> next_timeout() const;

 private:
  struct Guarded {
    bool probing = false;
    unsigned left = 0;  // probes, or announcements
    std::optional<Time> at;
    std::optional<Time> last_conflict;
  };

  RandomStream random_;
  std::map<Ipv4Bits, Guarded> guarded_;  // as many as the interface has addresses
  unsigned conflicts_ = 0;
  Time last_attempt_;
};

}  // namespace kamesim
