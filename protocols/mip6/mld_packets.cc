#include "protocols/mip6/mld_packets.h"

#include <algorithm>
#include <vector>

#include "protocols/ip6/extension_output.h"
#include "protocols/wire/extension_headers.h"
#include "protocols/wire/ipv6_header.h"
#include "protocols/wire/mld.h"
#include "protocols/wire/options_header.h"

namespace kamesim {

namespace {

bool alerts_routers(Bytes headers) {
  if (headers.size() <= kIpv6HeaderSize) return false;
  if (static_cast<NextHeader>(headers[kIpv6NextHeaderOffset]) != NextHeader::HopByHopOptions) return false;
  const Bytes rest = headers.subspan(kIpv6HeaderSize);
  if (rest.size() < 8 || rest.size() < 8u * (1u + rest[1])) return false;
  const auto options = OptionsHeaderView::check(rest.first(8u * (1u + rest[1])));
  if (!options) return false;
  const auto alert = options->options().find(kRouterAlertOption);
  return alert && router_alert(*alert) == kMldRouterAlert;
}

}  // namespace

DropReason check_mld_packet(const Datagram& d) {
  const bool right = d.source.is_link_local() && d.hop_limit == 1 && alerts_routers(d.headers);
  return right ? nullptr : &kMldInvalid;
}

void send_mld_packet(RawSocket& socket, TunnelInterface& tunnel, const Ipv6Address& source,
                     const Ipv6Address& destination, Bytes message) {
  std::vector<std::uint8_t> alert;
  ByteWriter out(alert);
  OptionsHeaderWriter(out, NextHeader::Icmp6).router_alert(kMldRouterAlert).finish();
  const ExtensionHeadersToSend headers{.hop_by_hop = alert, .destination_before_routing = {}, .routing = {},
                                       .destination = {}};
  socket.send(message, {.destination = destination, .source = source, .interface = &tunnel, .hop_limit = 1,
                        .no_mobility = true, .extension_headers = &headers});
}

}  // namespace kamesim
