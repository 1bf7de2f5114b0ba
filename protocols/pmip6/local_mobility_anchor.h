// A local mobility anchor's registrations (RFC 5213 §5.3 to §5.5). A machine: it takes requests and time, and says what
// to answer and where the mobile nodes' prefixes are to be routed.
//
//   (none) --update--> forwarded --update--> forwarded, perhaps by another gateway --expiry--> (none)
//                          | de-registration          ^
//                          v                          | update
//                      held for MinDelayBeforeBCEDelete --over--> (none)
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "protocols/mip6/constants.h"
#include "protocols/pmip6/messages.h"
#include "protocols/pmip6/mobility_sessions.h"
#include "protocols/pmip6/prefix_pool.h"
#include "protocols/pmip6/variables.h"
#include "sim/drop.h"
#include "sim/random.h"

namespace kamesim::pmip6 {

inline constexpr DropInfo kPbuCareOfNotRoutable{"pmip6.pbu_care_of_not_routable", "RFC 6275 §6.1.7"};
inline constexpr DropInfo kPbuNotFromServingGateway{"pmip6.pbu_not_from_serving_gateway", "RFC 5213 §5.3.5"};
inline constexpr DropInfo kPbuNoSessionToEnd{"pmip6.pbu_no_session_to_end", "RFC 5213 §5.4.1"};

// What an anchor knows of a mobile node in advance: its policy profile (§6.2), and who may register it (§4).
struct AnchorPolicy {
  bool enabled = true;                  // entitled to network-based mobility management
  std::vector<Ipv6Prefix> prefixes;     // its own; empty: of the pool
  std::size_t prefix_count = 1;         // of the pool, for a new session
  std::vector<Ipv6Address> gateways;    // access gateways (Proxy-CoAs) that may register it; empty: all trusted ones
};

struct AnchorConfig {
  Ipv6Prefix prefix_pool;
  unsigned prefix_length = 64;
  std::map<MobileNodeIdentifier, AnchorPolicy> mobile_nodes;
  bool serve_unknown_mobile_nodes = true;  // as an AnchorPolicy{} says
  std::vector<Ipv6Address> gateways;       // that are trusted; empty: all
  Duration max_lifetime = kMaxLifetime;
  std::size_t max_sessions = 100'000;
  Duration min_delay_before_bce_delete = kDefaultMinDelayBeforeBceDelete;
  Duration max_delay_before_new_bce_assign = kDefaultMaxDelayBeforeNewBceAssign;
  bool wait_for_deregistration = true;  // §5.4.1.2 item 4: "this should be configurable"
  Duration timestamp_validity_window = kDefaultTimestampValidityWindow;
  bool mobile_node_generated_timestamps = false;  // MobileNodeGeneratedTimestampInUse
  Duration clock_offset;                          // of the time of day here, from that of the simulation
};

struct ReceivedProxyBindingUpdate {
  Ipv6Address source, destination;
  ProxyBindingUpdate update;
  // §6.9.1.5: the Proxy-CoA.
  Ipv6Address care_of() const { return update.alternate_care_of_address.value_or(source); }
};

struct ProxyBindingAckToSend {
  Ipv6Address source, destination;
  ProxyBindingAck ack;
};

class LocalMobilityAnchor {
 public:
  struct Routing {
    enum class Kind : std::uint8_t {
      Forward,  // by the tunnel to its Proxy-CoA, from now on
      Hold,     // discard what comes to and from it (§5.3.5)
      Remove,
    };
    Kind kind;
    MobilitySession session;
  };
  struct Output {
    std::vector<Routing> routing;  // in that order
    std::vector<ProxyBindingAckToSend> acks;
    DropReason dropped = nullptr;
  };

  LocalMobilityAnchor(const AnchorConfig& config, RandomStream random);

  // The sender has been authenticated, if that is asked for (§4).
  Output on_proxy_binding_update(Time now, const ReceivedProxyBindingUpdate& received);
  Output on_timeout(Time now);
  std::optional<Time> next_timeout() const;
  const MobilitySessions& sessions() const { return sessions_; }

 private:
  struct Waiting {  // a request that waits for the previous gateway's de-registration
    ReceivedProxyBindingUpdate received;
    SessionId session;
    Time until;
  };
  using Request = ReceivedProxyBindingUpdate;
  const AnchorPolicy* policy(const MobileNodeIdentifier& mobile_node) const;
  std::optional<std::uint8_t> check_sender(const Request& r) const;
  std::optional<std::uint8_t> check_timestamp(Time now, const Request& r);
  static std::optional<std::uint8_t> check_options(const Options& options);
  void associate(Time now, const Request& r, Output& out);
  void create(Time now, const Request& r, Output& out);
  void extend(Time now, const Request& r, MobilitySession& session, Output& out);
  void deregister(Time now, const Request& r, MobilitySession& session, Output& out);
  void wait(Time now, const Request& r, SessionId session);
  void stop_waiting(const MobileNodeIdentifier& mobile_node, const Ipv6Address& care_of);
  std::optional<std::uint8_t> assign_prefixes(const Request& r, std::vector<Ipv6Prefix>& assigned);
  void end(SessionId id, Output& out);
  void accept(Time now, const Request& r, MobilitySession& session, Output& out);
  void reject(Time now, const Request& r, std::uint8_t status, Output& out) const;
  void set_deadline(MobilitySession& session, Time expires, std::optional<Time> delete_at);
  Ipv6Address new_link_local();
  Time time_of_day(Time now) const { return now + config_.clock_offset; }

  AnchorConfig config_;
  RandomStream random_;
  PrefixPool pool_;
  MobilitySessions sessions_;
  std::set<std::pair<Time, SessionId>> deadlines_;
  std::vector<Waiting> waiting_;  // oldest first
};

}  // namespace kamesim::pmip6
