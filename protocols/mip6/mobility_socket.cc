#include "protocols/mip6/mobility_socket.h"

namespace kamesim {

OutputRequest request_for(const BindingAckToSend& out) {
  OutputRequest request{.destination = out.destination, .source = out.source};
  if (out.routing_header) {
    // The destination is the home address; the wire's is the care-of address, in front of the routing header.
    request.destination = *out.routing_header;
    request.type2_route = out.destination;
  }
  return request;
}

SendError MobilitySocket::send(const BindingAckToSend& out, const AuthenticationToAppend& authentication) {
  return send(out.ack, authentication, request_for(out));
}

SendError MobilitySocket::send(const BindingAckToSend& out) {
  const OutputRequest request = request_for(out);
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
