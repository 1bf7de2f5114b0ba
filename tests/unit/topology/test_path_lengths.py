"""Shortest paths over WIDE's network, with networkx as the oracle."""

import pathlib
import subprocess

import networkx as nx

HERE = pathlib.Path(__file__).absolute().parent
WIDE = HERE.parents[2] / "scenarios" / "data" / "WideJpn.gml"


def test_delays_and_hops_agree_with_networkx():
    graph = nx.Graph(nx.read_gml(WIDE, label="id"))
    for _, _, attributes in graph.edges(data=True):
        # The file's own length of the link, whatever its unit; the hop in the last place prefers fewer of them.
        attributes["delay"] = round(attributes["distance"] * 1e6)
        attributes["cost"] = attributes["delay"] * 1000 + 1
    edges = "".join(f"{a} {b} {delay}\n" for a, b, delay in graph.edges(data="delay"))
    answer = subprocess.run(
        [HERE / "path_lengths"], input=f"{len(graph)}\n{edges}", capture_output=True, text=True, check=True
    ).stdout

    found = {(int(a), int(b)): (int(delay), int(hops)) for a, b, delay, hops in map(str.split, answer.splitlines())}
    expected = {
        (a, b): divmod(cost, 1000)
        for a, costs in nx.all_pairs_dijkstra_path_length(graph, weight="cost")
        for b, cost in costs.items()
    }
    assert len(expected) == 30 * 30
    assert found == expected
