// Reassembly of fragmented packets (RFC 8200 §4.5, RFC 5722, RFC 3168 §5.3), and of those of IPv4 (RFC 791 §3.2).
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <vector>

#include "protocols/ip6/config.h"
#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/next_header.h"
#include "sim/drop.h"
#include "sim/packet.h"
#include "sim/time.h"

namespace kamesim {

inline constexpr Duration kReassemblyTimeout = 60_s;  // RFC 8200 §4.5

inline constexpr DropInfo kFragmentTruncated{"frag6.truncated", "RFC 8200 §4.5"};
inline constexpr DropInfo kFragmentBadLength{"frag6.length_not_multiple_of_8", "RFC 8200 §4.5"};
inline constexpr DropInfo kFragmentEmpty{"frag6.empty", "RFC 8200 §4.5"};
inline constexpr DropInfo kFragmentTooLong{"frag6.reassembled_too_long", "RFC 8200 §4.5"};
inline constexpr DropInfo kFragmentOverlap{"frag6.overlap", "RFC 5722 §4"};
inline constexpr DropInfo kFragmentInconsistentEnd{"frag6.inconsistent_end", "RFC 8200 §4.5"};
inline constexpr DropInfo kFragmentTimeout{"frag6.timeout", "RFC 8200 §4.5"};
inline constexpr DropInfo kFragmentLimit{"frag6.limit", "the node's limits on fragments and reassemblies"};
inline constexpr DropInfo kFragmentEvicted{"frag6.evicted", "the node's limits on fragments and reassemblies"};
inline constexpr DropInfo kFragmentDuplicate{"frag6.duplicate", "RFC 8200 §4.5"};
inline constexpr DropInfo kFragmentIncompleteChain{"frag6.incomplete_header_chain", "RFC 7112 §5"};
inline constexpr DropInfo kFragmentCongestion{"frag6.congestion_not_ecn_capable", "RFC 3168 §5.3"};
inline constexpr DropInfo kFragmentOfJumbogram{"frag6.jumbogram", "RFC 2675 §3"};

struct InputPacket;

class Reassembler {
 public:
  struct Arrival {
    Ipv6Address source, destination;   // of the IPv6 header, as on the wire
    std::uint32_t identification;
    std::uint32_t interface_index;     // where it arrived: the zone of link-local addresses (RFC 4007 §6)
    std::uint32_t fragment_header;     // its offset in the packet: the length of the unfragmentable part
    std::uint32_t next_header_field;   // where the unfragmentable part's last Next Header value stands
    std::uint16_t offset;              // in bytes, a multiple of 8
    bool more;
    std::uint8_t traffic_class = 0;
    // Of IPv4, whose fragments have no header of their own: `fragment_header` is the size of the IPv4 header.
    bool ip4 = false;
    std::uint32_t protection = 0;      // what IPsec took off: fragments of one packet have it in common (RFC 4301 §7.4)
  };
  struct Result {
    Packet complete;                  // the whole packet, without Fragment header; empty: not yet
    DropReason dropped = nullptr;     // the fragment was discarded, and with it all of its packet that was there
    unsigned evicted = 0;             // other packets that had to make room
    std::uint32_t unfragmentable = 0;     // of `complete`: the size of the headers that stood before the Fragment header
    std::uint32_t next_header_field = 0;  // of `complete`: the last of their Next Header fields
  };
  struct Expired {
    Packet first_fragment;            // empty: it never came, so no Time Exceeded is due
    Packet any_fragment;              // for the drop count
    std::uint32_t interface_index;    // where its first arrival was
  };
  // What reassemblies hold.
  struct Usage {
    std::size_t packets = 0, fragments = 0, bytes = 0;
  };

  // Both are looked at when a fragment arrives, and may change in between.
  Reassembler(const ReassemblyLimits& limits, const Ip6Rules& rules) : limits_(limits), rules_(rules) {}

  // The caller has checked that the Fragment header lies within the packet, the length rule and the size limit.
  Result add(Time now, const Arrival& arrival, Packet packet);
  std::optional<Time> next_timeout() const;
  // Takes out one reassembly whose time is over, if there is one.
  std::optional<Expired> expire(Time now);
  std::size_t size() const { return pending_.size(); }
  Usage usage() const { return {pending_.size(), held_.fragments, held_.bytes}; }
  void clear();

 private:
  struct Fragment {
    std::uint32_t begin, end;  // of the data, in the original fragmentable part
    std::uint32_t data;        // where the data begins in the packet
    Packet packet;
  };
  struct Pending {
    Ipv6Address source, destination;
    std::uint32_t identification, interface_index;
    Time expires;
    std::optional<std::uint32_t> total{};  // known once the last fragment is here
    std::uint32_t received = 0;
    std::size_t bytes = 0;               // what the fragments' buffers occupy
    std::uint32_t protection = 0;
    bool ip4 = false;
    DropReason poisoned = nullptr;       // why what still comes of this packet is discarded too
    std::uint32_t first_fragment_header = 0, first_next_header_field = 0;
    std::uint8_t ecn_seen = 0;           // a bit for each ECN codepoint (RFC 3168 §5)
    std::vector<Fragment> fragments{};   // by `begin`
  };
  using Place = std::list<Pending>::iterator;

  bool from_same_source(const Pending& p, const Arrival& a) const;
  void discard_fragments(Pending& p);
  // Removes the oldest reassembly but `keep`: any, or of the arrival's source. False if there is none.
  bool evict(Place keep, const Arrival* of_source, Result& result);
  // Makes room for one more fragment of so many bytes. False if it cannot be.
  bool make_room(Place keep, const Arrival& arrival, std::size_t bytes, Usage of_source, Result& result);
  static Result assemble(Pending& pending);
  static Result assemble_ip4(Pending& pending, bool congestion);
  static void append_rest(Packet& whole, const Pending& pending);

  const ReassemblyLimits& limits_;
  const Ip6Rules& rules_;
  std::list<Pending> pending_;  // oldest first; all wait equally long
  Usage held_;                  // packets unused: that is the list's size
};

// Takes the Fragment header at that offset out of a packet: what is before it moves up against what follows.
void remove_fragment_header(Packet& packet, std::uint32_t fragment_header, std::uint32_t next_header_field,
                            std::uint8_t next_header);

// Takes the Fragment header out of a packet that is being processed behind it, if it is an atomic fragment (RFC 6946): what
// IPsec protects is the packet before it was fragmented (RFC 4302 §3.3.4, RFC 4303 §3.3.4).
void remove_atomic_fragment_header(InputPacket& in);

}  // namespace kamesim
