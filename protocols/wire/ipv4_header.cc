#include "protocols/wire/ipv4_header.h"

#include "protocols/wire/checksum.h"

namespace kamesim {

namespace {

constexpr std::size_t kChecksumOffset = 10;
constexpr std::uint16_t kDontFragment = 0x4000, kMoreFragments = 0x2000;

std::uint16_t fragment_word(bool dont_fragment, bool more_fragments, std::uint16_t offset) {
  return static_cast<std::uint16_t>((dont_fragment ? kDontFragment : 0) | (more_fragments ? kMoreFragments : 0) |
                                    offset / 8);
}

void fill_checksum(std::uint8_t* header, std::size_t size) {
  store_be16(header + kChecksumOffset, 0);
  store_be16(header + kChecksumOffset, internet_checksum({header, size}));
}

// What both a packet and a quotation of one must have. Null: it has.
const DropInfo* wrong_with_header(Bytes packet) {
  if (packet.size() < kIpv4HeaderSize) return &kIp4Truncated;
  if (packet[0] >> 4 != 4) return &kIp4BadVersion;
  const std::size_t header = std::size_t{packet[0] & 0x0fu} * 4;
  if (header < kIpv4HeaderSize) return &kIp4BadHeaderLength;
  if (packet.size() < header) return &kIp4Truncated;
  return nullptr;
}

}  // namespace

void Ipv4Header::write(std::uint8_t* out) const {
  out[0] = 0x45;
  out[1] = type_of_service;
  store_be16(out + 2, total_length);
  store_be16(out + 4, identification);
  store_be16(out + 6, fragment_word(dont_fragment, more_fragments, fragment_offset));
  out[kIpv4TtlOffset] = ttl;
  out[kIpv4ProtocolOffset] = static_cast<std::uint8_t>(protocol);
  store_be32(out + 12, source);
  store_be32(out + 16, destination);
  fill_checksum(out, kIpv4HeaderSize);
}

Parsed<Ipv4HeaderView> Ipv4HeaderView::check(Bytes packet) {
  if (const DropInfo* wrong = wrong_with_header(packet)) return drop(*wrong);
  const Ipv4HeaderView view(packet);
  if (view.total_length() < view.header_size()) return drop(kIp4BadTotalLength);
  if (view.total_length() > packet.size()) return drop(kIp4Truncated);
  if (internet_checksum(packet.first(view.header_size())) != 0) return drop(kIp4BadChecksum);
  return Ipv4HeaderView(packet.first(view.total_length()));
}

Parsed<Ipv4HeaderView> Ipv4HeaderView::check_quoted(Bytes packet) {
  if (const DropInfo* wrong = wrong_with_header(packet)) return drop(*wrong);
  return Ipv4HeaderView(packet);
}

void Ipv4HeaderEditor::replace_word(std::size_t offset, std::uint16_t value) {
  const std::uint16_t old = load_be16(header_ + offset);
  store_be16(header_ + offset, value);
  store_be16(header_ + kChecksumOffset, updated_checksum(load_be16(header_ + kChecksumOffset), old, value));
}

void Ipv4HeaderEditor::set_type_of_service(std::uint8_t v) {
  replace_word(0, static_cast<std::uint16_t>(header_[0] << 8 | v));
}

void Ipv4HeaderEditor::decrement_ttl() {
  replace_word(kIpv4TtlOffset, static_cast<std::uint16_t>(load_be16(header_ + kIpv4TtlOffset) - 0x0100));
}

void Ipv4HeaderEditor::set_extent(std::uint16_t total_length, std::uint16_t fragment_offset, bool more_fragments) {
  const bool dont_fragment = (header_[6] & 0x40) != 0;
  store_be16(header_ + 2, total_length);
  store_be16(header_ + 6, fragment_word(dont_fragment, more_fragments, fragment_offset));
  fill_checksum(header_, std::size_t{header_[0] & 0x0fu} * 4);
}

std::optional<Bytes> Ipv4OptionWalk::next() {
  while (at_ < options_.size() && options_[at_] == kIpv4NoOperation) ++at_;
  if (malformed_ || at_ >= options_.size() || options_[at_] == kIpv4EndOfOptions) return std::nullopt;
  const std::size_t length = at_ + 1 < options_.size() ? options_[at_ + 1] : 0;
  if (length < 2 || at_ + length > options_.size()) {
    malformed_ = at_;
    return std::nullopt;
  }
  const Bytes option = options_.subspan(at_, length);
  at_ += length;
  return option;
}

}  // namespace kamesim
