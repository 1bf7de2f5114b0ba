// IPsec of a host: setkey's language in, tables out.
#include <pybind11/functional.h>
#include <pybind11/stl.h>

#include <functional>

#include "protocols/ipsec/algorithms.h"
#include "protocols/ipsec/control.h"
#include "protocols/ipsec/kernel.h"
#include "protocols/ipsec/policy_text.h"
#include "protocols/wire/ipv4_address.h"
#include "python/kamesim/bindings/world.h"

namespace kamesim::python {

namespace {

using namespace ipsec;

// What a script showed, or where it is wrong: (text, line, column, message), with a line of 0 if all went well.
using Outcome = std::tuple<std::string, unsigned, unsigned, std::string>;

Outcome outcome(const SyntaxError& e) { return {"", e.line, e.column, e.message}; }

// `addresses_of`: of the node of that name, as text; none: there is no such node, or it has none.
Outcome setkey(Host& host, const std::string& script,
               const std::function<std::vector<std::string>(const std::string&)>& addresses_of) {
  const ResolveName resolve = [&addresses_of](std::string_view name) {
    std::vector<Ipv6Address> addresses;
    for (const std::string& text : addresses_of(std::string(name))) addresses.push_back(parse_address(text));
    return addresses;
  };
  const auto shown = run_setkey(host.ipsec().keys(), host.node().now(), script, resolve);
  host.ipsec().reschedule();
  return shown ? Outcome{*shown, 0, 0, ""} : outcome(shown.error());
}

// (id, line, column, message)
std::tuple<std::uint32_t, unsigned, unsigned, std::string> add_policy(Host& host, const std::string& text,
                                                                      const std::string& name,
                                                                      std::int64_t lifetime_ns) {
  auto commands = parse_setkey(text);
  if (!commands) return {0, commands.error().line, commands.error().column, commands.error().message};
  SecurityPolicy policy = std::get<setkey::SpdAdd>(commands->at(0).what).policy;
  policy.name = name;
  policy.lifetime = Duration::nanoseconds(lifetime_ns);
  policy.configured = true;
  const auto added = host.ipsec().keys().spd().add(std::move(policy), host.node().now());
  if (!added) {
    const bool twice = added.error() == std::errc::file_exists;
    return {0, 1, 1, twice ? "there is a policy for these packets already" : "the policy does not go together"};
  }
  host.ipsec().reschedule();
  return {(*added)->id, 0, 0, ""};
}

bool remove_policy(Host& host, std::uint32_t id) {
  if (host.ipsec_in_use() == nullptr) return false;
  SecurityPolicy* policy = host.ipsec().keys().spd().find(id);
  if (policy == nullptr) return false;
  host.ipsec().keys().spd().remove(*policy);
  host.ipsec().reschedule();
  return true;
}

const char* state_name(SaState state) {
  constexpr const char* kNames[] = {"larval", "mature", "dying", "dead"};
  return kNames[static_cast<std::size_t>(state)];
}

py::object seconds(const std::optional<Time>& t) {
  return t ? py::object(py::float_(t->to_seconds())) : py::object(py::none());
}

py::dict association(const SecurityAssociation& a) {
  const SaParameters& p = a.parameters;
  const bool esp = p.address.protocol == Protocol::Esp, compression = p.address.protocol == Protocol::IpComp;
  return py::dict(
      "protocol"_a = to_text(p.address.protocol), "spi"_a = p.address.spi, "source"_a = ip_to_string(p.address.source),
      "destination"_a = ip_to_string(p.address.destination), "mode"_a = to_text(p.mode),
      "state"_a = state_name(a.state), "encryption"_a = esp ? std::string(algorithm(p.encryption).name) : "",
      "integrity"_a = compression ? "" : std::string(algorithm(p.integrity).name),
      "compression"_a = compression ? std::string(algorithm(p.compression).name) : "", "reqid"_a = p.reqid,
      "replay_window"_a = p.replay_window, "esn"_a = p.extended_sequence_numbers, "sequence"_a = a.sequence,
      "highest_received"_a = a.window ? a.window->highest() : 0, "packets"_a = a.counters.packets,
      "bytes"_a = a.counters.bytes, "replayed"_a = a.counters.replayed, "too_old"_a = a.counters.too_old,
      "bad_icv"_a = a.counters.bad_icv, "malformed"_a = a.counters.malformed,
      "policy_mismatch"_a = a.counters.policy_mismatch, "added_s"_a = a.created.to_seconds(),
      "first_used_s"_a = seconds(a.first_used), "last_used_s"_a = seconds(a.last_used));
}

py::list associations(Host& host) {
  py::list rows;
  if (host.ipsec_in_use() == nullptr) return rows;
  for (const SecurityAssociation* a : host.ipsec().keys().sad().in_order()) rows.append(association(*a));
  return rows;
}

py::list policies(Host& host) {
  py::list rows;
  if (host.ipsec_in_use() == nullptr) return rows;
  for (const SecurityPolicy* p : host.ipsec().keys().spd().in_order()) {
    rows.append(py::dict("id"_a = p->id, "name"_a = p->name, "direction"_a = to_text(p->direction),
                         "action"_a = to_text(p->action), "priority"_a = p->priority,
                         "selector"_a = p->tag.empty() ? to_text(p->selector) : "tagged \"" + p->tag + "\"",
                         "policy"_a = to_text(policy_text_of(*p)), "lookups"_a = p->counters.lookups,
                         "added_s"_a = p->created.to_seconds()));
  }
  return rows;
}

// What Wireshark's table of ESP SAs has of each association of ESP: (source, destination, SPI, encryption, its key,
// integrity, its key). An algorithm that it does not know is an empty name.
py::list key_rows(Host& host) {
  py::list rows;
  if (host.ipsec_in_use() == nullptr) return rows;
  for (const SecurityAssociation* a : host.ipsec().keys().sad().in_order()) {
    const SaParameters& p = a->parameters;
    if (p.address.protocol != Protocol::Esp || a->state == SaState::Larval) continue;
    rows.append(py::make_tuple(ip_to_string(p.address.source), ip_to_string(p.address.destination), p.address.spi,
                               algorithm(p.encryption).wireshark, key_text(p.encryption_key.bytes()),
                               algorithm(p.integrity).wireshark, key_text(p.integrity_key.bytes()),
                               algorithm(p.encryption).combined() ? algorithm(p.encryption).icv_bytes
                                                                  : algorithm(p.integrity).icv_bytes));
  }
  return rows;
}

// All that can be set; as made, the defaults.
struct IpsecSettings {
  PacketPathConfig path;
  IpsecConfig keys;
  bool prefer_old = true;
};

IpsecSettings settings_of(Host& host) {
  if (host.ipsec_in_use() == nullptr) return {};
  return {host.ipsec().config, host.ipsec().keys().config, host.ipsec().keys().sad().prefer_old()};
}

struct IpsecSetting {
  const char* name;
  double (*get)(const IpsecSettings&);
  void (*set)(IpsecSettings&, double);
};

constexpr IpsecSetting kSettings[] = {
    {"discard_unmatched", [](const IpsecSettings& s) { return double(s.path.unmatched == Action::Discard); },
     [](IpsecSettings& s, double v) { s.path.unmatched = v != 0 ? Action::Discard : Action::Bypass; }},
    {"bypass_neighbor_discovery", [](const IpsecSettings& s) { return double(s.path.bypass_neighbor_discovery); },
     [](IpsecSettings& s, double v) { s.path.bypass_neighbor_discovery = v != 0; }},
    {"accept_unprotected_icmp_errors",
     [](const IpsecSettings& s) { return double(s.path.accept_unprotected_icmp_errors); },
     [](IpsecSettings& s, double v) { s.path.accept_unprotected_icmp_errors = v != 0; }},
    {"report_discards", [](const IpsecSettings& s) { return double(s.path.report_discards); },
     [](IpsecSettings& s, double v) { s.path.report_discards = v != 0; }},
    {"require_protected_home_registrations",
     [](const IpsecSettings& s) { return double(s.path.require_protected_home_registrations); },
     [](IpsecSettings& s, double v) { s.path.require_protected_home_registrations = v != 0; }},
    {"udp_encapsulation_port", [](const IpsecSettings& s) { return double(s.path.udp_encapsulation_port); },
     [](IpsecSettings& s, double v) { s.path.udp_encapsulation_port = static_cast<std::uint16_t>(v); }},
    {"cost_per_packet", [](const IpsecSettings& s) { return s.path.cost_per_packet.to_seconds(); },
     [](IpsecSettings& s, double v) { s.path.cost_per_packet = Duration::from_seconds(v); }},
    {"cost_per_kilobyte", [](const IpsecSettings& s) { return s.path.cost_per_kilobyte.to_seconds(); },
     [](IpsecSettings& s, double v) { s.path.cost_per_kilobyte = Duration::from_seconds(v); }},
    {"default_level_use", [](const IpsecSettings& s) { return double(s.keys.default_level == Level::Use); },
     [](IpsecSettings& s, double v) { s.keys.default_level = v != 0 ? Level::Use : Level::Require; }},
    {"prefer_old_associations", [](const IpsecSettings& s) { return double(s.prefer_old); },
     [](IpsecSettings& s, double v) { s.prefer_old = v != 0; }},
    {"acquire_count", [](const IpsecSettings& s) { return double(s.keys.blockacq_count); },
     [](IpsecSettings& s, double v) { s.keys.blockacq_count = static_cast<std::uint32_t>(v); }},
    {"acquire_lifetime", [](const IpsecSettings& s) { return s.keys.blockacq_lifetime.to_seconds(); },
     [](IpsecSettings& s, double v) { s.keys.blockacq_lifetime = Duration::from_seconds(v); }},
};

const IpsecSetting& setting(const std::string& name) {
  for (const IpsecSetting& s : kSettings) {
    if (s.name == name) return s;
  }
  throw SimulationError("IPsec has no setting '" + name + "'");
}

void set_setting(Host& host, const std::string& name, double value) {
  IpsecSettings settings = settings_of(host);
  setting(name).set(settings, value);
  host.ipsec().config = settings.path;
  host.ipsec().keys().config = settings.keys;
  host.ipsec().keys().sad().set_prefer_old(settings.prefer_old);
}

std::vector<std::pair<std::string, double>> changed_settings(Host& host) {
  const IpsecSettings settings = settings_of(host), defaults;
  std::vector<std::pair<std::string, double>> changed;
  for (const IpsecSetting& s : kSettings) {
    if (s.get(settings) != s.get(defaults)) changed.emplace_back(s.name, s.get(settings));
  }
  return changed;
}

py::list algorithms() {
  py::list rows;
  const auto add = [&rows](const char* kind, const auto& a, unsigned icv, bool combined, bool ah_only) {
    rows.append(py::dict("kind"_a = kind, "name"_a = a.name, "setkey"_a = a.setkey, "rule"_a = a.rule,
                         "key_bytes_min"_a = a.key.min_bits / 8 + a.salt_bytes,
                         "key_bytes_max"_a = a.key.max_bits / 8 + a.salt_bytes,
                         "key_bytes_step"_a = a.key.step_bits / 8, "salt_bytes"_a = a.salt_bytes, "icv_bytes"_a = icv,
                         "combined"_a = combined, "ah_only"_a = ah_only, "wireshark"_a = a.wireshark));
  };
  for (const auto& a : encryption_algorithms()) add("encryption", a, a.icv_bytes, a.combined(), false);
  for (const auto& a : integrity_algorithms()) add("integrity", a, a.icv_bytes, false, a.ah_only);
  return rows;
}

}  // namespace

void def_ipsec(py::module_& m, py::class_<Host>& host) {
  m.def("ipsec_algorithms", &algorithms);
  host.def("ipsec_running", [](Host& h) { return h.ipsec_in_use() != nullptr; })
      .def("start_ipsec", [](Host& h) { h.ipsec(); })
      .def("ipsec_setkey", &setkey, "script"_a, "addresses_of"_a)
      .def("add_ipsec_policy", &add_policy, "text"_a, "name"_a, "lifetime_ns"_a)
      .def("remove_ipsec_policy", &remove_policy, "id"_a)
      .def("ipsec_associations", &associations)
      .def("ipsec_policies", &policies)
      .def("ipsec_key_rows", &key_rows)
      .def("ipsec_script",
           [](Host& h) { return h.ipsec_in_use() != nullptr ? configuration_script(h.ipsec().keys()) : std::string(); })
      .def(
          "send_ipsec_dummy",
          [](Host& h, const std::string& source, const std::string& destination, std::uint32_t spi, std::size_t size) {
            SecurityAssociation* a = h.ipsec().keys().sad().find(
                {spi, Protocol::Esp, parse_address(source), parse_address(destination)});
            return a != nullptr && h.ipsec().send_dummy(*a, size);
          },
          "source"_a, "destination"_a, "spi"_a, "size"_a)
      .def(
          "ipsec_setting", [](Host& h, const std::string& name) { return setting(name).get(settings_of(h)); }, "name"_a)
      .def("set_ipsec_setting", &set_setting, "name"_a, "value"_a)
      .def("changed_ipsec_settings", &changed_settings);
}

}  // namespace kamesim::python
