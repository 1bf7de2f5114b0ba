#include "protocols/ip6/nd_host_information.h"

#include <algorithm>

#include "protocols/ip6/nd_slaac.h"

namespace kamesim {

namespace {

// RFC 8106 §5.3.1: "the addresses should be unicast addresses".
bool is_server(const Ipv6Address& a) { return !a.is_multicast() && !a.is_unspecified() && !a.is_loopback(); }

// RFC 8106 §6.2, for one option: `given` are its values in their order.
template <typename Entry, typename Value>
void update(std::vector<Entry>& list, Value Entry::*key, const std::vector<Value>& given, Duration lifetime, Time now,
            std::size_t max_entries) {
  std::erase_if(list, [&](const Entry& e) { return e.expires <= now; });
  std::size_t place = 0;  // new ones go before all others, in their order
  for (const Value& value : given) {
    const auto known = std::ranges::find(list, value, key);
    if (lifetime == Duration()) {  // b
      if (known != list.end()) list.erase(known);
      continue;
    }
    const Time expires = lifetime_end(now, lifetime);
    if (known != list.end()) {  // c
      known->expires = expires;
      continue;
    }
    if (place >= max_entries) return;
    if (list.size() >= max_entries) {  // d
      const auto first = std::ranges::min_element(list, {}, &Entry::expires);
      if (first - list.begin() < static_cast<std::ptrdiff_t>(place)) --place;
      list.erase(first);
    }
    list.insert(list.begin() + static_cast<std::ptrdiff_t>(place++), Entry{value, expires});
  }
}

template <typename Entry>
std::vector<Entry> present(const std::vector<Entry>& list, Time now) {
  std::vector<Entry> result;
  std::ranges::copy_if(list, std::back_inserter(result), [&](const Entry& e) { return now < e.expires; });
  return result;
}

}  // namespace

bool HostInformation::is_told_by(const RouterAdvertisementView& view) {
  const RouterAdvertisement ra = view.value();
  const NdOptions options = view.options();
  return ra.managed || ra.other_configuration || options.contains(NdOptionType::RecursiveDnsServers) ||
         options.contains(NdOptionType::DnsSearchList) || options.contains(NdOptionType::CaptivePortal) ||
         options.contains(NdOptionType::FlagsExpansion);
}

void HostInformation::on_advertisement(Time now, const RouterAdvertisementView& view) {
  const RouterAdvertisement ra = view.value();
  managed = ra.managed;
  other_configuration = ra.other_configuration;
  const auto flags = view.options().find<FlagsExpansion>();  // RFC 5175 §4: the first one only
  flags_expansion = flags ? flags->bits : 0;
  if (const auto portal = view.options().find<CaptivePortal>()) captive_portal = portal->uri;
  for (const NdOption option : view.options()) {
    if (const auto dns = RecursiveDnsServersView::parse(option)) {
      const RecursiveDnsServers value = dns->value();
      if (!std::ranges::all_of(value.addresses, is_server)) continue;  // RFC 8106 §5.3.1: "MUST discard"
      update(servers_, &DnsServer::address, value.addresses, value.lifetime, now, max_entries_);
    } else if (const auto search = DnsSearchListView::parse(option)) {
      const DnsSearchList value = search->value();
      update(domains_, &SearchDomain::name, value.domain_names, value.lifetime, now, max_entries_);
    }
  }
}

void HostInformation::clear() {
  managed = other_configuration = false;
  flags_expansion = 0;
  captive_portal.clear();
  servers_.clear();
  domains_.clear();
}

std::vector<HostInformation::DnsServer> HostInformation::dns_servers(Time now) const { return present(servers_, now); }
std::vector<HostInformation::SearchDomain> HostInformation::search_domains(Time now) const {
  return present(domains_, now);
}

}  // namespace kamesim
