// A dual stack mobile node's choice between an IPv6 and an IPv4 care-of address (RFC 5555 §4.4.1), and how it finds out
// where it is in an IPv4 network (§4.4.4, after RFC 4436): the gateways of the networks of which it holds a
// configuration are asked for by ARP; the one that answers tells which network this is.
//
// IPv6 goes before IPv4. A link is taken for one of IPv4 alone once no router of IPv6 has made itself heard for a while,
// or none has led to an address. Addresses are in v4-mapped form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "protocols/wire/ipv6_address.h"
#include "sim/time.h"

namespace kamesim::dsmip6 {

// What stands in for DHCP: the configuration that the node holds for one network, a lease without an end.
struct Ipv4Access {
  Ipv6Address address;             // the care-of address there
  std::uint8_t prefix_length = 24;  // of IPv4
  Ipv6Address gateway;             // a neighbour, which answers ARP
  friend bool operator==(const Ipv4Access&, const Ipv4Access&) = default;
};

struct CareOfSelectionConfig {
  std::vector<Ipv4Access> accesses;         // none has another's gateway
  Duration reachability_timeout = 200_ms;   // RFC 4436 §2.1, REACHABILITY_TIMEOUT
  int max_reachability_tests = 3;           // of each gateway, after the link came up
  // RFC 4861 §6.2.6: a solicited advertisement comes within MAX_RA_DELAY_TIME, half a second.
  Duration router_wait = 1_s;
  Duration address_wait = 2_s;              // longer, if a router was heard: Duplicate Address Detection takes a second
};

class CareOfSelection {
 public:
  enum class Family : std::uint8_t { None, Ipv6, Ipv4 };
  enum class Ipv6 : std::uint8_t {
    Silent,  // no router is known to be on this link
    Router,  // one is, and there is no care-of address of its prefixes
    Foreign,
    Home,
  };
  struct Output {
    bool test_gateways = false;
    bool found = false;    // access() is this network's
    bool changed = false;  // another family, or another IPv4 care-of address
  };

  explicit CareOfSelection(const CareOfSelectionConfig& config) : config_(config) {}

  Output on_link_up(Time now);
  void on_link_down();
  Output on_gateway(Time now, const Ipv6Address& gateway);
  Output on_ipv6(Time now, Ipv6 state);
  // §4.4.1: "after three attempts, in total, a binding acknowledgement was not received", by IPv6.
  Output on_ipv6_unanswered(Time now);
  void on_ipv6_registered() { ipv6_failed_ = false; }
  Output on_timeout(Time now);
  std::optional<Time> next_timeout() const;

  Family family() const { return family_; }
  // Null: not known to be in one of the networks.
  const Ipv4Access* access() const { return access_ ? &config_.accesses[*access_] : nullptr; }
  const CareOfSelectionConfig& config() const { return config_; }

 private:
  Output decide(Time now, Output out);
  void test(Time now, Output& out);
  bool has_ipv6() const { return ipv6_ == Ipv6::Foreign || ipv6_ == Ipv6::Home; }
  Time ipv6_deadline() const;

  CareOfSelectionConfig config_;
  Family family_ = Family::None;
  Ipv6 ipv6_ = Ipv6::Silent;
  Time in_doubt_since_;              // without an IPv6 care-of address
  bool ipv6_failed_ = false;         // RECOMMENDED: the family is not changed back by each movement
  std::optional<std::size_t> access_;
  std::optional<std::size_t> used_;  // with Family::Ipv4
  int tests_ = 0;
  std::optional<Time> test_at_;
};

}  // namespace kamesim::dsmip6
