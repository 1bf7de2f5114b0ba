// IP payload compression (RFC 3173) with DEFLATE (RFC 2394), in packets.
#pragma once

#include <cstdint>
#include <memory>

#include "protocols/ipsec/drops.h"
#include "protocols/ipsec/packet_edit.h"
#include "sim/packet.h"

namespace kamesim::ipsec {

inline constexpr std::size_t kIpcompHeaderSize = 4;           // RFC 3173 §3.3
inline constexpr std::size_t kDeflateThreshold = 90;          // RFC 2394 §2.5: shorter payloads are not worth it
inline constexpr std::size_t kMaxDecompressed = 65535;        // what an IP packet may carry

struct IpcompHeader {
  NextHeader next_header;
  std::uint16_t cpi;
};
// `ipcomp`: from the header on.
Parsed<IpcompHeader> read_ipcomp_header(Bytes ipcomp);

// zlib's state, some hundreds of kilobytes, which packets share one after the other: each is compressed on its own (RFC
// 3173 §2.2).
class Deflate {
 public:
  Deflate();
  ~Deflate();
  Deflate(const Deflate&) = delete;
  Deflate& operator=(const Deflate&) = delete;

  // Compresses all that stands behind `place` and puts the header there. False, and nothing done: it would not become
  // shorter, and goes as it is (RFC 3173 §2.2).
  bool compress(Packet& packet, const HeaderPlace& place, std::uint16_t cpi);
  // Puts what was compressed into the packet, in the place of the header at `offset`. Null: done.
  const DropInfo* decompress(Packet& packet, std::size_t offset);

 private:
  struct Streams;
  std::unique_ptr<Streams> streams_;
};

}  // namespace kamesim::ipsec
