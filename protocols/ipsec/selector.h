// Selectors (RFC 4301 §4.4.1.1): which packets a policy is about, and what of a packet they look at. IPv4 addresses are
// in their v4-mapped form; a selector is of one of the two kinds of IP, as RFC 4301 asks.
#pragma once

#include <cstdint>
#include <functional>

#include "protocols/wire/ipv4_address.h"
#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/next_header.h"

namespace kamesim::ipsec {

// From first to last, both included and of the same kind of IP.
struct AddressRange {
  Ipv6Address first, last;

  static constexpr AddressRange of(const Ipv6Address& address) { return {address, address}; }
  static AddressRange of(const Ipv6Prefix& prefix);
  static AddressRange any_v6() { return of(Ipv6Prefix{}); }
  static AddressRange any_v4() { return of(Ipv6Prefix{kV4MappedAny, kV4MappedLength}); }

  bool is_v4() const { return first.is_v4_mapped(); }
  // ::/0 has no packet of IPv4.
  bool contains(const Ipv6Address& address) const {
    return first <= address && address <= last && address.is_v4_mapped() == is_v4();
  }
  bool contains(const AddressRange& o) const { return contains(o.first) && contains(o.last); }
  // The length of the prefix that the range is, of 128; -1: it is none.
  int prefix_length() const;

  friend auto operator<=>(const AddressRange&, const AddressRange&) = default;
};

// A 16-bit field of the next layer that a packet has, or that cannot be seen in it.
struct ValueRange {
  enum class Kind : std::uint8_t {
    Any,     // whatever it is, and also if it cannot be seen
    Range,   // seen, and from first to last
    Opaque,  // it cannot be seen: a fragment, or encrypted (RFC 4301 §7)
  };
  Kind kind = Kind::Any;
  std::uint16_t first = 0, last = 0xffff;

  static constexpr ValueRange any() { return {}; }
  static constexpr ValueRange of(std::uint16_t value) { return {Kind::Range, value, value}; }
  static constexpr ValueRange of(std::uint16_t first, std::uint16_t last) { return {Kind::Range, first, last}; }
  static constexpr ValueRange opaque() { return {Kind::Opaque, 0, 0xffff}; }

  constexpr bool matches(std::uint16_t value, bool hidden) const {
    return kind == Kind::Any || (kind == Kind::Opaque ? hidden : !hidden && first <= value && value <= last);
  }
  friend auto operator<=>(const ValueRange&, const ValueRange&) = default;
};

// The Next Layer Protocol: what comes behind the extension headers; AH and ESP are such protocols.
struct NextLayer {
  enum class Kind : std::uint8_t { Any, Protocol, Opaque };
  Kind kind = Kind::Any;
  std::uint8_t protocol = 0;  // the value of the Next Header field

  static constexpr NextLayer any() { return {}; }
  static constexpr NextLayer of(NextHeader protocol) { return {Kind::Protocol, static_cast<std::uint8_t>(protocol)}; }
  static constexpr NextLayer opaque() { return {Kind::Opaque, 0}; }
  constexpr bool is(NextHeader p) const {
    return kind == Kind::Protocol && protocol == static_cast<std::uint8_t>(p);
  }
  friend auto operator<=>(const NextLayer&, const NextLayer&) = default;
};

// Protocols whose messages have a type (and a code) where others have ports.
constexpr bool has_message_type(NextHeader protocol) {
  return protocol == NextHeader::Icmp4 || protocol == NextHeader::Icmp6 || protocol == NextHeader::Mobility;
}
// Such a message as a 16-bit value, in the upper half the type, in the lower the code (0 in a Mobility Header), as IKE
// has it (RFC 4301 §4.4.1.1). It stands where the source port stands.
constexpr std::uint16_t message_value(std::uint8_t type, std::uint8_t code = 0) {
  return static_cast<std::uint16_t>(type << 8 | code);
}
constexpr ValueRange message_of_type(std::uint8_t type) {
  return ValueRange::of(message_value(type), message_value(type, 0xff));
}

// What selectors look at in one packet. Addresses are the logical ones: the final destination behind a routing header,
// the home address (RFC 3776 §4.2).
struct Flow {
  Ipv6Address source, destination;
  std::uint8_t next_layer = 0;
  bool next_layer_hidden = false;  // a fragment of IPv6 that is not the first
  bool ports_hidden = false;       // no ports, no message type: fragments, encrypted, or not that kind of protocol
  std::uint16_t source_port = 0;   // or message_value()
  std::uint16_t destination_port = 0;

  // The same conversation as the other end sees it. A message's type stays where it is.
  Flow reversed() const {
    Flow r = *this;
    r.source = destination, r.destination = source;
    if (!has_message_type(NextHeader{next_layer})) r.source_port = destination_port, r.destination_port = source_port;
    return r;
  }
  friend bool operator==(const Flow&, const Flow&) = default;
};

struct Selector {
  AddressRange source = AddressRange::any_v6(), destination = AddressRange::any_v6();
  NextLayer next_layer;
  ValueRange source_port;       // of ICMP and the Mobility Header: of message_value()
  ValueRange destination_port;

  bool matches(const Flow& flow) const {
    return source.contains(flow.source) && destination.contains(flow.destination) && matches_next_layer(flow);
  }
  bool matches_next_layer(const Flow& flow) const {
    switch (next_layer.kind) {
      case NextLayer::Kind::Any: break;
      case NextLayer::Kind::Opaque:
        if (!flow.next_layer_hidden) return false;
        break;
      case NextLayer::Kind::Protocol:
        if (flow.next_layer_hidden || flow.next_layer != next_layer.protocol) return false;
    }
    return source_port.matches(flow.source_port, flow.ports_hidden) &&
           destination_port.matches(flow.destination_port, flow.ports_hidden);
  }
  // The other direction's.
  Selector reversed() const;

  friend auto operator<=>(const Selector&, const Selector&) = default;
};

}  // namespace kamesim::ipsec

template <>
struct std::hash<kamesim::ipsec::Flow> {
  std::size_t operator()(const kamesim::ipsec::Flow& flow) const noexcept {
    const auto mixed = [](std::uint64_t a, std::uint64_t b) {
      const auto product = static_cast<unsigned __int128>(a) * b;
      return static_cast<std::uint64_t>(product >> 64) ^ static_cast<std::uint64_t>(product);
    };
    const std::uint64_t rest = std::uint64_t{flow.source_port} << 48 | std::uint64_t{flow.destination_port} << 32 |
                               std::uint64_t{flow.next_layer} << 8 | std::uint64_t{flow.next_layer_hidden} << 1 |
                               std::uint64_t{flow.ports_hidden};
    return mixed(flow.source.high() ^ 0x9e3779b97f4a7c15ull, flow.destination.high() ^ 0xd1b54a32d192ed03ull) ^
           mixed(flow.source.low() ^ rest ^ 0xd6e8feb86659fd93ull, flow.destination.low() ^ 0xa0761d6478bd642full);
  }
};
