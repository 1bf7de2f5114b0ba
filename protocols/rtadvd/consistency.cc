#include "protocols/rtadvd/consistency.h"

#include <algorithm>

namespace kamesim {

namespace {

// "such comparison SHOULD allow some time skew"
constexpr Duration kSkew = 1_s;

bool differ(Duration a, Duration b) {
  if (a == kInfiniteLifetime || b == kInfiniteLifetime) return a != b;
  return a - b > kSkew || b - a > kSkew;
}

class Comparison {
 public:
  void different(bool is, std::string variable) {
    if (is) found_.push_back(std::move(variable));
  }
  // Unspecified values contradict nothing.
  template <typename T>
  void specified(const std::optional<T>& theirs, T ours, std::string variable) {
    different(theirs && ours != T{} && *theirs != ours, std::move(variable));
  }
  std::vector<std::string> take() { return std::move(found_); }

 private:
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> inconsistencies(const RouterAdvertisementConfig& config,
                                         const std::vector<AdvertisedPrefix>& prefixes, Time now, Time configured_at,
                                         const RouterAdvertisementView& received) {
  const RouterAdvertisement ra = received.value();
  Comparison c;
  c.specified(ra.cur_hop_limit, config.adv_cur_hop_limit, "AdvCurHopLimit");
  c.different(ra.managed != config.adv_managed_flag, "AdvManagedFlag");
  c.different(ra.other_configuration != config.adv_other_config_flag, "AdvOtherConfigFlag");
  c.specified(ra.reachable_time, config.adv_reachable_time, "AdvReachableTime");
  c.specified(ra.retrans_timer, config.adv_retrans_timer, "AdvRetransTimer");
  const auto mtu = received.options().find<Mtu>();
  c.specified(mtu ? std::optional(mtu->mtu) : std::nullopt, config.adv_link_mtu, "AdvLinkMTU");
  for (const NdOption option : received.options()) {
    const auto theirs = PrefixInformation::parse(option);
    if (!theirs) continue;
    const auto ours = std::ranges::find(prefixes, theirs->prefix(), &AdvertisedPrefix::prefix);
    if (ours == prefixes.end()) continue;  // "not an error for different routers to advertise different sets"
    // Lifetimes that count down are compared by their ends.
    auto now_ours = [&](Duration lifetime) {
      const bool counts = ours->lifetimes_decrement && lifetime != kInfiniteLifetime;
      return counts ? std::max(lifetime - (now - configured_at), Duration()) : lifetime;
    };
    c.different(differ(theirs->valid_lifetime, now_ours(ours->adv_valid_lifetime)), "AdvValidLifetime");
    c.different(differ(theirs->preferred_lifetime, now_ours(ours->adv_preferred_lifetime)), "AdvPreferredLifetime");
  }
  return c.take();
}

}  // namespace kamesim
