#include "protocols/mip6/messages.h"

#include <algorithm>
#include <cassert>

#include "protocols/mip6/mobility_header_writer.h"

namespace kamesim {
namespace {

Bytes bytes_of(const MobilityHeaderView& mh, [[maybe_unused]] MhType expected) {
  assert(mh.type() == expected);
  return mh.bytes();
}

std::array<std::uint8_t, 8> eight_octets(Bytes mh, std::size_t offset) {
  std::array<std::uint8_t, 8> value;
  std::copy_n(mh.begin() + static_cast<std::ptrdiff_t>(offset), value.size(), value.begin());
  return value;
}

void emit_init(ByteWriter& out, MhType type, const InitCookie& cookie) {
  MobilityHeaderWriter header(out, type);
  out.u16(0);
  out.bytes(cookie);
  header.finish();
}

void emit_test(ByteWriter& out, MhType type, std::uint16_t nonce_index, const InitCookie& cookie,
               const KeygenToken& token) {
  MobilityHeaderWriter header(out, type);
  out.u16(nonce_index);
  out.bytes(cookie);
  out.bytes(token);
  header.finish();
}

}  // namespace

HomeTestInitView::HomeTestInitView(const MobilityHeaderView& mh) : mh_(bytes_of(mh, MhType::HomeTestInit)) {}
InitCookie HomeTestInitView::home_init_cookie() const { return eight_octets(mh_, 8); }

CareOfTestInitView::CareOfTestInitView(const MobilityHeaderView& mh) : mh_(bytes_of(mh, MhType::CareOfTestInit)) {}
InitCookie CareOfTestInitView::care_of_init_cookie() const { return eight_octets(mh_, 8); }

HomeTestView::HomeTestView(const MobilityHeaderView& mh) : mh_(bytes_of(mh, MhType::HomeTest)) {}
InitCookie HomeTestView::home_init_cookie() const { return eight_octets(mh_, 8); }
KeygenToken HomeTestView::home_keygen_token() const { return eight_octets(mh_, 16); }

CareOfTestView::CareOfTestView(const MobilityHeaderView& mh) : mh_(bytes_of(mh, MhType::CareOfTest)) {}
InitCookie CareOfTestView::care_of_init_cookie() const { return eight_octets(mh_, 8); }
KeygenToken CareOfTestView::care_of_keygen_token() const { return eight_octets(mh_, 16); }

BindingUpdateView::BindingUpdateView(const MobilityHeaderView& mh)
    : mh_(bytes_of(mh, MhType::BindingUpdate)), options_(mh.options()) {}

BindingUpdate BindingUpdateView::value() const {
  return {.sequence = sequence(),
          .acknowledge = acknowledge(),
          .home_registration = home_registration(),
          .link_local_address_compatibility = link_local_address_compatibility(),
          .key_management_mobility = key_management_mobility(),
          .map_registration = map_registration(),
          .mobile_router = mobile_router(),
          .lifetime = lifetime(),
          .alternate_care_of_address = alternate_care_of_address(options_),
          .mobile_network_prefixes = mobile_network_prefixes(options_),
          .nonce_indices = nonce_indices(options_),
          .authenticator = authenticator(options_, mh_)};
}

BindingAckView::BindingAckView(const MobilityHeaderView& mh)
    : mh_(bytes_of(mh, MhType::BindingAck)), options_(mh.options()) {}

BindingAck BindingAckView::value() const {
  return {.status = status(),
          .key_management_mobility = key_management_mobility(),
          .mobile_router = mobile_router(),
          .sequence = sequence(),
          .lifetime = lifetime(),
          .refresh_interval = binding_refresh_advice(options_),
          .authenticator = authenticator(options_, mh_)};
}

BindingErrorView::BindingErrorView(const MobilityHeaderView& mh) : mh_(bytes_of(mh, MhType::BindingError)) {}

void emit(ByteWriter& out, const BindingRefreshRequest&) {
  MobilityHeaderWriter header(out, MhType::BindingRefreshRequest);
  out.u16(0);
  header.finish();
}

void emit(ByteWriter& out, const HomeTestInit& message) {
  emit_init(out, MhType::HomeTestInit, message.home_init_cookie);
}

void emit(ByteWriter& out, const CareOfTestInit& message) {
  emit_init(out, MhType::CareOfTestInit, message.care_of_init_cookie);
}

void emit(ByteWriter& out, const HomeTest& message) {
  emit_test(out, MhType::HomeTest, message.home_nonce_index, message.home_init_cookie, message.home_keygen_token);
}

void emit(ByteWriter& out, const CareOfTest& message) {
  emit_test(out, MhType::CareOfTest, message.care_of_nonce_index, message.care_of_init_cookie,
            message.care_of_keygen_token);
}

void emit(ByteWriter& out, const BindingUpdate& message) {
  MobilityHeaderWriter header(out, MhType::BindingUpdate);
  out.u16(message.sequence.value());
  out.u8(static_cast<std::uint8_t>((message.acknowledge ? 0x80 : 0) | (message.home_registration ? 0x40 : 0) |
                                   (message.link_local_address_compatibility ? 0x20 : 0) |
                                   (message.key_management_mobility ? 0x10 : 0) |
                                   (message.map_registration ? 0x08 : 0) | (message.mobile_router ? 0x04 : 0)));
  out.u8(0);
  out.u16(units_of_duration(message.lifetime));
  if (message.alternate_care_of_address)
    emit_alternate_care_of_address(out, header.options(), *message.alternate_care_of_address);
  for (const MobileNetworkPrefix& prefix : message.mobile_network_prefixes) {
    emit_mobile_network_prefix(out, header.options(), prefix);
  }
  if (message.nonce_indices) emit_nonce_indices(out, header.options(), *message.nonce_indices);
  if (message.authenticator) emit_authenticator(out, header.options(), *message.authenticator);
  header.finish();
}

void emit(ByteWriter& out, const BindingAck& message) {
  MobilityHeaderWriter header(out, MhType::BindingAck);
  out.u8(message.status);
  out.u8(static_cast<std::uint8_t>((message.key_management_mobility ? 0x80 : 0) | (message.mobile_router ? 0x40 : 0)));
  out.u16(message.sequence.value());
  out.u16(units_of_duration(message.lifetime));
  if (message.refresh_interval) emit_binding_refresh_advice(out, header.options(), *message.refresh_interval);
  if (message.authenticator) emit_authenticator(out, header.options(), *message.authenticator);
  header.finish();
}

void emit(ByteWriter& out, const BindingError& message) {
  MobilityHeaderWriter header(out, MhType::BindingError);
  out.u8(message.status);
  out.u8(0);
  out.address(message.home_address);
  header.finish();
}

}  // namespace kamesim
