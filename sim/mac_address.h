// A 48-bit IEEE 802 address, in network order.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace kamesim {

class MacAddress {
 public:
  static constexpr std::size_t kSize = 6;

  constexpr MacAddress() = default;
  explicit constexpr MacAddress(const std::array<std::uint8_t, kSize>& bytes) : bytes_(bytes) {}
  static MacAddress from_bytes(const std::uint8_t* p) {
    MacAddress a;
    std::memcpy(a.bytes_.data(), p, kSize);
    return a;
  }
  static constexpr MacAddress broadcast() { return MacAddress({0xff, 0xff, 0xff, 0xff, 0xff, 0xff}); }
  // "02:00:00:00:00:01"; empty if the text is not six colon-separated pairs of hex digits.
  static std::optional<MacAddress> parse(std::string_view text);

  constexpr const std::array<std::uint8_t, kSize>& bytes() const { return bytes_; }
  const std::uint8_t* data() const { return bytes_.data(); }
  void copy_to(std::uint8_t* p) const { std::memcpy(p, bytes_.data(), kSize); }
  // The I/G bit: group addresses, broadcast included.
  constexpr bool is_group() const { return (bytes_[0] & 1) != 0; }
  constexpr bool is_zero() const { return to_uint64() == 0; }
  constexpr std::uint64_t to_uint64() const {
    std::uint64_t v = 0;
    for (auto b : bytes_) v = v << 8 | b;
    return v;
  }
  std::string to_string() const;

  friend constexpr auto operator<=>(const MacAddress&, const MacAddress&) = default;

 private:
  std::array<std::uint8_t, kSize> bytes_{};
};

}  // namespace kamesim

template <>
struct std::hash<kamesim::MacAddress> {
  std::size_t operator()(const kamesim::MacAddress& a) const noexcept {
    return static_cast<std::size_t>(a.to_uint64() * 0x9e3779b97f4a7c15ull >> 7);
  }
};
