// Inverse Neighbor Discovery (RFC 3122 §4): tells the addresses of this node's interfaces to who knows their link-layer
// address, and asks for those of others. What is learned goes into the Neighbor Cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "protocols/inverse_nd/messages.h"
#include "protocols/ip6/routing_message.h"
#include "protocols/ip6/socket.h"
#include "sim/timer.h"
#include "sim/trace.h"

namespace kamesim {

// Fields: interface, mac, and addresses: how many.
inline constexpr TraceKind kTraceInverseNdAnswered{"inverse_nd.answered"};
inline constexpr TraceKind kTraceInverseNdFailed{"inverse_nd.failed"};  // fields: interface, mac

class InverseDiscovery final : public DatagramHandler, public RoutingListener {
 public:
  static constexpr std::size_t kMaxQuestions = 64;       // that are out
  static constexpr std::size_t kMaxLearned = 64;         // addresses of one message that the Neighbor Cache takes

  explicit InverseDiscovery(SocketLayer& sockets);
  ~InverseDiscovery();

  // §4.1: asks, up to MAX_MULTICAST_SOLICIT times, RetransTimer apart. False: the interface is down or without address,
  // the question is out already, or there are too many.
  bool ask(EthernetInterface& interface, MacAddress target);

  void on_datagram(const Datagram& datagram) override;
  void on_routing_message(const RoutingMessage& message) override;

 private:
  struct Question {
    EthernetInterface* interface;
    MacAddress target;
    unsigned left;
    Time next;
    bool answered = false;
  };
  void on_solicitation(EthernetInterface& interface, const Datagram& datagram, const InverseNdMessage& message);
  void on_advertisement(EthernetInterface& interface, const Datagram& datagram, const InverseNdMessage& message);
  bool solicit(const Question& question);
  void send(EthernetInterface& interface, const Ipv6Address& source, const Ipv6Address& destination,
            MacAddress to, const InverseNdMessage& message);
  void on_timer();
  void arm();

  Ip6Stack& stack_;
  RawSocket socket_;
  std::vector<Question> questions_;
  Timer timer_;
};

}  // namespace kamesim
