// News of the stations of a LAN and of its cells, as an access point or a switch tells the router behind it.
#pragma once

#include <cstdint>

#include "sim/mac_address.h"

namespace kamesim {

enum class StationEvent : std::uint8_t {
  Associated,    // for the first time, as far as the link layer knows; a port of the LAN has carrier
  Reassociated,  // coming from another cell (IEEE 802.11-2020 §9.3.3.7 names the access point that was left)
  Left,
};

class StationObserver {
 public:
  // Called in the middle of what the station does: take note, and act in an event of one's own.
  virtual void on_station(MacAddress station, StationEvent event) = 0;

 protected:
  ~StationObserver() = default;
};

}  // namespace kamesim
