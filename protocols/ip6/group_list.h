// The multicast groups that an interface is in, and how often each was joined. Nearly all are well-known ones or
// solicited-node ones (RFC 4291 §2.7.1), of which 24 bits tell all: those take four bytes, and those that each node
// joins when it begins (RFC 4291 §2.8) four bytes together.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "protocols/wire/ipv6_address.h"
#include "sim/mac_address.h"
#include "sim/small_vector.h"

namespace kamesim {

class GroupList {
 public:
  struct Entry {
    Ipv6Address group;
    std::uint32_t joins;
  };

  bool join(const Ipv6Address& group);   // true: it is a new one
  bool leave(const Ipv6Address& group);  // true: nobody wants it any more
  bool contains(const Ipv6Address& group) const;
  // Whether a group that is in the list has that link-layer address: several groups may have one.
  bool any_maps_to(MacAddress mac) const;
  std::vector<Entry> all() const;        // in the order in which they were joined first
  std::size_t heap_bytes() const;        // beyond the object itself

 private:
  // Eight bits of kind and 24 of the address; the index in `others_`; or a bit for each group of nodes and routers,
  // which were joined one behind the other in the order of the bits.
  enum Kind : std::uint32_t { kWellKnown, kSolicitedNode, kNodeInformation, kOther, kTogether };
  static constexpr unsigned kKindShift = 24;
  static constexpr std::uint32_t kLow = (1u << kKindShift) - 1;
  static constexpr std::uint32_t kUnknown = ~0u;

  std::uint32_t code_of(const Ipv6Address& group) const;  // kUnknown: one of no list, that was never joined
  std::uint32_t add_other(const Ipv6Address& group);
  Ipv6Address group_of(std::uint32_t code) const;
  std::uint32_t last_bytes_of(std::uint32_t code) const;
  // Whether the call says so of the code of any group, in the order of the joins: those that were joined together one
  // by one. It is told which element of `codes_` that is.
  template <typename Call>
  bool any(Call call) const;

  SmallVector<std::uint32_t, 6> codes_;  // one for each join, or for several
  std::unique_ptr<std::vector<Ipv6Address>> others_;
};

}  // namespace kamesim
