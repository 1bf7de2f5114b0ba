// An IPv6 packet, whole or quoted by an ICMPv6 error: its header, the chain of extension headers and what is in each.
#include "protocols/wire/extension_headers.h"
#include "protocols/wire/fragment_header.h"
#include "protocols/wire/ipv6_header.h"
#include "protocols/wire/options_header.h"
#include "protocols/wire/routing_header.h"
#include "tests/fuzz/fuzz_input.h"

namespace kamesim {
namespace {

void read_routing_header(Bytes header) {
  const auto routing = RoutingHeaderView::check(header);
  if (!routing) return;
  fuzz::touch(routing->bytes());
  if (routing->routing_type() == kSourceRouteType) {
    if (const auto route = SourceRouteView::check(*routing)) {
      for (std::size_t i = 0; i < route->address_count(); ++i) fuzz::touch({route->address(i).data(), 16});
      fuzz::require(route->segments_left() <= route->address_count(), "segments left of a source route (RFC 2460 §4.4)");
    }
  }
  if (routing->routing_type() == kType2RoutingType) {
    if (const auto type2 = Type2RoutingHeaderView::check(*routing)) fuzz::touch({type2->home_address().data(), 16});
  }
}

void read_options(Bytes header) {
  const auto view = OptionsHeaderView::check(header);
  fuzz::require(view.has_value() == !TlvOptions::overrun(header, 2).has_value() || header.size() < 8,
                "an options header is refused where an option reaches beyond it, and only there (RFC 8200 §4.2)");
  if (!view) return;
  for (const Tlv option : view->options()) {
    fuzz::touch(option.data);
    fuzz::require(option.offset + 2 + option.data.size() <= header.size(), "an option lies in its header");
    (void)home_address(option), (void)tunnel_encapsulation_limit(option);
    (void)router_alert(option), (void)jumbo_payload_length(option);
  }
}

void read_chain(const Ipv6HeaderView& packet) {
  ExtensionHeaderWalk walk(packet);
  for (auto step = walk.next(); step && *step; step = walk.next()) {
    const ExtensionHeader& header = **step;
    fuzz::touch(header.bytes);
    switch (header.type) {
      case NextHeader::HopByHopOptions:
      case NextHeader::DestinationOptions: read_options(header.bytes); break;
      case NextHeader::Routing: read_routing_header(header.bytes); break;
      case NextHeader::Fragment: {
        const FragmentHeader fragment = FragmentHeaderView(header.bytes).value();
        std::uint8_t written[kFragmentHeaderSize];
        fragment.write(written);
        fuzz::require(FragmentHeaderView(written).value().offset == fragment.offset, "a fragment header round trip");
        break;
      }
      default: break;
    }
  }
  if (const auto upper = find_upper_layer(packet)) {
    fuzz::require(upper->offset <= packet.packet().size(), "the upper layer begins in the packet");
    fuzz::require(upper->next_header_offset < upper->offset, "the upper layer was announced before it begins");
    fuzz::touch(packet.packet().subspan(upper->offset));
  }
}

}  // namespace
}  // namespace kamesim

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kamesim;
  const Bytes bytes(data, size);
  if (const auto packet = Ipv6HeaderView::check(bytes)) {
    fuzz::touch(packet->payload());
    read_chain(*packet);
  }
  if (const auto quoted = Ipv6HeaderView::check_quoted(bytes)) {
    fuzz::touch(quoted->payload());
    read_chain(*quoted);
  }
  return 0;
}
