#include "sim/link.h"

#include "sim/nic.h"
#include "sim/node.h"
#include "sim/simulation.h"

namespace kamesim {

namespace {
std::string full_name(const Nic& nic) { return nic.node().name() + ":" + nic.name(); }
}  // namespace

PointToPointLink::PointToPointLink(Simulation& simulation, std::string name, const LinkConfig& config)
    : Medium(simulation, std::move(name)),
      config_(config),
      ends_{End{nullptr, Pipe(simulation, stream("link.0"), &ends_[0], &PointToPointLink::arrive)},
            End{nullptr, Pipe(simulation, stream("link.1"), &ends_[1], &PointToPointLink::arrive)}} {
  config.validate("link '" + this->name() + "'");
}

void PointToPointLink::attach(Nic& a, Nic& b) {
  if (&a == &b) throw SimulationError("link '" + name() + "' would join " + full_name(a) + " to itself");
  attach(a);
  attach(b);
}

void PointToPointLink::attach(Nic& nic) {
  if (nic.medium() != nullptr) {
    throw SimulationError("link '" + name() + "': " + full_name(nic) + " is attached to '" + nic.medium()->name() +
                          "' already; detach it first");
  }
  End* free = ends_[0].nic == nullptr ? &ends_[0] : ends_[1].nic == nullptr ? &ends_[1] : nullptr;
  if (free == nullptr) throw SimulationError("link '" + name() + "' has both its ends already");
  free->nic = &nic;
  nic.set_attachment(this, false);
  update_carrier();
}

void PointToPointLink::update_carrier() {
  const bool carrier = up_ && ends_[0].nic != nullptr && ends_[1].nic != nullptr;
  // The second end may act, and even leave, as soon as the first is told.
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    if (ends_[i].nic != nullptr) ends_[i].nic->set_attachment(this, carrier);
  }
}

void PointToPointLink::lose_all() {
  for (End& end : ends_) {
    if (!end.pipe.empty()) end.pipe.clear(end.nic->node(), kLinkDown);
  }
}

void PointToPointLink::set_config(const LinkConfig& config) {
  config.validate("link '" + name() + "'");
  config_ = config;
}

void PointToPointLink::set_up(bool up) {
  up_ = up;
  if (!up) lose_all();
  update_carrier();
}

void PointToPointLink::transmit(Nic& from, Packet frame) {
  End& to = ends_[&from == ends_[0].nic ? 1 : 0];
  to.pipe.push(from.node(), config_, std::move(frame));
}

void PointToPointLink::arrive(void* target, Pipe&, Packet frame) {
  Nic* nic = static_cast<End*>(target)->nic;
  if (nic->accepts(frame.data())) nic->deliver(std::move(frame));
}

void PointToPointLink::detach(Nic& nic) {
  lose_all();
  for (End& end : ends_) {
    if (end.nic == &nic) end.nic = nullptr;
  }
  nic.set_attachment(nullptr, false);
  update_carrier();
}

}  // namespace kamesim
