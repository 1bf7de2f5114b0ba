#include "protocols/pmip6/prefix_pool.h"

namespace kamesim::pmip6 {

namespace {

constexpr unsigned kMaxIndexBits = 48;  // more prefixes than that are as good as any number

}  // namespace

std::uint64_t PrefixPool::size() const {
  const unsigned bits = length_ - pool_.length();
  return std::uint64_t{1} << (bits < kMaxIndexBits ? bits : kMaxIndexBits);
}

std::optional<Ipv6Prefix> PrefixPool::allocate() {
  if (taken_.size() >= size()) return std::nullopt;
  while (taken_.contains(next_)) next_ = (next_ + 1) % size();
  taken_.insert(next_);
  const Ipv6Prefix prefix = pool_.subnet(next_, length_);
  next_ = (next_ + 1) % size();
  return prefix;
}

std::optional<std::uint64_t> PrefixPool::index_of(const Ipv6Prefix& prefix) const {
  if (prefix.length() != length_ || !pool_.contains(prefix)) return std::nullopt;
  const std::uint64_t index = (prefix.address().high() ^ pool_.address().high()) >> (64 - length_);
  return index < size() ? std::optional(index) : std::nullopt;
}

bool PrefixPool::take(const Ipv6Prefix& prefix) {
  const auto index = index_of(prefix);
  return index && taken_.insert(*index).second;
}

void PrefixPool::release(const Ipv6Prefix& prefix) {
  if (const auto index = index_of(prefix)) taken_.erase(*index);
}

}  // namespace kamesim::pmip6
