// Policies (RFC 4301 §4.4.1): what happens to the packets of a selector. KAME's model: one list a direction, in order, of
// which the first match counts; what is to be applied is an ordered list of requests.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "protocols/ipsec/selector.h"
#include "sim/time.h"

namespace kamesim::ipsec {

enum class Direction : std::uint8_t {
  In = 1,       // IPSEC_DIR_INBOUND: packets for this node
  Out = 2,      // IPSEC_DIR_OUTBOUND: packets from this node, and what it forwards
  Forward = 3,  // IPSEC_DIR_FWD: packets that came in and go on; without any such policy those of In count
};
inline constexpr int kDirections = 3;

enum class Action : std::uint8_t {
  Discard = 0,  // IPSEC_POLICY_DISCARD
  Bypass = 1,   // IPSEC_POLICY_NONE
  Protect = 2,  // IPSEC_POLICY_IPSEC
  Entrust = 3,  // IPSEC_POLICY_ENTRUST: of sockets only: ask the SPD
};

// The protocols of IPsec, by the value of the Next Header field.
enum class Protocol : std::uint8_t { Esp = 50, Ah = 51, IpComp = 108 };

enum class Mode : std::uint8_t {
  Any = 0,        // IPSEC_MODE_ANY: an SA for either
  Transport = 1,  // IPSEC_MODE_TRANSPORT
  Tunnel = 2,     // IPSEC_MODE_TUNNEL
};

enum class Level : std::uint8_t {
  Default = 0,  // IPSEC_LEVEL_DEFAULT: as the node is configured
  Use = 1,      // IPSEC_LEVEL_USE: if there is an SA, else without
  Require = 2,  // IPSEC_LEVEL_REQUIRE
  Unique = 3,   // IPSEC_LEVEL_UNIQUE: require, an SA of this request's own
};

// More in one bundle are refused: each costs a header of every packet.
inline constexpr std::size_t kMaxRequests = 8;

// KAME's IPSEC_MANUAL_REQID_MAX: those above are given out by the kernel.
inline constexpr std::uint32_t kMaxManualReqid = 0x3fff;

struct Request {
  Protocol protocol = Protocol::Esp;
  Mode mode = Mode::Transport;
  Level level = Level::Require;
  std::uint32_t reqid = 0;  // SAs with this one only; 0: any SA
  // The ends of the tunnel; of transport mode unspecified: the ends of the packet.
  Ipv6Address source, destination;

  friend bool operator==(const Request&, const Request&) = default;
};

struct PolicyCounters {
  std::uint64_t lookups = 0;  // that this policy answered without the cache of flows
};

struct SecurityPolicy {
  // What the SPD gave it: never used again, and the order of those with one priority.
  std::uint32_t id = 0;
  std::int32_t priority = 0;  // higher ones are asked first, equal ones in the order of their being added
  Direction direction = Direction::Out;
  Action action = Action::Bypass;
  Selector selector;
  // In the order in which they are applied going out: the first is innermost.
  std::vector<Request> requests;
  std::string name;           // of the administrator's choice, for named policies
  // KAME's: packets that a packet filter gave this tag, whatever their selectors. Not implemented: nothing here sets
  // one, so such a policy is kept and shown, and matches nothing.
  std::string tag;
  bool configured = false;    // by hand: a reboot keeps it
  Time created;
  Duration lifetime{};        // SADB_X_SPDEXPIRE when that is over; 0: it stays
  PolicyCounters counters;
};
inline bool asks_for_tunnel(const SecurityPolicy& policy) {
  return std::ranges::find(policy.requests, Mode::Tunnel, &Request::mode) != policy.requests.end();
}

}  // namespace kamesim::ipsec
