// The socket of the Mobile IPv6 daemons: Mobility Headers, each put together from its struct.
#pragma once

#include "protocols/ip6/socket.h"
#include "protocols/mip6/authentication_option.h"
#include "protocols/mip6/binding_update_reception.h"
#include "protocols/mip6/keygen.h"
#include "protocols/mip6/messages.h"
#include "protocols/wire/byte_writer.h"
#include "protocols/wire/next_header.h"

namespace kamesim {

class MobilitySocket {
 public:
  MobilitySocket(SocketLayer& sockets, DatagramHandler& handler) : socket_(sockets, NextHeader::Mobility, handler) {}

  template <typename Message>
  SendError send(const Message& message, const OutputRequest& request) {
    return socket_.send(to_bytes(message), request);
  }

  // A message that ends with an authenticator over itself (RFC 6275 §6.2.7). `care_of` and `correspondent` are the
  // addresses that go into it.
  template <typename Message>
  SendError send_authenticated(const Message& message, const BindingManagementKey& kbm, const Ipv6Address& care_of,
                               const Ipv6Address& correspondent, const OutputRequest& request) {
    std::vector<std::uint8_t> bytes = to_bytes(message);
    const Authenticator value = compute_authenticator(kbm, care_of, correspondent, bytes);
    std::ranges::copy(value, bytes.end() - static_cast<std::ptrdiff_t>(value.size()));
    return socket_.send(bytes, request);
  }

  // A message with the options of RFC 4285.
  template <typename Message>
  SendError send(const Message& message, const AuthenticationToAppend& authentication, const OutputRequest& request) {
    std::vector<std::uint8_t> bytes = to_bytes(message);
    append_authentication(bytes, authentication);
    return socket_.send(bytes, request);
  }

  // RFC 6275 §9.5.4, §10.3.1.
  SendError send(const BindingAckToSend& out);
  SendError send(const BindingAckToSend& out, const AuthenticationToAppend& authentication);

 private:
  RawSocket socket_;
};

// How an acknowledgement travels.
OutputRequest request_for(const BindingAckToSend& out);
// A received Binding Update with the wire's addresses.
ReceivedBindingUpdate received_binding_update(const Datagram& datagram, const BindingUpdate& update);

}  // namespace kamesim
