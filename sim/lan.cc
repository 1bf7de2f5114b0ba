#include "sim/lan.h"

#include <algorithm>

#include "sim/nic.h"
#include "sim/node.h"
#include "sim/simulation.h"

namespace kamesim {

Lan::Station::Station(Lan& lan, Nic& nic, RandomStream random)
    : lan(lan), nic(&nic), mac(nic.mac().to_uint64()), pipe(lan.simulation(), random, this, &Lan::arrive) {}

Lan::Lan(Simulation& simulation, std::string name, const LinkConfig& config)
    : Medium(simulation, std::move(name)), config_(config) {
  config.validate("LAN '" + this->name() + "'");
}

Lan::~Lan() = default;

void Lan::attach(Nic& nic) {
  if (nic.medium() != nullptr) {
    throw SimulationError("LAN '" + name() + "': " + nic.node().name() + ":" + nic.name() + " is attached to '" +
                          nic.medium()->name() + "' already; detach it first");
  }
  if (delivering_ == 0) std::erase_if(stations_, [](const auto& s) { return s->nic == nullptr; });
  stations_.push_back(std::make_unique<Station>(*this, nic, stream(nic.node().name() + ":" + nic.name())));
  Station& station = *stations_.back();
  by_mac_[station.mac].push_back(&station);
  by_nic_.emplace(&nic, &station);
  ++present_;
  on_nic_changed(nic);
  nic.set_attachment(this, up_);
}

void Lan::detach(Nic& nic) {
  Station* station = find(nic);
  if (station == nullptr) return;
  station->pipe.lose_all(nic.node());
  std::erase(by_mac_[station->mac], station);
  by_nic_.erase(&nic);
  station->nic = nullptr;
  if (station->promiscuous) --listeners_;
  --present_;
  nic.set_attachment(nullptr, false);
}

Lan::Station* Lan::find(const Nic& nic) const {
  const auto it = by_nic_.find(&nic);
  return it == by_nic_.end() ? nullptr : it->second;
}

void Lan::on_nic_changed(Nic& nic) {
  Station* station = find(nic);
  if (station == nullptr) return;
  if (station->promiscuous != nic.promiscuous()) {
    station->promiscuous = nic.promiscuous();
    listeners_ += station->promiscuous ? 1 : -1;
  }
  if (station->mac == nic.mac().to_uint64()) return;
  std::erase(by_mac_[station->mac], station);
  station->mac = nic.mac().to_uint64();
  by_mac_[station->mac].push_back(station);
}

void Lan::set_config(const LinkConfig& config) {
  config.validate("LAN '" + name() + "'");
  config_ = config;
}

void Lan::set_up(bool up) {
  up_ = up;
  for (std::size_t i = 0; i < stations_.size(); ++i) {
    Station& station = *stations_[i];
    if (station.nic == nullptr) continue;
    if (!up) station.pipe.lose_all(station.nic->node());
    station.nic->set_attachment(this, up);
  }
}

void Lan::transmit(Nic& from, Packet frame) { find(from)->pipe.push(from.node(), config_, std::move(frame)); }

void Lan::arrive(void* target, Pipe&, Packet frame) {
  auto* station = static_cast<Station*>(target);
  station->lan.deliver(station, nullptr, std::move(frame));
}

void Lan::deliver(Station* from, const LanExtension* by, Packet frame) {
  const bool group = (frame.data()[0] & 1) != 0;
  if (!group && listeners_ == 0 && extensions_.empty()) {
    const auto it = by_mac_.find(MacAddress::from_bytes(frame.data()).to_uint64());
    if (it == by_mac_.end() || it->second.empty()) return;
    if (it->second.size() == 1) {
      if (it->second.front() != from) it->second.front()->nic->deliver(std::move(frame));
      return;
    }
  }
  ++delivering_;
  // A station that joins while the frame is handed out was not there when it was sent.
  const std::size_t count = stations_.size();
  for (std::size_t i = 0; i < count; ++i) {
    Station& to = *stations_[i];
    if (&to != from && to.nic != nullptr && to.nic->accepts(frame.data())) to.nic->deliver(frame.share());
  }
  for (std::size_t i = 0; i < extensions_.size(); ++i) {
    if (extensions_[i] != by) extensions_[i]->on_lan_frame(frame);
  }
  --delivering_;
}

}  // namespace kamesim
