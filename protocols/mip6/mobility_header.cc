#include "protocols/mip6/mobility_header.h"

#include <array>

#include "protocols/mip6/mobility_options.h"
#include "protocols/wire/checksum.h"

namespace kamesim {
namespace {

constexpr std::size_t kMinimumSize = 8;

// The length of each message without options, by MH Type (RFC 6275 §6.1.2 to §6.1.9, RFC 5568 §6.2). Zero: unknown.
constexpr std::array<std::uint8_t, 16> kFixedSizes = {
    8,   // Binding Refresh Request
    16,  // Home Test Init
    16,  // Care-of Test Init
    24,  // Home Test
    24,  // Care-of Test
    12,  // Binding Update
    12,  // Binding Acknowledgement
    24,  // Binding Error
    12,  // Fast Binding Update
    12,  // Fast Binding Acknowledgment
    0, 0, 0, 0,
    10,  // Handover Initiate
    10,  // Handover Acknowledge
};

}  // namespace

Parsed<MobilityHeaderView> MobilityHeaderView::check(Bytes message, const Ipv6Address& source,
                                                     const Ipv6Address& destination, std::uint32_t types) {
  if (message.size() < kMinimumSize) return drop(kMhTruncated);
  const std::size_t size = 8 * (std::size_t{message[kMhHeaderLenOffset]} + 1);
  if (message.size() < size) return drop(kMhTruncated);
  const Bytes mh = message.first(size);
  if (!upper_layer_checksum_ok(source, destination, NextHeader::Mobility, mh)) return drop(kMhBadChecksum);
  const std::uint8_t type = mh[kMhTypeOffset];
  const bool taken = type < kFixedSizes.size() && kFixedSizes[type] != 0 && (types >> type & 1) != 0;
  if (!taken) return drop(kMhUnknownType);
  if (mh[kMhPayloadProtoOffset] != static_cast<std::uint8_t>(NextHeader::NoNextHeader)) return drop(kMhBadPayloadProto);
  if (size < kFixedSizes[type]) return drop(kMhHeaderLenTooSmall);
  const auto options = TlvOptions::check(mh, kFixedSizes[type]);
  if (!options) return drop(kMhOptionTruncated);
  if (!mobility_option_lengths_ok(*options)) return drop(kMhOptionBadLength);
  return MobilityHeaderView(mh, *options);
}

void fill_mobility_header_checksum(const Ipv6Address& source, const Ipv6Address& destination, MutableBytes message) {
  fill_upper_layer_checksum(source, destination, NextHeader::Mobility, message, kMhChecksumOffset);
}

}  // namespace kamesim
