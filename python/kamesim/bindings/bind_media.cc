// Links and LANs.
#include <pybind11/stl.h>

#include "python/kamesim/bindings/world.h"
#include "sim/lan.h"
#include "sim/link.h"
#include "sim/link_config.h"

namespace kamesim::python {

namespace {

LinkConfig link_config(std::uint64_t rate_bps, std::int64_t delay_ns, std::int64_t jitter_ns, double loss,
                       std::uint32_t mtu, std::uint32_t queue_limit) {
  return {.rate_bps = rate_bps,
          .delay = Duration::nanoseconds(delay_ns),
          .jitter = Duration::nanoseconds(jitter_ns),
          .loss = loss,
          .mtu = mtu,
          .queue_limit = queue_limit};
}

template <typename M>
void bind_common(py::class_<M, Medium>& c) {
  c.def_property(
       "config", [](const M& m) { return m.config(); }, [](M& m, const LinkConfig& config) { m.set_config(config); })
      .def_property(
          "up", [](const M& m) { return m.up(); }, [](M& m, bool up) { m.set_up(up); });
}

}  // namespace

void bind_media(py::module_& m) {
  py::class_<LinkConfig>(m, "LinkConfig", "What a link or LAN is like.")
      .def(py::init(&link_config), "rate_bps"_a, "delay_ns"_a, "jitter_ns"_a, "loss"_a, "mtu"_a, "queue_limit"_a,
           "rate_bps: bits of frame a second, 0: infinite; mtu: bytes; queue_limit: frames.");

  py::class_<Medium>(m, "Medium", "What carries frames between NICs.")
      .def_property_readonly("name", [](const Medium& medium) { return medium.name(); })
      .def(
          "detach", [](Medium& medium, const Interface& i) { medium.detach(i.nic()); }, "interface"_a,
          "The interface must be attached here.");

  py::class_<PointToPointLink, Medium> link(m, "Link", "A full-duplex point-to-point link.");
  bind_common(link);
  link.def(
      "attach", [](PointToPointLink& l, const Interface& i) { l.attach(i.nic()); }, "interface"_a,
      "Attaches one end; the link has carrier when both are there.");

  py::class_<Lan, Medium> lan(m, "Lan", "A switched Ethernet LAN.");
  bind_common(lan);
  lan.def(
      "attach", [](Lan& l, const Interface& i) { l.attach(i.nic()); }, "interface"_a);
}

}  // namespace kamesim::python
