#include "protocols/tcp/layer.h"

#include <algorithm>

#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ip6/tunnel.h"
#include "protocols/tcp/drops.h"
#include "protocols/tcp/endpoint.h"
#include "protocols/tcp/header.h"
#include "protocols/wire/checksum.h"
#include "protocols/wire/ipv4_header.h"
#include "protocols/wire/ipv6_header.h"
#include "protocols/wire/options_header.h"
#include "protocols/wire/routing_header.h"
#include "sim/simulation.h"

namespace kamesim {

namespace {

constexpr std::uint16_t kFirstEphemeralPort = 49152;  // RFC 6335 §6
// RFC 4861 §7.3.1 hints need not come with every acknowledgment; ReachableTime is 500 ms at least (RFC 4861 §6.3.2's
// MIN_RANDOM_FACTOR of one second).
constexpr Duration kConfirmInterval = 100_ms;

bool is_any(const Ipv6Address& address) { return address.is_unspecified() || address == kV4MappedAny; }
bool is_any_or_v4(const Ipv6Address& address) { return address.is_unspecified() || address.is_v4_mapped(); }

std::size_t fixed_headers(const FourTuple& tuple) {
  return kTcpHeaderSize + (tuple.remote.is_v4_mapped() ? kIpv4HeaderSize : kIpv6HeaderSize);
}

std::uint32_t least_mtu(const FourTuple& tuple) {  // RFC 9293 §3.7.2
  return tuple.remote.is_v4_mapped() ? kIpv4MinimumReassembly : static_cast<std::uint32_t>(kIpv6MinimumMtu);
}

std::uint16_t mss_for_mtu(const FourTuple& tuple, std::uint32_t mtu) {
  const std::size_t headers = fixed_headers(tuple);
  // RFC 2675 §5.2: 65535 stands for no limit.
  return static_cast<std::uint16_t>(std::min<std::size_t>(mtu > headers ? mtu - headers : 1, 65535));
}

}  // namespace

TcpEndpoint::TcpEndpoint(TcpLayer& owner, const FourTuple& connection_id, Ip6Interface* link,
                         const TcpSocketOptions& options, const TcpConnection::Opening& opening)
    : layer(owner),
      tuple(connection_id),
      zone(link),
      connection(options, owner.state().config, opening),
      timer(Timer::to<&TcpEndpoint::on_timer>(owner.stack().node(), *this)) {}

void TcpEndpoint::on_timer() {
  const Time now = layer.stack().now();
  connection.on_timeout(now);
  layer.run(*this);
}

TcpLayer::TcpLayer(Ip6Stack& stack) : stack_(stack) { stack_.set_upper_layer(NextHeader::Tcp, this); }

TcpLayer::~TcpLayer() { stack_.set_upper_layer(NextHeader::Tcp, nullptr); }

TcpLayer::State& TcpLayer::state() {
  if (state_ == nullptr) state_ = std::make_unique<State>(stack_.node());
  return *state_;
}

const TcpConfig& TcpLayer::config() const {
  static const TcpConfig kDefaults;
  return state_ != nullptr ? state_->config : kDefaults;
}

std::optional<TcpConfig> TcpLayer::changed_config() const {
  return state_ != nullptr ? std::optional(state_->config) : std::nullopt;
}

TcpConfig& TcpLayer::mutable_config() { return state().config; }

TcpCounters TcpLayer::counters() const { return state_ != nullptr ? state_->counters : TcpCounters{}; }

std::size_t TcpLayer::connections() const { return state_ != nullptr ? state_->endpoints.size() : 0; }

// ---- Input ------------------------------------------------------------------------------------------------------

FourTuple TcpLayer::tuple_of(const InputPacket& in, const TcpSegment& segment) const {
  const bool zoned = in.source.is_link_local() || in.destination.is_link_local();
  return {.local = in.destination, .remote = in.source, .local_port = segment.destination_port,
          .remote_port = segment.source_port, .zone = zoned ? in.interface->index() : 0};
}

TcpEndpoint* TcpLayer::find(const FourTuple& tuple) const {
  if (state_ == nullptr) return nullptr;
  const auto it = state_->endpoints.find(tuple);
  return it != state_->endpoints.end() ? it->second.get() : nullptr;
}

void TcpLayer::on_packet(InputPacket& in) {
  const Bytes bytes = in.upper();
  if (bytes.size() < kTcpHeaderSize) return stack_.drop(kTcpTruncated, in.packet.bytes());
  // RFC 9293 §3.1 (MUST-3).
  if (!upper_layer_checksum_ok(in.source, in.destination, NextHeader::Tcp, bytes)) {
    return stack_.drop(kTcpBadChecksum, in.packet.bytes());
  }
  // RFC 9293 §3.9.2.3 (MUST-57, MUST-63), for all segments: one to or from many has no connection.
  if (in.destination.is_multicast() || in.link_layer_multicast || in.source.is_unspecified()) {
    return stack_.drop(kTcpNotUnicast, in.packet.bytes());
  }
  auto segment = parse_tcp_segment(bytes);
  if (!segment) return stack_.drop(*segment.error(), in.packet.bytes());
  if (segment->source_port == 0 || segment->destination_port == 0) {
    return stack_.drop(kTcpPortZero, in.packet.bytes());
  }
  segment->ecn = static_cast<Ecn>(in.traffic_class & 3);
  const FourTuple tuple = tuple_of(in, *segment);
  ++state().counters.segments_received;
  TcpEndpoint* endpoint = find(tuple);
  if (endpoint != nullptr) [[likely]] return connection_input(*endpoint, *segment, in);
  // A segment that seems to come from the very socket that it goes to would have us talk to ourselves.
  if (tuple.local == tuple.remote && tuple.local_port == tuple.remote_port && !in.interface->is_loopback()) {
    return stack_.drop(kTcpToItself, in.packet.bytes());
  }
  if (TcpListener* listener = find_listener(tuple.local, tuple.local_port)) {
    return listen_input(*listener, tuple, *segment, in);
  }
  stack_.drop(kTcpNoConnection, in.packet.bytes());
  refuse(tuple, in.interface, *segment);
}

void TcpLayer::connection_input(TcpEndpoint& endpoint, const TcpSegment& segment, InputPacket& in) {
  TcpConnection& connection = endpoint.connection;
  if (endpoint.half_open && segment.flags.ack() && !segment.flags.rst()) [[unlikely]] {
    // No room in the accept queue: the client's data will bring another acknowledgment.
    const TcpListener::Queue& queue = *endpoint.listener->queue_;
    if (queue.acceptable.size() >= queue.backlog) return stack_.drop(kTcpListenOverflow, in.packet.bytes());
  }
  const auto arrival = connection.on_segment(stack_.now(), segment);
  if (arrival.disposition == TcpConnection::Disposition::Reopen) {
    // RFC 9293 §3.6.1 (MAY-2), RFC 6191: the connection begins anew, if anybody listens.
    const FourTuple tuple = endpoint.tuple;
    TcpListener* listener = find_listener(tuple.local, tuple.local_port);
    if (listener == nullptr) return stack_.drop(kTcpNoConnection, in.packet.bytes());
    remove(endpoint);
    return listen_input(*listener, tuple, segment, in);
  }
  if (arrival.dropped != nullptr) stack_.drop(*arrival.dropped, in.packet.bytes());
  if (arrival.forward_progress) confirm_reachable(endpoint);
  run(endpoint);
}

void TcpLayer::confirm_reachable(TcpEndpoint& endpoint) {
  const Time now = stack_.now();
  if (endpoint.confirmed_at != Time{} && now < endpoint.confirmed_at + kConfirmInterval) return;
  endpoint.confirmed_at = now;
  const Destination& to = stack_.route_to(endpoint.tuple.remote, endpoint.zone);
  if (to.neighbor != nullptr && to.interface->nd() != nullptr) to.interface->nd()->confirm_reachable(to.next_hop);
}

// ---- Work of one connection -------------------------------------------------------------------------------------

// Sends what the connection wants to send, tells its user what happened, and arms its timer. What a handler asks for
// meanwhile is done before this returns.
void TcpLayer::run(TcpEndpoint& endpoint) {
  if (endpoint.running) return;
  endpoint.running = true;
  do {
    tell(endpoint);
    transmit(endpoint);
  } while (endpoint.connection.has_events());
  endpoint.running = false;
  TcpConnection& connection = endpoint.connection;
  if (connection.state() == TcpState::Closed) return remove(endpoint);
  // The timer stays where it is when the deadline moves away: waking up once too early costs less than moving it for
  // each acknowledgment.
  const std::optional<Time> deadline = connection.next_timeout();
  if (!deadline) {
    endpoint.timer.cancel();
  } else if (!endpoint.timer.armed() || *deadline < endpoint.timer.expiry()) {
    endpoint.timer.arm_at(deadline);
  }
}

// The application did something to the connection.
void TcpLayer::wake(TcpEndpoint& endpoint) {
  // A connection that is no more has nothing to send, and one that is being run will be seen to.
  if (!endpoint.running && endpoint.listed) run(endpoint);
}

void TcpLayer::tell(TcpEndpoint& endpoint) {
  if (!endpoint.connection.has_events()) return;
  const TcpConnection::Events events = endpoint.connection.take_events();
  TcpCounters& counters = state().counters;
  if (events.connected && endpoint.half_open) queue_accepted(endpoint);
  if (events.closed) {
    if (endpoint.half_open) forget_half_open(endpoint);
    if (events.was_opening) ++counters.attempt_failures;
    if (events.was_established) ++counters.established_resets;
  }
  // Each call may take the socket away.
  const auto call = [&](bool happened, auto what) {
    if (happened && endpoint.socket != nullptr) what(*endpoint.socket->handler_, *endpoint.socket);
  };
  call(events.connected, [](auto& h, auto& s) { h.on_connected(s); });
  call(events.urgent, [](auto& h, auto& s) { h.on_urgent(s); });
  call(events.readable, [](auto& h, auto& s) { h.on_readable(s); });
  call(events.writable, [](auto& h, auto& s) { h.on_writable(s); });
  call(events.delivery_problem, [](auto& h, auto& s) { h.on_delivery_problem(s); });
  if (events.reason) call(events.closed, [&](auto& h, auto& s) { h.on_closed(s, *events.reason); });
}

void TcpLayer::transmit(TcpEndpoint& endpoint) {
  TcpConnection& connection = endpoint.connection;
  const Time now = stack_.now();
  if (connection.state() != TcpState::TimeWait && connection.state() != TcpState::Closed) {
    // Packet Too Big, a change of route or the expiry of an estimate: the segments fit what the path takes now.
    const std::uint32_t mtu = path_mtu(endpoint.tuple, endpoint.zone, endpoint.connection.options());
    if (mtu != endpoint.mtu && mtu != 0) [[unlikely]] {
      endpoint.mtu = mtu;
      connection.set_path_mss(mss_for_mtu(endpoint.tuple, mtu));
    }
  }
  OutgoingSegment segment;
  while (connection.next_segment(now, segment)) {
    send_segment(endpoint.tuple, endpoint.zone, connection.options(), segment, &connection);
  }
}

void TcpLayer::remove(TcpEndpoint& endpoint) {
  endpoint.timer.cancel();
  endpoint.listed = false;
  const auto it = state_->endpoints.find(endpoint.tuple);
  std::unique_ptr<TcpEndpoint> owned = std::move(it->second);
  state_->endpoints.erase(it);
  if (endpoint.half_open) forget_half_open(endpoint);
  if (endpoint.listener != nullptr) std::erase(endpoint.listener->queue_->acceptable, &endpoint);
  endpoint.listener = nullptr;
  const TcpInfo info = endpoint.connection.info();
  state_->counters.retransmitted_segments += info.retransmissions;
  if (endpoint.socket != nullptr) endpoint.socket->closed_ = std::move(owned);  // what it received can still be read
}

const IpsecSocketPolicy* TcpLayer::ipsec_policy(const InputPacket& in) const {
  const auto segment = parse_tcp_segment(in.upper());
  if (!segment || state_ == nullptr) return nullptr;
  const FourTuple tuple = tuple_of(in, *segment);
  if (const TcpEndpoint* endpoint = find(tuple)) return endpoint->connection.options().ipsec.get();
  const TcpListener* listener = find_listener(tuple.local, tuple.local_port);
  return listener != nullptr ? listener->options_.ipsec.get() : nullptr;
}

// ---- Output -----------------------------------------------------------------------------------------------------

void TcpLayer::send_segment(const FourTuple& tuple, Ip6Interface* zone, const TcpSocketOptions& options,
                            const OutgoingSegment& segment, const TcpConnection* data) {
  if (!powered_) [[unlikely]] return;
  const std::size_t header = kTcpHeaderSize + tcp_options_size(segment.options);
  Packet packet = stack_.allocate(header + segment.length);
  std::uint8_t* const out = packet.mutable_data();
  write_tcp_header(out, tuple.local_port, tuple.remote_port, segment);
  if (segment.length != 0) data->copy_data(segment, out + header);
  OutputRequest request{.destination = tuple.remote, .source = tuple.local, .next_header = NextHeader::Tcp,
                        .checksum_offset = static_cast<int>(kTcpChecksumOffset), .interface = zone};
  request.traffic_class = static_cast<std::uint8_t>((options.traffic_class & 0xfc) | static_cast<int>(segment.ecn));
  if (options.hop_limit != 0) request.hop_limit = options.hop_limit;
  request.ipsec = options.ipsec.get();
  ++state_->counters.segments_sent;
  stack_.output(std::move(packet), request);
}

// RFC 9293 §3.10.7.1.
void TcpLayer::refuse(const FourTuple& tuple, Ip6Interface* interface, const TcpSegment& segment) {
  if (segment.flags.rst()) return;
  State& s = state();
  if (!s.resets.take(stack_.now(), s.config.resets, s.config.resets)) {
    ++s.counters.resets_limited;
    return;
  }
  ++s.counters.resets_sent;
  send_segment(tuple, tuple.zone != 0 ? interface : nullptr, s.config.defaults, reset_for(segment), nullptr);
}

// RFC 9293 §3.7.1 (MUST-67): what can be received is up to the link, not to what the path to there takes.
std::uint16_t TcpLayer::announced_mss(const FourTuple& tuple, Ip6Interface* zone) {
  const Destination& to = stack_.route_to(tuple.remote, zone);
  return mss_for_mtu(tuple, to.interface != nullptr ? to.interface->mtu() : least_mtu(tuple));
}

// RFC 9293 §3.7.1 (MUST-16): what the IP layer permits, less the extension headers that it will add.
std::uint32_t TcpLayer::path_mtu(const FourTuple& tuple, Ip6Interface* zone, const TcpSocketOptions& options) {
  const std::uint32_t mtu = path_mtu_of_packets(tuple, zone);
  IpsecHooks* ipsec = stack_.ipsec_hooks();
  if (ipsec == nullptr) [[likely]] return mtu;
  return ipsec->mtu_within(tuple.local, tuple.remote, NextHeader::Tcp, tuple.local_port, tuple.remote_port, mtu,
                           options.ipsec.get());
}

std::uint32_t TcpLayer::path_mtu_of_packets(const FourTuple& tuple, Ip6Interface* zone) {
  MobilityHooks* mobility = stack_.mobility_hooks();
  if (mobility == nullptr || zone != nullptr) [[likely]] return stack_.route_to(tuple.remote, zone).mtu;
  const auto actions = mobility->on_output(tuple.local, tuple.remote, NextHeader::Tcp);
  if (actions.tunnel != nullptr) return actions.tunnel->mtu();
  std::uint32_t mtu = stack_.route_to(actions.route_to_care_of.value_or(tuple.remote), nullptr).mtu;
  if (actions.route_to_care_of && mtu != 0) mtu -= kType2RoutingHeaderSize;
  if (actions.home_address_option_from && mtu != 0) mtu -= kHomeAddressHeaderSize;
  return mtu;
}

// ---- Connections and ports ----------------------------------------------------------------------------------------

TcpEndpoint& TcpLayer::add_endpoint(const FourTuple& tuple, Ip6Interface* zone, const TcpSocketOptions& options) {
  State& s = state();
  const std::uint32_t mtu = path_mtu(tuple, zone, options);
  auto owned = std::make_unique<TcpEndpoint>(
      *this, tuple, zone, options,
      TcpConnection::Opening{.iss = s.secrets.initial_sequence_number(tuple, stack_.now()),
                             .timestamp_offset = s.secrets.timestamp_offset(tuple),
                             .path_mss = mss_for_mtu(tuple, mtu != 0 ? mtu : least_mtu(tuple)),
                             .announced_mss = announced_mss(tuple, zone),
                             .default_mss = tuple.remote.is_v4_mapped() ? kDefaultMssIpv4 : kDefaultMssIpv6});
  TcpEndpoint& endpoint = *owned;
  endpoint.mtu = mtu;
  s.endpoints[tuple] = std::move(owned);
  return endpoint;
}

bool TcpLayer::port_taken(std::uint16_t port, const Ipv6Address& address, bool v6_only) const {
  if (state_ == nullptr) return false;
  const auto overlaps = [&](const Ipv6Address& other, bool other_v6_only) {
    // RFC 3493 §5.3: what is for IPv6 only leaves IPv4 to others.
    const bool apart = (address.is_v4_mapped() && (other_v6_only || !is_any_or_v4(other))) ||
                       (other.is_v4_mapped() && (v6_only || !is_any_or_v4(address)));
    return !apart && (other == address || is_any(other) || is_any(address));
  };
  if (const auto it = state_->listeners.find(port); it != state_->listeners.end()) {
    if (std::ranges::any_of(it->second, [&](const TcpListener* l) { return overlaps(l->address(), l->options_.v6_only); })) {
      return true;
    }
  }
  if (const auto it = state_->bound.find(port); it != state_->bound.end()) {
    return std::ranges::any_of(it->second, [&](const TcpSocket* s) {
      return overlaps(s->idle_->address, s->idle_->options.v6_only);
    });
  }
  return false;
}

// RFC 6056 §3.3.3's aim, ports that others cannot foresee, by §3.3.1: a random one, then the next that is free.
std::uint16_t TcpLayer::ephemeral_port(const FourTuple& tuple) {
  State& s = state();
  constexpr std::uint32_t kPorts = 65536u - kFirstEphemeralPort;
  const auto first = static_cast<std::uint32_t>(s.ports.below(kPorts));
  for (std::uint32_t i = 0; i < kPorts; ++i) {
    const auto port = static_cast<std::uint16_t>(kFirstEphemeralPort + (first + i) % kPorts);
    FourTuple candidate = tuple;
    candidate.local_port = port;
    if (!port_taken(port, tuple.local, false) && !s.endpoints.contains(candidate)) return port;
  }
  return 0;
}

}  // namespace kamesim
