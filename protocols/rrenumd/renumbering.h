// What Router Renumbering Commands do to a router (RFC 2894 §4, §5). A machine: it is given the configuration of the
// interfaces and changes it; messages come as bytes and go as bytes.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <vector>

#include "protocols/rrenumd/messages.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/drop.h"
#include "sim/time.h"

namespace kamesim {

inline constexpr DropInfo kRenumberingTooShort{"rrenumd.too_short", "RFC 2894 §4.1"};
inline constexpr DropInfo kRenumberingResult{"rrenumd.result", "RFC 2894 §4.1"};
inline constexpr DropInfo kRenumberingBadCode{"rrenumd.bad_code", "RFC 2894 §3.1"};
inline constexpr DropInfo kRenumberingBadDestination{"rrenumd.bad_destination", "RFC 2894 §4.1"};
inline constexpr DropInfo kRenumberingOldSequence{"rrenumd.old_sequence_number", "RFC 2894 §4.1"};
inline constexpr DropInfo kRenumberingDuplicate{"rrenumd.duplicate", "RFC 2894 §4.1"};

struct RenumberedPrefix {  // §4.4
  Ipv6Prefix prefix;
  bool on_link = true, autonomous = true;
  Duration valid_lifetime, preferred_lifetime;
  bool lifetimes_decrement = false;
  friend bool operator==(const RenumberedPrefix&, const RenumberedPrefix&) = default;
};

struct RenumberedInterface {
  std::uint32_t index = 0;
  bool shut_down = false;  // administratively
  std::vector<RenumberedPrefix> prefixes;
  std::vector<Ipv6Address> addresses;
  friend bool operator==(const RenumberedInterface&, const RenumberedInterface&) = default;
};

class RouterRenumbering {
 public:
  struct Output {
    const DropInfo* dropped = nullptr;
    bool changed = false;                // the interfaces are others now
    std::vector<std::uint8_t> result;    // to be sent to the source within `max_delay`; empty: none
    Duration max_delay;
  };

  // A command that came to an address of the router, or of all routers. Reset: §5, where keys would be invalidated too.
  Output on_command(Bytes message, std::vector<RenumberedInterface>& interfaces);
  std::uint32_t recorded_sequence_number() const { return recorded_sequence_number_; }

 private:
  void forget();

  std::uint32_t recorded_sequence_number_ = 0;
  std::bitset<256> processed_;  // segment numbers of that sequence number
};

}  // namespace kamesim
