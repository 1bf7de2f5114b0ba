// PF_KEY version 2 messages (RFC 2367 §2, with KAME's extensions): bytes to structs and back. Fields are in the host's
// order, which here is little-endian on every host, so that runs are the same everywhere; addresses and ports are in
// network order, as sockaddr_in and sockaddr_in6 of Linux have them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocols/ipsec/security_association.h"
#include "protocols/ipsec/security_policy.h"
#include "sim/drop.h"

namespace kamesim::ipsec::pfkey {

inline constexpr std::uint8_t kVersion = 2;            // PF_KEY_V2
inline constexpr std::size_t kMaxMessage = 65535 * 8;  // sadb_msg_len is in units of 8 octets
inline constexpr std::size_t kMaxProposals = 64;       // combinations in one proposal
inline constexpr std::size_t kMaxPacket = 4096;        // SADB_X_EXT_PACKET: as much of a packet

// RFC 2367 §3.1, and KAME's behind 12.
enum class Type : std::uint8_t {
  GetSpi = 1, Update, Add, Delete, Get, Acquire, Register, Expire, Flush, Dump, Promisc, PolicyChange,
  SpdUpdate = 13, SpdAdd, SpdDelete, SpdGet, SpdAcquire, SpdDump, SpdFlush, SpdSetIndex, SpdExpire, SpdDeleteById,
  NatMapping = 23,
  Migrate = 24,
};
inline constexpr std::uint8_t kLastType = 24;

// RFC 2367 §3.3; IPComp is KAME's SADB_X_SATYPE_IPCOMP.
enum class SaType : std::uint8_t { Unspecified = 0, Ah = 2, Esp = 3, IpComp = 9 };
SaType sa_type(Protocol protocol);
std::optional<Protocol> protocol_of(SaType type);

// RFC 2367 §2.3, KAME's from 18 on; SADB_X_EXT_SA_REPLAY is FreeBSD's, with a number that KAME left free.
enum class ExtensionType : std::uint16_t {
  Sa = 1, LifetimeCurrent, LifetimeHard, LifetimeSoft, AddressSource, AddressDestination, AddressProxy, KeyAuth,
  KeyEncrypt, IdentitySource, IdentityDestination, Sensitivity, Proposal, SupportedAuth, SupportedEncrypt, SpiRange,
  KmPrivate = 17,
  Policy = 18,    // SADB_X_EXT_POLICY
  Sa2 = 19,       // SADB_X_EXT_SA2
  NatTType = 20, NatTSourcePort, NatTDestinationPort, NatTOriginalAddress,
  Tag = 25,       // SADB_X_EXT_TAG
  Packet = 27,    // SADB_X_EXT_PACKET
  SaReplay = 28,
};
inline constexpr std::uint16_t kLastExtension = 28;

// KAME's SADB_X_EXT_*, in sadb_sa_flags.
inline constexpr std::uint32_t kFlagDeriv = 0x0004, kFlagCyclicSequence = 0x0008, kFlagRandomPad = 0x0010,
                               kFlagZeroPad = 0x0020, kFlagEsn = 0x0400;
inline constexpr std::uint8_t kUdpEncapEsp = 2;  // UDP_ENCAP_ESPINUDP
inline constexpr std::uint8_t kAnyProtocol = 255;  // IPSEC_ULPROTO_ANY

struct Sa {                     // §2.3.1
  Spi spi = 0;
  std::uint8_t replay = 0;      // in octets, 8 packets each, as KAME has it
  SaState state = SaState::Mature;
  std::uint8_t auth = 0, encrypt = 0;  // SADB_AALG_*, SADB_EALG_* or of IPComp SADB_X_CALG_*
  std::uint32_t flags = 0;
  friend bool operator==(const Sa&, const Sa&) = default;
};
struct LifetimeData {           // §2.3.2: seconds, of the current one for addtime and usetime since the start
  std::uint32_t allocations = 0;
  std::uint64_t bytes = 0, addtime = 0, usetime = 0;
  friend bool operator==(const LifetimeData&, const LifetimeData&) = default;
};
struct Address {                // §2.3.3
  Ipv6Address address;          // IPv4 in its v4-mapped form
  std::uint8_t prefix_length = 128;
  std::uint8_t protocol = 0;
  std::uint16_t port = 0;       // of ICMP and the Mobility Header the type and the code: see to_selector()
  friend bool operator==(const Address&, const Address&) = default;
};
struct Identity {               // §2.3.5
  std::uint16_t type = 0;
  std::uint64_t id = 0;
  std::string text;
  friend bool operator==(const Identity&, const Identity&) = default;
};
struct Combination {            // §2.3.7, struct sadb_comb
  std::uint8_t auth = 0, encrypt = 0;
  std::uint16_t flags = 0, auth_min_bits = 0, auth_max_bits = 0, encrypt_min_bits = 0, encrypt_max_bits = 0;
  LifetimeData soft, hard;
  friend bool operator==(const Combination&, const Combination&) = default;
};
struct Supported {              // §2.3.8, struct sadb_alg
  std::uint8_t id = 0, iv_bytes = 0;
  std::uint16_t min_bits = 0, max_bits = 0;
  friend bool operator==(const Supported&, const Supported&) = default;
};
struct SpiRange {               // §2.3.9
  Spi low = 0, high = 0;
  friend bool operator==(const SpiRange&, const SpiRange&) = default;
};
// struct sadb_x_policy, with the priority of Linux; requests as struct sadb_x_ipsecrequest, with its 32-bit reqid:
// KAME's 16 bits are too few for policies by the 10,000.
struct PolicyData {
  Action action = Action::Bypass;
  Direction direction = Direction::Out;
  std::uint32_t id = 0;
  std::int32_t priority = 0;
  std::vector<Request> requests;
  friend bool operator==(const PolicyData&, const PolicyData&) = default;
};
struct Sa2 {                    // struct sadb_x_sa2
  Mode mode = Mode::Any;
  std::uint32_t sequence = 0, reqid = 0;
  friend bool operator==(const Sa2&, const Sa2&) = default;
};

struct Message {
  Type type = Type::Flush;
  std::uint8_t error = 0;       // sadb_msg_errno
  SaType sa_type = SaType::Unspecified;
  std::uint32_t sequence = 0, pid = 0;

  std::optional<Sa> sa;
  std::optional<LifetimeData> current, hard, soft;
  std::optional<Address> source, destination, proxy;
  std::optional<Secret> auth_key, encrypt_key;
  std::optional<Identity> source_identity, destination_identity;
  std::optional<std::uint8_t> proposal_replay;
  std::vector<Combination> proposal;  // with proposal_replay
  std::optional<std::vector<Supported>> supported_auth, supported_encrypt;
  std::optional<SpiRange> spi_range;
  std::optional<PolicyData> policy;
  std::optional<Sa2> sa2;
  std::optional<std::uint8_t> nat_t_type;
  std::optional<std::uint16_t> nat_t_source_port, nat_t_destination_port;
  std::optional<Ipv6Address> nat_t_original_address;
  std::optional<std::string> tag;
  std::optional<std::vector<std::uint8_t>> packet;
  std::optional<std::uint32_t> replay_window;  // in packets, where an octet of bytes is too little
};

inline constexpr DropInfo kTruncated{"pfkey.truncated", "RFC 2367 §2.3"};
inline constexpr DropInfo kBadVersion{"pfkey.bad_version", "RFC 2367 §2.1"};
inline constexpr DropInfo kBadType{"pfkey.bad_type", "RFC 2367 §3.1"};
inline constexpr DropInfo kBadSaType{"pfkey.bad_sa_type", "RFC 2367 §3.3"};
inline constexpr DropInfo kBadLength{"pfkey.bad_length", "RFC 2367 §2.1"};
inline constexpr DropInfo kBadExtension{"pfkey.bad_extension", "RFC 2367 §2.3"};
inline constexpr DropInfo kRepeatedExtension{"pfkey.repeated_extension", "RFC 2367 §2.3"};

// Extensions of types that are not known are passed over. Those known are there once at most (§2.3).
Parsed<Message> parse(Bytes message);
std::vector<std::uint8_t> to_bytes(const Message& message);

// Selectors of policies stand in the two addresses: protocol and ports in both (KAME). ICMP's type and code stand in
// the two ports. Ranges that are no prefixes, ranges of ports and OPAQUE cannot be said: empty.
std::optional<Selector> to_selector(const Address& source, const Address& destination);
struct Ends {
  Address source, destination;
};
std::optional<Ends> to_addresses(const Selector& selector);

}  // namespace kamesim::ipsec::pfkey
