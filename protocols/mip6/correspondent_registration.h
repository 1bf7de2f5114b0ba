// A correspondent node's part of route optimization (RFC 6275 §9.4, §9.5): it answers the return routability
// procedure without keeping state, checks Binding Updates against it, and keeps the bindings.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "protocols/mip6/binding_cache.h"
#include "protocols/mip6/binding_update_reception.h"
#include "protocols/mip6/constants.h"
#include "protocols/mip6/keygen.h"
#include "protocols/mip6/messages.h"
#include "protocols/mip6/nonces.h"
#include "protocols/mip6/retired_bindings.h"
#include "protocols/mip6/specification.h"
#include "sim/drop.h"
#include "sim/time.h"

namespace kamesim {

inline constexpr DropInfo kTestInitWithHomeAddress{"mip6.test_init_with_home_address", "RFC 6275 §9.4.1, §9.4.2"};
inline constexpr DropInfo kTestInitNotRoutable{"mip6.test_init_not_routable", "RFC 6275 §5.2.5"};
inline constexpr DropInfo kBuNonceIndicesMissing{"mip6.bu_nonce_indices_missing", "RFC 6275 §9.5.1"};
inline constexpr DropInfo kBuAuthenticatorMissing{"mip6.bu_authenticator_missing", "RFC 6275 §9.5.1"};
inline constexpr DropInfo kBuBadAuthenticator{"mip6.bu_bad_authenticator", "RFC 6275 §9.5.1"};

struct CorrespondentRegistrationConfig {
  Duration max_lifetime = kMaxRrBindingLifetime;  // §9.5.2: may be less; §5.2.6: never more than this
  std::vector<Ipv6Prefix> prohibited;             // home addresses not served: status 129
  std::size_t max_retired = 1024;
  // §9.5.5: a binding used within `active_use` is asked to be refreshed this long before it expires (or at half its
  // lifetime), then again and again after half of what remains, as KAME does, the last time at least
  // `min_refresh_request_interval` before the end.
  Duration refresh_request_before = 60_s;
  Duration min_refresh_request_interval = 3_s;
  Duration active_use = 30_s;
  // §9.3.4: how many ICMP errors make a binding's care-of address persistently unreachable. They count at most once
  // a second, and from the start after ten seconds without one.
  int unreachable_errors = 3;
  MobilityRules rules{};
};

struct ReceivedTestInit {
  Ipv6Address source;
  enum class HomeAddressOption { Absent, Present } home_address_option = HomeAddressOption::Absent;
};

// RFC 6275 §9.5.4: every acknowledgement has an authenticator, but for those of status 136 to 138.
BindingAckToSend signed_by(BindingAckToSend ack, const BindingManagementKey& kbm);

class CorrespondentRegistration {
 public:
  struct Output {
    std::optional<HomeTest> home_test;         // to the source of the Home Test Init
    std::optional<CareOfTest> care_of_test;    // to the source of the Care-of Test Init
    std::optional<BindingAckToSend> ack;
    std::optional<BindingCacheEntry> bound;    // new or changed: route by its care-of address until it expires
    std::optional<Ipv6Address> unbound;        // the binding of this home address is gone
    std::optional<Ipv6Address> evicted;        // so is this one's, to make room
    std::optional<Ipv6Address> ask_last_used;  // answer with on_last_used()
    std::optional<Ipv6Address> send_refresh_request;  // a Binding Refresh Request to this home address
    DropReason dropped = nullptr;
  };

  // `cache` is the node's, shared with its role as a home agent.
  CorrespondentRegistration(const CorrespondentRegistrationConfig& config, BindingCache& cache, RandomBytes random)
      : config_(config), cache_(cache), nonces_(std::move(random)), retired_(config.max_retired) {}

  void follow(const MobilityRules& rules) { config_.rules = rules; }
  Output on_home_test_init(Time now, const ReceivedTestInit& received, const HomeTestInit& init);
  Output on_care_of_test_init(Time now, const ReceivedTestInit& received, const CareOfTestInit& init);
  // Without the H bit; with it only on a node that is no home agent, which says so.
  Output on_binding_update(Time now, const ReceivedBindingUpdate& received);
  // The same in steps, for an update that tells of one of several bindings (RFC 5648 §6.2). First the tests of §9.5.1: an
  // answer to the update that fails one, or the key that it is authorized with.
  struct Validity {
    std::optional<Output> answered;
    BindingManagementKey kbm{};
  };
  Validity on_validity_test(Time now, const ReceivedBindingUpdate& received);
  // Then what it asks for.
  Output on_valid_update(Time now, const ReceivedBindingUpdate& received, const BindingManagementKey& kbm);

  // When packets last went by this binding.
  Output on_last_used(Time now, const Ipv6Address& home_address, std::optional<Time> last_used);
  // An ICMPv6 Destination Unreachable came back for a packet to this binding's care-of address.
  Output on_care_of_unreachable(Time now, const Ipv6Address& home_address);
  // The same, but for what follows.
  bool is_persistently_unreachable(Time now, const Ipv6Address& home_address);
  // §9.5.5: when a binding that is made now and expires then is first asked to be refreshed.
  Time first_refresh_request(Time now, Time expires) const;
  // Settles one due entry a call: call again while next_timeout() is due.
  Output on_timeout(Time now);
  std::optional<Time> next_timeout() const;

 private:
  std::optional<SeqNum16> last_sequence(Time now, const Ipv6Address& home_address) const;
  bool asks_for_deletion(const ReceivedBindingUpdate& received) const;
  Output cache_binding(Time now, const ReceivedBindingUpdate& received, const BindingManagementKey& kbm);
  Output delete_binding(Time now, const ReceivedBindingUpdate& received, const BindingManagementKey& kbm);
  std::optional<std::uint8_t> refusal(Time now, const ReceivedBindingUpdate& received) const;
  // Takes it out of the cache and remembers what §5.2.8 asks for.
  void retire(Time now, const BindingCacheEntry& entry);
  Time next_refresh_request(Time now, Time expires) const;

  CorrespondentRegistrationConfig config_;
  BindingCache& cache_;
  NonceList nonces_;
  RetiredBindings retired_;
};

}  // namespace kamesim
