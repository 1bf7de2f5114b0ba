// The mobile node daemon's part in multicast (RFC 6275 §11.3.4): the groups that it is in by its home address. At home they
// are those of the interface, elsewhere those of the tunnel, of which its home agent is told when that has asked.
#pragma once

#include <vector>

#include "protocols/mip6/mobile_node_daemon.h"
#include "protocols/mip6/multicast_listener.h"

namespace kamesim {

class MobileNodeDaemon::Groups final : public DatagramHandler {
 public:
  Groups(MobileNodeDaemon& daemon, SocketLayer& sockets);
  ~Groups();

  bool join(const Ipv6Address& group);
  bool leave(const Ipv6Address& group);
  std::vector<Ipv6Address> all() const { return listener_.groups(); }

  // The home address is by the tunnel now, or on the interface again.
  void on_left_home();
  void on_returned_home();
  // What the home agent has of this node may have changed.
  void review_binding();

  void on_datagram(const Datagram& datagram) override;  // queries

 private:
  // The tunnel, while packets may go by it.
  TunnelInterface* way() const;
  void on_timer();
  void arm();

  MobileNodeDaemon& daemon_;
  RawSocket socket_;
  RandomStream random_;
  MulticastListener listener_;
  TunnelInterface* tunnel_ = nullptr;  // in whose groups it is; null: at home
  Timer timer_;
};

}  // namespace kamesim
