#include "protocols/mip6/mobility_socket.h"

namespace kamesim {

SendError MobilitySocket::send(const BindingAckToSend& out) {
  OutputRequest request{.destination = out.destination, .source = out.source, .no_mobility = true};
  if (out.routing_header) {
    // The destination is the home address; the wire's is the care-of address, in front of the routing header.
    request.destination = *out.routing_header;
    request.type2_route = out.destination;
  }
  if (out.kbm) {
    return send_authenticated(out.ack, *out.kbm, out.authenticated_address, out.source, request);
  }
  return send(out.ack, request);
}

ReceivedBindingUpdate received_binding_update(const Datagram& datagram, const BindingUpdate& update) {
  ReceivedBindingUpdate received{.source = datagram.source, .destination = datagram.destination,
                                 .home_address_option = {}, .update = update, .mobility_header = datagram.payload};
  if (datagram.care_of) {
    received.source = *datagram.care_of;
    received.home_address_option = datagram.source;
  }
  return received;
}

}  // namespace kamesim
