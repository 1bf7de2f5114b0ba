// The router solicitation daemon (KAME's rtsold): asks for Router Advertisements when a host's link comes up
// (RFC 4861 §6.3.7).
#pragma once

#include <utility>

#include "protocols/ip6/routing_message.h"
#include "protocols/ip6/socket.h"
#include "protocols/rtsold/solicitor.h"
#include "sim/pool.h"
#include "sim/timer.h"

namespace kamesim {

class RouterSolicitationDaemon final : public Pooled, public DatagramHandler, public RoutingListener {
 public:
  explicit RouterSolicitationDaemon(SocketLayer& sockets, const RouterSolicitorConfig& config = {});
  ~RouterSolicitationDaemon();

  // Looks after the interface from now on.
  void run_on(EthernetInterface& interface);
  // Leaves it alone from now on.
  void stop_on(const Ip6Interface& interface);
  // Begins to solicit on it at once, as on a hint of movement. Nothing happens while the link is down.
  void solicit(EthernetInterface& interface);

  // When it is known whether there is a router: now, if one answered; empty while it still asks.
  std::optional<Time> done_at(const EthernetInterface& interface) const;

  void on_datagram(const Datagram& datagram) override;
  void on_routing_message(const RoutingMessage& message) override;
  std::size_t heap_bytes() const { return links_.capacity() * sizeof(Link); }  // beyond the object itself

 private:
  struct Link {
    Link(EthernetInterface& on, const RouterSolicitorConfig& config, RandomStream random)
        : interface(&on), solicitor(config, random) {}
    EthernetInterface* interface;
    RouterSolicitor solicitor;
    const Medium* last_medium = nullptr;
  };
  const Link* find(const Ip6Interface* interface) const;
  Link* find(const Ip6Interface* interface) { return const_cast<Link*>(std::as_const(*this).find(interface)); }
  void start(Link& link);
  void send(const Link& link);
  void on_timer();
  void arm();

  Ip6Stack& stack() const { return socket_.layer().stack(); }

  RouterSolicitorConfig config_;
  RawSocket socket_;
  PoolVector<Link> links_;  // in the order of their interfaces' indices
  Timer timer_;
};

}  // namespace kamesim
