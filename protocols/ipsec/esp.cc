#include "protocols/ipsec/esp.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

#include "protocols/ipsec/packet_edit.h"

namespace kamesim::ipsec {

namespace {

// RFC 4303 §2.4: the ciphertext ends on a multiple of 4 octets, whatever the algorithm.
std::size_t alignment(const EncryptionAlgorithm& a) { return std::max<std::size_t>(4, a.block_bytes); }

// What a combined algorithm authenticates without encrypting it: SPI and sequence number, the extended one whole (RFC
// 4106 §5, 4309 §5, 4543 §3.3, 7634 §2.1).
struct AdditionalData {
  std::array<std::uint8_t, 12> bytes;
  std::size_t size;
  AdditionalData(const std::uint8_t* header, const std::uint32_t* sequence_high) {
    std::memcpy(bytes.data(), header, 4);
    std::uint8_t* out = bytes.data() + 4;
    if (sequence_high != nullptr) {
      store_be32(out, *sequence_high);
      out += 4;
    }
    std::memcpy(out, header + 4, 4);
    size = static_cast<std::size_t>(out + 4 - bytes.data());
  }
  operator Bytes() const { return Bytes(bytes).first(size); }
};

// RFC 4303 §2.2.1: of a separate integrity algorithm the high half comes last, and is not sent.
void cover(IntegrityCheck& check, Bytes esp, const std::uint32_t* sequence_high) {
  check.begin();
  check.update(esp);
  if (sequence_high == nullptr) return;
  std::array<std::uint8_t, 4> high;
  store_be32(high.data(), *sequence_high);
  check.update(high);
}

bool is_padding(Bytes padding) {
  for (std::size_t i = 0; i < padding.size(); ++i) {
    if (padding[i] != i + 1) return false;
  }
  return true;
}

}  // namespace

Parsed<EspHeader> read_esp_header(Bytes esp) {
  if (esp.size() < kEspHeaderSize) return drop(kEspTruncated);
  return EspHeader{load_be32(esp.data()), load_be32(esp.data() + 4)};
}

EspTransform::EspTransform(const EncryptionAlgorithm& encryption, Bytes encryption_key,
                           const IntegrityAlgorithm& integrity, Bytes integrity_key, Cipher::Direction direction)
    : cipher_(encryption, encryption_key, direction),
      integrity_(integrity, integrity_key),
      front_size_(kEspHeaderSize + encryption.iv_bytes),
      icv_size_(encryption.combined() ? encryption.icv_bytes : integrity.icv_bytes),
      unaligned_(alignment(encryption) - 1) {
  assert(std::has_single_bit(alignment(encryption)));
}

std::size_t EspTransform::sealed_size(std::size_t payload) const {
  return front_size() + payload + padding_for(payload) + kEspTrailerSize + icv_size();
}

std::size_t EspTransform::payload_that_fits(std::size_t room) const {
  const std::size_t fixed = front_size() + icv_size();
  if (room < fixed) return 0;
  const std::size_t encrypted = (room - fixed) & ~unaligned_;
  return encrypted < kEspTrailerSize ? 0 : encrypted - kEspTrailerSize;
}

void EspTransform::seal(Packet& packet, std::size_t offset, const ToSeal& p) {
  const std::size_t payload = packet.size() - offset + p.tfc_padding;
  const std::size_t padding = padding_for(payload);
  const std::size_t front = front_size(), icv = icv_size();
  const std::size_t trailer_size = p.tfc_padding + padding + kEspTrailerSize;
  std::uint8_t* trailer = packet.append(trailer_size + icv);
  if (p.tfc_padding != 0) [[unlikely]] std::memset(trailer, 0, p.tfc_padding);
  trailer += p.tfc_padding;
  for (std::size_t i = 0; i < padding; ++i) trailer[i] = p.padding ? (*p.padding)[i] : static_cast<std::uint8_t>(i + 1);
  trailer[padding] = static_cast<std::uint8_t>(padding);
  trailer[padding + 1] = static_cast<std::uint8_t>(p.next_header);

  std::uint8_t* esp = open_gap(packet, offset, front);
  store_be32(esp, p.spi);
  store_be32(esp + 4, static_cast<std::uint32_t>(p.sequence));
  std::uint8_t* iv = esp + kEspHeaderSize;
  for (std::size_t i = 0; i < front - kEspHeaderSize; i += 4) std::memcpy(iv + i, p.iv.data() + i, 4);
  const std::size_t encrypted = packet.size() - offset - front - icv;
  const MutableBytes data{esp + front, encrypted};
  const auto high = static_cast<std::uint32_t>(p.sequence >> 32);
  const std::uint32_t* sequence_high = p.extended_sequence ? &high : nullptr;
  if (encryption().combined()) {
    cipher_.seal(iv, AdditionalData(esp, sequence_high), data, data.data() + data.size());
    return;
  }
  cipher_.run(iv, data);
  if (icv == 0) return;
  cover(integrity_, {esp, front + encrypted}, sequence_high);
  integrity_.finish(data.data() + data.size());
}

Parsed<EspTransform::Opened> EspTransform::open(Packet& packet, std::size_t offset,
                                                const std::uint32_t* sequence_high) {
  const std::size_t front = front_size(), icv = icv_size(), whole = packet.size() - offset;
  if (whole < front + kEspTrailerSize + icv) return drop(kEspTruncated);
  const std::size_t encrypted = whole - front - icv;
  if ((encrypted & unaligned_) != 0) return drop(kEspBadLength);
  std::uint8_t* esp = packet.mutable_data() + offset;
  const std::uint8_t* iv = esp + kEspHeaderSize;
  const MutableBytes data{esp + front, encrypted};
  const std::uint8_t* received_icv = data.data() + data.size();
  if (encryption().combined()) {
    if (!cipher_.open(iv, AdditionalData(esp, sequence_high), data, received_icv)) return drop(kEspBadIcv);
  } else {
    if (icv != 0) {
      cover(integrity_, {esp, front + encrypted}, sequence_high);
      if (!integrity_.matches(received_icv)) return drop(kEspBadIcv);
    }
    cipher_.run(iv, data);
  }
  const std::size_t padding = data[encrypted - 2];
  if (padding + kEspTrailerSize > encrypted) return drop(kEspBadPadding);
  const std::size_t payload = encrypted - kEspTrailerSize - padding;
  if (checks_padding && !is_padding(Bytes(data).subspan(payload, padding))) return drop(kEspBadPadding);
  const auto next_header = static_cast<NextHeader>(data[encrypted - 1]);
  packet.trim_back(kEspTrailerSize + padding + icv);
  return Opened{offset + front, next_header};
}

}  // namespace kamesim::ipsec
