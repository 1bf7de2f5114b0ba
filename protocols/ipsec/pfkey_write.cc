// PF_KEY messages to bytes.
#include <algorithm>
#include <cstring>

#include "protocols/ipsec/pfkey.h"
#include "protocols/wire/ipv4_address.h"

namespace kamesim::ipsec::pfkey {

namespace {

constexpr std::uint16_t kFamilyIpv4 = 2, kFamilyIpv6 = 10;  // AF_INET and AF_INET6 of Linux

// Fields in the host's order; extensions are padded to 8 octets, and their length is filled in.
class Writer {
 public:
  void u8(std::uint8_t v) { out_.push_back(v); }
  void u16(std::uint16_t v) { little(v, 2); }
  void u32(std::uint32_t v) { little(v, 4); }
  void u64(std::uint64_t v) { little(v, 8); }
  void bytes(Bytes b) { out_.insert(out_.end(), b.begin(), b.end()); }
  void zeros(std::size_t n) { out_.resize(out_.size() + n); }
  void pad() { zeros((8 - out_.size() % 8) % 8); }
  std::size_t size() const { return out_.size(); }

  void socket_address(const Ipv6Address& address, std::uint16_t port) {
    u16(address.is_v4_mapped() ? kFamilyIpv4 : kFamilyIpv6);
    u8(static_cast<std::uint8_t>(port >> 8));
    u8(static_cast<std::uint8_t>(port));
    if (address.is_v4_mapped()) {
      bytes(Bytes(address.data() + 12, 4));
      zeros(8);  // sin_zero
    } else {
      zeros(4);  // sin6_flowinfo
      bytes(Bytes(address.data(), Ipv6Address::kSize));
      zeros(4);  // sin6_scope_id
    }
  }

  template <typename Body>
  void extension(ExtensionType type, Body body) {
    const std::size_t start = size();
    u16(0);
    u16(static_cast<std::uint16_t>(type));
    body();
    pad();
    set_length(start, start, 8);
  }
  // At `at` the number of octets since `start`, in `unit`s.
  void set_length(std::size_t at, std::size_t start, std::size_t unit) {
    const std::size_t length = (size() - start) / unit;
    out_[at] = static_cast<std::uint8_t>(length);
    out_[at + 1] = static_cast<std::uint8_t>(length >> 8);
  }
  std::vector<std::uint8_t> take() { return std::move(out_); }

 private:
  void little(std::uint64_t v, int octets) {
    for (int i = 0; i < octets; ++i) u8(static_cast<std::uint8_t>(v >> 8 * i));
  }
  std::vector<std::uint8_t> out_;
};

void write_lifetime(Writer& out, ExtensionType type, const std::optional<LifetimeData>& l) {
  if (!l) return;
  out.extension(type, [&] {
    out.u32(l->allocations);
    out.u64(l->bytes);
    out.u64(l->addtime);
    out.u64(l->usetime);
  });
}

void write_address(Writer& out, ExtensionType type, const std::optional<Address>& a) {
  if (!a) return;
  out.extension(type, [&] {
    out.u8(a->protocol);
    out.u8(a->prefix_length);
    out.u16(0);
    out.socket_address(a->address, a->port);
  });
}

void write_key(Writer& out, ExtensionType type, const std::optional<Secret>& key) {
  if (!key) return;
  out.extension(type, [&] {
    out.u16(static_cast<std::uint16_t>(8 * key->size()));
    out.u16(0);
    out.bytes(key->bytes());
  });
}

void write_identity(Writer& out, ExtensionType type, const std::optional<Identity>& identity) {
  if (!identity) return;
  out.extension(type, [&] {
    out.u16(identity->type);
    out.u16(0);
    out.u64(identity->id);
    out.bytes(Bytes(reinterpret_cast<const std::uint8_t*>(identity->text.data()), identity->text.size()));
    if (!identity->text.empty()) out.u8(0);
  });
}

void write_supported(Writer& out, ExtensionType type, const std::optional<std::vector<Supported>>& algorithms) {
  if (!algorithms) return;
  out.extension(type, [&] {
    out.u32(0);
    for (const Supported& a : *algorithms) {
      out.u8(a.id);
      out.u8(a.iv_bytes);
      out.u16(a.min_bits);
      out.u16(a.max_bits);
      out.u16(0);
    }
  });
}

void write_proposal(Writer& out, const Message& m) {
  if (!m.proposal_replay) return;
  out.extension(ExtensionType::Proposal, [&] {
    out.u8(*m.proposal_replay);
    out.zeros(3);
    for (const Combination& c : m.proposal) {
      out.u8(c.auth);
      out.u8(c.encrypt);
      for (const std::uint16_t v : {c.flags, c.auth_min_bits, c.auth_max_bits, c.encrypt_min_bits,
                                    c.encrypt_max_bits}) {
        out.u16(v);
      }
      out.u32(0);
      out.u32(c.soft.allocations);
      out.u32(c.hard.allocations);
      for (const std::uint64_t v : {c.soft.bytes, c.hard.bytes, c.soft.addtime, c.hard.addtime, c.soft.usetime,
                                    c.hard.usetime}) {
        out.u64(v);
      }
    }
  });
}

void write_policy(Writer& out, const std::optional<PolicyData>& p) {
  if (!p) return;
  out.extension(ExtensionType::Policy, [&] {
    out.u16(static_cast<std::uint16_t>(p->action));
    out.u8(static_cast<std::uint8_t>(p->direction));
    out.u8(0);
    out.u32(p->id);
    out.u32(static_cast<std::uint32_t>(p->priority));
    for (const Request& r : p->requests) {
      const std::size_t start = out.size();
      out.u16(0);
      out.u16(static_cast<std::uint16_t>(r.protocol));
      out.u8(static_cast<std::uint8_t>(r.mode));
      out.u8(static_cast<std::uint8_t>(r.level));
      out.u16(0);
      out.u32(r.reqid);
      out.u32(0);
      if (r.mode == Mode::Tunnel || !r.source.is_unspecified() || !r.destination.is_unspecified()) {
        out.socket_address(r.source, 0);
        out.socket_address(r.destination, 0);
        out.pad();
      }
      out.set_length(start, start, 1);
    }
  });
}

void write_port(Writer& out, ExtensionType type, const std::optional<std::uint16_t>& port) {
  if (!port) return;
  out.extension(type, [&] {
    out.u8(static_cast<std::uint8_t>(*port >> 8));
    out.u8(static_cast<std::uint8_t>(*port));
    out.u16(0);
  });
}

void write_text(Writer& out, ExtensionType type, const std::optional<std::string>& text) {
  if (!text) return;
  out.extension(type, [&] {
    out.u32(static_cast<std::uint32_t>(text->size()));
    out.bytes(Bytes(reinterpret_cast<const std::uint8_t*>(text->data()), text->size()));
  });
}

}  // namespace

std::vector<std::uint8_t> to_bytes(const Message& m) {
  Writer out;
  out.u8(kVersion);
  out.u8(static_cast<std::uint8_t>(m.type));
  out.u8(m.error);
  out.u8(static_cast<std::uint8_t>(m.sa_type));
  out.u32(0);  // length and reserved
  out.u32(m.sequence);
  out.u32(m.pid);
  if (m.sa) {
    out.extension(ExtensionType::Sa, [&] {
      out.u32(m.sa->spi);
      out.u8(m.sa->replay);
      out.u8(static_cast<std::uint8_t>(m.sa->state));
      out.u8(m.sa->auth);
      out.u8(m.sa->encrypt);
      out.u32(m.sa->flags);
    });
  }
  write_lifetime(out, ExtensionType::LifetimeCurrent, m.current);
  write_lifetime(out, ExtensionType::LifetimeHard, m.hard);
  write_lifetime(out, ExtensionType::LifetimeSoft, m.soft);
  write_address(out, ExtensionType::AddressSource, m.source);
  write_address(out, ExtensionType::AddressDestination, m.destination);
  write_address(out, ExtensionType::AddressProxy, m.proxy);
  write_key(out, ExtensionType::KeyAuth, m.auth_key);
  write_key(out, ExtensionType::KeyEncrypt, m.encrypt_key);
  write_identity(out, ExtensionType::IdentitySource, m.source_identity);
  write_identity(out, ExtensionType::IdentityDestination, m.destination_identity);
  write_proposal(out, m);
  write_supported(out, ExtensionType::SupportedAuth, m.supported_auth);
  write_supported(out, ExtensionType::SupportedEncrypt, m.supported_encrypt);
  if (m.spi_range) {
    out.extension(ExtensionType::SpiRange, [&] {
      out.u32(m.spi_range->low);
      out.u32(m.spi_range->high);
      out.u32(0);
    });
  }
  write_policy(out, m.policy);
  if (m.sa2) {
    out.extension(ExtensionType::Sa2, [&] {
      out.u8(static_cast<std::uint8_t>(m.sa2->mode));
      out.zeros(3);
      out.u32(m.sa2->sequence);
      out.u32(m.sa2->reqid);
    });
  }
  if (m.nat_t_type) {
    out.extension(ExtensionType::NatTType, [&] {
      out.u8(*m.nat_t_type);
      out.zeros(3);
    });
  }
  write_port(out, ExtensionType::NatTSourcePort, m.nat_t_source_port);
  write_port(out, ExtensionType::NatTDestinationPort, m.nat_t_destination_port);
  if (m.nat_t_original_address) {
    const Ipv6Address& original = *m.nat_t_original_address;
    const std::uint8_t length = original.is_v4_mapped() ? 32 : 128;
    write_address(out, ExtensionType::NatTOriginalAddress, Address{.address = original, .prefix_length = length});
  }
  write_text(out, ExtensionType::Tag, m.tag);
  if (m.packet) {
    out.extension(ExtensionType::Packet, [&] {
      out.u32(static_cast<std::uint32_t>(m.packet->size()));
      out.bytes(*m.packet);
    });
  }
  if (m.replay_window) out.extension(ExtensionType::SaReplay, [&] { out.u32(*m.replay_window); });
  out.set_length(4, 0, 8);
  return out.take();
}

}  // namespace kamesim::ipsec::pfkey
