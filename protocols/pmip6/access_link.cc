#include "protocols/pmip6/access_link.h"

#include <utility>

#include "protocols/wire/ethernet.h"

namespace kamesim::pmip6 {

AccessLink::AccessLink(EthernetInterface& interface, AccessLinkUser& user)
    : interface_(interface),
      stack_(interface.stack()),
      user_(user),
      timer_(Timer::to<&AccessLink::tell>(stack_.node(), *this)) {
  interface_.nic()->set_receiver(this);
  observe();
}

AccessLink::~AccessLink() {
  cease_to_observe();
  interface_.nic()->set_receiver(&stack_);
}

void AccessLink::cease_to_observe() {
  if (lan_ != nullptr) std::exchange(lan_, nullptr)->remove_observer(*this);
}

void AccessLink::observe() {
  cease_to_observe();
  lan_ = dynamic_cast<Lan*>(interface_.nic()->medium());
  if (lan_ != nullptr) lan_->add_observer(*this);
}

void AccessLink::on_station(MacAddress station, StationEvent event) {
  news_.push_back({station, event});
  timer_.arm_in(Duration());
}

void AccessLink::tell() {
  for (const News& each : std::exchange(news_, {})) user_.on_station_event(*this, each.station, each.event);
}

void AccessLink::on_frame(Nic& nic, Packet frame) {
  const auto header = EthernetHeaderView::check(frame.bytes());
  if (header && header->ethertype() == EtherType::Ipv6) {
    if (!user_.admits(*this, header->source(), header->payload())) return;
  }
  stack_.on_frame(nic, std::move(frame));
}

void AccessLink::on_link_change(Nic& nic, bool up) {
  stack_.on_link_change(nic, up);
  if (up) return observe();
  cease_to_observe();
  news_.clear();
  user_.on_access_link_down(*this);
}

bool AccessLink::hears(const Nic& nic, MacAddress group) const { return stack_.hears(nic, group); }

void AccessLink::on_mtu_change(Nic& nic) { stack_.on_mtu_change(nic); }

}  // namespace kamesim::pmip6
