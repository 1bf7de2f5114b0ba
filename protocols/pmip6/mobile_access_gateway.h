// A mobile access gateway's Binding Update List and registrations (RFC 5213 §6.1, §6.9). A machine: it takes news of
// the access link, acknowledgements and time, and says what to send and for whom to forward.
//
//   (none) --attachment--> registering --accepted--> bound --refresh, expiry--> registering again
//                              | rejected: denied       | detachment
//                              v                        v
//                          until it attaches anew   leaving --acknowledged, or 1 s--> (none)
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "protocols/mip6/constants.h"
#include "protocols/mip6/rate_limit.h"
#include "protocols/pmip6/messages.h"
#include "protocols/pmip6/variables.h"
#include "sim/drop.h"
#include "sim/random.h"

namespace kamesim::pmip6 {

inline constexpr DropInfo kPbaUnmatched{"pmip6.pba_unmatched", "RFC 5213 §6.9.1.2 item 5"};
inline constexpr DropInfo kPbaOptionsDiffer{"pmip6.pba_options_differ", "RFC 5213 §6.9.1.2 item 6"};
inline constexpr DropInfo kPbaWithoutPrefix{"pmip6.pba_without_prefix", "RFC 5213 §5.3.6"};

// A mobile node's policy profile (§6.2).
struct PolicyProfile {
  MobileNodeIdentifier mobile_node;
  Ipv6Address anchor;                 // LMAA
  std::vector<Ipv6Prefix> prefixes;   // to ask for; empty: as the anchor assigns
  std::optional<bool> local_routing;  // §9.2: takes precedence over the gateway's flag
};

struct GatewayConfig {
  std::map<MacAddress, PolicyProfile> mobile_nodes;  // by the link-layer identifier of their interface
  Duration lifetime = 3600_s;                        // of registrations, to ask for
  std::uint8_t access_technology = kAccessWirelessLan;
  bool timestamps = true;  // §9.3, TimestampBasedApproachInUse
  // §9.3, FixedMAGLinkLocalAddressOnAllAccessLinks; unspecified: the anchor generates one for each session.
  Ipv6Address fixed_link_local = kFixedLinkLocalAddress;
  bool local_routing = false;  // §9.2, EnableMAGLocalRouting
  Duration clock_offset;       // of the time of day here, from that of the simulation
};

enum class Attachment : std::uint8_t {
  New,      // the interface was attached nowhere before, as the link layer knows
  Moved,    // the same interface comes from another access point
  Unknown,  // the link layer tells nothing about it
};

struct Binding {  // an entry of the Binding Update List
  enum class State : std::uint8_t { Registering, Bound, Leaving, Denied };
  MacAddress station;
  PolicyProfile profile;
  State state = State::Registering;
  bool established = false;          // the anchor has accepted it, and its lifetime is not over
  std::vector<Ipv6Prefix> prefixes;  // that the anchor assigned; empty: not known yet
  Ipv6Address link_local_address;    // of ours, on the link with the mobile node
  Time expires;                      // if established
};

class MobileAccessGateway {
 public:
  struct UpdateToSend {
    Ipv6Address anchor;
    ProxyBindingUpdate update;
  };
  struct Change {
    enum class Kind : std::uint8_t {
      Bound,   // or bound again: forward, and advertise the prefixes
      Denied,  // neither any more, though it is there
      Gone,
    };
    Kind kind;
    Binding binding;
  };
  struct Output {
    std::vector<UpdateToSend> updates;
    std::vector<Change> changes;
    DropReason dropped = nullptr;
  };

  MobileAccessGateway(const GatewayConfig& config, RandomStream random);

  // Of stations without a policy profile nothing becomes here (§6.14).
  Output on_attached(Time now, MacAddress station, Attachment how);
  Output on_detached(Time now, MacAddress station);
  Output on_proxy_binding_ack(Time now, const Ipv6Address& source, const ProxyBindingAck& ack);
  // The mobile node uses the link-local address that was to be ours (§6.9.1.2, item 15).
  Output on_link_local_in_use(Time now, MacAddress station);
  Output on_timeout(Time now);
  std::optional<Time> next_timeout() const;

  const Binding* find(MacAddress station) const;
  std::vector<Binding> bindings() const;  // by station

 private:
  struct Entry {
    Binding binding;
    std::uint8_t hint = kHandoffStateUnknown;
    bool ask_for_any_prefix = false;            // status 155 (§6.9.1.2 item 10)
    std::optional<Ipv6Address> chosen_link_local;  // to be told to the anchor
    ProxyBindingUpdate last;                    // sent
    Time sent_at;
    Duration timeout = kInitialBindackTimeout;
    std::optional<Time> send_at;                // again, or when the rate allows it
    std::optional<Time> refresh_at;
    std::optional<Time> remove_at;
  };
  using Entries = std::map<MacAddress, Entry>;
  void register_again(Time now, Entry& entry, std::uint8_t hint, Output& out);
  void transmit(Time now, Entry& entry, Output& out);
  std::vector<Ipv6Prefix> prefixes_to_ask_for(const Entry& entry) const;
  Timestamp next_timestamp(Time now);
  Entry* match(const Ipv6Address& source, const ProxyBindingAck& ack);
  void accept(Time now, Entry& entry, const ProxyBindingAck& ack, Output& out);
  void reject(Time now, Entry& entry, const ProxyBindingAck& ack, Output& out);
  void deny(Entry& entry, Output& out);
  void disestablish(Entry& entry, Output& out);
  void remove(MacAddress station, Output& out);
  bool due(Time now, Entry& entry, Output& out);

  GatewayConfig config_;
  RandomStream random_;
  Entries entries_;
  std::map<MacAddress, UpdateRateLimit> rates_;  // of stations with a profile
  std::map<MobileNodeIdentifier, SeqNum16> sequences_;  // without timestamps: of each mobile node
  SeqNum16 sequence_{0};                                // with them: of this gateway (§6.9.1.1 item 6)
  Timestamp last_timestamp_ = 0;
};

}  // namespace kamesim::pmip6
