// What an administrator may set on an IPv6 node, with the defaults of the RFCs (KAME's "sysctl" variables).
#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/time.h"

namespace kamesim {

struct Ip6Config {
  bool forwarding = false;                 // RFC 4861 §6.2.1 IsRouter
  bool accept_router_advertisements = true;  // hosts only
  std::uint8_t hop_limit = 64;             // RFC 4861 §6.3.2 CurHopLimit until a router says otherwise
  std::uint8_t multicast_hop_limit = 1;    // RFC 3493 §5.2
  unsigned dup_addr_detect_transmits = 1;  // RFC 4862 §5.1 DupAddrDetectTransmits
  bool optimistic_dad = false;             // RFC 4429
  bool accept_redirects = true;
  bool send_redirects = true;
  unsigned max_extension_headers = 15;     // as KAME's ip6.hdrnestlimit
  // RFC 4443 §2.4 f: a token bucket limits the ICMPv6 errors that a node originates.
  double icmp6_error_rate = 100.0;         // a second; KAME's errppslimit
  unsigned icmp6_error_burst = 10;         // RFC 4443 §2.4 f's example for a small device
  std::size_t max_reassemblies = 64;       // packets being reassembled at once
  std::size_t max_fragments = 64;          // fragments of one packet
  std::size_t max_path_mtu_entries = 1024;
  std::size_t max_neighbors = 4096;        // entries of one interface's neighbour cache
  std::size_t max_neighbor_queue = 3;      // packets that wait for one address resolution (RFC 4861 §7.2.2)
  std::size_t max_default_routers = 16;
  std::size_t max_prefixes = 32;           // prefix list entries of an interface
  std::size_t max_autoconfigured_addresses = 16;  // of an interface
};

}  // namespace kamesim
