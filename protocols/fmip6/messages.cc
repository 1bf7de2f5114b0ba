#include "protocols/fmip6/messages.h"

#include <algorithm>

#include "protocols/wire/next_header.h"
#include "protocols/wire/time_units.h"

namespace kamesim {
namespace {

constexpr std::uint8_t kMobileNodeCode = 2;         // of the MH-LLA option
constexpr std::uint8_t kLinkLayerAddressSize = 7;   // Option-Code and an Ethernet address
constexpr std::uint8_t kAddressSize = 18;           // Option-Code, Prefix Length, address
// Deviation: §6.4.5 has the length of the Authenticator in Option Length; RFC 6275 §6.2.1 has an option's whole data, by
// which receivers that do not know the option find the next one.
constexpr std::uint8_t kAuthorizationSize = 4 + 12;
enum AddressCode : std::uint8_t { OldCareOfAddress = 1, NewCareOfAddress = 2 };

std::optional<MacAddress> mobile_node(const TlvOptions& options) {
  for (const Tlv option : options) {
    const bool fits = option.type == kMhLinkLayerAddressOption && option.data.size() == kLinkLayerAddressSize;
    if (fits && option.data[0] == kMobileNodeCode) return MacAddress::from_bytes(option.data.data() + 1);
  }
  return std::nullopt;
}

std::optional<Ipv6Address> address(const TlvOptions& options, AddressCode code) {
  for (const Tlv option : options) {
    const bool fits = option.type == kMhIpAddressPrefixOption && option.data.size() == kAddressSize;
    if (fits && option.data[0] == code) return Ipv6Address::from_bytes(option.data.data() + 2);
  }
  return std::nullopt;
}

// §6.4.5: it MUST be the last option.
std::optional<BindingAuthorizationDataFmip6> authorization(const TlvOptions& options, Bytes mh) {
  const auto option = options.find(kBindingAuthorizationFmip6);
  if (!option || option->data.size() != kAuthorizationSize) return std::nullopt;
  if (option->offset + kTlvHeaderSize + kAuthorizationSize != mh.size()) return std::nullopt;
  BindingAuthorizationDataFmip6 read{.spi = load_be32(option->data.data())};
  std::ranges::copy(option->data.subspan(4), read.authenticator.begin());
  return read;
}

// The common header on construction, padding and Header Len at the end.
class Writer {
 public:
  Writer(ByteWriter& out, MhType type) : out_(out), start_(out.size()), options_(out, start_) {
    out_.u8(static_cast<std::uint8_t>(NextHeader::NoNextHeader));
    out_.u8(0);
    out_.u8(static_cast<std::uint8_t>(type));
    out_.u8(0);
    out_.u16(0);
  }
  void alternate_care_of(const std::optional<Ipv6Address>& a) {
    if (a) emit_alternate_care_of_address(out_, options_, *a);
  }
  void mobile_node(const std::optional<MacAddress>& mac) {
    if (!mac) return;
    options_.begin_option(kMhLinkLayerAddressOption, kLinkLayerAddressSize);
    out_.u8(kMobileNodeCode);
    out_.mac(*mac);
  }
  void address(AddressCode code, const std::optional<Ipv6Address>& a) {
    if (!a) return;
    options_.begin_option(kMhIpAddressPrefixOption, kAddressSize, {8, 4});
    out_.u8(code);
    out_.u8(128);
    out_.address(*a);
  }
  void finish(const std::optional<BindingAuthorizationDataFmip6>& authorization = {}) {
    if (authorization) {
      options_.begin_option(kBindingAuthorizationFmip6, kAuthorizationSize, {8, 6});  // ends the message
      out_.u32(authorization->spi);
      out_.bytes(authorization->authenticator);
    }
    out_.at(start_)[kMhHeaderLenOffset] = options_.finish();
  }

 private:
  ByteWriter& out_;
  std::size_t start_;
  TlvOptionsWriter options_;
};

// §6.2.2, §6.2.3: in seconds.
std::uint16_t seconds_of(Duration d) { return static_cast<std::uint16_t>(whole_units(d, 1_s, 0xffff)); }

}  // namespace

FastBindingUpdate read_fast_binding_update(const MobilityHeaderView& mh) {
  const Bytes p = mh.bytes();
  return {.sequence = SeqNum16(load_be16(p.data() + 6)),
          .acknowledge = (p[8] & 0x80) != 0,
          .home_registration = (p[8] & 0x40) != 0,
          .link_local_address_compatibility = (p[8] & 0x20) != 0,
          .key_management_mobility = (p[8] & 0x10) != 0,
          .lifetime = Duration::seconds(load_be16(p.data() + 10)),
          .alternate_care_of_address = alternate_care_of_address(mh.options()),
          .mobile_node = mobile_node(mh.options()),
          .authorization = authorization(mh.options(), p)};
}

FastBindingAck read_fast_binding_ack(const MobilityHeaderView& mh) {
  const Bytes p = mh.bytes();
  return {.status = p[6],
          .key_management_mobility = (p[7] & 0x80) != 0,
          .sequence = SeqNum16(load_be16(p.data() + 8)),
          .lifetime = Duration::seconds(load_be16(p.data() + 10)),
          .alternate_care_of_address = alternate_care_of_address(mh.options()),
          .authorization = authorization(mh.options(), p)};
}

HandoverInitiate read_handover_initiate(const MobilityHeaderView& mh) {
  const Bytes p = mh.bytes();
  return {.sequence = load_be16(p.data() + 6),
          .assigned_address = (p[8] & 0x80) != 0,
          .buffer = (p[8] & 0x40) != 0,
          .code = p[9],
          .mobile_node = mobile_node(mh.options()),
          .previous_care_of = address(mh.options(), OldCareOfAddress),
          .new_care_of = address(mh.options(), NewCareOfAddress)};
}

HandoverAck read_handover_ack(const MobilityHeaderView& mh) {
  const Bytes p = mh.bytes();
  return {.sequence = load_be16(p.data() + 6),
          .code = p[9],
          .new_care_of = address(mh.options(), NewCareOfAddress)};
}

void emit(ByteWriter& out, const FastBindingUpdate& message) {
  Writer writer(out, kFastBindingUpdateType);
  out.u16(message.sequence.value());
  out.u8(static_cast<std::uint8_t>((message.acknowledge ? 0x80 : 0) | (message.home_registration ? 0x40 : 0) |
                                   (message.link_local_address_compatibility ? 0x20 : 0) |
                                   (message.key_management_mobility ? 0x10 : 0)));
  out.u8(0);
  out.u16(seconds_of(message.lifetime));
  writer.alternate_care_of(message.alternate_care_of_address);
  writer.mobile_node(message.mobile_node);
  writer.finish(message.authorization);
}

void emit(ByteWriter& out, const FastBindingAck& message) {
  Writer writer(out, kFastBindingAckType);
  out.u8(message.status);
  out.u8(message.key_management_mobility ? 0x80 : 0);
  out.u16(message.sequence.value());
  out.u16(seconds_of(message.lifetime));
  writer.alternate_care_of(message.alternate_care_of_address);
  writer.finish(message.authorization);
}

void emit(ByteWriter& out, const HandoverInitiate& message) {
  Writer writer(out, kHandoverInitiateType);
  out.u16(message.sequence);
  out.u8(static_cast<std::uint8_t>((message.assigned_address ? 0x80 : 0) | (message.buffer ? 0x40 : 0)));
  out.u8(message.code);
  writer.mobile_node(message.mobile_node);
  writer.address(OldCareOfAddress, message.previous_care_of);
  writer.address(NewCareOfAddress, message.new_care_of);
  writer.finish();
}

void emit(ByteWriter& out, const HandoverAck& message) {
  Writer writer(out, kHandoverAckType);
  out.u16(message.sequence);
  out.u8(0);
  out.u8(message.code);
  writer.address(NewCareOfAddress, message.new_care_of);
  writer.finish();
}

}  // namespace kamesim
