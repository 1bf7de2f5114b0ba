#include "protocols/ip6/reassembly.h"

#include <algorithm>

#include "protocols/wire/fragment_header.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim {

Reassembler::Result Reassembler::add(Time now, const Arrival& a, Packet packet) {
  auto it = std::ranges::find_if(pending_, [&](const Pending& p) {
    return p.identification == a.identification && p.source == a.source && p.destination == a.destination;
  });
  if (it == pending_.end()) {
    if (pending_.size() >= limits_.reassemblies) return {{}, &kFragmentLimit};
    it = pending_.insert(pending_.end(),
                         Pending{.source = a.source, .destination = a.destination,
                                 .identification = a.identification, .expires = now + kReassemblyTimeout});
  }
  Pending& p = *it;
  if (p.poisoned) return {{}, &kFragmentOverlap};

  const auto data = static_cast<std::uint32_t>(a.fragment_header + kFragmentHeaderSize);
  const std::uint32_t begin = a.offset;
  const std::uint32_t end = begin + static_cast<std::uint32_t>(packet.size()) - data;
  const auto next = std::ranges::lower_bound(p.fragments, begin, {}, &Fragment::begin);
  // RFC 8200 §4.5: an exact duplicate may be discarded on its own.
  if (next != p.fragments.end() && next->begin == begin && next->end == end) return {{}, &kFragmentDuplicate};
  const bool overlaps = (next != p.fragments.end() && next->begin < end) ||
                        (next != p.fragments.begin() && std::prev(next)->end > begin);
  const bool beyond_end = p.total && (end > *p.total || (!a.more && end != *p.total));
  const bool ends_early = !a.more && !p.fragments.empty() && p.fragments.back().end > end;
  if (overlaps || beyond_end || ends_early) {
    p.poisoned = true;
    p.fragments.clear();
    return {{}, overlaps ? &kFragmentOverlap : &kFragmentInconsistentEnd};
  }
  if (p.fragments.size() >= limits_.fragments) return {{}, &kFragmentLimit};
  if (begin == 0) {
    p.first_fragment_header = a.fragment_header;
    p.first_next_header_field = a.next_header_field;
  }
  if (!a.more) p.total = end;
  p.received += end - begin;
  p.fragments.insert(next, Fragment{begin, end, data, std::move(packet)});
  if (!p.total || p.received != *p.total) return {};
  Packet complete = assemble(p);
  pending_.erase(it);
  return {std::move(complete), nullptr};
}

Packet Reassembler::assemble(Pending& p) {
  Packet whole = std::move(p.fragments.front().packet);
  const std::uint8_t next_header = whole.data()[p.first_fragment_header];
  // Drop the Fragment header: the unfragmentable part moves up against the data.
  const std::uint32_t unfragmentable = p.first_fragment_header;
  std::uint8_t* bytes = whole.mutable_data();
  std::memmove(bytes + kFragmentHeaderSize, bytes, unfragmentable);
  whole.trim_front(kFragmentHeaderSize);
  for (std::size_t i = 1; i < p.fragments.size(); ++i) {
    const Fragment& f = p.fragments[i];
    std::memcpy(whole.append(f.end - f.begin), f.packet.data() + f.data, f.end - f.begin);
  }
  bytes = whole.mutable_data();
  bytes[p.first_next_header_field] = next_header;
  Ipv6HeaderEditor(bytes).set_payload_length(static_cast<std::uint16_t>(whole.size() - kIpv6HeaderSize));
  return whole;
}

std::optional<Time> Reassembler::next_timeout() const {
  if (pending_.empty()) return std::nullopt;
  return pending_.front().expires;
}

std::optional<Reassembler::Expired> Reassembler::expire(Time now) {
  if (pending_.empty() || pending_.front().expires > now) return std::nullopt;
  Pending& p = pending_.front();
  Expired out;
  if (!p.fragments.empty()) {
    if (p.fragments.front().begin == 0) out.first_fragment = p.fragments.front().packet.share();
    out.any_fragment = std::move(p.fragments.front().packet);
  }
  pending_.pop_front();
  return out;
}

}  // namespace kamesim
