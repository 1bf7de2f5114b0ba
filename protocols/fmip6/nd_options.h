// The Neighbor Discovery options of fast handovers (RFC 5568 §6.4.1, §6.4.3, §6.4.6).
#pragma once

#include <cstdint>
#include <optional>

#include "protocols/wire/byte_writer.h"
#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/nd_options.h"
#include "sim/mac_address.h"

namespace kamesim {

inline constexpr NdOptionType kIpAddressPrefixOptionType{17};                      // RFC 5568 §6.4.1
inline constexpr NdOptionType kLinkLayerAddressOptionType{19};                     // §6.4.3
inline constexpr NdOptionType kNeighborAdvertisementAcknowledgmentOptionType{20};  // §6.4.6

struct IpAddressPrefixOption {
  enum class Code : std::uint8_t { OldCareOfAddress = 1, NewCareOfAddress = 2, NarIpAddress = 3, NarPrefix = 4 };
  // Nothing if it is another option, or malformed: a length other than 3, a Prefix Length beyond 128.
  static std::optional<IpAddressPrefixOption> parse(const NdOption& option);

  Code code = Code::NarIpAddress;
  std::uint8_t prefix_length = 128;
  Ipv6Address address;  // of a prefix, what follows the prefix is zero
  friend bool operator==(const IpAddressPrefixOption&, const IpAddressPrefixOption&) = default;
};

struct LinkLayerAddressOption {  // of Ethernet addresses: six octets, and padding
  enum class Code : std::uint8_t {
    Wildcard = 0,
    NewAccessPoint = 1,
    MobileNode = 2,
    NewAccessRouter = 3,
    Source = 4,             // of RtSolPr or PrRtAdv
    SameInterface = 5,      // the access point belongs to the router's current interface
    NoPrefix = 6,           // no prefix information of the access point
    NoFastHandover = 7,     // none supported at the access point
  };
  static std::optional<LinkLayerAddressOption> parse(const NdOption& option);

  Code code = Code::Wildcard;
  MacAddress address;
  friend bool operator==(const LinkLayerAddressOption&, const LinkLayerAddressOption&) = default;
};

struct NeighborAdvertisementAcknowledgment {
  enum class Status : std::uint8_t {
    Invalid = 1,                      // perform address configuration
    InvalidUseSupplied = 2,
    InvalidUseNarAddress = 3,         // as NCoA in the FBU
    PcoaSupplied = 4,                 // do not send an FBU
    LinkLayerAddressUnrecognized = 128,
  };
  // Nothing if it is malformed; with status 2 a supplied address MUST be there.
  static std::optional<NeighborAdvertisementAcknowledgment> parse(const NdOption& option);

  Status status = Status::Invalid;
  std::optional<Ipv6Address> address;  // the supplied NCoA
  friend bool operator==(const NeighborAdvertisementAcknowledgment&,
                         const NeighborAdvertisementAcknowledgment&) = default;
};

void emit(ByteWriter& out, const IpAddressPrefixOption& option);
void emit(ByteWriter& out, const LinkLayerAddressOption& option);
void emit(ByteWriter& out, const NeighborAdvertisementAcknowledgment& option);

}  // namespace kamesim
