#include "protocols/ipsec/esp.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "protocols/ipsec/packet_edit.h"
#include "tests/unit/wire/hex.h"

namespace kamesim::ipsec {
namespace {

using enum Cipher::Direction;
using ByteVector = std::vector<std::uint8_t>;

std::array<std::uint8_t, kMaxEspIv> iv_of(const std::string& text) {
  std::array<std::uint8_t, kMaxEspIv> iv{};
  const ByteVector bytes = hex(text);
  std::ranges::copy(bytes, iv.begin());
  return iv;
}

struct Vector {
  const char* source;
  Encryption encryption;
  std::string key, iv;
  std::uint32_t spi;
  std::uint64_t sequence;
  NextHeader next_header;
  std::string payload, esp;
};

const Vector kVectors[] = {
    {"RFC 3602 case 5, transport", Encryption::AesCbc, "90d382b410eeba7ad938c46cec1a82bf",
     "e96e8c08ab465763fd098d45dd3ff893", 0x4321, 1, NextHeader::Icmp4,
     "08000ebda70a00008e9c083db95b070008090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
     "3031323334353637",
     "0000432100000001e96e8c08ab465763fd098d45dd3ff893"
     "f663c25d325c18c6a9453e194e120849a4870b66cc6b9965330013b4898dc856a4699e523a55db080b59ec3a8e4b7e52775b07d1db34ed9c"
     "538ab50c551b874aa269add047ad2d5913ac19b7cfbad4a6"},
    {"RFC 3602 case 7, tunnel", Encryption::AesCbc, "0123456789abcdef0123456789abcdef",
     "f4e765244f6407adf13dc1380f673f37", 0x8765, 2, NextHeader::Ipv4,
     "45000054090400004001f988c0a87b03c0a87bc808009f76a90a0100b49c083d02a2040008090a0b0c0d0e0f101112131415161718191a1b"
     "1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637",
     "0000876500000002f4e765244f6407adf13dc1380f673f37"
     "773b5241a4c449225e4f3ce5ed611b0c237ca96cf74a93013c1b0ea1a0cf70f8e4ecaec78ac53aad7a0f022b859243c647752e94a859352b"
     "8a4d4d2decd136e5c177f132ad3fbfb2201ac9904c74ee0a109e0ca1e4dfe9d5a100b842f1c22f0d"},
    {"RFC 7634 appendix A, tunnel", Encryption::ChaCha20Poly1305,
     "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3", "1011121314151617", 0x01020304, 5,
     NextHeader::Ipv4,
     "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec100007362708090a0b0c0d0e0f101112131415161718191a1b"
     "1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637",
     "0102030400000005101112131415161724039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c614ee8099d52844eb"
     "61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3cbec163fac469b502773f6fb94e664da9165b82829f641e076aaa8266b7fb0f7"
     "b11b369907e1ad43"},
};

Packet packet_of(PacketPool& pool, const std::string& text) { return pool.copy_of(hex(text)); }

EspTransform make(const Vector& v, Cipher::Direction direction) {
  return EspTransform(algorithm(v.encryption), hex(v.key), algorithm(Integrity::None), {}, direction);
}

TEST(Esp, SealsAndOpensAsPublished) {
  PacketPool pool;
  for (const Vector& v : kVectors) {
    SCOPED_TRACE(v.source);
    EspTransform out = make(v, Encrypt), in = make(v, Decrypt);
    Packet packet = packet_of(pool, v.payload);
    out.seal(packet, 0, {.spi = v.spi, .sequence = v.sequence, .next_header = v.next_header, .iv = iv_of(v.iv)});
    EXPECT_EQ(to_hex(packet.bytes()), v.esp);
    const auto opened = in.open(packet, 0, nullptr);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->next_header, v.next_header);
    EXPECT_EQ(to_hex(packet.bytes().subspan(opened->payload)), v.payload);
  }
}

TEST(Esp, CoversExtendedNumbersAsPublished) {  // draft-mcgrew-gcm-test-01, case 1
  PacketPool pool;
  EspTransform out(algorithm(Encryption::AesGcm16), hex("4c80cdefbb5d10da906ac73c3613a6342e443b68"),
                   algorithm(Integrity::None), {}, Encrypt);
  Packet packet = packet_of(pool,
                            "45000048699a000080114db7c0a80102c0a801010a9bf15638d301000001000000000000045f736970045f7564"
                            "70037369700963796265726369747902646b0000210001");
  out.seal(packet, 0, {.spi = 0x4321, .sequence = 0x8765'4321'0000'0000, .extended_sequence = true,
                       .next_header = NextHeader::Icmp4, .iv = iv_of("4956ed7e3b244cfe")});
  EXPECT_EQ(to_hex(packet.bytes()),
            "0000432100000000" "4956ed7e3b244cfe"
            "fecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34cfa2436f14a3f3cf65925bf1f4a13c5d15b21e18"
            "84f5"
            "ff6247aeabb786b93bce61bc17d768fd9732459018148f6cbe722fd04796562dfdb4");
}

// One suite of each kind: combined, with separate integrity, integrity alone, encryption alone.
struct Suite {
  Encryption encryption;
  Integrity integrity;
};
std::vector<Suite> suites() {
  std::vector<Suite> out;
  for (const auto& e : encryption_algorithms()) {
    if (e.combined()) {
      out.push_back({e.id, Integrity::None});
      continue;
    }
    for (const auto& i : integrity_algorithms()) {
      if (!i.ah_only && i.id != Integrity::None) out.push_back({e.id, i.id});
    }
  }
  return out;
}
ByteVector key_of(std::size_t size) {
  ByteVector key(size);
  for (std::size_t i = 0; i < size; ++i) key[i] = static_cast<std::uint8_t>(i * 41 + 3);
  return key;
}
EspTransform make(const Suite& s, Cipher::Direction direction) {
  const auto& e = algorithm(s.encryption);
  const auto& i = algorithm(s.integrity);
  const std::size_t bits = s.encryption == Encryption::Null ? 0 : e.key.max_bits;
  return EspTransform(e, key_of(bits / 8 + e.salt_bytes), i,
                      key_of(s.integrity == Integrity::None ? 0 : i.key.max_bits / 8), direction);
}
std::string name_of(const Suite& s) {
  return std::string(algorithm(s.encryption).name) + " " + std::string(algorithm(s.integrity).name);
}

// A packet with headers before the payload, of `size` octets.
Packet plain(PacketPool& pool, std::size_t size) {
  Packet packet = pool.allocate(40 + size);
  MutableBytes bytes = packet.mutable_bytes();
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i);
  return packet;
}

TEST(Esp, OfEverySuiteAndLengthGivesBackWhatItTook) {
  PacketPool pool;
  for (const Suite& s : suites()) {
    SCOPED_TRACE(name_of(s));
    EspTransform out = make(s, Encrypt), in = make(s, Decrypt);
    for (std::size_t size = 0; size < 70; ++size) {
      Packet packet = plain(pool, size);
      const std::string before = to_hex(packet.bytes());
      out.seal(packet, 40, {.spi = 0x12345678, .sequence = size + 1, .next_header = NextHeader::Udp});
      EXPECT_EQ(packet.size(), 40 + out.sealed_size(size));
      EXPECT_EQ(to_hex(packet.bytes().first(40)), before.substr(0, 80));
      EXPECT_EQ((packet.size() - 40) % 4, 0u);  // RFC 4303 §2.4
      const auto header = read_esp_header(packet.bytes().subspan(40));
      ASSERT_TRUE(header);
      EXPECT_EQ(header->spi, 0x12345678u);
      EXPECT_EQ(header->sequence, size + 1);
      const auto opened = in.open(packet, 40, nullptr);
      ASSERT_TRUE(opened) << size;
      EXPECT_EQ(opened->next_header, NextHeader::Udp);
      close_gap(packet, 40, opened->payload - 40);
      EXPECT_EQ(to_hex(packet.bytes()), before);
    }
  }
}

TEST(Esp, SaysWhatFitsInto) {
  for (const Suite& s : suites()) {
    const EspTransform out = make(s, Encrypt);
    for (std::size_t room = 0; room < 200; ++room) {
      const std::size_t fits = out.payload_that_fits(room);
      if (fits > 0) {
        EXPECT_LE(out.sealed_size(fits), room);
      }
      EXPECT_GT(out.sealed_size(fits + 1), room);
    }
  }
}

TEST(Esp, OpensNothingThatWasChangedOrCut) {
  PacketPool pool;
  for (const Suite& s : suites()) {
    SCOPED_TRACE(name_of(s));
    EspTransform out = make(s, Encrypt), in = make(s, Decrypt);
    Packet sealed = plain(pool, 20);
    out.seal(sealed, 40, {.spi = 1000, .sequence = 9, .next_header = NextHeader::Udp});
    const ByteVector whole(sealed.bytes().begin(), sealed.bytes().end());
    for (std::size_t bit = 40 * 8; bit < whole.size() * 8; ++bit) {
      Packet changed = pool.copy_of(whole);
      changed.mutable_data()[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      const auto opened = in.open(changed, 40, nullptr);
      ASSERT_FALSE(opened) << bit;
      EXPECT_EQ(opened.error(), &kEspBadIcv);
    }
    for (std::size_t size = 40; size < whole.size(); ++size) {
      Packet cut = pool.copy_of(Bytes(whole).first(size));
      const auto opened = in.open(cut, 40, nullptr);
      ASSERT_FALSE(opened) << size;
      const bool known = opened.error() == &kEspBadIcv || opened.error() == &kEspTruncated ||
                         opened.error() == &kEspBadLength;
      EXPECT_TRUE(known) << opened.error()->name;
    }
    Packet good = pool.copy_of(whole);
    EXPECT_TRUE(in.open(good, 40, nullptr));
  }
}

TEST(Esp, ChecksTheHighHalfOfTheNumber) {  // RFC 4303 §2.2.1
  PacketPool pool;
  for (const Suite& s : suites()) {
    SCOPED_TRACE(name_of(s));
    EspTransform out = make(s, Encrypt), in = make(s, Decrypt);
    for (std::uint32_t high : {0u, 7u}) {
      auto opens = [&](const std::uint32_t* told) {
        Packet packet = plain(pool, 20);
        out.seal(packet, 40, {.spi = 1, .sequence = 7ull << 32 | 5, .extended_sequence = true,
                              .next_header = NextHeader::Udp});
        return in.open(packet, 40, told).has_value();
      };
      EXPECT_EQ(opens(&high), high == 7);
      EXPECT_FALSE(opens(nullptr));
    }
  }
}

TEST(Esp, PadsWithOneTwoThree) {  // RFC 4303 §2.4
  PacketPool pool;
  EspTransform out = make(Suite{Encryption::Null, Integrity::None}, Encrypt);
  Packet packet = pool.copy_of(hex("aabbcc"));
  out.seal(packet, 0, {.spi = 256, .sequence = 1, .next_header = NextHeader::Udp});
  EXPECT_EQ(to_hex(packet.bytes()), to_hex(hex("00000100 00000001 aabbcc 010203 0311")));
}

TEST(Esp, RefusesPaddingThatIsNotCounting) {
  PacketPool pool;
  EspTransform in = make(Suite{Encryption::Null, Integrity::None}, Decrypt);
  struct {
    const char* esp;
    const DropInfo* reason;
    const char* why;
  } cases[] = {
      {"0000010000000001 aabbccdd 0102 0211", nullptr, "two octets"},
      {"0000010000000001 aabbccdd 0103 0211", &kEspBadPadding, "not 1, 2"},
      {"0000010000000001 aabbccdd 0000 0211", &kEspBadPadding, "zeros"},
      {"0000010000000001 aabb 0711", &kEspBadPadding, "longer than the packet"},
      {"0000010000000001 aabb 0211", &kEspBadPadding, "two octets that are not padding"},
      {"0000010000000001 0102 0211", nullptr, "nothing but padding"},
  };
  for (const auto& c : cases) {
    Packet packet = pool.copy_of(hex(c.esp));
    const auto opened = in.open(packet, 0, nullptr);
    EXPECT_EQ(opened ? nullptr : opened.error(), c.reason) << c.why;
  }
  in.checks_padding = false;
  Packet packet = pool.copy_of(hex("0000010000000001 aabbccdd 0000 0211"));
  EXPECT_TRUE(in.open(packet, 0, nullptr));
}

TEST(Esp, HidesTheLengthBehindPadding) {  // RFC 4303 §2.7
  PacketPool pool;
  EspTransform out = make(Suite{Encryption::AesGcm16, Integrity::None}, Encrypt);
  EspTransform in = make(Suite{Encryption::AesGcm16, Integrity::None}, Decrypt);
  std::set<std::size_t> lengths;
  for (std::size_t size = 1; size < 100; ++size) {
    Packet packet = plain(pool, size);
    out.seal(packet, 40, {.spi = 1, .sequence = size, .next_header = NextHeader::Ipv6, .tfc_padding = 200 - size});
    lengths.insert(packet.size());
    const auto opened = in.open(packet, 40, nullptr);
    ASSERT_TRUE(opened);
    EXPECT_EQ(packet.size() - opened->payload, 200u);  // the payload's own length says where it ends
  }
  EXPECT_EQ(lengths.size(), 1u);
}

}  // namespace
}  // namespace kamesim::ipsec
