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

template <std::size_t kEnd>
RandomStream PointToPointLink::end_stream(const void* link) {
  return static_cast<const PointToPointLink*>(link)->stream(kEnd == 0 ? "link.0" : "link.1");
}

template <std::size_t kEnd>
void PointToPointLink::arrive_at_end(void* target, Packet&& frame) {
  if (!frame) return;  // lost
  auto& link = *static_cast<PointToPointLink*>(target);
  const End& end = link.ends_[kEnd];
  if (link.tapped()) [[unlikely]] link.show_taps(frame, nullptr);
  if (end.nic != nullptr && end.nic->accepts(frame.data())) end.nic->deliver(std::move(frame));
}

template <std::size_t kEnd>
void PointToPointLink::end_is_idle(void* target) {
  auto& link = *static_cast<PointToPointLink*>(target);
  if (link.pipes_given_back_[kEnd] == kToStay) return;
  ++link.pipes_given_back_[kEnd];
  if (Nic* const sender = link.ends_[1 - kEnd].nic; sender != nullptr) sender->set_pipe(nullptr);
  link.shard_at(kEnd).pipes.give_back(std::move(link.ends_[kEnd].pipe));
}

RandomStream PointToPointLink::tap_stream(const void* target) {
  const Tap& tap = *static_cast<const Tap*>(target);
  return tap.link.stream("tap " + full_name(*tap.nic));
}

const std::array<Pipe::Kind, 2> PointToPointLink::kEndKinds{
    Pipe::Kind{&PointToPointLink::arrive_at_end<0>, &PointToPointLink::end_stream<0>, &PointToPointLink::end_is_idle<0>},
    Pipe::Kind{&PointToPointLink::arrive_at_end<1>, &PointToPointLink::end_stream<1>, &PointToPointLink::end_is_idle<1>}};
const Pipe::Kind PointToPointLink::kTapKind{&PointToPointLink::arrive_from_tap, &PointToPointLink::tap_stream};

PointToPointLink::PointToPointLink(Simulation& simulation, std::string_view name, const LinkConfig& config)
    : Medium(simulation, name) {
  use(config);
}

void PointToPointLink::use(const LinkConfig& config) {
  if (!config.valid()) config.validate("link '" + name() + "'");
  config_ = simulation().shared<LinkConfigs>().find(config);
  if (config_ == nullptr) {
    rare().config = std::make_unique<const LinkConfig>(config);
    config_ = rare_->config.get();
  } else if (rare_ != nullptr) {
    rare_->config.reset();
  }
}

PointToPointLink::Rare& PointToPointLink::rare() {
  if (rare_ == nullptr) rare_ = std::make_unique<Rare>();
  return *rare_;
}

PointToPointLink::Tap::Tap(PointToPointLink& link, Nic& nic)
    : link(link), node(nic.node()), nic(&nic), pipe(link, this, kTapKind, *link.config_) {}

// Frames to an end arrive in the shard of its node.
Shard& PointToPointLink::shard_at(std::size_t end) {
  return ends_[end].nic != nullptr ? ends_[end].nic->node().shard() : shard();
}

void PointToPointLink::make_pipe_to(std::size_t end) {
  Shard& sender = shard_at(1 - end);
  std::unique_ptr<Pipe>& pipe = ends_[end].pipe;
  pipe = sender.pipes.take(*this, this, kEndKinds[end], *config_);
  pipe->set_shards(sender, shard_at(end));
  join_pipe_to(end);
}

// What comes to an end goes to its NIC, unless taps are to see it before.
void PointToPointLink::join_pipe_to(std::size_t end) {
  Pipe* const pipe = ends_[end].pipe.get();
  if (pipe != nullptr) pipe->set_receiver(tapped() ? nullptr : ends_[end].nic);
  if (Nic* const sender = ends_[1 - end].nic; sender != nullptr) sender->set_pipe(pipe);
}

inline Pipe& PointToPointLink::pipe_to(std::size_t end) {
  if (ends_[end].pipe == nullptr) [[unlikely]] make_pipe_to(end);
  return *ends_[end].pipe;
}

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
  for (std::size_t i = 0; i < ends_.size(); ++i) join_pipe_to(i);
  nic.set_attachment(this, false);
  simulation().topology_changed();
  update_carrier();
}

void PointToPointLink::attach_tap(Nic& nic) {
  check_not_attached(nic);
  if (handing_out_ == 0) {
    std::erase_if(rare().taps, [](const auto& tap) { return tap->nic == nullptr && tap->pipe.empty(); });
  }
  rare().taps.push_back(std::make_unique<Tap>(*this, nic));
  for (std::size_t i = 0; i < ends_.size(); ++i) join_pipe_to(i);
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
  for (std::size_t i = 0; i < taps().size(); ++i) {
    if (taps()[i]->nic != nullptr) taps()[i]->nic->set_attachment(this, up_);
  }
}

void PointToPointLink::lose_all() {
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    Pipe* pipe = ends_[i].pipe.get();
    if (pipe != nullptr && !pipe->empty()) pipe->lose_all(ends_[1 - i].nic->node());
  }
  for (const auto& tap : taps()) tap->pipe.lose_all(tap->node);
}

void PointToPointLink::set_config(const LinkConfig& config) {
  use(config);
  for (const End& end : ends_) {
    if (end.pipe != nullptr) end.pipe->set_config(*config_);
  }
  for (const auto& tap : taps()) tap->pipe.set_config(*config_);
  simulation().topology_changed();
  for (const End& end : ends_) {
    if (end.nic != nullptr) end.nic->mtu_changed();
  }
}

void PointToPointLink::describe(ShardGraph& graph) const {
  if (has_both_ends() && !tapped() && config_->delay > Duration()) {
    graph.join(*this, end(0)->node());
    graph.connect(end(0)->node(), end(1)->node(), config_->delay,
                  end(0)->counters().sent_frames + end(1)->counters().sent_frames);
    return;
  }
  for (const End& end : ends_) {
    if (end.nic != nullptr) graph.join(*this, end.nic->node());
  }
  for (const auto& tap : taps()) graph.join(*this, tap->node);
}

void PointToPointLink::on_shards_changed() {
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    if (ends_[i].pipe != nullptr) ends_[i].pipe->set_shards(shard_at(1 - i), shard_at(i));
  }
  for (const auto& tap : taps()) tap->pipe.set_shards(shard(), shard());
}

void PointToPointLink::set_up(bool up) {
  up_ = up;
  if (!up) lose_all();
  update_carrier();
}

PointToPointLink::Tap* PointToPointLink::find_tap(const Nic& nic) const {
  for (const auto& tap : taps()) {
    if (tap->nic == &nic) return tap.get();
  }
  return nullptr;
}

void PointToPointLink::transmit(Nic& from, Packet&& frame) {
  Pipe& pipe = &from == ends_[0].nic   ? pipe_to(1)
               : &from == ends_[1].nic ? pipe_to(0)
                                       : find_tap(from)->pipe;
  pipe.push(from.node(), std::move(frame));
}

void PointToPointLink::arrive_from_tap(void* target, Packet&& frame) {
  if (!frame) return;  // lost
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
  const std::size_t count = taps().size();  // who joins while the frame is handed out was not there when it was sent
  for (std::size_t i = 0; i < count; ++i) {
    const Tap& tap = *taps()[i];
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
    if (end.nic != &nic) continue;
    end.nic = nullptr;
    nic.set_pipe(nullptr);
    if (end.pipe != nullptr) end.pipe->set_receiver(nullptr);
  }
  nic.set_attachment(nullptr, false);
  update_carrier();
}

std::size_t PointToPointLink::heap_bytes() const {
  std::size_t bytes = rare_ != nullptr ? sizeof(Rare) + taps().size() * sizeof(Tap) : 0;
  if (rare_ != nullptr && rare_->config != nullptr) bytes += sizeof(LinkConfig);
  for (const End& end : ends_) {
    if (end.pipe != nullptr) bytes += sizeof(Pipe) + end.pipe->heap_bytes();
  }
  return bytes;
}

}  // namespace kamesim
