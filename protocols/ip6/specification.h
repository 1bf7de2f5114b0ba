// Where the specifications of IPv6 differ, and what an implementation chose where they leave a choice: RFC 8200 with
// what it took in (RFC 5095, 5722, 6946, 7112, 8021), RFC 2460 as of 1998, and KAME's stack of 2008.
#pragma once

#include <cstdint>

namespace kamesim {

enum class Ip6Specification : std::uint8_t { Rfc8200, Rfc2460, Kame };

struct Ip6Rules {
  // Routers process the hop-by-hop options of what they forward. RFC 2460 §4: every node must. RFC 8200 §4: a node
  // does if it is configured to, and these are.
  bool hop_by_hop_on_path = true;
  // Type 0 routing headers are followed (RFC 2460 §4.4), or treated as an unknown type (RFC 5095 §3).
  bool type_0_routing_headers = false;
  // A packet with a second routing header is discarded (KAME).
  bool one_routing_header = false;
  // Of overlapping fragments the newcomer is discarded and the packet may yet be completed (KAME; RFC 2460 is
  // silent), or all of the packet is discarded (RFC 5722 §4).
  bool overlap_discards_newcomer_only = false;
  // A fragment that is a whole packet is processed apart from others with its identification (RFC 6946 §4), or goes
  // through reassembly with them.
  bool atomic_fragments_apart = true;
  // The first fragment holds the whole header chain, or is discarded and reported (RFC 7112 §5).
  bool whole_chain_in_first_fragment = true;
  // A Packet Too Big of less than 1280 has all later packets to the destination carry a Fragment header, in 1280 bytes
  // at most (RFC 2460 §5), or is discarded (RFC 8201 §4, RFC 8021).
  bool atomic_fragments_below_minimum_mtu = false;

  friend constexpr bool operator==(const Ip6Rules&, const Ip6Rules&) = default;
};

constexpr Ip6Rules rules_of(Ip6Specification specification) {
  // The columns of the table in docs/protocols/ipv6.md.
  switch (specification) {
    case Ip6Specification::Rfc8200: return {};
    case Ip6Specification::Rfc2460:
      return {.hop_by_hop_on_path = true, .type_0_routing_headers = true, .one_routing_header = false,
              .overlap_discards_newcomer_only = true, .atomic_fragments_apart = false,
              .whole_chain_in_first_fragment = false, .atomic_fragments_below_minimum_mtu = true};
    case Ip6Specification::Kame:
      return {.hop_by_hop_on_path = true, .type_0_routing_headers = true, .one_routing_header = true,
              .overlap_discards_newcomer_only = true, .atomic_fragments_apart = false,
              .whole_chain_in_first_fragment = false, .atomic_fragments_below_minimum_mtu = true};
  }
  return {};
}

}  // namespace kamesim
