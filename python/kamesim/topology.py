"""Made-up network maps, for `Network.from_topology`.

    net = ks.Network.from_topology(ks.topology.grid(3, 4, delay=0.002))

Every link has the `delay` (seconds) and the `rate` (bits per second) given, except that a Waxman graph's delays follow
from its places.
"""

from __future__ import annotations

from typing import Any

from kamesim import _core, errors
from kamesim.topology_io import TopologyGraph, TopologyLink, TopologyNode

DEFAULT_DELAY = 0.001  # seconds
DEFAULT_RATE = 1e9  # bits per second
_MOST = 100_000_000


def line(n: int, *, delay: float = DEFAULT_DELAY, rate: float = DEFAULT_RATE) -> TopologyGraph:
    """n nodes in a row, n0 to n<n-1>."""
    what = "topology.line"
    return _graph("line", _core.generate_line(_count(what, "n", n, 1), _edge(what, delay, rate)))


def ring(n: int, *, delay: float = DEFAULT_DELAY, rate: float = DEFAULT_RATE) -> TopologyGraph:
    """n nodes, 3 or more, in a circle."""
    what = "topology.ring"
    return _graph("ring", _core.generate_ring(_count(what, "n", n, 3), _edge(what, delay, rate)))


def star(n: int, *, delay: float = DEFAULT_DELAY, rate: float = DEFAULT_RATE) -> TopologyGraph:
    """n nodes: n0 in the middle, the others around it."""
    what = "topology.star"
    return _graph("star", _core.generate_star(_count(what, "n", n, 1), _edge(what, delay, rate)))


def tree(arity: int, depth: int, *, delay: float = DEFAULT_DELAY, rate: float = DEFAULT_RATE) -> TopologyGraph:
    """A root, n0, and `depth` levels below it, each node with `arity` children."""
    what = "topology.tree"
    counts = _count(what, "arity", arity, 1), _count(what, "depth", depth, 0)
    return _graph("tree", _core.generate_tree(*counts, _edge(what, delay, rate)))


def grid(rows: int, cols: int, *, delay: float = DEFAULT_DELAY, rate: float = DEFAULT_RATE) -> TopologyGraph:
    """rows x cols nodes; "r2c3" is in the third row and fourth column."""
    what = "topology.grid"
    counts = _count(what, "rows", rows, 1), _count(what, "cols", cols, 1)
    return _graph("grid", _core.generate_grid(*counts, _edge(what, delay, rate)))


def waxman(
    n: int, *, alpha: float = 0.15, beta: float = 0.2, seed: int = 1, rate: float = DEFAULT_RATE
) -> TopologyGraph:
    """Waxman's random graph: n nodes at random places in a square of 1000 km, always connected.

    Two nodes at distance d are joined with probability alpha * exp(-d / (beta * L)), where L is the square's
    diagonal. Delays are 5 us/km. seed: of the draw.
    """
    what = "topology.waxman"
    return _graph(
        "waxman",
        _core.generate_waxman(
            _count(what, "n", n, 1),
            errors.number(what, "alpha", alpha, "", above=0, maximum=1),
            errors.number(what, "beta", beta, "", above=0, maximum=1),
            _seed(what, seed),
            _edge(what, DEFAULT_DELAY, rate),
        ),
    )


def barabasi_albert(
    n: int, m: int = 2, *, seed: int = 1, delay: float = DEFAULT_DELAY, rate: float = DEFAULT_RATE
) -> TopologyGraph:
    """Barabasi and Albert's random graph of n nodes: each new one is joined to m others, preferably to hubs."""
    what = "topology.barabasi_albert"
    counts = _count(what, "n", n, 2), _count(what, "m", m, 1)
    draw = _seed(what, seed), _edge(what, delay, rate)
    return _graph("barabasi_albert", _core.generate_barabasi_albert(*counts, *draw))


def fat_tree(k: int, *, delay: float = DEFAULT_DELAY, rate: float = DEFAULT_RATE) -> TopologyGraph:
    """The fat tree of k-port switches, k even; its "pod0edge0host0" become hosts, the others routers."""
    what = "topology.fat_tree"
    graph = _graph("fat_tree", _core.generate_fat_tree(_count(what, "k", k, 2), _edge(what, delay, rate)))
    for node in graph.nodes:
        if "host" in node.name:
            node.attributes["kind"] = "host"
    return graph


def _count(what: str, parameter: str, value: Any, minimum: int) -> int:
    return errors.integer(what, parameter, value, "", minimum=minimum, maximum=_MOST)


def _seed(what: str, value: Any) -> int:
    return errors.integer(what, "seed", value, "", minimum=0, maximum=2**64 - 1)


def _edge(what: str, delay: Any, rate: Any) -> _core.TopologyEdge:
    rate_bps = round(errors.number(what, "rate", rate, "bits per second", minimum=1, maximum=1e18))
    return _core.TopologyEdge(errors.nanoseconds(what, "delay", delay), rate_bps, 0.0)


def _graph(
    name: str,
    lists: tuple[list[tuple[str, tuple[float, float] | None]], list[tuple[int, int, int, int, float]]],
) -> TopologyGraph:
    vertices, edges = lists
    nodes = [TopologyNode(label) for label, _ in vertices]
    for node, (_, place) in zip(nodes, vertices):
        if place is not None:
            node.attributes["position"] = place
    links = [
        TopologyLink(vertices[a][0], vertices[b][0], delay_ns / 1e9, float(rate_bps))
        for a, b, delay_ns, rate_bps, _ in edges
    ]
    return TopologyGraph(name, nodes, links)
