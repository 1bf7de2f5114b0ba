// Where each router sends packets on the paths of least delay between subnets.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "protocols/host/shortest_path_routes.h"
#include "sim/topology/shortest_paths.h"
#include "sim/topology/topology.h"

namespace kamesim {

// Where a packet leaves the paths between routers: a subnet that several routers are on, or a router, which stands for
// the subnets that it is alone on.
using Place = std::uint32_t;
inline constexpr Place kNowhere = UINT32_MAX;

// What a router does with packets to a place: they go out by an interface, to that of the next router. nullptr: it needs no
// route, because the place is itself or a link of its own, or cannot be reached.
struct Way {
  EthernetInterface* out = nullptr;
  EthernetInterface* next = nullptr;
  friend bool operator==(const Way&, const Way&) = default;
};
struct WayToPlaces {
  Way way;
  Place last;  // the places from the one asked for to this one have this way, too
};

// Subnets and routers are vertices (as networks are in OSPF), attachments edges. What hangs on the rest of the network by
// one vertex alone, be it a site or a whole tree of routers, needs no search for paths: places are numbered so that what
// hangs on a vertex follows it, one branch after the other, and a way is found by comparing numbers. Only the core that
// is left, where paths may differ, is searched: once from each of its vertices.
class RouterPaths {
 public:
  explicit RouterPaths(std::span<const Subnet> subnets);

  // Of a subnet by its index; kNowhere if no router is on it.
  Place place(std::size_t subnet) const { return place_of_subnet_[subnet]; }

  // Visits every router once. The way to a place, less than kNowhere, may be asked for during that visit.
  using WayTo = std::function<WayToPlaces(Place)>;
  void visit(const std::function<void(Ip6Stack& router, const WayTo& way_to)>& visitor) const;

 private:
  struct Attachment {  // an edge
    std::array<std::uint32_t, 2> ends;  // router, subnet
    EthernetInterface* interface;
    Duration delay;
    std::uint32_t other_end(std::uint32_t end) const { return ends[ends[0] == end ? 1 : 0]; }
  };
  struct Range {
    Place first = 0, last = 0;
  };
  struct Vertex {
    Ip6Stack* router = nullptr;          // nullptr: a subnet
    std::vector<std::uint32_t> edges;    // in attachments_
    const Attachment* up = nullptr;      // the edge that it hangs on; nullptr: it is part of the core
    std::vector<std::uint32_t> hanging;  // vertices that hang on it
  };
  struct Numbered {  // by Place
    const Vertex* vertex;
    Place parent;  // kNowhere: it is part of the core
    Place last;    // of those that hang on it; itself, if there is none
    Place anchor;  // the core's vertex that it hangs on or is
    Range component = {};
    std::vector<Place> children = {};
  };
  struct Step {
    Place to = kNowhere;
    const Attachment* by = nullptr;
    Place last;
  };
  enum class CoreStep : std::uint8_t { First, Second };

  void attach(std::span<const Subnet> subnets);
  void hang_branches();
  void number_places();
  void join_core();
  Step step(Place from, Place to, CoreStep core_step, std::span<const Departure> departures) const;
  WayToPlaces way(Place router, Place to, std::span<const Departure> departures) const;

  std::vector<Vertex> vertices_;  // subnets come first
  std::vector<Attachment> attachments_;
  std::vector<std::uint32_t> vertex_of_subnet_;
  std::vector<Place> place_of_subnet_;
  std::vector<Numbered> places_;
  // The core. Its vertices are in the order of vertices_, as the rule for ties wants it; so are its edges.
  Topology core_;
  std::vector<const Attachment*> core_edges_;
  std::vector<Place> core_places_;
  std::vector<VertexId> core_vertices_;  // by Place, of anchors
};

}  // namespace kamesim
