// How a mobile router has its Mobile Network registered (RFC 3963 §5.2 to §5.4): what its Binding Updates say of it,
// and what it does when a home agent refuses.
//
//   refused, or not a home agent for mobile routers --> another home agent of the home link
//   refused by all of them --> the other mode, if it may be tried --> given up
//   an answer that belongs to the other mode --> given up
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocols/mip6/mobility_options.h"
#include "protocols/wire/ipv6_address.h"

namespace kamesim {

enum class RegistrationMode : std::uint8_t {
  Implicit,  // §5.2: the home agent knows the prefixes
  Explicit,  // the Binding Update tells them
};

struct MobileRouterConfig {
  std::vector<Ipv6Prefix> prefixes;  // the Mobile Network Prefixes
  RegistrationMode mode = RegistrationMode::Implicit;
  bool try_other_mode = false;       // §5.4, "MAY": after every home agent has refused
};

class MobileRouterRegistration {
 public:
  enum class Next : std::uint8_t {
    Nothing,
    AnotherHomeAgent,  // §5.4: "SHOULD send a Binding Update to another Home Agent on the same home link"
    WithdrawFirst,     // §5.3: de-register with the present one, then discover others
    StartOver,         // with any home agent: the mode is another one
  };
  struct Output {
    Next next = Next::Nothing;
    bool stop_advertising = false;              // §5.4.2: the prefixes, in the Mobile Network
    std::optional<std::uint8_t> gave_up_after;  // §5.4: the last Status; it is to be logged
  };

  explicit MobileRouterRegistration(const MobileRouterConfig& config) : config_(config), mode_(config.mode) {}

  RegistrationMode mode() const { return mode_; }
  // What the next Binding Update for a care-of address holds; nothing in implicit mode.
  std::vector<MobileNetworkPrefix> options() const;
  // False: no Binding Update with the R bit is sent any more.
  bool active() const { return !gave_up_; }
  // Whether a registration with that home agent has not failed in this mode yet.
  bool may_try(const Ipv6Address& home_agent) const;
  bool has_failed_somewhere() const { return !refused_by_.empty(); }

  // The home agent accepted the Binding Update, with or without the R bit in its acknowledgement.
  Output on_accepted(const Ipv6Address& home_agent, bool mobile_router);
  // Status 140 to 143.
  Output on_refused(const Ipv6Address& home_agent, std::uint8_t status);
  // There is no other home agent to ask.
  Output on_no_home_agent();

  // §5.4: the statuses that a mobile router alone is told.
  static bool concerns(std::uint8_t status);

 private:
  Output give_up();
  void remember(const Ipv6Address& home_agent, std::uint8_t status);

  MobileRouterConfig config_;
  RegistrationMode mode_;
  bool tried_other_mode_ = false;
  bool gave_up_ = false;
  std::vector<Ipv6Address> refused_by_;  // in this mode
  std::uint8_t last_status_ = 0;
};

}  // namespace kamesim
