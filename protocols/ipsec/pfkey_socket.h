// PF_KEY sockets of a node (RFC 2367 §1.3), for daemons that manage keys. What the kernel has to say is delivered by an
// event of its own, so that a daemon may act on it at once.
#pragma once

#include <map>

#include "protocols/ipsec/kernel.h"
#include "protocols/ipsec/pfkey_kernel.h"
#include "sim/timer.h"

namespace kamesim::ipsec {

class PfKeyHandler {
 public:
  virtual void on_pfkey(const pfkey::Message& message) = 0;

 protected:
  ~PfKeyHandler() = default;
};

// All such sockets of a node; one a node.
class PfKeyLayer {
 public:
  explicit PfKeyLayer(IpsecKernel& ipsec);

 private:
  friend class PfKeySocket;
  void deliver();

  IpsecKernel& ipsec_;
  PfKeyKernel kernel_;
  Timer delivery_;
  std::map<PfKeyKernel::SocketId, PfKeyHandler*> handlers_;
};

class PfKeySocket {
 public:
  PfKeySocket(PfKeyLayer& layer, PfKeyHandler& handler);
  ~PfKeySocket();
  PfKeySocket(const PfKeySocket&) = delete;
  PfKeySocket& operator=(const PfKeySocket&) = delete;

  // The answer comes to the handler.
  void send(const pfkey::Message& message) { send(pfkey::to_bytes(message)); }
  void send(Bytes message);

 private:
  PfKeyLayer& layer_;
  PfKeyKernel::SocketId id_;
};

}  // namespace kamesim::ipsec
