#include "protocols/mip6/binding_update_reception.h"

namespace kamesim {

bool is_unicast_routable(const Ipv6Address& address) {
  return !address.is_unspecified() && !address.is_loopback() && !address.is_multicast() &&
         !address.is_link_local() && !address.is_v4_mapped();
}

DropReason check_addresses(const ReceivedBindingUpdate& received) {
  if (received.source.is_multicast() || received.source.is_unspecified()) return &kBuSourceNotUnicast;
  if (!is_unicast_routable(received.home_address())) return &kBuHomeAddressNotRoutable;
  if (!received.over_ipv4 && !is_unicast_routable(received.care_of())) return &kBuCareOfNotRoutable;
  return nullptr;
}

BindingAckToSend answer(const ReceivedBindingUpdate& received, const BindingAck& ack) {
  BindingAckToSend out;
  out.source = received.destination;
  out.destination = received.source;
  out.routing_header = received.home_address_option;
  out.ack = ack;
  // RFC 6275 §6.2.7: the care-of address to register, or the home address in a de-registration.
  out.authenticated_address = received.requests_deletion() ? received.home_address() : received.care_of();
  return out;
}

BindingAckToSend reject(const ReceivedBindingUpdate& received, std::uint8_t status) {
  BindingAck ack;
  ack.status = status;
  ack.sequence = received.update.sequence;
  return answer(received, ack);
}

BindingAckToSend reject_sequence(const ReceivedBindingUpdate& received, SeqNum16 last_accepted) {
  BindingAck ack;
  ack.status = kSequenceNumberOutOfWindow;
  ack.sequence = last_accepted;
  return answer(received, ack);
}

}  // namespace kamesim
