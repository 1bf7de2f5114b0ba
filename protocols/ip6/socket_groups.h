// The multicast groups of one socket, and from whom it hears in each (RFC 3493 §5.2, RFC 3678).
#pragma once

#include <cstdint>
#include <span>
#include <system_error>
#include <vector>

#include "protocols/wire/ipv6_address.h"

namespace kamesim {

class Ip6Interface;
class Ip6Stack;

// Bounds, as BSD has them: a socket that asks for more is refused.
inline constexpr std::size_t kMaxSocketGroups = 4095;       // IPV6_MAX_MEMBERSHIPS
inline constexpr std::size_t kMaxSocketSources = 128;       // IPV6_MAX_SOCK_SRC_FILTER, a group

class SocketGroups {
 public:
  enum class Mode : std::uint8_t { Include, Exclude };  // RFC 3678 §3

  explicit SocketGroups(Ip6Stack& stack) : stack_(stack) {}
  ~SocketGroups();  // leaves all that are left
  SocketGroups(const SocketGroups&) = delete;
  SocketGroups& operator=(const SocketGroups&) = delete;

  bool empty() const { return memberships_.empty(); }

  // Any-source (RFC 3678 §4.1.1, §4.1.2): all sources are heard until they are blocked.
  std::errc join(Ip6Interface& interface, const Ipv6Address& group);
  std::errc leave(Ip6Interface* interface, const Ipv6Address& group);  // null: where it was joined first
  std::errc block_source(Ip6Interface& interface, const Ipv6Address& group, const Ipv6Address& source);
  std::errc unblock_source(Ip6Interface& interface, const Ipv6Address& group, const Ipv6Address& source);
  // Source-specific (RFC 3678 §4.1.3, §4.1.4): those are heard that were asked for.
  std::errc join_source(Ip6Interface& interface, const Ipv6Address& group, const Ipv6Address& source);
  std::errc leave_source(Ip6Interface& interface, const Ipv6Address& group, const Ipv6Address& source);
  // The whole filter at once (RFC 3678 §4.2). An empty Include leaves the group.
  std::errc set_filter(Ip6Interface& interface, const Ipv6Address& group, Mode mode,
                       std::span<const Ipv6Address> sources);

  struct Filter {
    Mode mode;
    std::vector<Ipv6Address> sources;
  };
  // Null: not a member there.
  const Filter* filter(const Ip6Interface& interface, const Ipv6Address& group) const;
  bool passes(const Ip6Interface& interface, const Ipv6Address& group, const Ipv6Address& source) const;

 private:
  struct Membership {
    std::uint32_t interface_index;
    Ipv6Address group;
    Filter filter;
  };
  Membership* find(const Ip6Interface& interface, const Ipv6Address& group);
  std::errc add(Ip6Interface& interface, const Ipv6Address& group, Filter filter);
  void remove(Membership& membership);

  Ip6Stack& stack_;
  std::vector<Membership> memberships_;
};

}  // namespace kamesim
