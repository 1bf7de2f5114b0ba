// A radio cell: an access point that bridges its stations onto a LAN. Several cells on one LAN are one subnet.
//
// All stations and the access point share one half-duplex channel, without collisions: frames of both directions
// take turns in the order in which they were handed over, each for its length at the cell's rate. A frame between two
// stations of the cell goes over the channel twice. With a Dcf frames take the time that 802.11 adds, and are sent
// again when they fail, the more often the weaker the signal.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/dcf.h"
#include "sim/lan.h"
#include "sim/medium.h"
#include "sim/mobility.h"
#include "sim/path_loss.h"
#include "sim/random.h"
#include "sim/ring.h"
#include "sim/timer.h"

namespace kamesim {

struct CellConfig {
  Position position;                     // of the access point
  double tx_power_dbm = 20;
  double reference_loss_db = 40;         // at 1 m
  double path_loss_exponent = 3.0;       // 2 in free space, 3 to 4 in built-up areas
  double sensitivity_dbm = -85;          // a weaker signal is not received
  std::uint64_t rate_bps = 54'000'000;   // bits of Ethernet frame a second; 0: infinite
  Duration delay;                        // of propagation
  Duration jitter;                       // up to this is added to the delay of each frame; the order is kept
  double loss = 0;                       // the probability that a receiver misses a frame
  std::uint32_t mtu = 1500;              // bytes of frame payload
  std::uint32_t queue_limit = 1000;      // frames that wait for the channel, over all senders
  std::optional<TwoRayGround> two_ray;   // instead of the reference loss and the exponent
  double shadowing_deviation_db = 0;     // of log-normal shadowing; 0: none
  double decorrelation_distance = 20;    // metres over which shadowing is like itself
  std::optional<Dcf> dcf;                // 802.11's retries and times; none: frames are lost at random only
  unsigned channel_number = 1;           // where stations find it when they scan

  // Throws SimulationError, naming the cell, the parameter, its value and what would be right.
  void validate(const std::string& cell) const;
};

class Cell final : public Medium, public LanExtension {
 public:
  // Throws SimulationError if the configuration is not valid.
  Cell(Simulation& simulation, std::string name, Lan& lan, const CellConfig& config);
  ~Cell() override;

  Lan& lan() const { return lan_; }
  const CellConfig& config() const { return config_; }
  void set_config(const CellConfig& config);

  // The access point's signal at a place: path loss, the same within the first metre, and shadowing.
  double signal_dbm(Position at) const;
  bool covers(Position at) const { return signal_dbm(at) >= config_.sensitivity_dbm; }

  // A station associates: its NIC has carrier. Throws SimulationError if the NIC is attached already, here or
  // elsewhere. WirelessStation does this for a node that moves.
  void attach(Nic& nic, StationEvent how = StationEvent::Associated);
  // It leaves; what is under way to and from it is lost, and counted on its node.
  void detach(Nic& nic) override;
  std::size_t stations() const;

  // What a station sends and the channel discards is counted on the station's node; what the wire sends, on the
  // node of each station that would have received it.
  void transmit(Nic& from, Packet&& frame) override;
  bool on_lan_frame(const Packet& frame) override;
  void tell_stations(StationObserver& observer) const override;
  void describe(ShardGraph& graph) const override;
  // Not above that of the LAN.
  std::uint32_t mtu() const override { return std::min(config_.mtu, lan_.mtu()); }

 private:
  enum class Direction : std::uint8_t { kUp, kDown };
  struct Station {
    Nic* nic;             // null: it has left while a frame was handed out
    std::uint64_t since;  // the number of the first transmission that it can receive
    RandomStream loss;    // of frames to and from it
  };
  struct Transmission {
    Packet frame;  // empty: lost
    Direction direction = Direction::kUp;
    Nic* from = nullptr;  // the station that sent it; null: the wire, or it has left
    std::uint64_t number = 0;
    Time departure;  // when its last bit is sent
    Time arrival;
    bool failed = false;  // in all attempts
  };
  void send_down(Nic* from, const Packet& frame);
  void occupy_channel(Direction direction, Nic* from, Packet frame);
  Dcf::Sent send_by_dcf(Direction direction, Nic* from, const Packet& frame);
  double error_probability(const Nic& nic, std::size_t octets) const;
  bool misses_group_frame(Station& station, const Packet& frame);
  DropReason why_refused(const Packet& frame);
  void arrive();
  void arrive_at_access_point(Nic& from, Packet frame);
  void arrive_at_stations(const Transmission& transmission);
  bool anyone_accepts(const Packet& frame, const Nic* but) const;
  bool loses(Station& station) { return config_.loss > 0 && station.loss.chance(config_.loss); }
  std::vector<Station>::iterator find(const Nic& nic);

  Lan& lan_;
  CellConfig config_;
  ShadowingField shadowing_;
  std::vector<Station> stations_;     // in order of association: the order of delivery
  Ring<Transmission> channel_;        // in the order of sending, and of arrival
  std::size_t departed_ = 0;          // of those, how many have been sent and are in the air
  std::uint64_t next_number_ = 0;
  Time busy_until_;
  Time last_arrival_;
  Timer arrival_ = Timer::to<&Cell::arrive>(*this, *this);
  RandomStream random_;
  unsigned handing_out_ = 0;
};

}  // namespace kamesim
