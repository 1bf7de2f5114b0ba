// What carries frames between NICs: a point-to-point link, a LAN, a radio cell.
#pragma once

#include <cstdint>

#include "sim/actor.h"
#include "sim/drop.h"
#include "sim/packet.h"

namespace kamesim {

class Nic;
class ShardGraph;

inline constexpr DropInfo kLinkDown{"link.down", "the link is down or the NIC is not attached"};
inline constexpr DropInfo kLinkQueueFull{"link.queue_full", "the link's queue limit"};
inline constexpr DropInfo kLinkLoss{"link.loss", "the link's loss rate"};
inline constexpr DropInfo kLinkFrameTooLong{"link.frame_too_long", "the link's MTU"};

class Medium : public Actor {
 public:
  using Actor::Actor;

  // Takes a frame from one of its NICs (the NIC is up). The medium decides when and where it arrives.
  virtual void transmit(Nic& from, Packet&& frame) = 0;
  // The NIC leaves; frames under way to it are lost.
  virtual void detach(Nic& nic) = 0;
  // A NIC's address or filter changed.
  virtual void on_nic_changed(Nic&) {}
  virtual std::uint32_t mtu() const = 0;

  // For parallel runs: says which of its nodes it ties together, and how.
  virtual void describe(ShardGraph& graph) const = 0;
  // It, or a node on it, stands in another shard now.
  virtual void on_shards_changed() {}
  // Two stations and no more: what one sends the other hears.
  virtual bool point_to_point() const { return false; }
};

}  // namespace kamesim
