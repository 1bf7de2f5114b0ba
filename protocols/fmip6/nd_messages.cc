#include "protocols/fmip6/nd_messages.h"

namespace kamesim {
namespace {

constexpr std::size_t kFixedSize = 8;
constexpr std::uint8_t kMostCode = 5;

void emit_header(ByteWriter& out, std::uint8_t code, Fmip6Subtype subtype, std::uint16_t identifier) {
  out.u8(static_cast<std::uint8_t>(kFmip6MessageType));
  out.u8(code);
  out.u16(0);
  out.u8(static_cast<std::uint8_t>(subtype));
  out.u8(0);
  out.u16(identifier);
}

}  // namespace

Parsed<Fmip6MessageView> Fmip6MessageView::check(Bytes message, const NdContext& ip) {
  if (message.size() < kFixedSize) return drop(kFmip6Truncated);
  if (ip.hop_limit != kNdHopLimit) return drop(kFmip6HopLimitNot255);
  const auto subtype = static_cast<Fmip6Subtype>(message[4]);
  switch (subtype) {
    case Fmip6Subtype::RtSolPr:
      if (message[1] != 0) return drop(kFmip6BadCode);
      break;
    case Fmip6Subtype::PrRtAdv:
      if (!ip.source.is_link_local()) return drop(kFmip6SourceNotLinkLocal);
      if (message[1] > kMostCode) return drop(kFmip6BadCode);
      break;
    default: return drop(kFmip6UnknownSubtype);
  }
  const auto options = NdOptions::check(message.subspan(kFixedSize));
  if (!options) return drop(*options.error());
  return Fmip6MessageView(message, *options);
}

void emit(ByteWriter& out, const RtSolPr& message) { emit_header(out, 0, Fmip6Subtype::RtSolPr, message.identifier); }

void emit(ByteWriter& out, const PrRtAdv& message) {
  emit_header(out, static_cast<std::uint8_t>(message.code), Fmip6Subtype::PrRtAdv, message.identifier);
}

}  // namespace kamesim
