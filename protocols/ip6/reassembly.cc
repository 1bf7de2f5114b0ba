#include "protocols/ip6/reassembly.h"

#include <algorithm>

#include "protocols/wire/fragment_header.h"
#include "protocols/wire/ipv4_header.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim {

namespace {

// RFC 3168 §5: the ECN codepoints are the two low bits of the traffic class.
constexpr std::uint8_t kEcnMask = 0b11, kNotEct = 0b00, kCe = 0b11;
constexpr std::uint8_t seen(std::uint8_t codepoint) { return static_cast<std::uint8_t>(1u << codepoint); }

std::uint32_t zone_of(const Reassembler::Arrival& a) {
  return a.source.is_link_local() || a.destination.is_link_local() ? a.interface_index : 0;
}

}  // namespace

bool Reassembler::from_same_source(const Pending& p, const Arrival& a) const {
  return p.source == a.source && (!a.source.is_link_local() || p.interface_index == a.interface_index);
}

Reassembler::Result Reassembler::add(Time now, const Arrival& a, Packet packet) {
  Result result;
  Usage of_source;
  Place it = pending_.end();
  const std::uint32_t zone = zone_of(a);
  for (Place p = pending_.begin(); p != pending_.end(); ++p) {
    if (!from_same_source(*p, a)) continue;
    ++of_source.packets;
    of_source.fragments += p->fragments.size();
    of_source.bytes += p->bytes;
    const bool same_zone = zone == 0 || p->interface_index == zone;
    const bool same_packet = p->identification == a.identification && p->destination == a.destination;
    if (same_packet && same_zone && p->protection == a.protection) it = p;
  }
  auto discard = [&](const DropInfo& reason) {
    result.dropped = &reason;
    return std::move(result);
  };
  if (it == pending_.end()) {
    if (of_source.packets >= limits_.packets_per_source && !evict(it, &a, result)) return discard(kFragmentLimit);
    if (pending_.size() >= limits_.packets && !evict(it, nullptr, result)) return discard(kFragmentLimit);
    it = pending_.insert(pending_.end(),
                         Pending{.source = a.source, .destination = a.destination,
                                 .identification = a.identification, .interface_index = a.interface_index,
                                 .expires = now + kReassemblyTimeout, .protection = a.protection, .ip4 = a.ip4});
  }
  Pending& p = *it;
  if (p.poisoned != nullptr) return discard(*p.poisoned);
  auto poison = [&](const DropInfo& reason) {
    discard_fragments(p);
    p.poisoned = &reason;
    return discard(reason);
  };

  const auto data = static_cast<std::uint32_t>(a.fragment_header + (a.ip4 ? 0 : kFragmentHeaderSize));
  const std::uint32_t begin = a.offset;
  const std::uint32_t end = begin + static_cast<std::uint32_t>(packet.size()) - data;
  const auto next = std::ranges::lower_bound(p.fragments, begin, {}, &Fragment::begin);
  // RFC 8200 §4.5: an exact duplicate may be discarded on its own.
  if (next != p.fragments.end() && next->begin == begin && next->end == end &&
      std::memcmp(next->packet.data() + next->data, packet.data() + data, end - begin) == 0) {
    return discard(kFragmentDuplicate);
  }
  const bool overlaps = (next != p.fragments.end() && next->begin < end) ||
                        (next != p.fragments.begin() && std::prev(next)->end > begin);
  const bool beyond_end = p.total && (end > *p.total || (!a.more && end != *p.total));
  const bool ends_early = !a.more && !p.fragments.empty() && p.fragments.back().end > end;
  if (overlaps || beyond_end || ends_early) {
    const DropInfo& reason = overlaps ? kFragmentOverlap : kFragmentInconsistentEnd;
    return rules_.overlap_discards_newcomer_only ? discard(reason) : poison(reason);
  }
  if (p.fragments.size() >= limits_.fragments_per_packet) return poison(kFragmentLimit);
  const std::size_t bytes = packet.footprint();
  if (!make_room(it, a, bytes, of_source, result)) return poison(kFragmentLimit);
  if (begin == 0) {
    p.first_fragment_header = a.fragment_header;
    p.first_next_header_field = a.next_header_field;
  }
  if (!a.more) p.total = end;
  p.received += end - begin;
  p.bytes += bytes;
  p.ecn_seen |= seen(a.traffic_class & kEcnMask);
  p.fragments.insert(next, Fragment{begin, end, data, std::move(packet)});
  ++held_.fragments;
  held_.bytes += bytes;
  if (!p.total || p.received != *p.total) return result;
  const unsigned evicted = result.evicted;
  result = assemble(p);
  result.evicted = evicted;
  discard_fragments(p);
  pending_.erase(it);
  return result;
}

void Reassembler::discard_fragments(Pending& p) {
  held_.fragments -= p.fragments.size();
  held_.bytes -= p.bytes;
  p.fragments.clear();
  p.bytes = 0;
}

bool Reassembler::evict(Place keep, const Arrival* of_source, Result& result) {
  for (Place p = pending_.begin(); p != pending_.end(); ++p) {
    if (p == keep || (of_source != nullptr && !from_same_source(*p, *of_source))) continue;
    discard_fragments(*p);
    pending_.erase(p);
    ++result.evicted;
    return true;
  }
  return false;
}

bool Reassembler::make_room(Place keep, const Arrival& a, std::size_t bytes, Usage of_source, Result& result) {
  while (of_source.bytes + bytes > limits_.bytes_per_source) {
    const std::size_t before = held_.bytes;
    if (!evict(keep, &a, result)) return false;
    of_source.bytes -= before - held_.bytes;
  }
  while (held_.bytes + bytes > limits_.bytes || held_.fragments >= limits_.fragments) {
    if (!evict(keep, nullptr, result)) return false;
  }
  return true;
}

Reassembler::Result Reassembler::assemble(Pending& p) {
  // RFC 3168 §5.3: a mark of congestion is not lost, nor given to a packet whose sender does not know of it.
  const bool congestion = (p.ecn_seen & seen(kCe)) != 0;
  if (congestion && (p.ecn_seen & seen(kNotEct)) != 0) return {.complete = {}, .dropped = &kFragmentCongestion};
  if (p.ip4) return assemble_ip4(p, congestion);
  const std::uint32_t unfragmentable = p.first_fragment_header;
  // The headers of this fragment may be longer than those of the fragment by which the size was judged.
  if (unfragmentable - kIpv6HeaderSize + *p.total > kIpv6MaxPayload) return {.complete = {}, .dropped = &kFragmentTooLong};

  Packet whole = std::move(p.fragments.front().packet);
  const std::uint8_t next_header = whole.data()[unfragmentable];
  remove_fragment_header(whole, unfragmentable, p.first_next_header_field, next_header);
  append_rest(whole, p);
  Ipv6HeaderEditor header(whole.mutable_data());
  header.set_payload_length(static_cast<std::uint16_t>(whole.size() - kIpv6HeaderSize));
  if (congestion) {
    const std::uint8_t traffic_class = Ipv6HeaderView::check(whole.bytes())->traffic_class();
    header.set_traffic_class(traffic_class | kCe);
  }
  return {.complete = std::move(whole), .unfragmentable = unfragmentable,
          .next_header_field = p.first_next_header_field};
}

// RFC 791 §3.2; RFC 3168 §5.3 for the mark of congestion.
Reassembler::Result Reassembler::assemble_ip4(Pending& p, bool congestion) {
  const std::size_t size = p.first_fragment_header + *p.total;
  if (size > kIpv4MaxPacket) return {.complete = {}, .dropped = &kFragmentTooLong};
  Packet whole = std::move(p.fragments.front().packet);
  append_rest(whole, p);
  Ipv4HeaderEditor header(whole.mutable_data());
  header.set_extent(static_cast<std::uint16_t>(size), 0, false);
  if (congestion) header.set_type_of_service(Ipv4HeaderView::check_quoted(whole.bytes())->type_of_service() | kCe);
  return {.complete = std::move(whole), .unfragmentable = p.first_fragment_header,
          .next_header_field = p.first_next_header_field};
}

// Behind the first fragment, the data of the others.
void Reassembler::append_rest(Packet& whole, const Pending& p) {
  if (p.fragments.size() < 2) return;
  std::uint8_t* out = whole.append(*p.total - p.fragments.front().end);
  for (std::size_t i = 1; i < p.fragments.size(); ++i) {
    const Fragment& f = p.fragments[i];
    std::memcpy(out, f.packet.data() + f.data, f.end - f.begin);
    out += f.end - f.begin;
  }
}

std::optional<Time> Reassembler::next_timeout() const {
  if (pending_.empty()) return std::nullopt;
  return pending_.front().expires;
}

std::optional<Reassembler::Expired> Reassembler::expire(Time now) {
  if (pending_.empty() || pending_.front().expires > now) return std::nullopt;
  Pending& p = pending_.front();
  Expired out{.first_fragment = {}, .any_fragment = {}, .interface_index = p.interface_index};
  if (!p.fragments.empty()) {
    if (p.fragments.front().begin == 0) out.first_fragment = p.fragments.front().packet.share();
    out.any_fragment = std::move(p.fragments.front().packet);
  }
  discard_fragments(p);
  pending_.pop_front();
  return out;
}

void Reassembler::clear() {
  pending_.clear();
  held_ = {};
}

void remove_fragment_header(Packet& packet, std::uint32_t fragment_header, std::uint32_t next_header_field,
                            std::uint8_t next_header) {
  std::uint8_t* bytes = packet.mutable_data();
  std::memmove(bytes + kFragmentHeaderSize, bytes, fragment_header);
  packet.trim_front(kFragmentHeaderSize);
  bytes = packet.mutable_data();
  bytes[next_header_field] = next_header;
  Ipv6HeaderEditor(bytes).set_payload_length(static_cast<std::uint16_t>(packet.size() - kIpv6HeaderSize));
}

}  // namespace kamesim
