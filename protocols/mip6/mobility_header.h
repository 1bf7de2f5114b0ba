// The Mobility Header: its common part (RFC 6275 §6.1.1) and the checks that every message passes (§9.2).
#pragma once

#include <cstddef>
#include <cstdint>

#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/tlv_options.h"
#include "sim/bytes.h"
#include "sim/drop.h"

namespace kamesim {

inline constexpr DropInfo kMhTruncated{"mip6.mh_truncated", "RFC 6275 §6.1.1"};
inline constexpr DropInfo kMhBadChecksum{"mip6.mh_bad_checksum", "RFC 6275 §9.2"};
inline constexpr DropInfo kMhUnknownType{"mip6.mh_unknown_type", "RFC 6275 §9.2"};
inline constexpr DropInfo kMhBadPayloadProto{"mip6.mh_bad_payload_proto", "RFC 6275 §9.2"};
inline constexpr DropInfo kMhHeaderLenTooSmall{"mip6.mh_header_len_too_small", "RFC 6275 §9.2"};
inline constexpr DropInfo kMhOptionTruncated{"mip6.mh_option_truncated", "RFC 6275 §6.2.1"};
inline constexpr DropInfo kMhOptionBadLength{"mip6.mh_option_bad_length", "RFC 6275 §6.2.4 to §6.2.6"};

enum class MhType : std::uint8_t {  // RFC 6275 §6.1.2 to §6.1.9
  BindingRefreshRequest = 0,
  HomeTestInit = 1,
  CareOfTestInit = 2,
  HomeTest = 3,
  CareOfTest = 4,
  BindingUpdate = 5,
  BindingAck = 6,
  BindingError = 7,
};

// Where fields are, for checksums and for the Pointer of a Parameter Problem.
inline constexpr std::size_t kMhPayloadProtoOffset = 0;
inline constexpr std::size_t kMhHeaderLenOffset = 1;
inline constexpr std::size_t kMhTypeOffset = 2;
inline constexpr std::size_t kMhChecksumOffset = 4;

class MobilityHeaderView {
 public:
  // RFC 6275 §9.2, in its order. The addresses are those of the pseudo-header (§6.1.1): the home addresses where a
  // Home Address option or a type 2 routing header names them. The discards that §9.2 wants answered are told apart
  // by reason: kMhUnknownType by a Binding Error; kMhBadPayloadProto and kMhHeaderLenTooSmall by a Parameter Problem.
  // Bytes behind the Header Len are left out of the view.
  // `types`: the MH Types that the receiver takes, a bit each; of others it says kMhUnknownType.
  static constexpr std::uint32_t kRfc6275Types = 0xff;
  static Parsed<MobilityHeaderView> check(Bytes message, const Ipv6Address& source, const Ipv6Address& destination,
                                          std::uint32_t types = kRfc6275Types);

  MhType type() const { return static_cast<MhType>(message_[kMhTypeOffset]); }
  Bytes bytes() const { return message_; }
  // Mobility options; those of a type of §6.2 have the length that belongs to it.
  TlvOptions options() const { return options_; }

 private:
  MobilityHeaderView(Bytes message, const TlvOptions& options) : message_(message), options_(options) {}
  Bytes message_;
  TlvOptions options_;
};

// Every `emit` of a mobility message leaves the checksum zero; this sets it, once the addresses are known.
void fill_mobility_header_checksum(const Ipv6Address& source, const Ipv6Address& destination, MutableBytes message);

}  // namespace kamesim
