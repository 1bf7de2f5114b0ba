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
  patterns_.reserve(rows_.size());
  for (const AddressPolicy& row : rows_) {
    const Ipv6Prefix mask(Ipv6Address::from_halves(~0ull, ~0ull), row.prefix.length());
    const Ipv6Address& value = row.prefix.address();
    patterns_.push_back({value.high(), mask.address().high(), value.low(), mask.address().low()});
  }
}

const AddressPolicy& PolicyTable::lookup(const Ipv6Address& address) const {
  const std::uint64_t high = address.high(), low = address.low();
  const auto row = std::ranges::find_if(patterns_, [&](const Pattern& p) {
    return (high & p.high_mask) == p.high && (low & p.low_mask) == p.low;
  });
  return row != patterns_.end() ? rows_[static_cast<std::size_t>(row - patterns_.begin())] : kOtherwise;
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
