// Stations that move between radio cells: which cell a NIC is associated to, and when it hands off.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/mobility.h"
#include "sim/random.h"
#include "sim/time.h"
#include "sim/timer.h"
#include "sim/trace.h"

namespace kamesim {

class Cell;
class Nic;
class Node;

// Recorded on the station's node, before the NIC's receiver is told. Field: cell.
inline constexpr TraceKind kTraceL2Disassociated{"l2.disassociated"};
// A scan begins, if the station scans. Fields: channels, cells_heard, seconds.
inline constexpr TraceKind kTraceL2Scan{"l2.scan"};
// Fields: cell, signal_dbm.
inline constexpr TraceKind kTraceL2Associated{"l2.associated"};

// The cells that stations can hear.
class RadioEnvironment {
 public:
  // The cell must outlive the stations. Stations at rest do not notice it before reevaluate().
  void add(Cell& cell) { cells_.push_back(&cell); }
  const std::vector<Cell*>& cells() const { return cells_; }
  // Of the cells whose signal is at or above their sensitivity; the first added of equals. Null: there is none.
  Cell* strongest(Position at) const;

 private:
  std::vector<Cell*> cells_;
};

// How long a hand-off takes after the scan, if there is one.
enum class HandoffDelayShape : std::uint8_t {
  kUniform,      // from handoff_delay_min to handoff_delay_max
  kExponential,  // handoff_delay_min, and an exponential time of mean handoff_delay_scale
  kLogNormal,    // handoff_delay_min, and a log-normal time of median handoff_delay_scale
};

// The search for another cell: channel by channel, each for the longer time if there is a cell to be heard. An active
// scan sends a probe and waits MinChannelTime for a first answer, MaxChannelTime for all (IEEE 802.11-2020 §11.1.4.3;
// Mishra, Shin, Arbaugh, "An empirical analysis of the IEEE 802.11 MAC layer handoff process", CCR 33(2), 2003). A
// passive one listens for beacons: both times are the same.
struct ChannelScan {
  unsigned channels = 11;
  Duration min_channel_time = Duration::milliseconds(20);
  Duration max_channel_time = Duration::milliseconds(40);
  Duration switch_time = Duration::milliseconds(5);  // to another channel
};

struct WirelessStationConfig {
  Duration beacon_interval = Duration::milliseconds(100);   // how often the cells are compared
  double hysteresis_db = 3;                                 // how much stronger another cell must be to hand off
  Duration handoff_delay_min = Duration::milliseconds(50);  // without a link; uniform between the two
  Duration handoff_delay_max = Duration::milliseconds(50);
  HandoffDelayShape handoff_delay_shape = HandoffDelayShape::kUniform;
  Duration handoff_delay_scale;
  double handoff_delay_sigma = 0.5;         // log-normal: the deviation of the logarithm
  std::optional<ChannelScan> scan;          // before the hand-off delay; none: it is part of that
  bool immediate_start = true;   // a station that starts in a cell associates without the hand-off delay

  // Throws SimulationError, naming the owner ("station 'mn:eth0'"), the parameter, its value and what is right.
  void validate(const std::string& owner) const;
};

// Associates one NIC with the best cell where its node is, and hands off when another gets better. A hand-off breaks
// before it makes: the link is down for the hand-off delay, then the cell that is best at that moment is taken.
class WirelessStation {
 public:
  // Starts at the present time. Throws SimulationError if the configuration is not valid, the node has no mobility,
  // or the NIC is attached already. Both must outlive the station, or go with the simulation.
  WirelessStation(Nic& nic, const RadioEnvironment& radio, const WirelessStationConfig& config = {});
  WirelessStation(const WirelessStation&) = delete;
  WirelessStation& operator=(const WirelessStation&) = delete;

  Nic& nic() const { return nic_; }
  const WirelessStationConfig& config() const { return config_; }
  // Null: not associated.
  Cell* cell() const { return cell_; }
  bool handing_off() const { return handoff_.armed(); }

  // Once associated and at rest a station compares no more. To be called when that may be out of date: the node's
  // mobility was replaced, a cell was added or changed.
  void reevaluate();

 private:
  void on_beacon();
  Duration handoff_delay(Position at);
  Duration scan_time(Position at) const;
  void on_handoff_delay_over();
  bool should_leave(Position at) const;
  void disassociate();
  void associate(Cell& cell, Position at);
  Position position() const;

  Nic& nic_;
  Node& node_;
  const RadioEnvironment& radio_;
  WirelessStationConfig config_;
  Cell* cell_ = nullptr;
  bool started_ = false;
  bool associated_before_ = false;
  RandomStream random_;
  Timer beacon_;
  Timer handoff_;
};

}  // namespace kamesim
