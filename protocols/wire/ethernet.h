// Ethernet II frames (RFC 2464 §3).
#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/bytes.h"
#include "sim/drop.h"
#include "sim/mac_address.h"

namespace kamesim {

inline constexpr DropInfo kEthernetTruncated{"ethernet.truncated", "RFC 2464 §3"};

inline constexpr std::size_t kEthernetHeaderSize = 14;
inline constexpr std::size_t kEtherTypeOffset = 12;

enum class EtherType : std::uint16_t {
  Ipv4 = 0x0800,
  Arp = 0x0806,
  Ipv6 = 0x86dd,
};

struct EthernetHeader {
  MacAddress destination;
  MacAddress source;
  EtherType ethertype = EtherType::Ipv6;

  // Writes kEthernetHeaderSize bytes.
  void write(std::uint8_t* out) const {
    destination.copy_to(out);
    source.copy_to(out + 6);
    store_be16(out + kEtherTypeOffset, static_cast<std::uint16_t>(ethertype));
  }
};

class EthernetHeaderView {
 public:
  static Parsed<EthernetHeaderView> check(Bytes frame) {
    if (frame.size() < kEthernetHeaderSize) return drop(kEthernetTruncated);
    return EthernetHeaderView(frame);
  }
  MacAddress destination() const { return MacAddress::from_bytes(frame_.data()); }
  MacAddress source() const { return MacAddress::from_bytes(frame_.data() + 6); }
  EtherType ethertype() const { return static_cast<EtherType>(load_be16(frame_.data() + kEtherTypeOffset)); }
  Bytes payload() const { return frame_.subspan(kEthernetHeaderSize); }
  EthernetHeader value() const { return {destination(), source(), ethertype()}; }

 private:
  explicit EthernetHeaderView(Bytes frame) : frame_(frame) {}
  Bytes frame_;
};

}  // namespace kamesim
