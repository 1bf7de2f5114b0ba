// Listeners: RFC 9293 §3.10.7.2 with the defences of RFC 4987 against floods of SYNs. Half-open connections are
// bounded; beyond, a SYN is answered with a cookie that costs no memory.
#include <algorithm>

#include "protocols/tcp/drops.h"
#include "protocols/tcp/endpoint.h"
#include "protocols/tcp/header.h"
#include "protocols/wire/ipv4_address.h"

namespace kamesim {

namespace {

// Cookies are looked for among ACKs only so long after one was sent: otherwise any ACK would be a guess for free.
constexpr Duration kCookieLifetime = 128_s;

}  // namespace

TcpListener* TcpLayer::find_listener(const Ipv6Address& address, std::uint16_t port) const {
  if (state_ == nullptr) return nullptr;
  const auto it = state_->listeners.find(port);
  if (it == state_->listeners.end()) return nullptr;
  const bool ip4 = address.is_v4_mapped();
  TcpListener* any = nullptr;
  for (TcpListener* listener : it->second) {
    if (listener->address() == address) return listener;
    // RFC 3493 §3.7, §5.3: one for all addresses takes IPv4 too, unless it is said not to.
    if (ip4 && listener->address() == kV4MappedAny) return listener;
    if (listener->address().is_unspecified() && !(ip4 && listener->options_.v6_only)) any = listener;
  }
  return any;
}

void TcpLayer::listen_input(TcpListener& listener, const FourTuple& tuple, const TcpSegment& segment, InputPacket& in) {
  // First: an RST is ignored.
  if (segment.flags.rst()) return stack_.drop(kTcpListenReset, in.packet.bytes());
  // Second: an ACK is answered with a reset, unless it proves a cookie.
  if (segment.flags.ack()) {
    if (!segment.flags.syn() && take_cookie(listener, tuple, segment, in)) return;
    stack_.drop(kTcpListenAck, in.packet.bytes());
    return refuse(tuple, in.interface, segment);
  }
  // Third: a SYN.
  if (segment.flags.syn()) return take_syn(listener, tuple, segment, in);
  // Fourth.
  stack_.drop(kTcpListenNoSyn, in.packet.bytes());
}

void TcpLayer::take_syn(TcpListener& listener, const FourTuple& tuple, const TcpSegment& segment, InputPacket& in) {
  State& s = state();
  if (s.config.reject_anycast) {
    // As KAME: an anycast address is not one of an end of a connection, as the next packet may reach another node.
    const InterfaceAddress* own = stack_.find_own_address(in.destination, in.interface);
    if (own != nullptr && own->anycast) {
      stack_.drop(kTcpAnycast, in.packet.bytes());
      return stack_.icmp6_error(
          Icmp6Error::destination_unreachable(DestinationUnreachableCode::AddressUnreachable, in.packet.bytes()),
          in.interface, in.link_layer_multicast);
    }
  }
  TcpListener::Queue& queue = *listener.queue_;
  if (queue.acceptable.size() >= queue.backlog || s.endpoints.size() >= s.config.max_connections) {
    return stack_.drop(kTcpListenOverflow, in.packet.bytes());  // the client will try again
  }
  Ip6Interface* zone = tuple.zone != 0 ? in.interface : nullptr;
  if (queue.half_open >= s.config.syn_queue) {
    if (!s.config.syn_cookies) return stack_.drop(kTcpListenOverflow, in.packet.bytes());
    return send_cookie(listener, tuple, zone, segment);
  }
  TcpEndpoint& endpoint = add_endpoint(tuple, zone, listener.options_);
  endpoint.listener = &listener;
  endpoint.half_open = true;
  ++queue.half_open;
  ++s.counters.passive_opens;
  endpoint.connection.open_passive(stack_.now(), segment);
  run(endpoint);
}

// RFC 4987 Appendix A.
void TcpLayer::send_cookie(TcpListener& listener, const FourTuple& tuple, Ip6Interface* zone, const TcpSegment& syn) {
  State& s = state();
  const Time now = stack_.now();
  const TcpSocketOptions& options = listener.options_;
  const std::uint16_t mss = announced_mss(tuple, zone);
  const std::uint16_t default_mss = tuple.remote.is_v4_mapped() ? kDefaultMssIpv4 : kDefaultMssIpv6;
  const SynOffer offer = offer_of_syn(syn, options, default_mss);
  TcpReceiver receiver({.buffer = options.receive_buffer});
  OutgoingSegment reply{.seq = s.secrets.cookie(tuple, syn.seq, offer.mss, now),
                        .ack = syn.seq + 1,
                        .window = receiver.syn_window(),
                        .flags = TcpFlags::kSyn | TcpFlags::kAck};
  reply.options.mss = options.max_segment != 0 ? std::min(options.max_segment, mss) : mss;
  // Without timestamps there is no place to remember the other options.
  if (offer.timestamps) {
    const std::uint32_t value = TcpSecrets::timestamp_clock(now) + s.secrets.timestamp_offset(tuple);
    reply.options.timestamps =
        TcpTimestamps{TcpSecrets::timestamp_with_options(value, offer), syn.options.timestamps->value};
    reply.options.sack_permitted = offer.sack_permitted;
    if (offer.window_scale) reply.options.window_scale = receiver.window_shift_for_buffer();
    if (offer.ecn) reply.flags.set(TcpFlags::kEce);
  }
  listener.queue_->overflowed_at = now;
  ++s.counters.cookies_sent;
  send_segment(tuple, zone, options, reply, nullptr);
}

bool TcpLayer::take_cookie(TcpListener& listener, const FourTuple& tuple, const TcpSegment& ack, InputPacket& in) {
  State& s = state();
  TcpListener::Queue& queue = *listener.queue_;
  const Time now = stack_.now();
  if (!queue.overflowed_at || now > *queue.overflowed_at + kCookieLifetime) return false;
  const std::optional<SynOffer> offer = s.secrets.check_cookie(tuple, ack, now);
  if (!offer) return false;
  if (queue.acceptable.size() >= queue.backlog || s.endpoints.size() >= s.config.max_connections) {
    stack_.drop(kTcpListenOverflow, in.packet.bytes());
    return true;
  }
  ++s.counters.cookies_accepted;
  ++s.counters.passive_opens;
  TcpEndpoint& endpoint = add_endpoint(tuple, tuple.zone != 0 ? in.interface : nullptr, listener.options_);
  endpoint.listener = &listener;
  endpoint.half_open = true;
  ++queue.half_open;
  endpoint.connection.open_from_cookie(now, *offer, ack);
  connection_input(endpoint, ack, in);
  return true;
}

// SYN-RECEIVED became ESTABLISHED.
void TcpLayer::queue_accepted(TcpEndpoint& endpoint) {
  forget_half_open(endpoint);
  TcpListener& listener = *endpoint.listener;
  listener.queue_->acceptable.push_back(&endpoint);
  listener.handler_.on_acceptable(listener);
}

void TcpLayer::forget_half_open(TcpEndpoint& endpoint) {
  endpoint.half_open = false;
  --endpoint.listener->queue_->half_open;
}

// Nobody listens any more: those who wait are reset, the half-open ones forgotten.
void TcpLayer::abandon(TcpListener& listener) {
  std::vector<TcpEndpoint*> orphans;
  for (const auto& [tuple, endpoint] : state().endpoints) {
    if (endpoint->listener == &listener) orphans.push_back(endpoint.get());
  }
  // In an order that does not depend on the table's.
  std::ranges::sort(orphans, {}, [](const TcpEndpoint* e) { return e->tuple.bytes(); });
  for (TcpEndpoint* endpoint : orphans) {
    if (endpoint->half_open) forget_half_open(*endpoint);
    endpoint->listener = nullptr;
    endpoint->connection.abort();
    wake(*endpoint);
  }
}

}  // namespace kamesim
