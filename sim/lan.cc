#include "sim/lan.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "sim/handing_out.h"
#include "sim/nic.h"
#include "sim/node.h"
#include "sim/shard_graph.h"
#include "sim/simulation.h"

namespace kamesim {

Lan::Station::Station(Lan& lan, Nic& nic)
    : lan(lan), node(nic.node()), nic(&nic), mac(nic.mac().to_uint64()), since(lan.now()),
      pipe(lan, this, kPipeKind, lan.port_) {}

// The time makes each stay's random streams others: a station that returns does not meet its old luck again.
std::string Lan::Station::purpose() const {
  return node.name() + ":" + nic->name() + " from " + std::to_string(since.ns());
}

bool Lan::Station::misses() {
  if (loss == nullptr) loss = std::make_unique<RandomStream>(lan.stream(purpose() + " receives"));
  return loss->chance(lan.config_.loss);
}

RandomStream Lan::sender_stream(const void* station) {
  const Station& sender = *static_cast<const Station*>(station);
  return sender.lan.stream(sender.purpose() + " sends");
}

Lan::Lan(Simulation& simulation, std::string name, const LinkConfig& config) : Medium(simulation, std::move(name)) {
  set_config(config);
}

Lan::~Lan() = default;

void Lan::set_config(const LinkConfig& config) {
  if (!config.valid()) config.validate("LAN '" + name() + "'");
  config_ = port_ = config;
  port_.loss = 0;
  for (const auto& station : stations_) {
    station->pipe.set_config(port_);
    if (station->nic != nullptr) station->nic->mtu_changed();
  }
}

void Lan::attach(Nic& nic) {
  if (nic.medium() != nullptr) {
    throw SimulationError("LAN '" + name() + "': " + nic.node().name() + ":" + nic.name() + " is attached to '" + nic.medium()->name() +
                          "' already; detach it first");
  }
  forget_departed();
  stations_.push_back(std::make_unique<Station>(*this, nic));
  Station& station = *stations_.back();
  by_mac_[station.mac].push_back(&station);
  by_nic_.emplace(&nic, &station);
  nic.set_pipe(&station.pipe);
  simulation().topology_changed();
  on_nic_changed(nic);
  nic.set_attachment(this, up_);
  tell_observers(nic, StationEvent::Associated);
}

void Lan::detach(Nic& nic) {
  Station* station = find(nic);
  if (station == nullptr) return;
  station->pipe.lose_waiting(station->node);
  std::erase(by_mac_[station->mac], station);
  std::erase(promiscuous_, station);
  by_nic_.erase(&nic);
  station->nic = nullptr;
  nic.set_pipe(nullptr);
  simulation().topology_changed();
  nic.set_attachment(nullptr, false);
  tell_observers(nic, StationEvent::Left);
}

void Lan::add_observer(StationObserver& observer) {
  observers_.push_back(&observer);
  for (const auto& station : stations_) {
    if (station->nic != nullptr) observer.on_station(station->nic->mac(), StationEvent::Associated);
  }
  for (const LanExtension* extension : extensions_) extension->tell_stations(observer);
}

void Lan::tell_observers(const Nic& station, StationEvent event) const {
  for (std::size_t i = 0; i < observers_.size(); ++i) observers_[i]->on_station(station.mac(), event);
}

std::size_t Lan::heap_bytes() const {
  constexpr std::size_t kNode = 32;  // of a hash table, with what the heap adds
  std::size_t bytes = stations_.capacity() * sizeof(void*) +
                      (by_mac_.bucket_count() + by_nic_.bucket_count()) * sizeof(void*) +
                      by_nic_.size() * (kNode + sizeof(std::pair<const Nic*, Station*>));
  for (const auto& [mac, stations] : by_mac_) bytes += kNode + sizeof(stations) + stations.capacity() * sizeof(Station*);
  for (const auto& station : stations_) {
    bytes += sizeof(Station) + station->pipe.heap_bytes() + (station->loss != nullptr ? sizeof(RandomStream) : 0);
  }
  return bytes;
}

void Lan::forget_departed() {
  if (handing_out_ > 0) return;
  std::erase_if(stations_, [](const auto& station) { return station->nic == nullptr && station->pipe.empty(); });
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
    if (station->promiscuous) {
      promiscuous_.push_back(station);
    } else {
      std::erase(promiscuous_, station);
    }
  }
  if (station->mac == nic.mac().to_uint64()) return;
  std::erase(by_mac_[station->mac], station);
  station->mac = nic.mac().to_uint64();
  by_mac_[station->mac].push_back(station);
}

void Lan::set_up(bool up) {
  up_ = up;
  const HandingOut guard(handing_out_);
  for (std::size_t i = 0; i < stations_.size(); ++i) {
    Station& station = *stations_[i];
    if (!up) station.pipe.lose_all(station.node);
    if (station.nic != nullptr) station.nic->set_attachment(this, up);
  }
}

void Lan::describe(ShardGraph& graph) const {
  for (const auto& station : stations_) graph.join(*this, station->node);
}

void Lan::on_shards_changed() {
  for (const auto& station : stations_) station->pipe.set_shards(shard(), shard());
}

void Lan::transmit(Nic& from, Packet&& frame) { find(from)->pipe.push(from.node(), std::move(frame)); }

void Lan::arrive(void* target, Packet&& frame) {
  if (!frame) return;  // lost
  auto* station = static_cast<Station*>(target);
  station->lan.deliver({.station = station, .sender = station->node}, false, std::move(frame));
}

void Lan::inject(const LanExtension& from, Node& sender, bool taken, Packet frame) {
  deliver({.extension = &from, .sender = sender}, taken, std::move(frame));
}

void Lan::deliver(const Origin& origin, bool taken, Packet frame) {
  const HandingOut guard(handing_out_);
  // Who joins while the frame is handed out was not there when it was sent.
  std::vector<Station*> receivers = std::exchange(receivers_, {});
  if (find_receivers(origin.station, frame, receivers)) taken = true;
  for (LanExtension* extension : extensions_) {
    if (extension != origin.extension && extension->on_lan_frame(frame)) taken = true;
  }
  if (!taken) origin.sender.count_drop(&kLanNoStation, frame.bytes());
  for (Station* to : receivers) {
    if (to->nic == nullptr) continue;
    if (config_.loss > 0 && to->misses()) {
      to->node.count_drop(&kLinkLoss, frame.bytes());
    } else {
      // The last receiver owns the bytes alone and may write without copying.
      to->nic->deliver(to == receivers.back() ? std::move(frame) : frame.share());
    }
  }
  receivers.clear();
  receivers_ = std::move(receivers);
}

bool Lan::find_receivers(const Station* from, const Packet& frame, std::vector<Station*>& receivers) const {
  const MacAddress destination = MacAddress::from_bytes(frame.data());
  if (destination.is_group()) {
    for (const auto& station : stations_) {
      if (station.get() == from || station->nic == nullptr) continue;
      if (station->nic->accepts(frame.data())) receivers.push_back(station.get());
    }
    return true;
  }
  if (const auto it = by_mac_.find(destination.to_uint64()); it != by_mac_.end()) {
    std::ranges::copy_if(it->second, std::back_inserter(receivers), [&](const Station* s) { return s != from; });
  }
  const bool taken = !receivers.empty();
  for (Station* station : promiscuous_) {
    if (station != from && station->mac != destination.to_uint64()) receivers.push_back(station);
  }
  return taken;
}

}  // namespace kamesim
