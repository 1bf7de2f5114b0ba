// TCP sockets and listeners, and the settings and counters of a node's TCP.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <pybind11/stl.h>

#include "protocols/tcp/layer.h"
#include "python/kamesim/bindings/stream_socket.h"
#include "python/kamesim/bindings/waiters.h"
#include "python/kamesim/bindings/world.h"

namespace kamesim::python {

namespace {

void check(Host& host, TcpError error) {
  if (error == TcpError::None) return;
  throw SimulationError("node '" + host.node().name() + "': TCP: " + std::string(to_string(error)));
}

}  // namespace

StreamSocket::StreamSocket(World& world, Host& host)
    : host_(host),
      waiters_(std::make_unique<Waiters>(world)),
      socket_(std::make_unique<TcpSocket>(host.tcp(), static_cast<TcpSocketHandler&>(*this))) {
  host_.add_power_listener(*this);
}

StreamSocket::StreamSocket(World& world, Host& host, TcpListener& listener)
    : host_(host), waiters_(std::make_unique<Waiters>(world)), socket_(listener.accept(*this)) {
  host_.add_power_listener(*this);
}

StreamSocket::~StreamSocket() { host_.remove_power_listener(*this); }

TcpSocket& StreamSocket::socket() const {
  if (socket_ == nullptr) throw SimulationError("node '" + host_.node().name() + "': TCP: the socket is closed");
  return *socket_;
}

void StreamSocket::close() {
  socket_.reset();
  wake();
}

void StreamSocket::abort() {
  if (socket_ != nullptr) socket_->abort();
  close();
}

void StreamSocket::arm(std::uint64_t token) {
  waiters_->add(token);
  if (socket_ == nullptr) wake();
}

void StreamSocket::wake() { waiters_->wake(); }

void StreamSocket::on_soft_error(TcpSocket&, const Icmp6Error& error) {
  soft_errors_.emplace_back(static_cast<int>(error.type), error.code);
}

StreamListener::StreamListener(World& world, Host& host, const Ipv6Address& address, std::uint16_t port,
                               unsigned backlog, const TcpSocketOptions& options)
    : host_(host),
      waiters_(std::make_unique<Waiters>(world)),
      listener_(std::make_unique<TcpListener>(host.tcp(), static_cast<TcpListenHandler&>(*this))) {
  listener_->options() = options;
  check(host, listener_->listen(port, address, backlog));
  host_.add_power_listener(*this);
}

StreamListener::~StreamListener() { host_.remove_power_listener(*this); }

TcpListener& StreamListener::listener() const {
  if (listener_ == nullptr) throw SimulationError("node '" + host_.node().name() + "': TCP: the listener is closed");
  return *listener_;
}

void StreamListener::close() {
  listener_.reset();
  waiters_->wake();
}

void StreamListener::arm(std::uint64_t token) {
  waiters_->add(token);
  if (listener_ == nullptr || listener_->waiting() != 0) waiters_->wake();
}

void StreamListener::on_acceptable(TcpListener&) { waiters_->wake(); }

namespace {

StreamSocket& connect(World& world, Host& host, const std::string& destination, std::uint16_t port,
                      const std::optional<std::string>& source, std::uint16_t source_port, const Interface* interface,
                      const TcpSocketOptions& options) {
  auto owned = std::make_unique<StreamSocket>(world, host);
  TcpSocket& socket = owned->socket();
  socket.set_options(options);
  check(host, socket.bind(source_port, parse_address_or_unspecified(source)));
  check(host, socket.connect(parse_address(destination), port, interface != nullptr ? &interface->now() : nullptr));
  return *world.stream_sockets.emplace_back(std::move(owned));
}

StreamSocket& unconnected(World& world, Host& host, const TcpSocketOptions& options) {
  StreamSocket& socket = *world.stream_sockets.emplace_back(std::make_unique<StreamSocket>(world, host));
  socket.socket().set_options(options);
  return socket;
}

// `zone`: the index of the interface of a link-local destination; 0: none.
std::string_view connect_to(StreamSocket& socket, const std::string& destination, std::uint16_t port,
                            std::uint32_t zone) {
  Ip6Interface* interface = nullptr;
  for (const auto& candidate : socket.host().stack().interfaces()) {
    if (candidate->index() == zone) interface = candidate.get();
  }
  return to_string(socket.socket().connect(parse_address(destination), port, interface));
}

StreamListener& listen(World& world, Host& host, std::uint16_t port, const std::optional<std::string>& address,
                       unsigned backlog, const TcpSocketOptions& options) {
  return *world.stream_listeners.emplace_back(
      std::make_unique<StreamListener>(world, host, parse_address_or_unspecified(address), port, backlog, options));
}

StreamSocket* accept(World& world, StreamListener& from) {
  if (from.listener().waiting() == 0) return nullptr;
  return world.stream_sockets.emplace_back(std::make_unique<StreamSocket>(world, from.host(), from.listener())).get();
}

py::bytes read(StreamSocket& s, std::size_t limit) {
  TcpSocket& socket = s.socket();
  std::string data(std::min(limit, socket.readable()), '\0');
  socket.read({reinterpret_cast<std::uint8_t*>(data.data()), data.size()});
  return data;
}

std::size_t write(StreamSocket& s, const py::bytes& data, bool urgent) {
  const std::string_view view = data;
  return s.socket().write({reinterpret_cast<const std::uint8_t*>(view.data()), view.size()}, urgent);
}

// The settings of a node's TCP, by name. kamesim/tcp.py gives them their types and bounds. Durations are seconds.
struct Setting {
  const char* name;
  double (*get)(const TcpConfig& config);
  void (*set)(TcpConfig& config, double value);
};

template <auto Member>
constexpr Setting setting(const char* name) {
  using T = std::remove_cvref_t<decltype(std::declval<TcpConfig&>().*Member)>;
  if constexpr (std::is_same_v<T, Duration>) {
    return {name, [](const TcpConfig& c) { return (c.*Member).to_seconds(); },
            [](TcpConfig& c, double value) { c.*Member = Duration::from_seconds(value); }};
  } else {
    return {name, [](const TcpConfig& c) { return static_cast<double>(c.*Member); },
            [](TcpConfig& c, double value) { c.*Member = static_cast<T>(value); }};
  }
}

constexpr Setting kSettings[] = {
    setting<&TcpConfig::msl>("msl"),
    setting<&TcpConfig::fin_wait_2_timeout>("fin_wait_2_timeout"),
    setting<&TcpConfig::challenge_acks>("challenge_acks"),
    setting<&TcpConfig::challenge_ack_interval>("challenge_ack_interval"),
    setting<&TcpConfig::syn_queue>("syn_queue"),
    setting<&TcpConfig::syn_cookies>("syn_cookies"),
    setting<&TcpConfig::resets>("resets"),
    setting<&TcpConfig::reject_anycast>("reject_anycast"),
    setting<&TcpConfig::path_mtu_black_hole_detection>("path_mtu_black_hole_detection"),
    setting<&TcpConfig::path_mtu_search>("path_mtu_search"),
    setting<&TcpConfig::max_connections>("max_connections"),
};

const Setting& find_setting(const std::string& name) {
  const auto found = std::ranges::find_if(kSettings, [&](const Setting& s) { return name == s.name; });
  if (found == std::end(kSettings)) throw SimulationError("TCP has no setting '" + name + "'");
  return *found;
}

}  // namespace

void bind_stream_socket(py::module_& m) {
  constexpr auto internal = py::return_value_policy::reference_internal;
  py::class_<StreamSocket>(m, "StreamSocket", "A TCP connection as its application sees it, at the present time.")
      .def_property_readonly("open", &StreamSocket::open)
      .def_property_readonly("state", [](const StreamSocket& s) {
        return std::string(to_string(s.open() ? s.socket().state() : TcpState::Closed));
      })
      .def_property_readonly("close_reason",
                             [](const StreamSocket& s) -> std::optional<std::string> {
                               const auto reason = s.socket().close_reason();
                               return reason ? std::optional(std::string(to_string(*reason))) : std::nullopt;
                             })
      .def_property_readonly("local",
                             [](const StreamSocket& s) {
                               return std::pair(s.socket().local_address().to_string(), s.socket().local_port());
                             })
      .def_property_readonly("remote",
                             [](const StreamSocket& s) {
                               return std::pair(s.socket().remote_address().to_string(), s.socket().remote_port());
                             })
      .def_property_readonly("readable", [](const StreamSocket& s) { return s.socket().readable(); })
      .def_property_readonly("at_end", [](const StreamSocket& s) { return s.socket().at_end(); })
      .def_property_readonly("urgent", [](const StreamSocket& s) { return s.socket().urgent_remaining(); })
      .def_property_readonly("write_space", [](const StreamSocket& s) { return s.socket().write_space(); })
      .def_property_readonly("info", [](const StreamSocket& s) { return s.socket().info(); })
      .def_property_readonly("soft_errors", &StreamSocket::soft_errors)
      .def_property_readonly("options", [](const StreamSocket& s) { return s.socket().options(); })
      .def("set_options", [](StreamSocket& s, const TcpSocketOptions& o) { s.socket().set_options(o); }, "options"_a)
      .def(
          "bind",
          [](StreamSocket& s, const std::string& address, std::uint16_t port) {
            return to_string(s.socket().bind(port, parse_address(address)));
          },
          "address"_a, "port"_a, "Why not; empty: it is.")
      .def("connect", &connect_to, "destination"_a, "port"_a, "zone"_a, "Why not; empty: it begins.")
      .def("read", &read, "limit"_a)
      .def("write", &write, "data"_a, "urgent"_a, "How many bytes there was room for.")
      .def("arm", &StreamSocket::arm, "token"_a, "Calls dispatch(token) once, at the connection's next event.")
      .def("shutdown", [](StreamSocket& s) { s.socket().shutdown(); })
      .def("close", &StreamSocket::close)
      .def("abort", &StreamSocket::abort);

  py::class_<StreamListener>(m, "StreamListener", "A TCP port that is listened on.")
      .def_property_readonly("open", &StreamListener::open)
      .def_property_readonly("port", [](const StreamListener& l) { return l.listener().port(); })
      .def_property_readonly("waiting", [](const StreamListener& l) { return l.listener().waiting(); })
      .def_property_readonly("half_open", [](const StreamListener& l) { return l.listener().half_open(); })
      .def("arm", &StreamListener::arm, "token"_a, "Calls dispatch(token) once, when a connection waits.")
      .def("close", &StreamListener::close);

  m.def("tcp_socket", &unconnected, "world"_a, "host"_a, "options"_a, internal);
  m.def("tcp_connect", &connect, "world"_a, "host"_a, "destination"_a, "port"_a, "source"_a, "source_port"_a,
        "interface"_a, "options"_a, internal);
  m.def("tcp_listen", &listen, "world"_a, "host"_a, "port"_a, "address"_a, "backlog"_a, "options"_a, internal);
  m.def("tcp_accept", &accept, "world"_a, "listener"_a, internal);

  py::class_<TcpCounters>(m, "TcpCounters", "Of one node's TCP since it began.")
      .def_readonly("active_opens", &TcpCounters::active_opens)
      .def_readonly("passive_opens", &TcpCounters::passive_opens)
      .def_readonly("attempt_failures", &TcpCounters::attempt_failures)
      .def_readonly("established_resets", &TcpCounters::established_resets)
      .def_readonly("segments_received", &TcpCounters::segments_received)
      .def_readonly("segments_sent", &TcpCounters::segments_sent)
      .def_readonly("retransmitted_segments", &TcpCounters::retransmitted_segments)
      .def_readonly("resets_sent", &TcpCounters::resets_sent)
      .def_readonly("resets_limited", &TcpCounters::resets_limited)
      .def_readonly("cookies_sent", &TcpCounters::cookies_sent)
      .def_readonly("cookies_accepted", &TcpCounters::cookies_accepted)
      .def_readonly("challenge_acks", &TcpCounters::challenge_acks);
  m.def("tcp_counters", [](Host& host) { return host.tcp().counters(); }, "host"_a);
  m.def("tcp_connections", [](Host& host) { return host.tcp().connections(); }, "host"_a);
  m.def(
      "tcp_setting", [](Host& host, const std::string& name) { return find_setting(name).get(host.tcp().config()); },
      "host"_a, "name"_a);
  m.def(
      "changed_tcp_settings",
      [](Host& host) {  // (name, value) of those that are not at their defaults
        static const TcpConfig kDefaults;
        std::vector<std::pair<std::string, double>> changed;
        for (const Setting& s : kSettings) {
          const double value = s.get(host.tcp().config());
          if (value != s.get(kDefaults)) changed.emplace_back(s.name, value);
        }
        return changed;
      },
      "host"_a);
  m.def(
      "set_tcp_setting",
      [](Host& host, const std::string& name, double value) {
        find_setting(name).set(host.tcp().mutable_config(), value);
      },
      "host"_a, "name"_a, "value"_a);
}

}  // namespace kamesim::python
