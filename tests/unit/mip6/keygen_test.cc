#include "protocols/mip6/keygen.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "tests/unit/mip6/test_values.h"

namespace kamesim {
namespace {

// The expected values come from Python's hmac and hashlib:
//   kcn, nonce = bytes(range(20)), bytes(range(0xa0, 0xa8))
//   ht = hmac.new(kcn, hoa + nonce + b'\0', 'sha1').digest()[:8]
//   ct = hmac.new(kcn, coa + nonce + b'\1', 'sha1').digest()[:8]
//   kbm, kbm_deletion = hashlib.sha1(ht + ct).digest(), hashlib.sha1(ht).digest()
//   hmac.new(kbm, coa + cn + mh[:4] + b'\0\0' + mh[6:-12], 'sha1').digest()[:12]
// with hoa 2001:db8:1::100, coa 2001:db8:2::100, cn 2001:db8:3::1.
const Ipv6Address kVectorCorrespondent = "2001:db8:3::1"_ip6;

template <typename Array>
std::string hex(const Array& octets) {
  std::string text;
  for (const std::uint8_t o : octets) {
    text += "0123456789abcdef"[o >> 4];
    text += "0123456789abcdef"[o & 15];
  }
  return text;
}

NodeKey kcn() {
  NodeKey key;
  std::iota(key.begin(), key.end(), 0);
  return key;
}

Nonce nonce() {
  Nonce n;
  std::iota(n.begin(), n.end(), 0xa0);
  return n;
}

BindingManagementKey kbm() {
  return binding_management_key(home_keygen_token(kcn(), kHome, nonce()),
                                care_of_keygen_token(kcn(), kCareOf, nonce()));
}

// A Binding Update, sequence 1, A, 420 s, Nonce Indices 1 and 2, Checksum abcd, and room for the authenticator.
std::vector<std::uint8_t> binding_update() {
  std::vector<std::uint8_t> mh = {0x3b, 0x03, 0x05, 0x00, 0xab, 0xcd, 0x00, 0x01, 0x80, 0x00,
                                  0x00, 0x69, 0x04, 0x04, 0x00, 0x01, 0x00, 0x02, 0x05, 0x0c};
  mh.resize(mh.size() + 12);
  return mh;
}

TEST(Keygen, DerivesTokensFromAddressNonceAndKind) {  // RFC 6275 §5.2.5
  EXPECT_EQ(hex(home_keygen_token(kcn(), kHome, nonce())), "a0e8498e964263cb");
  EXPECT_EQ(hex(care_of_keygen_token(kcn(), kCareOf, nonce())), "0e293c0f3b28ed75");
  EXPECT_NE(home_keygen_token(kcn(), kHome, nonce()), care_of_keygen_token(kcn(), kHome, nonce()));
}

TEST(Keygen, HashesTheTokensToKbm) {  // RFC 6275 §5.2.5
  EXPECT_EQ(hex(kbm()), "107fe33421edc4608b8d943cf33d442670130f7d");
  EXPECT_EQ(hex(binding_management_key_for_deletion(home_keygen_token(kcn(), kHome, nonce()))),
            "1335de3bbdcb6868257f8153e205af093225ae1f");
}

TEST(Keygen, ComputesTheAuthenticatorWithoutChecksumAndItself) {  // RFC 6275 §6.2.7
  auto mh = binding_update();
  EXPECT_EQ(hex(compute_authenticator(kbm(), kCareOf, kVectorCorrespondent, mh)), "e1cd9b902f4556ffc2daa3cd");
  mh[4] = mh[5] = 0x55;
  mh.back() = 0x55;
  EXPECT_EQ(hex(compute_authenticator(kbm(), kCareOf, kVectorCorrespondent, mh)), "e1cd9b902f4556ffc2daa3cd");
}

TEST(Keygen, AcceptsOnlyTheRightAuthenticator) {  // RFC 6275 §6.2.7
  auto mh = binding_update();
  const Authenticator right = compute_authenticator(kbm(), kCareOf, kVectorCorrespondent, mh);
  std::copy(right.begin(), right.end(), mh.end() - 12);
  EXPECT_TRUE(authenticator_valid(kbm(), kCareOf, kVectorCorrespondent, mh));
  EXPECT_FALSE(authenticator_valid(kbm(), kNewCareOf, kVectorCorrespondent, mh));
  EXPECT_FALSE(authenticator_valid(kbm(), kCareOf, kCorrespondent, mh));
  for (std::size_t i = 0; i < mh.size(); ++i) {
    if (i == 4 || i == 5) continue;  // the checksum counts as zero
    mh[i] ^= 1;
    EXPECT_FALSE(authenticator_valid(kbm(), kCareOf, kVectorCorrespondent, mh)) << i;
    mh[i] ^= 1;
  }
}

TEST(Keygen, RefusesLengthsThatCannotHoldAnAuthenticator) {  // RFC 6275 §6.2.7
  for (std::size_t size : {std::size_t{0}, std::size_t{12}, kMinAuthenticatedHeader - 1, kMaxMobilityHeader + 8}) {
    const std::vector<std::uint8_t> mh(size);
    EXPECT_FALSE(authenticator_valid(kbm(), kCareOf, kVectorCorrespondent, mh)) << size;
  }
}

}  // namespace
}  // namespace kamesim
