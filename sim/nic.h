// A network interface card: an Ethernet address, a receive filter and a place on a medium.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/bytes.h"
#include "sim/mac_address.h"
#include "sim/packet.h"
#include "sim/pool.h"
#include "sim/time.h"

namespace kamesim {

class Medium;
class Nic;
class Node;
class Pipe;

// What takes frames from a NIC: a protocol stack or a tester.
class FrameReceiver {
 public:
  virtual void on_frame(Nic& nic, Packet frame) = 0;
  // The NIC gained or lost its link (attached, detached, link up or down). On a new attachment `nic.medium()`
  // differs from the last one.
  virtual void on_link_change(Nic& nic, bool up) = 0;
  // Whether it wants frames to the group, besides those that the NIC has joined.
  virtual bool hears(const Nic& nic, MacAddress group) const { return (void)nic, (void)group, false; }
  // A frame is about to come, or not (Event::Steps): what it will need first may be brought near, and what next.
  virtual void prepare(const Packet& frame) { (void)frame; }
  virtual void prepare_further(const Packet& frame) { (void)frame; }
  // The medium carries longer frames now, or only shorter ones.
  virtual void on_mtu_change(Nic& nic) { (void)nic; }

 protected:
  ~FrameReceiver() = default;
};

enum class Direction : std::uint8_t { kOut, kIn };

// What watches frames without taking part: a capture.
class FrameObserver {
 public:
  virtual void on_frame(const Nic& nic, Direction direction, Time now, Bytes frame) = 0;
  // The NIC goes, and forgets its observers.
  virtual void on_nic_destroyed(const Nic&) {}

 protected:
  ~FrameObserver() = default;
};

struct NicCounters {
  std::uint64_t sent_frames = 0, sent_bytes = 0;
  std::uint64_t received_frames = 0, received_bytes = 0;
  void add_to(NicCounters& other) const {
    other.sent_frames += sent_frames;
    other.sent_bytes += sent_bytes;
    other.received_frames += received_frames;
    other.received_bytes += received_bytes;
  }
};

// One cache line: every frame that comes or goes needs most of it, and two threads may have two NICs that were made one
// after the other.
class alignas(Pool::kLine) Nic : public Pooled {
 public:
  static constexpr std::size_t kEthernetHeaderSize = 14;
  static constexpr std::uint32_t kDefaultMtu = 1500;

  Nic(Node& node, std::uint32_t index, std::string name, MacAddress mac);
  ~Nic();
  Nic(const Nic&) = delete;
  Nic& operator=(const Nic&) = delete;

  Node& node() const { return node_; }
  std::uint32_t index() const { return index_ < kIndexInRare ? index_ : rare_->index; }
  std::string name() const { return rare_ != nullptr && !rare_->name.empty() ? rare_->name : default_name(index()); }
  static std::string default_name(std::uint32_t index) { return "eth" + std::to_string(index); }
  MacAddress mac() const { return mac_; }
  void set_mac(MacAddress mac);
  Medium* medium() const { return medium_; }
  // The largest frame payload (without the Ethernet header) that the medium carries.
  std::uint32_t mtu() const;

  // Administrative state; a NIC that is down neither sends nor receives.
  void set_enabled(bool enabled);
  bool enabled() const { return enabled_; }
  // Enabled, attached, and the medium has carrier.
  bool up() const { return up_; }

  // Sends a whole Ethernet frame. Dropped, and counted on the node, when the link is down.
  void send(Packet&& frame);

  // The receive filter: own address, broadcast, joined groups and those that the receiver hears; everything when
  // promiscuous. Joins are counted.
  void join(MacAddress group);
  void leave(MacAddress group);
  void leave_all();
  void on_heard_groups_changed();  // FrameReceiver::hears() answers otherwise now
  void set_promiscuous(bool on);
  // Frames for every group, as multicast routers take them.
  void set_all_groups(bool on) { all_groups_ = on; }
  bool promiscuous() const { return promiscuous_; }
  bool accepts(const std::uint8_t* destination) const {
    if (promiscuous_) return true;
    if ((destination[0] & 1) == 0) return std::memcmp(destination, mac_.data(), MacAddress::kSize) == 0;
    return accepts_group(MacAddress::from_bytes(destination));
  }

  void set_receiver(FrameReceiver* receiver) { receiver_ = receiver; }
  void add_observer(FrameObserver* observer);
  void remove_observer(FrameObserver* observer);

  NicCounters counters() const {
    NicCounters all{sent_.frames, sent_.bytes, received_.frames, received_.bytes};
    if (rare_ != nullptr) rare_->carried.add_to(all);
    return all;
  }

  // For media: a frame is about to arrive, or not. First the NIC itself, then who takes frames from it, then what that
  // needs for this one.
  void prepare_self() const { __builtin_prefetch(this, 1); }
  void prepare() const {
    __builtin_prefetch(receiver_, 1);
    __builtin_prefetch(reinterpret_cast<const char*>(receiver_) + Pool::kLine, 1);
    __builtin_prefetch(&node_, 1);
  }
  void prepare(const Packet& frame) const {
    if (receiver_ != nullptr) receiver_->prepare(frame);
  }
  void prepare_further(const Packet& frame) const {
    if (receiver_ != nullptr) receiver_->prepare_further(frame);
  }
  // A frame may be about to leave.
  void prepare_to_send() const { __builtin_prefetch(this, 1); }
  void prepare_pipe() const;
  // For media: a frame has arrived at this NIC (the filter has been asked).
  void deliver(Packet&& frame);
  // For a parallel run that kept an observation back.
  void tell_observers(Direction direction, Time now, Bytes frame) const;
  // For media: this NIC is now on `medium` (null: on none), with or without carrier.
  void set_attachment(Medium* medium, bool carrier);
  // For media: frames go by that pipe now, as Medium::transmit() would send them. Null: the medium is asked for each.
  void set_pipe(Pipe* pipe) { pipe_ = pipe; }
  Pipe* pipe() const { return pipe_; }
  // For media: the MTU is another now.
  void mtu_changed();
  // For the simulation: frames are hashed from now on.
  void update_watched();
  std::size_t heap_bytes() const;  // beyond the object itself

 private:
  bool accepts_group(MacAddress group) const;
  bool joined(MacAddress group) const;
  void update_link();
  void observe(Direction direction, Bytes frame);

  // What few NICs have; made on first use.
  struct Rare {
    std::string name;         // empty: the default one
    std::uint32_t index = 0;  // of a node with very many
    std::vector<FrameObserver*> observers;
    std::vector<MacAddress> groups;  // one for each join
    NicCounters carried;             // of what was counted, what 32 bits do not hold
  };
  Rare& rare();
  // Of one direction; few NICs ever count farther.
  struct Count {
    std::uint32_t frames = 0, bytes = 0;
  };
  void count(Count& count, std::size_t size, std::uint64_t NicCounters::* frames, std::uint64_t NicCounters::* bytes);

  static constexpr unsigned kIndexBits = 10;
  static constexpr std::uint32_t kIndexInRare = (1u << kIndexBits) - 1;

  Count sent_;
  Pipe* pipe_ = nullptr;
  Node& node_;
  MacAddress mac_;
  std::uint16_t index_ : kIndexBits;
  std::uint16_t up_ : 1 = false;
  std::uint16_t watched_ : 1 = false;  // by an observer, or for the hash
  std::uint16_t promiscuous_ : 1 = false;
  std::uint16_t all_groups_ : 1 = false;
  std::uint16_t enabled_ : 1 = true;
  std::uint16_t carrier_ : 1 = false;
  FrameReceiver* receiver_ = nullptr;
  Count received_;
  Medium* medium_ = nullptr;
  std::unique_ptr<Rare> rare_;
};

}  // namespace kamesim
