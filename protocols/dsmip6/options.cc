#include "protocols/dsmip6/options.h"

#include "sim/bytes.h"

namespace kamesim::dsmip6 {

namespace {

constexpr std::uint8_t kOptionSize = 6;             // of all four, behind type and length
constexpr TlvAlignment kOptionAlignment{4, 0};      // of all four
constexpr std::uint8_t kPrefixRequested = 0x02;     // P, §3.1.1: behind the six bits of the prefix length
constexpr std::uint16_t kUdpRequired = 0x8000;      // F, §3.2.2
constexpr unsigned kPrefixLengthShift = 2;          // six bits, the upper ones of their octet

std::uint8_t prefix_length_of(std::uint8_t octet) { return static_cast<std::uint8_t>(octet >> kPrefixLengthShift); }
std::uint8_t octet_of(std::uint8_t prefix_length) {
  return static_cast<std::uint8_t>(prefix_length << kPrefixLengthShift);
}

bool is_ours(std::uint8_t type) { return type >= kIpv4HomeAddressOption && type <= kIpv4CareOfAddressOption; }

}  // namespace

Options read_options(const TlvOptions& options) {
  Options read;
  for (const Tlv option : options) {
    if (!is_ours(option.type)) continue;
    if (option.data.size() != kOptionSize) {
      read.malformed = true;
      continue;
    }
    const std::uint8_t* data = option.data.data();
    const std::uint32_t value = load_be32(data + 2);
    switch (option.type) {
      case kIpv4HomeAddressOption:
        read.home_addresses.push_back({value, prefix_length_of(data[0]), (data[0] & kPrefixRequested) != 0});
        break;
      case kIpv4AddressAcknowledgementOption:
        read.acknowledgements.push_back({data[0], prefix_length_of(data[1]), value});
        break;
      case kNatDetectionOption:
        if (!read.nat_detection) read.nat_detection = NatDetection{(load_be16(data) & kUdpRequired) != 0, value};
        break;
      case kIpv4CareOfAddressOption:
        if (!read.care_of) read.care_of = value;
        break;
      default: break;
    }
  }
  return read;
}

void emit_options(ByteWriter& out, TlvOptionsWriter& writer, const Options& o) {
  for (const Ipv4HomeAddress& home : o.home_addresses) {
    writer.begin_option(kIpv4HomeAddressOption, kOptionSize, kOptionAlignment);
    out.u8(static_cast<std::uint8_t>(octet_of(home.prefix_length) | (home.prefix_requested ? kPrefixRequested : 0)));
    out.u8(0);
    out.u32(home.address);
  }
  for (const Ipv4AddressAcknowledgement& ack : o.acknowledgements) {
    writer.begin_option(kIpv4AddressAcknowledgementOption, kOptionSize, kOptionAlignment);
    out.u8(ack.status);
    out.u8(octet_of(ack.prefix_length));
    out.u32(ack.address);
  }
  if (o.nat_detection) {
    writer.begin_option(kNatDetectionOption, kOptionSize, kOptionAlignment);
    out.u16(o.nat_detection->udp_required ? kUdpRequired : 0);
    out.u32(o.nat_detection->refresh_time_s);
  }
  if (o.care_of) {
    writer.begin_option(kIpv4CareOfAddressOption, kOptionSize, kOptionAlignment);
    out.u16(0);
    out.u32(*o.care_of);
  }
}

}  // namespace kamesim::dsmip6
