// A client that asks a server over TCP again and again, with pauses to think, and how long each answer took.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "protocols/tcp/options.h"
#include "protocols/tcp/socket.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/random.h"
#include "sim/time.h"
#include "sim/timer.h"

namespace kamesim {

class Node;
class TcpLayer;

// The start of each request, in network order; zeros fill it up to its size. Responses are zeros.
struct RequestHeader {
  static constexpr std::size_t kSize = 16;
  static constexpr std::uint32_t kMagic = 0x6b6d7271;  // "kmrq"

  std::uint32_t request_octets;  // of the whole request, kSize or more
  std::uint64_t response_octets;

  // Writes kSize octets.
  void write(std::uint8_t* out) const;
  // `bytes` has kSize octets or more. Empty: no request, or of a size that cannot be.
  static std::optional<RequestHeader> read(Bytes bytes);
};

struct RequestResponseConfig {
  std::uint32_t number = 0;  // of the pair, for its random numbers
  Ipv6Address destination;
  std::uint16_t destination_port = 0;
  std::uint32_t request_octets = 100;    // RequestHeader::kSize or more
  std::uint64_t response_octets = 10'000;  // 1 or more
  std::optional<Duration> timeout;       // an answer that takes longer is given up, with its connection; empty: never
  Duration think_time = 1_s;             // from an answer to the next request, on the average
  bool exponential = true;               // or always as long as that
  bool connection_each = false;          // a new one for each request; else one, made again if it is lost
  std::uint64_t requests = 0;            // 0: until `stop`
  Time start;
  Time stop = Time::max();               // no request is made from then on
  TcpSocketOptions options;
};

class RequestClient final : private TcpSocketHandler {
 public:
  struct Transaction {
    Time asked;                         // before the connection was made, if that was still to be done
    std::optional<Duration> completed;  // until the last octet of the answer; empty: not yet, or the connection was lost
  };

  RequestClient(TcpLayer& layer, const RequestResponseConfig& config);

  const RequestResponseConfig& config() const { return config_; }
  // Before it begins.
  void set_destination(const Ipv6Address& destination) { config_.destination = destination; }
  const std::vector<Transaction>& transactions() const { return transactions_; }
  std::uint64_t connections() const { return connections_; }

  // A connection that is lost with its node is made again, for the next request.
  void power_off();
  void power_on(TcpLayer& layer);

 private:
  void ask();
  void send_request();
  void think();
  void give_up();
  void on_connected(TcpSocket&) override { send_request(); }
  void on_readable(TcpSocket& socket) override;
  void on_closed(TcpSocket&, TcpCloseReason) override;

  RequestResponseConfig config_;
  TcpLayer* layer_;  // null: the node is off
  Node& node_;
  Timer timer_, patience_;
  RandomStream pauses_;
  std::unique_ptr<TcpSocket> socket_;
  bool usable_ = false;           // the socket is connected, and was not closed
  bool waiting_ = false;          // for an answer
  std::uint64_t outstanding_ = 0;  // octets of it
  std::uint64_t connections_ = 0;
  std::vector<Transaction> transactions_;
};

class RequestServer final : private TcpListenHandler {
 public:
  // Throws SimulationError if the port is taken.
  RequestServer(TcpLayer& layer, std::uint16_t port, const TcpSocketOptions& options);

  std::uint64_t answered() const { return answered_; }

  void power_off();
  void power_on(TcpLayer& layer);

 private:
  class Connection final : public TcpSocketHandler {
   public:
    explicit Connection(RequestServer& server) : server_(server) {}
    std::unique_ptr<TcpSocket> socket;
    std::list<Connection>::iterator place;  // in the server's list
    void on_readable(TcpSocket& socket) override;
    void on_writable(TcpSocket&) override { write(); }
    void on_closed(TcpSocket&, TcpCloseReason) override { end(); }

   private:
    void write();
    void end();

    RequestServer& server_;
    std::uint64_t unread_ = 0;     // octets of the present request
    std::uint64_t unwritten_ = 0;  // of the answers
    std::uint64_t answer_ = 0;     // of the present request
    bool ended_ = false;
  };
  void on_acceptable(TcpListener& listener) override;

  std::uint16_t port_;
  TcpSocketOptions options_;
  Node& node_;
  std::optional<TcpListener> listener_;
  std::list<Connection> connections_, ended_;  // the latter until no call can be inside of them
  std::uint64_t answered_ = 0;
};

}  // namespace kamesim
