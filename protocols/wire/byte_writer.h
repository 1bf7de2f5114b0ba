// Appends fields in network order to a byte vector. A vector that is cleared and used again keeps its capacity, so
// that building a message then costs no allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "protocols/wire/ipv6_address.h"
#include "sim/bytes.h"
#include "sim/mac_address.h"

namespace kamesim {

class ByteWriter {
 public:
  // Appends behind what `out` holds; offsets count from there. `out` must outlive the writer.
  explicit ByteWriter(std::vector<std::uint8_t>& out) : out_(out), start_(out.size()) {}

  void u8(std::uint8_t v) { out_.push_back(v); }
  void u16(std::uint16_t v) { store_be16(grow(2), v); }
  void u32(std::uint32_t v) { store_be32(grow(4), v); }
  void u64(std::uint64_t v) { store_be64(grow(8), v); }
  void bytes(Bytes b) { out_.insert(out_.end(), b.begin(), b.end()); }
  void address(const Ipv6Address& a) { a.copy_to(grow(Ipv6Address::kSize)); }
  void mac(const MacAddress& m) { m.copy_to(grow(MacAddress::kSize)); }
  void zeros(std::size_t n) { grow(n); }

  // The number of bytes written so far: the offset of the next field.
  std::size_t size() const { return out_.size() - start_; }
  // What has been written from `offset` on, for patching. Valid until the next write.
  MutableBytes at(std::size_t offset) { return MutableBytes(out_).subspan(start_ + offset); }
  Bytes written() const { return Bytes(out_).subspan(start_); }

 private:
  std::uint8_t* grow(std::size_t n) {
    out_.resize(out_.size() + n);
    return out_.data() + out_.size() - n;
  }

  std::vector<std::uint8_t>& out_;
  std::size_t start_;
};

// The bytes of one message or option, for any type that has `emit(ByteWriter&, const T&)`.
template <typename T>
std::vector<std::uint8_t> to_bytes(const T& message) {
  std::vector<std::uint8_t> out;
  ByteWriter writer(out);
  emit(writer, message);
  return out;
}

}  // namespace kamesim
