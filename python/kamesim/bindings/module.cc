// The module kamesim._core: thin. Times are whole nanoseconds, addresses are text; the package's Python checks
// what users give, and has the manners.
#include "python/kamesim/bindings/bind_mcoa.h"
#include "python/kamesim/bindings/world.h"

namespace kamesim::python {

namespace {

// kamesim.Error, for every mistake in how a network is set up or used. Lives as long as the interpreter.
PyObject* error_type = nullptr;

void define_error(py::module_& m) {
  error_type = PyErr_NewExceptionWithDoc(
      "kamesim.Error", "A mistake in how a network is set up or used: names the object, the value and what is right.",
      PyExc_ValueError, nullptr);
  m.add_object("Error", error_type);
  py::register_exception_translator([](std::exception_ptr p) {
    try {
      if (p) std::rethrow_exception(p);
    } catch (const std::invalid_argument& e) {  // SimulationError, and what the topology generators throw
      PyErr_SetString(error_type, e.what());
    }
  });
}

}  // namespace

PYBIND11_MODULE(_core, m) {
  m.doc() = "kamesim's compiled part. Use the package `kamesim`, which wraps it.";
  define_error(m);
  bind_interface(m);
  bind_router(m);
  bind_host(m);
  bind_tcp(m);
  bind_stream_socket(m);
  bind_apps(m);
  bind_media(m);
  bind_mip6(m);
  bind_pmip6(m);
  bind_mcoa(m);
  bind_radio(m);
  bind_testers(m);
  bind_capture(m);
  bind_topology(m);
  bind_simulation(m);
  bind_sockets(m);
  bind_routing_socket(m);
}

}  // namespace kamesim::python
