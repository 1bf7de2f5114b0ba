// Reassembly of fragmented packets (RFC 8200 §4.5, RFC 5722, RFC 6946).
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <vector>

#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/next_header.h"
#include "sim/drop.h"
#include "sim/packet.h"
#include "sim/time.h"

namespace kamesim {

inline constexpr Duration kReassemblyTimeout = 60_s;  // RFC 8200 §4.5

inline constexpr DropInfo kFragmentTruncated{"frag6.truncated", "RFC 8200 §4.5"};
inline constexpr DropInfo kFragmentBadLength{"frag6.length_not_multiple_of_8", "RFC 8200 §4.5"};
inline constexpr DropInfo kFragmentTooLong{"frag6.reassembled_too_long", "RFC 8200 §4.5"};
inline constexpr DropInfo kFragmentOverlap{"frag6.overlap", "RFC 5722 §4"};
inline constexpr DropInfo kFragmentInconsistentEnd{"frag6.inconsistent_end", "RFC 8200 §4.5"};
inline constexpr DropInfo kFragmentTimeout{"frag6.timeout", "RFC 8200 §4.5"};
inline constexpr DropInfo kFragmentLimit{"frag6.limit", "the node's limit on fragments and reassemblies"};
inline constexpr DropInfo kFragmentDuplicate{"frag6.duplicate", "RFC 8200 §4.5"};
inline constexpr DropInfo kFragmentIncompleteChain{"frag6.incomplete_header_chain", "RFC 7112 §5"};

class Reassembler {
 public:
  struct Limits {
    std::size_t reassemblies;
    std::size_t fragments;
  };
  struct Arrival {
    Ipv6Address source, destination;   // of the IPv6 header, as on the wire
    std::uint32_t identification;
    std::uint32_t fragment_header;     // its offset in the packet: the length of the unfragmentable part
    std::uint32_t next_header_field;   // where the unfragmentable part's last Next Header value stands
    std::uint16_t offset;              // in bytes, a multiple of 8
    bool more;
  };
  struct Result {
    Packet complete;                  // the whole packet, without Fragment header; empty: not yet
    DropReason dropped = nullptr;     // the fragment, or with kFragmentOverlap all of its packet, was discarded
  };
  struct Expired {
    Packet first_fragment;            // empty: it never came, so no Time Exceeded is due
    Packet any_fragment;              // for the drop count
  };

  explicit Reassembler(Limits limits) : limits_(limits) {}

  // The caller has checked that the Fragment header lies within the packet, the length rule and the size limit.
  Result add(Time now, const Arrival& arrival, Packet packet);
  std::optional<Time> next_timeout() const;
  // Takes out one reassembly whose time is over, if there is one.
  std::optional<Expired> expire(Time now);
  std::size_t size() const { return pending_.size(); }

 private:
  struct Fragment {
    std::uint32_t begin, end;  // of the data, in the original fragmentable part
    std::uint32_t data;        // where the data begins in the packet
    Packet packet;
  };
  struct Pending {
    Ipv6Address source, destination;
    std::uint32_t identification;
    Time expires;
    std::optional<std::uint32_t> total{};  // known once the last fragment is here
    std::uint32_t received = 0;
    bool poisoned = false;               // RFC 5722 §4: what still comes of this packet is discarded too
    std::uint32_t first_fragment_header = 0, first_next_header_field = 0;
    std::vector<Fragment> fragments{};   // by `begin`
  };
  static Packet assemble(Pending& pending);

  Limits limits_;
  std::list<Pending> pending_;  // oldest first; all wait equally long
};

}  // namespace kamesim
