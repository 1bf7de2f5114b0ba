// A home agent's Prefix Table (RFC 3963 §6.1.2): which Mobile Network Prefixes belong to the mobile router of a home
// address. It says what a Binding Update with the R bit is to set up forwarding for (§6.2).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "protocols/mip6/mobility_options.h"
#include "protocols/wire/ipv6_address.h"

namespace kamesim {

class PrefixTable {
 public:
  // Prefixes by home address: `Verify` checks what is claimed in explicit mode against them (§6.1.2, "SHOULD").
  using Entries = std::map<Ipv6Address, std::vector<Ipv6Prefix>>;
  enum class ExplicitMode : std::uint8_t { Verify, Trust };

  explicit PrefixTable(Entries entries, ExplicitMode explicit_mode = ExplicitMode::Verify)
      : entries_(std::move(entries)), explicit_mode_(explicit_mode) {}

  const Entries& entries() const { return entries_; }
  // §6.2: whether the home address is in a Mobile Network Prefix of its own mobile router.
  bool holds(const Ipv6Address& home_address) const;

  struct Answer {
    std::optional<std::uint8_t> refusal;  // Status
    std::vector<Ipv6Prefix> prefixes;     // to set up forwarding for, if it is not refused
  };
  // Explicit mode if there are options, implicit mode otherwise. `taken`: what must not be claimed without the table's
  // word, as the prefixes of the home link and those registered by other mobile routers.
  Answer prefixes_for(const Ipv6Address& home_address, const std::vector<MobileNetworkPrefix>& options,
                      const std::vector<Ipv6Prefix>& taken) const;

 private:
  bool authorizes(const Ipv6Address& home_address, const Ipv6Prefix& prefix,
                  const std::vector<Ipv6Prefix>& taken) const;

  Entries entries_;
  ExplicitMode explicit_mode_;
};

}  // namespace kamesim
