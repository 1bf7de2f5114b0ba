#include "protocols/rafixd/rogue_routers.h"

#include <algorithm>

namespace kamesim {

namespace {

// Whether the prefix lies within one of those allowed.
bool within(const Ipv6Prefix& prefix, const std::vector<Ipv6Prefix>& allowed) {
  return std::ranges::any_of(allowed, [&](const Ipv6Prefix& a) {
    return a.length() <= prefix.length() && a.contains(prefix.address());
  });
}

}  // namespace

RogueRouters::Verdict RogueRouters::on_advertisement(Time now, const Ipv6Address& source,
                                                     const RouterAdvertisementView& received) {
  Verdict verdict;
  verdict.rogue_router =
      policy_.routers && std::ranges::find(*policy_.routers, source) == policy_.routers->end();
  RouterAdvertisement ra = received.value();
  // What it says of itself and does not take back already.
  bool worth_it = verdict.rogue_router && ra.router_lifetime != Duration();
  std::vector<std::uint8_t> options;
  ByteWriter out(options);
  for (const NdOption option : received.options()) {
    if (auto prefix = PrefixInformation::parse(option)) {
      const bool unwanted = policy_.prefixes && !within(prefix->prefix(), *policy_.prefixes);
      if (unwanted) verdict.rogue_prefixes.push_back(prefix->prefix());
      if (!unwanted && !verdict.rogue_router) continue;
      worth_it = worth_it || prefix->valid_lifetime != Duration();
      prefix->valid_lifetime = prefix->preferred_lifetime = Duration();
      emit(out, *prefix);
    } else if (auto route = RouteInformation::parse(option); route && verdict.rogue_router) {
      worth_it = worth_it || route->lifetime != Duration();
      route->lifetime = Duration();
      emit(out, *route);
    } else if (const auto dns = RecursiveDnsServersView::parse(option); dns && verdict.rogue_router) {
      RecursiveDnsServers servers = dns->value();
      worth_it = worth_it || servers.lifetime != Duration();
      servers.lifetime = Duration();
      emit(out, servers);
    } else if (const auto search = DnsSearchListView::parse(option); search && verdict.rogue_router) {
      DnsSearchList domains = search->value();
      worth_it = worth_it || domains.lifetime != Duration();
      domains.lifetime = Duration();
      emit(out, domains);
    }
  }
  if (!policy_.cancel || !verdict.rogue() || !worth_it || !may_answer(now, source)) return verdict;
  if (verdict.rogue_router) {
    ra.router_lifetime = Duration();
    ra.preference = RouterPreference::Medium;  // RFC 4191 §2.2
  }
  ByteWriter message(verdict.answer);
  emit(message, ra);
  verdict.answer.insert(verdict.answer.end(), options.begin(), options.end());
  return verdict;
}

bool RogueRouters::may_answer(Time now, const Ipv6Address& router) {
  const auto known = std::ranges::find(answered_, router, &Answered::router);
  if (known != answered_.end()) {
    if (now < known->at + kLeastInterval) return false;
    known->at = now;
    return true;
  }
  if (answered_.size() >= kMaxRogues) answered_.erase(std::ranges::min_element(answered_, {}, &Answered::at));
  answered_.push_back({router, now});
  return true;
}

}  // namespace kamesim
