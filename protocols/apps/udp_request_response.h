// The same as request_response.h over UDP: a datagram asks, a datagram answers; what is lost is not asked for again.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocols/ip6/socket.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/random.h"
#include "sim/time.h"
#include "sim/timer.h"

namespace kamesim {

class Node;

// The start of each request and of its answer, in network order; zeros fill both up to their sizes.
struct UdpRequestHeader {
  static constexpr std::size_t kSize = 16;
  static constexpr std::uint32_t kMagic = 0x6b6d7571;  // "kmuq"

  std::uint32_t response_octets = kSize;  // kSize or more
  std::uint64_t sequence = 0;             // of this client

  // Writes kSize octets.
  void write(std::uint8_t* out) const;
  static std::optional<UdpRequestHeader> read(Bytes datagram);
};

struct UdpRequestConfig {
  std::uint32_t number = 0;  // of the pair, for its random numbers
  Ipv6Address destination;
  std::uint16_t destination_port = 0;
  std::uint32_t request_octets = 100;    // UdpRequestHeader::kSize or more
  std::uint32_t response_octets = 1000;  // the same
  Duration timeout = 1_s;                // an answer that takes longer is given up
  Duration think_time = 1_s;             // from an answer to the next request, on the average
  bool exponential = true;               // or always as long as that
  std::uint64_t requests = 0;            // 0: until `stop`
  Time start;
  Time stop = Time::max();               // no request is made from then on
};

class UdpRequestClient final : private DatagramHandler {
 public:
  struct Transaction {
    Time asked;
    std::optional<Duration> completed;  // empty: not yet, or given up
  };

  UdpRequestClient(SocketLayer& sockets, const UdpRequestConfig& config);

  const UdpRequestConfig& config() const { return config_; }
  // Before it begins.
  void set_destination(const Ipv6Address& destination) { config_.destination = destination; }
  const std::vector<Transaction>& transactions() const { return transactions_; }

  void power_off();
  void power_on(SocketLayer& sockets);

 private:
  void ask();
  void think();
  void on_datagram(const Datagram& datagram) override;

  UdpRequestConfig config_;
  Node& node_;
  std::optional<UdpSocket> socket_;  // empty: the node is off
  Timer timer_, patience_;
  RandomStream pauses_;
  bool waiting_ = false;  // for the answer to the last request
  std::vector<Transaction> transactions_;
};

class UdpRequestServer final : private DatagramHandler {
 public:
  // Throws SimulationError if the port is taken.
  UdpRequestServer(SocketLayer& sockets, std::uint16_t port);

  std::uint64_t answered() const { return answered_; }

  void power_off() { socket_.reset(); }
  void power_on(SocketLayer& sockets);

 private:
  void on_datagram(const Datagram& datagram) override;

  std::uint16_t port_;
  std::optional<UdpSocket> socket_;  // empty: the node is off
  std::uint64_t answered_ = 0;
};

}  // namespace kamesim
