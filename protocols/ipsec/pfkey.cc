#include "protocols/ipsec/pfkey.h"

#include "protocols/wire/ipv4_address.h"

namespace kamesim::ipsec::pfkey {

namespace {

unsigned offset_of_length(const Ipv6Address& address) { return address.is_v4_mapped() ? kV4MappedLength : 0; }

AddressRange range_of(const Address& a) {
  return AddressRange::of(Ipv6Prefix(a.address, a.prefix_length + offset_of_length(a.address)));
}

// KAME's IPSEC_PORT_ANY is 0.
ValueRange port_of(const Address& a) { return a.port == 0 ? ValueRange::any() : ValueRange::of(a.port); }

std::optional<std::uint16_t> port_value(const ValueRange& range) {
  if (range.kind == ValueRange::Kind::Any) return std::uint16_t{0};
  if (range.kind == ValueRange::Kind::Opaque || range.first != range.last) return std::nullopt;
  return range.first;
}

bool has_messages(std::uint8_t protocol) { return has_message_type(NextHeader{protocol}); }

}  // namespace

SaType sa_type(Protocol protocol) {
  switch (protocol) {
    case Protocol::Esp: return SaType::Esp;
    case Protocol::Ah: return SaType::Ah;
    case Protocol::IpComp: return SaType::IpComp;
  }
  return SaType::Unspecified;
}

std::optional<Protocol> protocol_of(SaType type) {
  switch (type) {
    case SaType::Esp: return Protocol::Esp;
    case SaType::Ah: return Protocol::Ah;
    case SaType::IpComp: return Protocol::IpComp;
    case SaType::Unspecified: break;
  }
  return std::nullopt;
}

std::optional<Selector> to_selector(const Address& source, const Address& destination) {
  if (source.protocol != destination.protocol || source.address.is_v4_mapped() != destination.address.is_v4_mapped()) {
    return std::nullopt;
  }
  Selector s{.source = range_of(source), .destination = range_of(destination)};
  const std::uint8_t protocol = source.protocol;
  // KAME's IPSEC_ULPROTO_ANY; RFC 2367 §2.3.3 has 0 for the same.
  if (protocol != kAnyProtocol && protocol != 0) s.next_layer = NextLayer::of(NextHeader{protocol});
  s.source_port = port_of(source);
  s.destination_port = port_of(destination);
  if (!has_messages(protocol)) return s;
  // The type stands in the source's port, 0 being any; the code in the destination's.
  if (source.port > 0xff || destination.port > 0xff) return std::nullopt;
  if (source.port != 0) {
    const auto type = static_cast<std::uint8_t>(source.port), code = static_cast<std::uint8_t>(destination.port);
    s.source_port = destination.port == 0 ? message_of_type(type) : ValueRange::of(message_value(type, code));
  }
  s.destination_port = ValueRange::any();
  return s;
}

std::optional<Ends> to_addresses(const Selector& s) {
  const int source_length = s.source.prefix_length(), destination_length = s.destination.prefix_length();
  if (source_length < 0 || destination_length < 0 || s.next_layer.kind == NextLayer::Kind::Opaque) return std::nullopt;
  const bool any = s.next_layer.kind == NextLayer::Kind::Any;
  const std::uint8_t protocol = any ? kAnyProtocol : s.next_layer.protocol;
  const unsigned offset = offset_of_length(s.source.first);
  const auto length = [offset](int of_range) { return static_cast<std::uint8_t>(of_range - static_cast<int>(offset)); };
  Ends ends{{s.source.first, length(source_length), protocol, 0},
            {s.destination.first, length(destination_length), protocol, 0}};
  if (!any && has_messages(protocol)) {
    if (s.source_port.kind == ValueRange::Kind::Any) return ends;
    const auto type = static_cast<std::uint8_t>(s.source_port.first >> 8);
    if (s.source_port == message_of_type(type) && type != 0) {
      ends.source.port = type;
    } else if (s.source_port == ValueRange::of(s.source_port.first) && type != 0 && (s.source_port.first & 0xff) != 0) {
      ends.source.port = type;
      ends.destination.port = s.source_port.first & 0xff;
    } else {
      return std::nullopt;
    }
    return ends;
  }
  const auto source_port = port_value(s.source_port), destination_port = port_value(s.destination_port);
  if (!source_port || !destination_port) return std::nullopt;
  ends.source.port = *source_port;
  ends.destination.port = *destination_port;
  return ends;
}

}  // namespace kamesim::ipsec::pfkey
