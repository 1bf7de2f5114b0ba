// Equal-cost multipath (RFC 2991): of several routes that are as good, each flow takes one, and stays on it. Chosen by
// highest random weight (§4): when a next hop goes, only the flows that took it take another.
#include <algorithm>

#include "protocols/ip6/ip4_part.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ip6/stack.h"
#include "protocols/wire/extension_headers.h"
#include "protocols/wire/ipv4_header.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim {

namespace {

// Both halves of a 64 by 64 bit product: each bit of the input moves all of the result.
std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a ^ 0x9e3779b97f4a7c15ull) * (b ^ 0xd1b54a32d192ed03ull);
  return static_cast<std::uint64_t>(product >> 64) ^ static_cast<std::uint64_t>(product);
}

std::uint64_t fold(const Ipv6Address& a, std::uint64_t seed) { return fold(a.high() ^ seed, a.low()); }

// The ports, where a protocol has them and this packet tells them: a fragment but the first does not, nor may the others
// of its packet then go by them.
std::uint64_t ports_of(NextHeader protocol, Bytes upper) {
  const bool has_ports = protocol == NextHeader::Udp || protocol == NextHeader::Tcp || protocol == NextHeader::Sctp;
  return has_ports && upper.size() >= 4 ? load_be32(upper.data()) : 0;
}

// RFC 6438 §3: the addresses and the flow label; ports only where there is no label.
std::uint64_t flow_of(Bytes packet, std::uint64_t seed) {
  if (is_ip4(packet)) {
    const auto header = *Ipv4HeaderView::check_quoted(packet);
    const std::uint64_t ends = fold(std::uint64_t{header.source()} << 32 | header.destination(), seed);
    const std::uint64_t ports = header.is_fragment() ? 0 : ports_of(header.protocol(), header.payload());
    return fold(ports << 8 | static_cast<std::uint8_t>(header.protocol()), ends);
  }
  const auto header = *Ipv6HeaderView::check(packet);
  const std::uint64_t ends = fold(header.destination(), fold(header.source(), seed));
  if (header.flow_label() != 0) return fold(header.flow_label(), ends);
  const auto upper = find_upper_layer(header);
  if (!upper) return ends;
  ExtensionHeaderWalk walk(header);
  for (auto step = walk.next(); step && *step; step = walk.next()) {
    if ((*step)->type == NextHeader::Fragment) return fold(static_cast<std::uint8_t>(upper->protocol), ends);
  }
  const std::uint64_t ports = ports_of(upper->protocol, packet.subspan(std::min(upper->offset, packet.size())));
  return fold(ports << 8 | static_cast<std::uint8_t>(upper->protocol), ends);
}

}  // namespace

void Ip6Stack::use_path_of_flow(Bytes packet, Destination& to) {
  const auto best = routes_.lookup(to.address);
  if (!best) return;
  // Seeded by the node: the routers of a path must not all choose alike (RFC 2991 §5 on correlated choices).
  const std::uint64_t flow = flow_of(packet, flow_label_secret());
  std::optional<Route> chosen;
  std::uint64_t highest = 0;
  for (std::size_t i = 0; const auto route = routes_.equal_cost(*best, i); ++i) {
    if (!route->interface->up()) continue;
    const std::uint64_t weight = fold(route->next_hop, fold(route->interface->index(), flow));
    if (!chosen || weight > highest) chosen = route, highest = weight;
  }
  if (!chosen || (chosen->interface == to.interface && chosen->next_hop == best->next_hop)) return;
  to.interface = chosen->interface;
  to.next_hop = chosen->on_link() ? to.address : chosen->next_hop;
  const bool learned = to.mtu < to.link_mtu;  // of the destination's path, whichever it is
  to.link_mtu = chosen->mtu_of(to.interface->mtu());
  to.mtu = learned ? std::min(to.link_mtu, to.mtu) : to.link_mtu;
  NeighborDiscovery* nd = to.address.is_v4_mapped() ? nullptr : to.interface->nd();
  to.neighbor = nd != nullptr ? &nd->neighbor(to.next_hop) : nullptr;
}

}  // namespace kamesim
