// A mobile node's registrations of several care-of addresses with one correspondent (RFC 5648 §5.2, §5.4): each has its own
// return routability procedure and Binding Update, with its BID; the sequence numbers are common to all (§4.1). There are no
// bulk registrations with correspondents (§5.3).
//
// A correspondent that answers without the option has one binding, and gets that of the preferred care-of address.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "protocols/mcoa/messages.h"
#include "protocols/mip6/binding_update_transmission.h"
#include "protocols/mip6/correspondent_updater.h"
#include "protocols/mip6/keygen.h"
#include "protocols/mip6/nonces.h"
#include "protocols/mip6/return_routability.h"

namespace kamesim::mcoa {

class CorrespondentLinks {
 public:
  // What the home agent has: a care-of address that is ours now, and until when it is bound there.
  struct Registered {
    std::uint16_t bid = 0;
    std::uint8_t priority = 0;  // BID-PRI
    Binding binding;
  };
  struct Update {
    MultipleBindingUpdate message;  // update.authenticator is zeros, as in CorrespondentUpdateToSend
    Ipv6Address source;
    std::optional<Ipv6Address> home_address_option;
    BindingManagementKey kbm{};
    Ipv6Address authenticated_address;
  };
  struct TestCareOf {
    IdentifiedCareOfTestInit message;
    Ipv6Address care_of;  // that it is sent from
  };
  struct Output {
    std::vector<HomeTestInit> home_test_inits;  // from the home address, by the tunnel
    std::vector<TestCareOf> care_of_test_inits;
    std::vector<Update> updates;
    std::vector<std::uint16_t> registered;
    bool ways_changed = false;
    DropReason dropped = nullptr;
  };

  CorrespondentLinks(const Ipv6Address& home_address, const Ipv6Address& correspondent, SeqNum16 previous_sequence,
                     RandomBytes random)
      : home_(home_address), correspondent_(correspondent), numbering_{previous_sequence}, random_(std::move(random)) {}
  CorrespondentLinks(const CorrespondentLinks&) = delete;
  CorrespondentLinks& operator=(const CorrespondentLinks&) = delete;

  // All that are registered with the home agent now, the preferred one first. What is gone is deleted here by another.
  Output on_links(Time now, const std::vector<Registered>& links);
  Output on_return_home(Time now);
  Output on_tunnelled_packet(Time now);
  Output on_home_test(Time now, const HomeTest& test, const Ipv6Address& destination, ReturnRoutability::Path path);
  Output on_care_of_test(Time now, const CareOfTest& test, const Ipv6Address& destination);
  Output on_binding_ack(Time now, const MultipleBindingAck& ack, Bytes mobility_header);
  // §5.8: for these BIDs; for all of them if there are none.
  Output on_binding_refresh_request(Time now, const std::vector<std::uint16_t>& bids);
  Output on_binding_error(Time now, const BindingError& error);
  Output on_mobility_header_unsupported(Time now);
  Output on_timeout(Time now);
  std::optional<Time> next_timeout() const;

  // The preferred of those that the correspondent has; none: by the home agent.
  std::optional<Ipv6Address> way() const;
  std::vector<std::uint16_t> bound() const;  // BIDs
  bool knows_one_only() const { return plain_; }

 private:
  struct Part {
    Part(const CorrespondentUpdaterConfig& config, const ReturnRoutabilityConfig& tests, RandomBytes random)
        : updater(config), routability(tests, std::move(random)) {}
    CorrespondentUpdater updater;
    ReturnRoutability routability;
    std::optional<Registered> link;  // while the home agent has it
    int place = 0;                   // in the order of preference
  };
  using Parts = std::map<std::uint16_t, Part>;

  Part& part_of(std::uint16_t bid);
  void absorb(Time now, Parts::value_type& part, const CorrespondentUpdater::Output& from, Output& out);
  void absorb(Time now, Parts::value_type& part, const ReturnRoutability::Output& from, Output& out);
  Update made(std::uint16_t bid, const Part& part, const CorrespondentUpdateToSend& send);
  void become_plain(Time now, std::uint16_t kept, Output& out);
  std::vector<Parts::value_type*> in_order();
  template <typename Event>
  Output to_all(Time now, Event event);

  Ipv6Address home_, correspondent_;
  BindingUpdateNumbering numbering_;
  RandomBytes random_;
  Parts parts_;            // by BID
  bool plain_ = false;     // the correspondent does not know BIDs
  bool bootstrapped_ = false;  // it has been told to replace what it has (§5.9)
};

}  // namespace kamesim::mcoa
