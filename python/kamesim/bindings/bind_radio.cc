// Radio cells, and the stations that move between them.
#include <pybind11/stl.h>

#include "python/kamesim/bindings/world.h"
#include "sim/cell.h"
#include "sim/lan.h"

namespace kamesim::python {

namespace {

using TwoRayTuple = std::tuple<double, double, double>;  // heights in metres, frequency in Hz

HandoffDelayShape handoff_delay_shape(const std::string& name) {
  if (name == "exponential") return HandoffDelayShape::kExponential;
  if (name == "log-normal") return HandoffDelayShape::kLogNormal;
  return HandoffDelayShape::kUniform;
}

CellConfig cell_config(double x, double y, double tx_power_dbm, double reference_loss_db, double path_loss_exponent,
                       double sensitivity_dbm, const LinkConfig& channel, const std::optional<TwoRayTuple>& two_ray,
                       double shadowing_deviation_db, double decorrelation_distance,
                       std::optional<unsigned> retry_limit, unsigned channel_number) {
  std::optional<TwoRayGround> ground;
  if (two_ray) ground.emplace(std::get<0>(*two_ray), std::get<1>(*two_ray), std::get<2>(*two_ray));
  std::optional<Dcf> dcf;
  if (retry_limit) dcf.emplace(*retry_limit);
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
          .queue_limit = channel.queue_limit,
          .two_ray = ground,
          .shadowing_deviation_db = shadowing_deviation_db,
          .decorrelation_distance = decorrelation_distance,
          .dcf = dcf,
          .channel_number = channel_number};
}

}  // namespace

Cell& add_cell(World& world, const std::string& name, Lan& lan, const CellConfig& config) {
  Cell& cell = world.simulation.add_medium<Cell>(name, lan, config);
  world.radio.add(cell);
  reevaluate_stations(world);
  return cell;
}

WirelessStation& add_station(World& world, const Interface& interface, std::int64_t beacon_interval_ns,
                             double hysteresis_db, std::int64_t handoff_min_ns, std::int64_t handoff_max_ns,
                             const std::string& shape, std::int64_t scale_ns, double sigma,
                             const std::optional<ScanTuple>& scan) {
  std::optional<ChannelScan> channels;
  if (scan) {
    const auto& [count, min_ns, max_ns, switch_ns] = *scan;
    channels.emplace(count, Duration::nanoseconds(min_ns), Duration::nanoseconds(max_ns),
                     Duration::nanoseconds(switch_ns));
  }
  world.stations.push_back(std::make_unique<WirelessStation>(
      interface.nic(), world.radio,
      WirelessStationConfig{.beacon_interval = Duration::nanoseconds(beacon_interval_ns),
                            .hysteresis_db = hysteresis_db,
                            .handoff_delay_min = Duration::nanoseconds(handoff_min_ns),
                            .handoff_delay_max = Duration::nanoseconds(handoff_max_ns),
                            .handoff_delay_shape = handoff_delay_shape(shape),
                            .handoff_delay_scale = Duration::nanoseconds(scale_ns),
                            .handoff_delay_sigma = sigma,
                            .scan = channels}));
  return *world.stations.back();
}

void reevaluate_stations(World& world) {
  for (const auto& station : world.stations) station->reevaluate();
}

void bind_radio(py::module_& m) {
  py::class_<CellConfig>(m, "CellConfig", "What a radio cell is like.")
      .def(py::init(&cell_config), "x"_a, "y"_a, "tx_power_dbm"_a, "reference_loss_db"_a, "path_loss_exponent"_a,
           "sensitivity_dbm"_a, "channel"_a, "two_ray"_a, "shadowing_deviation_db"_a, "decorrelation_distance"_a,
           "retry_limit"_a, "channel_number"_a, "x, y: the access point's place in metres.");

  py::class_<Cell, Medium>(m, "Cell", "A radio cell: an access point that bridges its stations onto a LAN.")
      .def_property(
          "config", [](const Cell& c) { return c.config(); },
          [](Cell& c, const CellConfig& config) { c.set_config(config); })
      .def("signal_dbm", [](const Cell& c, double x, double y) { return c.signal_dbm({x, y}); }, "x"_a, "y"_a)
      .def(
          "attach", [](Cell& c, const Interface& i) { c.attach(i.nic()); }, "interface"_a);

  py::class_<RandomStream>(m, "RandomStream", "Random draws that depend on seed, owner and purpose only.")
      .def(py::init([](std::uint64_t seed, const std::string& owner, const std::string& purpose) {
             return RandomStream(seed, stable_hash(owner), purpose);
           }),
           "seed"_a, "owner"_a, "purpose"_a)
      .def("uniform", py::overload_cast<double, double>(&RandomStream::uniform), "low"_a, "high"_a)
      .def("normal", &RandomStream::normal, "Mean 0, deviation 1.")
      .def("below", &RandomStream::below, "bound"_a, "A whole number from 0 to bound - 1.");

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
