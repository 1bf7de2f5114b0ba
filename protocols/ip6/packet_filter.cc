#include "protocols/ip6/packet_filter.h"

#include <utility>

#include "protocols/wire/ipv4_header.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim {

namespace {

// Of a packet that was looked at before.
std::pair<Ipv6Address, Ipv6Address> ends_of(Bytes packet) {
  if (packet[0] >> 4 == 4) {
    const Ipv4HeaderView header = *Ipv4HeaderView::check_quoted(packet);
    return {v4_mapped(header.source()), v4_mapped(header.destination())};
  }
  const Ipv6HeaderView header = *Ipv6HeaderView::check(packet);
  return {header.source(), header.destination()};
}

}  // namespace

PacketFilter::Verdict PrefixFilter::judge(const Ip6Interface&, const Ip6Interface*, Bytes packet) {
  const auto [source, destination] = ends_of(packet);
  for (const Rule& rule : rules) {
    if (rule.source.contains(source) && rule.destination.contains(destination)) return rule.verdict;
  }
  return Verdict::Accept;
}

}  // namespace kamesim
