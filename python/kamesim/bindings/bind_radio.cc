// Radio cells, and the stations that move between them.
#include <pybind11/stl.h>

#include "python/kamesim/bindings/world.h"
#include "sim/cell.h"
#include "sim/lan.h"

namespace kamesim::python {

namespace {

CellConfig cell_config(double x, double y, double tx_power_dbm, double reference_loss_db, double path_loss_exponent,
                       double sensitivity_dbm, const LinkConfig& channel) {
  return {.position = {x, y},
          .tx_power_dbm = tx_power_dbm,
          .reference_loss_db = reference_loss_db,
          .path_loss_exponent = path_loss_exponent,
          .sensitivity_dbm = sensitivity_dbm,
          .rate_bps = channel.rate_bps,
          .delay = channel.delay,
          .jitter = channel.jitter,
          .loss = channel.loss,
          .mtu = channel.mtu,
          .queue_limit = channel.queue_limit};
}

}  // namespace

Cell& add_cell(World& world, const std::string& name, Lan& lan, const CellConfig& config) {
  Cell& cell = world.simulation.add_medium<Cell>(name, lan, config);
  world.radio.add(cell);
  reevaluate_stations(world);
  return cell;
}

WirelessStation& add_station(World& world, const Interface& interface, std::int64_t beacon_interval_ns,
                             double hysteresis_db, std::int64_t handoff_min_ns, std::int64_t handoff_max_ns) {
  world.stations.push_back(std::make_unique<WirelessStation>(
      interface.nic(), world.radio,
      WirelessStationConfig{.beacon_interval = Duration::nanoseconds(beacon_interval_ns),
                            .hysteresis_db = hysteresis_db,
                            .handoff_delay_min = Duration::nanoseconds(handoff_min_ns),
                            .handoff_delay_max = Duration::nanoseconds(handoff_max_ns)}));
  return *world.stations.back();
}

void reevaluate_stations(World& world) {
  for (const auto& station : world.stations) station->reevaluate();
}

void bind_radio(py::module_& m) {
  py::class_<CellConfig>(m, "CellConfig", "What a radio cell is like.")
      .def(py::init(&cell_config), "x"_a, "y"_a, "tx_power_dbm"_a, "reference_loss_db"_a, "path_loss_exponent"_a,
           "sensitivity_dbm"_a, "channel"_a, "x, y: the access point's place in metres.");

  py::class_<Cell, Medium>(m, "Cell", "A radio cell: an access point that bridges its stations onto a LAN.")
      .def_property(
          "config", [](const Cell& c) { return c.config(); },
          [](Cell& c, const CellConfig& config) { c.set_config(config); })
      .def("signal_dbm", [](const Cell& c, double x, double y) { return c.signal_dbm({x, y}); }, "x"_a, "y"_a)
      .def(
          "attach", [](Cell& c, const Interface& i) { c.attach(i.nic()); }, "interface"_a);

  py::class_<WirelessStation>(m, "Station", "Associates an interface with the best cell where its node is.")
      .def_property_readonly(
          "cell",
          [](const WirelessStation& s) -> std::optional<std::string> {
            if (s.cell() == nullptr) return std::nullopt;
            return s.cell()->name();
          },
          "The name of the cell it is associated to.")
      .def_property_readonly("handing_off", &WirelessStation::handing_off);
}

}  // namespace kamesim::python
