#include "sim/simulation.h"

#include <algorithm>

#include "sim/medium.h"
#include "sim/node.h"
#include "sim/parallel_run.h"

namespace kamesim {

// A callable scheduled from outside the nodes; owned by the simulation until it has run.
struct Simulation::Call : Event {
  Call(Simulation& s, std::function<void()> f)
      : Event(kKind), simulation(s), function(std::move(f)) {}
  static void fire(Event& event) {
    auto& call = static_cast<Call&>(event);
    const auto self = std::move(call.simulation.calls_.extract(&call).mapped());
    call.function();
  }
  static constexpr Kind kKind{&Call::fire};
  Simulation& simulation;
  std::function<void()> function;
};

Actor::Actor(Simulation& simulation, std::string_view name)
    : shard_(&simulation.main_), tie_(std::uint64_t{simulation.next_actor_id()} << kSequenceBits),
      name_(simulation.words_.name(name)) {}

std::string Actor::name() const { return simulation().words_.text(name_); }

RandomStream Actor::stream(std::string_view purpose) const {
  const std::uint64_t owner = simulation().words_.stable_hash(name_);
  if (epoch_ == 0) return RandomStream(simulation().seed(), owner, purpose);
  return RandomStream(simulation().seed(), owner, std::string(purpose) + "#" + std::to_string(epoch_));
}

Simulation::Simulation(std::uint64_t seed) : seed_(seed), world_(std::make_unique<Actor>(*this, "world")) {}

// The end is not an event: nobody is told. Media go in the reverse order, as later ones build on earlier ones.
Simulation::~Simulation() {
  for (const auto& node : nodes_) {
    node->set_drop_observer(nullptr);
    for (Nic* nic : node->nics()) nic->set_receiver(nullptr);
  }
  nodes_.clear();
  while (!media_.empty()) media_.pop_back();
}

ActorId Simulation::next_actor_id() {
  if (actors_ == Actor::kMaxActors) throw SimulationError("a simulation holds at most 16777216 nodes and links");
  return actors_++;
}

Node& Simulation::add_node(std::string name) {
  if (name.empty()) throw SimulationError("a node needs a name that is not empty");
  if (find_node(name) != nullptr) throw SimulationError("there is already a node named '" + name + "'");
  nodes_.push_back(std::make_unique<Node>(*this, name));
  topology_changed();
  nodes_by_name_.add(name, static_cast<std::uint32_t>(nodes_.size() - 1));
  return *nodes_.back();
}

Node* Simulation::find_node(std::string_view name) const {
  const std::uint32_t place = nodes_by_name_.find(name);
  return place == NameIndex::kNone ? nullptr : nodes_[place].get();
}

void Simulation::adopt(std::unique_ptr<Medium> medium) {
  media_.push_back(std::move(medium));
  topology_changed();
}

void Simulation::at(Time at, std::function<void()> call) {
  if (parallel_ && PacketPool::used_on_this_thread()) {
    throw SimulationError("what runs on a node cannot schedule for the whole network in a run with several threads; "
                          "use a timer of the node, or threads=1");
  }
  if (at < now()) {
    throw SimulationError("cannot schedule at " + std::to_string(at.to_seconds()) + " s: it is already " +
                          std::to_string(now().to_seconds()) + " s");
  }
  auto owned = std::make_unique<Call>(*this, std::move(call));
  Call& event = *owned;
  calls_.emplace(&event, std::move(owned));
  main_.events.schedule(event, world_->next_key(at));
}

void Simulation::run_until(Time until) {
  stop_requested_ = false;
  while (main_.fire_next(until)) {
    if (stop_requested_) [[unlikely]] return;
  }
  if (main_.now < until) main_.now = until;
}

void Simulation::run_until(Time until, std::uint32_t threads, const std::function<void()>& between) {
  stop_requested_ = false;
  while (ParallelRun(*this, std::max(threads, 1u)).run(until, between) == ParallelRun::End::kTopologyChanged) {
  }
}

bool Simulation::step(Time limit) {
  return main_.fire_next(limit);
}

void Simulation::advance_to(Time t) {
  if (t < now() || (!main_.events.empty() && main_.events.next_key().time < t)) {
    throw SimulationError("advance_to would skip an event or go back in time");
  }
  main_.now = t;
}

void Simulation::enable_trace_hash() {
  trace_hash_enabled_ = true;
  for (const auto& node : nodes_) {
    for (Nic* nic : node->nics()) nic->update_watched();
  }
}

std::size_t Simulation::packet_buffers() const {
  std::size_t sum = main_.packets.buffers_allocated();
  for (const auto& shard : shards_) sum += shard->packets.buffers_allocated();
  return sum;
}

std::uint64_t Simulation::trace_hash() const {
  std::uint64_t sum = 0;
  for (const auto& node : nodes_) sum += node->trace_hash() * (stable_hash(node->name()) | 1);
  return sum;
}

}  // namespace kamesim
