// Associations, policies and algorithms as extensions of PF_KEY messages, and back.
#include <algorithm>

#include "protocols/ipsec/pfkey_kernel.h"

namespace kamesim::ipsec::pfkey {

namespace {

constexpr std::uint32_t kPacketsPerWindowOctet = 8;
constexpr std::uint32_t kLargestWindowInSa = 255 * kPacketsPerWindowOctet;  // sadb_sa_replay is one octet

LifetimeData lifetime_data(const Lifetime& l) {
  return {static_cast<std::uint32_t>(l.packets), l.bytes,
          static_cast<std::uint64_t>(l.since_added / Duration::seconds(1)),
          static_cast<std::uint64_t>(l.since_first_use / Duration::seconds(1))};
}

// More than a century is for ever.
Duration seconds(std::uint64_t count) {
  constexpr std::uint64_t kForever = 100ull * 365 * 24 * 3600;
  return count > kForever ? Duration{} : Duration::seconds(static_cast<std::int64_t>(count));
}

Lifetime lifetime_of(const std::optional<LifetimeData>& l) {
  if (!l) return {};
  return {.since_added = seconds(l->addtime), .since_first_use = seconds(l->usetime), .bytes = l->bytes,
          .packets = l->allocations};
}

Address end(const Ipv6Address& address) {
  return {.address = address, .prefix_length = static_cast<std::uint8_t>(address.is_v4_mapped() ? 32 : 128)};
}

Sa sa_of(const SecurityAssociation& a) {
  const SaParameters& p = a.parameters;
  Sa sa{.spi = p.address.spi, .state = a.state};
  sa.replay = static_cast<std::uint8_t>(std::min<std::uint32_t>(p.replay_window / kPacketsPerWindowOctet, 255));
  if (a.state == SaState::Larval) return sa;
  switch (p.address.protocol) {
    case Protocol::Esp:
      sa.encrypt = algorithm(p.encryption).sadb;
      sa.auth = p.integrity == Integrity::None ? 0 : algorithm(p.integrity).sadb;
      break;
    case Protocol::Ah: sa.auth = algorithm(p.integrity).sadb; break;
    case Protocol::IpComp: sa.encrypt = algorithm(p.compression).sadb; break;
  }
  if (p.cyclic_sequence) sa.flags |= kFlagCyclicSequence;
  if (p.padding == Padding::Random) sa.flags |= kFlagRandomPad;
  if (p.padding == Padding::Zero) sa.flags |= kFlagZeroPad;
  if (p.extended_sequence_numbers) sa.flags |= kFlagEsn;
  return sa;
}

// The algorithms by their numbers, with their keys. False: they do not go together.
bool read_algorithms(const Message& m, SaParameters& p) {
  const auto bytes = [](const std::optional<Secret>& key) { return key ? key->size() : 0; };
  if (p.address.protocol == Protocol::IpComp) {
    const CompressionAlgorithm* compression = find_compression_by_sadb(m.sa->encrypt);
    if (compression == nullptr || compression->id == Compression::None) return false;
    p.compression = compression->id;
    return true;
  }
  const bool esp = p.address.protocol == Protocol::Esp;
  if (esp) {
    const EncryptionAlgorithm* encryption = find_encryption_by_sadb(m.sa->encrypt);
    if (encryption == nullptr || !encryption->takes_key_of(bytes(m.encrypt_key))) return false;
    p.encryption = encryption->id;
    if (m.encrypt_key) p.encryption_key = *m.encrypt_key;
  }
  if (m.sa->auth == 0) return esp && !protects_nothing(p);
  const IntegrityAlgorithm* integrity = find_integrity_by_sadb(m.sa->auth);
  if (integrity == nullptr || !integrity->takes_key_of(bytes(m.auth_key))) return false;
  if (esp && (integrity->ah_only || (algorithm(p.encryption).combined() && integrity->id != Integrity::None))) {
    return false;
  }
  p.integrity = integrity->id;
  if (m.auth_key) p.integrity_key = *m.auth_key;
  return !protects_nothing(p);
}

}  // namespace

tl::expected<SaParameters, std::errc> parameters_of(const Message& m) {
  const auto protocol = protocol_of(m.sa_type);
  if (!protocol || !m.sa || !m.source || !m.destination ||
      m.source->address.is_v4_mapped() != m.destination->address.is_v4_mapped()) {
    return tl::unexpected(std::errc::invalid_argument);
  }
  SaParameters p;
  p.address = {m.sa->spi, *protocol, m.source->address, m.destination->address};
  const bool spi_is_right = *protocol == Protocol::IpComp ? p.address.spi >= 1 && p.address.spi <= kMaxCpi
                                                          : p.address.spi >= kMinSpi;
  if (!spi_is_right || !read_algorithms(m, p)) return tl::unexpected(std::errc::invalid_argument);
  if (m.sa2) p.mode = m.sa2->mode, p.reqid = m.sa2->reqid;
  const std::uint32_t window = m.replay_window.value_or(m.sa->replay * kPacketsPerWindowOctet);
  p.replay_window = window == 0 ? 0 : std::clamp(window, kMinReplayWindow, kMaxReplayWindow);
  p.cyclic_sequence = (m.sa->flags & kFlagCyclicSequence) != 0;
  p.extended_sequence_numbers = (m.sa->flags & kFlagEsn) != 0;
  if ((m.sa->flags & kFlagRandomPad) != 0) p.padding = Padding::Random;
  if ((m.sa->flags & kFlagZeroPad) != 0) p.padding = Padding::Zero;
  p.soft = lifetime_of(m.soft);
  p.hard = lifetime_of(m.hard);
  if (m.nat_t_type == kUdpEncapEsp) {
    p.udp.source_port = m.nat_t_source_port.value_or(kUdpEncapsulationPort);
    p.udp.destination_port = m.nat_t_destination_port.value_or(kUdpEncapsulationPort);
  }
  return p;
}

Message describe(Type type, const SecurityAssociation& a, Keys keys) {
  const SaParameters& p = a.parameters;
  Message m{.type = type, .sa_type = sa_type(p.address.protocol)};
  m.sa = sa_of(a);
  m.source = end(p.address.source);
  m.destination = end(p.address.destination);
  m.sa2 = Sa2{.mode = p.mode, .sequence = static_cast<std::uint32_t>(a.sequence), .reqid = p.reqid};
  if (a.state == SaState::Larval) return m;
  m.current = LifetimeData{static_cast<std::uint32_t>(a.counters.packets), a.counters.bytes,
                           static_cast<std::uint64_t>(a.created.to_seconds()),
                           a.first_used ? static_cast<std::uint64_t>(a.first_used->to_seconds()) : 0};
  if (!p.hard.none()) m.hard = lifetime_data(p.hard);
  if (!p.soft.none()) m.soft = lifetime_data(p.soft);
  if (p.replay_window > kLargestWindowInSa) m.replay_window = p.replay_window;
  if (p.udp.enabled()) {
    m.nat_t_type = kUdpEncapEsp;
    m.nat_t_source_port = p.udp.source_port;
    m.nat_t_destination_port = p.udp.destination_port;
  }
  if (keys == Keys::Hidden) return m;
  if (!p.integrity_key.empty()) m.auth_key = p.integrity_key;
  if (!p.encryption_key.empty()) m.encrypt_key = p.encryption_key;
  return m;
}

Message describe(Type type, const SecurityPolicy& p) {
  Message m{.type = type};
  if (const auto ends = to_addresses(p.selector)) {
    m.source = ends->source;
    m.destination = ends->destination;
  }
  m.policy = PolicyData{p.action, p.direction, p.id, p.priority, p.requests};
  m.current = LifetimeData{0, 0, static_cast<std::uint64_t>(p.created.to_seconds()), 0};
  if (p.lifetime > Duration{}) {
    m.hard = LifetimeData{0, 0, static_cast<std::uint64_t>(p.lifetime / Duration::seconds(1)), 0};
  }
  if (!p.tag.empty()) m.tag = p.tag;
  return m;
}

void list_supported(SaType type, Message& m) {
  const auto bits = [](std::uint16_t key, std::uint8_t salt) { return static_cast<std::uint16_t>(key + 8 * salt); };
  std::vector<Supported> auth, encrypt;
  if (type == SaType::IpComp) {
    for (const CompressionAlgorithm& a : compression_algorithms()) {
      if (a.id != Compression::None) encrypt.push_back({a.sadb, 0, 0, 0});
    }
  } else {
    for (const IntegrityAlgorithm& a : integrity_algorithms()) {
      if (a.ah_only && type == SaType::Esp) continue;
      auth.push_back({a.sadb, a.iv_bytes, bits(a.key.min_bits, a.salt_bytes), bits(a.key.max_bits, a.salt_bytes)});
    }
    m.supported_auth = std::move(auth);
    if (type == SaType::Ah) return;
    for (const EncryptionAlgorithm& a : encryption_algorithms()) {
      encrypt.push_back({a.sadb, a.iv_bytes, bits(a.key.min_bits, a.salt_bytes), bits(a.key.max_bits, a.salt_bytes)});
    }
  }
  m.supported_encrypt = std::move(encrypt);
}

// Each encryption algorithm with RFC 8221 §6's integrity algorithm of choice, or by itself; of AH each algorithm.
void list_proposal(SaType type, Message& m) {
  m.proposal_replay = static_cast<std::uint8_t>(kDefaultReplayWindow / kPacketsPerWindowOctet);
  if (type == SaType::IpComp) {
    m.proposal.push_back({.encrypt = algorithm(Compression::Deflate).sadb});
    return;
  }
  const IntegrityAlgorithm& choice = algorithm(Integrity::HmacSha2_256_128);
  if (type == SaType::Ah) {
    for (const IntegrityAlgorithm& a : integrity_algorithms()) {
      if (a.id == Integrity::None) continue;
      m.proposal.push_back({.auth = a.sadb, .auth_min_bits = a.key.min_bits, .auth_max_bits = a.key.max_bits});
    }
    return;
  }
  for (const EncryptionAlgorithm& a : encryption_algorithms()) {
    Combination c{.encrypt = a.sadb, .encrypt_min_bits = a.key.min_bits, .encrypt_max_bits = a.key.max_bits};
    if (!a.combined()) {
      c.auth = choice.sadb, c.auth_min_bits = choice.key.min_bits, c.auth_max_bits = choice.key.max_bits;
    }
    m.proposal.push_back(c);
  }
}

}  // namespace kamesim::ipsec::pfkey
