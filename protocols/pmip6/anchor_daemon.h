// The daemon of a local mobility anchor: RFC 5213 §5 on a socket, with tunnels and routes by the kernel part.
#pragma once

#include <map>
#include <vector>

#include "protocols/ip6/socket.h"
#include "protocols/ip6/tunnel.h"
#include "protocols/pmip6/local_mobility_anchor.h"
#include "protocols/pmip6/tunnels.h"
#include "sim/timer.h"

namespace kamesim::pmip6 {

class AnchorDaemon final : public DatagramHandler {
 public:
  // The node has Mobile IPv6's kernel part (MobilityKernel), which checks Mobility Headers.
  AnchorDaemon(SocketLayer& sockets, const AnchorConfig& config);
  ~AnchorDaemon();

  const MobilitySessions& sessions() const { return machine_.sessions(); }
  void on_datagram(const Datagram& datagram) override;

 private:
  using Output = LocalMobilityAnchor::Output;
  void apply(const Output& out, Bytes message);
  void forward(const MobilitySession& session);
  void hold(const MobilitySession& session);
  void remove(const MobilitySession& session);
  void unroute(const MobilitySession& session);
  bool allows_inner_source(const TunnelInterface& tunnel, const Ipv6Address& source) const;
  void on_timer();

  Ip6Stack& stack_;
  RawSocket socket_;
  LocalMobilityAnchor machine_;
  Tunnels tunnels_;
  std::map<SessionId, TunnelInterface*> tunnel_of_;  // of sessions that are forwarded
  Timer timer_;
};

}  // namespace kamesim::pmip6
