// The ICMPv6 messages of fast handovers (RFC 5568 §6.1): RtSolPr and PrRtAdv. Their options follow the fixed part.
#pragma once

#include <cstdint>

#include "protocols/fmip6/nd_options.h"
#include "protocols/wire/icmp6.h"
#include "protocols/wire/nd.h"
#include "sim/bytes.h"
#include "sim/drop.h"

namespace kamesim {

inline constexpr DropInfo kFmip6Truncated{"fmip6.truncated", "RFC 5568 §6.1"};
inline constexpr DropInfo kFmip6HopLimitNot255{"fmip6.hop_limit_not_255", "RFC 5568 §6.1"};
inline constexpr DropInfo kFmip6SourceNotLinkLocal{"fmip6.source_not_link_local", "RFC 5568 §6.1.2"};
inline constexpr DropInfo kFmip6UnknownSubtype{"fmip6.unknown_subtype", "RFC 5568 §11"};
inline constexpr DropInfo kFmip6BadCode{"fmip6.bad_code", "RFC 5568 §6.1"};

inline constexpr Icmp6Type kFmip6MessageType{154};          // RFC 5568 §11
enum class Fmip6Subtype : std::uint8_t { RtSolPr = 2, PrRtAdv = 3 };  // 4 and 5, deprecated, are taken for unknown

struct RtSolPr {
  std::uint16_t identifier = 0;
  friend bool operator==(const RtSolPr&, const RtSolPr&) = default;
};

struct PrRtAdv {
  enum class Code : std::uint8_t {
    Solicited = 0,          // the tuples are to be used
    HandoverTrigger = 1,    // unsolicited: a New CoA in it is to be used at once
    NoNewInformation = 2,
    SomeInformation = 3,    // of a subset of the access points asked for
    Unsolicited = 4,        // of the neighbourhood; not a trigger
    UseDhcp = 5,
  };
  Code code = Code::Solicited;
  std::uint16_t identifier = 0;
  friend bool operator==(const PrRtAdv&, const PrRtAdv&) = default;
};

class Fmip6MessageView {
 public:
  // An ICMPv6 message of type 154 whose checksum is right. Code of an RtSolPr: 0; of a PrRtAdv: 0 to 5, from a
  // link-local address.
  static Parsed<Fmip6MessageView> check(Bytes message, const NdContext& ip);
  Fmip6Subtype subtype() const { return static_cast<Fmip6Subtype>(message_[4]); }
  std::uint16_t identifier() const { return load_be16(message_.data() + 6); }
  PrRtAdv::Code code() const { return static_cast<PrRtAdv::Code>(message_[1]); }  // of a PrRtAdv
  const NdOptions& options() const { return options_; }

 private:
  Fmip6MessageView(Bytes message, const NdOptions& options) : message_(message), options_(options) {}
  Bytes message_;
  NdOptions options_;
};

// The fixed parts; the checksum is zero.
void emit(ByteWriter& out, const RtSolPr& message);
void emit(ByteWriter& out, const PrRtAdv& message);

}  // namespace kamesim
