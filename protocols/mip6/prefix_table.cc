#include "protocols/mip6/prefix_table.h"

#include <algorithm>

#include "protocols/mip6/binding_status.h"

namespace kamesim {
namespace {

bool overlap(const Ipv6Prefix& a, const Ipv6Prefix& b) { return a.contains(b) || b.contains(a); }

// RFC 3963 §6.6: forwarding can be set up for it, whoever has it. Nothing: it is invalid.
std::optional<Ipv6Prefix> unicast_prefix(const MobileNetworkPrefix& option) {
  if (option.prefix_length == 0 || option.prefix_length > 128) return std::nullopt;
  const Ipv6Prefix prefix(option.prefix, option.prefix_length);
  const Ipv6Address& address = prefix.address();
  const bool reserved = address.is_unspecified() || address.is_loopback() || address.is_multicast() ||
                        address.is_link_local() || address.is_v4_mapped();
  return reserved ? std::nullopt : std::optional(prefix);
}

}  // namespace

bool PrefixTable::holds(const Ipv6Address& home_address) const {
  const auto entry = entries_.find(home_address);
  return entry != entries_.end() &&
         std::ranges::any_of(entry->second, [&](const Ipv6Prefix& p) { return p.contains(home_address); });
}

bool PrefixTable::authorizes(const Ipv6Address& home_address, const Ipv6Prefix& prefix,
                             const std::vector<Ipv6Prefix>& taken) const {
  const auto entry = entries_.find(home_address);
  const bool listed = entry != entries_.end() && std::ranges::any_of(entry->second, [&](const Ipv6Prefix& p) {
    return p.contains(prefix);
  });
  if (listed) return true;
  if (explicit_mode_ == ExplicitMode::Verify) return false;
  const auto overlaps = [&](const Ipv6Prefix& p) { return overlap(p, prefix); };
  if (std::ranges::any_of(taken, overlaps)) return false;
  // What the table gives to another is not to be claimed, however much is trusted.
  return std::ranges::none_of(entries_, [&](const auto& other) {
    return other.first != home_address && std::ranges::any_of(other.second, overlaps);
  });
}

PrefixTable::Answer PrefixTable::prefixes_for(const Ipv6Address& home_address,
                                              const std::vector<MobileNetworkPrefix>& options,
                                              const std::vector<Ipv6Prefix>& taken) const {
  if (options.empty()) {  // RFC 3963 §6.2: "manual pre-configured information"
    const auto entry = entries_.find(home_address);
    if (entry == entries_.end() || entry->second.empty()) return {.refusal = kForwardingSetupFailed, .prefixes = {}};
    return {.refusal = {}, .prefixes = entry->second};
  }
  // All or nothing: it "MUST NOT forward traffic to any of the prefixes" if it cannot to one.
  Answer answer;
  for (const MobileNetworkPrefix& option : options) {
    const auto prefix = unicast_prefix(option);
    if (!prefix) return {.refusal = kInvalidPrefix, .prefixes = {}};
    if (std::ranges::find(answer.prefixes, *prefix) == answer.prefixes.end()) answer.prefixes.push_back(*prefix);
  }
  for (const Ipv6Prefix& prefix : answer.prefixes) {
    if (!authorizes(home_address, prefix, taken)) return {.refusal = kNotAuthorizedForPrefix, .prefixes = {}};
  }
  return answer;
}

}  // namespace kamesim
