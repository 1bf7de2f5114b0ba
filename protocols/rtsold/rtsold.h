// The router solicitation daemon (KAME's rtsold): asks for Router Advertisements when a host's link comes up
// (RFC 4861 §6.3.7).
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "protocols/ip6/routing_message.h"
#include "protocols/ip6/stack.h"
#include "protocols/rtsold/solicitor.h"
#include "sim/pool.h"
#include "sim/small_vector.h"
#include "sim/timer.h"

namespace kamesim {

// Small, as each host has one, and it may ask for ever (RFC 7559): it hears of advertisements as a routing listener,
// without a socket, and hosts that solicit alike share the configuration.
class RouterSolicitationDaemon final : public Pooled,
                                       public RoutingListener,
                                       private TimerOf<RouterSolicitationDaemon> {
 public:
  explicit RouterSolicitationDaemon(Ip6Stack& stack, const RouterSolicitorConfig& config = {});
  ~RouterSolicitationDaemon();

  // Looks after the interface from now on.
  void run_on(EthernetInterface& interface);
  // Leaves it alone from now on.
  void stop_on(const Ip6Interface& interface);
  // Begins to solicit on it at once, as on a hint of movement. Nothing happens while the link is down.
  void solicit(EthernetInterface& interface);

  // When it is known whether there is a router: now, if one answered; empty while it still asks.
  std::optional<Time> done_at(const EthernetInterface& interface) const;

  void on_routing_message(const RoutingMessage& message) override;
  void on_router_advertisement(Ip6Interface& interface, Duration router_lifetime) override;
  std::size_t heap_bytes() const {  // beyond the object itself
    return links_.heap_bytes() + (own_config() ? sizeof(RouterSolicitorConfig) : 0);
  }

 private:
  friend class TimerOf<RouterSolicitationDaemon>;
  struct Link {
    explicit Link(EthernetInterface& on) : interface(&on) {}
    EthernetInterface* interface;
    [[no_unique_address]] RouterSolicitor solicitor;
    std::uint32_t drawn = 0;  // words of its random stream
    ActorId last_medium = kNoMedium;
  };
  static constexpr ActorId kNoMedium = Actor::kMaxActors;

  const Link* find(const Ip6Interface* interface) const;
  Link* find(const Ip6Interface* interface) { return const_cast<Link*>(std::as_const(*this).find(interface)); }
  void start(Link& link);
  // What the call gives that draws from the link's random stream.
  template <typename Draw>
  auto with_random(Link& link, Draw draw);
  void send(const Link& link);
  void on_timer();
  Actor& timer_owner() const { return stack_.node(); }
  void arm();
  void use(RouterSolicitorConfig config);
  bool own_config() const;

  Ip6Stack& stack_;
  const RouterSolicitorConfig* config_ = nullptr;  // one of those that are shared, or its own
  SmallVector<Link, 1> links_;  // in the order of their interfaces' indices
};

}  // namespace kamesim
