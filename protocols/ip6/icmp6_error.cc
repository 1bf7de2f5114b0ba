// Originating ICMPv6 errors (RFC 4443 §2.4).
#include <algorithm>

#include "protocols/ip6/icmp6_input.h"
#include "protocols/ip6/ip4_part.h"
#include "protocols/ip6/stack.h"
#include "protocols/wire/extension_headers.h"
#include "protocols/wire/icmp6.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim {

namespace {

// RFC 4443 §2.4 e.1, e.2: an error or a redirect is not answered by an error. What cannot be read is answered.
bool carries_unanswerable_icmp6(const Ipv6HeaderView& header) {
  const auto upper = find_upper_layer(header);
  if (!upper || upper->protocol != NextHeader::Icmp6 || upper->in_non_first_fragment) return false;
  if (upper->offset >= header.packet().size()) return false;
  const auto type = static_cast<Icmp6Type>(header.packet()[upper->offset]);
  return is_error(type) || type == Icmp6Type::Redirect;
}

// RFC 4443 §2.4 e.3, e.4: what came for many is answered in two cases only.
bool may_answer_multicast(const Icmp6Error& error) {
  return error.type == Icmp6Type::PacketTooBig ||
         (error.type == Icmp6Type::ParameterProblem &&
          error.code == static_cast<std::uint8_t>(ParameterProblemCode::UnrecognizedOption));
}

// RFC 4443 §2.4 e.6: an address that this node knows to be an anycast address: its own, and the Subnet-Router anycast
// addresses of the subnets that it is on (RFC 4291 §2.6.1), of which links of two routers have none (RFC 6164 §5.1).
bool is_known_anycast(const Ip6Stack& stack, const Ipv6Address& address) {
  for (const auto& interface : stack.links()) {
    for (const auto& own : interface->addresses()) {
      if (own->address == address) {
        if (own->anycast) return true;
      } else if (own->prefix_length < 127 && own->prefix().address() == address) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

void Ip6Stack::icmp6_error(const Icmp6Error& error, Ip6Interface* received_on, bool link_layer_multicast) {
  if (is_ip4(error.invoking_packet)) {
    if (ip4() != nullptr) ip4()->icmp_error(error, received_on, link_layer_multicast);
    return;
  }
  // What a tunnel packet quoted of another may be cut off (RFC 2473 §8).
  const auto header = Ipv6HeaderView::check_quoted(error.invoking_packet);
  if (!header) return;
  const Ipv6Address source = header->source();
  const Ipv6Address destination = header->destination();
  if (carries_unanswerable_icmp6(*header)) return;
  if (error.type == Icmp6Type::DestinationUnreachable) {
    // RFC 4443 §3.1: for security reasons these can be turned off.
    if (!config().send_destination_unreachable) return;
    if (received_on != nullptr && !received_on->send_destination_unreachable) return;
  }
  if ((destination.is_multicast() || link_layer_multicast) && !may_answer_multicast(error)) return;
  // RFC 4443 §2.4 e.6: a source that does not identify a single node.
  if (source.is_unspecified() || source.is_multicast()) return;
  if (is_known_anycast(*this, source)) return;
  if (!may_originate_error(source)) return;

  Icmp6Error cut = error;
  cut.invoking_packet = error.invoking_packet.first(std::min(error.invoking_packet.size(), kIcmp6MaxInvokingPacket));
  std::vector<std::uint8_t> message;
  ByteWriter writer(message);
  emit(writer, cut);

  OutputRequest out{.destination = source};
  // RFC 4443 §2.2 a: from the address that the packet was sent to, if it is one of ours.
  const InterfaceAddress* own = find_own_address(destination, received_on);
  if (own != nullptr && !own->anycast) out.source = destination;
  if (source.is_link_local()) out.interface = received_on;
  ++icmp6().errors_sent;
  send_icmp6(message, out);
}

// RFC 4443 §2.4 f: a token bucket for the node, and one for each destination if that is asked for.
bool Ip6Stack::may_originate_error(const Ipv6Address& destination) {
  if (!icmp6().may_originate_error(destination)) {
    ++icmp6().errors_limited;
    return false;
  }
  return true;
}

}  // namespace kamesim
