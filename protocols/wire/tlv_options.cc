#include "protocols/wire/tlv_options.h"

namespace kamesim {

void TlvOptions::Iterator::skip_padding() {
  while (offset_ != header_.size() && header_[offset_] <= kTlvPadN) {
    offset_ += header_[offset_] == kTlvPad1 ? 1 : kTlvHeaderSize + header_[offset_ + 1];
  }
}

std::optional<TlvOptions> TlvOptions::check(Bytes header, std::size_t offset) {
  if (offset > header.size() || overrun(header, offset)) return std::nullopt;
  return TlvOptions(header, offset);
}

std::optional<std::size_t> TlvOptions::overrun(Bytes header, std::size_t offset) {
  for (std::size_t at = offset; at < header.size();) {
    const std::size_t left = header.size() - at;
    if (header[at] == kTlvPad1) {
      ++at;
      continue;
    }
    if (left < kTlvHeaderSize) return at;
    if (left < kTlvHeaderSize + header[at + 1]) return at + 1;
    at += kTlvHeaderSize + header[at + 1];
  }
  return std::nullopt;
}

std::optional<Tlv> TlvOptions::find(std::uint8_t type) const {
  for (const Tlv option : *this) {
    if (option.type == type) return option;
  }
  return std::nullopt;
}

void TlvOptionsWriter::begin_option(std::uint8_t type, std::uint8_t size, TlvAlignment alignment) {
  pad_to(alignment);
  out_.u8(type);
  out_.u8(size);
}

void TlvOptionsWriter::pad_to(TlvAlignment alignment) {
  const std::size_t used = (out_.size() - header_offset_) % alignment.x;
  const std::size_t padding = (alignment.y + alignment.x - used) % alignment.x;
  if (padding == 0) return;
  if (padding == 1) return out_.u8(kTlvPad1);
  out_.u8(kTlvPadN);
  out_.u8(static_cast<std::uint8_t>(padding - kTlvHeaderSize));
  out_.zeros(padding - kTlvHeaderSize);
}

std::uint8_t TlvOptionsWriter::finish() {
  pad_to({8, 0});
  return static_cast<std::uint8_t>((out_.size() - header_offset_) / 8 - 1);
}

}  // namespace kamesim
