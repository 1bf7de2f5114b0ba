// A full-duplex point-to-point link that carries Ethernet frames.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "sim/link_config.h"
#include "sim/medium.h"
#include "sim/pipe.h"

namespace kamesim {

class PointToPointLink final : public Medium {
 public:
  // Throws SimulationError if the configuration is not valid.
  PointToPointLink(Simulation& simulation, std::string_view name, const LinkConfig& config);
  ~PointToPointLink() override;

  // Joins two NICs, once. Throws SimulationError if they are one, or are attached already, or the link has its ends.
  void attach(Nic& a, Nic& b);
  // Attaches one end; the link has carrier when both are there.
  void attach(Nic& nic);
  Nic* end(std::size_t i) const { return ends_[i]; }
  bool has_both_ends() const { return end(0) != nullptr && end(1) != nullptr; }

  // Attaches a NIC beside the ends, for a test: it takes, as its filter says, every frame that comes through the link
  // in either direction, and what it sends arrives at the ends that accept it. Throws SimulationError if it is
  // attached already.
  void attach_tap(Nic& nic);

  const LinkConfig& config() const { return *config_; }
  void set_config(const LinkConfig& config);
  // A link that goes down loses what is under way.
  void set_up(bool up);
  bool up() const { return up_; }

  void transmit(Nic& from, Packet&& frame) override;
  // Of a link that loses an end, what is under way is lost.
  void detach(Nic& nic) override;
  std::uint32_t mtu() const override { return config_->mtu; }
  void describe(ShardGraph& graph) const override;
  void on_shards_changed() override;
  bool point_to_point() const override { return !tapped(); }

  std::size_t heap_bytes() const;  // beyond the object itself, with what is under way

 private:
  struct Tap {
    Tap(PointToPointLink& link, Nic& nic);
    PointToPointLink& link;
    Node& node;
    Nic* nic;   // null: it has left; kept while frames of it are under way
    Pipe pipe;  // from this tap
  };
  using Taps = std::vector<std::unique_ptr<Tap>>;
  // What few links have; made on first use.
  struct Rare {
    std::unique_ptr<const LinkConfig> config;
    Taps taps;
    std::array<std::unique_ptr<Pipe>, 2> without_sender;  // towards each end
  };
  Rare& rare();
  std::span<const std::unique_ptr<Tap>> taps() const {
    return rare_ != nullptr ? std::span(rare_->taps) : std::span<const std::unique_ptr<Tap>>();
  }
  template <std::size_t kEnd>
  static void arrive_at_end(void* link, Packet&& frame);
  template <std::size_t kEnd>
  static void end_is_idle(void* link);
  template <std::size_t kEnd>
  static RandomStream end_stream(const void* link);
  static void arrive_from_tap(void* tap, Packet&& frame);
  static RandomStream tap_stream(const void* tap);
  static const std::array<Pipe::Kind, 2> kEndKinds;
  static const Pipe::Kind kTapKind;

  static constexpr std::uint8_t kToStay = 63;  // a pipe that runs empty goes so often; that of a link in use then stays
  // Towards an end: there while frames are under way, and as long as their past matters (Pipe::pristine). The NIC that
  // sends by it knows it (Nic::pipe), and nobody else, as there are many links; without a NIC there it is in Rare. The
  // link owns it. Null: there is none.
  Pipe* pipe_to(std::size_t end) const;
  std::unique_ptr<Pipe> take_pipe_to(std::size_t end);
  void put_pipe_to(std::size_t end, std::unique_ptr<Pipe> pipe);
  Pipe& make_pipe_to(std::size_t end);
  void join_pipe_to(std::size_t end);
  Shard& shard_at(std::size_t end);
  void use(const LinkConfig& config);
  bool tapped() const { return !taps().empty(); }
  void show_taps(const Packet& frame, const Tap* but);
  Tap* find_tap(const Nic& nic) const;
  void check_not_attached(const Nic& nic) const;
  void update_carrier();
  void lose_all();

  bool up_ = true;
  std::array<std::uint8_t, 2> pipes_given_back_{};  // of each end, up to kToStay
  std::uint8_t handing_out_ = 0;
  const LinkConfig* config_ = nullptr;  // shared with links that are alike, or its own
  std::array<Nic*, 2> ends_{};
  std::unique_ptr<Rare> rare_;
};

}  // namespace kamesim
