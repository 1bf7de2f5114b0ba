// Route optimization of a mobile node with several roaming interfaces (RFC 5648 §5.2, RFC 6275 §11.7.2): the part of its
// daemon that deals with correspondents.
#pragma once

#include <map>
#include <vector>

#include "protocols/mcoa/correspondent_links.h"
#include "protocols/mip6/mobility_kernel.h"
#include "protocols/mip6/mobility_socket.h"
#include "sim/timer.h"

namespace kamesim::mcoa {

class RouteOptimizer final : public MobilityListener {
 public:
  static constexpr std::size_t kMaxCorrespondents = 64;

  RouteOptimizer(Ip6Stack& stack, MobilityKernel& kernel, MobilitySocket& socket, const Ipv6Address& home_address,
                 const Ipv6Address& home_agent);
  ~RouteOptimizer();

  // What the home agent has, the preferred one first; empty: nothing, or there is no care-of address.
  void on_links(std::vector<CorrespondentLinks::Registered> links);
  void on_return_home();
  // A Mobility Header from anybody but the home agent.
  void on_message(const Datagram& datagram, const MobilityHeaderView& mh);
  void on_route_optimization_hint(const Ipv6Address& home, const Ipv6Address& correspondent) override;
  void on_mobility_header_unsupported(const Ipv6Address& correspondent) override;

  const std::map<Ipv6Address, CorrespondentLinks>& correspondents() const { return correspondents_; }

 private:
  using Peers = std::map<Ipv6Address, CorrespondentLinks>;
  void apply(Peers::value_type& peer, const CorrespondentLinks::Output& out);
  void on_timer();
  void arm();

  Ip6Stack& stack_;
  MobilityKernel& kernel_;
  MobilitySocket& socket_;
  Ipv6Address home_, home_agent_;
  RandomStream random_;
  std::vector<CorrespondentLinks::Registered> links_;
  Peers correspondents_;
  Timer timer_;
};

}  // namespace kamesim::mcoa
