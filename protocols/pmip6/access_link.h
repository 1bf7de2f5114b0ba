// A mobile access gateway's end of an access link: stands between the NIC and the IPv6 stack, and makes of a link that
// stations share one link for each (RFC 5213 §6.3: "emulates point-to-point delivery"). What a station sends is told
// apart by its link-layer address; the stack gets what the gateway admits.
#pragma once

#include <vector>

#include "protocols/ip6/interface.h"
#include "protocols/ip6/stack.h"
#include "sim/lan.h"
#include "sim/nic.h"
#include "sim/station_observer.h"
#include "sim/timer.h"

namespace kamesim::pmip6 {

class AccessLink;

class AccessLinkUser {
 public:
  virtual void on_station_event(AccessLink& link, MacAddress station, StationEvent event) = 0;
  // An IPv6 packet from that station, not checked yet. False: it is discarded, and counted.
  virtual bool admits(AccessLink& link, MacAddress station, Bytes packet) = 0;
  // The link has gone down, and all stations with it. Of those that are there when it comes up again it is told.
  virtual void on_access_link_down(AccessLink& link) = 0;

 protected:
  ~AccessLinkUser() = default;
};

class AccessLink final : public FrameReceiver, public StationObserver {
 public:
  AccessLink(EthernetInterface& interface, AccessLinkUser& user);
  ~AccessLink();
  AccessLink(const AccessLink&) = delete;
  AccessLink& operator=(const AccessLink&) = delete;

  EthernetInterface& interface() const { return interface_; }

  void on_frame(Nic& nic, Packet frame) override;
  void on_link_change(Nic& nic, bool up) override;
  void prepare(const Packet& frame) override { stack_.prepare(frame); }
  void prepare_further(const Packet& frame) override { stack_.prepare_further(frame); }
  void on_mtu_change(Nic& nic) override;
  bool hears(const Nic& nic, MacAddress group) const override;
  void on_station(MacAddress station, StationEvent event) override;

 private:
  struct News {
    MacAddress station;
    StationEvent event;
  };
  void observe();
  void cease_to_observe();
  void tell();

  EthernetInterface& interface_;
  Ip6Stack& stack_;
  AccessLinkUser& user_;
  Lan* lan_ = nullptr;  // whose stations are observed
  std::vector<News> news_;
  Timer timer_;
};

}  // namespace kamesim::pmip6
