#include "protocols/dsmip6/ipv4_home_addresses.h"

#include <algorithm>

#include "protocols/dsmip6/status.h"

namespace kamesim::dsmip6 {

namespace {

using Acknowledgement = Ipv4AddressAcknowledgement;

constexpr std::uint8_t kWholeAddress = 128;  // the length of a v4-mapped address as a prefix

// §3.2.1: of a failure the prefix length is zero; the address "MUST contain the mobile node's IPv4 home address".
Acknowledgement refused(const Ipv4HomeAddress& option, std::uint8_t status) {
  return {.status = status, .prefix_length = 0, .address = option.address};
}

Acknowledgement granted(const Ipv6Prefix& what) {
  return {.status = kIpv4AddressAccepted,
          .prefix_length = static_cast<std::uint8_t>(what.length() - kV4MappedLength),
          .address = ipv4_of(what.address())};
}

}  // namespace

Ipv4HomeAddresses::Ipv4HomeAddresses(Ipv4HomeAddressesConfig config) : config_(std::move(config)) {
  for (const auto& [home, address] : config_.addresses) taken_.insert(address);
  taken_.insert(config_.reserved.begin(), config_.reserved.end());
}

Ipv4HomeAddresses::Answer Ipv4HomeAddresses::bind(const Ipv6Address& home, const std::vector<Ipv4HomeAddress>& options) {
  Answer answer;
  std::erase(idle_, home);
  for (std::size_t i = 0; i < options.size(); ++i) {
    const Judged judged = i < kMaxOptions ? judge(home, options[i])
                                          : Judged{refused(options[i], kIpv4ReasonUnspecified), std::nullopt};
    answer.acknowledgements.push_back(judged.acknowledgement);
    const bool again = judged.bound && std::ranges::find(answer.bound, *judged.bound) != answer.bound.end();
    if (judged.bound && !again) answer.bound.push_back(*judged.bound);
  }
  if (answer.bound.empty()) {
    unbind(home);
  } else {
    bound_.insert_or_assign(home, answer.bound);
  }
  return answer;
}

void Ipv4HomeAddresses::unbind(const Ipv6Address& home) {
  bound_.erase(home);
  if (assigned_.contains(home) && std::ranges::find(idle_, home) == idle_.end()) idle_.push_back(home);
}

std::optional<Duration> Ipv4HomeAddresses::longest_lifetime(const Ipv6Address& home,
                                                            const std::vector<Ipv4HomeAddress>& options) const {
  if (options.empty() || config_.addresses.contains(home)) return std::nullopt;
  return config_.lease;
}

const std::vector<Ipv6Prefix>& Ipv4HomeAddresses::bound_of(const Ipv6Address& home) const {
  static const std::vector<Ipv6Prefix> kNone;
  const auto it = bound_.find(home);
  return it == bound_.end() ? kNone : it->second;
}

bool Ipv4HomeAddresses::is_bound(const Ipv6Address& address) const {
  return std::ranges::any_of(bound_, [&](const auto& entry) {
    return std::ranges::any_of(entry.second, [&](const Ipv6Prefix& p) { return p.contains(address); });
  });
}

Ipv4HomeAddresses::Judged Ipv4HomeAddresses::judge(const Ipv6Address& home, const Ipv4HomeAddress& option) {
  const auto holds_home = [&home](const Ipv6Prefix& p) { return p.contains(home); };
  if (std::ranges::any_of(config_.prohibited, holds_home)) {
    return {refused(option, kIpv4AdministrativelyProhibited), std::nullopt};
  }
  // §3.1.1: "A value of zero is invalid and MUST be considered an error."
  if (option.prefix_length == 0 || option.prefix_length > kIpv4AddressBits) {
    return {refused(option, kIpv4ReasonUnspecified), std::nullopt};
  }
  if (option.address != kIpv4Any && !ipv4_identifies_a_host(option.address)) {
    return {refused(option, kInvalidIpv4Address), std::nullopt};
  }
  // Of a refresh P is ignored (§3.1.1): then the length says what the address is.
  const bool new_prefix = option.prefix_requested && option.address == kIpv4Any;
  const bool known_prefix = option.address != kIpv4Any && option.prefix_length < kIpv4AddressBits;
  return new_prefix || known_prefix ? judge_prefix(home, option) : judge_address(home, option);
}

Ipv4HomeAddresses::Judged Ipv4HomeAddresses::judge_address(const Ipv6Address& home, const Ipv4HomeAddress& option) {
  std::optional<Ipv6Address> address = address_of(home);
  if (option.address == kIpv4Any) {
    if (!address) address = assign_address(home);
    if (!address) return {refused(option, kDynamicIpv4HomeAddressNotAvailable), std::nullopt};
  } else if (address != v4_mapped(option.address)) {  // §4.5: "MUST check that this address is allocated"
    return {refused(option, kIncorrectIpv4HomeAddress), std::nullopt};
  }
  const Ipv6Prefix bound(*address, kWholeAddress);
  return {granted(bound), bound};
}

Ipv4HomeAddresses::Judged Ipv4HomeAddresses::judge_prefix(const Ipv6Address& home, const Ipv4HomeAddress& option) {
  const unsigned length = kV4MappedLength + option.prefix_length;
  const std::vector<Ipv6Prefix> networks = networks_of(home);
  if (option.address != kIpv4Any) {
    const Ipv6Address claimed = v4_mapped(option.address);
    const auto same = [&](const Ipv6Prefix& p) { return p.address() == claimed && p.length() == length; };
    const auto it = std::ranges::find_if(networks, same);
    if (it != networks.end()) return {granted(*it), *it};
    const bool unauthorized = networks.empty() && option.prefix_requested;
    return {refused(option, unauthorized ? kPrefixAllocationUnauthorized : kIncorrectIpv4HomeAddress), std::nullopt};
  }
  // §4.5: "SHOULD allocate a prefix with the requested length"; §3.2.1: another length goes before what was requested.
  const auto fits = [length](const Ipv6Prefix& p) { return p.length() == length; };
  auto it = std::ranges::find_if(networks, fits);
  if (it == networks.end()) it = networks.begin();
  if (it != networks.end()) return {granted(*it), *it};
  const auto assigned = assign_network(home, length);
  if (!assigned) return {refused(option, kPrefixAllocationUnauthorized), std::nullopt};
  return {granted(*assigned), assigned};
}

std::optional<Ipv6Address> Ipv4HomeAddresses::address_of(const Ipv6Address& home) const {
  if (const auto it = config_.addresses.find(home); it != config_.addresses.end()) return it->second;
  const auto it = assigned_.find(home);
  return it == assigned_.end() ? std::nullopt : it->second.address;
}

std::vector<Ipv6Prefix> Ipv4HomeAddresses::networks_of(const Ipv6Address& home) const {
  std::vector<Ipv6Prefix> networks;
  if (const auto it = config_.networks.find(home); it != config_.networks.end()) networks = it->second;
  if (const auto it = assigned_.find(home); it != assigned_.end()) {
    networks.insert(networks.end(), it->second.networks.begin(), it->second.networks.end());
  }
  return networks;
}

// §4.5: "MUST store that address (associated with the IPv6 home address) after it's allocated".
std::optional<Ipv6Address> Ipv4HomeAddresses::assign_address(const Ipv6Address& home) {
  std::optional<Ipv6Address> address = free_address();
  while (!address && forget_longest_idle()) address = free_address();
  if (!address) return std::nullopt;
  taken_.insert(*address);
  assigned_[home].address = address;
  return address;
}

std::optional<Ipv6Address> Ipv4HomeAddresses::free_address() const {
  for (const Ipv6Prefix& pool : config_.pool) {
    const std::uint64_t size = std::uint64_t{1} << (128 - pool.length());
    const bool whole_subnet = size > 2;  // neither its network's address nor the broadcast address (RFC 3021 §2.1)
    for (std::uint64_t n = whole_subnet ? 1 : 0; n < (whole_subnet ? size - 1 : size); ++n) {
      if (!taken_.contains(pool.host(n))) return pool.host(n);
    }
  }
  return std::nullopt;
}

std::optional<Ipv6Prefix> Ipv4HomeAddresses::assign_network(const Ipv6Address& home, unsigned length) {
  if (!config_.network_pool || length < config_.network_pool->length()) return std::nullopt;
  const auto find_free = [&]() -> std::optional<Ipv6Prefix> {
    const std::uint64_t count = std::uint64_t{1} << (length - config_.network_pool->length());
    for (std::uint64_t n = 0; n < count; ++n) {
      const Ipv6Prefix network = config_.network_pool->subnet(n, length);
      if (network_is_free(network)) return network;
    }
    return std::nullopt;
  };
  std::optional<Ipv6Prefix> network = find_free();
  while (!network && forget_longest_idle()) network = find_free();
  if (network) assigned_[home].networks.push_back(*network);
  return network;
}

bool Ipv4HomeAddresses::network_is_free(const Ipv6Prefix& network) const {
  const auto overlaps = [&](const Ipv6Prefix& other) { return other.contains(network) || network.contains(other); };
  const auto used_by = [&](const std::vector<Ipv6Prefix>& networks) { return std::ranges::any_of(networks, overlaps); };
  return std::ranges::none_of(config_.networks, used_by, [](const auto& e) -> const auto& { return e.second; }) &&
         std::ranges::none_of(assigned_, used_by, [](const auto& e) -> const auto& { return e.second.networks; });
}

bool Ipv4HomeAddresses::forget_longest_idle() {
  if (idle_.empty()) return false;
  const auto it = assigned_.find(idle_.front());
  if (it->second.address) taken_.erase(*it->second.address);
  assigned_.erase(it);
  idle_.erase(idle_.begin());
  return true;
}

}  // namespace kamesim::dsmip6
