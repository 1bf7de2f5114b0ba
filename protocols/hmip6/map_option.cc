#include "protocols/hmip6/map_option.h"

#include "protocols/wire/time_units.h"
#include "sim/bytes.h"

namespace kamesim {
namespace {

constexpr std::size_t kSize = 24;
constexpr std::uint32_t kInfinite = 0xffff'ffff;

bool is_global_unicast(const Ipv6Address& address) {
  return !address.is_unspecified() && !address.is_loopback() && !address.is_multicast() && !address.is_link_local() &&
         !address.is_v4_mapped();
}

}  // namespace

std::optional<MapOption> MapOption::parse(const NdOption& option) {
  if (option.type != kMapOptionType || option.bytes.size() != kSize) return std::nullopt;
  const std::uint8_t* const p = option.bytes.data();
  const std::uint32_t seconds = load_be32(p + 4);
  const MapOption map{.distance = static_cast<std::uint8_t>(p[2] >> 4),
                      .preference = static_cast<std::uint8_t>(p[2] & 0x0f),
                      .rcoa_allocated = (p[3] & 0x80) != 0,
                      .valid_lifetime = seconds == kInfinite ? kInfiniteLifetime : Duration::seconds(seconds),
                      .address = Ipv6Address::from_bytes(p + 8)};
  if (map.distance == 0 || !is_global_unicast(map.address)) return std::nullopt;
  return map;
}

void emit(ByteWriter& out, const MapOption& option) {
  out.u8(static_cast<std::uint8_t>(kMapOptionType));
  out.u8(kSize / 8);
  out.u8(static_cast<std::uint8_t>(option.distance << 4 | (option.preference & 0x0f)));
  out.u8(option.rcoa_allocated ? 0x80 : 0);
  out.u32(option.valid_lifetime == kInfiniteLifetime
              ? kInfinite
              : static_cast<std::uint32_t>(whole_units(option.valid_lifetime, 1_s, kInfinite - 1)));
  out.address(option.address);
}

}  // namespace kamesim
