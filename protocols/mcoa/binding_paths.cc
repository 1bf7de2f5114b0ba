#include "protocols/mcoa/binding_paths.h"

#include <algorithm>
#include <utility>

#include "protocols/wire/extension_headers.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim::mcoa {

BindingPaths::BindingPaths(Ip6Stack& stack, TunnelInterface& trunk, End end)
    : TunnelOutlet(stack, trunk.index()), trunk_(trunk), end_(end) {}

BindingPaths::~BindingPaths() {
  for (const auto& [bid, tunnel] : made_) stack().remove_interface(*tunnel);
}

void BindingPaths::set(const std::vector<BindingPath>& paths, const FlowBindings::List& flows) {
  rules_.clear();
  fragments_.clear();
  ways_.clear();
  const auto wanted = [&](std::uint16_t bid) {  // a tunnel of its own
    const auto it = std::ranges::find(paths, bid, &BindingPath::bid);
    return it != paths.end() && it != paths.begin() && it->link == nullptr;
  };
  for (auto it = made_.begin(); it != made_.end();) {
    if (wanted(it->first)) {
      ++it;
      continue;
    }
    stack().remove_interface(*it->second);
    it = made_.erase(it);
  }
  for (const BindingPath& path : paths) {
    Way way{.bid = path.bid, .tunnel = nullptr, .link = path.link, .neighbor = path.neighbor};
    if (path.link == nullptr && ways_.empty()) {
      way.tunnel = &trunk_;
    } else if (path.link == nullptr) {
      TunnelInterface*& made = made_[path.bid];
      if (made == nullptr) {
        made = &stack().add_tunnel(trunk_.name() + "." + std::to_string(names_++), path.local, path.remote);
      } else if (made->local() != path.local || made->remote() != path.remote) {
        made->set_end_points(path.local, path.remote);
      }
      made->allows_inner_source = trunk_.allows_inner_source;
      way.tunnel = made;
    }
    ways_.push_back(way);
  }
  for (const FlowBinding& flow : flows) {
    Rule rule{flow.selector, {}};
    for (std::size_t i = 0; i < ways_.size(); ++i) {
      if (std::ranges::find(flow.bids, ways_[i].bid) != flow.bids.end()) rule.ways.push_back(i);
    }
    if (!rule.ways.empty()) rules_.push_back(std::move(rule));  // §4.3: else it is inactive
  }
}

const TunnelInterface* BindingPaths::tunnel(std::uint16_t bid) const {
  const auto it = std::ranges::find(ways_, bid, &Way::bid);
  return it == ways_.end() ? nullptr : it->tunnel;
}

bool BindingPaths::stands_before(const Ip6Interface& tunnel) const {
  if (&tunnel == &trunk_) return true;
  return std::ranges::any_of(made_, [&tunnel](const auto& made) { return made.second == &tunnel; });
}

void BindingPaths::send(Packet packet, const Ipv6Address& next_hop) {
  if (ways_.empty()) return trunk_.send(std::move(packet), next_hop);
  const Rule* rule = rules_.empty() ? nullptr : rule_for(packet.bytes());
  if (rule == nullptr) return send(std::move(packet), ways_.front(), next_hop);
  // §5.3.6: "a copy of the packet is forwarded to each of the care-of addresses".
  for (std::size_t i = 1; i < rule->ways.size(); ++i) send(packet.clone(), ways_[rule->ways[i]], next_hop);
  send(std::move(packet), ways_[rule->ways.front()], next_hop);
}

void BindingPaths::send(Packet packet, const Way& way, const Ipv6Address& next_hop) {
  if (way.tunnel != nullptr) return way.tunnel->send(std::move(packet), next_hop);
  way.link->send(std::move(packet), way.neighbor);
}

std::uint32_t BindingPaths::mtu() const {
  std::uint32_t least = Nic::kDefaultMtu;
  for (const Way& way : ways_) {
    least = std::min(least, way.tunnel == nullptr ? way.link->mtu() : way.tunnel->mtu());
  }
  return least;
}

const BindingPaths::Rule* BindingPaths::matching(Bytes packet) const {
  const FlowFields seen = flow_fields(packet);
  const FlowFields fields = end_ == End::HomeAgent ? seen : seen.reversed();
  const auto it = std::ranges::find_if(rules_, [&fields](const Rule& rule) { return rule.selector.matches(fields); });
  return it == rules_.end() ? nullptr : &*it;
}

// §5.3.6: "forward all fragments of a given packet the same way, and in accordance to the flow binding matching the first
// fragment".
const BindingPaths::Rule* BindingPaths::rule_for(Bytes packet) {
  if (packet[0] >> 4 != 6) return nullptr;
  const Ipv6HeaderView header = Ipv6HeaderView::of_checked(packet);
  ExtensionHeaderWalk walk(header);
  for (auto step = walk.next(); step && *step; step = walk.next()) {
    if ((*step)->type != NextHeader::Fragment) continue;
    const Fragment id{header.source(), header.destination(), load_be32((*step)->bytes.data() + 4)};
    if (walk.in_non_first_fragment()) {
      const auto it = std::ranges::find(fragments_, id, &std::pair<Fragment, const Rule*>::first);
      return it != fragments_.end() ? it->second : matching(packet);
    }
    if (fragments_.size() == kMaxFragmented) fragments_.pop_front();
    return fragments_.emplace_back(id, matching(packet)).second;
  }
  return matching(packet);
}

}  // namespace kamesim::mcoa
