// The previous access router's part of a fast handover (RFC 5568 §4, §5.6, §6.2): it answers for its neighbourhood, takes
// Fast Binding Updates, arranges the handover with the new access router, and redirects the mobile node's packets.
//
//   FBU --HI--> Waiting --HAck accepted--> Bound --lifetime over, FBU with lifetime zero--> gone
//   Waiting --HAck refused, no HAck after HI_RETRIES--> gone, FBack with status 128 and above
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "protocols/fmip6/constants.h"
#include "protocols/fmip6/messages.h"
#include "protocols/mip6/keygen.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/bytes.h"
#include "sim/drop.h"
#include "sim/mac_address.h"
#include "sim/time.h"

namespace kamesim {

inline constexpr DropInfo kFbuNoHomeAddressOption{"fmip6.fbu_no_home_address_option", "RFC 5568 §6.2.2"};
inline constexpr DropInfo kFbuNotOurLink{"fmip6.fbu_pcoa_not_of_our_link", "RFC 5568 §4"};
inline constexpr DropInfo kFbuFlagsMissing{"fmip6.fbu_flags_missing", "RFC 5568 §6.2.2"};
inline constexpr DropInfo kFbuBadAuthenticator{"fmip6.fbu_bad_authenticator", "RFC 5568 §6.4.5"};
inline constexpr DropInfo kFbuStaleSequence{"fmip6.fbu_stale_sequence", "RFC 5568 §6.2.2"};
inline constexpr DropInfo kFbuNoNewCareOf{"fmip6.fbu_no_new_care_of_address", "RFC 5568 §6.2.2"};
inline constexpr DropInfo kHackUnmatched{"fmip6.hack_unmatched", "RFC 5568 §6.2.1.2"};

// An [AP-ID, AR-Info] tuple (RFC 5568 §2), as an administrator gives it.
struct NeighborhoodTuple {
  MacAddress access_point;
  MacAddress router_link_layer;
  Ipv6Address router;  // global
  Ipv6Prefix prefix;   // of the interface that the access point is attached to
  bool fast_handovers = true;
  friend bool operator==(const NeighborhoodTuple&, const NeighborhoodTuple&) = default;
};

struct ReceivedFastBindingUpdate {
  Ipv6Address source;                              // of the IPv6 header
  Ipv6Address destination;
  std::optional<Ipv6Address> home_address_option;  // the PCoA
  FastBindingUpdate update;
  Bytes mobility_header;                           // for its authenticator
  Ipv6Address new_care_of() const { return update.alternate_care_of_address.value_or(source); }
};

struct FastBindingAckToSend {
  FastBindingAck ack;  // its authenticator is zeros: compute_authenticator(key, care_of, source, message) goes there
  Ipv6Address source;
  Ipv6Address destination;
  Ipv6Address care_of;
};

struct PreviousAccessRouterConfig {
  Ipv6Prefix prefix;                       // of the link where the mobile nodes are
  std::vector<NeighborhoodTuple> neighbors;
  BindingManagementKey key{};              // shared with mobile nodes, as RFC 5269 would have it
  bool buffer = true;                      // U: the new access router is asked to buffer
  Duration max_lifetime = 60_s;            // of bindings; §5.6: "of the order of tens of seconds"
  std::size_t max_handovers = 256;
};

class PreviousAccessRouter {
 public:
  struct Redirect {
    Ipv6Address previous_care_of;
    Ipv6Address to;           // the NCoA, or the new access router where it takes the PCoA
    Ipv6Address our_address;  // the tunnel's entry point
  };
  struct HandoverInitiateToSend {
    HandoverInitiate message;
    Ipv6Address destination;
  };
  struct Output {
    std::optional<HandoverInitiateToSend> initiate;
    std::optional<Ipv6Address> restore;      // a PCoA whose packets stay on the link again; before `acks`, which may go there
    std::vector<FastBindingAckToSend> acks;  // before `redirect`: one goes to the PCoA, on the old link
    std::optional<Redirect> redirect;
    DropReason dropped = nullptr;
  };

  explicit PreviousAccessRouter(const PreviousAccessRouterConfig& config) : config_(config) {}

  Output on_fast_binding_update(Time now, const ReceivedFastBindingUpdate& received);
  Output on_handover_ack(Time now, const Ipv6Address& from, const HandoverAck& ack);
  // Settles one due entry a call: call again while next_timeout() is due.
  Output on_timeout(Time now);
  std::optional<Time> next_timeout() const;

  struct Entry {
    Ipv6Address previous_care_of, new_care_of;
    bool bound = false;
    Time expires;
  };
  std::vector<Entry> entries() const;

 private:
  struct Handover {
    ReceivedFastBindingUpdate fbu;  // without its bytes
    Ipv6Address new_care_of;
    Ipv6Address new_router;
    SeqNum16 sequence{0};
    HandoverInitiate initiate;
    int tries = 0;
    Duration timeout{};
    Time deadline;
    bool bound = false;
    bool waiting = false;
  };
  using Handovers = std::map<Ipv6Address, Handover>;  // by PCoA

  DropReason check(const ReceivedFastBindingUpdate& received) const;
  const NeighborhoodTuple* new_router_of(const Ipv6Address& new_care_of) const;
  Output end(Time now, Handovers::iterator handover, const ReceivedFastBindingUpdate& received);
  Output initiate(Time now, Handover& handover);
  Output refuse(const ReceivedFastBindingUpdate& received, std::uint8_t status) const;
  FastBindingAckToSend answer(const ReceivedFastBindingUpdate& received, const Ipv6Address& destination,
                              const FastBindingAck& ack) const;

  PreviousAccessRouterConfig config_;
  Handovers handovers_;
  std::uint16_t last_initiate_ = 0;
};

}  // namespace kamesim
