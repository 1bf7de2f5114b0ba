// A full-duplex point-to-point link that carries Ethernet frames.
#pragma once

#include <array>
#include <string>

#include "sim/link_config.h"
#include "sim/medium.h"
#include "sim/pipe.h"

namespace kamesim {

class PointToPointLink final : public Medium {
 public:
  // Throws SimulationError if the configuration is not valid.
  PointToPointLink(Simulation& simulation, std::string name, const LinkConfig& config);

  // Joins two NICs, once. Throws SimulationError if they are one, or are attached already, or the link has its ends.
  void attach(Nic& a, Nic& b);
  // Attaches one end; the link has carrier when both are there.
  void attach(Nic& nic);
  Nic* end(std::size_t i) const { return ends_[i].nic; }

  const LinkConfig& config() const { return config_; }
  void set_config(const LinkConfig& config);
  // A link that goes down loses what is under way.
  void set_up(bool up);
  bool up() const { return up_; }

  void transmit(Nic& from, Packet frame) override;
  void detach(Nic& nic) override;
  std::uint32_t mtu() const override { return config_.mtu; }

 private:
  struct End {
    Nic* nic = nullptr;
    Pipe pipe;  // towards this end
  };
  static void arrive(void* target, Pipe& pipe, Packet frame);
  void update_carrier();
  void lose_all();

  LinkConfig config_;
  bool up_ = true;
  std::array<End, 2> ends_;
};

}  // namespace kamesim
