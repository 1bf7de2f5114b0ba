#include "protocols/dsmip6/messages.h"

#include "protocols/mip6/mobility_header_writer.h"

namespace kamesim::dsmip6 {

namespace {

constexpr std::size_t kFlagsOffset = 8;      // of a Binding Update
constexpr std::uint8_t kForceUdp = 0x01;     // F (RFC 5555 §3.1.3)

}  // namespace

DualStackBindingUpdate read_dual_stack_binding_update(const MobilityHeaderView& mh) {
  return {.update = BindingUpdateView(mh).value(),
          .force_udp = (mh.bytes()[kFlagsOffset] & kForceUdp) != 0,
          .options = read_options(mh.options())};
}

DualStackBindingAck read_dual_stack_binding_ack(const MobilityHeaderView& mh) {
  return {.ack = BindingAckView(mh).value(), .options = read_options(mh.options())};
}

void emit(ByteWriter& out, const DualStackBindingUpdate& message) {
  const BindingUpdate& u = message.update;
  MobilityHeaderWriter header(out, MhType::BindingUpdate);
  out.u16(u.sequence.value());
  out.u8(static_cast<std::uint8_t>((u.acknowledge ? 0x80 : 0) | (u.home_registration ? 0x40 : 0) |
                                   (u.link_local_address_compatibility ? 0x20 : 0) |
                                   (u.key_management_mobility ? 0x10 : 0) | (u.map_registration ? 0x08 : 0) |
                                   (u.mobile_router ? 0x04 : 0) | (message.force_udp ? kForceUdp : 0)));
  out.u8(0);
  out.u16(units_of_duration(u.lifetime));
  if (u.alternate_care_of_address) emit_alternate_care_of_address(out, header.options(), *u.alternate_care_of_address);
  for (const MobileNetworkPrefix& prefix : u.mobile_network_prefixes) {
    emit_mobile_network_prefix(out, header.options(), prefix);
  }
  emit_options(out, header.options(), message.options);
  if (u.nonce_indices) emit_nonce_indices(out, header.options(), *u.nonce_indices);
  if (u.authenticator) emit_authenticator(out, header.options(), *u.authenticator);
  header.finish();
}

void emit(ByteWriter& out, const DualStackBindingAck& message) {
  const BindingAck& a = message.ack;
  MobilityHeaderWriter header(out, MhType::BindingAck);
  out.u8(a.status);
  out.u8(static_cast<std::uint8_t>((a.key_management_mobility ? 0x80 : 0) | (a.mobile_router ? 0x40 : 0)));
  out.u16(a.sequence.value());
  out.u16(units_of_duration(a.lifetime));
  if (a.refresh_interval) emit_binding_refresh_advice(out, header.options(), *a.refresh_interval);
  emit_options(out, header.options(), message.options);
  if (a.authenticator) emit_authenticator(out, header.options(), *a.authenticator);
  header.finish();
}

}  // namespace kamesim::dsmip6
