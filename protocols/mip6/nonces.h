// A correspondent node's nonces and node keys (RFC 6275 §5.2.1, §5.2.2, §5.2.7).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "protocols/mip6/constants.h"
#include "protocols/mip6/keygen.h"
#include "sim/bytes.h"
#include "sim/time.h"

namespace kamesim {

using RandomBytes = std::function<void(MutableBytes)>;  // fills its argument

// A nonce with the node key that was current with it: "an update of Kcn SHOULD be done at the same time as an
// update of a nonce, so that nonce indices can identify both the nonce and the key" (§5.2.7).
struct NonceGeneration {
  std::uint16_t index = 0;
  Nonce nonce{};
  NodeKey kcn{};
  Time first_used;

  Time expires() const { return first_used + kMaxNonceLifetime; }  // §5.2.7: MUST NOT be accepted from then on
};

// Makes nonces on demand: one is used for 30 s, so that a token is good for MAX_TOKEN_LIFETIME whenever it was
// handed out, and never beyond MAX_NONCE_LIFETIME.
class NonceList {
 public:
  explicit NonceList(RandomBytes random) : random_(std::move(random)) {}

  // The nonce for a Home Test or Care-of Test sent now. Its first use starts its lifetime.
  const NonceGeneration& current(Time now);
  // The nonce of this index, or null if it is unknown or has expired.
  const NonceGeneration* find(Time now, std::uint16_t index) const;
  // From the next test on another nonce is used, if this one is current: what §9.5.3 bars must not be handed out
  // again. No valid nonce is given up for it: with the list full, nothing changes.
  void supersede(Time now, std::uint16_t index);
  // §5.2.8, the last measure: no token handed out so far is accepted any more.
  void invalidate_all();

 private:
  static constexpr Duration kUse = kMaxNonceLifetime - kMaxTokenLifetime;
  static constexpr std::size_t kRegular = static_cast<std::size_t>(kMaxNonceLifetime / kUse);  // the RFC's 8
  static constexpr std::size_t kCapacity = 3 * kRegular;  // room for supersede() beside two lifetimes' worth

  const NonceGeneration& generate(Time now);

  RandomBytes random_;
  std::array<NonceGeneration, kCapacity> ring_;
  std::size_t newest_ = 0;
  std::size_t count_ = 0;
  std::optional<std::uint16_t> last_index_;
};

}  // namespace kamesim
