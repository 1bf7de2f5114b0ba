#include "protocols/rtadvd/config.h"

#include <algorithm>
#include <iomanip>
#include <sstream>

#include "protocols/wire/ipv6_header.h"
#include "sim/simulation.h"

namespace kamesim {

namespace {

// RFC 6275 §7.5 and §13 lower what RFC 4861 §6.2.1 allows: 3 s, 4 s and 3 s.
constexpr Duration kLeastMinRtrAdvInterval = 30_ms;
constexpr Duration kLeastMaxRtrAdvInterval = 70_ms;
constexpr Duration kLeastMinDelayBetweenRas = 30_ms;
constexpr Duration kGreatestMaxRtrAdvInterval = 1800_s;
constexpr Duration kGreatestDefaultLifetime = 9000_s;
constexpr Duration kGreatestReachableTime = 3600000_ms;
constexpr Duration kGreatestMilliseconds = 1_ms * 0xffff'ffff;
constexpr Duration kGreatestSeconds = 1_s * 0xffff'fffe;
constexpr std::size_t kMostRoutes = 17;  // RFC 4191 §4
constexpr std::size_t kGreatestOption = 255 * 8;  // RFC 4861 §4.6
constexpr std::uint32_t kMostDnsServers = 127;  // of an option, by its 8-bit length (RFC 8106 §5.1)

std::string text(Duration d) {
  std::ostringstream out;
  if (d == kInfiniteLifetime) return "infinity";
  out << std::setprecision(12) << d.to_seconds() << " s";  // a value just out of range must look so
  return out.str();
}
std::string text(std::uint32_t value) { return std::to_string(value); }
std::string text(std::size_t value) { return std::to_string(value); }

class Checker {
 public:
  explicit Checker(const std::string& interface) : interface_(interface) {}

  template <typename T>
  void in_range(const std::string& variable, T value, T low, T high) const {
    if (value < low || value > high) fail(variable, text(value), "between " + text(low) + " and " + text(high));
  }
  // A lifetime in seconds of 32 bits, of which the last stands for infinity.
  void lifetime(const std::string& variable, Duration value) const {
    if (value != kInfiniteLifetime) in_range(variable, value, Duration(), kGreatestSeconds);
  }
  [[noreturn]] void fail(const std::string& variable, const std::string& value, const std::string& right) const {
    throw SimulationError("router advertisements on " + interface_ + ": " + variable + " is " + value +
                          ", but must be " + right);
  }

 private:
  const std::string& interface_;
};

void check_prefix(const Checker& check, const AdvertisedPrefix& p) {
  const std::string name = "AdvPrefixList, " + p.prefix.to_string() + ": ";
  if (p.prefix.address().is_link_local()) check.fail(name + "the prefix", "link-local", "of another scope");
  if (p.prefix.address().is_multicast()) check.fail(name + "the prefix", "multicast", "unicast");
  check.lifetime(name + "AdvValidLifetime", p.adv_valid_lifetime);
  if (p.adv_preferred_lifetime < Duration() || p.adv_preferred_lifetime > p.adv_valid_lifetime) {
    check.fail(name + "AdvPreferredLifetime", text(p.adv_preferred_lifetime),
               "between 0 s and AdvValidLifetime, " + text(p.adv_valid_lifetime));
  }
  if (p.router_address && !p.prefix.contains(*p.router_address)) {
    check.fail(name + "the router address", p.router_address->to_string(), "in the prefix");
  }
}

void check_routes(const Checker& check, const std::vector<AdvertisedRoute>& routes) {
  if (routes.size() > kMostRoutes) {
    check.fail("the number of routes", std::to_string(routes.size()), "at most 17 (RFC 4191 §4)");
  }
  for (const AdvertisedRoute& r : routes) check.lifetime("Route Lifetime of " + r.prefix.to_string(), r.lifetime);
}

void check_dns_servers(const Checker& check, const RecursiveDnsServers& servers) {
  check.in_range("the number of DNS servers of an option", static_cast<std::uint32_t>(servers.addresses.size()), 1u,
                 kMostDnsServers);
  check.lifetime("the lifetime of DNS servers", servers.lifetime);
}

// RFC 1035 §2.3.4: labels of 1 to 63 bytes, 255 in all.
bool is_domain_name(const std::string& name) {
  if (name.empty() || name.size() > 253) return false;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('.', begin), name.size());
    if (end == begin || end - begin > 63) return false;
    begin = end + 1;
  }
  return true;
}

void check_dns_search_list(const Checker& check, const DnsSearchList& list) {
  check.lifetime("the lifetime of DNS search domains", list.lifetime);
  std::size_t size = 8;
  for (const std::string& name : list.domain_names) {
    if (!is_domain_name(name)) check.fail("a DNS search domain", '"' + name + '"', "labels of 1 to 63 bytes");
    size += name.size() + 2;
  }
  if (list.domain_names.empty()) check.fail("a list of DNS search domains", "empty", "of one domain or more");
  if (size > kGreatestOption) check.fail("a list of DNS search domains", text(size), "at most 2040 bytes");
}

void check_captive_portal(const Checker& check, const std::string& uri) {
  if (uri.size() + 2 > kGreatestOption) check.fail("the captive portal", text(uri.size()) + " bytes", "at most 2038");
  const bool printable = std::ranges::all_of(uri, [](char c) { return c > 0x20 && c < 0x7f; });
  if (!printable) check.fail("the captive portal", '"' + uri + '"', "a URI");
}

void check_home_agent(const Checker& check, const RouterAdvertisementConfig& c) {
  if (c.home_agent && !c.source_link_layer_address) {
    check.fail("the Source Link-Layer Address option", "off", "on, for a home agent (RFC 6275 §7.5)");
  }
  if (!c.home_agent_information) return;
  if (!c.home_agent) check.fail("the Home Agent Information option", "on", "off unless the H bit is set");
  check.in_range("Home Agent Lifetime", c.home_agent_information->lifetime, 1_s, 65535_s);
}

}  // namespace

Duration RouterAdvertisementConfig::min_interval() const {
  if (min_rtr_adv_interval) return *min_rtr_adv_interval;
  // RFC 4861 §6.2.1; below 9 s it says MaxRtrAdvInterval itself, beyond its own limit: Errata ID 3154 has 0.75.
  return max_rtr_adv_interval.scaled(max_rtr_adv_interval >= 9_s ? 0.33 : 0.75);
}

Duration RouterAdvertisementConfig::min_delay() const {
  return min_delay_between_ras.value_or(std::min(3_s, min_interval()));
}

Duration RouterAdvertisementConfig::default_lifetime() const {
  if (adv_default_lifetime) return *adv_default_lifetime;
  // RFC 6275 §7.5: at least one second.
  return std::max(1_s * (max_rtr_adv_interval * 3 / 1_s), 1_s);
}

void RouterAdvertisementConfig::validate(const std::string& interface, std::uint32_t link_mtu) const {
  const Checker check(interface);
  check.in_range("MaxRtrAdvInterval", max_rtr_adv_interval, kLeastMaxRtrAdvInterval, kGreatestMaxRtrAdvInterval);
  check.in_range("MinRtrAdvInterval", min_interval(), kLeastMinRtrAdvInterval, max_rtr_adv_interval.scaled(0.75));
  check.in_range("MinDelayBetweenRAs", min_delay(), kLeastMinDelayBetweenRas, kGreatestMaxRtrAdvInterval);
  check.in_range("AdvReachableTime", adv_reachable_time, Duration(), kGreatestReachableTime);
  check.in_range("AdvRetransTimer", adv_retrans_timer, Duration(), kGreatestMilliseconds);
  if (adv_link_mtu != 0) {
    check.in_range("AdvLinkMTU", adv_link_mtu, static_cast<std::uint32_t>(kIpv6MinimumMtu), link_mtu);
  }
  if (adv_default_lifetime && *adv_default_lifetime != Duration()) {  // or 0: not a default router
    check.in_range("AdvDefaultLifetime", *adv_default_lifetime, std::max(max_rtr_adv_interval, 1_s),
                   kGreatestDefaultLifetime);
  }
  if (adv_prefix_list) {
    for (const AdvertisedPrefix& p : *adv_prefix_list) check_prefix(check, p);
  }
  check_routes(check, routes);
  for (const RecursiveDnsServers& servers : dns_servers) check_dns_servers(check, servers);
  for (const DnsSearchList& list : dns_search_lists) check_dns_search_list(check, list);
  check_captive_portal(check, captive_portal);
  if (flags_expansion >> 48 != 0) check.fail("the flags expansion", std::to_string(flags_expansion), "of 48 bits");
  check_home_agent(check, *this);
}

}  // namespace kamesim
