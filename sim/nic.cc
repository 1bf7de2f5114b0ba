#include "sim/nic.h"

#include <algorithm>

#include "sim/medium.h"
#include "sim/node.h"
#include "sim/observation_log.h"
#include "sim/pipe.h"
#include "sim/simulation.h"

namespace kamesim {

Nic::Nic(Node& node, std::uint32_t index, std::string name, MacAddress mac)
    : node_(node),
      mac_(mac),
      index_(std::min(index, kIndexInRare) & kIndexInRare),
      watched_(node.simulation().trace_hash_enabled()) {
  static_assert(sizeof(Nic) == Pool::kLine);
  if (index_ == kIndexInRare) rare().index = index;
  if (!name.empty() && name != default_name(index)) rare().name = std::move(name);
}

Nic::Rare& Nic::rare() {
  if (rare_ == nullptr) rare_ = std::make_unique<Rare>();
  return *rare_;
}

Nic::~Nic() {
  receiver_ = nullptr;
  if (medium_ != nullptr) medium_->detach(*this);
  if (rare_ == nullptr) return;
  for (FrameObserver* observer : rare_->observers) observer->on_nic_destroyed(*this);
}

void Nic::set_mac(MacAddress mac) {
  mac_ = mac;
  if (medium_ != nullptr) medium_->on_nic_changed(*this);
}

std::uint32_t Nic::mtu() const { return medium_ != nullptr ? medium_->mtu() : kDefaultMtu; }

void Nic::set_enabled(bool enabled) {
  enabled_ = enabled;
  update_link();
}

inline void Nic::count(Count& count, std::size_t size, std::uint64_t NicCounters::* frames,
                       std::uint64_t NicCounters::* bytes) {
  constexpr std::uint64_t kBeyond = std::uint64_t{1} << 32;
  if (++count.frames == 0) [[unlikely]] rare().carried.*frames += kBeyond;
  if (__builtin_add_overflow(count.bytes, size, &count.bytes)) [[unlikely]] rare().carried.*bytes += kBeyond;
}

void Nic::send(Packet&& frame) {
  if (!up_) [[unlikely]] {
    node_.count_drop(&kLinkDown, frame.bytes());
    return;
  }
  count(sent_, frame.size(), &NicCounters::sent_frames, &NicCounters::sent_bytes);
  if (watched_) [[unlikely]] observe(Direction::kOut, frame.bytes());
  if (pipe_ != nullptr) [[likely]] return pipe_->push(node_, std::move(frame));
  medium_->transmit(*this, std::move(frame));
}

void Nic::deliver(Packet&& frame) {
  if (!up_) [[unlikely]] {
    node_.count_drop(&kLinkDown, frame.bytes());
    return;
  }
  count(received_, frame.size(), &NicCounters::received_frames, &NicCounters::received_bytes);
  if (watched_) [[unlikely]] observe(Direction::kIn, frame.bytes());
  if (receiver_ != nullptr) receiver_->on_frame(*this, std::move(frame));
}

void Nic::prepare_pipe() const {
  __builtin_prefetch(pipe_, 1);
  __builtin_prefetch(reinterpret_cast<const char*>(pipe_) + Pool::kLine, 1);
}

void Nic::observe(Direction direction, Bytes frame) {
  if (rare_ != nullptr && !rare_->observers.empty()) {
    const Shard& shard = node_.shard();
    if (shard.observations == nullptr) {
      tell_observers(direction, shard.now, frame);
    } else {
      shard.observations->add_frame({shard.now, shard.tie}, *this, direction, frame);
    }
  }
  if (node_.simulation().trace_hash_enabled()) {
    node_.mix_into_trace_hash(std::uint64_t{index()} << 1 | static_cast<std::uint64_t>(direction), frame);
  }
}

void Nic::tell_observers(Direction direction, Time now, Bytes frame) const {
  if (rare_ == nullptr) return;
  for (FrameObserver* observer : rare_->observers) observer->on_frame(*this, direction, now, frame);
}

void Nic::update_watched() {
  watched_ = node_.simulation().trace_hash_enabled() || (rare_ != nullptr && !rare_->observers.empty());
}

bool Nic::joined(MacAddress group) const {
  return rare_ != nullptr && std::ranges::find(rare_->groups, group) != rare_->groups.end();
}

void Nic::join(MacAddress group) {
  const bool is_new = !joined(group);
  rare().groups.push_back(group);
  if (is_new) on_heard_groups_changed();
}

void Nic::leave(MacAddress group) {
  if (!joined(group)) return;
  rare_->groups.erase(std::ranges::find(rare_->groups, group));
  if (!joined(group)) on_heard_groups_changed();
}

void Nic::leave_all() {
  if (rare_ != nullptr) rare_->groups.clear();
  on_heard_groups_changed();
}

void Nic::on_heard_groups_changed() {
  if (medium_ != nullptr) medium_->on_nic_changed(*this);
}

void Nic::set_promiscuous(bool on) {
  promiscuous_ = on;
  if (medium_ != nullptr) medium_->on_nic_changed(*this);
}

bool Nic::accepts_group(MacAddress group) const {
  return all_groups_ || group == MacAddress::broadcast() || joined(group) ||
         (receiver_ != nullptr && receiver_->hears(*this, group));
}

void Nic::add_observer(FrameObserver* observer) {
  rare().observers.push_back(observer);
  update_watched();
}

void Nic::remove_observer(FrameObserver* observer) {
  if (rare_ != nullptr) std::erase(rare_->observers, observer);
  update_watched();
}

std::size_t Nic::heap_bytes() const {
  if (rare_ == nullptr) return 0;
  return sizeof(Rare) + rare_->observers.capacity() * sizeof(FrameObserver*) +
         rare_->groups.capacity() * sizeof(MacAddress);
}

void Nic::set_attachment(Medium* medium, bool carrier) {
  if (medium != medium_ && up_) {  // a new medium is a new link, even when both have carrier
    carrier_ = false;
    update_link();
  }
  medium_ = medium;
  carrier_ = carrier;
  update_link();
}

void Nic::mtu_changed() {
  if (receiver_ != nullptr) receiver_->on_mtu_change(*this);
}

void Nic::update_link() {
  const bool up = enabled_ && carrier_ && medium_ != nullptr;
  if (up == up_) return;
  up_ = up;
  if (receiver_ != nullptr) receiver_->on_link_change(*this, up);
}

}  // namespace kamesim
