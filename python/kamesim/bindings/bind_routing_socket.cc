// Routing messages for Python.
#include <pybind11/stl.h>

#include "protocols/sockets/routing_socket.h"
#include "protocols/wire/ipv4_address.h"
#include "python/kamesim/bindings/names.h"
#include "python/kamesim/bindings/world.h"

namespace kamesim::python {

namespace {

using Kind = RoutingMessage::Kind;

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::LinkUp: return "link up";
    case Kind::LinkDown: return "link down";
    case Kind::AddressAdded: return "address added";
    case Kind::AddressReady: return "address ready";
    case Kind::AddressDuplicated: return "address duplicated";
    case Kind::AddressChanged: return "address changed";
    case Kind::AddressRemoved: return "address removed";
    case Kind::DefaultRouterAdded: return "default router added";
    case Kind::DefaultRouterRemoved: return "default router removed";
    case Kind::DefaultRouterUnreachable: return "default router unreachable";
    case Kind::ForwardingChanged: return "forwarding changed";
    case Kind::SettingsChanged: return "settings changed";
    case Kind::InterfaceRemoved: return "interface removed";
    case Kind::RouteAdded: return "route added";
    case Kind::RouteChanged: return "route changed";
    case Kind::RouteRemoved: return "route removed";
  }
  return "";
}

// Dies with its node's system: a reboot leaves a handle that is closed.
class PythonRoutingSocket final : public PowerListener {
 public:
  explicit PythonRoutingSocket(Host& host) : host_(host) {
    socket_.emplace(host.stack());
    host_.add_power_listener(*this);
  }
  ~PythonRoutingSocket() { close(); }
  PythonRoutingSocket(const PythonRoutingSocket&) = delete;
  PythonRoutingSocket& operator=(const PythonRoutingSocket&) = delete;

  bool closed() const { return !socket_; }
  void close() {
    if (!socket_) return;
    socket_.reset();
    host_.remove_power_listener(*this);
  }
  void on_power_off() override { close(); }
  std::uint64_t lost() const { return socket_ ? socket_->lost() : 0; }

  py::list read() {
    py::list rows;
    while (const auto m = socket_ ? socket_->read() : std::nullopt) {
      const bool with_route = m->route.has_value();
      const py::object address =
          with_route || m->address.is_unspecified() ? py::object(py::none()) : py::str(ip_to_string(m->address));
      rows.append(py::make_tuple(m->at.ns(), name_of(m->kind),
                                 m->interface.empty() ? py::object(py::none()) : py::str(m->interface), address,
                                 with_route ? py::object(row_of(*m->route)) : py::object(py::none())));
    }
    return rows;
  }

 private:
  static py::tuple row_of(const Route& r) {
    const py::object next_hop = r.on_link() ? py::object(py::none()) : py::str(ip_to_string(r.next_hop));
    return py::make_tuple(ip_to_string(r.prefix), next_hop, kind_name(r.kind), origin_name(r.origin), r.metric, r.mtu);
  }

  Host& host_;
  std::optional<RoutingSocket> socket_;  // empty: closed
};

}  // namespace

void bind_routing_socket(py::module_& m) {
  py::class_<PythonRoutingSocket>(m, "RoutingSocket", "What a node's kernel part tells its daemons.")
      .def(py::init<Host&>(), "host"_a, py::keep_alive<1, 2>())
      .def_property_readonly("closed", &PythonRoutingSocket::closed)
      .def_property_readonly("lost", &PythonRoutingSocket::lost)
      .def("close", &PythonRoutingSocket::close)
      .def("read", &PythonRoutingSocket::read,
           "[(time in ns, what, interface, address, route)] of those that wait, oldest first; route: None, or "
           "(prefix, next hop, kind, origin, metric, MTU)");
}

}  // namespace kamesim::python
