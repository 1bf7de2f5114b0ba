// The multicast groups that an interface is in, and how often each was joined. Nearly all are well-known ones or
// solicited-node ones (RFC 4291 §2.7.1), of which 24 bits tell all: those take four bytes, and those that each node
// joins when it begins (RFC 4291 §2.8) four bytes together.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "protocols/wire/ipv6_address.h"
#include "sim/mac_address.h"
#include "sim/pool.h"

namespace kamesim {

// Numbers, of which six have room in itself, and a list of addresses, where there is one, before them: it has no place
// for anything but their count beside them.
class GroupCodes {
 public:
  GroupCodes() = default;
  ~GroupCodes();
  GroupCodes(const GroupCodes&) = delete;
  GroupCodes& operator=(const GroupCodes&) = delete;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const std::uint32_t* begin() const { return words() + before(); }
  const std::uint32_t* end() const { return begin() + size_; }
  std::uint32_t operator[](std::size_t i) const { return begin()[i]; }
  std::uint32_t& operator[](std::size_t i) { return const_cast<std::uint32_t&>(begin()[i]); }
  std::uint32_t& back() { return (*this)[size_ - 1]; }
  void push_back(std::uint32_t code);
  void erase(std::size_t i);

  using Others = std::vector<Ipv6Address>;
  Others* others() const { return has_others_ ? at<Others>(words()) : nullptr; }  // null: there never were any
  Others& make_others();
  std::size_t heap_bytes() const;

 private:
  static constexpr std::uint32_t kInline = 6, kOfPointer = sizeof(void*) / sizeof(std::uint32_t);
  static std::uint32_t capacity_for(std::uint32_t words) { return words <= kInline ? kInline : std::bit_ceil(words); }
  template <typename T>
  static T* at(const std::uint32_t* place) {
    T* pointer;
    std::memcpy(&pointer, place, sizeof pointer);
    return pointer;
  }
  std::uint32_t before() const { return has_others_ ? kOfPointer : 0; }
  std::uint32_t used() const { return before() + size_; }
  const std::uint32_t* words() const { return used() <= kInline ? inline_.data() : at<std::uint32_t>(inline_.data()); }
  // Room for so many words instead of those in use, which stay as far as there is room.
  void resize(std::uint32_t words);
  void release();

  std::uint32_t size_ : 31 = 0;
  std::uint32_t has_others_ : 1 = 0;
  std::array<std::uint32_t, kInline> inline_;  // or where the block of them is
};

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
  // Eight bits of kind and 24 of the address; the index in codes_.others(); or a bit for each group of nodes and
  // routers, which were joined one behind the other in the order of the bits.
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

  GroupCodes codes_;  // one for each join, or for several
};

}  // namespace kamesim
