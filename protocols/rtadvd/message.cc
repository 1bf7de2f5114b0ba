#include "protocols/rtadvd/message.h"

#include <algorithm>

#include "protocols/wire/nd.h"

namespace kamesim {

namespace {

using Message = std::vector<std::uint8_t>;

std::optional<Duration> unless_zero(Duration d) {
  if (d == Duration()) return std::nullopt;
  return d;
}

Duration remaining(const AdvertisementContent& c, const AdvertisedPrefix& prefix, Duration lifetime) {
  if (!prefix.lifetimes_decrement || lifetime == kInfiniteLifetime) return lifetime;
  return std::max(lifetime - (c.now - c.configured_at), Duration());
}

// RFC 6275 §7.3: MaxRtrAdvInterval; §7.5: "routers SHOULD add 20 ms to any Advertisement Intervals sent in RAs that
// are below 200 ms".
Duration advertised_interval(const RouterAdvertisementConfig& config) {
  const Duration max = config.max_rtr_adv_interval;
  return max < 200_ms ? max + 20_ms : max;
}

// RFC 3963 §7.3: a home agent that supports mobile routers says so, if need be in an option with the values of RFC 6275
// §7.4 that it would stand for by default.
std::optional<HomeAgentInformation> home_agent_information(const AdvertisementContent& c) {
  std::optional<HomeAgentInformation> information = c.config.home_agent_information;
  if (!c.mobile_router_support || !c.config.home_agent) return information;
  const Duration lifetime = c.config.default_lifetime();
  if (!information && lifetime > Duration()) information = HomeAgentInformation{0, lifetime};
  if (information) information->mobile_router_support = true;
  return information;
}

// What every message of the set begins with: the fields, and the options that are about the router itself. RFC 6275
// §7.4 wants the Home Agent Information option in each of several.
Message head(const AdvertisementContent& c) {
  const RouterAdvertisementConfig& config = c.config;
  Message message;
  ByteWriter out(message);
  RouterAdvertisement ra{.managed = config.adv_managed_flag,
                         .other_configuration = config.adv_other_config_flag,
                         .home_agent = config.home_agent,
                         .router_lifetime = c.final || !c.forwarding ? Duration() : config.default_lifetime(),
                         .reachable_time = unless_zero(config.adv_reachable_time),
                         .retrans_timer = unless_zero(config.adv_retrans_timer)};
  if (config.adv_cur_hop_limit != 0) ra.cur_hop_limit = config.adv_cur_hop_limit;
  // RFC 4191 §2.2: zero (Medium) with a zero lifetime.
  if (ra.router_lifetime != Duration()) ra.preference = config.adv_preference;
  emit(out, ra);
  // RFC 5175 §4: before any option that belongs to its flags, and not without flags.
  if (config.flags_expansion != 0) emit(out, FlagsExpansion{config.flags_expansion});
  if (config.source_link_layer_address && c.source) emit(out, SourceLinkLayerAddress{*c.source});
  if (config.adv_link_mtu != 0) emit(out, Mtu{config.adv_link_mtu});
  if (config.advertisement_interval) emit(out, AdvertisementInterval{advertised_interval(config)});
  // RFC 6275 §7.4: a lifetime of zero must not be told; without the option it is the Router Lifetime, which is zero.
  if (const auto information = home_agent_information(c); information && !c.final) emit(out, *information);
  return message;
}

}  // namespace

PrefixInformation prefix_information(const AdvertisementContent& c, const AdvertisedPrefix& p) {
  return {.address = p.router_address.value_or(p.prefix.address()),
          .prefix_length = static_cast<std::uint8_t>(p.prefix.length()),
          .on_link = p.adv_on_link_flag,
          .autonomous = p.adv_autonomous_flag,
          .router_address = p.router_address.has_value(),
          .valid_lifetime = remaining(c, p, p.adv_valid_lifetime),
          .preferred_lifetime = remaining(c, p, p.adv_preferred_lifetime)};
}

std::vector<Message> router_advertisements(const AdvertisementContent& c, std::size_t max_size) {
  const Message beginning = head(c);
  std::vector<Message> messages{beginning};
  auto add_bytes = [&](const Message& bytes) {
    if (messages.back().size() + bytes.size() > max_size) messages.push_back(beginning);
    messages.back().insert(messages.back().end(), bytes.begin(), bytes.end());
  };
  auto add = [&](const auto& option) { add_bytes(to_bytes(option)); };
  for (const AdvertisedPrefix& p : c.prefixes) add(prefix_information(c, p));
  for (const AdvertisedRoute& r : c.config.routes) {
    add(RouteInformation{r.prefix, r.preference, c.final ? Duration() : r.lifetime});
  }
  for (const RecursiveDnsServers& d : c.config.dns_servers) add(d);
  for (const DnsSearchList& d : c.config.dns_search_lists) add(d);
  if (!c.config.captive_portal.empty()) add(CaptivePortal{c.config.captive_portal});
  for (const Message& option : c.added) add_bytes(option);
  return messages;
}

}  // namespace kamesim
