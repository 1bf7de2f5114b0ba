// A mobile node's home registration with several care-of addresses (RFC 5648 §5): one home address with one home agent.
// Each interface that roams has a Binding Identification Number of its own.
//
//   of each BID: no address --attach--> to be registered --accepted--> registered --refresh due--> to be registered
//                registered --detach, while another has an address--> to be deleted --acknowledged--> no address
//   one Binding Update is under way at a time; what must be deleted goes first
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocols/mcoa/messages.h"
#include "protocols/mcoa/own_flows.h"
#include "protocols/mip6/binding_update_transmission.h"
#include "protocols/mip6/binding_updater.h"
#include "protocols/mip6/constants.h"
#include "protocols/mip6/messages.h"
#include "sim/drop.h"
#include "sim/time.h"

namespace kamesim::mcoa {

struct MultipleBindingUpdaterConfig {
  struct Link {
    std::uint16_t bid = 0;
    std::uint8_t priority = 0;  // BID-PRI, lower is better
  };
  Ipv6Address home_address;
  std::vector<Link> links;
  Duration lifetime = 420_s;       // to ask for; a multiple of 4 s
  bool bulk_registration = true;   // §5.3: several BIDs in one message
  bool link_local_address_compatibility = false;
  bool mobile_router = false;      // R (RFC 3963 §5.2)
  std::vector<MobileNetworkPrefix> mobile_network_prefixes{};  // of its explicit mode
  SeqNum16 previous_sequence{0};
  Duration initial_bindack_timeout_first_reg = kDefaultInitialBindackTimeoutFirstReg;  // RFC 6275 §13
  int refresh_percent = 75;                // RFC 6275 §11.7.3
  Duration retry_after_rejection = 60_s;   // RFC 6275 §11.7.3
};

class MultipleBindingUpdater {
 public:
  struct Send {
    MultipleBindingUpdate message;
    Ipv6Address source;  // the destination is the home agent
    std::optional<Ipv6Address> home_address_option;
    bool plain = false;  // without BIDs
  };
  struct Output {
    std::optional<Send> send;
    bool ways_changed = false;               // ways() are others than before
    std::vector<std::uint16_t> registered;   // BIDs that the home agent has accepted just now
    std::optional<BindingUpdater::Deregistered> deregistered;
    std::optional<std::uint8_t> rejected;    // a Status
    bool no_mobile_router_support = false;   // RFC 3963 §5.3: accepted, but without the R bit; all is being withdrawn
    DropReason dropped = nullptr;
  };
  struct Way {
    std::uint16_t bid = 0;
    Ipv6Address care_of;
  };
  struct LinkState {
    std::uint16_t bid = 0;
    std::uint8_t priority = 0;
    std::optional<CareOfAddress> care_of;   // while its interface has one
    std::optional<Binding> binding;         // at the home agent, as far as known
    bool update_due = false;                // to be registered, or refreshed
    std::optional<Time> refresh_at, retry_at;
    bool deletion_due() const { return binding && !care_of; }
    bool usable() const { return care_of && binding && binding->care_of == care_of->address; }
  };

  explicit MultipleBindingUpdater(const MultipleBindingUpdaterConfig& config);

  // The interface of that BID has a care-of address, or has none (any more).
  Output on_attach(Time now, std::uint16_t bid, const CareOfAddress& care_of);
  Output on_detach(Time now, std::uint16_t bid);
  // The present one is valid for longer or shorter than it was said: the next update asks for no more.
  void on_care_of_lifetime(std::uint16_t bid, Time valid_until);
  // §5.5.1: an interface is on the home link, and all bindings are given up; and not any more.
  Output on_return_home(Time now);
  Output on_leave_home(Time now);
  // An acknowledgement from the home agent, authenticated as RFC 6275 §5.1 asks.
  Output on_binding_ack(Time now, const MultipleBindingAck& ack);
  // §5.8: for these BIDs; for all of them if there are none.
  Output on_binding_refresh_request(Time now, const std::vector<std::uint16_t>& bids);
  Output on_binding_error(Time now, const BindingError& error);
  // RFC 3963 §5.4: a home agent that has refused the Mobile Network is asked in another way. Until then, nothing more is
  // registered with it.
  Output start_over(Time now, std::vector<MobileNetworkPrefix> mobile_network_prefixes);
  Output bind_flow(Time now, const FlowBinding& flow);
  Output unbind_flow(Time now, std::uint16_t fid);
  Output on_timeout(Time now);
  std::optional<Time> next_timeout() const;

  // What packets may take now: care-of addresses that the home agent knows, the preferred one first.
  std::vector<Way> ways() const;
  const std::vector<LinkState>& links() const { return links_; }  // the preferred one first
  const OwnFlows& flows() const { return flows_; }
  // §5.7: the home agent refuses several bindings, or does not know of them: one is registered, without a BID.
  bool fallen_back() const { return plain_; }
  bool at_home() const { return at_home_; }

 private:
  enum class Work : std::uint8_t { None, Register, Delete, DeleteAll };

  LinkState* find(std::uint16_t bid);
  std::vector<std::uint16_t> registered_bids() const;
  // Begins with what is due if nothing, or something less urgent, is under way.
  Output proceed(Time now, Output out);
  Output proceed(Time now) { return proceed(now, Output()); }
  std::vector<std::uint16_t> due(Work work) const;
  std::vector<std::uint16_t> registrations_due() const;
  Output start(Time now, Work work, std::vector<std::uint16_t> bids, Output out);
  Output send_if_due(Time now, Output out);
  std::optional<Send> make_update(Time now);
  const LinkState* sender() const;
  Output answered(Time now, const MultipleBindingAck& ack);
  void answered(Time now, LinkState& link, std::uint8_t status, const MultipleBindingAck& ack, Output& out);
  void refused(Time now, LinkState& link, std::uint8_t status, Output& out);
  void put_back();
  void fall_back();
  void stop_registering();
  Output withdraw(Time now);

  MultipleBindingUpdaterConfig config_;
  BindingUpdateTransmission transmission_;
  std::vector<LinkState> links_;
  OwnFlows flows_;
  Work work_ = Work::None;                 // under way
  std::vector<std::uint16_t> in_flight_;   // the BIDs that it is about
  bool bootstrapped_ = false;              // §5.9: the home agent has no bindings that we do not know of
  bool bulk_ = true;
  bool plain_ = false;
  bool at_home_ = false;
  bool address_refused_ = false;           // RFC 6275 §11.7.1, status 134
  bool stopped_ = false;                   // RFC 3963 §5.3, §5.4
};

}  // namespace kamesim::mcoa
