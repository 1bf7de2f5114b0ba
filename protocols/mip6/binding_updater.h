// A mobile node's home registration (RFC 6275 §11.7.1, §11.7.3, §11.5.5): one home address with one home agent.
//
//   Idle --attach--> Registering --acknowledged--> Registered --refresh due, attach elsewhere--> Registering
//   any  --return home, withdraw--> Deregistering --acknowledged--> Idle
//   Registering --rejected--> Idle, tried again after a while or with another care-of address; status 134: never
//   Deregistering --rejected--> tried again after a while; status 133: Idle
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "protocols/mip6/binding_update_transmission.h"
#include "protocols/mip6/constants.h"
#include "protocols/mip6/messages.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/drop.h"
#include "sim/time.h"

namespace kamesim {

struct BindingUpdaterConfig {
  // RFC 5380 §6.1: to a Mobility Anchor Point M takes the place of H, the RCoA that of the home address, and there is no
  // Alternate Care-of Address option.
  enum class With : std::uint8_t { HomeAgent, MobilityAnchorPoint } with = With::HomeAgent;
  Ipv6Address home_address;
  Duration lifetime = 420_s;                       // to ask for; a multiple of 4 s
  bool link_local_address_compatibility = false;   // L: our link-local address has the home address's identifier
  bool key_management_mobility = false;            // K
  bool mobile_router = false;                      // R (RFC 3963 §5.2)
  std::vector<MobileNetworkPrefix> mobile_network_prefixes{};  // of its explicit mode
  SeqNum16 previous_sequence{0};                   // the number before the first
  Duration initial_bindack_timeout_first_reg = kDefaultInitialBindackTimeoutFirstReg;  // §13
  int refresh_percent = 75;                        // §11.7.3: "well before the expiration", of the lifetime granted
  Duration retry_after_rejection = 60_s;           // §11.7.3: with the same care-of address
  MobilityRules rules{};
};

// How many updates go unanswered before another home agent is thought of. With the time-outs of §11.8 for a first
// registration that takes 1.5 + 3 + 6 seconds.
inline constexpr int kUpdatesToOneHomeAgent = 3;

struct CareOfAddress {
  Ipv6Address address;
  Time valid_until = Time::max();
};

struct HomeUpdateToSend {
  BindingUpdate update;
  Ipv6Address source;                             // the destination is the home agent
  std::optional<Ipv6Address> home_address_option;
};

class BindingUpdater {
 public:
  enum class Deregistered {
    Acknowledged,       // §11.5.5: advertise the home address to all nodes, without Duplicate Address Detection
    NothingRegistered,  // §11.5.5: no binding was left, so Duplicate Address Detection is due
  };
  struct Output {
    std::optional<HomeUpdateToSend> send;
    std::optional<Binding> bound;                // registered, until when
    bool expired = false;                        // the home agent no longer has a binding
    std::optional<Deregistered> deregistered;
    std::optional<std::uint8_t> rejected;        // Status
    bool no_mobile_router_support = false;       // RFC 3963 §5.3: accepted, but without the R bit; to be withdrawn
    bool prefix_discovery_needed = false;        // status 1: solicit prefixes, then on_prefixes_confirmed()
    bool unanswered = false;                     // §11.7.1: kUpdatesToOneHomeAgent times; another may be tried
    DropReason dropped = nullptr;
  };

  explicit BindingUpdater(const BindingUpdaterConfig& config)
      : config_(config), transmission_(config.previous_sequence, config.rules) {}

  // RFC 3963 §5.2: what further Binding Updates tell of a Mobile Network.
  void set_mobile_network_prefixes(std::vector<MobileNetworkPrefix> prefixes) {
    config_.mobile_network_prefixes = std::move(prefixes);
  }
  // A new primary care-of address.
  Output on_attach(Time now, const CareOfAddress& care_of);
  // The present one is valid for longer or shorter than it was said: the next update asks for no more.
  void on_care_of_lifetime(Time valid_until);
  // What updates ask for from now on.
  void request_lifetime(Duration lifetime) { config_.lifetime = lifetime; }
  // Another home agent takes the place of the present one, whose binding is not thought of any more (§11.4.1). Nothing
  // is registered until on_attach().
  void forget_home_agent();
  // There is no care-of address to send from. A binding stays until it expires.
  Output on_detach(Time now);
  Output on_return_home(Time now);
  // §10.3.2: there will be no care-of address any more; sent from the present one.
  Output on_withdraw(Time now);
  // An acknowledgement from the home agent, authenticated as §5.1 asks.
  Output on_binding_ack(Time now, const BindingAck& ack);
  Output on_binding_refresh_request(Time now);
  // §11.3.6, from the home agent.
  Output on_binding_error(Time now, const BindingError& error);
  // After status 1: mobile prefix discovery found the home prefix valid.
  Output on_prefixes_confirmed(Time now);
  Output on_timeout(Time now);
  std::optional<Time> next_timeout() const;

  enum class State { Idle, Registering, Registered, Deregistering };
  State state() const { return state_; }
  const std::optional<Binding>& binding() const { return binding_; }
  // The last update of the present registration; empty: none was sent.
  const std::optional<BindingUpdateTransmission::Sent>& sent() const { return transmission_.sent(); }

 private:
  enum Deadline : std::size_t { kRefresh, kExpiry, kRetry, kDeadlines };

  Output register_care_of(Time now);
  Output deregister(Time now, const Ipv6Address& from);
  Output send_if_due(Time now);
  Output accepted(const BindingAck& ack);
  Output rejected(Time now, std::uint8_t status);
  void forget_binding();
  bool take_due(Time now, Deadline deadline);

  BindingUpdaterConfig config_;
  BindingUpdateTransmission transmission_;
  State state_ = State::Idle;
  std::optional<CareOfAddress> care_of_;  // while away
  Ipv6Address deregister_from_;
  std::optional<Binding> binding_;
  std::optional<Time> may_be_bound_until_;  // at the home agent, by the updates sent, acknowledged or not
  bool address_refused_ = false;          // §11.7.1: status 134, "MUST NOT attempt to re-use the same home address"
  std::array<std::optional<Time>, kDeadlines> deadlines_;
};

}  // namespace kamesim
