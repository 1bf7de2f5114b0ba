// SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", INDOCRYPT 2012): a pseudorandom function
// with a 128-bit key, for numbers that others must not be able to foresee.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "sim/bytes.h"

namespace kamesim {

using SipKey = std::array<std::uint64_t, 2>;  // the key's octets, read in little-endian order

inline std::uint64_t siphash24(const SipKey& key, Bytes message) {
  std::uint64_t v0 = key[0] ^ 0x736f6d6570736575ull, v1 = key[1] ^ 0x646f72616e646f6dull;
  std::uint64_t v2 = key[0] ^ 0x6c7967656e657261ull, v3 = key[1] ^ 0x7465646279746573ull;
  const auto round = [&] {
    v0 += v1, v2 += v3;
    v1 = std::rotl(v1, 13) ^ v0, v3 = std::rotl(v3, 16) ^ v2;
    v0 = std::rotl(v0, 32);
    v2 += v1, v0 += v3;
    v1 = std::rotl(v1, 17) ^ v2, v3 = std::rotl(v3, 21) ^ v0;
    v2 = std::rotl(v2, 32);
  };
  const auto compress = [&](std::uint64_t m) {
    v3 ^= m;
    round(), round();
    v0 ^= m;
  };
  std::size_t at = 0;
  for (; at + 8 <= message.size(); at += 8) {
    std::uint64_t m;
    std::memcpy(&m, message.data() + at, 8);
    compress(m);
  }
  std::uint64_t last = static_cast<std::uint64_t>(message.size()) << 56;
  if (at != message.size()) {
    std::uint64_t rest = 0;
    std::memcpy(&rest, message.data() + at, message.size() - at);
    last |= rest;
  }
  compress(last);
  v2 ^= 0xff;
  round(), round(), round(), round();
  return v0 ^ v1 ^ v2 ^ v3;
}

}  // namespace kamesim
