// A correspondent node's registrations with several care-of addresses (RFC 5648 §6), around CorrespondentRegistration, which
// has what is common to all: return routability, the tests of RFC 6275 §9.5.1, the Binding Cache entry with its sequence
// number. The entry's care-of address is that of the preferred binding, its lifetime that of the one that lasts longest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "protocols/mcoa/care_of_bindings.h"
#include "protocols/mcoa/messages.h"
#include "protocols/mip6/binding_cache.h"
#include "protocols/mip6/correspondent_registration.h"

namespace kamesim::mcoa {

struct MultipleCorrespondentConfig {
  // §6.1: "If the node does not desire to use multiple bindings for a mobile node, it can simply ignore the BID".
  enum class Policy : std::uint8_t { Accept, Prohibit, Ignore } policy = Policy::Accept;
  std::size_t max_bindings = 8;  // of a home address: status 130
};

class MultipleCorrespondent {
 public:
  using Base = CorrespondentRegistration;
  struct Ack {
    BindingAckToSend answer;
    Options options;  // none: it goes as RFC 6275 has it
  };
  struct Output {
    Base::Output base;  // but for its acknowledgement
    std::optional<Ack> ack;
  };

  // `base` and `cache` are the node's.
  MultipleCorrespondent(const MultipleCorrespondentConfig& config, Base& base, BindingCache& cache)
      : config_(config), base_(base), cache_(cache) {}

  void set_policy(MultipleCorrespondentConfig::Policy policy) { config_.policy = policy; }
  bool heeds_identifiers() const { return config_.policy == MultipleCorrespondentConfig::Policy::Accept; }

  Output on_binding_update(Time now, const ReceivedBindingUpdate& received, const MultipleBindingUpdate& message);
  // RFC 6275 §9.3.4, of the preferred binding.
  Base::Output on_care_of_unreachable(Time now, const Ipv6Address& home_address);
  Base::Output on_timeout(Time now);
  std::optional<Time> next_timeout() const;

  // §6.5: from where the mobile node may send, but for the address of the entry.
  std::vector<Ipv6Address> other_care_of(const Ipv6Address& home_address) const;
  // §6.4: the bindings that end soon; all that have a BID, if none does.
  std::vector<std::uint16_t> to_be_refreshed(Time now, const Ipv6Address& home_address) const;
  const CareOfBindings& bindings() const { return bindings_; }

 private:
  Output single(Time now, const ReceivedBindingUpdate& received);
  Output add(Time now, const ReceivedBindingUpdate& received, const MultipleBindingUpdate& message,
             const BindingManagementKey& kbm);
  Output remove(Time now, const ReceivedBindingUpdate& received, const Options& options,
                const BindingManagementKey& kbm);
  std::optional<std::uint8_t> refusal(Time now, const Ipv6Address& home_address,
                                      const MultipleBindingUpdate& message) const;
  Output acknowledge(Base::Output base, const Options& options) const;
  BindingCacheEntry settle(Time now, const Ipv6Address& home_address);
  Base::Output forgotten(Base::Output out);

  MultipleCorrespondentConfig config_;
  Base& base_;
  BindingCache& cache_;
  CareOfBindings bindings_;
};

}  // namespace kamesim::mcoa
