// Frames one message of the Mobility Header (RFC 6275 §6.1.1): the common header on construction, padding and Header
// Len at the end. The checksum stays zero.
#pragma once

#include <cstddef>
#include <cstdint>

#include "protocols/mip6/mobility_header.h"
#include "protocols/wire/byte_writer.h"
#include "protocols/wire/next_header.h"
#include "protocols/wire/tlv_options.h"

namespace kamesim {

class MobilityHeaderWriter {
 public:
  MobilityHeaderWriter(ByteWriter& out, MhType type) : out_(out), start_(out.size()), options_(out, start_) {
    out_.u8(static_cast<std::uint8_t>(NextHeader::NoNextHeader));
    out_.u8(0);
    out_.u8(static_cast<std::uint8_t>(type));
    out_.u8(0);
    out_.u16(0);
  }
  TlvOptionsWriter& options() { return options_; }
  void finish() { out_.at(start_)[kMhHeaderLenOffset] = options_.finish(); }

 private:
  ByteWriter& out_;
  std::size_t start_;
  TlvOptionsWriter options_;
};

}  // namespace kamesim
