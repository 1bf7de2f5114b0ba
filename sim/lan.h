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
#include "sim/random.h"
#include "sim/station_observer.h"

namespace kamesim {

inline constexpr DropInfo kLanNoStation{"lan.no_station", "no station of the LAN has the frame's destination address"};

// What carries a LAN's frames on to stations that are not on a wire of it: a radio cell.
class LanExtension {
 public:
  // Returns whether a station there takes the frame.
  virtual bool on_lan_frame(const Packet& frame) = 0;
  // Tells the observer of the stations that are there.
  virtual void tell_stations(StationObserver& observer) const { (void)observer; }

 protected:
  ~LanExtension() = default;
};

class Lan final : public Medium {
 public:
  // Throws SimulationError if the configuration is not valid. Each receiver misses a frame with the probability
  // `loss`, whatever becomes of the others, and its node counts it.
  Lan(Simulation& simulation, std::string name, const LinkConfig& config);
  ~Lan() override;

  // Throws SimulationError if the NIC is attached already, here or elsewhere.
  void attach(Nic& nic);
  // What the NIC has sent and has left its port still arrives.
  void detach(Nic& nic) override;
  std::size_t stations() const { return by_nic_.size(); }
  std::size_t heap_bytes() const;  // beyond the object itself, with what is under way

  const LinkConfig& config() const { return config_; }
  void set_config(const LinkConfig& config);
  // A LAN that goes down loses what is under way.
  void set_up(bool up);
  bool up() const { return up_; }

  // Bridges: every frame on the LAN goes to the extensions too, but for the one it came from.
  void add_extension(LanExtension& extension) { extensions_.push_back(&extension); }
  void remove_extension(LanExtension& extension) { std::erase(extensions_, &extension); }
  // Who hears from now on which stations come and go, on the LAN and on its extensions; at once of those that are
  // there.
  void add_observer(StationObserver& observer);
  void remove_observer(StationObserver& observer) { std::erase(observers_, &observer); }
  void tell_observers(const Nic& station, StationEvent event) const;

  // A frame that an extension brings from `sender`: delivered to the LAN's own stations and the other extensions, at
  // once. `taken`: a station where it comes from takes it.
  void inject(const LanExtension& from, Node& sender, bool taken, Packet frame);

  void transmit(Nic& from, Packet&& frame) override;
  void on_nic_changed(Nic& nic) override;
  std::uint32_t mtu() const override { return config_.mtu; }
  void describe(ShardGraph& graph) const override;
  void on_shards_changed() override;

 private:
  struct Station {
    Station(Lan& lan, Nic& nic);
    std::string purpose() const;
    bool misses();  // a frame to it
    Lan& lan;
    Node& node;
    Nic* nic;           // null: it has left; kept while frames of it are under way
    std::uint64_t mac;  // as the switch knows it
    Time since;
    bool promiscuous = false;
    Pipe pipe;          // from this station
    std::unique_ptr<RandomStream> loss;  // of frames to this station; made when the first number is drawn
  };
  static void arrive(void* station, Packet&& frame);
  static RandomStream sender_stream(const void* station);
  static constexpr Pipe::Kind kPipeKind{&Lan::arrive, &Lan::sender_stream};
  struct Origin {
    const Station* station = nullptr;
    const LanExtension* extension = nullptr;
    Node& sender;
  };
  void deliver(const Origin& origin, bool taken, Packet frame);
  // Returns whether the frame's destination address is theirs.
  bool find_receivers(const Station* from, const Packet& frame, std::vector<Station*>& receivers) const;
  void forget_departed();
  Station* find(const Nic& nic) const;

  LinkConfig config_;
  LinkConfig port_;  // the same without loss
  bool up_ = true;
  std::vector<std::unique_ptr<Station>> stations_;  // in order of attachment: the order of delivery
  std::unordered_map<std::uint64_t, std::vector<Station*>> by_mac_;
  std::unordered_map<const Nic*, Station*> by_nic_;
  std::vector<Station*> promiscuous_;
  std::vector<LanExtension*> extensions_;
  std::vector<StationObserver*> observers_;
  std::vector<Station*> receivers_;  // of the frame at hand; kept for its capacity
  unsigned handing_out_ = 0;
};

}  // namespace kamesim
