// What a router advertises on a home link, for the home agent on it (RFC 6275 §10.6.1).
#pragma once

#include <vector>

#include "protocols/ip6/interface.h"
#include "protocols/mip6/home_agent_daemon.h"
#include "protocols/mip6/home_prefixes.h"
#include "protocols/rtadvd/rtadvd.h"

namespace kamesim {

class AdvertisedHomePrefixes final : public HomePrefixSource, public AdvertisingListener {
 public:
  // The home agent lasts as long as this does, or longer.
  AdvertisedHomePrefixes(RouterAdvertisementDaemon& advertisements, const EthernetInterface& home_link,
                         HomeAgentDaemon& home_agent)
      : advertisements_(advertisements), home_link_(home_link), home_agent_(home_agent) {
    advertisements_.add_listener(*this);
    advertisements_.set_mobile_router_support(home_link_, home_agent_.supports_mobile_routers());  // RFC 3963 §7.3
    home_agent_.set_prefix_source(this);
  }
  ~AdvertisedHomePrefixes() {
    home_agent_.set_prefix_source(nullptr);
    advertisements_.set_mobile_router_support(home_link_, false);
    advertisements_.remove_listener(*this);
  }
  AdvertisedHomePrefixes(const AdvertisedHomePrefixes&) = delete;
  AdvertisedHomePrefixes& operator=(const AdvertisedHomePrefixes&) = delete;

  std::vector<PrefixInformation> home_prefixes() const override { return advertisements_.prefixes(home_link_); }
  void on_advertising_changed(const EthernetInterface& interface) override {
    if (&interface == &home_link_) home_agent_.on_home_prefixes_changed();
  }

 private:
  RouterAdvertisementDaemon& advertisements_;
  const EthernetInterface& home_link_;
  HomeAgentDaemon& home_agent_;
};

}  // namespace kamesim
