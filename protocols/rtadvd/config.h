// What a router advertises on an interface: the variables of RFC 4861 §6.2.1 with RFC 6275 §7.3 to §7.5, RFC 4191
// §2.2 and §2.3, RFC 8106 §5, RFC 8910 and RFC 5175.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/nd_options.h"
#include "sim/time.h"

namespace kamesim {

struct AdvertisedPrefix {  // an element of AdvPrefixList
  Ipv6Prefix prefix;
  Duration adv_valid_lifetime = 2592000_s;      // kInfiniteLifetime: 0xffffffff
  bool adv_on_link_flag = true;
  Duration adv_preferred_lifetime = 604800_s;
  bool adv_autonomous_flag = true;
  // Lifetimes that "decrement in real time", from when the configuration was given; otherwise they stay the same.
  bool lifetimes_decrement = false;
  // RFC 6275 §7.2: an address of the router in the prefix, advertised whole with the R bit.
  std::optional<Ipv6Address> router_address;
};

struct AdvertisedRoute {  // RFC 4191 §2.3
  Ipv6Prefix prefix;
  RouterPreference preference = RouterPreference::Medium;
  Duration lifetime = 1800_s;
};

struct RouterAdvertisementConfig {
  // Starting the daemon on an interface is the explicit configuration that RFC 4861 asks for.
  bool adv_send_advertisements = true;
  Duration max_rtr_adv_interval = 600_s;
  std::optional<Duration> min_rtr_adv_interval;   // default: 0.33 * MaxRtrAdvInterval, 0.75 * if that is below 9 s
  // RFC 6275 §13, MinDelayBetweenRAs for MIN_DELAY_BETWEEN_RAS. Default: 3 s, or MinRtrAdvInterval if that is less.
  std::optional<Duration> min_delay_between_ras;
  bool adv_managed_flag = false;
  bool adv_other_config_flag = false;
  std::uint32_t adv_link_mtu = 0;                 // 0: no MTU option
  Duration adv_reachable_time;                    // 0: unspecified
  Duration adv_retrans_timer;                     // 0: unspecified
  std::uint8_t adv_cur_hop_limit = 64;            // 0: unspecified
  std::optional<Duration> adv_default_lifetime;   // default: 3 * MaxRtrAdvInterval; 0: not a default router
  RouterPreference adv_preference = RouterPreference::Medium;
  // Default: the prefixes of the global addresses that the interface was given.
  std::optional<std::vector<AdvertisedPrefix>> adv_prefix_list;
  std::vector<AdvertisedRoute> routes;
  std::vector<RecursiveDnsServers> dns_servers;
  std::vector<DnsSearchList> dns_search_lists;    // RFC 8106 §5.2
  std::string captive_portal;                     // RFC 8910 §2.3: the URI of its API; empty: no option
  std::uint64_t flags_expansion = 0;              // RFC 5175 §4, of 48 bits; 0: no option
  bool source_link_layer_address = true;          // §6.2.3: the option MAY be omitted
  bool unicast_answers = false;                   // §6.2.6: answer solicitations by unicast where possible
  bool advertisement_interval = false;            // RFC 6275 §7.3: include the option
  bool home_agent = false;                        // RFC 6275 §7.1, the H bit
  std::optional<HomeAgentInformation> home_agent_information;  // RFC 6275 §7.4

  Duration min_interval() const;
  Duration min_delay() const;
  Duration default_lifetime() const;  // whole seconds
  // Throws SimulationError that names the interface, the variable, its value and its range. `link_mtu`: of the NIC.
  void validate(const std::string& interface, std::uint32_t link_mtu) const;
};

}  // namespace kamesim
