// What an administrator says of Dual Stack Mobile IPv6 (RFC 5555) at a home agent and at a mobile node. IPv4 addresses are
// in v4-mapped form.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocols/dsmip6/care_of_selection.h"
#include "protocols/dsmip6/ipv4_home_addresses.h"
#include "protocols/dsmip6/status.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/time.h"

namespace kamesim::dsmip6 {

struct DualStackHomeAgentConfig {
  Ipv6Address ipv4_address;  // its own, which mobile nodes in IPv4 networks register with
  Ipv4HomeAddressesConfig home_addresses;
  bool accept_forced_udp = true;  // F of Binding Updates; if not, status 144
  bool force_udp = false;         // §3.2.2, F of the NAT Detection option
  Duration nat_refresh_time = kNatKeepaliveTimeout;  // §3.2.2: "MUST be configured with a default value"
};

// An IPv4 prefix of a mobile router's Mobile Network.
struct Ipv4MobileNetwork {
  Ipv6Prefix prefix;       // of one that is to be asked for, the length alone
  bool requested = false;  // the home agent is to hand one out
};

struct DualStackNodeConfig {
  Ipv6Address home_agent_ipv4;
  std::optional<Ipv6Address> ipv4_home_address{};  // 0.0.0.0: to be asked for; empty: none is wanted
  // At home, of a home address that is given: as a host of the home link has it.
  std::uint8_t ipv4_home_prefix_length = 24;
  std::optional<Ipv6Address> ipv4_home_gateway{};
  CareOfSelectionConfig care_of{};  // with the IPv4 networks that it may visit
  bool force_udp = false;           // F (§3.1.3), in IPv4 networks
  std::vector<Ipv4MobileNetwork> mobile_networks{};  // of a mobile router
};

}  // namespace kamesim::dsmip6
