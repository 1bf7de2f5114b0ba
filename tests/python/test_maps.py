"""Networks from maps and generators, and back."""

import pathlib

import networkx as nx
import pytest

import kamesim as ks

WIDE = pathlib.Path(__file__).absolute().parents[2] / "scenarios" / "data" / "WideJpn.gml"


def test_wides_network_of_2007():
    net = ks.Network.from_gml(WIDE, seed=3)
    assert (len(net.nodes), len(net.media)) == (30, 33)
    assert all(isinstance(node, ks.Router) for node in net.nodes)
    fujisawa, san_francisco = net["21"], net["29"]
    assert fujisawa.geo_position == pytest.approx((139.47, 35.34), abs=0.02)
    net.run(until=3)
    ping = fujisawa.ping(san_francisco, count=3)
    net.run(for_=5)
    shortest = nx.shortest_path_length(net.to_networkx(), "21", "29", weight="delay")
    assert min(ping.rtts) == pytest.approx(2 * shortest, rel=0.01)
    assert ping.received == 3


def test_maps_go_to_networkx_and_come_back():
    graph = nx.Graph()
    graph.add_node("x", kind="host", Longitude=139.0, Latitude=35.0)
    graph.add_edge("x", "y", delay=0.003, rate=5e6)
    graph.add_edge("y", "z", delay=0.004)
    net = ks.Network.from_networkx(graph, name="small")
    assert [type(net[name]) for name in "xyz"] == [ks.Host, ks.Router, ks.Router]
    assert (net["x-y"].delay, net["x-y"].rate, net["y-z"].rate) == (0.003, 5e6, None)
    again = net.to_networkx()
    assert again.edges["x", "y"]["delay"] == 0.003
    assert again.edges["x", "y"]["rate"] == 5e6
    assert (again.nodes["x"]["kind"], again.nodes["x"]["Longitude"]) == ("host", 139.0)
    assert again.name == "small"


def test_lans_are_nodes_of_a_map(net):
    lan = net.lan("lan", delay=0.002)
    for name in ("a", "b", "c"):
        lan.attach(net.router(name))
    graph = net.to_networkx()
    assert graph.nodes["lan"]["kind"] == "lan"
    assert nx.shortest_path_length(graph, "a", "c", weight="delay") == pytest.approx(0.002)


def test_graphml(tmp_path):
    path = tmp_path / "map.graphml"
    nx.write_graphml(nx.cycle_graph(5), path)
    net = ks.Network.from_graphml(path)
    assert len(net.nodes) == len(net.media) == 5


@pytest.mark.parametrize(
    ("graph", "nodes", "links"),
    [
        (ks.topology.line(5), 5, 4),
        (ks.topology.ring(5), 5, 5),
        (ks.topology.star(5), 5, 4),
        (ks.topology.tree(2, 3), 15, 14),
        (ks.topology.grid(3, 4), 12, 17),
        (ks.topology.barabasi_albert(20, 2), 20, 36),
        (ks.topology.fat_tree(4), 36, 48),
    ],
    ids=lambda value: value.name if isinstance(value, ks.topology.TopologyGraph) else str(value),
)
def test_generated_networks_connect_everyone(graph, nodes, links):
    net = ks.Network.from_topology(graph, seed=2)
    assert (len(net.nodes), len(net.media)) == (nodes, links)
    net.run(until=3)
    ping = net.nodes[0].ping(net.nodes[-1], count=2)
    net.run(for_=4)
    assert ping.received == 2


def test_a_waxman_graph_has_places_and_delays():
    graph = ks.topology.waxman(30, seed=4)
    assert graph.connected
    assert graph.to_networkx().edges == ks.topology.waxman(30, seed=4).to_networkx().edges
    assert graph.to_networkx().edges != ks.topology.waxman(30, seed=5).to_networkx().edges
    net = ks.Network.from_topology(graph)
    link = net.media[0]
    (ax, ay), (bx, by) = link.a.node.position, link.b.node.position
    metres = ((ax - bx) ** 2 + (ay - by) ** 2) ** 0.5
    assert link.delay == pytest.approx(metres / 1000 * 5e-6, abs=1e-8)


def test_the_hosts_of_a_fat_tree_are_hosts():
    net = ks.Network.from_topology(ks.topology.fat_tree(4))
    assert sum(isinstance(node, ks.Host) for node in net.nodes) == 16
    assert isinstance(net["pod0edge0host0"], ks.Host)
    assert isinstance(net["core0"], ks.Router)
