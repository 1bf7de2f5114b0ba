"""Networks from network maps, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from kamesim import errors, topology_io
from kamesim.media import Link
from kamesim.topology_io import GeoPosition, TopologyGraph, TopologyLink, TopologyNode
from kamesim.traffic import Traffic

if TYPE_CHECKING:
    import networkx as nx

    from kamesim.network import Network

T = TypeVar("T")


class Maps(Traffic):
    """The part of `Network` that reads and writes network maps."""

    @classmethod
    def from_topology(cls, graph: TopologyGraph, *, routes: bool = True, **network: Any) -> Network:
        """A network with a node for each of the map's nodes and a point-to-point link for each of its links.

        Nodes are routers, unless the map says kind="host" of them. routes: whether to fill the routing tables with
        shortest paths. network: for `Network`: seed, name, prefix_pool, ...
        """
        from kamesim.network import Network

        if not isinstance(graph, TopologyGraph):
            errors.fail("from_topology", "graph", graph, "a map, such as topology.grid(3, 4)")
        network.setdefault("name", graph.name)
        net = Network(**network)
        for node in graph.nodes:
            made = net.host(node.name) if node.attributes.get("kind") == "host" else net.router(node.name)
            if "position" in node.attributes:
                made.position = node.attributes["position"]
            if node.position is not None:
                made.geo_position = (node.position.longitude, node.position.latitude)
        for link in graph.links:
            net.link(link.a, link.b, delay=link.delay, rate=link.rate)
        if routes:
            net.shortest_path_routes()
        return net

    @classmethod
    def from_networkx(cls, graph: nx.Graph, *, routes: bool = True, **network: Any) -> Network:
        """A network like a networkx graph: see `from_topology`.

        Edges may have `delay` (seconds) and `rate` (bits per second), nodes `Longitude` and `Latitude` (degrees),
        which give delays at 5 us/km where there is none, and `kind` ("router" or "host").
        """
        return cls.from_topology(_read(lambda: topology_io.from_networkx(graph)), routes=routes, **network)

    @classmethod
    def from_gml(cls, path: errors.PathLike, *, routes: bool = True, **network: Any) -> Network:
        """A network like a GML file, for example one of the Internet Topology Zoo: see `from_networkx`."""
        return cls.from_topology(_read(lambda: topology_io.read_gml(path)), routes=routes, **network)

    @classmethod
    def from_graphml(cls, path: errors.PathLike, *, routes: bool = True, **network: Any) -> Network:
        """A network like a GraphML file: see `from_networkx`."""
        return cls.from_topology(_read(lambda: topology_io.read_graphml(path)), routes=routes, **network)

    def topology(self) -> TopologyGraph:
        """The map of its nodes and links. A LAN or cell is a node of the map too, with kind="lan"."""
        nodes = []
        for node in self.nodes:
            attributes: dict[str, Any] = {"kind": "router" if node.is_router else "host"}
            if node.position is not None:
                attributes["position"] = node.position
            geo = None if node.geo_position is None else GeoPosition(*node.geo_position)
            nodes.append(TopologyNode(node.name, geo, attributes))
        links = []
        for medium in self.media:
            names = [node.name for node in medium.nodes]
            if isinstance(medium, Link):
                if len(names) == 2:
                    links.append(TopologyLink(names[0], names[1], medium.delay, medium.rate, {"name": medium.name}))
                continue
            nodes.append(TopologyNode(medium.name, None, {"kind": "lan"}))
            for name in dict.fromkeys(names):
                links.append(TopologyLink(name, medium.name, medium.delay / 2, medium.rate, {"name": medium.name}))
        return TopologyGraph(self.name, nodes, links)

    def to_networkx(self) -> nx.Graph:
        """The map as a networkx graph: see `topology`."""
        return self.topology().to_networkx()


def _read(read: Callable[[], T]) -> T:
    """What a reader of maps gives; its errors as those of kamesim."""
    try:
        return read()
    except topology_io.TopologyError as error:
        raise errors.Error(str(error)) from None
