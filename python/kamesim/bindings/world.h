// What one network is made of on the C++ side, and what the parts of the module share.
//
// One Python object, _core.Simulation, owns the World; all others refer into it and keep that object alive.
// Nothing in a World is destroyed before the World itself, except what is said to be closed. It holds no Python
// object between calls, so that Python's garbage collector sees every cycle.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <string_view>
#include <vector>

#include <pybind11/pybind11.h>

#include "protocols/analysis/message_log.h"
#include "protocols/apps/request_response.h"
#include "protocols/apps/tcp_flow.h"
#include "protocols/apps/udp_flow.h"
#include "protocols/apps/udp_request_response.h"
#include "protocols/host/host.h"
#include "protocols/wire/ipv6_address.h"
#include "python/kamesim/bindings/stream_socket.h"
#include "sim/pcapng.h"
#include "sim/radio.h"
#include "sim/simulation.h"
#include "sim/tester_port.h"

namespace kamesim {
class Cell;
class Lan;
struct CellConfig;
}  // namespace kamesim

namespace kamesim::python {

namespace py = pybind11;
using namespace py::literals;

// An interface as Python holds it: by its NIC, which a reboot of the host leaves in place.
class Interface {
 public:
  Interface(Host& host, Nic& nic) : host_(&host), nic_(&nic) {}
  // What runs on the NIC at present.
  EthernetInterface& now() const;
  EthernetInterface* operator->() const { return &now(); }
  Nic& nic() const { return *nic_; }
  Host& host() const { return *host_; }

 private:
  Host* host_;
  Nic* nic_;
};

// One end of a flow, over reboots of its host.
template <typename App>
class alignas(2 * Pool::kLine) FlowEnd final : public PowerListener {
 public:
  template <typename... Arguments>
  explicit FlowEnd(Host& host, Arguments&&... arguments)
      : host_(host), app_(transport(host), std::forward<Arguments>(arguments)...) {
    host_.add_power_listener(*this);
  }
  ~FlowEnd() { host_.remove_power_listener(*this); }
  FlowEnd(const FlowEnd&) = delete;
  FlowEnd& operator=(const FlowEnd&) = delete;

  App* operator->() { return &app_; }
  const App& app() const { return app_; }

  void on_power_off() override { app_.power_off(); }
  void on_power_on() override { app_.power_on(transport(host_)); }

 private:
  static decltype(auto) transport(Host& host) {
    if constexpr (requires(App& app) { app.power_on(host.tcp()); }) {
      return host.tcp();
    } else {
      return host.sockets();
    }
  }

  Host& host_;
  App app_;
};

struct UdpFlow {
  UdpFlow(Host& source, Host& destination, const UdpFlowConfig& config)
      : sender(source, config), receiver(destination, config.flow_id, config.destination_port) {}
  FlowEnd<UdpFlowSender> sender;
  FlowEnd<UdpFlowReceiver> receiver;
};

struct TcpFlow {
  TcpFlow(Host& source, Host& destination, const TcpFlowConfig& config, Duration series_interval)
      : receiver(destination, config.destination_port, config.options, series_interval), sender(source, config) {}
  FlowEnd<TcpFlowReceiver> receiver;
  FlowEnd<TcpFlowSender> sender;
};

struct RequestResponse {
  RequestResponse(Host& client_host, Host& server_host, const RequestResponseConfig& config)
      : server(server_host, config.destination_port, config.options), client(client_host, config) {}
  FlowEnd<RequestServer> server;
  FlowEnd<RequestClient> client;
};

struct UdpRequestResponse {
  UdpRequestResponse(Host& client_host, Host& server_host, const UdpRequestConfig& config)
      : server(server_host, config.destination_port), client(client_host, config) {}
  FlowEnd<UdpRequestServer> server;
  FlowEnd<UdpRequestClient> client;
};

struct Capture {
  Capture(const std::string& path, bool only_out);
  PcapngWriter writer;
  bool closed = false;
};

struct World {
  explicit World(std::uint64_t seed) : simulation(seed) {}

  std::vector<std::unique_ptr<MessageLog>> message_logs;  // NICs refer to them until they go
  Simulation simulation;                                  // everything below lives on it
  RadioEnvironment radio;
  std::vector<std::unique_ptr<WirelessStation>> stations;
  std::vector<std::unique_ptr<Host>> hosts;
  std::vector<std::unique_ptr<UdpFlow>> flows;
  std::vector<std::unique_ptr<TcpFlow>> tcp_flows;
  std::vector<std::unique_ptr<RequestResponse>> request_responses;
  std::vector<std::unique_ptr<UdpRequestResponse>> udp_request_responses;
  std::vector<std::unique_ptr<StreamListener>> stream_listeners;
  std::vector<std::unique_ptr<StreamSocket>> stream_sockets;
  std::vector<std::unique_ptr<TesterPort>> testers;
  std::vector<std::unique_ptr<Capture>> captures;
  const py::function* dispatch = nullptr;  // runs scheduled callables; set while the simulation runs
};

// Runs every event up to and including `limit`, then stands at `limit`: without the GIL, heeding signals. Returns
// early, with the clock at the last event, when `done` (asked after each event) is true or the simulation was
// stopped, and by an exception of a scheduled callable or a signal handler. `dispatch(token)` runs scheduled
// callables; `tick(now_ns)`, if not None, is called about twenty times a second. Throws SimulationError if the
// simulation is running already.
void run(World& world, Time limit, const py::function& dispatch, const py::object& tick,
         const std::function<bool()>& done = {});

// The same on several threads, without `done`.
void run_parallel(World& world, Time limit, const py::function& dispatch, const py::object& tick,
                  std::uint32_t threads);

// Text from Python, which has been checked there: throws SimulationError otherwise.
Ipv6Address parse_address(std::string_view text);
Ipv6Address parse_address_or_unspecified(const std::optional<std::string>& text);
Ipv6Prefix parse_prefix(std::string_view text);
std::optional<MacAddress> parse_mac(const std::optional<std::string>& text);

// Traffic (bind_apps.cc).
Ping& ping(Host& host, const std::string& destination, const std::optional<std::string>& source,
           const Interface* interface, std::uint32_t count, std::uint32_t data_bytes, std::int64_t interval_ns,
           std::optional<std::uint8_t> hop_limit);
using OnOffPeriods = std::tuple<std::string, std::int64_t, std::int64_t>;  // lengths, means of on and off in ns
UdpFlow& add_udp_flow(World& world, Host& source, Host& destination, std::uint32_t flow_id,
                      const std::optional<std::string>& source_address, std::uint16_t source_port,
                      const std::string& destination_address, std::uint16_t destination_port,
                      std::uint32_t payload_bytes, double rate, bool poisson, std::int64_t start_ns,
                      std::optional<std::int64_t> stop_ns, const std::optional<OnOffPeriods>& periods);

// Requests and responses over TCP (bind_tcp.cc).
RequestResponse& add_request_response(World& world, Host& client, Host& server, std::uint32_t number,
                                      const std::string& destination_address, std::uint16_t destination_port,
                                      std::uint32_t request_octets, std::uint64_t response_octets,
                                      std::int64_t think_ns, bool exponential, bool connection_each,
                                      std::optional<std::int64_t> timeout_ns, std::uint64_t requests, std::int64_t start_ns,
                                      std::optional<std::int64_t> stop_ns, const TcpSocketOptions& options);
// The same over UDP (bind_apps.cc).
UdpRequestResponse& add_udp_request_response(World& world, Host& client, Host& server, std::uint32_t number,
                                             const std::string& destination_address, std::uint16_t destination_port,
                                             std::uint32_t request_octets, std::uint32_t response_octets,
                                             std::int64_t think_ns, bool exponential, std::int64_t timeout_ns,
                                             std::uint64_t requests, std::int64_t start_ns,
                                             std::optional<std::int64_t> stop_ns);
// TCP transfers (bind_tcp.cc).
TcpFlow& add_tcp_flow(World& world, Host& source, Host& destination, const TcpSocketOptions& options,
                      const std::optional<std::string>& source_address, const std::string& destination_address,
                      std::uint16_t destination_port, std::uint64_t octets, std::int64_t start_ns,
                      std::optional<std::int64_t> stop_ns, std::int64_t sample_interval_ns,
                      std::int64_t series_interval_ns);

// Testers (bind_testers.cc).
TesterPort& add_tester(World& world, Medium& medium, const std::string& name, const std::optional<std::string>& mac,
                       bool promiscuous);
// Runs the simulation until a frame waits at one of the ports, and takes the oldest: (index of the port, time in ns,
// bytes). None: no frame came in time.
py::object receive(World& world, const std::vector<TesterPort*>& ports, std::int64_t until_ns,
                   const py::function& dispatch);

// Controls (bind_controls.cc): runs the simulation until the host is up and quiet (Host::quiet_from). False: it was not
// by then.
bool run_until_quiet(World& world, const Host& host, std::int64_t until_ns, const py::function& dispatch);

// Radio cells (bind_radio.cc).
Cell& add_cell(World& world, const std::string& name, Lan& lan, const CellConfig& config);
using ScanTuple = std::tuple<unsigned, std::int64_t, std::int64_t, std::int64_t>;  // channels, then times in ns
WirelessStation& add_station(World& world, const Interface& interface, std::int64_t beacon_interval_ns,
                             double hysteresis_db, std::int64_t handoff_min_ns, std::int64_t handoff_max_ns,
                             const std::string& shape, std::int64_t scale_ns, double sigma,
                             const std::optional<ScanTuple>& scan);
// A node's movement or a cell changed: stations at rest look again.
void reevaluate_stations(World& world);

// Settings of the IPv6 layer (bind_ip6.cc).
void def_ip6(py::class_<Host>& host);
void def_tunnels(py::module_& m, py::class_<Host>& host);
void def_ipsec(py::module_& m, py::class_<Host>& host);

// Captures (bind_capture.cc).
Capture& open_capture(World& world, const std::string& path, bool only_out);

// Each part of the module.
void bind_simulation(py::module_& m);
void bind_bulk(py::module_& m, py::class_<World>& simulation);
void bind_host(py::module_& m);
void bind_controls(py::class_<Host>& host);
void bind_mobile_ip(py::class_<Host>& host);
void bind_mip6(py::module_& m);
void bind_pmip6(py::module_& m);
void bind_proxy_mobile_ip(py::class_<Host>& host);
void bind_interface(py::module_& m);
void bind_apps(py::module_& m);
void bind_tcp(py::module_& m);
void bind_stream_socket(py::module_& m);
void bind_media(py::module_& m);
void bind_router(py::module_& m);
void bind_radio(py::module_& m);
void bind_testers(py::module_& m);
void bind_sockets(py::module_& m);
void bind_routing_socket(py::module_& m);
void bind_capture(py::module_& m);
void bind_topology(py::module_& m);

}  // namespace kamesim::python
