// What an administrator may set on an IPv6 node, with the defaults of the RFCs (KAME's "sysctl" variables).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "protocols/ip6/nd_config.h"
#include "protocols/ip6/policy_table.h"
#include "protocols/ip6/specification.h"
#include "sim/time.h"

namespace kamesim {

// RFC 8504 §5.3: bounds on the options of one Hop-by-Hop or Destination Options header. 0: none. What goes beyond is
// discarded silently.
struct OptionLimits {
  unsigned options = 8;             // without padding: the RFC's default
  unsigned pad1_run = 0;            // Pad1 in a row; the RFC's figure is 7
  unsigned padn_bytes = 0;          // of data in a PadN; the RFC's figure is 7
  unsigned header_bytes = 0;        // of the whole header
  bool accept_unrecognized = true;  // by their two high bits (RFC 8200 §4.2)
  friend bool operator==(const OptionLimits&, const OptionLimits&) = default;
};

// Packets being reassembled, the fragments they hold and what the buffers of these occupy. When a bound is reached,
// the oldest reassembly makes room: of the same source if the bound is the source's.
struct ReassemblyLimits {
  std::size_t packets = 200;               // KAME's maxfragpackets
  std::size_t packets_per_source = 64;
  std::size_t fragments = 1024;
  std::size_t fragments_per_packet = 64;
  std::size_t bytes = 1 << 20;
  std::size_t bytes_per_source = 1 << 18;
  friend bool operator==(const ReassemblyLimits&, const ReassemblyLimits&) = default;
};

struct PathMtuLimits {
  // RFC 8201 §5.3: an estimate older than this is forgotten: 10 minutes recommended, never less than 5 (§4).
  // Duration::max(): for ever.
  Duration timeout = 600_s;
  // KAME's high and low water: estimates in all, and how many there may be for one more to be taken from a Packet Too
  // Big whose packet no connection of this node vouches for.
  std::size_t entries = 1280;
  std::size_t unverified_entries = 256;
  friend bool operator==(const PathMtuLimits&, const PathMtuLimits&) = default;
};

struct Ip6Config {
  Ip6Rules rules;                          // RFC 8200's
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
  double icmp6_error_rate_per_destination = 0;  // the same for each of the nodes that errors go to; 0: not limited
  unsigned icmp6_error_burst_per_destination = 10;
  bool send_destination_unreachable = true;     // RFC 4443 §3.1: may be turned off; Ip6Interface has a switch too
  double multicast_echo_rate = 1000.0;     // replies to echo requests for groups, a second; 0: none
  bool node_information = true;            // answers to Node Information Queries (RFC 4620)
  bool node_information_to_global = false;  // also to those who ask from an address of more than the link (§8)
  bool auto_flow_label = true;             // RFC 6437 §3: a label for each flow of TCP, UDP and the like
  AddressSelection address_selection = AddressSelection::Rfc6724;
  bool jumbograms = true;                  // RFC 2675 is understood
  OptionLimits option_limits;
  ReassemblyLimits reassembly;
  PathMtuLimits path_mtu;
  std::size_t max_neighbors = 4096;        // entries of one interface's neighbour cache
  std::size_t max_neighbor_queue = 3;      // datagrams that wait for one address resolution (hold_queue.h)
  std::size_t max_default_routers = 16;
  std::size_t max_prefixes = 32;           // prefix list entries of an interface
  std::size_t max_autoconfigured_addresses = 16;  // of an interface
  std::shared_ptr<const PolicyTable> policies;  // null: the default ones of `address_selection`
  NdConfig nd;
  friend bool operator==(const Ip6Config&, const Ip6Config&) = default;
};

// The configurations of a simulation's nodes: those that are alike share one. Few differ; of a simulation where many do,
// each node has its own.
class Ip6Configs {
 public:
  static constexpr std::size_t kMostShared = 16;

  // Null: the node needs its own.
  const Ip6Config* find(const Ip6Config& config) {
    for (const auto& known : known_) {
      if (*known == config) return known.get();
    }
    if (known_.size() == kMostShared) return nullptr;
    return known_.emplace_back(std::make_unique<const Ip6Config>(config)).get();
  }

 private:
  std::vector<std::unique_ptr<const Ip6Config>> known_;
};

}  // namespace kamesim
