// Traffic: pings and measured UDP flows.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "protocols/apps/ping.h"
#include "python/kamesim/bindings/world.h"

namespace kamesim::python {

namespace {

// Empty: sent.
std::string reason(SendError error) {
  switch (error) {
    case SendError::None: return "";
    case SendError::NoRoute: return "no route to the destination";
    case SendError::NoSourceAddress: return "no usable source address";
    case SendError::MessageTooLong: return "message too long";
    case SendError::Unreachable: return "destination unreachable";
  }
  return "";
}

std::string reason(const Ping::Error& error) {
  const std::string code = " (code " + std::to_string(error.code) + ")";
  switch (error.type) {
    case Icmp6Type::DestinationUnreachable: {
      static constexpr const char* kCodes[] = {"no route to destination", "administratively prohibited",
                                               "beyond scope of source address", "address unreachable",
                                               "port unreachable", "source address failed policy",
                                               "reject route to destination"};  // RFC 4443 §3.1
      return error.code < std::size(kCodes) ? kCodes[error.code] : "destination unreachable" + code;
    }
    case Icmp6Type::PacketTooBig: return "packet too big, the MTU is " + std::to_string(error.parameter);
    case Icmp6Type::TimeExceeded:
      return error.code == 0 ? "hop limit exceeded in transit" : "fragment reassembly time exceeded";
    default: return "parameter problem" + code + " at byte " + std::to_string(error.parameter);
  }
}

py::list probes(const Ping& ping) {
  py::list rows;
  for (const Ping::Probe& p : ping.probes()) {
    rows.append(py::make_tuple(p.sent.ns(), p.round_trip ? p.round_trip->ns() : -1, reason(p.send_error)));
  }
  return rows;
}

py::list errors(const Ping& ping) {
  py::list rows;
  for (const Ping::Error& e : ping.errors()) {
    rows.append(py::make_tuple(e.at.ns(), e.sequence, reason(e), e.from.to_string()));
  }
  return rows;
}

}  // namespace

Ping& ping(Host& host, const std::string& destination, const std::optional<std::string>& source,
           const Interface* interface, std::uint32_t count, std::uint32_t data_bytes, std::int64_t interval_ns,
           std::optional<std::uint8_t> hop_limit) {
  return host.ping({.destination = parse_address(destination),
                    .source = parse_address_or_unspecified(source),
                    .interface = interface != nullptr ? &interface->now() : nullptr,
                    .count = count,
                    .data_bytes = data_bytes,
                    .interval = Duration::nanoseconds(interval_ns),
                    .hop_limit = hop_limit});
}

UdpFlow& add_udp_flow(World& world, Host& source, Host& destination, std::uint32_t flow_id,
                      const std::optional<std::string>& source_address, std::uint16_t source_port,
                      const std::string& destination_address, std::uint16_t destination_port,
                      std::uint32_t payload_bytes, double rate, bool poisson, std::int64_t start_ns,
                      std::optional<std::int64_t> stop_ns, const std::optional<OnOffPeriods>& periods) {
  UdpFlowConfig config{
      .flow_id = flow_id,
      .source = parse_address_or_unspecified(source_address),
      .source_port = source_port,
      .destination = parse_address(destination_address),
      .destination_port = destination_port,
      .payload_bytes = payload_bytes,
      .rate = rate,
      .pattern = poisson ? SendPattern::Poisson : SendPattern::Constant,
      .start = Time::from_ns(start_ns),
      .stop = stop_ns ? Time::from_ns(*stop_ns) : Time::max(),
  };
  if (periods) {
    const auto& [lengths, on_ns, off_ns] = *periods;
    config.periods = OnOff{.lengths = lengths == "constant"      ? PeriodLength::Constant
                                      : lengths == "exponential" ? PeriodLength::Exponential
                                                                 : PeriodLength::Pareto,
                           .on = Duration::nanoseconds(on_ns), .off = Duration::nanoseconds(off_ns)};
  }
  world.flows.push_back(std::make_unique<UdpFlow>(source, destination, config));
  return *world.flows.back();
}

UdpRequestResponse& add_udp_request_response(World& world, Host& client, Host& server, std::uint32_t number,
                                             const std::string& destination_address, std::uint16_t destination_port,
                                             std::uint32_t request_octets, std::uint32_t response_octets,
                                             std::int64_t think_ns, bool exponential, std::int64_t timeout_ns,
                                             std::uint64_t requests, std::int64_t start_ns,
                                             std::optional<std::int64_t> stop_ns) {
  const UdpRequestConfig config{
      .number = number,
      .destination = parse_address(destination_address),
      .destination_port = destination_port,
      .request_octets = request_octets,
      .response_octets = response_octets,
      .timeout = Duration::nanoseconds(timeout_ns),
      .think_time = Duration::nanoseconds(think_ns),
      .exponential = exponential,
      .requests = requests,
      .start = Time::from_ns(start_ns),
      .stop = stop_ns ? Time::from_ns(*stop_ns) : Time::max(),
  };
  world.udp_request_responses.push_back(std::make_unique<UdpRequestResponse>(client, server, config));
  return *world.udp_request_responses.back();
}

void bind_apps(py::module_& m) {
  py::class_<UdpRequestResponse>(m, "UdpRequestResponse", "Requests and responses over UDP, timed.")
      .def_property_readonly("connections", [](const UdpRequestResponse&) { return 0; })
      .def_property_readonly("port",
                             [](const UdpRequestResponse& r) { return r.client.app().config().destination_port; })
      .def(
          "set_destination",
          [](UdpRequestResponse& r, const std::string& address) { r.client->set_destination(parse_address(address)); },
          "address"_a)
      .def("asked_ns",
           [](const UdpRequestResponse& r) {
             std::vector<std::int64_t> times;
             for (const auto& t : r.client.app().transactions()) times.push_back(t.asked.ns());
             return py::array_t<std::int64_t>(static_cast<py::ssize_t>(times.size()), times.data());
           })
      .def(
          "completed_ns",
          [](const UdpRequestResponse& r) {
            std::vector<std::int64_t> times;
            for (const auto& t : r.client.app().transactions()) times.push_back(t.completed ? t.completed->ns() : -1);
            return py::array_t<std::int64_t>(static_cast<py::ssize_t>(times.size()), times.data());
          },
          "-1: not answered.");

  py::class_<Ping>(m, "Ping", "Echo requests at an interval, and what came back.")
      .def_property_readonly("sent", [](const Ping& p) { return p.probes().size(); })
      .def_property_readonly("received", &Ping::received)
      .def_property_readonly("duplicates", &Ping::duplicates)
      .def_property_readonly("sending", &Ping::sending)
      .def("probes", &probes, "(sent at, round-trip time or -1, local error or ''); times in ns, by sequence number.")
      .def("errors", &errors, "(time in ns, sequence number, reason, sender), in the order of time.")
      .def("stop", &Ping::stop);

  py::class_<UdpFlowMeasurement>(m, "UdpFlowMeasurement", "What a flow has come to so far.")
      .def_readonly("sent", &UdpFlowMeasurement::sent)
      .def_readonly("received", &UdpFlowMeasurement::received)
      .def_readonly("lost", &UdpFlowMeasurement::lost)
      .def_readonly("duplicated", &UdpFlowMeasurement::duplicated)
      .def_readonly("reordered", &UdpFlowMeasurement::reordered)
      .def_property_readonly(
          "send_ns",
          [](const UdpFlowMeasurement& f) { return py::array_t<std::int64_t>(f.send_ns.size(), f.send_ns.data()); },
          "By sequence number.")
      .def_property_readonly(
          "delay_ns",
          [](const UdpFlowMeasurement& f) { return py::array_t<std::int64_t>(f.delay_ns.size(), f.delay_ns.data()); },
          "By sequence number; -1: lost.");

  py::class_<UdpFlow>(m, "UdpFlow", "UDP packets from one host to another, counted and timed.")
      .def_property_readonly("sent", [](const UdpFlow& f) { return f.sender.app().sent(); })
      .def_property_readonly("send_errors", [](const UdpFlow& f) { return f.sender.app().send_errors(); })
      .def_property_readonly("port", [](const UdpFlow& f) { return f.sender.app().config().destination_port; })
      .def_property_readonly("destination",
                             [](const UdpFlow& f) { return f.sender.app().config().destination.to_string(); })
      .def(
          "set_destination",
          [](UdpFlow& f, const std::string& address) { f.sender->set_destination(parse_address(address)); },
          "address"_a)
      .def("measure", [](const UdpFlow& f) { return measure(f.sender.app(), f.receiver.app()); })
      .def("stop", [](UdpFlow& f) { f.sender->stop(); });
}

}  // namespace kamesim::python
