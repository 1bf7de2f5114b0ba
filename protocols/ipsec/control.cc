#include "protocols/ipsec/control.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace kamesim::ipsec {

namespace {

const char* to_text(SaState state) {
  switch (state) {
    case SaState::Larval: return "larval";
    case SaState::Mature: return "mature";
    case SaState::Dying: return "dying";
    case SaState::Dead: return "dead";
  }
  return "";
}

std::string seconds(Time t) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", t.to_seconds());
  return text;
}

std::string described(const SaAddress& address) {
  char spi[16];
  std::snprintf(spi, sizeof spi, "0x%08x", address.spi);
  return std::string(to_text(address.protocol)) + " " + spi + " to " + ip_to_string(address.destination);
}

std::string dumped(const SecurityAssociation& a) {
  std::string text = "# " + std::string(to_text(a.state)) + ", added at " + seconds(a.created) + " s, " +
                     std::to_string(a.counters.packets) + " packets, " + std::to_string(a.counters.bytes) + " octets";
  if (a.last_used) text += ", last used at " + seconds(*a.last_used) + " s";
  // A larval one has nothing to add yet.
  return text + "\n" + (a.state == SaState::Larval ? "# " + described(a.address()) : to_setkey(a.parameters)) + "\n";
}

std::string dumped(const SecurityPolicy& p) {
  std::string text = "# policy " + std::to_string(p.id) + ", added at " + seconds(p.created) + " s";
  return text + "\n" + to_setkey(p) + "\n";
}

std::string reason(std::errc refused) {
  switch (refused) {
    case std::errc::file_exists: return "there is one already";
    case std::errc::no_buffer_space: return "there are too many";
    default: return "it does not go together";
  }
}

// Carries out one command. Empty: done; else why not.
class Runner {
 public:
  Runner(KeyEngine& engine, Time now, std::string& shown) : engine_(engine), now_(now), shown_(shown) {}

  std::string operator()(setkey::Add& add) {
    const SaAddress address = add.parameters.address;
    const auto added = engine_.sad().add(std::move(add.parameters), now_);
    if (!added) return "an association for " + described(address) + ": " + reason(added.error());
    (*added)->configured = true;
    return {};
  }
  std::string operator()(const setkey::Get& get) {
    const SecurityAssociation* found = find(get.address);
    if (found == nullptr) return missing(get.address);
    shown_ += dumped(*found);
    return {};
  }
  std::string operator()(const setkey::Delete& gone) {
    SecurityAssociation* found = find(gone.address);
    if (found == nullptr) return missing(gone.address);
    engine_.sad().remove(*found);
    return {};
  }
  std::string operator()(const setkey::DeleteAll& all) {
    for (SecurityAssociation* a : engine_.sad().in_order()) {
      const SaAddress& address = a->address();
      if (address.protocol == all.protocol && address.source == all.source && address.destination == all.destination) {
        engine_.sad().remove(*a);
      }
    }
    return {};
  }
  std::string operator()(const setkey::Flush& flush) {
    engine_.sad().flush(flush.protocol);
    return {};
  }
  std::string operator()(const setkey::Dump& dump) {
    for (const SecurityAssociation* a : engine_.sad().in_order()) {
      if (!dump.protocol || *dump.protocol == a->address().protocol) shown_ += dumped(*a);
    }
    return {};
  }
  std::string operator()(setkey::SpdAdd& add) {
    const std::string text = to_setkey(add.policy);
    add.policy.configured = true;
    const auto added = add.update ? engine_.spd().update(std::move(add.policy), now_)
                                  : engine_.spd().add(std::move(add.policy), now_);
    return added ? std::string() : "a policy for these packets (" + text + "): " + reason(added.error());
  }
  std::string operator()(const setkey::SpdDelete& gone) {
    SecurityPolicy* found = engine_.spd().find(gone.direction, gone.selector);
    if (found == nullptr) {
      return "there is no policy \"" + std::string(to_text(gone.direction)) + "\" for " + to_text(gone.selector);
    }
    engine_.spd().remove(*found);
    return {};
  }
  std::string operator()(const setkey::SpdFlush&) {
    engine_.spd().flush();
    return {};
  }
  std::string operator()(const setkey::SpdDump&) {
    for (const SecurityPolicy* p : engine_.spd().in_order()) shown_ += dumped(*p);
    return {};
  }

 private:
  SecurityAssociation* find(const SaAddress& address) const {
    SecurityAssociation* found = engine_.sad().find(address);
    return found != nullptr && found->address().source == address.source ? found : nullptr;
  }
  static std::string missing(const SaAddress& address) {
    return "there is no association " + described(address) + " from " + ip_to_string(address.source);
  }

  KeyEngine& engine_;
  Time now_;
  std::string& shown_;
};

// A policy's own reqids are given again as they were.
std::vector<const SecurityPolicy*> configured_policies(const KeyEngine& engine) {
  std::vector<const SecurityPolicy*> policies;
  for (const SecurityPolicy* policy : engine.spd().in_order()) {
    if (policy->configured) policies.push_back(policy);
  }
  return policies;
}

}  // namespace

Read<std::string> run_setkey(KeyEngine& engine, Time now, std::string_view script, const ResolveName& resolve) {
  auto commands = parse_setkey(script, resolve);
  if (!commands) return tl::unexpected(commands.error());
  std::string shown;
  Runner run(engine, now, shown);
  for (setkey::Command& command : *commands) {
    std::string refused = std::visit(run, command.what);
    if (!refused.empty()) return tl::unexpected(SyntaxError{command.line, command.column, std::move(refused)});
  }
  return shown;
}

std::string configuration_script(const KeyEngine& engine) {
  std::string script;
  for (const SecurityAssociation* a : engine.sad().in_order()) {
    if (a->configured) script += to_setkey(a->parameters) + "\n";
  }
  for (const SecurityPolicy* policy : configured_policies(engine)) script += to_setkey(*policy) + "\n";
  return script;
}

Configuration configuration_of(const KeyEngine& engine) {
  Configuration c{engine.config, engine.sad().prefer_old(), {}, {}};
  for (const SecurityAssociation* a : engine.sad().in_order()) {
    if (a->configured) c.associations.push_back(a->parameters);
  }
  for (const SecurityPolicy* policy : configured_policies(engine)) c.policies.push_back(*policy);
  return c;
}

void restore(KeyEngine& engine, Time now, Configuration configuration) {
  engine.config = configuration.config;
  engine.sad().set_prefer_old(configuration.prefer_old);
  for (SaParameters& parameters : configuration.associations) {
    if (const auto added = engine.sad().add(std::move(parameters), now)) (*added)->configured = true;
  }
  for (SecurityPolicy& policy : configuration.policies) (void)engine.spd().add(std::move(policy), now);
}

}  // namespace kamesim::ipsec
