#include "protocols/apps/tcp_flow.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "protocols/tcp/layer.h"
#include "sim/simulation.h"

namespace kamesim {

TcpFlowSender::TcpFlowSender(TcpLayer& layer, const TcpFlowConfig& config)
    : config_(config),
      node_(layer.stack().node()),
      begin_timer_(Timer::to<&TcpFlowSender::begin>(node_, *this)),
      end_timer_(Timer::to<&TcpFlowSender::end>(node_, *this)),
      sample_timer_(Timer::to<&TcpFlowSender::take_sample>(node_, *this)) {
  socket_.emplace(layer, static_cast<TcpSocketHandler&>(*this));
  socket_->set_options(config_.options);
  begin_timer_.arm_at(std::max(config_.start, node_.now()));
  if (config_.stop != Time::max()) end_timer_.arm_at(std::max(config_.stop, node_.now()));
}

void TcpFlowSender::begin() {
  if (ended_) return;
  error_ = socket_->bind(0, config_.source);
  if (error_ == TcpError::None) error_ = socket_->connect(config_.destination, config_.destination_port);
  if (error_ == TcpError::None && config_.sample_interval != Duration()) take_sample();
}

void TcpFlowSender::end() {
  ended_ = true;
  if (socket_ && error_ == TcpError::None) socket_->shutdown();
}

void TcpFlowSender::on_connected(TcpSocket&) {
  connected_at_ = node_.now();
  write();
}

void TcpFlowSender::write() {
  const std::uint64_t total = config_.octets == 0 ? UINT64_MAX : config_.octets;
  while (!ended_ && written_ < total) {
    const MutableBytes room = socket_->write_room(static_cast<std::size_t>(std::min<std::uint64_t>(total - written_, 1 << 16)));
    if (room.empty()) return;
    std::memset(room.data(), 0, room.size());
    written_ += room.size();
    socket_->commit(room.size());
  }
  if (!ended_) end();
}

void TcpFlowSender::on_readable(TcpSocket& socket) {
  while (!socket.peek().empty()) socket.consume(socket.peek().size());
  if (socket.at_end()) end();
}

void TcpFlowSender::on_closed(TcpSocket& socket, TcpCloseReason reason) {
  closed_at_ = node_.now();
  close_reason_ = reason;
  last_ = socket.info();
  sample_timer_.cancel();
  end_timer_.cancel();
}

void TcpFlowSender::take_sample() {
  const TcpInfo info = socket_->info();
  samples_.push_back({.at = node_.now(),
                      .congestion_window = info.congestion_window,
                      .in_flight = info.bytes_in_flight,
                      .slow_start_threshold = info.slow_start_threshold,
                      .smoothed_rtt = info.smoothed_rtt,
                      .retransmissions = info.retransmissions});
  if (info.state == TcpState::TimeWait || info.state == TcpState::Closed) return;
  sample_timer_.arm_in(config_.sample_interval);
}

void TcpFlowSender::power_off() {
  last_ = info();
  if (connected_at_ && !closed_at_) closed_at_ = node_.now();
  last_.state = TcpState::Closed;
  socket_.reset();
  begin_timer_.cancel();
  end_timer_.cancel();
  sample_timer_.cancel();
}

TcpFlowReceiver::TcpFlowReceiver(TcpLayer& layer, std::uint16_t port, const TcpSocketOptions& options, Duration interval)
    : port_(port), options_(options), interval_(interval), node_(layer.stack().node()) {
  listen(layer);
}

void TcpFlowReceiver::listen(TcpLayer& layer) {
  listener_.emplace(layer, static_cast<TcpListenHandler&>(*this));
  listener_->options() = options_;
  if (listener_->listen(port_) != TcpError::None) {
    throw SimulationError("node '" + node_.name() + "': TCP port " + std::to_string(port_) + " is taken");
  }
}

void TcpFlowReceiver::on_acceptable(TcpListener& listener) {
  while (auto socket = listener.accept(*this)) {
    TcpSocket& accepted = *socket;
    connections_.push_back(std::move(socket));
    if (accepted.readable() != 0 || accepted.at_end()) on_readable(accepted);
  }
}

void TcpFlowReceiver::on_readable(TcpSocket& socket) {
  std::uint64_t read = 0;
  for (Bytes data = socket.peek(); !data.empty(); data = socket.peek()) {
    read += data.size();
    socket.consume(data.size());
  }
  const Time now = node_.now();
  if (read != 0) {
    octets_ += read;
    if (!first_at_) first_at_ = now;
    last_at_ = now;
    const auto slot = static_cast<std::size_t>(now.ns() / interval_.ns());
    if (series_.size() <= slot) series_.resize(slot + 1);
    series_[slot] += read;
  }
  if (socket.at_end()) {
    if (!finished_at_) finished_at_ = now;
    socket.shutdown();
  }
}

void TcpFlowReceiver::on_closed(TcpSocket& socket, TcpCloseReason) {
  on_readable(socket);
}

void TcpFlowReceiver::power_off() {
  connections_.clear();
  listener_.reset();
}

void TcpFlowReceiver::power_on(TcpLayer& layer) { listen(layer); }

}  // namespace kamesim
