// A measured TCP transfer: a sender that writes as fast as the connection takes it, a receiver that reads all at once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "protocols/tcp/options.h"
#include "protocols/tcp/socket.h"
#include "protocols/tcp/state.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/time.h"
#include "sim/timer.h"

namespace kamesim {

class Node;
class TcpLayer;

struct TcpFlowConfig {
  Ipv6Address source;             // unspecified: chosen by RFC 6724
  Ipv6Address destination;
  std::uint16_t destination_port = 0;
  std::uint64_t octets = 0;       // to be sent, then the connection is closed; 0: until `stop`
  Time start;
  Time stop = Time::max();        // nothing is written from then on, and the connection is closed
  TcpSocketOptions options;
  Duration sample_interval;       // between samples of the sender's state; zero: none are taken
};

class TcpFlowSender final : private TcpSocketHandler {
 public:
  struct Sample {
    Time at;
    std::uint32_t congestion_window, in_flight;  // octets
    std::uint32_t slow_start_threshold;          // octets
    Duration smoothed_rtt;
    std::uint64_t retransmissions;
  };

  // Connects at max(config.start, now).
  TcpFlowSender(TcpLayer& layer, const TcpFlowConfig& config);

  const TcpFlowConfig& config() const { return config_; }
  // Before it connects.
  void set_destination(const Ipv6Address& destination) { config_.destination = destination; }
  TcpInfo info() const { return socket_ ? socket_->info() : last_; }
  TcpError error() const { return error_; }                    // of connect()
  std::optional<Time> connected_at() const { return connected_at_; }
  std::optional<Time> closed_at() const { return closed_at_; }
  std::optional<TcpCloseReason> close_reason() const { return close_reason_; }
  std::uint64_t written() const { return written_; }
  const std::vector<Sample>& samples() const { return samples_; }

  // The node goes down: the connection is gone, and is not made again.
  void power_off();
  void power_on(TcpLayer&) {}

 private:
  void begin();
  void end();
  void write();
  void take_sample();
  void on_connected(TcpSocket&) override;
  void on_writable(TcpSocket&) override { write(); }
  void on_readable(TcpSocket& socket) override;
  void on_closed(TcpSocket&, TcpCloseReason reason) override;

  TcpFlowConfig config_;
  Node& node_;
  std::optional<TcpSocket> socket_;  // empty: the node is off
  Timer begin_timer_, end_timer_, sample_timer_;
  TcpInfo last_;
  TcpError error_ = TcpError::None;
  std::uint64_t written_ = 0;
  bool ended_ = false;
  std::optional<Time> connected_at_, closed_at_;
  std::optional<TcpCloseReason> close_reason_;
  std::vector<Sample> samples_;
};

class TcpFlowReceiver final : private TcpListenHandler, private TcpSocketHandler {
 public:
  // Throws SimulationError if the port is taken. `interval`: of the series of what arrived.
  TcpFlowReceiver(TcpLayer& layer, std::uint16_t port, const TcpSocketOptions& options, Duration interval);

  std::uint64_t octets() const { return octets_; }
  Duration interval() const { return interval_; }
  // Octets read in each interval since the simulation began; those behind the last one are zero.
  const std::vector<std::uint64_t>& series() const { return series_; }
  std::optional<Time> first_at() const { return first_at_; }
  std::optional<Time> last_at() const { return last_at_; }   // of data
  std::optional<Time> finished_at() const { return finished_at_; }  // the end of the stream was read

  void power_off();
  void power_on(TcpLayer& layer);

 private:
  void listen(TcpLayer& layer);
  void on_acceptable(TcpListener& listener) override;
  void on_readable(TcpSocket& socket) override;
  void on_closed(TcpSocket& socket, TcpCloseReason reason) override;

  std::uint16_t port_;
  TcpSocketOptions options_;
  Duration interval_;
  Node& node_;
  std::optional<TcpListener> listener_;
  std::vector<std::unique_ptr<TcpSocket>> connections_;
  std::uint64_t octets_ = 0;
  std::vector<std::uint64_t> series_;
  std::optional<Time> first_at_, last_at_, finished_at_;
};

}  // namespace kamesim
