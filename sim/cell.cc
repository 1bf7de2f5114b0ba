#include "sim/cell.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "sim/handing_out.h"
#include "sim/nic.h"
#include "sim/node.h"
#include "sim/pipe.h"
#include "sim/shard_graph.h"
#include "sim/simulation.h"

namespace kamesim {

void CellConfig::validate(const std::string& cell) const {
  const std::string owner = "cell '" + cell + "'";
  auto fail = [&](const std::string& what) { throw SimulationError(owner + ": " + what); };
  auto finite = [&](double value, const char* parameter) {
    if (!std::isfinite(value)) fail(std::string(parameter) + " is " + std::to_string(value) + "; it must be finite");
  };
  finite(position.x, "position.x");
  finite(position.y, "position.y");
  finite(tx_power_dbm, "tx_power_dbm");
  finite(reference_loss_db, "reference_loss_db");
  finite(sensitivity_dbm, "sensitivity_dbm");
  if (!(path_loss_exponent > 0 && std::isfinite(path_loss_exponent))) {
    fail("path_loss_exponent is " + std::to_string(path_loss_exponent) + "; it must be above 0 (2 in free space)");
  }
  if (two_ray) {
    const auto [antenna, station, frequency] = *two_ray;
    for (const auto& [value, parameter] : {std::pair{antenna, "two_ray.antenna_height"},
                                           std::pair{station, "two_ray.station_height"},
                                           std::pair{frequency, "two_ray.frequency_hz"}}) {
      finite(value, parameter);
      if (value <= 0) fail(std::string(parameter) + " is " + std::to_string(value) + "; it must be above 0");
    }
  }
  finite(shadowing_deviation_db, "shadowing_deviation_db");
  if (shadowing_deviation_db < 0) {
    fail("shadowing_deviation_db is " + std::to_string(shadowing_deviation_db) + "; it must be 0 or more");
  }
  if (!(decorrelation_distance > 0 && std::isfinite(decorrelation_distance))) {
    fail("decorrelation_distance is " + std::to_string(decorrelation_distance) + "; it must be above 0");
  }
  if (dcf && dcf->retry_limit < 1) fail("dcf.retry_limit is 0; a frame is sent once at least");
  LinkConfig{rate_bps, delay, jitter, loss, mtu, queue_limit}.validate(owner);
}

Cell::Cell(Simulation& simulation, std::string name, Lan& lan, const CellConfig& config)
    : Medium(simulation, std::move(name)), lan_(lan), config_(config), random_(stream("cell")) {
  set_config(config);
  lan_.add_extension(*this);
}

Cell::~Cell() { lan_.remove_extension(*this); }

void Cell::set_config(const CellConfig& config) {
  config.validate(name());
  config_ = config;
  // The same waves whatever the deviation: a study of it compares like with like.
  shadowing_ = config.shadowing_deviation_db > 0 ? ShadowingField(config.shadowing_deviation_db,
                                                                  config.decorrelation_distance, stream("shadowing"))
                                                 : ShadowingField();
}

double Cell::signal_dbm(Position at) const {
  const double metres = std::max(1.0, distance(config_.position, at));
  const double received =
      config_.two_ray ? config_.tx_power_dbm - config_.two_ray->loss_db(metres)
                      : config_.tx_power_dbm - config_.reference_loss_db -
                            10 * config_.path_loss_exponent * std::log10(metres);
  return received + shadowing_.gain_db(at);
}

void Cell::attach(Nic& nic, StationEvent how) {
  const std::string nic_name = nic.node().name() + ":" + nic.name();
  if (nic.medium() != nullptr) {
    throw SimulationError("cell '" + name() + "': " + nic_name + " is attached to '" + nic.medium()->name() +
                          "' already; detach it first");
  }
  // The time makes each stay's random stream another one: a station that returns does not meet its old luck again.
  stations_.push_back({&nic, next_number_, stream(nic_name + " from " + std::to_string(now().ns()))});
  nic.set_attachment(this, true);
  lan_.tell_observers(nic, how);
}

void Cell::tell_stations(StationObserver& observer) const {
  for (const Station& station : stations_) {
    if (station.nic != nullptr) observer.on_station(station.nic->mac(), StationEvent::Associated);
  }
}

std::vector<Cell::Station>::iterator Cell::find(const Nic& nic) {
  return std::ranges::find(stations_, &nic, &Station::nic);
}

std::size_t Cell::stations() const {
  return static_cast<std::size_t>(std::ranges::count_if(stations_, [](const Station& s) { return s.nic != nullptr; }));
}

void Cell::detach(Nic& nic) {
  const auto station = find(nic);
  if (station == stations_.end()) return;
  const std::uint64_t since = station->since;
  if (handing_out_ > 0) {
    station->nic = nullptr;
  } else {
    stations_.erase(station);
  }
  for (std::size_t i = 0; i < channel_.size(); ++i) {
    Transmission& t = channel_[i];
    const bool from_it = std::exchange(t.from, t.from == &nic ? nullptr : t.from) == &nic;
    if (!t.frame) continue;
    if (t.direction == Direction::kUp && from_it) {
      nic.node().count_drop(&kLinkDown, t.frame.bytes());
      t.frame = Packet();  // it still takes its time on the channel
    } else if (t.direction == Direction::kDown && !from_it && t.number >= since && nic.accepts(t.frame.data())) {
      nic.node().count_drop(&kLinkDown, t.frame.bytes());
    }
  }
  nic.set_attachment(nullptr, false);
  lan_.tell_observers(nic, StationEvent::Left);
}

void Cell::transmit(Nic& from, Packet&& frame) {
  if (const DropReason refused = why_refused(frame)) return from.node().count_drop(refused, frame.bytes());
  occupy_channel(Direction::kUp, &from, std::move(frame));
}

void Cell::describe(ShardGraph& graph) const {
  graph.join(*this, lan_);
  graph.join_radio(*this);
  for (const Station& station : stations_) {
    if (station.nic != nullptr) graph.join(*this, station.nic->node());
  }
}

bool Cell::on_lan_frame(const Packet& frame) {
  if (!anyone_accepts(frame, nullptr)) return false;
  send_down(nullptr, frame);
  return true;
}

void Cell::send_down(Nic* from, const Packet& frame) {
  const DropReason refused = why_refused(frame);
  if (refused == nullptr) return occupy_channel(Direction::kDown, from, frame.share());
  for (const Station& station : stations_) {
    if (station.nic != nullptr && station.nic != from && station.nic->accepts(frame.data())) {
      station.nic->node().count_drop(refused, frame.bytes());
    }
  }
}

DropReason Cell::why_refused(const Packet& frame) {
  if (frame.size() > mtu() + Nic::kEthernetHeaderSize) return &kLinkFrameTooLong;
  while (departed_ < channel_.size() && channel_[departed_].departure <= now()) ++departed_;
  if (channel_.size() - departed_ >= config_.queue_limit) return &kLinkQueueFull;
  return nullptr;
}

void Cell::occupy_channel(Direction direction, Nic* from, Packet frame) {
  Dcf::Sent sent{Duration(), 1, true};
  if (config_.dcf) {
    sent = send_by_dcf(direction, from, frame);
  } else {
    sent.time = transmission_time(frame.size(), config_.rate_bps);
  }
  busy_until_ = std::max(now(), busy_until_) + sent.time;
  Time arrival = busy_until_ + config_.delay;
  if (config_.jitter > Duration()) arrival += random_.uniform(Duration(), config_.jitter);
  last_arrival_ = std::max(arrival, last_arrival_);
  channel_.push_back({std::move(frame), direction, from, next_number_++, busy_until_, last_arrival_, !sent.delivered});
  if (channel_.size() == 1) arrival_.arm_at(last_arrival_);
}

// With the signal as it is when the frame joins the queue; to and from the access point it is the same.
Dcf::Sent Cell::send_by_dcf(Direction direction, Nic* from, const Packet& frame) {
  if (direction == Direction::kUp) {
    const double error = error_probability(*from, frame.size());
    return config_.dcf->send(frame.size(), config_.rate_bps, error, find(*from)->loss);
  }
  const bool to_group = (frame.data()[0] & 1) != 0;
  const auto receiver = std::ranges::find_if(stations_, [&](const Station& station) {
    return station.nic != nullptr && station.nic != from && station.nic->accepts(frame.data());
  });
  if (to_group || receiver == stations_.end()) {
    return {Dcf::send_group_frame(frame.size(), config_.rate_bps, random_), 1, true};
  }
  const double error = error_probability(*receiver->nic, frame.size());
  return config_.dcf->send(frame.size(), config_.rate_bps, error, receiver->loss);
}

// A node without a place stands beside the access point.
double Cell::error_probability(const Nic& nic, std::size_t octets) const {
  const Mobility* mobility = nic.node().mobility();
  const Position at = mobility == nullptr ? config_.position : mobility->position_at(now());
  return Dcf::error_probability(signal_dbm(at) - config_.sensitivity_dbm, octets + Dcf::kExtraOctets);
}

bool Cell::misses_group_frame(Station& station, const Packet& frame) {
  return config_.dcf && (frame.data()[0] & 1) != 0 &&
         station.loss.chance(error_probability(*station.nic, frame.size()));
}

void Cell::arrive() {
  Transmission transmission = channel_.pop_front();
  if (departed_ > 0) --departed_;
  if (!channel_.empty()) arrival_.arm_at(channel_.front().arrival);
  if (!transmission.frame) return;
  if (transmission.direction == Direction::kUp) {
    if (transmission.failed) {
      return transmission.from->node().count_drop(&kRadioRetryLimit, transmission.frame.bytes());
    }
    arrive_at_access_point(*transmission.from, std::move(transmission.frame));
  } else {
    arrive_at_stations(transmission);
  }
}

void Cell::arrive_at_access_point(Nic& from, Packet frame) {
  if (loses(*find(from))) return from.node().count_drop(&kLinkLoss, frame.bytes());
  // The cell's own stations first: what the frame causes on the wire may take the sender out of the cell.
  const bool taken = anyone_accepts(frame, &from);
  if (taken) send_down(&from, frame);
  if (!lan_.up()) return from.node().count_drop(&kLinkDown, frame.bytes());
  lan_.inject(*this, from.node(), taken, std::move(frame));
}

void Cell::arrive_at_stations(const Transmission& transmission) {
  const Packet& frame = transmission.frame;
  {
    const HandingOut guard(handing_out_);
    // A station that joins while the frame is handed out was not there when it was sent.
    for (std::size_t i = 0; i < stations_.size(); ++i) {
      Station& station = stations_[i];
      if (station.nic == nullptr || station.nic == transmission.from || transmission.number < station.since) continue;
      if (!station.nic->accepts(frame.data())) continue;
      if (transmission.failed) {
        station.nic->node().count_drop(&kRadioRetryLimit, frame.bytes());
      } else if (misses_group_frame(station, frame)) {
        station.nic->node().count_drop(&kRadioGroupFrameLost, frame.bytes());
      } else if (loses(station)) {
        station.nic->node().count_drop(&kLinkLoss, frame.bytes());
      } else {
        station.nic->deliver(frame.share());
      }
    }
  }
  std::erase_if(stations_, [](const Station& station) { return station.nic == nullptr; });
}

bool Cell::anyone_accepts(const Packet& frame, const Nic* but) const {
  return std::ranges::any_of(stations_, [&](const Station& station) {
    return station.nic != nullptr && station.nic != but && station.nic->accepts(frame.data());
  });
}

}  // namespace kamesim
