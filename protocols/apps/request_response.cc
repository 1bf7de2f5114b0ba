#include "protocols/apps/request_response.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string>
#include <utility>

#include "protocols/tcp/layer.h"
#include "sim/simulation.h"

namespace kamesim {

void RequestHeader::write(std::uint8_t* out) const {
  store_be32(out, kMagic);
  store_be32(out + 4, request_octets);
  store_be64(out + 8, response_octets);
}

std::optional<RequestHeader> RequestHeader::read(Bytes bytes) {
  const RequestHeader header{load_be32(bytes.data() + 4), load_be64(bytes.data() + 8)};
  if (load_be32(bytes.data()) != kMagic || header.request_octets < kSize) return std::nullopt;
  return header;
}

// ---- The client -------------------------------------------------------------------------------------------------

RequestClient::RequestClient(TcpLayer& layer, const RequestResponseConfig& config)
    : config_(config),
      layer_(&layer),
      node_(layer.stack().node()),
      timer_(Timer::to<&RequestClient::ask>(node_, *this)),
      patience_(Timer::to<&RequestClient::give_up>(node_, *this)),
      pauses_(node_.stream("request_response." + std::to_string(config.number))) {
  const Time first = std::max(config.start, node_.now());
  if (first < config_.stop) timer_.arm_at(first);
}

void RequestClient::ask() {
  if (layer_ == nullptr) return;
  if (node_.now() >= config_.stop) {
    if (socket_ != nullptr) socket_->shutdown();
    return;
  }
  if (config_.requests != 0 && transactions_.size() >= config_.requests) {
    if (socket_ != nullptr) socket_->shutdown();
    return;
  }
  transactions_.push_back({node_.now(), std::nullopt});
  waiting_ = true;
  outstanding_ = config_.response_octets;
  if (config_.timeout) patience_.arm_in(*config_.timeout);
  if (usable_ && !config_.connection_each) return send_request();
  usable_ = false;
  socket_ = std::make_unique<TcpSocket>(*layer_, static_cast<TcpSocketHandler&>(*this));
  socket_->set_options(config_.options);
  ++connections_;
  if (socket_->connect(config_.destination, config_.destination_port) != TcpError::None) {
    waiting_ = false;
    think();
  }
}

void RequestClient::send_request() {
  usable_ = true;
  std::vector<std::uint8_t> request(config_.request_octets);
  RequestHeader{config_.request_octets, config_.response_octets}.write(request.data());
  // A request is smaller than a send buffer (the maker of the configuration sees to it).
  socket_->write(request);
}

void RequestClient::on_readable(TcpSocket& socket) {
  for (Bytes data = socket.peek(); !data.empty(); data = socket.peek()) {
    outstanding_ -= std::min<std::uint64_t>(outstanding_, data.size());
    socket.consume(data.size());
  }
  if (waiting_ && outstanding_ == 0) {
    waiting_ = false;
    transactions_.back().completed = node_.now() - transactions_.back().asked;
    if (config_.connection_each) socket.shutdown();
    think();
  }
  if (socket.at_end()) {
    usable_ = false;
    socket.shutdown();
  }
}

void RequestClient::on_closed(TcpSocket& socket, TcpCloseReason) {
  if (&socket != socket_.get()) return;
  usable_ = false;
  if (!waiting_) return;
  waiting_ = false;
  think();
}

void RequestClient::give_up() {
  if (!waiting_) return;
  usable_ = waiting_ = false;
  socket_->abort();
  think();
}

void RequestClient::think() {
  patience_.cancel();
  const double mean = config_.think_time.to_seconds();
  const Duration pause = config_.exponential && mean > 0 ? Duration::from_seconds(pauses_.exponential(mean))
                                                         : config_.think_time;
  timer_.arm_at(std::max(node_.now() + pause, node_.now()));
}

void RequestClient::power_off() {
  layer_ = nullptr;
  socket_.reset();
  patience_.cancel();
  usable_ = waiting_ = false;
}

void RequestClient::power_on(TcpLayer& layer) {
  layer_ = &layer;
  if (!timer_.armed()) think();
}

// ---- The server -------------------------------------------------------------------------------------------------

RequestServer::RequestServer(TcpLayer& layer, std::uint16_t port, const TcpSocketOptions& options)
    : port_(port), options_(options), node_(layer.stack().node()) {
  power_on(layer);
}

void RequestServer::power_on(TcpLayer& layer) {
  listener_.emplace(layer, static_cast<TcpListenHandler&>(*this));
  listener_->options() = options_;
  if (listener_->listen(port_) != TcpError::None) {
    throw SimulationError("node '" + node_.name() + "': TCP port " + std::to_string(port_) + " is taken");
  }
}

void RequestServer::power_off() {
  connections_.clear();
  ended_.clear();
  listener_.reset();
}

void RequestServer::on_acceptable(TcpListener& listener) {
  ended_.clear();
  for (;;) {
    Connection& made = connections_.emplace_back(*this);
    made.place = std::prev(connections_.end());
    made.socket = listener.accept(made);
    if (made.socket == nullptr) {
      connections_.pop_back();
      return;
    }
    if (made.socket->readable() != 0 || made.socket->at_end()) made.on_readable(*made.socket);
  }
}

void RequestServer::Connection::end() {
  if (std::exchange(ended_, true)) return;
  server_.ended_.splice(server_.ended_.end(), server_.connections_, place);
}

void RequestServer::Connection::on_readable(TcpSocket& socket) {
  while (socket.readable() > 0) {
    if (unread_ == 0) {
      if (socket.readable() < RequestHeader::kSize) break;
      std::uint8_t start[RequestHeader::kSize];
      socket.read(start);
      const auto header = RequestHeader::read(start);
      if (!header) {  // nobody that this is for
        socket.abort();
        return end();
      }
      unread_ = header->request_octets - RequestHeader::kSize;
      answer_ = header->response_octets;
    } else {
      const Bytes data = socket.peek();
      const std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(unread_, data.size()));
      unread_ -= n;
      socket.consume(n);
    }
    if (unread_ == 0) {
      unwritten_ += answer_;
      ++server_.answered_;
    }
  }
  write();
  if (socket.at_end() && unwritten_ == 0) socket.shutdown();
}

void RequestServer::Connection::write() {
  while (unwritten_ > 0 && !ended_) {
    const MutableBytes room =
        socket->write_room(static_cast<std::size_t>(std::min<std::uint64_t>(unwritten_, 1 << 16)));
    if (room.empty()) return;
    std::memset(room.data(), 0, room.size());
    unwritten_ -= room.size();
    socket->commit(room.size());
  }
  if (socket->at_end()) socket->shutdown();
}

}  // namespace kamesim
