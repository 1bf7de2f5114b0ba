#include "protocols/pmip6/messages.h"

#include "protocols/mip6/mobility_header_writer.h"

namespace kamesim::pmip6 {

namespace {

constexpr std::uint8_t kAcknowledge = 0x80;
constexpr std::uint8_t kProxyUpdate = 0x02;  // §8.1
constexpr std::uint8_t kProxyAck = 0x20;     // §8.2

}  // namespace

Parsed<ProxyBindingUpdate> read_proxy_binding_update(const MobilityHeaderView& mh) {
  const BindingUpdateView view(mh);
  auto options = read_options(mh.options());
  if (!options) return drop(*options.error());
  return ProxyBindingUpdate{.sequence = view.sequence(),
                            .acknowledge = view.acknowledge(),
                            .lifetime = view.lifetime(),
                            .alternate_care_of_address = alternate_care_of_address(mh.options()),
                            .options = *std::move(options)};
}

Parsed<ProxyBindingAck> read_proxy_binding_ack(const MobilityHeaderView& mh) {
  const BindingAckView view(mh);
  auto options = read_options(mh.options());
  if (!options) return drop(*options.error());
  return ProxyBindingAck{.status = view.status(),
                         .sequence = view.sequence(),
                         .lifetime = view.lifetime(),
                         .options = *std::move(options),
                         .refresh_interval = binding_refresh_advice(mh.options())};
}

void emit(ByteWriter& out, const ProxyBindingUpdate& message) {
  MobilityHeaderWriter header(out, MhType::BindingUpdate);
  out.u16(message.sequence.value());
  out.u8(static_cast<std::uint8_t>((message.acknowledge ? kAcknowledge : 0) | kProxyUpdate));
  out.u8(0);
  out.u16(units_of_duration(message.lifetime));
  emit_options(out, header.options(), message.options);
  if (message.alternate_care_of_address) {
    emit_alternate_care_of_address(out, header.options(), *message.alternate_care_of_address);
  }
  header.finish();
}

void emit(ByteWriter& out, const ProxyBindingAck& message) {
  MobilityHeaderWriter header(out, MhType::BindingAck);
  out.u8(message.status);
  out.u8(kProxyAck);
  out.u16(message.sequence.value());
  out.u16(units_of_duration(message.lifetime));
  emit_options(out, header.options(), message.options);
  if (message.refresh_interval) emit_binding_refresh_advice(out, header.options(), *message.refresh_interval);
  header.finish();
}

}  // namespace kamesim::pmip6
