#include "sim/nic.h"

#include <algorithm>

#include "sim/medium.h"
#include "sim/node.h"
#include "sim/observation_log.h"
#include "sim/simulation.h"

namespace kamesim {

Nic::Nic(Node& node, std::uint32_t index, std::string name, MacAddress mac)
    : node_(node), simulation_(node.simulation()), mac_(mac), index_(index), name_(std::move(name)) {}

Nic::~Nic() {
  receiver_ = nullptr;
  if (medium_ != nullptr) medium_->detach(*this);
  for (FrameObserver* observer : observers_) observer->on_nic_destroyed(*this);
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

void Nic::send(Packet frame) {
  if (!up_) [[unlikely]] {
    node_.count_drop(&kLinkDown, frame.bytes());
    return;
  }
  ++counters_.sent_frames;
  counters_.sent_bytes += frame.size();
  observe(Direction::kOut, frame.bytes());
  medium_->transmit(*this, std::move(frame));
}

void Nic::deliver(Packet frame) {
  if (!up_) [[unlikely]] {
    node_.count_drop(&kLinkDown, frame.bytes());
    return;
  }
  ++counters_.received_frames;
  counters_.received_bytes += frame.size();
  observe(Direction::kIn, frame.bytes());
  if (receiver_ != nullptr) receiver_->on_frame(*this, std::move(frame));
}

void Nic::observe(Direction direction, Bytes frame) {
  if (!observers_.empty()) [[unlikely]] {
    const Shard& shard = node_.shard();
    if (shard.observations == nullptr) {
      tell_observers(direction, shard.now, frame);
    } else {
      shard.observations->add_frame({shard.now, shard.tie}, *this, direction, frame);
    }
  }
  if (simulation_.trace_hash_enabled()) [[unlikely]] {
    node_.mix_into_trace_hash(std::uint64_t{index_} << 1 | static_cast<std::uint64_t>(direction), frame);
  }
}

void Nic::tell_observers(Direction direction, Time now, Bytes frame) const {
  for (FrameObserver* observer : observers_) observer->on_frame(*this, direction, now, frame);
}

void Nic::join(MacAddress group) {
  for (auto& [address, count] : groups_) {
    if (address == group) {
      ++count;
      return;
    }
  }
  groups_.emplace_back(group, 1);
  if (medium_ != nullptr) medium_->on_nic_changed(*this);
}

void Nic::leave(MacAddress group) {
  const auto it = std::ranges::find(groups_, group, &std::pair<MacAddress, std::uint32_t>::first);
  if (it == groups_.end() || --it->second > 0) return;
  groups_.erase(it);
  if (medium_ != nullptr) medium_->on_nic_changed(*this);
}

void Nic::leave_all() {
  groups_.clear();
  if (medium_ != nullptr) medium_->on_nic_changed(*this);
}

void Nic::set_promiscuous(bool on) {
  promiscuous_ = on;
  if (medium_ != nullptr) medium_->on_nic_changed(*this);
}

bool Nic::accepts_group(MacAddress group) const {
  if (all_groups_ || group == MacAddress::broadcast()) return true;
  return std::ranges::find(groups_, group, &std::pair<MacAddress, std::uint32_t>::first) != groups_.end();
}

void Nic::add_observer(FrameObserver* observer) { observers_.push_back(observer); }

void Nic::remove_observer(FrameObserver* observer) { std::erase(observers_, observer); }

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
