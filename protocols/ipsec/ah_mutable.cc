#include "protocols/ipsec/ah_mutable.h"

#include <algorithm>
#include <cstring>

#include "protocols/wire/ipv4_header.h"
#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/ipv6_header.h"
#include "protocols/wire/options_header.h"
#include "protocols/wire/routing_header.h"

namespace kamesim::ipsec {

namespace {

constexpr std::size_t kSourceOffset = 8, kDestinationOffset = 24;  // RFC 8200 §3
constexpr std::size_t kFirstAddress = 8;                           // RFC 2460 §4.4, RFC 6275 §6.4.1

void swap_addresses(std::uint8_t* a, std::uint8_t* b) { std::swap_ranges(a, a + Ipv6Address::kSize, b); }

// RFC 4302 appendix A1, the immutable ones; all others are zeroed, those that nobody knows among them.
bool is_immutable_ipv4_option(std::uint8_t type) {
  constexpr std::uint8_t kImmutable[] = {
      130,  // security (RFC 1108)
      133,  // extended security
      134,  // commercial security
      148,  // router alert (RFC 2113)
      149,  // sender directed multi-destination delivery (RFC 1770)
  };
  return std::ranges::find(kImmutable, type) != std::end(kImmutable);
}

bool zero_ipv4(MutableBytes headers) {
  if (headers.size() < kIpv4HeaderSize || headers.size() != std::size_t{headers[0] & 0x0fu} * 4) return false;
  headers[1] = 0;                                   // DSCP and ECN
  headers[6] = headers[7] = 0;                      // flags and fragment offset
  headers[kIpv4TtlOffset] = 0;
  headers[10] = headers[11] = 0;                    // checksum
  for (std::size_t at = kIpv4HeaderSize; at < headers.size();) {
    const std::uint8_t type = headers[at];
    if (type == kIpv4EndOfOptions) return true;
    if (type == kIpv4NoOperation) {
      ++at;
      continue;
    }
    const std::size_t length = at + 1 < headers.size() ? headers[at + 1] : 0;
    if (length < 2 || at + length > headers.size()) return false;
    if (!is_immutable_ipv4_option(type)) std::memset(headers.data() + at, 0, length);  // §3.3.3.1.1.2: as a unit
    at += length;
  }
  return true;
}

// §3.3.3.1.2.2; and RFC 6275 §11.3.2: the source is the home address, and the option holds the care-of address.
bool zero_options(MutableBytes packet, MutableBytes header) {
  const auto options = OptionsHeaderView::check(header);
  if (!options) return false;
  for (const Tlv& option : options->options()) {
    std::uint8_t* data = header.data() + option.offset + kTlvHeaderSize;
    if (option_may_change_en_route(option.type)) {
      std::memset(data, 0, option.data.size());
    } else if (home_address(option)) {
      swap_addresses(packet.data() + kSourceOffset, data);
    }
  }
  return true;
}

// Appendix A2: as at the final destination, no segments left. RFC 6275 §6.4: of type 2 that is the home address in the
// destination's place and the care-of address in the header.
bool route_to_the_end(MutableBytes packet, MutableBytes header) {
  const std::uint8_t type = header[kRoutingTypeOffset], left = header[kSegmentsLeftOffset];
  if (left == 0) return true;
  if (type != kSourceRouteType && type != kType2RoutingType) return false;
  const std::size_t addresses = (header.size() - kFirstAddress) / Ipv6Address::kSize;
  if (left > addresses) return false;
  header[kSegmentsLeftOffset] = 0;
  for (std::size_t i = addresses - left; i < addresses; ++i) {  // RFC 2460 §4.4, each node on the way swaps once
    swap_addresses(packet.data() + kDestinationOffset, header.data() + kFirstAddress + i * Ipv6Address::kSize);
  }
  return true;
}

bool zero_ipv6(MutableBytes headers) {
  if (headers.size() < kIpv6HeaderSize) return false;
  store_be32(headers.data(), 6u << 28);  // DSCP, ECN and flow label
  headers[kIpv6HopLimitOffset] = 0;
  auto type = static_cast<NextHeader>(headers[kIpv6NextHeaderOffset]);
  for (std::size_t at = kIpv6HeaderSize; at < headers.size();) {
    if (headers.size() - at < 8) return false;
    const std::size_t size = type == NextHeader::AuthenticationHeader ? 4 * (std::size_t{headers[at + 1]} + 2)
                                                                      : 8 * (std::size_t{headers[at + 1]} + 1);
    if (size > headers.size() - at) return false;
    const MutableBytes header = headers.subspan(at, size);
    if (type == NextHeader::HopByHopOptions || type == NextHeader::DestinationOptions) {
      if (!zero_options(headers, header)) return false;
    } else if (type == NextHeader::Routing) {
      if (!route_to_the_end(headers, header)) return false;
    } else if (type != NextHeader::AuthenticationHeader) {
      return false;  // appendix A2: a Fragment header is gone by now, and nothing else stands before AH
    }
    type = static_cast<NextHeader>(header[0]);
    at += size;
  }
  return true;
}

}  // namespace

bool zero_mutable_fields(MutableBytes headers) {
  if (headers.empty()) return false;
  return headers[0] >> 4 == 4 ? zero_ipv4(headers) : zero_ipv6(headers);
}

}  // namespace kamesim::ipsec
