// Flow bindings as a home agent keeps them (RFC 6089 §4.3, §5.3): which flows of a mobile node go by which of its
// care-of addresses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "protocols/mcoa/options.h"
#include "protocols/mcoa/traffic_selector.h"
#include "protocols/wire/ipv6_address.h"

namespace kamesim::mcoa {

struct FlowBinding {
  std::uint16_t fid = 0;
  std::uint16_t priority = 0;       // FID-PRI, lower is better
  TrafficSelector selector;
  std::vector<std::uint16_t> bids;  // those that are registered count; without any the entry is inactive (§4.3)
};

class FlowBindings {
 public:
  struct Config {
    bool allowed = true;        // §5.3.5: otherwise status 128
    std::size_t max_flows = 64;  // of a home address
  };
  using List = std::vector<FlowBinding>;  // by priority

  explicit FlowBindings(const Config& config) : config_(config) {}

  const List& of(const Ipv6Address& home_address) const;
  // §5.3.2 to §5.3.4, of a Binding Update that was accepted: `bids` are registered now. Answers with the Flow
  // Identification options of the acknowledgement.
  std::vector<FlowIdentification> on_options(const Ipv6Address& home_address, const Options& options,
                                             const std::vector<std::uint16_t>& bids);
  void erase_all(const Ipv6Address& home_address) { flows_.erase(home_address); }

 private:
  // The status, and in `to` what the flow binding becomes if it is accepted.
  std::uint8_t judge(const FlowIdentification& asked, const std::vector<std::uint16_t>& bids, const List& kept,
                     FlowBinding& to) const;

  Config config_;
  std::map<Ipv6Address, List> flows_;
};

}  // namespace kamesim::mcoa
