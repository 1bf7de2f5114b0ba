// Security associations (RFC 4301 §4.4.2), as RFC 2367 and KAME's SADB_X_SA2 describe them. What the administrator or
// a key management daemon gave is separate from what the packets change.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "protocols/ipsec/algorithms.h"
#include "protocols/ipsec/crypto_library.h"
#include "protocols/ipsec/replay_window.h"
#include "protocols/ipsec/security_policy.h"
#include "protocols/ipsec/selector.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/time.h"

namespace kamesim::ipsec {

using Spi = std::uint32_t;
// RFC 4303 §2.1, RFC 4302 §2.4: 0 is never on the wire, and up to 255 are reserved.
inline constexpr Spi kMinSpi = 256;
// RFC 3173 §3.3: a CPI stands in the low 16 bits of an IPComp association's SPI; 256 to 61439 are for negotiation.
inline constexpr std::uint32_t kMinNegotiatedCpi = 256, kMaxNegotiatedCpi = 61439, kMaxCpi = 65535;

// What a packet finds its association by (RFC 4301 §4.1). `source` counts for associations with groups only.
struct SaAddress {
  Spi spi = 0;
  Protocol protocol = Protocol::Esp;
  Ipv6Address source, destination;
  friend auto operator<=>(const SaAddress&, const SaAddress&) = default;
};

enum class SaState : std::uint8_t {
  Larval = 0,  // SADB_SASTATE_LARVAL: an SPI is reserved for a key exchange under way
  Mature = 1,  // SADB_SASTATE_MATURE
  Dying = 2,   // SADB_SASTATE_DYING: the soft lifetime is over
  Dead = 3,    // SADB_SASTATE_DEAD: the hard lifetime is over; no packet uses it
};

// One of soft and hard (RFC 2367 §2.3.2). Zero: no bound.
struct Lifetime {
  Duration since_added{};      // sadb_lifetime_addtime
  Duration since_first_use{};  // sadb_lifetime_usetime
  std::uint64_t bytes = 0;     // sadb_lifetime_bytes
  std::uint64_t packets = 0;   // sadb_lifetime_allocations, as the BSDs and Linux use it
  bool none() const { return *this == Lifetime{}; }
  friend bool operator==(const Lifetime&, const Lifetime&) = default;
};

enum class Padding : std::uint8_t {
  Sequential,  // RFC 4303 §2.4: 1, 2, 3, ...; KAME's seq-pad
  Zero,        // zero-pad
  Random,      // random-pad
};

// What a tunnel does with the ECN field (RFC 4301 §5.1.2; RFC 3168 §9.1; KAME's ip6.ecn).
enum class EcnMode : std::uint8_t {
  Rfc4301,    // copied in; going out, CE of the outer header is kept where the inner one may have it (RFC 6040)
  Copy,       // KAME -1: copied in (RFC 2401); the outer one is ignored
  Forbidden,  // KAME 0: zero in; the outer one is ignored
  Allowed,    // KAME 1: copied in but for CE's lower bit; CE of the outer header is kept (RFC 3168 §9.1.1)
};

// The DF bit of an IPv4 tunnel's header around packets of IPv4 (RFC 4301 §8.1).
enum class DontFragment : std::uint8_t { Copy, Clear, Set };

// UDP encapsulation (RFC 3948).
inline constexpr std::uint16_t kUdpEncapsulationPort = 4500;  // RFC 3947 §4
struct UdpEncapsulation {
  std::uint16_t source_port = 0, destination_port = 0;
  bool enabled() const { return source_port != 0; }
  friend bool operator==(const UdpEncapsulation&, const UdpEncapsulation&) = default;
};

// As given: what setkey's `add` and SADB_ADD say.
struct SaParameters {
  SaAddress address;  // with both ends; for a tunnel its outer ones
  Mode mode = Mode::Any;
  Encryption encryption = Encryption::Null;   // ESP
  Integrity integrity = Integrity::None;      // AH, ESP
  Compression compression = Compression::None;  // IPComp
  Secret encryption_key, integrity_key;       // with the salt behind the key
  std::uint32_t reqid = 0;                    // 0: for any request
  std::uint32_t replay_window = 0;            // in packets; 0: no replay protection
  bool extended_sequence_numbers = false;     // ESN (RFC 4303 §2.2.1)
  bool cyclic_sequence = false;               // KAME's cyclic-seq: the number may wrap, without ESN
  std::uint64_t numbers_used = 0;             // the last number before it was given here: it goes on behind that
  Padding padding = Padding::Sequential;
  EcnMode ecn = EcnMode::Rfc4301;
  std::optional<std::uint8_t> dscp;           // of the tunnel's header; empty: the inner one's (RFC 4301 §5.1.2.1)
  DontFragment dont_fragment = DontFragment::Copy;
  UdpEncapsulation udp;
  std::uint16_t tfc_pad_to = 0;               // ESP tunnels: payloads are padded to this size (RFC 4303 §2.7)
  Lifetime soft, hard;
};

// RFC 4301 §4.2: ESP with neither encryption nor integrity, of which no association may be made.
inline bool protects_nothing(const SaParameters& p) {
  return p.address.protocol == Protocol::Esp && p.encryption == Encryption::Null && p.integrity == Integrity::None;
}

struct SaCounters {
  std::uint64_t packets = 0, bytes = 0;       // bytes: as the lifetime counts them
  std::uint64_t replayed = 0, too_old = 0, bad_icv = 0, malformed = 0, policy_mismatch = 0;
};

// What turns packets into ESP, AH or IPComp and back, with its expanded keys: of the packet path, which knows which
// one an association has.
class SaTransform {
 public:
  virtual ~SaTransform() = default;
};

// One association. Not copied: keys and expanded keys are wiped when it is freed.
struct SecurityAssociation {
  explicit SecurityAssociation(SaParameters given) : parameters(std::move(given)), sequence(parameters.numbers_used) {}
  SecurityAssociation(const SecurityAssociation&) = delete;
  SecurityAssociation& operator=(const SecurityAssociation&) = delete;

  const SaAddress& address() const { return parameters.address; }
  bool usable() const { return state == SaState::Mature || state == SaState::Dying; }

  SaParameters parameters;
  std::uint64_t number = 0;            // what the SAD gave it: never used again, in the order of their being added
  SaState state = SaState::Larval;
  Time created;
  std::optional<Time> first_used, last_used;
  bool configured = false;             // by hand: a reboot keeps it, with keys and all, and its numbers start again
  std::uint32_t acquire_sequence = 0;  // sadb_msg_seq of the exchange that makes it

  // What packets change. Sequence numbers count what was sent; the window is the receiver's.
  std::uint64_t sequence = 0;
  std::uint64_t iv_counter = 0;        // of modes that count (RFC 4106 §3.1)
  SaCounters counters;
  // Made with the first packet.
  std::unique_ptr<SaTransform> transform;
  std::unique_ptr<ReplayWindow> window;
  // Whether a policy for what comes in asks for this association; as of that generation of the SPD.
  std::uint64_t asked_for_as_of = 0;
  bool asked_for = false;
};

}  // namespace kamesim::ipsec
