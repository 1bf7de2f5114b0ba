// The home agent daemon (KAME's had): RFC 6275 §10.3 on a socket, with proxy Neighbor Discovery by the kernel.
#pragma once

#include "protocols/mip6/binding_cache.h"
#include "protocols/mip6/home_agent_registration.h"
#include "protocols/mip6/mobility_kernel.h"
#include "protocols/mip6/mobility_socket.h"
#include "sim/timer.h"

namespace kamesim {

class HomeAgentDaemon final : public DatagramHandler {
 public:
  // Serves the prefixes of the global addresses that the home link's interface has by now. `home_link` must have
  // one, and neighbours.
  HomeAgentDaemon(SocketLayer& sockets, MobilityKernel& kernel, BindingCache& cache, Ip6Interface& home_link,
                  const HomeAgentRegistrationConfig& config = {});
  ~HomeAgentDaemon();

  void on_datagram(const Datagram& datagram) override;

 private:
  using Output = HomeAgentRegistration::Output;
  using Defended = HomeAgentRegistration::Defended;
  // Duplicate Address Detection for a home address and, with the L bit, its link-local address.
  struct Test {
    Defended addresses;
    int outstanding;
    bool unique = true;
  };
  void start_dad(const Defended& addresses);
  void finish_dad(const Ipv6Address& home_address, bool unique);
  void apply(const Output& out, Bytes message);
  void on_timer();

  Ip6Stack& stack_;
  MobilityKernel& kernel_;
  Ip6Interface& home_link_;
  MobilitySocket socket_;
  HomeAgentRegistration machine_;
  std::unordered_map<Ipv6Address, Test> tests_;
  std::unordered_map<Ipv6Address, Ipv6Address> served_as_;  // home address -> the address of ours it registered with
  Timer timer_;
};

}  // namespace kamesim
