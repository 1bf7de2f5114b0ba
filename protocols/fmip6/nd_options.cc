#include "protocols/fmip6/nd_options.h"

namespace kamesim {
namespace {

constexpr std::size_t kAddressOptionSize = 24;
constexpr std::size_t kLinkLayerOptionSize = 16;  // 3 octets, six of an Ethernet address, padding
constexpr std::size_t kShortAcknowledgmentSize = 8;

}  // namespace

std::optional<IpAddressPrefixOption> IpAddressPrefixOption::parse(const NdOption& option) {
  if (option.type != kIpAddressPrefixOptionType || option.bytes.size() != kAddressOptionSize) return std::nullopt;
  const std::uint8_t* const p = option.bytes.data();
  if (p[2] < 1 || p[2] > 4 || p[3] > 128) return std::nullopt;
  IpAddressPrefixOption read{static_cast<Code>(p[2]), p[3], Ipv6Address::from_bytes(p + 8)};
  // §6.4.1: the bits after the prefix are ignored by the receiver.
  if (read.code == Code::NarPrefix) read.address = Ipv6Prefix(read.address, read.prefix_length).address();
  return read;
}

std::optional<LinkLayerAddressOption> LinkLayerAddressOption::parse(const NdOption& option) {
  if (option.type != kLinkLayerAddressOptionType || option.bytes.size() != kLinkLayerOptionSize) return std::nullopt;
  const std::uint8_t* const p = option.bytes.data();
  if (p[2] > static_cast<std::uint8_t>(Code::NoFastHandover)) return std::nullopt;
  return LinkLayerAddressOption{static_cast<Code>(p[2]), MacAddress::from_bytes(p + 3)};
}

std::optional<NeighborAdvertisementAcknowledgment> NeighborAdvertisementAcknowledgment::parse(const NdOption& option) {
  if (option.type != kNeighborAdvertisementAcknowledgmentOptionType) return std::nullopt;
  const std::uint8_t* const p = option.bytes.data();
  NeighborAdvertisementAcknowledgment read{static_cast<Status>(p[3]), std::nullopt};
  if (option.bytes.size() == kAddressOptionSize) {
    read.address = Ipv6Address::from_bytes(p + 8);
  } else if (option.bytes.size() != kShortAcknowledgmentSize) {
    return std::nullopt;
  }
  switch (read.status) {
    case Status::Invalid:
    case Status::InvalidUseNarAddress:
    case Status::PcoaSupplied:
    case Status::LinkLayerAddressUnrecognized: return read;
    case Status::InvalidUseSupplied: return read.address ? std::optional(read) : std::nullopt;
  }
  return std::nullopt;
}

void emit(ByteWriter& out, const IpAddressPrefixOption& option) {
  out.u8(static_cast<std::uint8_t>(kIpAddressPrefixOptionType));
  out.u8(kAddressOptionSize / 8);
  out.u8(static_cast<std::uint8_t>(option.code));
  out.u8(option.prefix_length);
  out.u32(0);
  out.address(option.address);
}

void emit(ByteWriter& out, const LinkLayerAddressOption& option) {
  out.u8(static_cast<std::uint8_t>(kLinkLayerAddressOptionType));
  out.u8(kLinkLayerOptionSize / 8);
  out.u8(static_cast<std::uint8_t>(option.code));
  out.mac(option.address);
  for (std::size_t i = 3 + 6; i < kLinkLayerOptionSize; ++i) out.u8(0);
}

void emit(ByteWriter& out, const NeighborAdvertisementAcknowledgment& option) {
  out.u8(static_cast<std::uint8_t>(kNeighborAdvertisementAcknowledgmentOptionType));
  out.u8(static_cast<std::uint8_t>((option.address ? kAddressOptionSize : kShortAcknowledgmentSize) / 8));
  out.u8(0);
  out.u8(static_cast<std::uint8_t>(option.status));
  out.u32(0);
  if (option.address) out.address(*option.address);
}

}  // namespace kamesim
