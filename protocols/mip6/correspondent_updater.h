// A mobile node's correspondent registration (RFC 6275 §11.7.2): one home address with one correspondent. It says
// when to run the return routability procedure (return_routability.h) and sends the Binding Updates that follow.
//
//   Idle --home registration--> Testing --authorized--> Registering --acknowledged--> Bound --refresh--> Testing
//   (without the A bit, Testing --authorized--> Bound)
//   Testing, Registering --failed, rejected--> Avoiding --after a while--> Idle
// Until Bound, and where Output says `unbound`, packets go through the home agent.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "protocols/mip6/binding_update_transmission.h"
#include "protocols/mip6/constants.h"
#include "protocols/mip6/keygen.h"
#include "protocols/mip6/messages.h"
#include "protocols/mip6/return_routability.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/bytes.h"
#include "sim/drop.h"
#include "sim/time.h"

namespace kamesim {

inline constexpr DropInfo kBackBadAuthenticator{"mip6.back_bad_authenticator", "RFC 6275 §11.7.3"};

struct CorrespondentUpdaterConfig {
  Ipv6Address home_address;
  Ipv6Address correspondent;
  Duration lifetime = kMaxRrBindingLifetime;  // to ask for
  // A: without it the binding counts as made when the update is sent; Binding Errors tell if it was not.
  bool acknowledge = false;
  // §11.7.4: before a binding expires, or only when the correspondent asks.
  enum class Refresh { BeforeExpiry, OnRequest } refresh = Refresh::BeforeExpiry;
  int refresh_percent = 75;                   // of the lifetime granted
  SeqNum16 previous_sequence{0};              // §11.7.2: SHOULD be random
  Duration avoid_for = 60_s;                  // §11.3.5: before a correspondent that failed is tried again
  MobilityRules rules{};
  BindingUpdateNumbering* numbering = nullptr;  // RFC 5648 §4.1: common to the updaters of one correspondent
};

struct CorrespondentUpdateToSend {
  BindingUpdate update;                       // the destination is the correspondent
  Ipv6Address source;
  std::optional<Ipv6Address> home_address_option;
  // update.authenticator is zeros: compute_authenticator(kbm, authenticated_address, correspondent, message) goes
  // in their place.
  BindingManagementKey kbm{};
  Ipv6Address authenticated_address;
};

struct ReceivedBindingAck {
  BindingAck ack;
  Bytes mobility_header;  // the whole message, for its authenticator
};

class CorrespondentUpdater {
 public:
  struct Output {
    std::optional<ReturnRoutability::Tokens> discard_tokens;     // first
    std::optional<ReturnRoutabilityRequest> return_routability;  // start it; its result is on_authorized() or
                                                                 // on_return_routability_failed()
    bool stop_return_routability = false;
    std::optional<CorrespondentUpdateToSend> send;
    std::optional<Binding> bound;          // send directly, with a Home Address option, until it expires
    bool unbound = false;                  // send through the home agent
    bool finished = false;                 // after a return home: deleted, or left to expire
    std::optional<std::uint8_t> rejected;  // Status
    DropReason dropped = nullptr;
  };

  explicit CorrespondentUpdater(const CorrespondentUpdaterConfig& config)
      : config_(config), transmission_(config.previous_sequence, config.rules, config.numbering) {}

  // The home agent accepted this care-of address until then: what the lifetime here is limited by (§11.7.2).
  Output on_home_registration(Time now, const Binding& home_registration);
  // The care-of address is no longer ours (§11.3.1: it must be a current one to send directly).
  Output on_detach(Time now);
  // §11.7.2: a packet from this correspondent came through the home agent's tunnel.
  Output on_tunnelled_packet(Time now);
  Output on_authorized(Time now, const Authorization& authorization);
  Output on_return_routability_failed(Time now);
  Output on_return_home(Time now);
  Output on_binding_ack(Time now, const ReceivedBindingAck& received);
  Output on_binding_refresh_request(Time now);
  Output on_binding_error(Time now, const BindingError& error);
  // §11.3.5: an ICMPv6 Parameter Problem, Code 1, about a message to this correspondent.
  Output on_mobility_header_unsupported(Time now);
  Output on_timeout(Time now);
  std::optional<Time> next_timeout() const;

  enum class State { Idle, Testing, Registering, Bound, Avoiding };
  State state() const { return state_; }
  const std::optional<Binding>& binding() const { return binding_; }  // if packets may go by it
  // The last update of the present registration; empty: none was sent.
  const std::optional<BindingUpdateTransmission::Sent>& sent() const { return transmission_.sent(); }

 private:
  enum Deadline : std::size_t { kRefresh, kExpiry, kRetry, kDeadlines };

  // Asks for the return routability procedure.
  Output start(Output out);
  Output fail(Time now);
  Output send_if_due(Time now);
  Output accepted(Duration granted);
  Output rejected(Time now, std::uint8_t status);
  bool authentic(const ReceivedBindingAck& received) const;
  bool deleting() const { return purpose_ == CorrespondentRequest::DeleteBinding; }
  // Ends the binding and its updates; `unbound` if there was one.
  Output drop_binding();
  bool take_due(Time now, Deadline deadline);

  CorrespondentUpdaterConfig config_;
  BindingUpdateTransmission transmission_;
  State state_ = State::Idle;
  CorrespondentRequest purpose_ = CorrespondentRequest::CacheBinding;
  std::optional<Binding> home_registration_;  // while away
  std::optional<Authorization> authorization_;
  std::optional<Binding> binding_;
  std::optional<Time> may_be_bound_until_;    // at the correspondent, by the updates sent
  int disowned_ = 0;                          // bindings the correspondent said it does not have, in a row
  std::array<std::optional<Time>, kDeadlines> deadlines_;
};

}  // namespace kamesim
