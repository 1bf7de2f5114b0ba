// Captures of frames.
#include "python/kamesim/bindings/world.h"
#include "sim/pcapng.h"

namespace kamesim::python {

Capture::Capture(const std::string& path, bool only_out)
    : writer(path, only_out ? CaptureDirections::kOutOnly : CaptureDirections::kBoth) {}

Capture& open_capture(World& world, const std::string& path, bool only_out) {
  world.captures.push_back(std::make_unique<Capture>(path, only_out));
  return *world.captures.back();
}

void bind_capture(py::module_& m) {
  py::class_<Capture>(m, "Capture", "A pcapng file that frames are written to.")
      .def_property_readonly("frames", [](const Capture& c) { return c.writer.frames(); })
      .def_readonly("closed", &Capture::closed)
      .def(
          "add_interface", [](Capture& c, const Interface& i) { c.writer.add(i.nic()); }, "interface"_a)
      .def(
          "add_tester", [](Capture& c, TesterPort& t) { c.writer.add(t.nic()); }, "tester"_a)
      .def("flush", [](Capture& c) { c.writer.flush(); })
      .def("close", [](Capture& c) {
        c.closed = true;
        c.writer.close();
      });
}

}  // namespace kamesim::python
