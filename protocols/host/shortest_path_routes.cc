#include "protocols/host/shortest_path_routes.h"

#include <unordered_map>

#include "protocols/ip6/stack.h"
#include "sim/topology/shortest_paths.h"
#include "sim/topology/topology.h"

namespace kamesim {

namespace {

constexpr std::uint32_t kMetric = 1;  // behind routes that the user gave

// Every subnet and every router is a vertex (as networks are in OSPF), every attachment an edge. The subnets come
// first, so that the vertex of one has its number.
class SubnetGraph {
 public:
  explicit SubnetGraph(std::span<const Subnet> subnets) : subnets_(subnets) {
    for (std::size_t i = 0; i < subnets.size(); ++i) topology_.add_vertex({.name = {}, .place = {}});
    for (VertexId subnet = 0; subnet < subnets.size(); ++subnet) {
      for (EthernetInterface* interface : subnets[subnet].routers) attach(*interface, subnet);
    }
  }

  const std::vector<Ip6Stack*>& routers() const { return routers_; }

  // The routes of all routers to the prefixes of one subnet.
  std::size_t install(VertexId subnet) const {
    if (subnets_[subnet].prefixes.empty()) return 0;
    const DestinationTree tree = shortest_paths_from(topology_, subnet);
    std::size_t installed = 0;
    for (std::size_t i = 0; i < routers_.size(); ++i) {
      const auto router = static_cast<VertexId>(subnets_.size() + i);
      const VertexId by = tree.next_hop[router];
      if (by == kNoVertex || by == subnet) continue;  // out of reach; on the link
      for (const Ipv6Prefix& prefix : subnets_[subnet].prefixes) {
        routers_[i]->routes().add({.prefix = prefix,
                                   .interface = attachments_[tree.next_edge[router]],
                                   .next_hop = next_hop_address(*attachments_[tree.next_edge[by]]),
                                   .origin = RouteOrigin::Daemon,
                                   .metric = kMetric});
        ++installed;
      }
    }
    return installed;
  }

  // The address by which neighbours know a router: its link-local one (RFC 4861 §8: redirects want that too).
  static Ipv6Address next_hop_address(const EthernetInterface& interface) {
    for (const auto& a : interface.addresses()) {
      if (a->address.is_link_local()) return a->address;
    }
    return with_interface_id(kLinkLocalPrefix, InterfaceId::eui64(interface.nic()->mac()));
  }

 private:
  void attach(EthernetInterface& interface, VertexId subnet) {
    const auto [it, is_new] = vertices_.try_emplace(&interface.stack(), topology_.vertex_count());
    if (is_new) {
      topology_.add_vertex({.name = {}, .place = {}});
      routers_.push_back(&interface.stack());
    }
    // A path goes into a subnet and out of it: all delays count double.
    topology_.add_edge(it->second, subnet, {.delay = subnets_[subnet].delay});
    attachments_.push_back(&interface);
  }

  std::span<const Subnet> subnets_;
  Topology topology_;
  std::unordered_map<const Ip6Stack*, VertexId> vertices_;
  std::vector<Ip6Stack*> routers_;              // by vertex, less the number of subnets
  std::vector<EthernetInterface*> attachments_;  // by edge
};

void forget_routes(Ip6Stack& stack) {
  stack.routes().remove_if([](const Route& r) { return r.origin == RouteOrigin::Daemon; });
}

}  // namespace

std::size_t install_shortest_path_routes(std::span<const Subnet> subnets) {
  const SubnetGraph graph(subnets);
  std::size_t installed = 0;
  for (Ip6Stack* router : graph.routers()) forget_routes(*router);
  for (VertexId subnet = 0; subnet < subnets.size(); ++subnet) installed += graph.install(subnet);

  for (const Subnet& subnet : subnets) {
    for (const EthernetInterface* host : subnet.default_hosts) forget_routes(host->stack());
  }
  for (const Subnet& subnet : subnets) {
    if (subnet.routers.empty()) continue;
    for (EthernetInterface* host : subnet.default_hosts) {
      host->stack().routes().add({.prefix = {},
                                  .interface = host,
                                  .next_hop = SubnetGraph::next_hop_address(*subnet.routers.front()),
                                  .origin = RouteOrigin::Daemon,
                                  .metric = kMetric});
      ++installed;
    }
  }
  return installed;
}

}  // namespace kamesim
