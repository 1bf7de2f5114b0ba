#include "sim/node.h"

#include <algorithm>

#include "sim/mobility.h"
#include "sim/observation_log.h"
#include "sim/simulation.h"

namespace kamesim {

namespace {
// 02 (locally administered), the node's number, the NIC's number.
MacAddress default_mac(ActorId node, std::uint32_t nic) {
  return MacAddress({0x02, static_cast<std::uint8_t>(node >> 16), static_cast<std::uint8_t>(node >> 8),
                     static_cast<std::uint8_t>(node), static_cast<std::uint8_t>(nic >> 8), static_cast<std::uint8_t>(nic)});
}
}  // namespace

Node::Node(Simulation& simulation, std::string_view name) : Actor(simulation, name) {}

// A NIC that leaves its medium counts what was under way, here.
Node::~Node() {
  for (Nic* nic : nics_) delete nic;
}

Node::Rare& Node::rare() {
  if (rare_ == nullptr) rare_ = std::make_unique<Rare>();
  return *rare_;
}

Nic& Node::add_nic(std::string nic_name, std::optional<MacAddress> mac) {
  const auto index = static_cast<std::uint32_t>(nics_.size());
  // Default names differ by themselves.
  const bool may_clash = named_nics_ || !nic_name.empty();
  if (may_clash && find_nic(nic_name.empty() ? Nic::default_name(index) : nic_name) != nullptr) {
    if (nic_name.empty()) nic_name = Nic::default_name(index);
    throw SimulationError("node '" + name() + "' already has an interface named '" + nic_name + "'");
  }
  if (mac && mac->is_group()) {
    if (nic_name.empty()) nic_name = Nic::default_name(index);
    throw SimulationError("interface '" + nic_name + "' of node '" + name() + "': " + mac->to_string() +
                          " is a group address; a NIC's own address has the lowest bit of its first byte clear");
  }
  named_nics_ = named_nics_ || !nic_name.empty();
  nics_.push_back(new Nic(*this, index, std::move(nic_name), mac.value_or(default_mac(id(), index))));
  return *nics_.back();
}

Nic* Node::find_nic(std::string_view nic_name) const {
  for (Nic* nic : nics_) {
    if (nic->name() == nic_name) return nic;
  }
  return nullptr;
}

void Node::count_drop(DropReason reason, Bytes packet) {
  if (simulation().trace_hash_enabled()) mix_into_trace_hash(stable_hash(reason->name), packet);
  if (rare().drop_observer) {
    if (shard().observations == nullptr) {
      tell_drop_observer(now(), reason, packet);
    } else {
      shard().observations->add_drop({now(), shard().tie}, *this, reason, packet);
    }
  }
  if (drop_trace_enabled_) {
    const TraceField fields[] = {{"reason", std::string(reason->name)},
                                 {"rule", std::string(reason->rule)},
                                 {"bytes", static_cast<std::int64_t>(packet.size())}};
    record(kTraceDrop, fields);
  }
  for (auto& [known, count] : rare_->drops) {
    if (known == reason) {
      ++count;
      return;
    }
  }
  rare_->drops.emplace_back(reason, 1);
}

std::uint64_t Node::drops(std::string_view reason_name) const {
  if (rare_ == nullptr) return 0;
  for (const auto& [reason, count] : rare_->drops) {
    if (reason->name == reason_name) return count;
  }
  return 0;
}

std::vector<std::pair<DropReason, std::uint64_t>> Node::drops() const {
  if (rare_ == nullptr) return {};
  auto sorted = rare_->drops;
  std::ranges::sort(sorted, {}, [](const auto& entry) { return entry.first->name; });
  return sorted;
}

void Node::record(const TraceKind& kind, std::span<const TraceField> fields) {
  rare().trace.add(now(), kind, fields);
}

void Node::mix_into_trace_hash(std::uint64_t tag, Bytes bytes) {
  constexpr std::uint64_t kMultiplier = 0x9fb21c651e98df25ull;
  std::uint64_t hash = rare().hash;
  auto mix = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * kMultiplier;
    hash ^= hash >> 29;
  };
  mix(static_cast<std::uint64_t>(now().ns()));
  mix(tag << 32 ^ bytes.size());
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) mix(load_be64(bytes.data() + i));
  for (; i < bytes.size(); ++i) mix(bytes[i]);
  rare_->hash = hash;
}

void Node::set_drop_observer(DropObserver observer) {
  if (observer != nullptr || rare_ != nullptr) rare().drop_observer = std::move(observer);
}

std::vector<TraceRecord> Node::trace_records() const {
  return rare_ != nullptr ? rare_->trace.records() : std::vector<TraceRecord>();
}

Mobility* Node::mobility() const { return rare_ != nullptr ? rare_->mobility.get() : nullptr; }

void Node::set_mobility(std::unique_ptr<Mobility> mobility) { rare().mobility = std::move(mobility); }

std::size_t Node::heap_bytes() const {
  const std::size_t bytes = nics_.heap_bytes();
  if (rare_ == nullptr) return bytes;
  return bytes + sizeof(Rare) + rare_->drops.capacity() * sizeof(rare_->drops[0]) + rare_->trace.heap_bytes();
}

}  // namespace kamesim
