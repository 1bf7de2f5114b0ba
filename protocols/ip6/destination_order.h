// Destination address selection (RFC 6724 §6): in which order the addresses of a name are to be tried.
#pragma once

#include <span>
#include <vector>

#include "protocols/wire/ipv6_address.h"

namespace kamesim {

class Ip6Stack;

struct RankedDestination {
  Ipv6Address destination;
  Ipv6Address source;   // that a packet there would have; unspecified: there is none
  bool usable = false;  // there is a way, and a source (rule 1)
};

// Best first. IPv4 addresses are given in the v4-mapped form. Link-local ones are taken to be of the first link.
std::vector<RankedDestination> order_destinations(Ip6Stack& stack, std::span<const Ipv6Address> destinations);

}  // namespace kamesim
