#include "protocols/ip6/packet_filter.h"

#include "protocols/wire/ipv6_header.h"

namespace kamesim {

PacketFilter::Verdict PrefixFilter::judge(const Ip6Interface&, const Ip6Interface*, Bytes packet) {
  const Ipv6HeaderView header = *Ipv6HeaderView::check(packet);
  for (const Rule& rule : rules) {
    if (rule.source.contains(header.source()) && rule.destination.contains(header.destination())) return rule.verdict;
  }
  return Verdict::Accept;
}

}  // namespace kamesim
