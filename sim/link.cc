#include "sim/link.h"

#include "sim/handing_out.h"
#include "sim/nic.h"
#include "sim/node.h"
#include "sim/shard_graph.h"
#include "sim/simulation.h"

namespace kamesim {

namespace {
std::string full_name(const Nic& nic) { return nic.node().name() + ":" + nic.name(); }
}  // namespace

PointToPointLink::PointToPointLink(Simulation& simulation, std::string name, const LinkConfig& config)
    : Medium(simulation, std::move(name)),
      config_(config),
      ends_{End{*this, nullptr, Pipe(*this, stream("link.0"), &ends_[0], &PointToPointLink::arrive_at_end)},
            End{*this, nullptr, Pipe(*this, stream("link.1"), &ends_[1], &PointToPointLink::arrive_at_end)}} {
  config.validate("link '" + this->name() + "'");
}

PointToPointLink::Tap::Tap(PointToPointLink& link, Nic& nic)
    : link(link),
      node(nic.node()),
      nic(&nic),
      pipe(link, link.stream("tap " + full_name(nic)), this, &PointToPointLink::arrive_from_tap) {}

void PointToPointLink::check_not_attached(const Nic& nic) const {
  if (nic.medium() == nullptr) return;
  throw SimulationError("link '" + name() + "': " + full_name(nic) + " is attached to '" + nic.medium()->name() +
                        "' already; detach it first");
}

void PointToPointLink::attach(Nic& a, Nic& b) {
  if (&a == &b) throw SimulationError("link '" + name() + "' would join " + full_name(a) + " to itself");
  check_not_attached(b);
  attach(a);
  attach(b);
}

void PointToPointLink::attach(Nic& nic) {
  check_not_attached(nic);
  End* free = ends_[0].nic == nullptr ? &ends_[0] : ends_[1].nic == nullptr ? &ends_[1] : nullptr;
  if (free == nullptr) throw SimulationError("link '" + name() + "' has both its ends already");
  free->nic = &nic;
  nic.set_attachment(this, false);
  simulation().topology_changed();
  update_carrier();
}

void PointToPointLink::attach_tap(Nic& nic) {
  check_not_attached(nic);
  if (handing_out_ == 0) {
    std::erase_if(taps_, [](const auto& tap) { return tap->nic == nullptr && tap->pipe.empty(); });
  }
  taps_.push_back(std::make_unique<Tap>(*this, nic));
  simulation().topology_changed();
  nic.set_attachment(this, up_);
}

void PointToPointLink::update_carrier() {
  const bool carrier = up_ && has_both_ends();
  const HandingOut guard(handing_out_);
  // The second end may act, and even leave, as soon as the first is told.
  for (End& end : ends_) {
    if (end.nic != nullptr) end.nic->set_attachment(this, carrier);
  }
  for (std::size_t i = 0; i < taps_.size(); ++i) {
    if (taps_[i]->nic != nullptr) taps_[i]->nic->set_attachment(this, up_);
  }
}

void PointToPointLink::lose_all() {
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    if (!ends_[i].pipe.empty()) ends_[i].pipe.lose_all(ends_[1 - i].nic->node());
  }
  for (const auto& tap : taps_) tap->pipe.lose_all(tap->node);
}

void PointToPointLink::set_config(const LinkConfig& config) {
  config.validate("link '" + name() + "'");
  config_ = config;
  simulation().topology_changed();
  for (const End& end : ends_) {
    if (end.nic != nullptr) end.nic->mtu_changed();
  }
}

void PointToPointLink::describe(ShardGraph& graph) const {
  if (has_both_ends() && taps_.empty() && config_.delay > Duration()) {
    graph.join(*this, end(0)->node());
    graph.connect(end(0)->node(), end(1)->node(), config_.delay);
    return;
  }
  for (const End& end : ends_) {
    if (end.nic != nullptr) graph.join(*this, end.nic->node());
  }
  for (const auto& tap : taps_) graph.join(*this, tap->node);
}

void PointToPointLink::on_shards_changed() {
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    Shard& receiver = ends_[i].nic != nullptr ? ends_[i].nic->node().shard() : shard();
    Shard& sender = ends_[1 - i].nic != nullptr ? ends_[1 - i].nic->node().shard() : receiver;
    ends_[i].pipe.set_shards(sender, receiver);
  }
  for (const auto& tap : taps_) tap->pipe.set_shards(shard(), shard());
}

void PointToPointLink::set_up(bool up) {
  up_ = up;
  if (!up) lose_all();
  update_carrier();
}

PointToPointLink::Tap* PointToPointLink::find_tap(const Nic& nic) const {
  for (const auto& tap : taps_) {
    if (tap->nic == &nic) return tap.get();
  }
  return nullptr;
}

void PointToPointLink::transmit(Nic& from, Packet frame) {
  Pipe& pipe = &from == ends_[0].nic   ? ends_[1].pipe
               : &from == ends_[1].nic ? ends_[0].pipe
                                       : find_tap(from)->pipe;
  pipe.push(from.node(), config_, std::move(frame));
}

void PointToPointLink::arrive_at_end(void* target, Pipe&, Packet frame) {
  End& end = *static_cast<End*>(target);
  if (!end.link.taps_.empty()) [[unlikely]] end.link.show_taps(frame, nullptr);
  if (end.nic != nullptr && end.nic->accepts(frame.data())) end.nic->deliver(std::move(frame));
}

void PointToPointLink::arrive_from_tap(void* target, Pipe&, Packet frame) {
  const Tap& tap = *static_cast<Tap*>(target);
  PointToPointLink& link = tap.link;
  const HandingOut guard(link.handing_out_);
  link.show_taps(frame, &tap);
  for (End& end : link.ends_) {
    if (end.nic != nullptr && end.nic->accepts(frame.data())) end.nic->deliver(frame.share());
  }
}

void PointToPointLink::show_taps(const Packet& frame, const Tap* but) {
  const HandingOut guard(handing_out_);
  const std::size_t count = taps_.size();  // who joins while the frame is handed out was not there when it was sent
  for (std::size_t i = 0; i < count; ++i) {
    const Tap& tap = *taps_[i];
    if (&tap != but && tap.nic != nullptr && tap.nic->accepts(frame.data())) tap.nic->deliver(frame.share());
  }
}

void PointToPointLink::detach(Nic& nic) {
  simulation().topology_changed();
  if (Tap* tap = find_tap(nic); tap != nullptr) {
    tap->pipe.lose_waiting(tap->node);
    tap->nic = nullptr;
    return nic.set_attachment(nullptr, false);
  }
  lose_all();
  for (End& end : ends_) {
    if (end.nic == &nic) end.nic = nullptr;
  }
  nic.set_attachment(nullptr, false);
  update_carrier();
}

}  // namespace kamesim
