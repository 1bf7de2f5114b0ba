#include "protocols/mip6/home_agents_list.h"

#include <algorithm>
#include <utility>

namespace kamesim {
namespace {

void shuffle(std::vector<Ipv6Address>& addresses, RandomStream& random) {
  for (std::size_t i = addresses.size(); i > 1; --i) std::swap(addresses[i - 1], addresses[random.below(i)]);
}

}  // namespace

void HomeAgentsList::on_router_advertisement(Time now, const HomeAgentAdvertisement& advertisement) {
  delete_expired(now);
  // §7.4: the Home Agent Lifetime counts, without the option the Router Lifetime; the default preference is 0.
  const Duration lifetime =
      advertisement.information ? advertisement.information->lifetime : advertisement.router_lifetime;
  if (!advertisement.home_agent || lifetime <= Duration()) {
    entries_.erase(advertisement.router);
    return;
  }
  if (!entries_.contains(advertisement.router) && entries_.size() >= kMaxHomeAgents) return;
  Entry& entry = entries_[advertisement.router];
  entry.preference = advertisement.information ? advertisement.information->preference : 0;
  entry.mobile_router_support = advertisement.information && advertisement.information->mobile_router_support;
  entry.expires = now + lifetime;
  for (const auto& [address, valid_lifetime] : advertisement.addresses) {
    const bool known = entry.addresses.contains(address);
    if (valid_lifetime <= Duration()) {
      entry.addresses.erase(address);
    } else if (known || entry.addresses.size() < kMaxAddressesOfOne) {
      entry.addresses[address] = now + valid_lifetime;
    }
  }
}

std::vector<Ipv6Address> HomeAgentsList::addresses_for_reply(Time now, const Own& own, RandomStream& random,
                                                             Wanted wanted) {
  delete_expired(now);
  struct Ranked {
    std::uint16_t preference;
    std::uint64_t lot;  // decides among equals
    std::vector<Ipv6Address> addresses;
  };
  const bool all = wanted == Wanted::All;
  std::vector<Ranked> home_agents;
  if (all || own.mobile_router_support) home_agents.push_back({own.preference, random.next_u64(), own.addresses});
  for (const auto& [router, entry] : entries_) {
    if (!all && !entry.mobile_router_support) continue;
    Ranked& ranked = home_agents.emplace_back(Ranked{entry.preference, random.next_u64(), {}});
    for (const auto& [address, valid_until] : entry.addresses) ranked.addresses.push_back(address);
  }
  std::ranges::sort(home_agents, [](const Ranked& a, const Ranked& b) {
    return a.preference != b.preference ? a.preference > b.preference : a.lot < b.lot;
  });
  std::vector<Ipv6Address> addresses;
  for (Ranked& ranked : home_agents) {
    shuffle(ranked.addresses, random);
    for (const Ipv6Address& address : ranked.addresses) {
      if (addresses.size() < kMaxHomeAgentAddressesInReply) addresses.push_back(address);
    }
  }
  return addresses;
}

const std::map<Ipv6Address, HomeAgentsList::Entry>& HomeAgentsList::entries(Time now) {
  delete_expired(now);
  return entries_;
}

void HomeAgentsList::delete_expired(Time now) {
  std::erase_if(entries_, [now](const auto& item) { return item.second.expires <= now; });
  for (auto& [router, entry] : entries_) {
    std::erase_if(entry.addresses, [now](const auto& item) { return item.second <= now; });
  }
}

}  // namespace kamesim
