#include "protocols/mcoa/messages.h"

#include "protocols/mip6/mobility_header_writer.h"

namespace kamesim::mcoa {

namespace {

constexpr std::size_t kSecondFlagsOffset = 9;  // of a Binding Update
constexpr std::uint8_t kOverwrite = 0x40;      // RFC 5648 §4.2

void emit_bids(ByteWriter& out, MobilityHeaderWriter& header, const std::vector<std::uint16_t>& bids) {
  Options options;
  for (const std::uint16_t bid : bids) options.bindings.push_back({.bid = bid});
  emit_options(out, header.options(), options);
  header.finish();
}

std::vector<std::uint16_t> listed(const std::optional<std::uint16_t>& bid) {
  return bid ? std::vector{*bid} : std::vector<std::uint16_t>();
}

}  // namespace

MultipleBindingUpdate read_multiple_binding_update(const MobilityHeaderView& mh) {
  return {.update = BindingUpdateView(mh).value(),
          .overwrite = (mh.bytes()[kSecondFlagsOffset] & kOverwrite) != 0,
          .options = read_options(mh.options())};
}

MultipleBindingAck read_multiple_binding_ack(const MobilityHeaderView& mh) {
  return {.ack = BindingAckView(mh).value(), .options = read_options(mh.options())};
}

void emit(ByteWriter& out, const MultipleBindingUpdate& message) {
  const BindingUpdate& u = message.update;
  MobilityHeaderWriter header(out, MhType::BindingUpdate);
  out.u16(u.sequence.value());
  out.u8(static_cast<std::uint8_t>((u.acknowledge ? 0x80 : 0) | (u.home_registration ? 0x40 : 0) |
                                   (u.link_local_address_compatibility ? 0x20 : 0) |
                                   (u.key_management_mobility ? 0x10 : 0) | (u.map_registration ? 0x08 : 0) |
                                   (u.mobile_router ? 0x04 : 0)));
  out.u8(message.overwrite ? kOverwrite : 0);
  out.u16(units_of_duration(u.lifetime));
  emit_options(out, header.options(), message.options);
  if (u.alternate_care_of_address) emit_alternate_care_of_address(out, header.options(), *u.alternate_care_of_address);
  for (const MobileNetworkPrefix& prefix : u.mobile_network_prefixes) {
    emit_mobile_network_prefix(out, header.options(), prefix);
  }
  if (u.nonce_indices) emit_nonce_indices(out, header.options(), *u.nonce_indices);
  if (u.authenticator) emit_authenticator(out, header.options(), *u.authenticator);
  header.finish();
}

void emit(ByteWriter& out, const MultipleBindingAck& message) {
  const BindingAck& a = message.ack;
  MobilityHeaderWriter header(out, MhType::BindingAck);
  out.u8(a.status);
  out.u8(static_cast<std::uint8_t>((a.key_management_mobility ? 0x80 : 0) | (a.mobile_router ? 0x40 : 0)));
  out.u16(a.sequence.value());
  out.u16(units_of_duration(a.lifetime));
  emit_options(out, header.options(), message.options);
  if (a.refresh_interval) emit_binding_refresh_advice(out, header.options(), *a.refresh_interval);
  if (a.authenticator) emit_authenticator(out, header.options(), *a.authenticator);
  header.finish();
}

void emit(ByteWriter& out, const IdentifiedCareOfTestInit& message) {
  MobilityHeaderWriter header(out, MhType::CareOfTestInit);
  out.u16(0);
  out.bytes(message.test_init.care_of_init_cookie);
  emit_bids(out, header, listed(message.bid));
}

void emit(ByteWriter& out, const IdentifiedCareOfTest& message) {
  MobilityHeaderWriter header(out, MhType::CareOfTest);
  out.u16(message.test.care_of_nonce_index);
  out.bytes(message.test.care_of_init_cookie);
  out.bytes(message.test.care_of_keygen_token);
  emit_bids(out, header, listed(message.bid));
}

void emit(ByteWriter& out, const IdentifiedRefreshRequest& message) {
  MobilityHeaderWriter header(out, MhType::BindingRefreshRequest);
  out.u16(0);
  emit_bids(out, header, message.bids);
}

}  // namespace kamesim::mcoa
