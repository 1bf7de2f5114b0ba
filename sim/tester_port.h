// A raw Ethernet port in the hands of a test: it sends any bytes and takes what arrives, moving virtual time no
// further than it must.
#pragma once

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sim/bytes.h"
#include "sim/nic.h"
#include "sim/simulation.h"

namespace kamesim {

class Lan;
class PointToPointLink;

struct TesterPortConfig {
  std::string name;               // of the port's node; empty: "tester1", "tester2", ...
  bool only_own_address = false;  // filter as a station does, instead of taking every frame
};

// A node of its own with one NIC. Never sees the frames that it sends. Must not outlive its simulation.
class TesterPort final : private FrameReceiver {
 public:
  struct Frame {
    Time time;  // of arrival
    std::vector<std::uint8_t> bytes;
  };

  // Throws SimulationError if the name is used. On a link the port is the second end if that is free, and otherwise
  // stands beside the two (see PointToPointLink::attach_tap).
  explicit TesterPort(Lan& lan, TesterPortConfig config = {});
  explicit TesterPort(PointToPointLink& link, TesterPortConfig config = {});
  ~TesterPort();
  TesterPort(const TesterPort&) = delete;
  TesterPort& operator=(const TesterPort&) = delete;

  Nic& nic() const { return nic_; }
  std::string name() const;
  Simulation& simulation() const { return simulation_; }

  // Sends a whole Ethernet frame, from whatever address it holds, at the present time. Throws SimulationError if
  // it is shorter than an Ethernet header or the port is closed.
  void send(Bytes frame);

  // The oldest frame that waits; if none does, runs the simulation until one arrives, at most for `timeout`. Empty:
  // none came and the clock stands at the end of the timeout, or the simulation was stopped.
  // Throws SimulationError if the timeout is negative, or the port is closed and nothing waits.
  std::optional<Frame> recv(Duration timeout);
  // The same over several ports of one simulation: the earliest frame and the index of its port. Ties go to the
  // port that stands first.
  static std::optional<std::pair<std::size_t, Frame>> recv_any(std::span<TesterPort* const> ports, Duration timeout);

  std::size_t pending() const { return frames_.size(); }
  void clear() { frames_.clear(); }

  // Leaves the link; what waits can still be received. Closing again does nothing.
  void close();
  bool closed() const { return closed_; }

 private:
  TesterPort(Simulation& simulation, TesterPortConfig config);
  void on_frame(Nic& nic, Packet frame) override;
  void on_link_change(Nic&, bool) override {}
  Frame take();

  Simulation& simulation_;
  Nic& nic_;
  std::deque<Frame> frames_;
  bool closed_ = false;
};

}  // namespace kamesim
