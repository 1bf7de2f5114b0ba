// The Mobility Anchor Points that an access router tells of in its Router Advertisements, as an administrator says
// (RFC 5380 §7).
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "protocols/hmip6/map_option.h"
#include "protocols/ip6/interface.h"
#include "protocols/rtadvd/added_options.h"
#include "protocols/rtadvd/rtadvd.h"

namespace kamesim {

class AdvertisedMaps final : public AdvertisingListener, public AddedOptions {
 public:
  explicit AdvertisedMaps(RouterAdvertisementDaemon& daemon) : daemon_(daemon) { daemon_.add_listener(*this); }
  ~AdvertisedMaps() { daemon_.remove_listener(*this); }
  AdvertisedMaps(const AdvertisedMaps&) = delete;
  AdvertisedMaps& operator=(const AdvertisedMaps&) = delete;

  // From the next advertisement of the interface on.
  void set(const EthernetInterface& interface, std::vector<MapOption> maps) {
    maps_.insert_or_assign(interface.index(), std::move(maps));
  }

  std::vector<std::vector<std::uint8_t>> options(const EthernetInterface& interface) const override {
    std::vector<std::vector<std::uint8_t>> written;
    if (const auto it = maps_.find(interface.index()); it != maps_.end()) {
      for (const MapOption& map : it->second) written.push_back(to_bytes(map));
    }
    return written;
  }
  void on_advertising_changed(const EthernetInterface&) override {}

 private:
  RouterAdvertisementDaemon& daemon_;
  std::map<std::uint32_t, std::vector<MapOption>> maps_;  // by interface index
};

}  // namespace kamesim
