// What an administrator may set about Neighbor Discovery and address autoconfiguration, beyond config.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/time.h"

namespace kamesim {

struct NdConfig {
  // RFC 7527 §4: a Nonce option in solicitations for Duplicate Address Detection tells looped-back ones from others.
  bool enhanced_dad = true;
  // RFC 9131 §6.1.1: a router makes neighbours of the unknown senders of advertisements.
  bool learn_unsolicited = true;
  // RFC 9131 §6.1.2: a host tells its routers of a new address ("may also wish to").
  bool announce_addresses = false;
  // RFC 7559: Router Solicitations go on, at longer and longer intervals, until a router answers.
  bool resilient_router_solicitation = true;
  // RFC 4191 §3: Route Information options make more-specific routes (a host of type C; otherwise of type B).
  bool accept_route_information = true;
  // RFC 8028 §3.2: packets go by a router that advertises the prefix of their source.
  bool first_hop_by_source = true;
  // RFC 8981: temporary addresses beside the stable ones, and whether they are preferred (RFC 6724 §5, rule 7).
  bool temporary_addresses = false;
  bool prefer_temporary_addresses = true;
  // RFC 7217: stable, semantically opaque interface identifiers instead of modified EUI-64 ones.
  bool stable_privacy = false;
  // RFC 4291 §2.6.1: a router answers to the Subnet-Router anycast addresses of its links.
  bool subnet_router_anycast = true;
  // RFC 5227 §2.1: IPv4 addresses are probed before they are used.
  bool ipv4_probes = false;
  // RFC 3122: asks for, and tells, the IPv6 addresses that belong to link-layer addresses.
  bool inverse_nd = false;
  // RFC 4861 §7.2.6: how often a node, or a home agent for a mobile node, tells neighbours of an address, RetransTimer
  // apart: it MAY up to MAX_NEIGHBOR_ADVERTISEMENT times. News of its own link-layer address go out as often as that.
  std::uint8_t unsolicited_advertisements = 1;
  // Entries of an interface's neighbour cache without link-layer address (RFC 6583 §7.1); 0: a quarter of them.
  std::uint32_t max_incomplete_neighbors = 0;
  // DNS servers, and search domains, that an interface remembers (RFC 8106 §5.3.1: "at least three").
  std::uint8_t max_dns_entries = 8;
  std::uint8_t max_route_information = 32;  // more-specific routes of an interface
  // RFC 8981 §3.8.
  Duration temp_valid_lifetime = 2 * 86400_s;      // TEMP_VALID_LIFETIME
  Duration temp_preferred_lifetime = 86400_s;      // TEMP_PREFERRED_LIFETIME
  friend bool operator==(const NdConfig&, const NdConfig&) = default;
};

}  // namespace kamesim
