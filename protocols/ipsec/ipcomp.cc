#include "protocols/ipsec/ipcomp.h"

#include <zlib.h>

#include <cstring>
#include <stdexcept>
#include <vector>

namespace kamesim::ipsec {

namespace {

constexpr int kRaw = -MAX_WBITS;      // RFC 2394 §2: without zlib's own header and checksum
constexpr int kMemoryLevel = 8;       // zlib's default

Bytef* zlib_input(const std::uint8_t* bytes) { return const_cast<Bytef*>(bytes); }  // z_stream lacks the const

}  // namespace

struct Deflate::Streams {
  z_stream compressor{}, decompressor{};
  std::vector<std::uint8_t> buffer = std::vector<std::uint8_t>(kMaxDecompressed);
};

Deflate::Deflate() : streams_(std::make_unique<Streams>()) {
  if (deflateInit2(&streams_->compressor, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kRaw, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("zlib: deflateInit2 failed");
  }
  if (inflateInit2(&streams_->decompressor, kRaw) != Z_OK) {
    deflateEnd(&streams_->compressor);
    throw std::runtime_error("zlib: inflateInit2 failed");
  }
}

Deflate::~Deflate() {
  deflateEnd(&streams_->compressor);
  inflateEnd(&streams_->decompressor);
}

Parsed<IpcompHeader> read_ipcomp_header(Bytes ipcomp) {
  if (ipcomp.size() < kIpcompHeaderSize) return drop(kIpcompTruncated);
  return IpcompHeader{static_cast<NextHeader>(ipcomp[0]), load_be16(ipcomp.data() + 2)};
}

bool Deflate::compress(Packet& packet, const HeaderPlace& place, std::uint16_t cpi) {
  const Bytes payload = packet.bytes().subspan(place.offset);
  if (payload.size() < kDeflateThreshold || payload.size() > kMaxDecompressed) return false;
  z_stream& z = streams_->compressor;
  deflateReset(&z);
  z.next_in = zlib_input(payload.data());
  z.avail_in = static_cast<uInt>(payload.size());
  z.next_out = streams_->buffer.data();
  // RFC 3173 §2.2: with its header it must be shorter than it was.
  z.avail_out = static_cast<uInt>(payload.size() - kIpcompHeaderSize - 1);
  if (deflate(&z, Z_FINISH) != Z_STREAM_END) return false;
  const std::size_t size = z.next_out - streams_->buffer.data();
  const std::uint8_t next_header = packet.data()[place.next_header_field];
  std::uint8_t* out = packet.mutable_data() + place.offset;
  out[0] = next_header;
  out[1] = 0;
  store_be16(out + 2, cpi);
  std::memcpy(out + kIpcompHeaderSize, streams_->buffer.data(), size);
  packet.truncate(place.offset + kIpcompHeaderSize + size);
  announce(packet, place.next_header_field, NextHeader::IpComp);
  return true;
}

const DropInfo* Deflate::decompress(Packet& packet, std::size_t offset) {
  const Bytes compressed = packet.bytes().subspan(offset + kIpcompHeaderSize);
  z_stream& z = streams_->decompressor;
  inflateReset(&z);
  z.next_in = zlib_input(compressed.data());
  z.avail_in = static_cast<uInt>(compressed.size());
  z.next_out = streams_->buffer.data();
  z.avail_out = static_cast<uInt>(kMaxDecompressed - offset);
  const int result = inflate(&z, Z_FINISH);
  if (result != Z_STREAM_END) {
    // All room taken before the end: it says more than a packet holds.
    return z.avail_out == 0 ? &kIpcompTooLong : &kIpcompMalformed;
  }
  if (z.avail_in != 0) return &kIpcompMalformed;  // the one block is all of the payload
  const std::size_t size = z.next_out - streams_->buffer.data();
  packet.truncate(offset);
  std::memcpy(packet.append(size), streams_->buffer.data(), size);
  return nullptr;
}

}  // namespace kamesim::ipsec
