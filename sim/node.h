// A node of the network: an identity, its NICs, its place, and what is counted and traced on it. What runs on
// the node (a protocol stack, daemons) is built on top; sim knows no protocol.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/actor.h"
#include "sim/drop.h"
#include "sim/mac_address.h"
#include "sim/nic.h"
#include "sim/small_vector.h"
#include "sim/trace.h"
#include "sim/trace_log.h"

namespace kamesim {

class Mobility;

// Fields: reason, rule, bytes (the size of what was discarded).
inline constexpr TraceKind kTraceDrop{"drop"};

class Node final : public Actor {
 public:
  Node(Simulation& simulation, std::string_view name);
  ~Node() override;

  // A new NIC, not attached to anything. An empty name becomes "eth<index>"; without an address the NIC gets a
  // locally administered one made of the node's and the NIC's number. Throws SimulationError on a used name.
  Nic& add_nic(std::string name = {}, std::optional<MacAddress> mac = std::nullopt);
  std::span<Nic* const> nics() const { return {nics_.data(), nics_.size()}; }
  Nic* find_nic(std::string_view name) const;

  // Counts a discard; the trace hash and a drop observer see it too. `frame` may be empty.
  void count_drop(DropReason reason, Bytes packet = {});
  std::uint64_t drops(std::string_view name) const;
  // (reason, count), sorted by name.
  std::vector<std::pair<DropReason, std::uint64_t>> drops() const;
  // For a parallel run that kept an observation back.
  void tell_drop_observer(Time at, DropReason reason, Bytes packet) { rare_->drop_observer(at, *this, reason, packet); }
  using DropObserver = std::function<void(Time, Node&, DropReason, Bytes)>;
  void set_drop_observer(DropObserver observer);

  // Records are kept only after enable_trace().
  void enable_trace() { trace_enabled_ = true; }
  bool trace_enabled() const { return trace_enabled_; }
  // Discards too are then recorded, one by one: kTraceDrop.
  void enable_drop_trace() { drop_trace_enabled_ = true; }
  void trace(const TraceKind& kind, std::initializer_list<TraceField> fields = {}) {
    if (trace_enabled_) record(kind, fields);
  }
  std::vector<TraceRecord> trace_records() const;
  void clear_trace() {
    if (rare_ != nullptr) rare_->trace.clear();
  }

  std::uint64_t trace_hash() const { return rare_ != nullptr ? rare_->hash : kFirstHash; }
  // Mixes a frame (or a drop) into the node's trace hash.
  void mix_into_trace_hash(std::uint64_t tag, Bytes bytes);

  // Where the node is and how it moves; null for a node without a place.
  Mobility* mobility() const;
  void set_mobility(std::unique_ptr<Mobility> mobility);
  // Its NICs move between radio cells by themselves.
  void set_roaming() { roaming_ = true; }
  bool roaming() const { return roaming_; }
  std::size_t heap_bytes() const;  // beyond the object itself and its NICs

 private:
  static constexpr std::uint64_t kFirstHash = 0x9e3779b97f4a7c15ull;

  // Made on first use.
  struct Rare : Pooled {
    std::uint64_t hash = kFirstHash;
    std::vector<std::pair<DropReason, std::uint64_t>> drops;
    DropObserver drop_observer;
    TraceLog trace;
    std::unique_ptr<Mobility> mobility;
  };
  Rare& rare();
  void record(const TraceKind& kind, std::span<const TraceField> fields);

  bool trace_enabled_ = false;
  bool drop_trace_enabled_ = false;
  bool roaming_ = false;
  bool named_nics_ = false;  // a NIC has a name that it was given
  SmallVector<Nic*, 1> nics_;  // owned
  std::unique_ptr<Rare> rare_;
};

}  // namespace kamesim
