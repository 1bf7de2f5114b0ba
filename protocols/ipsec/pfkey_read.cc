// PF_KEY messages from bytes.
#include <algorithm>
#include <bitset>

#include "protocols/ipsec/pfkey.h"
#include "protocols/wire/ipv4_address.h"

namespace kamesim::ipsec::pfkey {

namespace {

constexpr std::uint16_t kFamilyIpv4 = 2, kFamilyIpv6 = 10;  // AF_INET and AF_INET6 of Linux
constexpr std::size_t kHeaderSize = 16;                     // struct sadb_msg
constexpr std::size_t kCombinationSize = 72;                // struct sadb_comb
constexpr std::size_t kSupportedSize = 8;                   // struct sadb_alg

// Takes fields off the front. Once something was missing all else is zero, and ok() says so.
class Reader {
 public:
  explicit Reader(Bytes bytes) : rest_(bytes) {}
  bool ok() const { return ok_; }
  std::size_t left() const { return rest_.size(); }
  Bytes rest() const { return rest_; }

  std::uint8_t u8() { return static_cast<std::uint8_t>(little(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(little(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(little(4)); }
  std::uint64_t u64() { return little(8); }
  Bytes bytes(std::size_t n) {
    if (rest_.size() < n) return ok_ = false, rest_ = {}, Bytes();
    const Bytes taken = rest_.first(n);
    rest_ = rest_.subspan(n);
    return taken;
  }
  void skip(std::size_t n) { bytes(n); }
  void fail() { ok_ = false; }

  // A sockaddr_in or sockaddr_in6.
  Ipv6Address socket_address(std::uint16_t& port) {
    const std::uint16_t family = u16();
    const Bytes in_network_order = bytes(2);
    port = ok_ ? load_be16(in_network_order.data()) : 0;
    if (family == kFamilyIpv4) {
      const Bytes address = bytes(4);
      skip(8);  // sin_zero
      return ok_ ? v4_mapped(load_be32(address.data())) : Ipv6Address{};
    }
    if (family != kFamilyIpv6) return ok_ = false, Ipv6Address{};
    skip(4);  // sin6_flowinfo
    const Bytes address = bytes(Ipv6Address::kSize);
    skip(4);  // sin6_scope_id
    return ok_ ? Ipv6Address::from_bytes(address.data()) : Ipv6Address{};
  }

 private:
  std::uint64_t little(std::size_t octets) {
    const Bytes taken = bytes(octets);
    std::uint64_t v = 0;
    for (std::size_t i = 0; i < taken.size(); ++i) v |= std::uint64_t{taken[i]} << 8 * i;
    return v;
  }
  Bytes rest_;
  bool ok_ = true;
};

LifetimeData read_lifetime(Reader& in) {
  LifetimeData l;
  l.allocations = in.u32();
  l.bytes = in.u64();
  l.addtime = in.u64();
  l.usetime = in.u64();
  return l;
}

Address read_address(Reader& in) {
  Address a;
  a.protocol = in.u8();
  a.prefix_length = in.u8();
  in.skip(2);
  a.address = in.socket_address(a.port);
  if (a.prefix_length > (a.address.is_v4_mapped() ? 32 : 128)) in.fail();
  return a;
}

Secret read_key(Reader& in) {
  const std::size_t bits = in.u16();
  in.skip(2);
  if (bits == 0 || bits % 8 != 0) in.fail();
  return Secret(in.bytes(bits / 8));
}

Identity read_identity(Reader& in) {
  Identity identity;
  identity.type = in.u16();
  in.skip(2);
  identity.id = in.u64();
  const Bytes text = in.rest();
  identity.text.assign(text.begin(), std::ranges::find(text, 0));
  return identity;
}

std::vector<Supported> read_supported(Reader& in) {
  std::vector<Supported> algorithms;
  in.skip(4);
  while (in.ok() && in.left() >= kSupportedSize) {
    Supported a;
    a.id = in.u8();
    a.iv_bytes = in.u8();
    a.min_bits = in.u16();
    a.max_bits = in.u16();
    in.skip(2);
    algorithms.push_back(a);
  }
  return algorithms;
}

void read_proposal(Reader& in, Message& m) {
  m.proposal_replay = in.u8();
  in.skip(3);
  while (in.ok() && in.left() >= kCombinationSize) {
    if (m.proposal.size() == kMaxProposals) return in.fail();
    Combination c;
    c.auth = in.u8();
    c.encrypt = in.u8();
    for (std::uint16_t* v :
         {&c.flags, &c.auth_min_bits, &c.auth_max_bits, &c.encrypt_min_bits, &c.encrypt_max_bits}) {
      *v = in.u16();
    }
    in.skip(4);
    c.soft.allocations = in.u32();
    c.hard.allocations = in.u32();
    for (std::uint64_t* v : {&c.soft.bytes, &c.hard.bytes, &c.soft.addtime, &c.hard.addtime, &c.soft.usetime,
                             &c.hard.usetime}) {
      *v = in.u64();
    }
    m.proposal.push_back(c);
  }
}

Request read_request(Reader& whole) {
  Request r;
  const std::size_t length = whole.u16();
  Reader in(whole.bytes(std::max<std::size_t>(length, 2) - 2));
  const std::uint16_t protocol = in.u16();
  const std::uint8_t mode = in.u8(), level = in.u8();
  in.skip(2);
  r.reqid = in.u32();
  in.skip(4);
  if (in.left() > 0) {
    std::uint16_t port = 0;
    r.source = in.socket_address(port);
    r.destination = in.socket_address(port);
  }
  const bool known = protocol == 50 || protocol == 51 || protocol == 108;
  if (!in.ok() || length % 8 != 0 || !known || mode > 2 || level > 3) whole.fail();
  r.protocol = static_cast<Protocol>(protocol);
  r.mode = static_cast<Mode>(mode);
  r.level = static_cast<Level>(level);
  return r;
}

PolicyData read_policy(Reader& in) {
  PolicyData p;
  const std::uint16_t action = in.u16();
  const std::uint8_t direction = in.u8();
  in.skip(1);
  p.id = in.u32();
  p.priority = static_cast<std::int32_t>(in.u32());
  if (action > 3 || direction < 1 || direction > 3) in.fail();
  p.action = static_cast<Action>(action);
  p.direction = static_cast<Direction>(direction);
  while (in.ok() && in.left() > 0) {
    if (p.requests.size() == 2 * kMaxRequests) return in.fail(), p;  // SADB_X_MIGRATE has them in pairs
    p.requests.push_back(read_request(in));
  }
  return p;
}

// Of what follows, its length in octets comes first.
Bytes read_counted(Reader& in, std::size_t most) {
  const std::size_t size = in.u32();
  if (size > most) in.fail();
  return in.bytes(std::min(size, most));
}

std::uint16_t read_port(Reader& in) {
  const Bytes port = in.bytes(2);
  return in.ok() ? load_be16(port.data()) : std::uint16_t{0};
}

Sa read_sa(Reader& in) {
  Sa sa;
  sa.spi = in.u32();
  sa.replay = in.u8();
  const std::uint8_t state = in.u8();
  if (state > 3) in.fail();
  sa.state = static_cast<SaState>(state & 3);
  sa.auth = in.u8();
  sa.encrypt = in.u8();
  sa.flags = in.u32();
  return sa;
}

void read_extension(ExtensionType type, Reader& in, Message& m) {
  switch (type) {
    case ExtensionType::Sa: m.sa = read_sa(in); break;
    case ExtensionType::LifetimeCurrent: m.current = read_lifetime(in); break;
    case ExtensionType::LifetimeHard: m.hard = read_lifetime(in); break;
    case ExtensionType::LifetimeSoft: m.soft = read_lifetime(in); break;
    case ExtensionType::AddressSource: m.source = read_address(in); break;
    case ExtensionType::AddressDestination: m.destination = read_address(in); break;
    case ExtensionType::AddressProxy: m.proxy = read_address(in); break;
    case ExtensionType::KeyAuth: m.auth_key = read_key(in); break;
    case ExtensionType::KeyEncrypt: m.encrypt_key = read_key(in); break;
    case ExtensionType::IdentitySource: m.source_identity = read_identity(in); break;
    case ExtensionType::IdentityDestination: m.destination_identity = read_identity(in); break;
    case ExtensionType::Proposal: read_proposal(in, m); break;
    case ExtensionType::SupportedAuth: m.supported_auth = read_supported(in); break;
    case ExtensionType::SupportedEncrypt: m.supported_encrypt = read_supported(in); break;
    case ExtensionType::SpiRange: {
      const Spi low = in.u32();
      m.spi_range = SpiRange{low, in.u32()};
      if (m.spi_range->high < low) in.fail();
      break;
    }
    case ExtensionType::Policy: m.policy = read_policy(in); break;
    case ExtensionType::Sa2: {
      const std::uint8_t mode = in.u8();
      if (mode > 2) in.fail();
      in.skip(3);
      m.sa2 = Sa2{.mode = static_cast<Mode>(mode % 3), .sequence = in.u32()};
      m.sa2->reqid = in.u32();
      break;
    }
    case ExtensionType::NatTType: m.nat_t_type = in.u8(); break;
    case ExtensionType::NatTSourcePort: m.nat_t_source_port = read_port(in); break;
    case ExtensionType::NatTDestinationPort: m.nat_t_destination_port = read_port(in); break;
    case ExtensionType::NatTOriginalAddress: m.nat_t_original_address = read_address(in).address; break;
    case ExtensionType::Tag: {
      const Bytes tag = read_counted(in, 255);
      m.tag = std::string(tag.begin(), tag.end());
      break;
    }
    case ExtensionType::Packet: {
      const Bytes packet = read_counted(in, kMaxPacket);
      m.packet = std::vector<std::uint8_t>(packet.begin(), packet.end());
      break;
    }
    case ExtensionType::SaReplay: m.replay_window = in.u32(); break;
    case ExtensionType::Sensitivity:
    case ExtensionType::KmPrivate: break;  // of no use here
  }
}

}  // namespace

Parsed<Message> parse(Bytes bytes) {
  if (bytes.size() < kHeaderSize) return drop(kTruncated);
  Reader in(bytes);
  if (in.u8() != kVersion) return drop(kBadVersion);
  Message m;
  const std::uint8_t type = in.u8();
  if (type == 0 || type > kLastType) return drop(kBadType);
  m.type = Type{type};
  m.error = in.u8();
  m.sa_type = SaType{in.u8()};
  if (m.sa_type != SaType::Unspecified && !protocol_of(m.sa_type)) return drop(kBadSaType);
  if (std::size_t{in.u16()} * 8 != bytes.size()) return drop(kBadLength);
  in.skip(2);
  m.sequence = in.u32();
  m.pid = in.u32();
  std::bitset<kLastExtension + 1> seen;
  while (in.left() > 0) {
    const std::size_t size = std::size_t{in.u16()} * 8;
    const std::uint16_t extension = in.u16();
    if (size < 8 || size - 4 > in.left()) return drop(kTruncated);
    Reader body(in.bytes(size - 4));
    if (extension > kLastExtension) continue;
    if (seen.test(extension)) return drop(kRepeatedExtension);
    seen.set(extension);
    read_extension(ExtensionType{extension}, body, m);
    if (!body.ok()) return drop(kBadExtension);
  }
  return m;
}

}  // namespace kamesim::ipsec::pfkey
