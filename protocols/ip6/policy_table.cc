#include "protocols/ip6/policy_table.h"

#include <algorithm>

#include "protocols/wire/ipv4_address.h"

namespace kamesim {

namespace {

constexpr Ipv6Prefix kAnywhere;
constexpr AddressPolicy kOtherwise{kAnywhere, 40, 1};
constexpr Ipv6Prefix kLoopbackOnly(kLoopback, 128), kMapped(kV4MappedAny, kV4MappedLength), kCompatible(kUnspecified, 96);

constexpr Ipv6Prefix prefix(std::uint16_t first, unsigned length) {
  return {Ipv6Address::from_groups({first, 0, 0, 0, 0, 0, 0, 0}), length};
}

}  // namespace

PolicyTable::PolicyTable(std::vector<AddressPolicy> rows) : rows_(std::move(rows)) {
  std::ranges::stable_sort(rows_, std::greater<>(), [](const AddressPolicy& row) { return row.prefix.length(); });
}

const AddressPolicy& PolicyTable::lookup(const Ipv6Address& address) const {
  const auto row = std::ranges::find_if(rows_, [&](const AddressPolicy& r) { return r.prefix.contains(address); });
  return row != rows_.end() ? *row : kOtherwise;
}

const PolicyTable& PolicyTable::default_of(AddressSelection selection) {
  static const PolicyTable kRfc6724({{kLoopbackOnly, 50, 0},
                                     {kAnywhere, 40, 1},
                                     {kMapped, 35, 4},
                                     {prefix(0x2002, 16), 30, 2},
                                     {prefix(0x2001, 32), 5, 5},
                                     {prefix(0xfc00, 7), 3, 13},
                                     {kCompatible, 1, 3},
                                     {prefix(0xfec0, 10), 1, 11},
                                     {prefix(0x3ffe, 16), 1, 12}});
  static const PolicyTable kRfc3484({{kLoopbackOnly, 50, 0},
                                     {kAnywhere, 40, 1},
                                     {prefix(0x2002, 16), 30, 2},
                                     {kCompatible, 20, 3},
                                     {kMapped, 10, 4}});
  return selection == AddressSelection::Rfc6724 ? kRfc6724 : kRfc3484;
}

}  // namespace kamesim
