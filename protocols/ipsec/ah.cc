#include "protocols/ipsec/ah.h"

#include <cstring>

#include "protocols/ipsec/ah_mutable.h"

namespace kamesim::ipsec {

namespace {

constexpr std::size_t kPayloadLenOffset = 1, kReservedOffset = 2, kSpiOffset = 4, kSequenceOffset = 8;  // §2

}  // namespace

Parsed<AhHeader> read_ah_header(Bytes ah) {
  if (ah.size() < kAhFixedSize) return drop(kAhTruncated);
  const std::size_t size = 4 * (std::size_t{ah[kPayloadLenOffset]} + 2);  // §2.2
  if (size < kAhFixedSize) return drop(kAhBadLength);
  if (size > ah.size()) return drop(kAhTruncated);
  return AhHeader{static_cast<NextHeader>(ah[0]), size, load_be32(ah.data() + kSpiOffset),
                  load_be32(ah.data() + kSequenceOffset)};
}

std::size_t AhTransform::header_size(bool ip4) const {
  const std::size_t bare = kAhFixedSize + integrity().iv_bytes + integrity().icv_bytes;
  const std::size_t unit = ip4 ? 4 : 8;
  return (bare + unit - 1) / unit * unit;
}

// The whole packet with its mutable fields zeroed and the ICV field of zeros (§3.3.3.1), the padding of that field as
// it is (§3.3.3.2.1), then the high half of an extended number (§3.3.3.2.2). Of GMAC the field of zeros is IV and
// ICV, which RFC 4543 §4 calls the field together; the IV is authentic for being the nonce.
bool AhTransform::cover(Bytes packet, std::size_t offset, std::size_t size, const std::uint32_t* sequence_high) {
  if (offset > kMaxHeadersBeforeAh) return false;
  std::array<std::uint8_t, kMaxHeadersBeforeAh> headers;
  std::memcpy(headers.data(), packet.data(), offset);
  if (!zero_mutable_fields(MutableBytes(headers).first(offset))) return false;
  const Bytes ah = packet.subspan(offset, size);
  constexpr std::array<std::uint8_t, 64> kZeros{};
  const std::size_t field = std::size_t{integrity().iv_bytes} + integrity().icv_bytes;
  integrity_.begin(ah.data() + kAhFixedSize);
  integrity_.update(Bytes(headers).first(offset));
  integrity_.update(ah.first(kAhFixedSize));
  integrity_.update(Bytes(kZeros).first(field));
  integrity_.update(ah.subspan(kAhFixedSize + field));
  integrity_.update(packet.subspan(offset + size));
  if (sequence_high != nullptr) {
    std::array<std::uint8_t, 4> high;
    store_be32(high.data(), *sequence_high);
    integrity_.update(high);
  }
  return true;
}

bool AhTransform::seal(Packet& packet, const HeaderPlace& place, const ToSeal& p) {
  if (place.offset > kMaxHeadersBeforeAh) return false;
  const auto next_header = packet.data()[place.next_header_field];
  const bool ip4 = packet.data()[0] >> 4 == 4;
  const std::size_t size = header_size(ip4);
  std::uint8_t* ah = open_gap(packet, place.offset, size);
  std::memset(ah, 0, size);
  ah[0] = next_header;
  ah[kPayloadLenOffset] = static_cast<std::uint8_t>(size / 4 - 2);
  store_be16(ah + kReservedOffset, 0);
  store_be32(ah + kSpiOffset, p.spi);
  store_be32(ah + kSequenceOffset, static_cast<std::uint32_t>(p.sequence));
  std::memcpy(ah + kAhFixedSize, p.iv.data(), integrity().iv_bytes);
  announce(packet, place.next_header_field, NextHeader::AuthenticationHeader);
  const auto high = static_cast<std::uint32_t>(p.sequence >> 32);
  if (!cover(packet.bytes(), place.offset, size, p.extended_sequence ? &high : nullptr)) {
    close_gap(packet, place.offset, size);
    announce(packet, place.next_header_field, static_cast<NextHeader>(next_header));
    return false;
  }
  integrity_.finish(ah + kAhFixedSize + integrity().iv_bytes);
  return true;
}

const DropInfo* AhTransform::verify(Bytes packet, std::size_t offset, const std::uint32_t* sequence_high) {
  const auto header = read_ah_header(packet.subspan(offset));
  if (!header) return header.error();
  // §3.3.3.2.1: more padding than the alignment needs is prohibited.
  if (header->size != header_size(packet[0] >> 4 == 4)) return &kAhBadLength;
  if (offset > kMaxHeadersBeforeAh) return &kAhHeadersTooLong;
  if (!cover(packet, offset, header->size, sequence_high)) return &kAhBadIcv;
  const std::uint8_t* icv = packet.data() + offset + kAhFixedSize + integrity().iv_bytes;
  return integrity_.matches(icv) ? nullptr : &kAhBadIcv;
}

}  // namespace kamesim::ipsec
