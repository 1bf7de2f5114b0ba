#include "protocols/ip6/socket_groups.h"

#include <algorithm>

#include "protocols/ip6/stack.h"

namespace kamesim {

namespace {

constexpr std::errc kDone{};

Ip6Interface* interface_of(const Ip6Stack& stack, std::uint32_t index) {
  for (const auto& interface : stack.interfaces()) {
    if (interface->index() == index) return interface.get();
  }
  return nullptr;
}

bool contains(const std::vector<Ipv6Address>& sources, const Ipv6Address& source) {
  return std::ranges::find(sources, source) != sources.end();
}

bool valid_source(const Ipv6Address& source) { return !source.is_multicast() && !source.is_unspecified(); }

}  // namespace

SocketGroups::~SocketGroups() {
  while (!memberships_.empty()) remove(memberships_.back());
}

SocketGroups::Membership* SocketGroups::find(const Ip6Interface& interface, const Ipv6Address& group) {
  for (Membership& m : memberships_) {
    if (m.group == group && m.interface_index == interface.index()) return &m;
  }
  return nullptr;
}

std::errc SocketGroups::add(Ip6Interface& interface, const Ipv6Address& group, Filter filter) {
  if (!group.is_multicast()) return std::errc::invalid_argument;
  if (memberships_.size() >= kMaxSocketGroups) return std::errc::no_buffer_space;
  memberships_.push_back({interface.index(), group, std::move(filter)});
  interface.join_group(group);
  return kDone;
}

void SocketGroups::remove(Membership& membership) {
  // The interface may have gone, and its groups with it.
  if (Ip6Interface* interface = interface_of(stack_, membership.interface_index)) {
    interface->leave_group(membership.group);
  }
  memberships_.erase(memberships_.begin() + (&membership - memberships_.data()));
}

std::errc SocketGroups::join(Ip6Interface& interface, const Ipv6Address& group) {
  if (find(interface, group) != nullptr) return std::errc::address_in_use;  // RFC 3678 §4.1.1: joined already
  return add(interface, group, {Mode::Exclude, {}});
}

std::errc SocketGroups::leave(Ip6Interface* interface, const Ipv6Address& group) {
  if (!group.is_multicast()) return std::errc::invalid_argument;
  const auto it = std::ranges::find_if(memberships_, [&](const Membership& m) {
    return m.group == group && (interface == nullptr || m.interface_index == interface->index());
  });
  if (it == memberships_.end()) return std::errc::address_not_available;
  remove(*it);
  return kDone;
}

std::errc SocketGroups::block_source(Ip6Interface& interface, const Ipv6Address& group, const Ipv6Address& source) {
  Membership* m = find(interface, group);
  if (m == nullptr) return std::errc::address_not_available;
  // RFC 3678 §4.1.3: the calls of one kind on a membership of the other are in error.
  if (m->filter.mode != Mode::Exclude || !valid_source(source)) return std::errc::invalid_argument;
  if (contains(m->filter.sources, source)) return std::errc::address_not_available;
  if (m->filter.sources.size() >= kMaxSocketSources) return std::errc::no_buffer_space;
  m->filter.sources.push_back(source);
  return kDone;
}

std::errc SocketGroups::unblock_source(Ip6Interface& interface, const Ipv6Address& group, const Ipv6Address& source) {
  Membership* m = find(interface, group);
  if (m == nullptr) return std::errc::address_not_available;
  if (m->filter.mode != Mode::Exclude) return std::errc::invalid_argument;
  return std::erase(m->filter.sources, source) != 0 ? kDone : std::errc::address_not_available;
}

std::errc SocketGroups::join_source(Ip6Interface& interface, const Ipv6Address& group, const Ipv6Address& source) {
  if (!valid_source(source)) return std::errc::invalid_argument;
  Membership* m = find(interface, group);
  if (m == nullptr) return add(interface, group, {Mode::Include, {source}});
  if (m->filter.mode != Mode::Include) return std::errc::invalid_argument;
  if (contains(m->filter.sources, source)) return std::errc::address_not_available;
  if (m->filter.sources.size() >= kMaxSocketSources) return std::errc::no_buffer_space;
  m->filter.sources.push_back(source);
  return kDone;
}

std::errc SocketGroups::leave_source(Ip6Interface& interface, const Ipv6Address& group, const Ipv6Address& source) {
  Membership* m = find(interface, group);
  if (m == nullptr) return std::errc::address_not_available;
  if (m->filter.mode != Mode::Include) return std::errc::invalid_argument;
  if (std::erase(m->filter.sources, source) == 0) return std::errc::address_not_available;
  if (m->filter.sources.empty()) remove(*m);  // RFC 3678 §4.1.4: the last source takes the membership along
  return kDone;
}

std::errc SocketGroups::set_filter(Ip6Interface& interface, const Ipv6Address& group, Mode mode,
                                   std::span<const Ipv6Address> sources) {
  if (!std::ranges::all_of(sources, valid_source)) return std::errc::invalid_argument;
  if (sources.size() > kMaxSocketSources) return std::errc::no_buffer_space;
  Filter filter{mode, {sources.begin(), sources.end()}};
  Membership* m = find(interface, group);
  if (mode == Mode::Include && sources.empty()) {
    if (m == nullptr) return std::errc::address_not_available;
    remove(*m);
    return kDone;
  }
  if (m == nullptr) return add(interface, group, std::move(filter));
  m->filter = std::move(filter);
  return kDone;
}

const SocketGroups::Filter* SocketGroups::filter(const Ip6Interface& interface, const Ipv6Address& group) const {
  for (const Membership& m : memberships_) {
    if (m.group == group && m.interface_index == interface.index()) return &m.filter;
  }
  return nullptr;
}

bool SocketGroups::passes(const Ip6Interface& interface, const Ipv6Address& group, const Ipv6Address& source) const {
  const Filter* f = filter(interface, group);
  return f != nullptr && contains(f->sources, source) == (f->mode == Mode::Include);
}

}  // namespace kamesim
