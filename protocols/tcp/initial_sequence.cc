#include "protocols/tcp/initial_sequence.h"

#include <algorithm>
#include <array>

namespace kamesim {
namespace {

constexpr Duration kSequenceTick = 4_us;  // RFC 6528 §3

// RFC 4987 Appendix A: the five high bits count periods of 64 s, three bits choose an MSS, 24 bits are the function's.
constexpr Duration kCookiePeriod = 64_s;
constexpr std::uint32_t kCookiePeriods = 32;
constexpr std::uint32_t kMaxCookieAge = 1;  // periods: a cookie is good for 64 to 128 s
constexpr std::uint32_t kCookieHashMask = 0xff'ffff;
constexpr std::array<std::uint16_t, 8> kCookieMss = {216, 536, 1220, 1360, 1440, 1460, 4312, 8940};

// The low bits of a timestamp: the window scale (15: none), SACK permitted, ECN.
constexpr std::uint32_t kOptionBits = 6;
constexpr std::uint32_t kOptionMask = (1u << kOptionBits) - 1;
constexpr std::uint32_t kNoWindowScale = 15;

SipKey key_from(RandomStream& stream) { return {stream.next_u64(), stream.next_u64()}; }

std::uint32_t cookie_period(Time now) { return static_cast<std::uint32_t>(now.ns() / kCookiePeriod.ns()); }

}  // namespace

TcpSecrets::TcpSecrets(RandomStream stream)
    : sequence_key_(key_from(stream)), timestamp_key_(key_from(stream)), cookie_key_(key_from(stream)) {}

std::uint64_t TcpSecrets::keyed(const SipKey& key, const FourTuple& connection, std::uint64_t extra) const {
  std::array<std::uint8_t, 48> message;
  std::ranges::copy(connection.bytes(), message.begin());
  store_be64(message.data() + 40, extra);
  return siphash24(key, message);
}

SeqNum32 TcpSecrets::initial_sequence_number(const FourTuple& connection, Time now) const {
  const auto m = static_cast<std::uint32_t>(now.ns() / kSequenceTick.ns());
  return SeqNum32(m + static_cast<std::uint32_t>(keyed(sequence_key_, connection, 0)));
}

std::uint32_t TcpSecrets::timestamp_offset(const FourTuple& connection) const {
  return static_cast<std::uint32_t>(keyed(timestamp_key_, connection, 0));
}

SeqNum32 TcpSecrets::cookie(const FourTuple& connection, SeqNum32 irs, std::uint16_t mss, Time now) const {
  const auto above = std::ranges::upper_bound(kCookieMss, std::max(mss, kCookieMss.front()));
  const auto index = static_cast<std::uint32_t>(above - kCookieMss.begin() - 1);
  const std::uint32_t head = cookie_period(now) % kCookiePeriods << 3 | index;
  const std::uint64_t input = std::uint64_t{irs.value()} << 32 | std::uint64_t{cookie_period(now)} << 3 | index;
  return SeqNum32(head << 24 | (static_cast<std::uint32_t>(keyed(cookie_key_, connection, input)) & kCookieHashMask));
}

std::uint32_t TcpSecrets::timestamp_with_options(std::uint32_t value, const SynOffer& offer) {
  const std::uint32_t bits = (offer.window_scale ? *offer.window_scale : kNoWindowScale) |
                             (offer.sack_permitted ? 1u << 4 : 0) | (offer.ecn ? 1u << 5 : 0);
  std::uint32_t encoded = (value & ~kOptionMask) | bits;
  if (encoded > value) encoded -= 1u << kOptionBits;  // never ahead of the clock: later ones would look old (PAWS)
  return encoded;
}

std::optional<SynOffer> TcpSecrets::check_cookie(const FourTuple& connection, const TcpSegment& ack, Time now) const {
  const SeqNum32 cookie = ack.ack - 1;
  const SeqNum32 irs = ack.seq - 1;
  const std::uint32_t head = cookie.value() >> 24;
  const std::uint32_t index = head & 7;
  const std::uint32_t age = (cookie_period(now) - (head >> 3)) % kCookiePeriods;
  if (age > kMaxCookieAge || age > cookie_period(now)) return std::nullopt;
  const std::uint64_t period = cookie_period(now) - age;
  const std::uint64_t input = std::uint64_t{irs.value()} << 32 | period << 3 | index;
  const auto hash = static_cast<std::uint32_t>(keyed(cookie_key_, connection, input)) & kCookieHashMask;
  if (hash != (cookie.value() & kCookieHashMask)) return std::nullopt;
  SynOffer offer{.mss = kCookieMss[index]};
  if (ack.options.timestamps) {
    const std::uint32_t bits = ack.options.timestamps->echo_reply & kOptionMask;
    offer.timestamps = true;
    const std::uint32_t scale = bits & 0xf;
    if (scale != kNoWindowScale) offer.window_scale = static_cast<std::uint8_t>(scale);
    offer.sack_permitted = (bits & 1u << 4) != 0;
    offer.ecn = (bits & 1u << 5) != 0;
  }
  return offer;
}

}  // namespace kamesim
