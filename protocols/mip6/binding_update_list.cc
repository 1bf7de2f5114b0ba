// What a mobile node's daemon says of its registrations: the Binding Update List (RFC 6275 §11.1).
#include "protocols/mip6/mobile_node_daemon.h"

namespace kamesim {

namespace {

const char* text(BindingUpdater::State state) {
  using enum BindingUpdater::State;
  switch (state) {
    case Idle: return "idle";
    case Registering: return "registering";
    case Registered: return "bound";
    case Deregistering: return "deregistering";
  }
  return "";
}

const char* text(CorrespondentUpdater::State state) {
  using enum CorrespondentUpdater::State;
  switch (state) {
    case Idle: return "idle";
    case Testing: return "testing";
    case Registering: return "registering";
    case Bound: return "bound";
    case Avoiding: return "avoiding";
  }
  return "";
}

template <typename Updater>
BindingUpdateListEntry entry_of(const Updater& updater, const Ipv6Address& destination, const Ipv6Address& home) {
  BindingUpdateListEntry entry{.destination = destination, .home_address = home, .state = text(updater.state()),
                               .care_of = {}, .expires = {}, .sent = updater.sent()};
  if (const std::optional<Binding>& binding = updater.binding()) {
    entry.care_of = binding->care_of;
    entry.expires = binding->expires;
  }
  return entry;
}

}  // namespace

std::vector<BindingUpdateListEntry> MobileNodeDaemon::binding_update_list() const {
  std::vector<BindingUpdateListEntry> entries;
  if (choice_.current() && home_.state() != BindingUpdater::State::Idle) {
    entries.push_back(entry_of(home_, *choice_.current(), config_.home_address));
    entries.back().home_registration = true;
  }
  for (const auto& [address, peer] : correspondents_) {
    entries.push_back(entry_of(peer.registration, address, config_.home_address));
  }
  return entries;
}

}  // namespace kamesim
