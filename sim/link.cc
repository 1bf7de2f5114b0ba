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
  if (link.tapped()) [[unlikely]] link.show_taps(frame, nullptr);
  Nic* const nic = link.ends_[kEnd];
  if (nic != nullptr && nic->accepts(frame.data())) nic->deliver(std::move(frame));
}

template <std::size_t kEnd>
void PointToPointLink::end_is_idle(void* target) {
  auto& link = *static_cast<PointToPointLink*>(target);
  if (link.pipes_given_back_[kEnd] == kToStay) return;
  ++link.pipes_given_back_[kEnd];
  link.shard_at(kEnd).pipes.give_back(link.take_pipe_to(kEnd));
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

PointToPointLink::~PointToPointLink() {
  for (std::size_t i = 0; i < ends_.size(); ++i) take_pipe_to(i);
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
  return ends_[end] != nullptr ? ends_[end]->node().shard() : shard();
}

Pipe* PointToPointLink::pipe_to(std::size_t end) const {
  if (const Nic* const sender = ends_[1 - end]; sender != nullptr) return sender->pipe();
  return rare_ != nullptr ? rare_->without_sender[end].get() : nullptr;
}

std::unique_ptr<Pipe> PointToPointLink::take_pipe_to(std::size_t end) {
  if (Nic* const sender = ends_[1 - end]; sender != nullptr) {
    std::unique_ptr<Pipe> pipe(sender->pipe());
    sender->set_pipe(nullptr);
    return pipe;
  }
  return rare_ != nullptr ? std::move(rare_->without_sender[end]) : nullptr;
}

void PointToPointLink::put_pipe_to(std::size_t end, std::unique_ptr<Pipe> pipe) {
  if (Nic* const sender = ends_[1 - end]; sender != nullptr) {
    sender->set_pipe(pipe.release());
  } else if (pipe != nullptr) {
    rare().without_sender[end] = std::move(pipe);
  }
}

Pipe& PointToPointLink::make_pipe_to(std::size_t end) {
  Shard& sender = shard_at(1 - end);
  std::unique_ptr<Pipe> made = sender.pipes.take(*this, this, kEndKinds[end], *config_);
  Pipe& pipe = *made;
  pipe.set_shards(sender, shard_at(end));
  put_pipe_to(end, std::move(made));
  join_pipe_to(end);
  return pipe;
}

// What comes to an end goes to its NIC, unless taps are to see it before.
void PointToPointLink::join_pipe_to(std::size_t end) {
  if (Pipe* const pipe = pipe_to(end); pipe != nullptr) pipe->set_receiver(tapped() ? nullptr : ends_[end]);
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
  if (has_both_ends()) throw SimulationError("link '" + name() + "' has both its ends already");
  const std::size_t free = ends_[0] == nullptr ? 0 : 1;
  std::unique_ptr<Pipe> from_there = take_pipe_to(1 - free);
  ends_[free] = &nic;
  put_pipe_to(1 - free, std::move(from_there));
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
  for (Nic* const& end : ends_) {
    if (end != nullptr) end->set_attachment(this, carrier);
  }
  for (std::size_t i = 0; i < taps().size(); ++i) {
    if (taps()[i]->nic != nullptr) taps()[i]->nic->set_attachment(this, up_);
  }
}

void PointToPointLink::lose_all() {
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    Pipe* const pipe = pipe_to(i);
    if (pipe != nullptr && !pipe->empty()) pipe->lose_all(ends_[1 - i]->node());
  }
  for (const auto& tap : taps()) tap->pipe.lose_all(tap->node);
}

void PointToPointLink::set_config(const LinkConfig& config) {
  use(config);
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    if (Pipe* const pipe = pipe_to(i); pipe != nullptr) pipe->set_config(*config_);
  }
  for (const auto& tap : taps()) tap->pipe.set_config(*config_);
  simulation().topology_changed();
  for (Nic* const& end : ends_) {
    if (end != nullptr) end->mtu_changed();
  }
}

void PointToPointLink::describe(ShardGraph& graph) const {
  if (has_both_ends() && !tapped() && config_->delay > Duration()) {
    graph.join(*this, end(0)->node());
    graph.connect(end(0)->node(), end(1)->node(), config_->delay,
                  end(0)->counters().sent_frames + end(1)->counters().sent_frames);
    return;
  }
  for (const Nic* const end : ends_) {
    if (end != nullptr) graph.join(*this, end->node());
  }
  for (const auto& tap : taps()) graph.join(*this, tap->node);
}

void PointToPointLink::on_shards_changed() {
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    if (Pipe* const pipe = pipe_to(i); pipe != nullptr) pipe->set_shards(shard_at(1 - i), shard_at(i));
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
  const bool of_first = &from == ends_[0];
  Pipe& pipe = !of_first && &from != ends_[1] ? find_tap(from)->pipe
               : from.pipe() != nullptr       ? *from.pipe()
                                              : make_pipe_to(of_first ? 1 : 0);
  pipe.push(from.node(), std::move(frame));
}

void PointToPointLink::arrive_from_tap(void* target, Packet&& frame) {
  if (!frame) return;  // lost
  const Tap& tap = *static_cast<Tap*>(target);
  PointToPointLink& link = tap.link;
  const HandingOut guard(link.handing_out_);
  link.show_taps(frame, &tap);
  for (Nic* const& end : link.ends_) {
    if (end != nullptr && end->accepts(frame.data())) end->deliver(frame.share());
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
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    if (ends_[i] != &nic) continue;
    std::unique_ptr<Pipe> from_here = take_pipe_to(1 - i);
    ends_[i] = nullptr;
    put_pipe_to(1 - i, std::move(from_here));
    join_pipe_to(i);
  }
  nic.set_attachment(nullptr, false);
  update_carrier();
}

std::size_t PointToPointLink::heap_bytes() const {
  std::size_t bytes = rare_ != nullptr ? sizeof(Rare) + taps().size() * sizeof(Tap) : 0;
  if (rare_ != nullptr && rare_->config != nullptr) bytes += sizeof(LinkConfig);
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    if (const Pipe* const pipe = pipe_to(i); pipe != nullptr) bytes += sizeof(Pipe) + pipe->heap_bytes();
  }
  return bytes;
}

}  // namespace kamesim
