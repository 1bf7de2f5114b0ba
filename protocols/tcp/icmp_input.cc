// ICMPv6 errors about segments of ours (RFC 9293 §3.9.2.2). An error is believed only if the segment that it quotes
// is under way (RFC 5927 §4.1), which is KAME's defence against forged ones as well.
#include "protocols/tcp/drops.h"
#include "protocols/tcp/endpoint.h"
#include "protocols/tcp/header.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim {

namespace {

// RFC 9293 §3.9.2.2 lists the soft ones of ICMPv6: Destination Unreachable codes 0 and 3, Time Exceeded, Parameter
// Problem. RFC 5461 §2.1 counts codes 1 and 4 as hard, as IPv4's 2 to 4 are.
bool is_hard(const Icmp6Error& error) {
  if (error.type != Icmp6Type::DestinationUnreachable) return false;
  const auto code = static_cast<DestinationUnreachableCode>(error.code);
  return code == DestinationUnreachableCode::AdministrativelyProhibited ||
         code == DestinationUnreachableCode::PortUnreachable;
}

const Ip6Interface* zone_of_own(const Ip6Stack& stack, const Ipv6Address& address) {
  for (const auto& interface : stack.interfaces()) {
    if (interface->find_address(address) != nullptr) return interface.get();
  }
  return nullptr;
}

}  // namespace

void TcpLayer::on_icmp6_error(const Icmp6Error& error, std::size_t offset) {
  const Bytes quoted = error.invoking_packet;
  const auto header = Ipv6HeaderView::check_quoted(quoted);
  if (!header || quoted.size() < offset) return stack_.drop(kTcpErrorNotOurs, quoted);
  const auto segment = parse_tcp_quoted(quoted.subspan(offset));
  if (!segment) return stack_.drop(*segment.error(), quoted);
  FourTuple tuple{.local = header->source(), .remote = header->destination(), .local_port = segment->source_port,
                  .remote_port = segment->destination_port};
  if (tuple.local.is_link_local() || tuple.remote.is_link_local()) {
    const Ip6Interface* zone = zone_of_own(stack_, tuple.local);
    tuple.zone = zone != nullptr ? zone->index() : 0;
  }
  TcpEndpoint* endpoint = find(tuple);
  if (endpoint == nullptr || !endpoint->connection.in_flight(segment->seq)) {
    return stack_.drop(kTcpErrorNotOurs, quoted);
  }
  // A Packet Too Big has lowered the path's MTU: run() looks at it, and segments become smaller.
  if (error.type != Icmp6Type::PacketTooBig) {
    if (is_hard(error) && !is_synchronized(endpoint->connection.state())) {
      endpoint->connection.on_hard_error();
    } else if (endpoint->socket != nullptr && !endpoint->running) {
      // MUST-56, SHLD-25. Deviation from SHLD-26: once synchronized, hard errors are soft as well; whoever can guess a
      // sequence number must not be able to end a connection that works (RFC 5927 §4.3).
      endpoint->running = true;
      endpoint->socket->handler_->on_soft_error(*endpoint->socket, error);
      endpoint->running = false;
    }
  }
  if (endpoint->listed) run(*endpoint);
}

}  // namespace kamesim
