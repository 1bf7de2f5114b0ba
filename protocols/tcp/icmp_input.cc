// ICMPv6 errors about segments of ours (RFC 9293 §3.9.2.2). An error is believed only if the segment that it quotes
// is under way (RFC 5927 §4.1), which is KAME's defence against forged ones as well.
#include "protocols/tcp/drops.h"
#include "protocols/tcp/endpoint.h"
#include "protocols/tcp/header.h"

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

TcpEndpoint* TcpLayer::find_quoted(const Icmp6ErrorReport& report, const TcpPortsAndSequence& segment) const {
  FourTuple tuple{.local = report.source, .remote = report.destination, .local_port = segment.source_port,
                  .remote_port = segment.destination_port};
  if (tuple.local.is_link_local() || tuple.remote.is_link_local()) {
    const Ip6Interface* zone = zone_of_own(stack_, tuple.local);
    tuple.zone = zone != nullptr ? zone->index() : 0;
  }
  TcpEndpoint* endpoint = find(tuple);
  return endpoint != nullptr && endpoint->connection.in_flight(segment.seq) ? endpoint : nullptr;
}

// KAME's defence, RFC 5927 §7.2: a Packet Too Big about what is not under way was not elicited by a router.
Quotation TcpLayer::verify(const Icmp6ErrorReport& report) {
  const auto segment = parse_tcp_quoted(report.upper());
  if (!segment) return Quotation::Unverified;  // too little of it came back
  return find_quoted(report, *segment) != nullptr ? Quotation::Verified : Quotation::Forged;
}

void TcpLayer::on_icmp6_error_report(const Icmp6ErrorReport& report) {
  const Icmp6Error& error = report.error;
  const auto segment = parse_tcp_quoted(report.upper());
  if (!segment) return stack_.drop(*segment.error(), error.invoking_packet);
  TcpEndpoint* endpoint = find_quoted(report, *segment);
  if (endpoint == nullptr) return stack_.drop(kTcpErrorNotOurs, error.invoking_packet);
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
