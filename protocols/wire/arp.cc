#include "protocols/wire/arp.h"

namespace kamesim {

namespace {

constexpr std::uint16_t kEthernetHardware = 1;
constexpr std::uint32_t kIpv4OverEthernet = 0x0800'0604;  // protocol, and the lengths of both addresses

}  // namespace

Parsed<ArpMessage> ArpMessage::parse(Bytes message) {
  if (message.size() < kArpSize) return drop(kArpTruncated);
  const std::uint8_t* p = message.data();
  const std::uint16_t operation = load_be16(p + 6);
  if (load_be16(p) != kEthernetHardware || load_be32(p + 2) != kIpv4OverEthernet || operation < 1 || operation > 2) {
    return drop(kArpUnknownKind);
  }
  return ArpMessage{.operation = static_cast<ArpOperation>(operation), .sender_mac = MacAddress::from_bytes(p + 8),
                    .sender = load_be32(p + 14), .target_mac = MacAddress::from_bytes(p + 18),
                    .target = load_be32(p + 24)};
}

void ArpMessage::write(std::uint8_t* out) const {
  store_be16(out, kEthernetHardware);
  store_be32(out + 2, kIpv4OverEthernet);
  store_be16(out + 6, static_cast<std::uint16_t>(operation));
  sender_mac.copy_to(out + 8);
  store_be32(out + 14, sender);
  target_mac.copy_to(out + 18);
  store_be32(out + 24, target);
}

}  // namespace kamesim
