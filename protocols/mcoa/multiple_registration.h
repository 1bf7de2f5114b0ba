// A home agent's registrations of several care-of addresses for one home address (RFC 5648 §6.2, §6.3) and of its flows
// (RFC 6089 §5.3). What holds for every home registration, such as Duplicate Address Detection, lifetimes and sequence
// numbers, is HomeAgentRegistration's affair; its Binding Cache entry stands for all bindings of the home address, with
// the preferred care-of address and the latest expiry.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "protocols/mcoa/care_of_bindings.h"
#include "protocols/mcoa/flow_bindings.h"
#include "protocols/mcoa/messages.h"
#include "protocols/mip6/binding_cache.h"
#include "protocols/mip6/binding_update_reception.h"
#include "protocols/mip6/home_agent_registration.h"
#include "sim/mac_address.h"

namespace kamesim::mcoa {

struct MultipleRegistrationConfig {
  enum class Policy : std::uint8_t {
    Accept,
    Prohibit,  // status 166
    Ignore,    // as a home agent that does not know RFC 5648
  };
  // Of a mobile node that is at home and away at once (§5.6).
  enum class HomeAndForeign : std::uint8_t {
    Prohibit,    // status 169
    WithNdp,     // the mobile node defends the home address; for a home agent that is the only router of the home link
    WithoutNdp,  // status 5: the home agent goes on with it
  };
  Policy policy = Policy::Accept;
  bool bulk_registration = true;
  HomeAndForeign home_and_foreign = HomeAndForeign::Prohibit;
  std::size_t max_bindings = 8;  // of a home address
  FlowBindings::Config flows{};
};

class MultipleRegistration {
 public:
  using Base = HomeAgentRegistration;
  struct Ack {
    BindingAckToSend answer;
    Options options;
  };
  struct Output {
    Base::Output home;                    // of the registration as a whole; its acknowledgement is `ack`
    std::optional<Ack> ack;
    std::optional<Ipv6Address> changed;   // this home address has other bindings or flows than before
  };

  // `base` and `cache` belong together and outlive this.
  MultipleRegistration(const MultipleRegistrationConfig& config, Base& base, BindingCache& cache)
      : config_(config), base_(base), cache_(cache), flows_(config.flows) {}

  // `message` is what `received.update` came in.
  Output on_binding_update(Time now, const ReceivedBindingUpdate& received, const MultipleBindingUpdate& message);
  Output on_dad_result(Time now, const Ipv6Address& home_address, Base::DadResult result);
  // Settles what is due of one home address a call.
  Output on_timeout(Time now);
  std::optional<Time> next_timeout() const;
  // HomeAgentRegistration has been told another list.
  void on_prefix_list();

  const CareOfBindings& bindings() const { return bindings_; }
  const FlowBindings& flows() const { return flows_; }
  const MultipleRegistrationConfig& config() const { return config_; }
  // As told with a home binding (§5.6.3); null: it was not.
  const MacAddress* link_layer_address(const Ipv6Address& home_address) const;

 private:
  struct Judged {
    BindingIdentifier option;
    std::uint8_t status = 0;
    Ipv6Address care_of;
  };
  struct Pending {  // during Duplicate Address Detection
    std::vector<Judged> judged;
    bool overwrite = false;
    Options options;
  };

  Output single(Time now, const ReceivedBindingUpdate& received);
  Output refuse(const BindingAckToSend& answer, const Options& options) const;
  std::optional<std::uint8_t> refusal(Time now, const Ipv6Address& home, const MultipleBindingUpdate& message) const;
  std::vector<Judged> judge(Time now, const Ipv6Address& home, const MultipleBindingUpdate& message) const;
  Judged judge(Time now, const Ipv6Address& home, const BindingIdentifier& option, const Options& options) const;
  Output deregister(Time now, const ReceivedBindingUpdate& received, const Options& options);
  Output commit(Time now, const Ipv6Address& home, Base::Output out, const Pending& asked);
  Ack acknowledge(const BindingAckToSend& answer, const std::vector<Judged>& judged,
                  std::vector<FlowIdentification> flows) const;
  std::vector<std::uint16_t> bids(const Ipv6Address& home) const;
  bool forget(const Ipv6Address& home);
  void settle(const Ipv6Address& home);

  MultipleRegistrationConfig config_;
  Base& base_;
  BindingCache& cache_;
  CareOfBindings bindings_;
  FlowBindings flows_;
  std::map<Ipv6Address, Pending> pending_;
  std::map<Ipv6Address, MacAddress> link_layer_addresses_;
};

}  // namespace kamesim::mcoa
