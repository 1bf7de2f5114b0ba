// Frames to send, and a receiver that notes what arrives, for tests of links, LANs and cells.
#pragma once

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "sim/nic.h"
#include "sim/node.h"
#include "sim/simulation.h"

namespace kamesim::testing {

inline constexpr MacAddress kGroup({0x33, 0x33, 0, 0, 0, 1});
inline constexpr MacAddress kNobody({0x02, 0xff, 0, 0, 0, 0x99});

// A frame of `size` bytes; `tag` is its last one.
inline std::vector<std::uint8_t> frame(MacAddress to, std::size_t size = 100, std::uint8_t tag = 0) {
  std::vector<std::uint8_t> bytes(size);
  to.copy_to(bytes.data());
  bytes.back() = tag;
  return bytes;
}

inline void send(Nic& from, const std::vector<std::uint8_t>& bytes) {
  from.send(from.node().packets().copy_of(bytes));
}

// A node with one NIC.
class Station final : public FrameReceiver {
 public:
  struct Arrival {
    Time time;
    std::uint8_t tag;
    friend bool operator==(const Arrival&, const Arrival&) = default;
  };
  struct LinkChange {
    Time time;
    bool up;
    friend bool operator==(const LinkChange&, const LinkChange&) = default;
  };

  Station(Simulation& simulation, const std::string& name) : nic(simulation.add_node(name).add_nic()) {
    nic.set_receiver(this);
  }
  ~Station() { nic.set_receiver(nullptr); }

  void on_frame(Nic&, Packet packet) override {
    arrivals.push_back({node().now(), packet.bytes().back()});
    if (then) then();
  }
  void on_link_change(Nic&, bool up) override { link_changes.push_back({node().now(), up}); }

  Node& node() const { return nic.node(); }
  MacAddress mac() const { return nic.mac(); }
  void send_to(MacAddress to, std::size_t size = 100, std::uint8_t tag = 0) { send(nic, frame(to, size, tag)); }
  // The tags of what arrived.
  std::vector<int> tags() const {
    std::vector<int> result;
    for (const Arrival& arrival : arrivals) result.push_back(arrival.tag);
    return result;
  }

  Nic& nic;
  std::vector<Arrival> arrivals;
  std::vector<LinkChange> link_changes;
  std::function<void()> then;  // called with each frame
};

inline constexpr Time at(Duration since_start) { return Time() + since_start; }

inline void PrintTo(const Station::Arrival& arrival, std::ostream* out) {
  *out << int{arrival.tag} << " at " << arrival.time.ns() << " ns";
}
inline void PrintTo(const Station::LinkChange& change, std::ostream* out) {
  *out << (change.up ? "up" : "down") << " at " << change.time.ns() << " ns";
}

// The text of the SimulationError that `call` throws; empty if it throws none.
template <typename Call>
std::string error_of(Call&& call) {
  try {
    call();
  } catch (const SimulationError& error) {
    return error.what();
  }
  return {};
}

}  // namespace kamesim::testing
