"""Runs on several threads: the same frames at the same times as on one, for ten different networks."""

import random
import sys
from pathlib import Path

import pytest

import kamesim as ks
from kamesim import topology

SCENARIOS = Path(__file__).absolute().parents[2] / "scenarios"
sys.path.insert(0, str(SCENARIOS))

import mip6_handoff  # noqa: E402

THREADS = [1, 2, 3, 8]


def random_flows(net, nodes, count, *, seed=1, **settings):
    """Flows between nodes drawn at random."""
    draw = random.Random(seed)
    for _ in range(count):
        source, destination = draw.sample(nodes, 2)
        net.udp_flow(source, destination, start=5.0, stop=6.0, **settings)


def on_map(graph, flows=10, **settings):
    net = ks.Network.from_topology(graph, seed=3, trace_hash=True)
    random_flows(net, net.nodes, flows, rate=200, **settings)
    net.run(until=1)
    return net, 6.5


def line():
    return on_map(topology.line(12))


def ring_with_losses():
    net, end = on_map(topology.ring(10), pattern="poisson")
    for n, medium in enumerate(net.media):
        medium.configure(loss=0.05, jitter=0.001, delay=0.0005 * (n + 1), queue=5, rate=2e6)
    return net, end


def star():
    return on_map(topology.star(9), size=1200)


def grid():
    return on_map(topology.grid(5, 6), flows=25)


def waxman():
    return on_map(topology.waxman(25, seed=4), flows=25)


def fat_tree():
    return on_map(topology.fat_tree(4), flows=20)


def wide():
    net = ks.Network.from_gml(SCENARIOS / "data" / "WideJpn.gml", seed=2, trace_hash=True)
    random_flows(net, net.nodes, 20, rate=100)
    return net, 6.5


def lans_with_autoconfigured_hosts():
    net = ks.Network(seed=5, trace_hash=True)
    routers = [net.router(f"r{n}") for n in range(4)]
    for n, router in enumerate(routers):
        lan = net.lan(f"lan{n}")
        lan.attach(router)
        for h in range(4):
            lan.attach(net.host(f"h{n}{h}"))
        net.link(router, routers[(n + 1) % 4], delay=0.003)
    net.shortest_path_routes()
    random_flows(net, [node for node in net.nodes if isinstance(node, ks.Host)], 12, rate=100)
    return net, 6.5


def changes_while_it_runs():
    net, end = on_map(topology.grid(3, 4))
    net.at(5.2, lambda: net.media[3].configure(delay=0.010))
    net.at(5.3, lambda: setattr(net.media[7], "up", False))
    net.at(5.5, lambda: setattr(net.media[7], "up", True))

    def extend():
        net.link(net.nodes[0], net.nodes[-1], delay=0.002)
        net.shortest_path_routes()

    net.at(5.4, extend)
    for k in range(10):
        net.at(5.0 + k / 10, net.nodes[k].ping, net.nodes[11 - k], count=3, interval=0.05)
    return net, end


def mobile_ipv6():
    experiment = mip6_handoff.build(mip6_handoff.parse(["--speed", "60", "--seed", "7"]))
    return experiment.net, experiment.end


NETWORKS = [
    line, ring_with_losses, star, grid, waxman, fat_tree, wide, lans_with_autoconfigured_hosts,
    changes_while_it_runs, mobile_ipv6,
]  # fmt: skip


@pytest.mark.parametrize("scene", NETWORKS, ids=lambda scene: scene.__name__)
def test_the_trace_is_the_same_for_any_number_of_threads(scene):
    hashes = {}
    for threads in THREADS:
        net, end = scene()
        net.run(until=end, threads=threads)
        hashes[threads] = (net.trace_hash, net.now)
        assert sum(flow.received for flow in net.results.flows.values()) > 0
    assert len(set(hashes.values())) == 1, hashes


def test_captures_and_ladders_are_the_same(tmp_path):
    files, messages = [], []
    for threads in (1, 2, 8):
        experiment = mip6_handoff.build(mip6_handoff.parse(["--speed", "100"]))
        path = tmp_path / f"{threads}.pcapng"
        with experiment.net.capture(path):
            experiment.net.run(until=14, threads=threads)
        files.append(path.read_bytes())
        messages.append(repr(experiment.signalling.sightings))
    assert len(files[0]) > 100_000
    assert files[0] == files[1] == files[2]
    assert len(messages[0]) > 1000
    assert messages[0] == messages[1] == messages[2]


def test_runs_of_one_and_of_several_threads_follow_each_other():
    one, end = grid()
    one.run(until=end)
    mixed, _ = grid()
    for until, threads in ((5.001, 2), (5.3, 1), (5.31, 8), (5.9, 3), (end, 1)):
        mixed.run(until=until, threads=threads)
    assert mixed.trace_hash == one.trace_hash


def test_an_exception_in_a_callable_passes_through():
    net, end = grid()

    def trip():
        raise RuntimeError("tripped")

    net.at(5.5, trip)
    with pytest.raises(RuntimeError, match="tripped"):
        net.run(until=end, threads=2)
    assert net.now == 5.5


@pytest.mark.parametrize("threads", [0, -1, 1.5, 1000, "two"])
def test_a_wrong_number_of_threads_is_refused(threads):
    net, end = line()
    with pytest.raises(ks.Error, match="run: threads is .*; it must be a whole number from 1 to 256"):
        net.run(until=end, threads=threads)
