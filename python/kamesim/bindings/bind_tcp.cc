// TCP: options of connections, what is known of one, and measured transfers.
#include <algorithm>

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "protocols/ipsec/socket_policy.h"
#include "protocols/tcp/congestion_control.h"
#include "protocols/tcp/layer.h"
#include "python/kamesim/bindings/world.h"

namespace kamesim::python {

namespace {

constexpr const char* kEcnModes[] = {"off", "accept", "request"};  // in EcnMode's order

// Names are checked in Python, but kept here: the options view a text that outlives them.
void set_congestion_control(TcpSocketOptions& options, const std::string& name) {
  const auto& known = congestion_controls();
  const auto found = std::ranges::find(known, std::string_view(name));
  if (found == known.end()) throw SimulationError("there is no congestion control '" + name + "'");
  options.congestion_control = *found;
}

void set_ecn(TcpSocketOptions& options, const std::string& mode) {
  const auto found = std::ranges::find(kEcnModes, std::string_view(mode));
  if (found == std::end(kEcnModes)) throw SimulationError("there is no ECN mode '" + mode + "'");
  options.ecn = static_cast<EcnMode>(found - kEcnModes);
}

std::optional<std::int64_t> ns(const std::optional<Time>& time) {
  return time ? std::optional(time->ns()) : std::nullopt;
}

// One row a sample: time, congestion window, in flight, threshold, smoothed round-trip time, retransmissions; in ns and
// octets.
py::array_t<std::int64_t> samples(const TcpFlow& flow) {
  const auto& all = flow.sender.app().samples();
  py::array_t<std::int64_t> rows({static_cast<py::ssize_t>(all.size()), py::ssize_t{6}});
  auto row = rows.mutable_unchecked<2>();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const TcpFlowSender::Sample& s = all[i];
    const auto at = static_cast<py::ssize_t>(i);
    row(at, 0) = s.at.ns();
    row(at, 1) = s.congestion_window;
    row(at, 2) = s.in_flight;
    row(at, 3) = s.slow_start_threshold;
    row(at, 4) = s.smoothed_rtt.ns();
    row(at, 5) = static_cast<std::int64_t>(s.retransmissions);
  }
  return rows;
}

template <auto Member>
void def_duration(py::class_<TcpSocketOptions>& options, const char* name) {
  options.def_property(
      name, [](const TcpSocketOptions& o) { return (o.*Member).ns(); },
      [](TcpSocketOptions& o, std::int64_t ns) { o.*Member = Duration::nanoseconds(ns); });
}

}  // namespace

TcpFlow& add_tcp_flow(World& world, Host& source, Host& destination, const TcpSocketOptions& options,
                      const std::optional<std::string>& source_address, const std::string& destination_address,
                      std::uint16_t destination_port, std::uint64_t octets, std::int64_t start_ns,
                      std::optional<std::int64_t> stop_ns, std::int64_t sample_interval_ns,
                      std::int64_t series_interval_ns) {
  const TcpFlowConfig config{
      .source = parse_address_or_unspecified(source_address),
      .destination = parse_address(destination_address),
      .destination_port = destination_port,
      .octets = octets,
      .start = Time::from_ns(start_ns),
      .stop = stop_ns ? Time::from_ns(*stop_ns) : Time::max(),
      .options = options,
      .sample_interval = Duration::nanoseconds(sample_interval_ns),
  };
  world.tcp_flows.push_back(
      std::make_unique<TcpFlow>(source, destination, config, Duration::nanoseconds(series_interval_ns)));
  return *world.tcp_flows.back();
}

RequestResponse& add_request_response(World& world, Host& client, Host& server, std::uint32_t number,
                                      const std::string& destination_address, std::uint16_t destination_port,
                                      std::uint32_t request_octets, std::uint64_t response_octets,
                                      std::int64_t think_ns, bool exponential, bool connection_each,
                                      std::optional<std::int64_t> timeout_ns, std::uint64_t requests, std::int64_t start_ns,
                                      std::optional<std::int64_t> stop_ns, const TcpSocketOptions& options) {
  const RequestResponseConfig config{
      .number = number,
      .destination = parse_address(destination_address),
      .destination_port = destination_port,
      .request_octets = request_octets,
      .response_octets = response_octets,
      .timeout = timeout_ns ? std::optional(Duration::nanoseconds(*timeout_ns)) : std::nullopt,
      .think_time = Duration::nanoseconds(think_ns),
      .exponential = exponential,
      .connection_each = connection_each,
      .requests = requests,
      .start = Time::from_ns(start_ns),
      .stop = stop_ns ? Time::from_ns(*stop_ns) : Time::max(),
      .options = options,
  };
  world.request_responses.push_back(std::make_unique<RequestResponse>(client, server, config));
  return *world.request_responses.back();
}

void bind_tcp(py::module_& m) {
  py::class_<TcpSocketOptions> options(m, "TcpOptions", "Options of TCP connections; times in ns, sizes in octets.");
  options.def(py::init<>())
      .def_readwrite("send_buffer", &TcpSocketOptions::send_buffer)
      .def_readwrite("receive_buffer", &TcpSocketOptions::receive_buffer)
      .def_property(
          "congestion_control", [](const TcpSocketOptions& o) { return std::string(o.congestion_control); },
          &set_congestion_control)
      .def_readwrite("nodelay", &TcpSocketOptions::nodelay)
      .def_readwrite("v6_only", &TcpSocketOptions::v6_only)
      .def_readwrite("cork", &TcpSocketOptions::cork)
      .def_readwrite("max_segment", &TcpSocketOptions::max_segment)
      .def_readwrite("keepalive", &TcpSocketOptions::keepalive)
      .def_readwrite("keepalive_probes", &TcpSocketOptions::keepalive_probes)
      .def_readwrite("timestamps", &TcpSocketOptions::timestamps)
      .def_readwrite("window_scaling", &TcpSocketOptions::window_scaling)
      .def_readwrite("sack", &TcpSocketOptions::sack)
      .def_readwrite("pacing", &TcpSocketOptions::pacing)
      .def_readwrite("rack", &TcpSocketOptions::rack)
      .def_readwrite("frto", &TcpSocketOptions::frto)
      .def("ask_ipsec", [](TcpSocketOptions& o, const std::string& policy) {
             auto asked = ipsec::with_policy(o.ipsec.get(), policy);
             if (asked == nullptr) return false;
             o.ipsec = std::move(asked);
             return true;
           }, "policy"_a, "Replaces the policy of one direction by what the policy string says; false: it is none.")
      .def_property_readonly("ipsec_policy", [](const TcpSocketOptions& o) { return ipsec::to_text(o.ipsec.get()); })
      .def_property(
          "ecn", [](const TcpSocketOptions& o) { return kEcnModes[static_cast<std::size_t>(o.ecn)]; }, &set_ecn);
  def_duration<&TcpSocketOptions::keepalive_idle>(options, "keepalive_idle_ns");
  def_duration<&TcpSocketOptions::keepalive_interval>(options, "keepalive_interval_ns");
  def_duration<&TcpSocketOptions::min_rto>(options, "min_rto_ns");
  def_duration<&TcpSocketOptions::delayed_ack>(options, "delayed_ack_ns");
  m.def("congestion_controls", [] {
    std::vector<std::string> names;
    for (const std::string_view name : congestion_controls()) names.emplace_back(name);
    return names;
  });

  py::class_<TcpInfo>(m, "TcpInfo", "What is known of a connection; times in ns, sizes in octets.")
      .def_property_readonly("state", [](const TcpInfo& i) { return std::string(to_string(i.state)); })
      .def_readonly("timestamps", &TcpInfo::timestamps)
      .def_readonly("sack", &TcpInfo::sack)
      .def_readonly("ecn", &TcpInfo::ecn)
      .def_readonly("window_scaling", &TcpInfo::window_scaling)
      .def_readonly("mss", &TcpInfo::mss)
      .def_readonly("congestion_window", &TcpInfo::congestion_window)
      .def_readonly("slow_start_threshold", &TcpInfo::slow_start_threshold)
      .def_readonly("bytes_in_flight", &TcpInfo::bytes_in_flight)
      .def_readonly("send_window", &TcpInfo::send_window)
      .def_property_readonly("smoothed_rtt_ns", [](const TcpInfo& i) { return i.smoothed_rtt.ns(); })
      .def_property_readonly("retransmission_timeout_ns", [](const TcpInfo& i) { return i.retransmission_timeout.ns(); })
      .def_readonly("segments_sent", &TcpInfo::segments_sent)
      .def_readonly("segments_received", &TcpInfo::segments_received)
      .def_readonly("bytes_sent", &TcpInfo::bytes_sent)
      .def_readonly("bytes_acknowledged", &TcpInfo::bytes_acknowledged)
      .def_readonly("retransmissions", &TcpInfo::retransmissions)
      .def_readonly("timeouts", &TcpInfo::timeouts);

  py::class_<RequestResponse>(m, "RequestResponse", "Requests and responses over TCP, timed.")
      .def_property_readonly("connections", [](const RequestResponse& r) { return r.client.app().connections(); })
      .def_property_readonly("port", [](const RequestResponse& r) { return r.client.app().config().destination_port; })
      .def(
          "set_destination",
          [](RequestResponse& r, const std::string& address) { r.client->set_destination(parse_address(address)); },
          "address"_a)
      .def("asked_ns",
           [](const RequestResponse& r) {
             std::vector<std::int64_t> times;
             for (const auto& t : r.client.app().transactions()) times.push_back(t.asked.ns());
             return py::array_t<std::int64_t>(static_cast<py::ssize_t>(times.size()), times.data());
           })
      .def(
          "completed_ns",
          [](const RequestResponse& r) {
            std::vector<std::int64_t> times;
            for (const auto& t : r.client.app().transactions()) times.push_back(t.completed ? t.completed->ns() : -1);
            return py::array_t<std::int64_t>(static_cast<py::ssize_t>(times.size()), times.data());
          },
          "-1: not answered.");

  py::class_<TcpFlow>(m, "TcpFlow", "A TCP transfer from one host to another, measured.")
      .def_property_readonly("info", [](const TcpFlow& f) { return f.sender.app().info(); })
      .def_property_readonly("error", [](const TcpFlow& f) { return std::string(to_string(f.sender.app().error())); })
      .def_property_readonly("close_reason",
                             [](const TcpFlow& f) -> std::optional<std::string> {
                               const auto reason = f.sender.app().close_reason();
                               return reason ? std::optional(std::string(to_string(*reason))) : std::nullopt;
                             })
      .def_property_readonly("connected_ns", [](const TcpFlow& f) { return ns(f.sender.app().connected_at()); })
      .def_property_readonly("closed_ns", [](const TcpFlow& f) { return ns(f.sender.app().closed_at()); })
      .def_property_readonly("first_ns", [](const TcpFlow& f) { return ns(f.receiver.app().first_at()); })
      .def_property_readonly("last_ns", [](const TcpFlow& f) { return ns(f.receiver.app().last_at()); })
      .def_property_readonly("finished_ns", [](const TcpFlow& f) { return ns(f.receiver.app().finished_at()); })
      .def_property_readonly("written", [](const TcpFlow& f) { return f.sender.app().written(); })
      .def_property_readonly("received", [](const TcpFlow& f) { return f.receiver.app().octets(); })
      .def_property_readonly("port", [](const TcpFlow& f) { return f.sender.app().config().destination_port; })
      .def_property_readonly("destination",
                             [](const TcpFlow& f) { return f.sender.app().config().destination.to_string(); })
      .def(
          "set_destination",
          [](TcpFlow& f, const std::string& address) { f.sender->set_destination(parse_address(address)); },
          "address"_a)
      .def("samples", &samples,
           "Rows of time, congestion window, in flight, threshold, smoothed round-trip time, retransmissions.")
      .def("series", [](const TcpFlow& f) {
        const auto& octets = f.receiver.app().series();
        return py::array_t<std::uint64_t>(static_cast<py::ssize_t>(octets.size()), octets.data());
      });
}

}  // namespace kamesim::python
