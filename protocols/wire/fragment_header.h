// The Fragment header (RFC 8200 §4.5).
#pragma once

#include <cstddef>
#include <cstdint>

#include "protocols/wire/next_header.h"
#include "sim/bytes.h"
#include "sim/drop.h"

namespace kamesim {

inline constexpr DropInfo kFragmentHeaderTruncated{"ip6.fragment_header_truncated", "RFC 8200 §4.5"};

inline constexpr std::size_t kFragmentHeaderSize = 8;
inline constexpr std::size_t kFragmentOffsetFieldOffset = 2;  // for the Pointer of a Parameter Problem

struct FragmentHeader {
  NextHeader next_header = NextHeader::NoNextHeader;
  std::uint16_t offset = 0;  // in octets, a multiple of 8
  bool more_fragments = false;
  std::uint32_t identification = 0;

  // Writes kFragmentHeaderSize bytes.
  void write(std::uint8_t* out) const {
    out[0] = static_cast<std::uint8_t>(next_header);
    out[1] = 0;
    store_be16(out + 2, static_cast<std::uint16_t>((offset & 0xfff8) | (more_fragments ? 1 : 0)));
    store_be32(out + 4, identification);
  }
};

class FragmentHeaderView {
 public:
  // The bytes that an ExtensionHeaderWalk found.
  explicit FragmentHeaderView(Bytes header) : header_(header) {}
  static Parsed<FragmentHeaderView> check(Bytes header) {
    if (header.size() < kFragmentHeaderSize) return drop(kFragmentHeaderTruncated);
    return FragmentHeaderView(header);
  }

  NextHeader next_header() const { return static_cast<NextHeader>(header_[0]); }
  std::uint16_t offset() const { return load_be16(header_.data() + 2) & 0xfff8; }  // in octets
  bool more_fragments() const { return (header_[3] & 1) != 0; }
  std::uint32_t identification() const { return load_be32(header_.data() + 4); }
  // RFC 6946 §2: a whole packet that nevertheless carries a Fragment header.
  bool is_atomic() const { return offset() == 0 && !more_fragments(); }
  FragmentHeader value() const { return {next_header(), offset(), more_fragments(), identification()}; }

 private:
  Bytes header_;
};

}  // namespace kamesim
