#include "protocols/tcp/socket.h"

#include <algorithm>

#include "protocols/tcp/endpoint.h"
#include "protocols/tcp/layer.h"
#include "protocols/wire/ipv4_address.h"

namespace kamesim {

namespace {

// A link-local destination without a zone is looked for on the first link, as the stack does (RFC 4007 §6).
Ip6Interface* default_zone(const Ip6Stack& stack) {
  for (const auto& interface : stack.links()) {
    if (interface->nd() != nullptr && interface->up()) return interface.get();
  }
  return nullptr;
}

}  // namespace

// ---- TcpSocket --------------------------------------------------------------------------------------------------

std::string_view to_string(TcpError error) {
  switch (error) {
    case TcpError::None: return "";
    case TcpError::AddressInUse: return "address in use";
    case TcpError::NoRoute: return "no route to the destination";
    case TcpError::NoSourceAddress: return "no usable source address";
    case TcpError::InvalidAddress: return "invalid address";
    case TcpError::AlreadyConnected: return "already connected";
    case TcpError::TooManyConnections: return "too many connections";
  }
  return "";
}

TcpSocket::TcpSocket(TcpLayer& layer, TcpSocketHandler& handler)
    : layer_(layer), handler_(&handler), idle_(std::make_unique<TcpSocketIdle>()) {
  idle_->options = layer.config().defaults;
}

TcpSocket::TcpSocket(TcpLayer& layer, TcpSocketHandler& handler, TcpEndpoint& endpoint)
    : layer_(layer), handler_(&handler), endpoint_(&endpoint) {
  endpoint.socket = this;
}

TcpSocket::~TcpSocket() {
  unbind();
  close();
}

TcpError TcpSocket::bind(std::uint16_t port, const Ipv6Address& address) {
  if (endpoint_ != nullptr) return TcpError::AlreadyConnected;
  if (address.is_multicast()) return TcpError::InvalidAddress;
  if (port == 0) port = layer_.ephemeral_port({.local = address});
  if (idle_->options.v6_only && address.is_v4_mapped()) return TcpError::InvalidAddress;
  if (port == 0 || layer_.port_taken(port, address, idle_->options.v6_only)) return TcpError::AddressInUse;
  unbind();
  idle_->port = port;
  idle_->address = address;
  layer_.state().bound[port].push_back(this);
  return TcpError::None;
}

void TcpSocket::unbind() {
  if (idle_ == nullptr || idle_->port == 0) return;
  auto& bound = layer_.state().bound;
  auto& sockets = bound[idle_->port];
  std::erase(sockets, this);
  if (sockets.empty()) bound.erase(idle_->port);
  idle_->port = 0;
}

TcpError TcpSocket::connect(const Ipv6Address& destination, std::uint16_t port, Ip6Interface* zone) {
  if (endpoint_ != nullptr) return TcpError::AlreadyConnected;
  if (destination.is_unspecified() || destination.is_multicast() || port == 0) return TcpError::InvalidAddress;
  const bool ip4 = destination.is_v4_mapped();
  if (ip4 && (idle_->options.v6_only || !ipv4_identifies_a_host(ipv4_of(destination)))) return TcpError::InvalidAddress;
  TcpLayer::State& s = layer_.state();
  if (s.endpoints.size() >= s.config.max_connections) return TcpError::TooManyConnections;
  Ip6Stack& stack = layer_.stack();
  if (destination.is_link_local() && zone == nullptr) zone = default_zone(stack);
  const Destination& to = stack.route_to(destination, zone);
  if (to.interface == nullptr || to.kind == RouteKind::Reject) return TcpError::NoRoute;
  FourTuple tuple{.local = idle_->address, .remote = destination, .local_port = idle_->port, .remote_port = port};
  if (tuple.local.is_unspecified() || tuple.local == kV4MappedAny) {
    const InterfaceAddress* source = stack.select_source(destination, to.interface, {}, &to.next_hop);
    if (source == nullptr) return TcpError::NoSourceAddress;
    tuple.local = source->address;
  }
  const bool zoned = tuple.local.is_link_local() || destination.is_link_local();
  tuple.zone = zoned && to.interface != nullptr ? to.interface->index() : 0;
  if (tuple.local_port == 0) tuple.local_port = layer_.ephemeral_port(tuple);
  if (tuple.local_port == 0 || s.endpoints.contains(tuple)) return TcpError::AddressInUse;
  TcpEndpoint& endpoint = layer_.add_endpoint(tuple, zoned ? to.interface : nullptr, idle_->options);
  unbind();
  idle_.reset();
  endpoint_ = &endpoint;
  endpoint.socket = this;
  ++s.counters.active_opens;
  endpoint.connection.open(stack.now());
  layer_.run(endpoint);
  return TcpError::None;
}

std::size_t TcpSocket::write(Bytes data, bool urgent) {
  if (endpoint_ == nullptr) return 0;
  const std::size_t n = endpoint_->connection.write(data);
  if (urgent && n != 0) endpoint_->connection.mark_urgent();
  layer_.wake(*endpoint_);
  return n;
}

MutableBytes TcpSocket::write_room(std::size_t n) {
  return endpoint_ != nullptr ? endpoint_->connection.write_room(n) : MutableBytes{};
}

void TcpSocket::commit(std::size_t n) {
  if (endpoint_ == nullptr) return;
  endpoint_->connection.commit(n);
  layer_.wake(*endpoint_);
}

std::size_t TcpSocket::write_space() const { return endpoint_ != nullptr ? endpoint_->connection.write_space() : 0; }

std::size_t TcpSocket::read(MutableBytes out) {
  if (endpoint_ == nullptr) return 0;
  const std::size_t n = endpoint_->connection.receiver().read(out);
  layer_.wake(*endpoint_);  // the window may have opened
  return n;
}

Bytes TcpSocket::peek() const { return endpoint_ != nullptr ? endpoint_->connection.receiver().peek() : Bytes{}; }

void TcpSocket::consume(std::size_t n) {
  if (endpoint_ == nullptr) return;
  endpoint_->connection.receiver().consume(n);
  layer_.wake(*endpoint_);
}

std::size_t TcpSocket::readable() const {
  return endpoint_ != nullptr ? endpoint_->connection.receiver().readable() : 0;
}

bool TcpSocket::at_end() const {
  if (endpoint_ == nullptr) return false;
  const TcpConnection& connection = endpoint_->connection;
  return connection.receiver().at_end();
}

std::uint32_t TcpSocket::urgent_remaining() const {
  return endpoint_ != nullptr ? endpoint_->connection.receiver().urgent_remaining() : 0;
}

void TcpSocket::shutdown() {
  if (endpoint_ == nullptr) return;
  endpoint_->connection.shutdown(layer_.stack().now());
  layer_.wake(*endpoint_);
}

void TcpSocket::close() {
  if (endpoint_ == nullptr) return;
  TcpEndpoint& endpoint = *endpoint_;
  detach();
  if (endpoint.connection.state() == TcpState::Closed) {
    closed_.reset();
    return;
  }
  endpoint.connection.close(layer_.stack().now());
  layer_.wake(endpoint);
}

void TcpSocket::abort() {
  if (endpoint_ == nullptr) return;
  TcpEndpoint& endpoint = *endpoint_;
  detach();
  if (endpoint.connection.state() == TcpState::Closed) {
    closed_.reset();
    return;
  }
  endpoint.connection.abort();
  layer_.wake(endpoint);
}

void TcpSocket::detach() {
  idle_ = std::make_unique<TcpSocketIdle>();
  idle_->options = endpoint_->connection.options();
  endpoint_->socket = nullptr;
  endpoint_ = nullptr;
}

TcpState TcpSocket::state() const {
  return endpoint_ != nullptr ? endpoint_->connection.state() : TcpState::Closed;
}

std::optional<TcpCloseReason> TcpSocket::close_reason() const {
  return endpoint_ != nullptr ? endpoint_->connection.close_reason() : std::nullopt;
}

const Ipv6Address& TcpSocket::local_address() const {
  return endpoint_ != nullptr ? endpoint_->tuple.local : idle_->address;
}
std::uint16_t TcpSocket::local_port() const {
  return endpoint_ != nullptr ? endpoint_->tuple.local_port : idle_->port;
}
const Ipv6Address& TcpSocket::remote_address() const {
  return endpoint_ != nullptr ? endpoint_->tuple.remote : kUnspecified;
}
std::uint16_t TcpSocket::remote_port() const { return endpoint_ != nullptr ? endpoint_->tuple.remote_port : 0; }
Ip6Interface* TcpSocket::zone() const { return endpoint_ != nullptr ? endpoint_->zone : nullptr; }
TcpInfo TcpSocket::info() const { return endpoint_ != nullptr ? endpoint_->connection.info() : TcpInfo{}; }

const TcpSocketOptions& TcpSocket::options() const {
  return endpoint_ != nullptr ? endpoint_->connection.options() : idle_->options;
}

bool TcpSocket::set_options(const TcpSocketOptions& options) {
  if (!is_congestion_control(options.congestion_control)) return false;
  if (endpoint_ == nullptr) {
    idle_->options = options;
    return true;
  }
  endpoint_->connection.set_options(options, layer_.stack().now());
  layer_.wake(*endpoint_);
  return true;
}

// ---- TcpListener ------------------------------------------------------------------------------------------------

TcpListener::TcpListener(TcpLayer& layer, TcpListenHandler& handler)
    : layer_(layer), handler_(handler), options_(layer.config().defaults) {}

TcpListener::~TcpListener() { close(); }

TcpError TcpListener::listen(std::uint16_t port, const Ipv6Address& address, unsigned backlog) {
  if (port_ != 0) return TcpError::AlreadyConnected;
  if (address.is_multicast() || (options_.v6_only && address.is_v4_mapped())) return TcpError::InvalidAddress;
  if (port == 0) port = layer_.ephemeral_port({.local = address});
  // A listener on one address and one on any may share a port; connections go to the more specific.
  auto& listeners = layer_.state().listeners[port];
  const bool any_of_ip4 = address == kV4MappedAny || (address.is_unspecified() && !options_.v6_only);
  const bool taken = std::ranges::any_of(listeners, [&](const TcpListener* l) {
    const bool takes_ip4 = l->address_ == kV4MappedAny || (l->address_.is_unspecified() && !l->options_.v6_only);
    return l->address_ == address || (any_of_ip4 && takes_ip4);
  });
  if (port == 0 || taken) return TcpError::AddressInUse;
  port_ = port;
  address_ = address;
  queue_ = std::make_unique<Queue>();
  queue_->backlog = std::max(backlog, 1u);
  listeners.push_back(this);
  return TcpError::None;
}

std::unique_ptr<TcpSocket> TcpListener::accept(TcpSocketHandler& handler) {
  if (queue_ == nullptr || queue_->acceptable.empty()) return nullptr;
  TcpEndpoint& endpoint = *queue_->acceptable.front();
  queue_->acceptable.pop_front();
  endpoint.listener = nullptr;
  return std::unique_ptr<TcpSocket>(new TcpSocket(layer_, handler, endpoint));
}

std::size_t TcpListener::waiting() const { return queue_ != nullptr ? queue_->acceptable.size() : 0; }
std::size_t TcpListener::half_open() const { return queue_ != nullptr ? queue_->half_open : 0; }

void TcpListener::close() {
  if (port_ == 0) return;
  auto& all = layer_.state().listeners;
  std::erase(all[port_], this);
  if (all[port_].empty()) all.erase(port_);
  port_ = 0;
  layer_.abandon(*this);
  queue_.reset();
}

}  // namespace kamesim
