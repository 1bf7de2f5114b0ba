// The time that cryptography takes, where a run gives it one: a processor that does one packet after the other.
#include <algorithm>

#include "protocols/ipsec/drops.h"
#include "protocols/ipsec/kernel.h"

namespace kamesim::ipsec {

namespace {

constexpr std::size_t kMaxWaiting = 1000;

}  // namespace

// What arrived waits as it came, and is looked at when its time has come; what goes out is sealed, and waits to be
// sent.
void IpsecKernel::wait(Packet packet, const Ip6Interface* interface, bool arrived, bool flag) {
  if (waiting_.size() >= kMaxWaiting) return stack_.drop(kCryptographyBusy, packet.bytes());
  const auto octets = static_cast<double>(packet.size());
  const Duration cost = config.cost_per_packet + Duration::from_seconds(config.cost_per_kilobyte.to_seconds() *
                                                                        octets / 1000);
  busy_until_ = std::max(busy_until_, stack_.now()) + cost;
  waiting_.push_back({std::move(packet), busy_until_, interface != nullptr ? interface->index() : 0, arrived, flag});
  if (waiting_.size() == 1) work_timer_.arm_at(busy_until_);
}

void IpsecKernel::work_done() {
  Waiting done = std::move(waiting_.front());
  waiting_.pop_front();
  if (!waiting_.empty()) work_timer_.arm_at(waiting_.front().ready);
  Ip6Interface* interface = nullptr;
  for (const auto& candidate : stack_.interfaces()) {
    if (candidate->index() == done.interface_index) interface = candidate.get();
  }
  if (!done.arrived) {
    stack_.output_protected(std::move(done.packet), interface, done.flag);
    return;
  }
  if (interface == nullptr) return;  // it has gone meanwhile
  worked_on_ = true;
  stack_.input(*interface, std::move(done.packet), done.flag);
  worked_on_ = false;
}

}  // namespace kamesim::ipsec
