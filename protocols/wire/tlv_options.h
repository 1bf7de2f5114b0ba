// Type-length-value options with Pad1 and PadN: the encoding that the options of IPv6 extension headers
// (RFC 8200 §4.2) and of the Mobility Header (RFC 6275 §6.2) have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>

#include "protocols/wire/byte_writer.h"
#include "sim/bytes.h"

namespace kamesim {

inline constexpr std::uint8_t kTlvPad1 = 0;
inline constexpr std::uint8_t kTlvPadN = 1;
inline constexpr std::size_t kTlvHeaderSize = 2;

struct Tlv {
  std::uint8_t type;
  std::size_t offset;  // of the option's type octet, from the start of the header that holds the options
  Bytes data;
};

// The options of one header, padding left out, in the order they stand.
class TlvOptions {
 public:
  class Iterator {
   public:
    using value_type = Tlv;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    Tlv operator*() const {
      return {header_[offset_], offset_, header_.subspan(offset_ + kTlvHeaderSize, header_[offset_ + 1])};
    }
    Iterator& operator++() {
      offset_ += kTlvHeaderSize + header_[offset_ + 1];
      skip_padding();
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.offset_ == b.offset_; }
    friend bool operator==(const Iterator& a, std::default_sentinel_t) { return a.offset_ == a.header_.size(); }

   private:
    friend class TlvOptions;
    Iterator(Bytes header, std::size_t offset) : header_(header), offset_(offset) { skip_padding(); }
    void skip_padding();

    Bytes header_;
    std::size_t offset_ = 0;
  };

  // The options from `offset` to the end of the header; empty when one of them reaches beyond that end.
  static std::optional<TlvOptions> check(Bytes header, std::size_t offset);
  // Where that one says so: its length octet, or its type octet if that is the header's last. Empty: none does.
  static std::optional<std::size_t> overrun(Bytes header, std::size_t offset);

  Iterator begin() const { return Iterator(header_, offset_); }
  std::default_sentinel_t end() const { return {}; }
  // The first option of the type.
  std::optional<Tlv> find(std::uint8_t type) const;

 private:
  TlvOptions(Bytes header, std::size_t offset) : header_(header), offset_(offset) {}
  Bytes header_;
  std::size_t offset_;
};

// RFC 8200 §4.2: an option's alignment requirement xn+y, counted from the start of the header.
struct TlvAlignment {
  unsigned x = 1;
  unsigned y = 0;
};

// Writes options into a header that begins at `header_offset` of the writer, with the padding they need.
class TlvOptionsWriter {
 public:
  TlvOptionsWriter(ByteWriter& out, std::size_t header_offset) : out_(out), header_offset_(header_offset) {}

  // Pads, then writes type and length; the caller writes `size` bytes of data next.
  void begin_option(std::uint8_t type, std::uint8_t size, TlvAlignment alignment = {});
  // Pads until the header is xn+y long: with Pad1 for one byte, PadN for more.
  void pad_to(TlvAlignment alignment);
  // Pads the header to a multiple of 8 and returns its Hdr Ext Len: 8-octet units without the first.
  std::uint8_t finish();

 private:
  ByteWriter& out_;
  std::size_t header_offset_;
};

}  // namespace kamesim
