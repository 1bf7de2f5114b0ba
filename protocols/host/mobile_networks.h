// What a mobile router advertises in its Mobile Network, as home agents let it (RFC 3963 §5.4.2).
#pragma once

#include <vector>

#include "protocols/mip6/mobile_node_daemon.h"
#include "protocols/rtadvd/rtadvd.h"

namespace kamesim {

// `MobileRouter`: its daemon, which tells a MobileRouterListener.
template <typename MobileRouter>
class AdvertisedMobileNetworks final : public MobileRouterListener {
 public:
  // The mobile router lasts as long as this does, or longer.
  AdvertisedMobileNetworks(RouterAdvertisementDaemon& advertisements, MobileRouter& mobile_router)
      : advertisements_(advertisements), mobile_router_(mobile_router) {
    mobile_router_.set_mobile_router_listener(this);
  }
  ~AdvertisedMobileNetworks() { mobile_router_.set_mobile_router_listener(nullptr); }
  AdvertisedMobileNetworks(const AdvertisedMobileNetworks&) = delete;
  AdvertisedMobileNetworks& operator=(const AdvertisedMobileNetworks&) = delete;

  void on_prefixes_refused(const std::vector<Ipv6Prefix>& prefixes) override { advertisements_.withhold(prefixes); }

 private:
  RouterAdvertisementDaemon& advertisements_;
  MobileRouter& mobile_router_;
};

}  // namespace kamesim
