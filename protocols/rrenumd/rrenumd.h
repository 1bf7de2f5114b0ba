// The router renumbering daemon (RFC 2894; the part of KAME's rtadvd that its rrenumd speaks to): Commands from
// management change the prefixes and addresses of a router's interfaces.
//
// Deviation from §3: commands are not authenticated, as there is no IPsec here; so the daemon runs only where it is
// asked for, and the keys of §5 do not exist.
#pragma once

#include <cstdint>
#include <vector>

#include "protocols/ip6/routing_message.h"
#include "protocols/ip6/socket.h"
#include "protocols/rrenumd/renumbering.h"
#include "protocols/rtadvd/config.h"
#include "sim/random.h"
#include "sim/timer.h"
#include "sim/trace.h"

namespace kamesim {

class RouterAdvertisementDaemon;

inline constexpr TraceKind kTraceRenumbered{"rrenumd.command"};  // fields: source, sequence_number, changed

class RouterRenumberingDaemon final : public DatagramHandler, public RoutingListener {
 public:
  static constexpr std::size_t kMaxPendingResults = 16;

  // `machine` outlasts the daemon, as the Recorded Sequence Number does a reboot (§2.1).
  RouterRenumberingDaemon(SocketLayer& sockets, RouterAdvertisementDaemon& advertisements, RouterRenumbering& machine);
  ~RouterRenumberingDaemon();

  void on_datagram(const Datagram& datagram) override;
  void on_routing_message(const RoutingMessage& message) override;

 private:
  struct Pending {
    Time at;
    Ipv6Address to;
    std::uint32_t interface;  // the index
    std::vector<std::uint8_t> result;
  };
  void listen_on(Ip6Interface& interface);
  bool is_ours(const Datagram& datagram) const;
  std::vector<AdvertisedPrefix> advertised_on(const EthernetInterface& interface) const;
  RenumberedInterface configuration_of(const EthernetInterface& interface) const;
  void apply(EthernetInterface& interface, const RenumberedInterface& before, const RenumberedInterface& wanted);
  void advertise(EthernetInterface& interface, const RenumberedInterface& before, const RenumberedInterface& wanted);
  void on_timer();
  void arm();

  Ip6Stack& stack_;
  RouterAdvertisementDaemon& advertisements_;
  RouterRenumbering& machine_;
  RawSocket socket_;
  RandomStream random_;
  std::vector<Ip6Interface*> listens_on_;
  std::vector<Pending> pending_;
  Timer timer_;
};

}  // namespace kamesim
