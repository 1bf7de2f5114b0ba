#include "protocols/ip6/group_list.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <optional>

namespace kamesim {

namespace {

constexpr std::uint64_t kLinkScope = 0xff02'0000'0000'0000;
// RFC 4291 §2.7.1: of the well-known groups the flags and the scope differ, and the low 16 bits.
constexpr std::uint64_t kFlagsAndScope = 0x00ff'0000'0000'0000, kMulticast = 0xff00'0000'0000'0000;
constexpr unsigned kFlagsAndScopeAt = 48, kWellKnownBits = 16;
constexpr std::uint64_t kSolicitedNodeLow = 0x0000'0001'ff00'0000;    // RFC 4291 §2.7.1: ff02::1:ff00:0/104
constexpr std::uint64_t kNodeInformationLow = 0x0000'0002'ff00'0000;  // RFC 4620 §5: ff02::2:ff00:0/104

// Codes of the groups of nodes and routers (RFC 4291 §2.8): ff01::1, ff02::1, ff01::2, ff02::2, ff05::2.
constexpr std::uint32_t kOfNodesAndRouters[] = {0x01'0001, 0x02'0001, 0x01'0002, 0x02'0002, 0x05'0002};
constexpr std::uint32_t kAllNodesBits = 0b00011, kAllRoutersBits = 0b11100;

std::optional<unsigned> bit_of(std::uint32_t code) {
  const auto place = std::ranges::find(kOfNodesAndRouters, code);
  if (place == std::end(kOfNodesAndRouters)) return std::nullopt;
  return static_cast<unsigned>(place - std::begin(kOfNodesAndRouters));
}

}  // namespace

GroupCodes::~GroupCodes() {
  delete others();
  release();
}

void GroupCodes::resize(std::uint32_t words) {
  if (capacity_for(words) == capacity_for(used())) return;
  std::uint32_t* const block =
      words <= kInline ? nullptr
                       : static_cast<std::uint32_t*>(Pool::allocate(capacity_for(words) * sizeof(std::uint32_t)));
  std::array<std::uint32_t, kInline> few;
  std::copy_n(this->words(), std::min(words, used()), block != nullptr ? block : few.data());
  release();
  if (block == nullptr) {
    inline_ = few;
  } else {
    std::memcpy(inline_.data(), &block, sizeof block);
  }
}

void GroupCodes::release() {
  if (used() <= kInline) return;
  Pool::release(const_cast<std::uint32_t*>(words()), capacity_for(used()) * sizeof(std::uint32_t));
}

void GroupCodes::push_back(std::uint32_t code) {
  resize(used() + 1);
  size_ = size_ + 1;
  back() = code;
}

void GroupCodes::erase(std::size_t i) {
  std::copy(begin() + i + 1, end(), &(*this)[i]);
  resize(used() - 1);
  size_ = size_ - 1;
}

GroupCodes::Others& GroupCodes::make_others() {
  if (has_others_) return *others();
  resize(used() + kOfPointer);
  has_others_ = 1;
  auto* const first = const_cast<std::uint32_t*>(words());
  std::copy_backward(first, first + size_, first + used());
  auto* const made = new Others;
  std::memcpy(first, &made, sizeof made);
  return *made;
}

std::size_t GroupCodes::heap_bytes() const {
  std::size_t bytes = used() <= kInline ? 0 : capacity_for(used()) * sizeof(std::uint32_t);
  if (const Others* const known = others()) bytes += sizeof *known + known->capacity() * sizeof(Ipv6Address);
  return bytes;
}

template <typename Call>
bool GroupList::any(Call call) const {
  for (std::size_t i = 0; i < codes_.size(); ++i) {
    const std::uint32_t code = codes_[i];
    if (code >> kKindShift != kTogether) {
      if (call(code, i)) return true;
      continue;
    }
    for (std::uint32_t bits = code & kLow; bits != 0; bits &= bits - 1) {
      if (call(kOfNodesAndRouters[std::countr_zero(bits)], i)) return true;
    }
  }
  return false;
}

std::uint32_t GroupList::code_of(const Ipv6Address& group) const {
  const std::uint64_t low = group.low();
  const auto bits = static_cast<std::uint32_t>(low) & kLow;
  if ((group.high() & ~kFlagsAndScope) == kMulticast && low >> kWellKnownBits == 0) {
    const auto flags_and_scope = static_cast<std::uint32_t>(group.high() >> kFlagsAndScopeAt) & 0xff;
    return kWellKnown << kKindShift | flags_and_scope << kWellKnownBits | bits;
  }
  if (group.high() == kLinkScope) {
    if (low == (kSolicitedNodeLow | bits)) return kSolicitedNode << kKindShift | bits;
    if (low == (kNodeInformationLow | bits)) return kNodeInformation << kKindShift | bits;
  }
  const GroupCodes::Others* const others = codes_.others();
  if (others == nullptr) return kUnknown;
  const auto it = std::ranges::find(*others, group);
  if (it == others->end()) return kUnknown;
  return kOther << kKindShift | static_cast<std::uint32_t>(it - others->begin());
}

std::uint32_t GroupList::add_other(const Ipv6Address& group) {
  GroupCodes::Others& others = codes_.make_others();
  // The place of one that was left is free.
  auto place = std::ranges::find(others, Ipv6Address());
  if (place == others.end()) place = others.insert(place, group);
  *place = group;
  return kOther << kKindShift | static_cast<std::uint32_t>(place - others.begin());
}

Ipv6Address GroupList::group_of(std::uint32_t code) const {
  const std::uint32_t bits = code & kLow;
  switch (code >> kKindShift) {
    case kWellKnown:
      return Ipv6Address::from_halves(kMulticast | std::uint64_t{bits >> kWellKnownBits} << kFlagsAndScopeAt,
                                      bits & ((1u << kWellKnownBits) - 1));
    case kSolicitedNode: return Ipv6Address::from_halves(kLinkScope, kSolicitedNodeLow | bits);
    case kNodeInformation: return Ipv6Address::from_halves(kLinkScope, kNodeInformationLow | bits);
    default: return (*codes_.others())[bits];
  }
}

bool GroupList::join(const Ipv6Address& group) {
  std::uint32_t code = code_of(group);
  const bool is_new = code == kUnknown || !any([code](std::uint32_t known, std::size_t) { return known == code; });
  if (const auto bit = bit_of(code)) {
    // The same element tells of it, if it comes behind what that tells of already.
    const bool together = !codes_.empty() && codes_.back() >> kKindShift == kTogether;
    if (together && (codes_.back() & kLow) >> *bit == 0) {
      codes_.back() |= 1u << *bit;
      return is_new;
    }
    code = kTogether << kKindShift | 1u << *bit;
  }
  if (code == kUnknown) code = add_other(group);
  codes_.push_back(code);
  return is_new;
}

bool GroupList::leave(const Ipv6Address& group) {
  const std::uint32_t code = code_of(group);
  // Of several joins the last goes, so that the group keeps its place.
  std::size_t last = 0, joins = 0;
  any([&](std::uint32_t joined, std::size_t place) {
    if (joined == code) last = place, ++joins;
    return false;
  });
  if (joins == 0) return false;
  const auto bit = bit_of(code);
  if (bit) codes_[last] &= ~(1u << *bit);
  if (!bit || (codes_[last] & kLow) == 0) codes_.erase(last);
  if (joins > 1) return false;
  if (code >> kKindShift == kOther) (*codes_.others())[code & kLow] = Ipv6Address();
  return true;
}

bool GroupList::contains(const Ipv6Address& group) const {
  const std::uint32_t code = code_of(group);
  return any([code](std::uint32_t known, std::size_t) { return known == code; });
}

// RFC 2464 §7.
bool GroupList::any_maps_to(MacAddress mac) const {
  constexpr std::uint64_t kOfIpv6 = 0x3333'0000'0000, kLast = UINT32_MAX;
  const std::uint64_t bits = mac.to_uint64();
  if ((bits & ~kLast) != kOfIpv6) return false;
  const auto last = static_cast<std::uint32_t>(bits & kLast);
  return std::ranges::any_of(codes_, [&](std::uint32_t code) {
    if (code >> kKindShift != kTogether) return last_bytes_of(code) == last;
    return ((code & kAllNodesBits) != 0 && last == 1) || ((code & kAllRoutersBits) != 0 && last == 2);
  });
}

// The last four bytes of the group's address, without the rest of it: this is asked of each frame to a group.
std::uint32_t GroupList::last_bytes_of(std::uint32_t code) const {
  switch (code >> kKindShift) {
    case kWellKnown: return code & ((1u << kWellKnownBits) - 1);
    case kSolicitedNode: return static_cast<std::uint32_t>(kSolicitedNodeLow) | (code & kLow);
    case kNodeInformation: return static_cast<std::uint32_t>(kNodeInformationLow) | (code & kLow);
    default: return static_cast<std::uint32_t>((*codes_.others())[code & kLow].low());
  }
}

std::vector<GroupList::Entry> GroupList::all() const {
  std::vector<Entry> groups;
  any([&](std::uint32_t code, std::size_t) {
    const Ipv6Address group = group_of(code);
    const auto known = std::ranges::find(groups, group, &Entry::group);
    if (known != groups.end()) {
      ++known->joins;
    } else {
      groups.push_back({group, 1});
    }
    return false;
  });
  return groups;
}

std::size_t GroupList::heap_bytes() const { return codes_.heap_bytes(); }

}  // namespace kamesim
