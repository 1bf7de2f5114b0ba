// What associations share: so many of OpenSSL's contexts at once, taken from those that have not been used for longest.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "protocols/ipsec/packet_transform.h"

namespace kamesim::ipsec {
namespace {

constexpr auto Encrypt = Cipher::Direction::Encrypt;

std::unique_ptr<SecurityAssociation> association(Spi spi) {
  SaParameters p;
  p.address.spi = spi;
  p.encryption = Encryption::AesGcm16;
  p.encryption_key = Secret(std::vector<std::uint8_t>(20, static_cast<std::uint8_t>(spi)));
  return std::make_unique<SecurityAssociation>(std::move(p));
}

class Pool : public testing::Test {
 protected:
  Pool() {
    for (Spi spi = 300; spi < 304; ++spi) sas.push_back(association(spi));
  }
  void use(std::size_t i) { (void)pool.of(*sas[i], Encrypt); }
  std::vector<bool> held() const {
    std::vector<bool> held;
    for (const auto& sa : sas) held.push_back(sa->transform != nullptr);
    return held;
  }
  TransformPool pool{2};
  std::vector<std::unique_ptr<SecurityAssociation>> sas;
};

TEST_F(Pool, HoldsNoMoreThanItMay) {
  for (int round = 0; round < 5; ++round) {
    for (std::size_t i = 0; i < sas.size(); ++i) {
      use(i);
      EXPECT_NE(sas[i]->transform, nullptr);
      EXPECT_LE(pool.size(), 2u);
    }
  }
}

TEST_F(Pool, TakesBackWhatHasNotBeenUsedLately) {
  use(0);
  use(1);
  use(2);  // the hand has gone round once: all were in use, and the first goes
  EXPECT_EQ(held(), (std::vector<bool>{false, true, true, false}));
  use(2);
  use(3);
  EXPECT_EQ(held(), (std::vector<bool>{false, false, true, true}));
}

TEST_F(Pool, GetsBackWhatAnAssociationHadThatIsGone) {
  use(0);
  use(1);
  sas[0].reset();
  EXPECT_EQ(pool.size(), 1u);
  use(2);
  EXPECT_NE(sas[1]->transform, nullptr);
  EXPECT_EQ(pool.size(), 2u);
}

TEST_F(Pool, MakesTheSameAgain) {
  const auto sealed = [this](std::size_t i) {
    PacketPool packets;
    Packet packet = packets.copy_of(std::vector<std::uint8_t>(32, 7));
    pool.of(*sas[i], Encrypt).esp->seal(packet, 0, {.spi = 300, .sequence = 1});
    const Bytes bytes = packet.bytes();
    return std::vector<std::uint8_t>(bytes.begin(), bytes.end());
  };
  const auto before = sealed(0);
  for (std::size_t i = 1; i < sas.size(); ++i) use(i);
  ASSERT_EQ(sas[0]->transform, nullptr);
  EXPECT_EQ(sealed(0), before);
}

}  // namespace
}  // namespace kamesim::ipsec
