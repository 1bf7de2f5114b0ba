// One packet of IPsec, of any claimed lengths: the first octet of the input says which part, the second which
// algorithm.
#include <algorithm>
#include <vector>

#include "protocols/ipsec/ah.h"
#include "protocols/ipsec/ah_mutable.h"
#include "protocols/ipsec/esp.h"
#include "protocols/ipsec/ipcomp.h"
#include "protocols/ipsec/packet_edit.h"
#include "protocols/ipsec/packet_flow.h"
#include "protocols/wire/ipv6_header.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using namespace kamesim;
using namespace kamesim::ipsec;

std::vector<std::uint8_t> key(std::size_t bits, std::size_t salt) {
  return std::vector<std::uint8_t>(bits / 8 + salt, 7);
}

// An algorithm of each kind, with integrity.
struct Suite {
  Encryption encryption;
  Integrity integrity;
};
constexpr Suite kSuites[] = {
    {Encryption::Null, Integrity::HmacSha1_96},   {Encryption::AesCbc, Integrity::HmacSha2_256_128},
    {Encryption::AesCtr, Integrity::AesXcbc96},   {Encryption::AesGcm16, Integrity::None},
    {Encryption::AesCcm8, Integrity::None},       {Encryption::ChaCha20Poly1305, Integrity::None},
    {Encryption::NullAuthAesGmac, Integrity::None}, {Encryption::TripleDesCbc, Integrity::AesCmac96},
    {Encryption::Null, Integrity::None},          // no ICV: whatever comes is parsed
    {Encryption::AesCbc, Integrity::None},
};

EspTransform esp(const Suite& s, Cipher::Direction direction) {
  const auto& e = algorithm(s.encryption);
  const auto& i = algorithm(s.integrity);
  const std::size_t bits = e.mode == CipherMode::Null ? 0 : e.key.max_bits;
  return EspTransform(e, key(bits, e.salt_bytes), i, key(s.integrity == Integrity::None ? 0 : i.key.max_bits, 0),
                      direction);
}

// What comes is opened or refused; what is sealed opens again.
void esp_packet(PacketPool& pool, std::uint8_t which, Bytes bytes) {
  const Suite& suite = kSuites[which % std::size(kSuites)];
  EspTransform in = esp(suite, Cipher::Direction::Decrypt), out = esp(suite, Cipher::Direction::Encrypt);
  (void)read_esp_header(bytes);
  Packet arrived = pool.copy_of(bytes);
  if (const auto opened = in.open(arrived, 0, nullptr)) fuzz::touch(arrived.bytes().subspan(opened->payload));
  Packet packet = pool.copy_of(bytes);
  out.seal(packet, 0, {.spi = 256, .sequence = 1, .next_header = NextHeader::Udp});
  const auto opened = in.open(packet, 0, nullptr);
  fuzz::require(opened && std::ranges::equal(packet.bytes().subspan(opened->payload), bytes),
                "what was sealed opens, as it was");
}

void ah_packet(PacketPool& pool, std::uint8_t which, Bytes bytes) {
  if (bytes.size() < kIpv6HeaderSize) return;
  const auto& a = algorithm(static_cast<Integrity>(1 + which % (integrity_algorithms().size() - 1)));
  AhTransform ah(a, key(a.key.max_bits, a.salt_bytes));
  std::vector<std::uint8_t> headers(bytes.begin(), bytes.end());
  (void)zero_mutable_fields(headers);
  for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) (void)ah.verify(bytes, at, nullptr);
  if (bytes[0] >> 4 != 6 || !Ipv6HeaderView::check(bytes)) return;
  Packet packet = pool.copy_of(Ipv6HeaderView::check(bytes)->packet());
  const HeaderPlace place = end_to_end_place(packet.bytes());
  if (!ah.seal(packet, place, {.spi = 256, .sequence = 1})) return;
  fuzz::require(ah.verify(packet.bytes(), place.offset, nullptr) == nullptr, "what was sealed is valid");
}

void ipcomp_packet(PacketPool& pool, Bytes bytes) {
  static Deflate deflate;
  (void)read_ipcomp_header(bytes);
  if (bytes.size() < kIpv6HeaderSize + kIpcompHeaderSize) return;
  Packet arrived = pool.copy_of(bytes);
  if (deflate.decompress(arrived, kIpv6HeaderSize) == nullptr) {
    fuzz::require(arrived.size() <= kMaxDecompressed, "no more than a packet holds");
    fuzz::touch(arrived.bytes());
  }
  Packet packet = pool.copy_of(bytes);
  packet.mutable_data()[0] = 0x60;
  store_be32(packet.mutable_data() + 4, 0x0001'1140);
  if (!deflate.compress(packet, {kIpv6HeaderSize, kIpv6NextHeaderOffset}, 2)) return;
  fuzz::require(packet.size() < bytes.size(), "compressed is shorter");
  fuzz::require(deflate.decompress(packet, kIpv6HeaderSize) == nullptr, "what was compressed can be read");
  fuzz::require(std::ranges::equal(packet.bytes().subspan(kIpv6HeaderSize), bytes.subspan(kIpv6HeaderSize)),
                "as it was");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static PacketPool pool;
  fuzz::Input input(Bytes(data, size));
  const std::uint8_t kind = input.u8(), which = input.u8();
  const Bytes bytes = input.take(size);
  switch (kind % 4) {
    case 0: esp_packet(pool, which, bytes); break;
    case 1: ah_packet(pool, which, bytes); break;
    case 2: ipcomp_packet(pool, bytes); break;
    default: (void)flow_of_packet(bytes).reversed();
  }
  return 0;
}
