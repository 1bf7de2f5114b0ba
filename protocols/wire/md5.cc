#include "protocols/wire/md5.h"

#include <algorithm>
#include <bit>
#include <cstddef>

namespace kamesim {

namespace {

constexpr std::size_t kBlock = 64, kLengthAt = 56;

using State = std::array<std::uint32_t, 4>;

// RFC 1321 §3.4: the integer part of 2^32 times abs(sin(i + 1)), i + 1 in radians.
constexpr std::uint32_t kT[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};
constexpr int kShifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

std::uint32_t load_le32(const std::uint8_t* p) {
  return std::uint32_t{p[0]} | std::uint32_t{p[1]} << 8 | std::uint32_t{p[2]} << 16 | std::uint32_t{p[3]} << 24;
}

// RFC 1321 §3.4, whose rounds differ in the function, and in the order in which they take the words.
void process(const std::uint8_t* block, State& state) {
  auto [a, b, c, d] = state;
  for (unsigned i = 0; i < 64; ++i) {
    const unsigned round = i / 16;
    std::uint32_t f = 0;
    unsigned k = 0;
    switch (round) {
      case 0: f = (b & c) | (~b & d), k = i; break;
      case 1: f = (b & d) | (c & ~d), k = (5 * i + 1) % 16; break;
      case 2: f = b ^ c ^ d, k = (3 * i + 5) % 16; break;
      default: f = c ^ (b | ~d), k = 7 * i % 16; break;
    }
    const std::uint32_t rotated = std::rotl(a + f + load_le32(block + k * 4) + kT[i], kShifts[round][i % 4]);
    a = d;
    d = c;
    c = b;
    b += rotated;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
}

}  // namespace

Md5Digest md5(Bytes message) {
  State state{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};  // §3.3
  std::size_t at = 0;
  for (; message.size() - at >= kBlock; at += kBlock) process(message.data() + at, state);
  // §3.1, §3.2: a one bit, zeros, and the length in bits.
  std::array<std::uint8_t, 2 * kBlock> last{};
  const std::size_t left = message.size() - at;
  std::copy_n(message.data() + at, left, last.begin());
  last[left] = 0x80;
  const std::size_t blocks = left < kLengthAt ? 1 : 2;
  const std::uint64_t bits = std::uint64_t{message.size()} * 8;
  for (std::size_t i = 0; i < 8; ++i) {
    last[(blocks - 1) * kBlock + kLengthAt + i] = static_cast<std::uint8_t>(bits >> 8 * i);
  }
  for (std::size_t i = 0; i < blocks; ++i) process(last.data() + i * kBlock, state);
  Md5Digest digest;
  for (std::size_t i = 0; i < digest.size(); ++i) digest[i] = static_cast<std::uint8_t>(state[i / 4] >> 8 * (i % 4));
  return digest;
}

}  // namespace kamesim
