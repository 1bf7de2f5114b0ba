// A home agent's registrations (RFC 6275 §10.3): primary care-of address registration and de-registration.
//
//   (none) --update--> DAD pending --unique--> registered --update--> registered
//                          |                       |
//                      duplicate: 134      de-registration: invalid for 10 s, then gone; expiry: gone
#pragma once

#include <cstddef>
#include <optional>
#include <unordered_map>
#include <vector>

#include "protocols/mip6/binding_cache.h"
#include "protocols/mip6/binding_update_reception.h"
#include "protocols/mip6/constants.h"
#include "protocols/mip6/prefix_table.h"
#include "protocols/mip6/specification.h"
#include "sim/drop.h"
#include "sim/time.h"

namespace kamesim {

inline constexpr DropInfo kBuHomeNonceIndicesPresent{"mip6.bu_home_nonce_indices_present", "RFC 6275 §9.5.1"};
inline constexpr DropInfo kBuHomeAddressOptionMissing{"mip6.bu_home_address_option_missing", "RFC 6275 §10.3.1"};

struct HomeAgentRegistrationConfig {
  Duration max_lifetime = kMaxLifetime;    // §10.3.1: local policy
  std::optional<Duration> refresh_advice;  // §6.2.4, for registrations longer than it
  bool key_management_mobility = false;    // K: dynamic keys whose end point can move
  std::vector<Ipv6Prefix> prohibited;      // home addresses not served: status 129
  // RFC 3963: whose Mobile Networks it forwards for. Empty: it does not support mobile routers, status 140.
  std::optional<PrefixTable> mobile_networks;
  std::vector<Ipv6Prefix> care_of_prefixes;  // of the care-of addresses served (RFC 5380 §6.2); empty: all
  std::size_t max_pending = 256;           // home addresses under Duplicate Address Detection
  MobilityRules rules{};
};

struct HomePrefix {  // of the home agent's Prefix List (RFC 4861 §6.2.1): on-link on the home link
  Ipv6Prefix prefix;
  Time valid_until = Time::max();
  Time preferred_until = Time::max();
};

class HomeAgentRegistration {
 public:
  // The addresses to test, to defend by proxy Neighbor Discovery, or to defend no longer (§10.3.1, §10.4.1).
  struct Defended {
    Ipv6Address home_address;
    std::optional<Ipv6Address> link_local;  // with the L bit
  };
  struct Output {
    std::optional<Defended> start_dad;           // answer with on_dad_result()
    std::optional<BindingAckToSend> ack;
    std::optional<BindingCacheEntry> registered;  // new or moved: tunnel to its care-of address until it expires
    std::optional<Defended> start_proxy;         // §10.4.1, with an advertisement to all nodes
    std::optional<Defended> stop_proxy;          // and the tunnel
    DropReason dropped = nullptr;
  };
  enum class DadResult { Unique, Duplicate };

  // `cache` is the node's, shared with its role as a correspondent.
  HomeAgentRegistration(const HomeAgentRegistrationConfig& config, BindingCache& cache)
      : config_(config), cache_(cache) {}

  // The whole Prefix List. Bindings never outlive their prefix (§10.3.1).
  void on_prefix_list(Time now, std::vector<HomePrefix> prefixes);
  // A Binding Update with the H bit set, or with the R bit alone (RFC 3963 §6.2), authenticated as §5.1 asks.
  Output on_binding_update(Time now, const ReceivedBindingUpdate& received);

  // The same in steps, for an update that has more to tell than one care-of address (RFC 5648 §6.2). First the tests of
  // §9.5.1, with which the sequence number is stored: an answer to the update that fails one.
  std::optional<Output> on_validity_test(const ReceivedBindingUpdate& received);
  // The status that such a care-of address is refused with, if it is.
  std::optional<std::uint8_t> care_of_refusal(Time now, const Ipv6Address& home_address,
                                              const Ipv6Address& care_of) const;
  // Then what the update asks for. Of a home binding (RFC 5648 §5.6.3), the care-of address is the home address.
  enum class CareOfAddresses : std::uint8_t { ToBeTested, Tested };
  Output on_valid_update(Time now, const ReceivedBindingUpdate& received, CareOfAddresses care_of);

  // For both addresses together: Duplicate if either is.
  Output on_dad_result(Time now, const Ipv6Address& home_address, DadResult result);
  // Settles one due entry a call: call again while next_timeout() is due.
  Output on_timeout(Time now);
  std::optional<Time> next_timeout() const;

 private:
  std::optional<SeqNum16> last_sequence(const Ipv6Address& home_address) const;
  const HomePrefix* prefix_of(Time now, const Ipv6Address& home_address) const;
  // Also where the home address is in a Mobile Network that is served here (RFC 3963 §6.2).
  const HomePrefix* serving_prefix(Time now, const Ipv6Address& home_address) const;
  bool asks_for_deletion(const ReceivedBindingUpdate& received) const;
  // Of a Binding Update with the R bit.
  PrefixTable::Answer mobile_network_of(const ReceivedBindingUpdate& received) const;
  std::optional<std::uint8_t> mobile_router_refusal(const ReceivedBindingUpdate& received) const;
  Output stamped(Output out, bool mobile_router) const;
  // The status to refuse a registration with, if any.
  std::optional<std::uint8_t> refusal(Time now, const ReceivedBindingUpdate& received, CareOfAddresses care_of) const;
  Output register_care_of(Time now, const ReceivedBindingUpdate& received, CareOfAddresses care_of);
  Output accept(Time now, const ReceivedBindingUpdate& received);
  Output deregister(Time now, const ReceivedBindingUpdate& received);
  std::uint8_t accepted_status(Time now, const HomePrefix& prefix, Duration granted) const;

  HomeAgentRegistrationConfig config_;
  BindingCache& cache_;
  std::vector<HomePrefix> prefixes_;
  std::unordered_map<Ipv6Address, ReceivedBindingUpdate> pending_;  // during DAD: the latest update
};

}  // namespace kamesim
