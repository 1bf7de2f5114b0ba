#include "protocols/wire/ipv6_address.h"

#include <charconv>
#include <ostream>
#include <stdexcept>

#include "protocols/wire/decimal.h"
#include "protocols/wire/ipv4_address.h"

namespace kamesim {
namespace {

constexpr std::size_t kGroups = 8;

bool is_hex_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// One to four hexadecimal digits.
std::optional<std::uint16_t> parse_group(std::string_view text) {
  if (text.empty() || text.size() > 4) return std::nullopt;
  std::uint16_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size() || !is_hex_digit(text[0])) return std::nullopt;
  return value;
}

struct GroupList {
  std::array<std::uint16_t, kGroups> values{};
  std::size_t size = 0;
};

enum class EmbeddedIpv4 { Forbidden, AllowedLast };

// Groups separated by single colons, at most eight; the empty text is no group.
std::optional<GroupList> parse_groups(std::string_view text, EmbeddedIpv4 embedded) {
  GroupList list;
  if (text.empty()) return list;
  for (;;) {
    const std::size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    const bool last = colon == std::string_view::npos;
    if (last && embedded == EmbeddedIpv4::AllowedLast && group.find('.') != std::string_view::npos) {
      const auto ipv4 = parse_ipv4(group);
      if (!ipv4 || list.size + 2 > kGroups) return std::nullopt;
      list.values[list.size++] = static_cast<std::uint16_t>(*ipv4 >> 16);
      list.values[list.size++] = static_cast<std::uint16_t>(*ipv4);
      return list;
    }
    const auto value = parse_group(group);
    if (!value || list.size == kGroups) return std::nullopt;
    list.values[list.size++] = *value;
    if (last) return list;
    text.remove_prefix(colon + 1);
  }
}

struct ZeroRun {
  std::size_t begin = kGroups;
  std::size_t size = 0;
};

// RFC 5952 §4.2: the longest run of zero groups, the first of equal ones; a single group is no run.
ZeroRun longest_zero_run(const std::array<std::uint16_t, kGroups>& groups, std::size_t count) {
  ZeroRun best;
  std::size_t size = 0;
  for (std::size_t i = 0; i < count; ++i) {
    size = groups[i] == 0 ? size + 1 : 0;
    if (size >= 2 && size > best.size) best = {i + 1 - size, size};
  }
  return best;
}

constexpr std::size_t kLongestGroups = 5 * kGroups;

// Writes them to `out`, which has room for kLongestGroups; gives the end.
char* write_groups(char* out, const std::array<std::uint16_t, kGroups>& groups, std::size_t count) {
  const ZeroRun zeros = longest_zero_run(groups, count);
  for (std::size_t i = 0; i < count; ++i) {
    if (i == zeros.begin) {
      *out++ = ':', *out++ = ':';
      i += zeros.size - 1;
      continue;
    }
    if (i != 0 && i != zeros.begin + zeros.size) *out++ = ':';
    out = std::to_chars(out, out + 4, groups[i], 16).ptr;
  }
  return out;
}

// RFC 6724 §3.2, for IPv4-mapped addresses.
Scope ipv4_scope(std::uint32_t address) {
  if (address >> 16 == 0xa9fe) return Scope::LinkLocal;  // 169.254.0.0/16
  if (address >> 24 == 127) return Scope::LinkLocal;
  return Scope::Global;
}

}  // namespace

std::optional<Ipv6Address> Ipv6Address::parse(std::string_view text) {
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) {
    const auto all = parse_groups(text, EmbeddedIpv4::AllowedLast);
    if (!all || all->size != kGroups) return std::nullopt;
    return from_groups(all->values);
  }
  const auto before = parse_groups(text.substr(0, gap), EmbeddedIpv4::Forbidden);
  const auto after = parse_groups(text.substr(gap + 2), EmbeddedIpv4::AllowedLast);
  // RFC 4291 §2.2: "::" stands for one or more groups.
  if (!before || !after || before->size + after->size >= kGroups) return std::nullopt;
  auto groups = before->values;
  for (std::size_t i = 0; i < after->size; ++i) groups[kGroups - after->size + i] = after->values[i];
  return from_groups(groups);
}

std::string Ipv6Address::to_string() const {
  std::array<std::uint16_t, kGroups> groups;
  for (std::size_t i = 0; i < kGroups; ++i) {
    groups[i] = static_cast<std::uint16_t>(bytes_[2 * i] << 8 | bytes_[2 * i + 1]);
  }
  char text[kLongestGroups];
  if (!is_v4_mapped()) return std::string(text, write_groups(text, groups, kGroups));
  std::string out(text, write_groups(text, groups, kGroups - 2));  // RFC 5952 §5: mixed notation for a well-known prefix
  for (std::size_t i = 12; i < kSize; ++i) {
    out += i == 12 ? ':' : '.';
    out += std::to_string(bytes_[i]);
  }
  return out;
}

Scope Ipv6Address::scope() const {
  if (is_multicast()) return static_cast<Scope>(bytes_[1] & 0x0f);
  if (is_link_local() || is_loopback()) return Scope::LinkLocal;  // RFC 6724 §3.4 for the loopback address
  if (is_site_local()) return Scope::SiteLocal;
  if (is_v4_mapped()) return ipv4_scope(static_cast<std::uint32_t>(low()));
  return Scope::Global;
}

std::optional<Ipv6Prefix> Ipv6Prefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = Ipv6Address::parse(text.substr(0, slash));
  const auto length = parse_decimal(text.substr(slash + 1), 128);
  if (!address || !length) return std::nullopt;
  return Ipv6Prefix(*address, *length);
}

Ipv6Prefix Ipv6Prefix::subnet(std::uint64_t index, unsigned new_length) const {
  const unsigned shift = 128 - new_length;
  const auto offset = shift == 128 ? 0 : static_cast<unsigned __int128>(index) << shift;
  return Ipv6Prefix(Ipv6Address::from_halves(address_.high() | static_cast<std::uint64_t>(offset >> 64),
                                             address_.low() | static_cast<std::uint64_t>(offset)),
                    new_length);
}

std::string Ipv6Prefix::to_string() const { return address_.to_string() + '/' + std::to_string(length_); }

std::ostream& operator<<(std::ostream& out, const Ipv6Address& a) { return out << a.to_string(); }
std::ostream& operator<<(std::ostream& out, const Ipv6Prefix& p) { return out << p.to_string(); }

inline namespace literals {

Ipv6Address operator""_ip6(const char* text, std::size_t size) {
  const auto address = Ipv6Address::parse({text, size});
  if (!address) throw std::invalid_argument("not an IPv6 address: " + std::string(text, size));
  return *address;
}

Ipv6Prefix operator""_ip6net(const char* text, std::size_t size) {
  const auto prefix = Ipv6Prefix::parse({text, size});
  if (!prefix) throw std::invalid_argument("not an IPv6 prefix: " + std::string(text, size));
  return *prefix;
}

}  // namespace literals
}  // namespace kamesim
