#include "sim/tester_port.h"

#include "sim/lan.h"
#include "sim/link.h"
#include "sim/node.h"

namespace kamesim {

namespace {

std::string free_name(const Simulation& simulation) {
  for (unsigned n = 1;; ++n) {
    std::string name = "tester" + std::to_string(n);
    if (simulation.find_node(name) == nullptr) return name;
  }
}

Nic& add_node_with_nic(Simulation& simulation, std::string name) {
  return simulation.add_node(name.empty() ? free_name(simulation) : std::move(name)).add_nic();
}

Time deadline_of(Time now, Duration timeout) {
  if (timeout < Duration() || timeout > Time::max() - now) {
    throw SimulationError("timeout is " + std::to_string(timeout.to_seconds()) +
                          " s; it must be 0 or more, and end before the clock does (292 years)");
  }
  return now + timeout;
}

}  // namespace

TesterPort::TesterPort(Simulation& simulation, TesterPortConfig config)
    : simulation_(simulation), nic_(add_node_with_nic(simulation, std::move(config.name))) {
  nic_.set_receiver(this);
  nic_.set_promiscuous(!config.only_own_address);
}

TesterPort::TesterPort(Lan& lan, TesterPortConfig config) : TesterPort(lan.simulation(), std::move(config)) {
  lan.attach(nic_);
}

TesterPort::TesterPort(PointToPointLink& link, TesterPortConfig config)
    : TesterPort(link.simulation(), std::move(config)) {
  link.has_both_ends() ? link.attach_tap(nic_) : link.attach(nic_);
}

TesterPort::~TesterPort() { close(); }

std::string TesterPort::name() const { return nic_.node().name(); }

void TesterPort::send(Bytes frame) {
  if (closed_) throw SimulationError("tester port '" + name() + "' is closed");
  if (frame.size() < Nic::kEthernetHeaderSize) {
    throw SimulationError("tester port '" + name() + "': the frame has " + std::to_string(frame.size()) +
                          " bytes; an Ethernet header alone has 14");
  }
  nic_.send(nic_.node().packets().copy_of(frame));
}

void TesterPort::on_frame(Nic&, Packet frame) {
  frames_.push_back({nic_.node().now(), {frame.bytes().begin(), frame.bytes().end()}});
}

TesterPort::Frame TesterPort::take() {
  Frame frame = std::move(frames_.front());
  frames_.pop_front();
  return frame;
}

std::optional<TesterPort::Frame> TesterPort::recv(Duration timeout) {
  TesterPort* const self[] = {this};
  auto received = recv_any(self, timeout);
  if (!received) return std::nullopt;
  return std::move(received->second);
}

std::optional<std::pair<std::size_t, TesterPort::Frame>> TesterPort::recv_any(std::span<TesterPort* const> ports,
                                                                              Duration timeout) {
  if (ports.empty()) throw SimulationError("recv_any needs at least one tester port");
  auto take_earliest = [&]() -> std::optional<std::pair<std::size_t, Frame>> {
    std::optional<std::size_t> first;
    for (std::size_t i = 0; i < ports.size(); ++i) {
      if (ports[i]->frames_.empty()) continue;
      if (!first || ports[i]->frames_.front().time < ports[*first]->frames_.front().time) first = i;
    }
    if (!first) return std::nullopt;
    return std::pair(*first, ports[*first]->take());
  };
  Simulation& simulation = ports.front()->simulation_;
  const Time deadline = deadline_of(simulation.now(), timeout);
  if (auto waiting = take_earliest()) return waiting;
  for (const TesterPort* port : ports) {
    if (port->closed_) throw SimulationError("tester port '" + port->name() + "' is closed");
    if (&port->simulation_ != &simulation) throw SimulationError("the tester ports belong to different simulations");
  }
  simulation.clear_stop();
  while (simulation.step(deadline)) {
    if (auto arrived = take_earliest()) return arrived;
    if (simulation.stop_requested()) return std::nullopt;
  }
  simulation.advance_to(deadline);
  return std::nullopt;
}

void TesterPort::close() {
  if (closed_) return;
  closed_ = true;
  nic_.set_receiver(nullptr);
  if (nic_.medium() != nullptr) nic_.medium()->detach(nic_);
}

}  // namespace kamesim
