// An address of an interface, and the list of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>

#include "protocols/wire/ipv6_address.h"
#include "sim/pool.h"
#include "sim/time.h"

namespace kamesim {

class Ip6Interface;

enum class AddressState : std::uint8_t {
  Tentative,   // RFC 4862 §2: under Duplicate Address Detection, not assigned in the traditional sense
  Optimistic,  // RFC 4429 §2.1: under Duplicate Address Detection, usable with restrictions
  Preferred,
  Deprecated,
  Duplicated,  // Duplicate Address Detection found another owner
};

enum class AddressOrigin : std::uint8_t {
  LinkLocal,
  Manual,
  Autoconfigured,
  Home,
  SubnetRouter,  // the Subnet-Router anycast address of a prefix (RFC 4291 §2.6.1)
};

struct InterfaceAddress : Pooled {
  Ipv6Address address;
  std::uint8_t prefix_length = 64;
  AddressState state = AddressState::Tentative;
  AddressOrigin origin = AddressOrigin::Manual;
  bool anycast = false;
  bool home_address = false;  // RFC 6275 §3.2; RFC 6724 rule 4
  bool skip_dad = false;      // by its administrator's wish
  bool detached = false;      // no router of its prefix is probably reachable (KAME); not used as a source
  bool temporary = false;     // RFC 8981; RFC 6724 §5, rule 7

  InterfaceAddress() = default;
  ~InterfaceAddress() { delete lifetimes(); }
  InterfaceAddress(const InterfaceAddress&) = delete;
  InterfaceAddress& operator=(const InterfaceAddress&) = delete;

  Time preferred_until() const { return lifetimes() != nullptr ? lifetimes()->preferred_until : Time::max(); }
  Time valid_until() const { return lifetimes() != nullptr ? lifetimes()->valid_until : Time::max(); }
  void set_lifetimes(Time preferred_until, Time valid_until);

  // Whose it is; it must be on the list of one.
  Ip6Interface& interface() const;
  Ipv6Prefix prefix() const { return Ipv6Prefix(address, prefix_length); }
  // Packets to it are ours.
  bool assigned() const { return state != AddressState::Tentative && state != AddressState::Duplicated; }
  // May be the source of a packet (RFC 6724 §4; Optimistic by RFC 4429 §3.3 last resort, see rule 3).
  bool usable_as_source() const { return assigned() && !anycast && !detached; }
  std::size_t bytes() const { return sizeof *this + (lifetimes() != nullptr ? sizeof(Lifetimes) : 0); }

 private:
  friend class InterfaceAddresses;
  struct Lifetimes : Pooled {
    Time preferred_until, valid_until;
    std::uintptr_t next = 0;
  };
  static constexpr std::uintptr_t kHasLifetimes = 1, kIsLast = 2;

  // Null: without end, as those given by hand mostly are.
  Lifetimes* lifetimes() const {
    return (link_ & kHasLifetimes) != 0 ? reinterpret_cast<Lifetimes*>(link_ - kHasLifetimes) : nullptr;
  }
  std::uintptr_t behind() const { return lifetimes() != nullptr ? lifetimes()->next : link_; }
  void set_behind(std::uintptr_t behind);
  InterfaceAddress* next() const {  // null: it is the last
    return (behind() & kIsLast) != 0 ? nullptr : reinterpret_cast<InterfaceAddress*>(behind());
  }

  // What is behind it, the next address or, with that bit, the interface; or the lifetimes, with that bit, and what is
  // behind in them.
  std::uintptr_t link_ = kIsLast;
};

// The addresses of one interface, in the order in which they came: one to three, on most. It owns them.
class InterfaceAddresses {
 public:
  class Iterator {
   public:
    using iterator_concept = std::forward_iterator_tag;
    using iterator_category = std::input_iterator_tag;
    using difference_type = std::ptrdiff_t;
    using value_type = InterfaceAddress*;
    using pointer = void;
    using reference = InterfaceAddress*;
    Iterator() = default;
    explicit Iterator(InterfaceAddress* at) : at_(at) {}
    InterfaceAddress* operator*() const { return at_; }
    Iterator& operator++() {
      at_ = at_->next();
      return *this;
    }
    Iterator operator++(int) {
      const Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    InterfaceAddress* at_ = nullptr;
  };

  InterfaceAddresses() = default;
  ~InterfaceAddresses();
  InterfaceAddresses(const InterfaceAddresses&) = delete;
  InterfaceAddresses& operator=(const InterfaceAddresses&) = delete;

  Iterator begin() const { return Iterator(first_); }
  Iterator end() const { return Iterator(); }
  bool empty() const { return first_ == nullptr; }
  std::size_t size() const { return static_cast<std::size_t>(std::ranges::distance(begin(), end())); }
  InterfaceAddress* back() const;  // there must be one
  // `interface`: whose list this is.
  InterfaceAddress& add(std::unique_ptr<InterfaceAddress> address, const Ip6Interface& interface);
  // Removes and destroys it. It is one of these.
  void remove(InterfaceAddress& address);

 private:
  InterfaceAddress* first_ = nullptr;
};

}  // namespace kamesim
