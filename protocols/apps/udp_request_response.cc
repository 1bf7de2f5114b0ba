#include "protocols/apps/udp_request_response.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "sim/simulation.h"

namespace kamesim {

namespace {

constexpr std::uint32_t kLargestAnswer = 65'527;  // RFC 768: what a Length field of 16 bits leaves

Packet datagram(Ip6Stack& stack, std::uint32_t octets, const UdpRequestHeader& header) {
  Packet packet = stack.allocate(octets);
  std::uint8_t* bytes = packet.mutable_data();
  std::memset(bytes, 0, octets);
  header.write(bytes);
  return packet;
}

}  // namespace

void UdpRequestHeader::write(std::uint8_t* out) const {
  store_be32(out, kMagic);
  store_be32(out + 4, response_octets);
  store_be64(out + 8, sequence);
}

std::optional<UdpRequestHeader> UdpRequestHeader::read(Bytes datagram) {
  if (datagram.size() < kSize || load_be32(datagram.data()) != kMagic) return std::nullopt;
  const UdpRequestHeader header{load_be32(datagram.data() + 4), load_be64(datagram.data() + 8)};
  if (header.response_octets < kSize || header.response_octets > kLargestAnswer) return std::nullopt;
  return header;
}

UdpRequestClient::UdpRequestClient(SocketLayer& sockets, const UdpRequestConfig& config)
    : config_(config),
      node_(sockets.stack().node()),
      timer_(Timer::to<&UdpRequestClient::ask>(node_, *this)),
      patience_(Timer::to<&UdpRequestClient::think>(node_, *this)),
      pauses_(node_.stream("udp_request_response." + std::to_string(config.number))) {
  socket_.emplace(sockets, static_cast<DatagramHandler&>(*this));
  const Time first = std::max(config.start, node_.now());
  if (first < config_.stop) timer_.arm_at(first);
}

void UdpRequestClient::ask() {
  if (!socket_ || node_.now() >= config_.stop) return;
  if (config_.requests != 0 && transactions_.size() >= config_.requests) return;
  const std::uint64_t sequence = transactions_.size();
  transactions_.push_back({node_.now(), std::nullopt});
  waiting_ = true;
  patience_.arm_in(config_.timeout);
  if (socket_->port() == 0 && !socket_->bind(0)) return;
  socket_->send_to(datagram(socket_->layer().stack(), config_.request_octets, {config_.response_octets, sequence}),
                   config_.destination, config_.destination_port);
}

void UdpRequestClient::on_datagram(const Datagram& datagram) {
  const auto header = UdpRequestHeader::read(datagram.payload);
  if (!header || !waiting_ || header->sequence + 1 != transactions_.size()) return;  // too late, or not for this one
  transactions_.back().completed = node_.now() - transactions_.back().asked;
  think();
}

void UdpRequestClient::think() {
  waiting_ = false;
  patience_.cancel();
  const double mean = config_.think_time.to_seconds();
  const Duration pause = config_.exponential && mean > 0 ? Duration::from_seconds(pauses_.exponential(mean))
                                                         : config_.think_time;
  timer_.arm_in(pause);
}

void UdpRequestClient::power_off() {
  socket_.reset();
  patience_.cancel();
  waiting_ = false;
}

void UdpRequestClient::power_on(SocketLayer& sockets) {
  socket_.emplace(sockets, static_cast<DatagramHandler&>(*this));
  if (!timer_.armed()) think();
}

UdpRequestServer::UdpRequestServer(SocketLayer& sockets, std::uint16_t port) : port_(port) { power_on(sockets); }

void UdpRequestServer::power_on(SocketLayer& sockets) {
  socket_.emplace(sockets, static_cast<DatagramHandler&>(*this));
  if (socket_->bind(port_)) return;
  throw SimulationError("node '" + sockets.stack().node().name() + "': UDP port " + std::to_string(port_) + " is taken");
}

void UdpRequestServer::on_datagram(const Datagram& request) {
  const auto header = UdpRequestHeader::read(request.payload);
  if (!header) return;
  ++answered_;
  OutputRequest from;
  if (!request.destination.is_multicast()) from.source = request.destination;
  if (request.source.is_link_local()) from.interface = request.interface;
  socket_->send_to(datagram(socket_->layer().stack(), header->response_octets, *header), request.source,
                   request.source_port, from);
}

}  // namespace kamesim
