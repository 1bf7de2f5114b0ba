// A local mobility anchor's Binding Cache (RFC 5213 §5.1), and how a Proxy Binding Update finds its entry (§5.4.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "protocols/pmip6/messages.h"

namespace kamesim::pmip6 {

using SessionId = std::uint64_t;

struct MobilitySession {  // §5.1; all entries here are proxy registrations
  SessionId id = 0;
  MobileNodeIdentifier mobile_node;
  LinkLayerIdentifier link_layer_identifier{0, 0};  // "two (octets)" of ALL_ZERO: not known
  std::uint8_t access_technology = 0;
  Ipv6Address link_local_address;  // of the access gateway on the link with the mobile node; unspecified: none told
  std::vector<Ipv6Prefix> prefixes;
  Ipv6Address proxy_care_of;
  Ipv6Address anchor_address;  // LMAA, of ours
  SeqNum16 sequence{0};
  Timestamp timestamp = 0;  // of the last update accepted; 0: sequence numbers are in use
  Time expires;
  std::optional<Time> delete_at;  // §5.3.5: de-registered, and waiting for another access gateway
  Time deadline() const { return delete_at.value_or(expires); }
};

// What a request is taken for.
struct LookUp {
  enum class Outcome : std::uint8_t {
    NewSession,
    Update,
    Wait,    // for the previous access gateway's de-registration, before it is an update of that session
    Reject,
  };
  Outcome outcome = Outcome::NewSession;
  SessionId session = 0;    // of Update and Wait
  std::uint8_t status = 0;  // of Reject
};

class MobilitySessions {
 public:
  MobilitySession& add(MobilitySession session);  // gives it its id
  void remove(SessionId id);
  MobilitySession* find(SessionId id);
  const std::map<SessionId, MobilitySession>& all() const { return by_id_; }
  std::size_t size() const { return by_id_.size(); }
  // All of one mobile node, oldest first.
  std::vector<MobilitySession*> of(const MobileNodeIdentifier& mobile_node);
  MobilitySession* with_prefix(const Ipv6Prefix& prefix);
  // Prefixes of different sessions have nothing in common (§5.2).
  const MobilitySession* with_address(const Ipv6Address& address) const;

  // §5.4.1. The request has all mandatory options; `care_of` is its Proxy-CoA.
  LookUp look_up(const ProxyBindingUpdate& request, const Ipv6Address& care_of);

 private:
  LookUp by_prefix(const Options& request, const Ipv6Address& care_of, const std::vector<Ipv6Prefix>& asked_for);
  LookUp by_link_layer_identifier(const Options& request);
  LookUp by_mobile_node(const Options& request);
  LookUp wait_for(const std::vector<MobilitySession*>& only);

  std::map<SessionId, MobilitySession> by_id_;
  std::map<MobileNodeIdentifier, std::vector<SessionId>> by_mobile_node_;
  std::map<Ipv6Prefix, SessionId> by_prefix_;
  SessionId next_id_ = 1;
};

}  // namespace kamesim::pmip6
