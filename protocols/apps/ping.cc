#include "protocols/apps/ping.h"

#include <numeric>

#include "protocols/wire/extension_headers.h"
#include "protocols/wire/icmp4.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim {

Ping::Ping(SocketLayer& sockets, const PingConfig& config)
    : config_(config),
      node_(sockets.stack().node()),
      ip4_(config.destination.is_v4_mapped()),
      socket_(std::in_place, sockets, ip4_ ? NextHeader::Icmp4 : NextHeader::Icmp6,
              static_cast<DatagramHandler&>(*this)),
      timer_(Timer::to<&Ping::send_next>(node_, *this)),
      data_(config.data_bytes) {
  constexpr auto type = [](Icmp6Type t) { return static_cast<std::uint8_t>(t); };
  if (ip4_) {
    socket_->pass_only({static_cast<std::uint8_t>(Icmp4Type::EchoReply)});
  } else {
    socket_->pass_only({type(Icmp6Type::EchoReply), type(Icmp6Type::DestinationUnreachable),
                        type(Icmp6Type::PacketTooBig), type(Icmp6Type::TimeExceeded),
                        type(Icmp6Type::ParameterProblem)});
  }
  std::iota(data_.begin(), data_.end(), std::uint8_t{0});
  timer_.arm_in(Duration{});
}

void Ping::end() {
  stop();
  socket_.reset();
  config_.interface = nullptr;
}

void Ping::send_next() {
  const std::size_t sequence = probes_.size();
  message_.clear();
  ByteWriter writer(message_);
  emit(writer, Icmp6Echo{.type = Icmp6Type::EchoRequest,
                         .identifier = config_.identifier,
                         .sequence_number = static_cast<std::uint16_t>(sequence),
                         .data = data_});
  if (ip4_) message_[0] = static_cast<std::uint8_t>(Icmp4Type::EchoRequest);  // RFC 792: the rest is the same
  probes_.push_back({.sent = node_.now()});  // first: a reply from this very node comes before send returns
  probes_[sequence].send_error = socket_->send(message_, {.destination = config_.destination,
                                                         .source = config_.source,
                                                         .interface = config_.interface,
                                                         .hop_limit = config_.hop_limit});
  if (probes_.size() < config_.count) timer_.arm_in(config_.interval);
}

void Ping::on_datagram(const Datagram& datagram) {
  if (ip4_) {
    if (const auto reply = Icmp6EchoView::check(datagram.payload)) on_reply(*reply);
    return;
  }
  const auto message = Icmp6View::check(datagram.payload);
  if (!message) return;
  if (message->type() == Icmp6Type::EchoReply) {
    if (const auto reply = Icmp6EchoView::check(datagram.payload)) on_reply(*reply);
  } else if (const auto error = Icmp6ErrorView::check(datagram.payload)) {
    on_error(*error, datagram.source);
  }
}

void Ping::on_reply(const Icmp6EchoView& reply) {
  const auto sequence = probe_of(reply);
  if (!sequence) return;
  Probe& probe = probes_[*sequence];
  if (probe.round_trip) {
    ++duplicates_;
    return;
  }
  probe.round_trip = node_.now() - probe.sent;
  ++received_;
}

void Ping::on_error(const Icmp6ErrorView& error, const Ipv6Address& from) {
  const auto invoking = Ipv6HeaderView::check_quoted(error.invoking_packet());
  if (!invoking) return;
  const auto upper = find_upper_layer(*invoking);
  if (!upper || upper->protocol != NextHeader::Icmp6 || upper->in_non_first_fragment) return;
  const auto request = Icmp6EchoView::check(invoking->packet().subspan(upper->offset));
  if (!request || request->type() != Icmp6Type::EchoRequest) return;
  if (const auto sequence = probe_of(*request)) {
    errors_.push_back({node_.now(), *sequence, error.type(), error.code(), error.parameter(), from});
  }
}

// Of IPv4 the kernel tells errors in ICMPv6's words.
void Ping::on_packet_error(const PacketError& error) {
  const auto request = ip4_ ? Icmp6EchoView::check(error.payload) : drop(kIcmp6Truncated);
  if (!request || static_cast<Icmp4Type>(request->type()) != Icmp4Type::EchoRequest) return;
  if (const auto sequence = probe_of(*request)) {
    const Icmp6Error& told = error.report.error;
    errors_.push_back({node_.now(), *sequence, told.type, told.code, told.parameter, error.from});
  }
}

std::optional<std::uint16_t> Ping::probe_of(const Icmp6EchoView& echo) const {
  if (echo.identifier() != config_.identifier || echo.sequence_number() >= probes_.size()) return std::nullopt;
  return echo.sequence_number();
}

}  // namespace kamesim
