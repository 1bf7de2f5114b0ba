// What the routers of a link tell a host beyond routers, prefixes and routes: whether DHCPv6 is there (RFC 4861 §4.2,
// M and O), DNS (RFC 8106), a captive portal (RFC 8910), flags to come (RFC 5175). A table: nothing here expires by a
// timer; what is over is not shown any more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/nd.h"
#include "sim/time.h"

namespace kamesim {

class HostInformation {
 public:
  struct DnsServer {
    Ipv6Address address;
    Time expires;
  };
  struct SearchDomain {
    std::string name;
    Time expires;
  };

  // `max_entries`: of each of the lists; the entry that expires first makes room (RFC 8106 §6.2 d).
  explicit HostInformation(std::size_t max_entries) : max_entries_(max_entries) {}

  // Whether the advertisement tells anything of this kind.
  static bool is_told_by(const RouterAdvertisementView& view);
  void on_advertisement(Time now, const RouterAdvertisementView& view);
  void clear();  // the link is another one
  void set_max_entries(std::size_t max_entries) { max_entries_ = max_entries; }  // from the next advertisement on

  bool managed = false;              // M, of the latest advertisement
  bool other_configuration = false;  // O
  std::uint64_t flags_expansion = 0;
  std::string captive_portal;        // empty: none is known
  // In the order in which they are to be asked (RFC 8106 §6.2).
  std::vector<DnsServer> dns_servers(Time now) const;
  std::vector<SearchDomain> search_domains(Time now) const;

 private:
  std::size_t max_entries_;
  std::vector<DnsServer> servers_;
  std::vector<SearchDomain> domains_;
};

}  // namespace kamesim
