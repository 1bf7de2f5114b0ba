// Nodes of the benchmarks, with UDP flows between them: what ns3/common.hpp is for the peer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocols/ip6/socket.h"
#include "protocols/ip6/stack.h"
#include "sim/node.h"
#include "sim/simulation.h"
#include "sim/timer.h"

namespace kamesim {

struct Machine : Pooled {
  Machine(Simulation& simulation, const std::string& name, bool router)
      : node(simulation.add_node(name)), stack(node, {.forwarding = router, .hop_limit = 255}), sockets(stack) {}
  Node& node;
  Ip6Stack stack;
  SocketLayer sockets;
};

// Sends a datagram each interval; counts at the other end.
class Flow final : public DatagramHandler {
 public:
  Flow(Machine& from, Machine& to, const Ipv6Address& destination, std::uint16_t port, std::size_t payload,
       std::uint64_t packets, Duration interval, Time start)
      : from_(from), source_(from.sockets, *this), destination_(destination), port_(port), data_(payload), left_(packets),
        interval_(interval), timer_(Timer::to<&Flow::send>(from.node, *this)), sink_(to.sockets, *this) {
    sink_.bind(port);
    timer_.arm_at(start);
  }
  // One datagram ahead of the measured ones, so that every router knows its neighbours.
  void warm_up() { source_.send_to(Bytes(data_), destination_, port_); }
  void on_datagram(const Datagram&) override { ++delivered_; }
  std::uint64_t delivered() const { return delivered_; }

 private:
  void send() {
    source_.send_to(Bytes(data_), destination_, port_);
    if (--left_ > 0) timer_.arm_in(interval_);
  }
  Machine& from_;
  UdpSocket source_;
  Ipv6Address destination_;
  std::uint16_t port_;
  std::vector<std::uint8_t> data_;
  std::uint64_t left_;
  Duration interval_;
  Timer timer_;
  alignas(2 * Pool::kLine) UdpSocket sink_;  // at the other end, which may run at the same time
  std::uint64_t delivered_ = 0;
};

inline Ipv6Address link_address(std::uint64_t link, std::uint64_t host) {
  return Ipv6Address::from_halves(0x2001'0db8'0000'0000 | link, host);
}

}  // namespace kamesim
