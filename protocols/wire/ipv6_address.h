// IPv6 addresses, prefixes and interface identifiers (RFC 4291): values in network order that copy like integers.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include "sim/mac_address.h"

namespace kamesim {

// The multicast scope field (RFC 4291 §2.7, RFC 7346 §2); unicast addresses map into it (RFC 6724 §3.1).
// A multicast address may carry any of the sixteen values: those without a name here are unassigned.
enum class Scope : std::uint8_t {
  InterfaceLocal = 1,
  LinkLocal = 2,
  RealmLocal = 3,
  AdminLocal = 4,
  SiteLocal = 5,
  OrganizationLocal = 8,
  Global = 14,
};

class alignas(8) Ipv6Address {
 public:
  static constexpr std::size_t kSize = 16;

  constexpr Ipv6Address() = default;  // ::
  explicit constexpr Ipv6Address(const std::array<std::uint8_t, kSize>& bytes) : bytes_(bytes) {}
  // The eight groups of the text form: {0xff02, 0, 0, 0, 0, 0, 0, 1} is ff02::1.
  static constexpr Ipv6Address from_groups(const std::array<std::uint16_t, 8>& groups) {
    Ipv6Address a;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      a.bytes_[2 * i] = static_cast<std::uint8_t>(groups[i] >> 8);
      a.bytes_[2 * i + 1] = static_cast<std::uint8_t>(groups[i]);
    }
    return a;
  }
  // The upper and lower 64 bits as host integers.
  static constexpr Ipv6Address from_halves(std::uint64_t high, std::uint64_t low) {
    using Halves = std::array<std::uint64_t, 2>;
    return Ipv6Address(std::bit_cast<std::array<std::uint8_t, kSize>>(
        Halves{__builtin_bswap64(high), __builtin_bswap64(low)}));
  }
  static Ipv6Address from_bytes(const std::uint8_t* p) {
    Ipv6Address a;
    std::memcpy(a.bytes_.data(), p, kSize);
    return a;
  }
  // Any text form of RFC 4291 §2.2, embedded IPv4 included. Empty if malformed; a zone ("%eth0") is malformed.
  static std::optional<Ipv6Address> parse(std::string_view text);

  constexpr const std::array<std::uint8_t, kSize>& bytes() const { return bytes_; }
  const std::uint8_t* data() const { return bytes_.data(); }
  void copy_to(std::uint8_t* p) const { std::memcpy(p, bytes_.data(), kSize); }
  constexpr std::uint64_t high() const { return __builtin_bswap64(halves()[0]); }
  constexpr std::uint64_t low() const { return __builtin_bswap64(halves()[1]); }
  // Bit 0 is the most significant. i < 128.
  constexpr bool bit(unsigned i) const { return (bytes_[i / 8] >> (7 - i % 8) & 1) != 0; }
  // The recommended text form of RFC 5952.
  std::string to_string() const;

  constexpr bool is_unspecified() const { return (halves()[0] | halves()[1]) == 0; }
  constexpr bool is_loopback() const { return high() == 0 && low() == 1; }
  constexpr bool is_multicast() const { return bytes_[0] == 0xff; }
  constexpr bool is_link_local() const { return high() >> 54 == 0xfe80 >> 6; }    // unicast, fe80::/10
  constexpr bool is_site_local() const { return high() >> 54 == 0xfec0 >> 6; }    // unicast, fec0::/10, deprecated
  constexpr bool is_unique_local() const { return high() >> 57 == 0xfc00 >> 9; }  // RFC 4193 §3.1, fc00::/7
  constexpr bool is_v4_mapped() const { return high() == 0 && low() >> 32 == 0xffff; }
  constexpr bool is_v4_compatible() const { return high() == 0 && low() >> 32 == 0 && low() > 1; }
  constexpr bool is_6to4() const { return high() >> 48 == 0x2002; }  // RFC 3056 §2
  Scope scope() const;

  friend constexpr auto operator<=>(const Ipv6Address&, const Ipv6Address&) = default;
  friend constexpr bool operator==(const Ipv6Address& a, const Ipv6Address& b) { return a.halves() == b.halves(); }

 private:
  constexpr std::array<std::uint64_t, 2> halves() const { return std::bit_cast<std::array<std::uint64_t, 2>>(bytes_); }

  std::array<std::uint8_t, kSize> bytes_{};
};

inline constexpr Ipv6Address kUnspecified;
inline constexpr Ipv6Address kLoopback = Ipv6Address::from_groups({0, 0, 0, 0, 0, 0, 0, 1});
// RFC 4291 §2.7.1, pre-defined multicast addresses.
inline constexpr Ipv6Address kAllNodesInterfaceLocal = Ipv6Address::from_groups({0xff01, 0, 0, 0, 0, 0, 0, 1});
inline constexpr Ipv6Address kAllNodesLinkLocal = Ipv6Address::from_groups({0xff02, 0, 0, 0, 0, 0, 0, 1});
inline constexpr Ipv6Address kAllRoutersInterfaceLocal = Ipv6Address::from_groups({0xff01, 0, 0, 0, 0, 0, 0, 2});
inline constexpr Ipv6Address kAllRoutersLinkLocal = Ipv6Address::from_groups({0xff02, 0, 0, 0, 0, 0, 0, 2});
inline constexpr Ipv6Address kAllRoutersSiteLocal = Ipv6Address::from_groups({0xff05, 0, 0, 0, 0, 0, 0, 2});

// RFC 4291 §2.7.1: ff02::1:ff00:0/104 with the low 24 bits of the address.
constexpr Ipv6Address solicited_node(const Ipv6Address& a) {
  return Ipv6Address::from_halves(0xff02'0000'0000'0000, 0x0000'0001'ff00'0000 | (a.low() & 0xff'ffff));
}

// RFC 2464 §7: 33:33 and the low 32 bits of the multicast address.
constexpr MacAddress multicast_mac(const Ipv6Address& group) {
  const auto& b = group.bytes();
  return MacAddress({0x33, 0x33, b[12], b[13], b[14], b[15]});
}

// The number of leading bits the two have in common, 0 to 128.
constexpr unsigned common_prefix_length(const Ipv6Address& a, const Ipv6Address& b) {
  const std::uint64_t high = a.high() ^ b.high();
  if (high != 0) return static_cast<unsigned>(std::countl_zero(high));
  return 64u + static_cast<unsigned>(std::countl_zero(a.low() ^ b.low()));
}

// A 64-bit interface identifier (RFC 4291 §2.5.1).
class InterfaceId {
 public:
  explicit constexpr InterfaceId(std::uint64_t value) : value_(value) {}
  // Modified EUI-64 (RFC 4291 Appendix A): ff:fe in the middle, the universal/local bit inverted.
  static constexpr InterfaceId eui64(const MacAddress& mac) {
    const std::uint64_t m = mac.to_uint64();
    return InterfaceId(((m >> 24) << 40 | 0xff'fe00'0000 | (m & 0xff'ffff)) ^ 0x0200'0000'0000'0000);
  }
  constexpr std::uint64_t value() const { return value_; }

  friend constexpr auto operator<=>(InterfaceId, InterfaceId) = default;

 private:
  std::uint64_t value_;
};

// An address whose bits beyond the prefix length are zero.
class Ipv6Prefix {
 public:
  constexpr Ipv6Prefix() = default;  // ::/0
  // Clears the host bits. length <= 128.
  constexpr Ipv6Prefix(const Ipv6Address& a, unsigned length)
      : address_(Ipv6Address::from_halves(a.high() & high_mask(length), a.low() & low_mask(length))),
        length_(static_cast<std::uint8_t>(length)) {}
  // "2001:db8::/32". Set host bits are cleared; a missing or excessive length is malformed.
  static std::optional<Ipv6Prefix> parse(std::string_view text);

  constexpr const Ipv6Address& address() const { return address_; }
  constexpr unsigned length() const { return length_; }
  constexpr bool contains(const Ipv6Address& a) const {
    return ((a.high() ^ address_.high()) & high_mask(length_)) == 0 &&
           ((a.low() ^ address_.low()) & low_mask(length_)) == 0;
  }
  constexpr bool contains(const Ipv6Prefix& p) const { return p.length_ >= length_ && contains(p.address_); }
  // The index-th prefix of the new length inside this one. length() <= new_length, index < 2^(new_length - length()).
  Ipv6Prefix subnet(std::uint64_t index, unsigned new_length) const;
  // The n-th address: host(0) is the prefix itself, the Subnet-Router anycast address. n < 2^(128 - length()).
  constexpr Ipv6Address host(std::uint64_t n) const {
    return Ipv6Address::from_halves(address_.high(), address_.low() | n);
  }
  std::string to_string() const;

  friend constexpr auto operator<=>(const Ipv6Prefix&, const Ipv6Prefix&) = default;

 private:
  static constexpr std::uint64_t high_mask(unsigned length) {
    return length == 0 ? 0 : length >= 64 ? ~0ull : ~0ull << (64 - length);
  }
  static constexpr std::uint64_t low_mask(unsigned length) {
    return length <= 64 ? 0 : ~0ull << (128 - length);
  }

  Ipv6Address address_;
  std::uint8_t length_ = 0;
};

// RFC 4291 §2.5.6: of fe80::/10, the part with 54 zero bits and a 64-bit interface identifier.
inline constexpr Ipv6Prefix kLinkLocalPrefix{Ipv6Address::from_groups({0xfe80, 0, 0, 0, 0, 0, 0, 0}), 64};

// RFC 4862 §5.5.3 d: prefix and interface identifier joined. prefix.length() <= 64.
constexpr Ipv6Address with_interface_id(const Ipv6Prefix& prefix, InterfaceId id) {
  return Ipv6Address::from_halves(prefix.address().high(), id.value());
}

std::ostream& operator<<(std::ostream& out, const Ipv6Address& a);
std::ostream& operator<<(std::ostream& out, const Ipv6Prefix& p);

inline namespace literals {
// For constants in the source: throws std::invalid_argument when the text is not an address or a prefix.
Ipv6Address operator""_ip6(const char* text, std::size_t size);
Ipv6Prefix operator""_ip6net(const char* text, std::size_t size);
}  // namespace literals

}  // namespace kamesim

template <>
struct std::hash<kamesim::Ipv6Address> {
  std::size_t operator()(const kamesim::Ipv6Address& a) const noexcept {
    // The two halves of a 64 by 64 bit product, so that each bit of the address moves all of the hash.
    const auto product = static_cast<unsigned __int128>(a.high() ^ 0x9e3779b97f4a7c15ull) *
                         (a.low() ^ 0xd1b54a32d192ed03ull);
    return static_cast<std::size_t>(product >> 64) ^ static_cast<std::size_t>(product);
  }
};

template <>
struct std::hash<kamesim::Ipv6Prefix> {
  std::size_t operator()(const kamesim::Ipv6Prefix& p) const noexcept {
    return std::hash<kamesim::Ipv6Address>{}(p.address()) + p.length() * 0x9e3779b97f4a7c15ull;
  }
};
