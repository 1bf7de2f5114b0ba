#include "protocols/host/router_paths.h"

#include <algorithm>
#include <unordered_map>

namespace kamesim {

namespace {
constexpr std::uint32_t kNoRouter = UINT32_MAX;
}

RouterPaths::RouterPaths(std::span<const Subnet> subnets) {
  attach(subnets);
  hang_branches();
  number_places();
  join_core();
}

// Makes the vertices: subnets of several routers, routers.
void RouterPaths::attach(std::span<const Subnet> subnets) {
  const auto between_routers = [](const Subnet& s) { return s.routers.size() > 1; };
  vertices_.resize(static_cast<std::size_t>(std::ranges::count_if(subnets, between_routers)));
  std::unordered_map<const Ip6Stack*, std::uint32_t> routers;
  std::uint32_t next_subnet = 0;
  for (const Subnet& subnet : subnets) {
    std::uint32_t vertex = between_routers(subnet) ? next_subnet++ : kNoRouter;
    for (EthernetInterface* interface : subnet.routers) {
      const auto [it, is_new] =
          routers.try_emplace(&interface->stack(), static_cast<std::uint32_t>(vertices_.size()));
      if (is_new) vertices_.emplace_back().router = &interface->stack();
      if (!between_routers(subnet)) {
        vertex = it->second;
        continue;
      }
      const auto edge = static_cast<std::uint32_t>(attachments_.size());
      attachments_.push_back({{it->second, vertex}, interface, subnet.delay});
      for (const std::uint32_t end : attachments_.back().ends) vertices_[end].edges.push_back(edge);
    }
    vertex_of_subnet_.push_back(vertex);
  }
}

// Takes off one vertex after the other that has a single edge left.
void RouterPaths::hang_branches() {
  std::vector<std::size_t> degree(vertices_.size());
  std::vector<bool> taken_off(vertices_.size());
  std::vector<std::uint32_t> ready;
  for (std::uint32_t v = 0; v < vertices_.size(); ++v) {
    degree[v] = vertices_[v].edges.size();
    if (degree[v] == 1) ready.push_back(v);
  }
  while (!ready.empty()) {
    const std::uint32_t v = ready.back();
    ready.pop_back();
    if (degree[v] == 0) continue;  // the last of a tree, on which all else of it hangs
    taken_off[v] = true;
    for (const std::uint32_t edge : vertices_[v].edges) {
      const std::uint32_t neighbor = attachments_[edge].other_end(v);
      if (taken_off[neighbor]) continue;
      vertices_[v].up = &attachments_[edge];
      vertices_[neighbor].hanging.push_back(v);
      if (--degree[neighbor] == 1) ready.push_back(neighbor);
    }
  }
}

// Numbers the vertices component by component, each vertex of the core followed by what hangs on it.
void RouterPaths::number_places() {
  std::vector<Place> place(vertices_.size(), kNowhere);
  const auto number_branch = [&](std::uint32_t root) {
    const auto anchor = static_cast<Place>(places_.size());
    std::vector<std::pair<std::uint32_t, Place>> next{{root, kNowhere}};  // vertices, and the places of their parents
    while (!next.empty()) {
      const auto [v, parent] = next.back();
      next.pop_back();
      place[v] = static_cast<Place>(places_.size());
      places_.push_back({.vertex = &vertices_[v], .parent = parent, .last = place[v], .anchor = anchor});
      if (parent != kNowhere) places_[parent].children.push_back(place[v]);
      std::ranges::sort(vertices_[v].hanging);
      for (auto child = vertices_[v].hanging.rbegin(); child != vertices_[v].hanging.rend(); ++child) {
        next.emplace_back(*child, place[v]);
      }
    }
    for (auto p = static_cast<Place>(places_.size()); p-- > anchor;) {
      if (!places_[p].children.empty()) places_[p].last = places_[places_[p].children.back()].last;
    }
  };

  for (std::uint32_t start = 0; start < vertices_.size(); ++start) {
    if (vertices_[start].up != nullptr || place[start] != kNowhere) continue;
    const auto first = static_cast<Place>(places_.size());
    std::vector<std::uint32_t> found{start};
    number_branch(start);
    for (std::size_t i = 0; i < found.size(); ++i) {
      for (const std::uint32_t edge : vertices_[found[i]].edges) {
        const std::uint32_t neighbor = attachments_[edge].other_end(found[i]);
        if (vertices_[neighbor].up != nullptr || place[neighbor] != kNowhere) continue;
        number_branch(neighbor);
        found.push_back(neighbor);
      }
    }
    const auto last = static_cast<Place>(places_.size()) - 1;
    for (Place p = first; p <= last; ++p) places_[p].component = {first, last};
  }
  for (const std::uint32_t v : vertex_of_subnet_) {
    place_of_subnet_.push_back(v == kNoRouter ? kNowhere : place[v]);
  }
}

void RouterPaths::join_core() {
  std::vector<VertexId> vertex(vertices_.size(), kNoVertex);
  core_vertices_.assign(places_.size(), kNoVertex);
  std::vector<Place> place(vertices_.size());
  for (Place p = 0; p < places_.size(); ++p) place[static_cast<std::size_t>(places_[p].vertex - vertices_.data())] = p;
  for (std::size_t v = 0; v < vertices_.size(); ++v) {
    if (vertices_[v].up != nullptr) continue;
    vertex[v] = core_.add_vertex({.name = {}, .place = {}});
    core_places_.push_back(place[v]);
    core_vertices_[place[v]] = vertex[v];
  }
  for (const Attachment& attachment : attachments_) {
    const auto [router, subnet] = attachment.ends;
    if (vertex[router] == kNoVertex || vertex[subnet] == kNoVertex) continue;
    // A path goes into a subnet and out of it: all delays count double.
    core_.add_edge(vertex[router], vertex[subnet], {.delay = attachment.delay});
    core_edges_.push_back(&attachment);
  }
}

// The next vertex after `from`, which is another one than `to`.
RouterPaths::Step RouterPaths::step(Place from, Place to, CoreStep core_step,
                                    std::span<const Departure> departures) const {
  const Numbered& here = places_[from];
  const auto [first, last] = here.component;
  if (to < first) return {.to = kNowhere, .by = nullptr, .last = first - 1};
  if (to > last) return {.to = kNowhere, .by = nullptr, .last = static_cast<Place>(places_.size()) - 1};
  if (to > from && to <= here.last) {
    const Place child = *std::prev(std::ranges::upper_bound(here.children, to));
    return {.to = child, .by = places_[child].vertex->up, .last = places_[child].last};
  }
  if (here.parent != kNowhere) {
    return {.to = here.parent, .by = here.vertex->up, .last = to < from ? from - 1 : last};
  }
  const Place anchor = places_[to].anchor;
  const Departure& departure = departures[core_vertices_[anchor]];
  const auto [vertex, edge] = core_step == CoreStep::First ? std::pair(departure.first, departure.first_edge)
                                                           : std::pair(departure.second, departure.second_edge);
  return {.to = core_places_[vertex], .by = core_edges_[edge], .last = places_[anchor].last};
}

// From a router into a subnet, and on to the next router. The departures are those of the core's vertex that comes first.
WayToPlaces RouterPaths::way(Place router, Place to, std::span<const Departure> departures) const {
  if (to == router) return {.way = {}, .last = to};
  const Step in = step(router, to, CoreStep::First, departures);
  if (in.to == kNowhere) return {.way = {}, .last = in.last};
  if (in.to == to) return {.way = {}, .last = to};
  const bool left_core = places_[router].parent == kNowhere && places_[in.to].parent == kNowhere;
  const Step on = step(in.to, to, left_core ? CoreStep::Second : CoreStep::First, departures);
  return {.way = {in.by->interface, on.by->interface}, .last = std::min(in.last, on.last)};
}

void RouterPaths::visit(const std::function<void(Ip6Stack& router, const WayTo& way_to)>& visitor) const {
  for (VertexId v = 0; v < core_places_.size(); ++v) {
    const Place root = core_places_[v];
    if (places_[root].vertex->router == nullptr && places_[root].children.empty()) continue;
    const std::vector<Departure> departures = departures_from(core_, v);
    for (Place p = root; p <= places_[root].last; ++p) {
      if (places_[p].vertex->router == nullptr) continue;
      visitor(*places_[p].vertex->router, [&](Place to) { return way(p, to, departures); });
    }
  }
}

}  // namespace kamesim
