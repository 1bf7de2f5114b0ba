// What outlives a node's power cycle (Host::reboot), and has to let go of the node's sockets meanwhile.
#pragma once

namespace kamesim {

class PowerListener {
 public:
  // The stack is about to go: no socket, timer or pointer into it may be left when this returns.
  virtual void on_power_off() = 0;
  // A new one is there, in the same place, with its interfaces, addresses and routes as configured.
  virtual void on_power_on() {}

 protected:
  ~PowerListener() = default;
};

}  // namespace kamesim
