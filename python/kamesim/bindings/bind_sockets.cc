// UDP and raw sockets for Python. A call never waits: where it cannot do what it is asked for at present it raises
// OSError with EAGAIN, and `arm` tells when trying again is worth it.
#include <pybind11/stl.h>

#include "protocols/sockets/datagram_socket.h"
#include "python/kamesim/bindings/waiters.h"
#include "python/kamesim/bindings/world.h"

namespace kamesim::python {

namespace {

constexpr std::errc kDone{};

[[noreturn]] void raise(const Host& host, const char* call, std::errc error) {
  const std::string text =
      "'" + host.node().name() + "': " + call + ": " + std::generic_category().message(static_cast<int>(error));
  const py::tuple arguments = py::make_tuple(static_cast<int>(error), text);
  // Called with its arguments, OSError makes the subclass of the errno, such as ConnectionRefusedError.
  const py::object exception = py::reinterpret_borrow<py::object>(PyExc_OSError)(*arguments);
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
  throw py::error_already_set();
}

Bytes bytes_of(const py::bytes& data) {
  const std::string_view view = data;
  return {reinterpret_cast<const std::uint8_t*>(view.data()), view.size()};
}

py::bytes bytes_to(const std::vector<std::uint8_t>& data) {
  return py::bytes(reinterpret_cast<const char*>(data.data()), data.size());
}

using AddressTuple = std::tuple<std::string, std::uint16_t, std::uint32_t, std::uint32_t>;  // address, port, flow, zone
using ControlTuple = std::tuple<int, int, py::bytes>;                        // level, type, data

SocketAddress address_of(const AddressTuple& tuple) {
  const auto& [address, port, flow_info, zone] = tuple;
  return {parse_address(address), port, zone, flow_info};
}

py::tuple address_to(const SocketAddress& a) {
  return py::make_tuple(a.address.to_string(), a.port, a.flow_info, a.zone);
}

}  // namespace

// A socket that Python holds. It dies with its node's system: a reboot leaves a handle that is closed.
class PythonSocket final : public PowerListener {
 public:
  PythonSocket(World& world, Host& host, DatagramSocket::Type type, NextHeader protocol) : waiters_(world), host_(host) {
    socket_.emplace(host.sockets(), type, protocol);
    socket_->on_ready([this] { wake(); });
    host_.add_power_listener(*this);
  }
  ~PythonSocket() { close(); }
  PythonSocket(const PythonSocket&) = delete;
  PythonSocket& operator=(const PythonSocket&) = delete;

  bool closed() const { return !socket_; }
  void close() {
    if (!socket_) return;
    socket_.reset();
    host_.remove_power_listener(*this);
    wake();
  }
  void on_power_off() override { close(); }

  DatagramSocket& open(const char* call) {
    if (!socket_) raise(host_, call, std::errc::bad_file_descriptor);
    return *socket_;
  }
  void check(const char* call, std::errc error) const {
    if (error != kDone) raise(host_, call, error);
  }

  // When something comes: what is there already was not what the caller wants, or it would not wait.
  void arm(std::uint64_t token) {
    waiters_.add(token);
    if (closed()) wake();
  }

  py::object receive(std::size_t size, bool peek) {
    DatagramSocket& socket = open("receive");
    check("receive", socket.take_error());
    const DatagramSocket::Received* next = socket.next();
    if (next == nullptr) raise(host_, "receive", std::errc::resource_unavailable_try_again);
    std::vector<std::uint8_t> data = next->data;
    const bool truncated = data.size() > size;
    if (truncated) data.resize(size);
    py::list control;
    for (const ControlMessage& m : next->control) control.append(py::make_tuple(m.level, m.type, bytes_to(m.data)));
    py::tuple result = py::make_tuple(bytes_to(data), control, truncated, address_to(next->source), next->at.ns());
    if (!peek) socket.receive();
    return result;
  }

  py::object receive_error() {
    const auto e = open("receive_error").receive_error();
    if (!e) raise(host_, "receive_error", std::errc::resource_unavailable_try_again);
    return py::make_tuple(e->at.ns(), static_cast<int>(e->error), static_cast<int>(e->type), e->code, e->parameter,
                          e->from.to_string(), address_to(e->destination), bytes_to(e->data));
  }

  std::size_t send(const py::bytes& data, const std::optional<AddressTuple>& to,
                   const std::vector<ControlTuple>& control) {
    DatagramSocket& socket = open("send");
    std::vector<ControlMessage> messages;
    for (const auto& [level, type, value] : control) {
      const Bytes bytes = bytes_of(value);
      messages.push_back({level, type, {bytes.begin(), bytes.end()}});
    }
    std::optional<SocketAddress> destination;
    if (to) destination = address_of(*to);
    check("send", socket.send(bytes_of(data), destination, messages));
    return bytes_of(data).size();
  }

  py::bytes option(int level, int name) {
    std::vector<std::uint8_t> value;
    check("getsockopt", open("getsockopt").get_option(level, name, value));
    return bytes_to(value);
  }

 private:
  void wake() { waiters_.wake(); }

  Waiters waiters_;
  Host& host_;
  std::optional<DatagramSocket> socket_;  // empty: closed
};

void bind_sockets(py::module_& m) {
  py::class_<PythonSocket>(m, "Socket", "A UDP or raw socket of a node.")
      .def(py::init([](World& world, Host& host, bool raw, std::uint8_t protocol) {
             return std::make_unique<PythonSocket>(
                 world, host, raw ? DatagramSocket::Type::Raw : DatagramSocket::Type::Datagram,
                 static_cast<NextHeader>(protocol));
           }),
           "simulation"_a, "host"_a, "raw"_a, "protocol"_a, py::keep_alive<1, 2>())
      .def_property_readonly("closed", &PythonSocket::closed)
      .def("close", &PythonSocket::close)
      .def("arm", &PythonSocket::arm, "token"_a, "Calls dispatch(token) once, when trying again is worth it.")
      .def("bind",
           [](PythonSocket& s, const AddressTuple& a) { s.check("bind", s.open("bind").bind(address_of(a))); },
           "address"_a)
      .def("connect",
           [](PythonSocket& s, const AddressTuple& a) { s.check("connect", s.open("connect").connect(address_of(a))); },
           "address"_a)
      .def("disconnect", [](PythonSocket& s) { s.open("connect").disconnect(); })
      .def("local", [](PythonSocket& s) { return address_to(s.open("getsockname").local()); })
      .def("peer",
           [](PythonSocket& s) -> py::object {
             const DatagramSocket& socket = s.open("getpeername");
             if (!socket.connected()) s.check("getpeername", std::errc::not_connected);
             return address_to(socket.peer());
           })
      .def("send", &PythonSocket::send, "data"_a, "to"_a, "control"_a)
      .def("receive", &PythonSocket::receive, "size"_a, "peek"_a,
           "(data, [(level, type, data)], truncated, source, time in ns)")
      .def("receive_error", &PythonSocket::receive_error,
           "(time in ns, errno, ICMPv6 type, code, parameter, sender, destination, data)")
      .def("readable", [](PythonSocket& s) { return s.open("readable").readable(); })
      .def("set_option",
           [](PythonSocket& s, int level, int name, const py::bytes& value) {
             s.check("setsockopt", s.open("setsockopt").set_option(level, name, bytes_of(value)));
           },
           "level"_a, "name"_a, "value"_a)
      .def("option", &PythonSocket::option, "level"_a, "name"_a)
      .def("source_filter",
           [](PythonSocket& s, std::uint32_t interface, const std::string& group) {
             SocketGroups::Filter filter;
             s.check("getsourcefilter",
                     s.open("getsourcefilter").get_source_filter(interface, parse_address(group), filter));
             std::vector<std::string> sources;
             for (const Ipv6Address& source : filter.sources) sources.push_back(source.to_string());
             return py::make_tuple(filter.mode == SocketGroups::Mode::Include, sources);
           },
           "interface"_a, "group"_a, "(whether the sources are included, sources); interface 0: the node chooses.")
      .def_property_readonly("dropped", [](PythonSocket& s) { return s.open("dropped").dropped(); });
}

}  // namespace kamesim::python
