// Mobile IPv6: the roles of a node, and the log of signalling messages.
#include <algorithm>
#include <map>

#include <pybind11/stl.h>

#include "protocols/ipsec/algorithms.h"
#include "protocols/wire/ipv4_address.h"
#include "python/kamesim/bindings/mobile_ip.h"
#include "sim/node.h"

namespace kamesim::python {

namespace {

using Texts = std::vector<std::string>;

std::vector<Ipv6Prefix> parse_prefixes(const Texts& texts) {
  std::vector<Ipv6Prefix> prefixes;
  for (const std::string& text : texts) prefixes.push_back(parse_prefix(text));
  return prefixes;
}

void start_home_agent(MobileIp& roles, const Interface& home_link, std::int64_t max_lifetime_ns,
                      std::uint16_t preference, const std::optional<std::map<std::string, Texts>>& mobile_networks,
                      bool verify_prefixes, bool routes_to_mobile_networks) {
  HomeAgentConfig config{.registration = {.max_lifetime = Duration::nanoseconds(max_lifetime_ns)},
                         .prefix_advertisements = {}, .preference = preference,
                         .routes_to_mobile_networks = routes_to_mobile_networks};
  if (mobile_networks) {
    using enum PrefixTable::ExplicitMode;
    PrefixTable::Entries entries;
    for (const auto& [home, prefixes] : *mobile_networks) entries[parse_address(home)] = parse_prefixes(prefixes);
    config.registration.mobile_networks.emplace(std::move(entries), verify_prefixes ? Verify : Trust);
  }
  roles.start_home_agent(home_link, config);
}

void start_mobile_router(MobileIp& roles, const Interface& egress, const std::string& home_address,
                         std::uint8_t home_prefix_length, const std::optional<std::string>& home_link,
                         const std::optional<std::string>& home_agent, bool discover_home_agents,
                         std::int64_t lifetime_ns, bool route_optimization, bool acknowledge_correspondents,
                         bool reuse_tokens, const Texts& prefixes, bool explicit_mode, bool try_other_mode) {
  MobileNodeConfig config{.home_address = parse_address(home_address),
                          .home_prefix_length = home_prefix_length,
                          .discover_home_agents = discover_home_agents,
                          .lifetime = Duration::nanoseconds(lifetime_ns),
                          .route_optimization = route_optimization,
                          .acknowledge_correspondents = acknowledge_correspondents,
                          .reuse_tokens = reuse_tokens};
  if (home_agent) config.home_agent = parse_address(*home_agent);
  if (home_link) config.home_link = parse_prefix(*home_link);
  config.mobile_router = MobileRouterConfig{
      .prefixes = parse_prefixes(prefixes),
      .mode = explicit_mode ? RegistrationMode::Explicit : RegistrationMode::Implicit,
      .try_other_mode = try_other_mode};
  roles.start_mobile_node(egress, config);
}

void start_mobile_node(MobileIp& roles, const Interface& interface, const std::string& home_address,
                       std::uint8_t home_prefix_length, const std::optional<std::string>& home_agent,
                       bool discover_home_agents, std::int64_t lifetime_ns, bool route_optimization,
                       bool acknowledge_correspondents, bool reuse_tokens) {
  std::optional<Ipv6Address> configured;
  if (home_agent) configured = parse_address(*home_agent);
  roles.start_mobile_node(interface, {.home_address = parse_address(home_address),
                                      .home_prefix_length = home_prefix_length,
                                      .home_agent = configured,
                                      .discover_home_agents = discover_home_agents,
                                      .lifetime = Duration::nanoseconds(lifetime_ns),
                                      .route_optimization = route_optimization,
                                      .acknowledge_correspondents = acknowledge_correspondents,
                                      .reuse_tokens = reuse_tokens});
}

// `home_address`: of the mobile node that the home agent is to serve; nothing: it is this node.
void protect(MobileIp& roles, const std::optional<std::string>& home_address, std::uint32_t first_spi,
             const std::string& encryption, const py::bytes& encryption_key, const std::string& integrity,
             const py::bytes& integrity_key, bool return_routability, bool prefix_discovery, bool payload) {
  const auto secret = [](const py::bytes& key) {
    const std::string_view text = key;
    return ipsec::Secret({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  };
  const auto* cipher = ipsec::find_encryption(encryption);
  const auto* check = integrity.empty() ? &ipsec::algorithm(ipsec::Integrity::None) : ipsec::find_integrity(integrity);
  if (cipher == nullptr || check == nullptr) throw SimulationError("no such algorithm of IPsec");
  const SignallingProtectionConfig config{.first_spi = first_spi, .encryption = cipher->id, .integrity = check->id,
                                          .encryption_key = secret(encryption_key),
                                          .integrity_key = secret(integrity_key),
                                          .return_routability = return_routability,
                                          .prefix_discovery = prefix_discovery, .payload = payload};
  if (home_address) return roles.protect_home_agent(parse_address(*home_address), config);
  roles.protect_mobile_node(config);
}

MobilityKey mobility_key(const py::bytes& given) {
  const auto octets = static_cast<std::string_view>(given);
  MobilityKey key{};
  if (octets.size() != key.size()) throw SimulationError("a key of RFC 4285 has 16 octets");
  std::ranges::copy(octets, key.begin());
  return key;
}

MobilitySecurityAssociation association(const std::string& identifier, std::uint32_t spi, const py::bytes& key,
                                        const std::optional<py::bytes>& aaa_key, bool timestamps,
                                        std::int64_t close_enough_ns) {
  MobilitySecurityAssociation made{.identifier = identifier, .spi = spi, .key = mobility_key(key), .aaa_key = {},
                                   .timestamps = timestamps,
                                   .close_enough = Duration::nanoseconds(close_enough_ns)};
  if (aaa_key) made.aaa_key = mobility_key(*aaa_key);
  return made;
}

const char* location_of(const MobileNodeDaemon& mobile_node) {
  switch (mobile_node.location()) {
    case MovementDetector::Location::Home: return "home";
    case MovementDetector::Location::Foreign: return "foreign";
    case MovementDetector::Location::Unknown: return "unknown";
  }
  return "";
}

const char* location(const MobileIp& roles) {
  const MobileNodeDaemon* mobile_node = roles.now().mobile_node();
  return mobile_node == nullptr ? "none" : location_of(*mobile_node);
}

py::object text_or_none(const std::optional<Ipv6Address>& address) {
  return address ? py::object(py::str(ip_to_string(*address))) : py::object(py::none());
}

py::object care_of(const MobileIp& roles) {
  const MobileNodeDaemon* mobile_node = roles.now().mobile_node();
  return mobile_node == nullptr ? py::none() : text_or_none(mobile_node->care_of());
}

py::object on_link_care_of(const MobileIp& roles) {
  const MobileNodeDaemon* mobile_node = roles.now().mobile_node();
  return mobile_node == nullptr ? py::none() : text_or_none(mobile_node->on_link_care_of());
}

py::object home_agent(const MobileIp& roles) {
  const MobileNodeDaemon* mobile_node = roles.now().mobile_node();
  return mobile_node == nullptr ? py::none() : text_or_none(mobile_node->home_agent());
}

py::list home_addresses(const MobileIp& roles) {
  py::list rows;
  for (const MobileNodeDaemon& m : roles.now().mobile_nodes()) {
    rows.append(py::make_tuple(m.home_address().to_string(), location_of(m), text_or_none(m.care_of()),
                               text_or_none(m.home_agent()), m.registered()));
  }
  return rows;
}

py::list home_agents(const MobileIp& roles) {
  py::list rows;
  if (!roles.now().home_agent()) return rows;
  for (const auto& [router, entry] : roles.now().home_agent()->home_agents()) {
    py::list addresses;
    for (const auto& [address, valid_until] : entry.addresses) addresses.append(address.to_string());
    rows.append(py::make_tuple(router.to_string(), addresses, entry.preference, entry.expires.ns()));
  }
  return rows;
}

py::list binding_update_list(const MobileIp& roles) {
  py::list rows;
  for (const MobileNodeDaemon& mobile_node : roles.now().mobile_nodes()) {
    for (const BindingUpdateListEntry& e : mobile_node.binding_update_list()) {
      py::object sequence = py::none(), expires = py::none();
      if (e.sent) sequence = py::int_(e.sent->sequence.value());
      if (e.expires) expires = py::int_(e.expires->ns());
      rows.append(py::make_tuple(ip_to_string(e.destination), ip_to_string(e.home_address), text_or_none(e.care_of),
                                 e.home_registration, e.state, sequence, expires));
    }
  }
  return rows;
}

// Sorted by home address, so that the order means something.
py::list binding_cache(const MobileIp& roles) {
  const BindingCache& cache = roles.now().binding_cache();
  std::vector<BindingCacheEntry> entries;
  for (const RegistrationType type : {RegistrationType::Home, RegistrationType::Correspondent}) {
    for (const Ipv6Address& home : cache.home_addresses(type)) {
      if (const BindingCacheEntry* entry = cache.find(home); entry->valid) entries.push_back(*entry);
    }
  }
  std::ranges::sort(entries, {}, &BindingCacheEntry::home_address);
  py::list rows;
  for (const BindingCacheEntry& e : entries) {
    py::list networks;
    for (const Ipv6Prefix& prefix : e.networks) networks.append(prefix.to_string());
    rows.append(py::make_tuple(e.home_address.to_string(), ip_to_string(e.care_of), e.type == RegistrationType::Home,
                               e.sequence.value(), e.expires.ns(), e.mobile_router, networks));
  }
  return rows;
}

void set_multiple_care_of(MobileIp& roles, const std::string& policy, bool bulk_registration,
                          const std::string& home_and_foreign, bool flow_bindings) {
  using Config = mcoa::MultipleRegistrationConfig;
  static const std::map<std::string, Config::Policy> kPolicies{
      {"accepted", Config::Policy::Accept}, {"prohibited", Config::Policy::Prohibit}, {"ignored", Config::Policy::Ignore}};
  static const std::map<std::string, Config::HomeAndForeign> kAtHome{
      {"prohibited", Config::HomeAndForeign::Prohibit},
      {"with ndp", Config::HomeAndForeign::WithNdp},
      {"without ndp", Config::HomeAndForeign::WithoutNdp}};
  Config config{.policy = kPolicies.at(policy), .bulk_registration = bulk_registration,
                .home_and_foreign = kAtHome.at(home_and_foreign)};
  config.flows.allowed = flow_bindings;
  roles.set_multiple_care_of(config);
}

void append(py::list& rows, const mcoa::CareOfBindings& bindings) {
  for (const Ipv6Address& home : bindings.home_addresses()) {
    for (const mcoa::CareOfBinding& b : bindings.of(home)) {
      rows.append(py::make_tuple(home.to_string(), b.bid, b.care_of.to_string(), b.priority, b.home_binding,
                                 b.expires.ns()));
    }
  }
}

// Of the home agent, then of the correspondent.
py::list care_of_addresses(const MobileIp& roles) {
  py::list rows;
  if (roles.now().home_agent()) append(rows, roles.now().home_agent()->registrations().bindings());
  append(rows, roles.now().correspondent().bindings());
  return rows;
}

void set_correspondent_multiple_care_of(MobileIp& roles, const std::string& policy) {
  using Policy = mcoa::MultipleCorrespondentConfig::Policy;
  static const std::map<std::string, Policy> kPolicies{
      {"accepted", Policy::Accept}, {"prohibited", Policy::Prohibit}, {"ignored", Policy::Ignore}};
  roles.set_multiple_care_of(kPolicies.at(policy));
}

py::list flow_bindings(const MobileIp& roles) {
  py::list rows;
  if (!roles.now().home_agent()) return rows;
  const mcoa::MultipleRegistration& registrations = roles.now().home_agent()->registrations();
  for (const Ipv6Address& home : registrations.bindings().home_addresses()) {
    for (const mcoa::FlowBinding& flow : registrations.flows().of(home)) {
      const auto registered = [&](std::uint16_t bid) { return registrations.bindings().find(home, bid) != nullptr; };
      rows.append(py::make_tuple(home.to_string(), flow.fid, flow.priority, flow.bids,
                                 std::ranges::any_of(flow.bids, registered)));
    }
  }
  return rows;
}

py::list group_members(const MobileIp& roles) {
  py::list rows;
  if (!roles.now().home_agent()) return rows;
  for (const HomeAgentDaemon::GroupMember& m : roles.now().home_agent()->group_members()) {
    rows.append(py::make_tuple(m.home_address.to_string(), m.group.to_string(), m.until.ns()));
  }
  return rows;
}

std::vector<std::string> joined_groups(const MobileIp& roles) {
  std::vector<std::string> texts;
  for (const Ipv6Address& group : roles.mobile_node()->joined_groups()) texts.push_back(group.to_string());
  return texts;
}

py::list messages(const MessageLog& log) {
  py::list rows;
  for (const LoggedMessage& m : log.messages()) {
    rows.append(py::make_tuple(m.time.ns(), m.nic->node().name(), m.nic->name(), m.direction == Direction::kOut,
                               m.label, m.detail, m.source.to_string(), m.destination.to_string(), m.tunnelled,
                               m.identity));
  }
  return rows;
}

}  // namespace

void bind_mip6(py::module_& m) {
  py::class_<MobileIp> mobile_ip(m, "MobileIpv6",
                                 "Mobile IPv6 on a node (RFC 6275): a correspondent, and more if started.");
  bind_dual_stack(mobile_ip);
  mobile_ip.def(
      "follow_rfc3775", [](MobileIp& roles) { roles.follow(MobilitySpecification::Rfc3775); },
      "To be called before a role is started: where RFC 6275 differs, the node follows RFC 3775.");
  mobile_ip
      .def("set_correspondent_multiple_care_of", &set_correspondent_multiple_care_of, "policy"_a,
           "RFC 5648 section 6, of the correspondent: 'accepted', 'prohibited' or 'ignored'.")
      .def("set_multicast", &MobileIp::set_multicast, "multicast"_a,
           "RFC 6275 section 10.4.3, of a home agent that is started after it.")
      .def("group_members", &group_members, "(home address, group, expiry in ns), as mobile nodes told the home agent.")
      .def("join_group", [](MobileIp& roles, const std::string& group) {
             return roles.mobile_node()->join_group(parse_address(group));
           }, "group"_a, "Of the first home address of a mobile node. False: it is in it, or in too many.")
      .def("leave_group", [](MobileIp& roles, const std::string& group) {
             return roles.mobile_node()->leave_group(parse_address(group));
           }, "group"_a, "False: it was not in it.")
      .def("joined_groups", &joined_groups, "Of the first home address of a mobile node.");
  mobile_ip.def("start_home_agent", &start_home_agent, "home_link"_a, "max_lifetime_ns"_a, "preference"_a,
           "mobile_networks"_a, "verify_prefixes"_a, "routes_to_mobile_networks"_a,
           "mobile_networks: prefixes by home address (RFC 3963), or None: mobile routers are not supported.")
      .def("set_multiple_care_of", &set_multiple_care_of, "policy"_a, "bulk_registration"_a, "home_and_foreign"_a,
           "flow_bindings"_a, "RFC 5648 and RFC 6089, of a home agent that is started after it.")
      .def("care_of_addresses", &care_of_addresses,
           "(home address, BID, care-of address, BID-PRI, home binding, expiry in ns) of each binding with a BID.")
      .def("flow_bindings", &flow_bindings, "(home address, FID, FID-PRI, BIDs, active) of each flow binding.")
      .def("start_mobile_router", &start_mobile_router, "egress"_a, "home_address"_a, "home_prefix_length"_a,
           "home_link"_a, "home_agent"_a, "discover_home_agents"_a, "lifetime_ns"_a, "route_optimization"_a,
           "acknowledge_correspondents"_a, "reuse_tokens"_a, "prefixes"_a, "explicit_mode"_a, "try_other_mode"_a)
      .def_property_readonly(
          "mobile_network_forwarded", [](const MobileIp& roles) {
            const auto& network = roles.now().kernel().mobile_network();
            return network && network->forwarding();
          },
          "Whether the home agent forwards for the Mobile Network by the tunnel (RFC 3963 section 5.3).")
      .def_property_readonly(
          "mobile_router_mode", [](const MobileIp& roles) -> const char* {
            const MobileNodeDaemon* mobile_node = roles.now().mobile_node();
            if (mobile_node == nullptr || mobile_node->mobile_router() == nullptr) return "none";
            if (!mobile_node->mobile_router()->active()) return "given up";
            return mobile_node->mobile_router()->mode() == RegistrationMode::Explicit ? "explicit" : "implicit";
          },
          "'implicit', 'explicit', 'given up'; 'none' if not a mobile router.")
      .def("start_mobile_node", &start_mobile_node, "interface"_a, "home_address"_a, "home_prefix_length"_a,
           "home_agent"_a, "discover_home_agents"_a, "lifetime_ns"_a, "route_optimization"_a, "acknowledge_correspondents"_a, "reuse_tokens"_a)
      .def("protect", &protect, "home_address"_a, "first_spi"_a, "encryption"_a, "encryption_key"_a, "integrity"_a,
           "integrity_key"_a, "return_routability"_a, "prefix_discovery"_a, "payload"_a,
           "Protects the signalling of this mobile node, or of that home address as its home agent (RFC 3776).")
      .def(
          "authenticate_home",
          [](MobileIp& roles, const std::string& home_address, const std::string& identifier, std::uint32_t spi,
             const py::bytes& key, const std::optional<py::bytes>& aaa_key, bool timestamps,
             std::int64_t close_enough_ns) {
            roles.authenticate_home(parse_address(home_address),
                                    association(identifier, spi, key, aaa_key, timestamps, close_enough_ns));
          },
          "home_address"_a, "identifier"_a, "spi"_a, "key"_a, "aaa_key"_a, "timestamps"_a, "close_enough_ns"_a,
          "Of the home agent that is started next: registrations of this home address, as by RFC 4285.")
      .def("require_authentication", &MobileIp::require_authentication,
           "The home agent that is started next accepts no registrations but those of authenticate_home().")
      .def("detect_movement", &MobileIp::detect_movement, "eager"_a, "probe"_a, "missed_advertisements"_a,
           "How the mobile node that is started next detects movement (RFC 6275 section 11.5.1).")
      .def(
          "authenticate_mobile_node",
          [](MobileIp& roles, const std::string& identifier, std::uint32_t spi, const py::bytes& key,
             const std::optional<py::bytes>& aaa_key, bool timestamps, std::int64_t close_enough_ns,
             std::int64_t clock_offset_ns) {
            roles.authenticate_mobile_node(association(identifier, spi, key, aaa_key, timestamps, close_enough_ns),
                                           clock_offset_ns);
          },
          "identifier"_a, "spi"_a, "key"_a, "aaa_key"_a, "timestamps"_a, "close_enough_ns"_a, "clock_offset_ns"_a,
          "Of the mobile node that is started next: its home registrations, as by RFC 4285.")
      .def_property_readonly("location", &location, "'home', 'foreign', 'unknown'; 'none' if not a mobile node.")
      .def_property_readonly("care_of", &care_of, "The primary care-of address, or None.")
      .def_property_readonly("on_link_care_of", &on_link_care_of, "The care-of address of the present link, or None.")
      .def_property_readonly("home_agent", &home_agent, "Of the mobile node, or None while it knows none.")
      .def("home_addresses", &home_addresses,
           "Of the mobile node: (home address, location, care-of address, home agent, registered), as enabled.")
      .def("home_agents", &home_agents,
           "Other home agents of the home link: (router, addresses, preference, expires in ns), by router.")
      .def_property_readonly(
          "registered", [](const MobileIp& roles) {
            const MobileNodeDaemon* mobile_node = roles.now().mobile_node();
            return mobile_node != nullptr && mobile_node->registered();
          },
          "Whether the home agent has accepted a binding that still lives.")
      .def("binding_update_list", &binding_update_list,
           "Of the mobile node: (destination, home address, care-of address or None, home registration, state, sequence "
           "or None, expires in ns or None).")
      .def("binding_cache", &binding_cache,
           "(home address, care-of address, home registration, sequence, expires in ns, mobile router, prefixes), sorted.");

  py::class_<MessageLog>(m, "MessageLog", "The signalling messages that left and reached the watched interfaces.")
      .def("watch", [](MessageLog& log, const Interface& interface) { interface.nic().add_observer(&log); },
           "interface"_a)
      .def("messages", &messages,
           "(time in ns, node, interface, sent, label, detail, source, destination, tunnelled, identity).")
      .def("clear", &MessageLog::clear);
  bind_hmip6(m);
  bind_fmip6(m);
}

void bind_mobile_ip(py::class_<Host>& host) {
  host.def(
      "enable_mobile_ipv6",
      [](Host& h) -> MobileIp& {
        const auto roles = std::make_shared<MobileIp>(h);
        h.at_boot([roles](Host&) { roles->start(); });
        return *roles;
      },
      py::return_value_policy::reference_internal, "To be called once: the host is a correspondent from then on.");
  bind_hierarchical_mobile_ip(host);
  bind_fast_handovers(host);
}

}  // namespace kamesim::python
