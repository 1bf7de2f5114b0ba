#include "protocols/ip6/hold_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "protocols/wire/extension_headers.h"
#include "protocols/wire/fragment_header.h"
#include "protocols/wire/ipv4_header.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim {

namespace {

// What the fragments of a datagram have in common (RFC 8200 §4.5, RFC 791 §3.2).
struct DatagramKey {
  bool fragment = false;
  Ipv6Address source, destination;
  std::uint32_t identification = 0;
  std::uint8_t protocol = 0;  // IPv4 only

  // A packet that is no fragment is a datagram of its own.
  bool same_datagram(const DatagramKey& o) const {
    return fragment && o.fragment && identification == o.identification && source == o.source &&
           destination == o.destination && protocol == o.protocol;
  }
};

DatagramKey key_of_ipv4(Bytes packet) {
  const auto header = Ipv4HeaderView::check(packet);
  if (!header || !header->is_fragment()) return {};
  return {true, v4_mapped(header->source()), v4_mapped(header->destination()), header->identification(),
          static_cast<std::uint8_t>(header->protocol())};
}

DatagramKey key_of(Bytes packet) {
  if (!packet.empty() && packet[0] >> 4 == 4) return key_of_ipv4(packet);
  const auto header = Ipv6HeaderView::check(packet);
  if (!header) return {};
  ExtensionHeaderWalk walk(*header);
  for (;;) {
    const auto step = walk.next();
    if (!step || !*step) return {};
    if ((*step)->type != NextHeader::Fragment) continue;
    const FragmentHeaderView fragment((*step)->bytes);
    if (fragment.is_atomic()) return {};
    return {true, header->source(), header->destination(), fragment.identification(), 0};
  }
}

bool fits(const std::vector<Packet>& queue, const std::vector<DatagramKey>& keys, const HoldQueueBounds& bounds) {
  if (queue.size() > bounds.packets) return false;
  std::size_t octets = 0, datagrams = 0;
  for (std::size_t i = 0; i < queue.size(); ++i) {
    octets += queue[i].size();
    const auto before = keys.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::none_of(keys.begin(), before, [&](const DatagramKey& k) { return k.same_datagram(keys[i]); })) ++datagrams;
    if (octets > bounds.octets || datagrams > bounds.datagrams) return false;
  }
  return true;
}

}  // namespace

std::vector<Packet> hold(std::vector<Packet>& queue, Packet packet, const HoldQueueBounds& bounds) {
  queue.push_back(std::move(packet));
  std::vector<DatagramKey> keys;
  keys.reserve(queue.size());
  for (const Packet& waiting : queue) keys.push_back(key_of(waiting.bytes()));
  std::vector<Packet> discarded;
  while (queue.size() > 1 && !fits(queue, keys, bounds)) {
    const DatagramKey oldest = keys.front();
    std::vector<Packet> kept;
    std::vector<DatagramKey> kept_keys;
    for (std::size_t i = 0; i < queue.size(); ++i) {
      const bool goes = i == 0 || keys[i].same_datagram(oldest);
      (goes ? discarded : kept).push_back(std::move(queue[i]));
      if (!goes) kept_keys.push_back(keys[i]);
    }
    queue = std::move(kept);
    keys = std::move(kept_keys);
  }
  return discarded;
}

}  // namespace kamesim
