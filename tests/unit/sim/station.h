// What the tests of media share: a node with one NIC that notes what happens to it, and frames to send it.
#pragma once

#include <string>
#include <vector>

#include "sim/nic.h"
#include "sim/node.h"
#include "sim/simulation.h"

namespace kamesim {

struct Arrival {
  Time time;
  std::vector<std::uint8_t> bytes;
};

class Station final : public FrameReceiver {
 public:
  Station(Simulation& simulation, const std::string& name) : node(simulation.add_node(name)), nic(node.add_nic()) {
    nic.set_receiver(this);
  }
  ~Station() { nic.set_receiver(nullptr); }

  // A frame of `size` bytes, from this station's address.
  void send(MacAddress to, std::size_t size = 100) {
    Packet frame = node.simulation().packets().allocate(size);
    std::fill_n(frame.mutable_data(), size, static_cast<std::uint8_t>(++sent));
    to.copy_to(frame.mutable_data());
    nic.mac().copy_to(frame.mutable_data() + MacAddress::kSize);
    nic.send(std::move(frame));
  }
  void send(const Station& to, std::size_t size = 100) { send(to.nic.mac(), size); }

  std::vector<std::int64_t> arrival_ns() const {
    std::vector<std::int64_t> times;
    for (const Arrival& a : arrivals) times.push_back(a.time.ns());
    return times;
  }
  // The numbers of the frames that came, as their sender counted them.
  std::vector<int> arrival_numbers() const {
    std::vector<int> numbers;
    for (const Arrival& a : arrivals) numbers.push_back(a.bytes.back());
    return numbers;
  }

  void on_frame(Nic&, Packet frame) override {
    arrivals.push_back({node.now(), {frame.bytes().begin(), frame.bytes().end()}});
  }
  void on_link_change(Nic&, bool up) override { link_changes.push_back(up); }

  Node& node;
  Nic& nic;
  std::vector<Arrival> arrivals;
  std::vector<bool> link_changes;
  unsigned sent = 0;
};

}  // namespace kamesim
