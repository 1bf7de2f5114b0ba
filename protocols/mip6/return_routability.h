// A mobile node's return routability procedure with one correspondent, for one home address (RFC 6275 §5.2.5,
// §11.6). Both tests run in parallel; each token is kept for MAX_TOKEN_LIFETIME and serves later runs.
//
//   start() --> Home Test Init, Care-of Test Init --both answered--> authorized
//                 | unanswered after MAX_RO_FAILURE retries
//                 +--> failed: packets go through the home agent (§5.2.9)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "protocols/mip6/constants.h"
#include "protocols/mip6/keygen.h"
#include "protocols/mip6/messages.h"
#include "protocols/mip6/nonces.h"
#include "protocols/mip6/rate_limit.h"
#include "protocols/mip6/specification.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/drop.h"
#include "sim/time.h"

namespace kamesim {

inline constexpr DropInfo kTestUnexpected{"mip6.test_unexpected", "RFC 6275 §11.6.2"};
inline constexpr DropInfo kTestWrongDestination{"mip6.test_wrong_destination", "RFC 6275 §11.6.2"};
inline constexpr DropInfo kTestNotFromHomeAgent{"mip6.home_test_not_tunnelled", "RFC 6275 §11.6.2"};
inline constexpr DropInfo kTestWrongCookie{"mip6.test_wrong_cookie", "RFC 6275 §11.6.2"};

// What a Binding Update to a correspondent is for.
enum class CorrespondentRequest : std::uint8_t { CacheBinding, DeleteBinding };

struct ReturnRoutabilityRequest {
  CorrespondentRequest purpose = CorrespondentRequest::CacheBinding;
  Ipv6Address care_of;  // the address to test; not looked at for a deletion
};

// The result of the procedure: what authorizes Binding Updates until the older token is too old.
struct Authorization {
  ReturnRoutabilityRequest request;
  BindingManagementKey kbm{};
  NonceIndices nonces;  // §11.7.2: for a deletion, the care-of nonce index is zero
  Time expires;
};

struct ReturnRoutabilityConfig {
  Ipv6Address home_address;
  // §5.2.7, §11.6.1: whether tokens serve more than one run: the home token after a mere change of care-of address,
  // both on a refresh in the same place.
  bool reuse_tokens = true;
  MobilityRules rules{};
};

class ReturnRoutability {
 public:
  struct Output {
    std::optional<HomeTestInit> send_home_test_init;       // from the home address, through the tunnel while away
    std::optional<CareOfTestInit> send_care_of_test_init;  // from the care-of address, directly
    std::optional<Authorization> authorized;
    bool failed = false;
    DropReason dropped = nullptr;
  };
  enum class Path { Direct, FromHomeAgentTunnel };
  // Which token the correspondent no longer recognizes (status 136, 137, 138).
  enum class Tokens { Home, CareOf, Both };

  // random: for cookies.
  ReturnRoutability(const ReturnRoutabilityConfig& config, RandomBytes random)
      : config_(config), random_(std::move(random)) {}

  // Begins a run, in place of one that is in progress.
  Output start(Time now, const ReturnRoutabilityRequest& request);
  // Ends a run without a result.
  void stop();
  void discard(Tokens tokens);
  Output on_home_test(Time now, const HomeTest& test, const Ipv6Address& destination, Path path);
  Output on_care_of_test(Time now, const CareOfTest& test, const Ipv6Address& destination);
  Output on_timeout(Time now);
  std::optional<Time> next_timeout() const;
  bool in_progress() const { return request_.has_value(); }

 private:
  enum Kind : std::size_t { kHome, kCareOf, kKinds };
  struct Token {
    KeygenToken value{};
    std::uint16_t nonce_index = 0;
    Ipv6Address address;  // that it proves
    Time expires;
  };
  struct Test {
    std::optional<Token> token;
    std::optional<Time> send_at;  // empty: not in progress
    InitCookie cookie{};
    int sent = 0;                 // in this run
    Duration timeout;
    UpdateRateLimit limit;
  };

  bool needs(Kind kind) const;
  bool has_token(Time now, Kind kind) const;
  Ipv6Address tested_address(Kind kind) const;
  void begin(Time now, Kind kind);
  void send(Time now, Kind kind, Output& out);
  // The common checks of §11.6.2; records the token.
  DropReason accept(Time now, Kind kind, const InitCookie& cookie, const Ipv6Address& destination,
                    std::uint16_t nonce_index, const KeygenToken& token);
  Output proceed(Time now);

  ReturnRoutabilityConfig config_;
  RandomBytes random_;
  std::optional<ReturnRoutabilityRequest> request_;  // of the run in progress
  std::array<Test, kKinds> tests_;
};

}  // namespace kamesim
