#include "protocols/mip6/home_agent_daemon.h"

#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/mip6/trace_kinds.h"

namespace kamesim {

HomeAgentDaemon::HomeAgentDaemon(SocketLayer& sockets, MobilityKernel& kernel, BindingCache& cache,
                                 Ip6Interface& home_link, const HomeAgentRegistrationConfig& config)
    : stack_(sockets.stack()),
      kernel_(kernel),
      home_link_(home_link),
      socket_(sockets, *this),
      machine_(config, cache),
      timer_(Timer::to<&HomeAgentDaemon::on_timer>(stack_.node(), *this)) {
  std::vector<HomePrefix> prefixes;
  for (const auto& a : home_link.addresses()) {
    if (!a->address.is_link_local()) prefixes.push_back({a->prefix(), a->valid_until, a->preferred_until});
  }
  machine_.on_prefix_list(stack_.now(), std::move(prefixes));
}

HomeAgentDaemon::~HomeAgentDaemon() {
  for (const auto& [home, test] : tests_) {
    home_link_.nd()->cancel_proxy_dad(home);
    if (test.addresses.link_local) home_link_.nd()->cancel_proxy_dad(*test.addresses.link_local);
  }
}

void HomeAgentDaemon::on_datagram(const Datagram& d) {
  const auto mh = MobilityHeaderView::check(d.payload, d.source, d.destination);
  if (!mh || mh->type() != MhType::BindingUpdate) return;
  const BindingUpdate update = BindingUpdateView(*mh).value();
  if (!update.home_registration) return;  // for the correspondent daemon
  const ReceivedBindingUpdate received = received_binding_update(d, update);
  served_as_.insert_or_assign(received.home_address(), d.destination);
  apply(machine_.on_binding_update(stack_.now(), received), d.payload);
}

void HomeAgentDaemon::start_dad(const Defended& addresses) {
  const Ipv6Address home = addresses.home_address;
  stack_.node().trace(kTraceProxyDad, {{"home_address", home.to_string()}});
  tests_.insert_or_assign(home, Test{addresses, addresses.link_local ? 2 : 1});
  auto done = [this, home](bool unique) { finish_dad(home, unique); };
  home_link_.nd()->start_proxy_dad(home, done);
  if (addresses.link_local) home_link_.nd()->start_proxy_dad(*addresses.link_local, done);
}

void HomeAgentDaemon::finish_dad(const Ipv6Address& home, bool unique) {
  const auto it = tests_.find(home);
  if (it == tests_.end()) return;
  it->second.unique = it->second.unique && unique;
  if (--it->second.outstanding > 0) return;
  const bool result = it->second.unique;
  tests_.erase(it);
  using DadResult = HomeAgentRegistration::DadResult;
  apply(machine_.on_dad_result(stack_.now(), home, result ? DadResult::Unique : DadResult::Duplicate), {});
}

void HomeAgentDaemon::on_timer() {
  while (machine_.next_timeout() && *machine_.next_timeout() <= stack_.now()) {
    apply(machine_.on_timeout(stack_.now()), {});
  }
  timer_.arm_at(machine_.next_timeout());
}

void HomeAgentDaemon::apply(const Output& out, Bytes message) {
  Node& node = stack_.node();
  if (out.dropped != nullptr) node.count_drop(out.dropped, message);
  if (out.stop_proxy) {
    kernel_.remove_home_binding(out.stop_proxy->home_address);
    served_as_.erase(out.stop_proxy->home_address);
    node.trace(kTraceUnbound, {{"home_address", out.stop_proxy->home_address.to_string()}});
  }
  if (out.registered) {
    const BindingCacheEntry& entry = *out.registered;
    kernel_.add_home_binding(entry.home_address, entry.care_of, served_as_[entry.home_address], home_link_,
                             entry.link_local);
    node.trace(kTraceBound, {{"home_address", entry.home_address.to_string()},
                             {"care_of", entry.care_of.to_string()},
                             {"home_registration", std::int64_t{1}}});
  }
  if (out.ack) socket_.send(*out.ack);
  if (out.start_dad) start_dad(*out.start_dad);
  timer_.arm_at(machine_.next_timeout());
}

}  // namespace kamesim
