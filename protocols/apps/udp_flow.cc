#include "protocols/apps/udp_flow.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "sim/simulation.h"

namespace kamesim {

void UdpFlowHeader::write(std::uint8_t* out) const {
  store_be32(out, kMagic);
  store_be32(out + 4, flow_id);
  store_be64(out + 8, sequence);
  store_be64(out + 16, static_cast<std::uint64_t>(sent.ns()));
}

std::optional<UdpFlowHeader> UdpFlowHeader::read(Bytes payload) {
  if (payload.size() < kSize || load_be32(payload.data()) != kMagic) return std::nullopt;
  return UdpFlowHeader{load_be32(payload.data() + 4), load_be64(payload.data() + 8),
                       Time::from_ns(static_cast<std::int64_t>(load_be64(payload.data() + 16)))};
}

namespace {

void bind_or_throw(UdpSocket& socket, const Node& node, std::uint16_t port) {
  if (socket.bind(port)) return;
  throw SimulationError("UDP port " + std::to_string(port) + " of node '" + node.name() +
                        "' is in use; choose another");
}

}  // namespace

UdpFlowSender::UdpFlowSender(SocketLayer& sockets, const UdpFlowConfig& config)
    : config_(config),
      node_(sockets.stack().node()),
      socket_(std::in_place, sockets, static_cast<DatagramHandler&>(*this)),
      timer_(Timer::to<&UdpFlowSender::send_next>(node_, *this)),
      intervals_(node_.stream("udp_flow." + std::to_string(config.flow_id))),
      first_(std::max(config.start, node_.now())) {
  bind_or_throw(*socket_, node_, config.source_port);
  source_port_ = socket_->port();
  first_in_period_ = first_;
  if (config_.periods) on_until_ = first_ + draw_period(config_.periods->on);
  if (first_ < config_.stop) timer_.arm_at(first_);
}

void UdpFlowSender::power_off() { socket_.reset(); }

void UdpFlowSender::power_on(SocketLayer& sockets) {
  socket_.emplace(sockets, static_cast<DatagramHandler&>(*this));
  bind_or_throw(*socket_, node_, source_port_);
}

void UdpFlowSender::send_next() {
  Packet packet = node_.packets().allocate(config_.payload_bytes);
  std::memset(packet.mutable_data(), 0, packet.size());
  UdpFlowHeader{config_.flow_id, sent_++, node_.now()}.write(packet.mutable_data());
  if (!regular()) send_times_.push_back(node_.now());
  request_.destination = config_.destination;
  request_.source = config_.source;
  const SendError error =
      !socket_ ? SendError::Unreachable : socket_->send(std::move(packet), config_.destination_port, request_);
  if (error != SendError::None) ++send_errors_;
  arm_next();
}

// A nanosecond or more, so that time passes.
Duration UdpFlowSender::draw_period(Duration mean) {
  constexpr double kShape = 1.5;
  Duration drawn = mean;
  if (config_.periods->lengths == PeriodLength::Exponential) {
    drawn = Duration::from_seconds(intervals_.exponential(mean.to_seconds()));
  } else if (config_.periods->lengths == PeriodLength::Pareto) {
    const double least = mean.to_seconds() * (kShape - 1) / kShape;
    drawn = Duration::from_seconds(least * std::exp(intervals_.exponential(1 / kShape)));
  }
  return std::max(drawn, Duration::nanoseconds(1));
}

// Constant: a multiple of the interval from the start, so that rounding does not add up.
Time UdpFlowSender::time_in_period(std::uint64_t number) const {
  return first_in_period_ + Duration::from_seconds(static_cast<double>(number) / config_.rate);
}

Time UdpFlowSender::sent_at(std::uint64_t sequence) const {
  return regular() ? time_in_period(sequence) : send_times_[sequence];
}

void UdpFlowSender::arm_next() {
  Time next = config_.pattern == SendPattern::Constant
                  ? time_in_period(sent_ - first_of_period_)
                  : node_.now() + Duration::from_seconds(intervals_.exponential(1 / config_.rate));
  while (next >= on_until_ && next < config_.stop) [[unlikely]] {
    const Duration left = next - on_until_;  // of the interval: it goes on in the next period
    const Time begins = on_until_ + draw_period(config_.periods->off);
    on_until_ = begins + draw_period(config_.periods->on);
    first_in_period_ = next = begins + left;
    first_of_period_ = sent_;
  }
  if (next < config_.stop) timer_.arm_at(next);
}

UdpFlowReceiver::UdpFlowReceiver(SocketLayer& sockets, std::uint32_t flow_id, std::uint16_t port)
    : flow_id_(flow_id), port_(port), node_(sockets.stack().node()) {
  power_on(sockets);
}

void UdpFlowReceiver::power_on(SocketLayer& sockets) {
  socket_.emplace(sockets, static_cast<DatagramHandler&>(*this));
  bind_or_throw(*socket_, node_, port_);
}

void UdpFlowReceiver::on_datagram(const Datagram& datagram) {
  const auto header = UdpFlowHeader::read(datagram.payload);
  if (header && header->flow_id == flow_id_) arrivals_.add(header->sequence, node_.now());
}

UdpFlowMeasurement measure(const UdpFlowSender& sender, const UdpFlowReceiver& receiver) {
  UdpFlowMeasurement m;
  m.sent = sender.sent();
  m.send_ns.reserve(m.sent);
  for (std::uint64_t i = 0; i < m.sent; ++i) m.send_ns.push_back(sender.sent_at(i).ns());
  m.delay_ns.assign(m.sent, UdpFlowMeasurement::kLost);
  std::uint64_t next_expected = 0;  // RFC 4737 §3.3 NextExp
  receiver.arrivals().for_each([&](std::uint64_t sequence, Time at) {
    if (sequence >= m.sent) return;  // not of this sender
    std::int64_t& delay = m.delay_ns[sequence];
    if (delay != UdpFlowMeasurement::kLost) {
      ++m.duplicated;
      return;
    }
    delay = at.ns() - m.send_ns[sequence];
    ++m.received;
    if (sequence < next_expected) {
      ++m.reordered;
    } else {
      next_expected = sequence + 1;
    }
  });
  m.lost = m.sent - m.received;
  return m;
}

}  // namespace kamesim
