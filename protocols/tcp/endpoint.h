// A connection with what ties it to its node: addresses, timer, the socket that holds it. Internal to the layer.
#pragma once

#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "protocols/ip6/icmp6_rate_limit.h"
#include "protocols/tcp/connection.h"
#include "protocols/tcp/four_tuple.h"
#include "protocols/tcp/initial_sequence.h"
#include "protocols/tcp/layer.h"
#include "sim/timer.h"

namespace kamesim {

struct TcpEndpoint {
  TcpEndpoint(TcpLayer& owner, const FourTuple& connection_id, Ip6Interface* link, const TcpSocketOptions& options,
              const TcpConnection::Opening& opening);

  TcpLayer& layer;
  FourTuple tuple;
  Ip6Interface* zone;                // of a link-local address, or null
  TcpSocket* socket = nullptr;       // null: nobody's, or not accepted yet
  TcpListener* listener = nullptr;   // that made it, until it is accepted
  TcpConnection connection;
  Timer timer;
  Time confirmed_at;                 // when the neighbour was last told that it is reachable
  std::uint32_t mtu = 0;             // of the path, as last looked at
  bool running = false;              // run() is at work: it will see to whatever is asked for meanwhile
  bool listed = true;                // in the layer's table: not CLOSED
  bool half_open = false;            // counted in the listener's SYN queue

 private:
  void on_timer();
};

struct TcpSocketIdle {
  TcpSocketOptions options;
  Ipv6Address address;
  std::uint16_t port = 0;
};

struct TcpListener::Queue {
  std::deque<TcpEndpoint*> acceptable;
  unsigned half_open = 0;
  unsigned backlog = 0;
  std::optional<Time> overflowed_at;  // when a cookie was last sent
};

struct TcpLayer::State {
  explicit State(Node& node) : secrets(node.stream("tcp.secrets")), ports(node.stream("tcp.ports")) {}

  TcpConfig config;
  TcpCounters counters;
  TcpSecrets secrets;
  RandomStream ports;
  Icmp6RateLimit resets;
  std::unordered_map<FourTuple, std::unique_ptr<TcpEndpoint>, FourTupleHash> endpoints;
  std::unordered_map<std::uint16_t, std::vector<TcpListener*>> listeners;
  std::unordered_map<std::uint16_t, std::vector<const TcpSocket*>> bound;  // not connected yet
};

}  // namespace kamesim
