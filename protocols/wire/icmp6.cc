#include "protocols/wire/icmp6.h"

#include "protocols/wire/checksum.h"

namespace kamesim {

bool Icmp6View::checksum_ok(const Ipv6Address& source, const Ipv6Address& destination) const {
  return upper_layer_checksum_ok(source, destination, NextHeader::Icmp6, message_);
}

void fill_icmp6_checksum(const Ipv6Address& source, const Ipv6Address& destination, MutableBytes message) {
  fill_upper_layer_checksum(source, destination, NextHeader::Icmp6, message, kIcmp6ChecksumOffset);
}

void emit_icmp6_header(ByteWriter& out, Icmp6Type type, std::uint8_t code) {
  out.u8(static_cast<std::uint8_t>(type));
  out.u8(code);
  out.u16(0);
}

void emit(ByteWriter& out, const Icmp6Error& message) {
  emit_icmp6_header(out, message.type, message.code);
  out.u32(message.parameter);
  out.bytes(message.invoking_packet);
}

void emit(ByteWriter& out, const Icmp6Echo& message) {
  emit_icmp6_header(out, message.type, 0);
  out.u16(message.identifier);
  out.u16(message.sequence_number);
  out.bytes(message.data);
}

}  // namespace kamesim
