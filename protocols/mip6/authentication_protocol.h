// The authentication protocol of RFC 4285 as machines: the home agent's part and the mobile node's. They say what to
// put into messages and what to think of those that come; they know neither sockets nor a clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "protocols/mip6/authentication_option.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/drop.h"
#include "sim/time.h"

namespace kamesim {

inline constexpr DropInfo kAuthenticationMissing{"mip6.authentication_missing", "RFC 4285 §5"};
inline constexpr DropInfo kAuthenticationNoAssociation{"mip6.authentication_no_association", "RFC 4285 §5.1.1"};
inline constexpr DropInfo kAuthenticationFailed{"mip6.authentication_failed", "RFC 4285 §5.1.1"};
inline constexpr DropInfo kAuthenticationTimestampDiffers{"mip6.authentication_timestamp_differs", "RFC 4285 §6"};

// RFC 4285 §5.1: a shared-key-based mobility security association. Both sides are given the same.
struct MobilitySecurityAssociation {
  std::string identifier;  // the mobile node's, of the form user@realm (RFC 4283 §3.1)
  std::uint32_t spi = kReservedSpis;
  MobilityKey key{};
  std::optional<MobilityKey> aaa_key;  // updates bear an MN-AAA option too, with this key (§5.2)
  bool timestamps = false;             // replay protection by timestamps (§6); else by sequence numbers alone
  Duration close_enough = 7_s;         // §5.1: SHOULD be more than 3 s
};

// A time of day in the format of NTP (RFC 4285 §6): seconds since 1900 and 32 bits of fraction. Virtual time begins
// with the year 2026.
std::uint64_t ntp_timestamp(Time now, Duration clock_offset = {});

// Of a home agent: one for all its mobile nodes. The AAA server of the home network is thought to be part of it.
class HomeAuthentication {
 public:
  struct Verdict {
    DropReason dropped = nullptr;
    std::optional<std::uint8_t> refused;  // Status
  };

  void add(const Ipv6Address& home_address, const MobilitySecurityAssociation& association);
  bool knows(const Ipv6Address& home_address) const { return mobile_nodes_.contains(home_address); }

  // A Binding Update of a mobile node that has an association. `care_of` is the one to be registered.
  Verdict on_binding_update(Time now, const Ipv6Address& home_address, const Ipv6Address& care_of,
                            const MobilityHeaderView& update);
  // What goes into the answer to the last update.
  AuthenticationToAppend answer(const Ipv6Address& home_address) const;

 private:
  struct MobileNode {
    MobilitySecurityAssociation association;
    Ipv6Address care_of;                          // of the last update
    std::optional<std::uint64_t> reply;           // the timestamp of the answer to it
    std::uint64_t accepted = 0;                   // the greatest timestamp accepted
  };
  std::unordered_map<Ipv6Address, MobileNode> mobile_nodes_;
};

// Of a mobile node with one home agent.
class MobileNodeAuthentication {
 public:
  // clock_offset: how far the node's own time of day is from the true one.
  explicit MobileNodeAuthentication(const MobilitySecurityAssociation& association, Duration clock_offset = {})
      : association_(association), clock_offset_(clock_offset) {}

  // What goes into an update that registers that care-of address.
  AuthenticationToAppend authenticate(Time now, const Ipv6Address& home_address, const Ipv6Address& care_of);
  // Whether an acknowledgement is to be believed: nothing, or why not. One that says so sets the clock.
  DropReason on_binding_ack(Time now, const Ipv6Address& home_address, std::uint8_t status,
                            const MobilityHeaderView& ack);

 private:
  MobilitySecurityAssociation association_;
  Duration clock_offset_;
  Ipv6Address care_of_;             // of the last update
  std::uint64_t timestamp_ = 0;     // of the last update
};

}  // namespace kamesim
