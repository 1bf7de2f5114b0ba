// What may stand between movement detection and the registrations of a mobile node: a Mobility Anchor Point nearby,
// which keeps the care-of address the same over many moves (RFC 5380 §6.1). It is told where the node is, and tells the
// mobile node daemon which care-of address home agent and correspondents are to have.
#pragma once

#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/nd.h"

namespace kamesim {

class RegionalMobility {
 public:
  // Valid; before movement detection hears it.
  virtual void on_router_advertisement(const Ipv6Address& router, const RouterAdvertisementView& advertisement) = 0;
  // The new on-link care-of address; answered by MobileNodeDaemon::use_care_of(), at once or later.
  virtual void on_moved(const Ipv6Address& on_link) = 0;
  // There is none now. Whether the registered care-of address stays ours all the same.
  virtual bool on_no_address() = 0;
  virtual void on_returned_home() = 0;

 protected:
  ~RegionalMobility() = default;
};

}  // namespace kamesim
