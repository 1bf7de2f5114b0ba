// A switched, full-duplex Ethernet LAN: each station has a port of its own to send by; a frame reaches the stations
// whose NICs accept it. The switch knows where each address is.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "sim/link_config.h"
#include "sim/medium.h"
#include "sim/pipe.h"

namespace kamesim {

// What carries a LAN's frames on to stations that are not on a wire of it: a radio cell.
class LanExtension {
 public:
  virtual void on_lan_frame(const Packet& frame) = 0;

 protected:
  ~LanExtension() = default;
};

class Lan final : public Medium {
 public:
  // Throws SimulationError if the configuration is not valid.
  Lan(Simulation& simulation, std::string name, const LinkConfig& config);
  ~Lan() override;

  // Throws SimulationError if the NIC is attached already, here or elsewhere.
  void attach(Nic& nic);
  void detach(Nic& nic) override;
  std::size_t stations() const { return present_; }

  const LinkConfig& config() const { return config_; }
  void set_config(const LinkConfig& config);
  void set_up(bool up);
  bool up() const { return up_; }

  // Bridges: every frame on the LAN goes to the extensions too, but for the one it came from.
  void add_extension(LanExtension& extension) { extensions_.push_back(&extension); }
  void remove_extension(LanExtension& extension) { std::erase(extensions_, &extension); }
  // A frame that an extension brings: delivered to the LAN's own stations and the other extensions, at once.
  void inject(const LanExtension& from, Packet frame) { deliver(nullptr, &from, std::move(frame)); }

  void transmit(Nic& from, Packet frame) override;
  void on_nic_changed(Nic& nic) override;
  std::uint32_t mtu() const override { return config_.mtu; }

 private:
  struct Station {
    Station(Lan& lan, Nic& nic, RandomStream random);
    Lan& lan;
    Nic* nic;            // null: it has left; kept until its place is taken
    std::uint64_t mac;   // as the switch knows it
    bool promiscuous = false;
    Pipe pipe;           // from this station
  };
  static void arrive(void* station, Pipe& pipe, Packet frame);
  void deliver(Station* from, const LanExtension* by, Packet frame);
  Station* find(const Nic& nic) const;

  LinkConfig config_;
  bool up_ = true;
  std::vector<std::unique_ptr<Station>> stations_;          // in order of attachment: the order of delivery
  std::unordered_map<std::uint64_t, std::vector<Station*>> by_mac_;
  std::unordered_map<const Nic*, Station*> by_nic_;
  std::vector<LanExtension*> extensions_;
  std::size_t present_ = 0;
  int listeners_ = 0;        // promiscuous stations
  unsigned delivering_ = 0;  // stations are not erased while a frame is handed out
};

}  // namespace kamesim
