"""The same seed gives the same run, bit for bit, whatever else is made in the process."""

import kamesim as ks


def simulate(seed):
    """A run in which much is random: losses, jitter, Poisson traffic, DAD delays, autoconfiguration."""
    net = ks.Network(seed=seed, trace_hash=True)
    lan = net.lan("lan", jitter=0.001)
    router, far, near = net.router("router"), net.host("far"), net.host("near")
    lan.attach(router)
    lan.attach(near)
    net.link(router, far, delay=0.01, jitter=0.002, loss=0.05)
    net.shortest_path_routes()
    net.udp_flow(far, near, rate=200, pattern="poisson", start=8)
    near.ping(far, count=5)
    net.run(until=15)
    return net.trace_hash, net.flows[0].received, tuple(net.flows[0].delay[:50])


def test_the_same_seed_gives_the_same_trace_hash():
    first = simulate(7)
    others = [ks.Network(seed=seed) for seed in range(3)]
    for other in others:
        other.link(other.host("x"), other.host("y"))
        other.run(until=1)
    second = simulate(7)
    assert repr(first) == repr(second)
    assert len(first[0]) == 16


def test_different_seeds_differ():
    assert len({simulate(seed)[0] for seed in (1, 2, 3)}) == 3


def test_looking_does_not_change_a_run():
    def run(looking):
        net = ks.Network(seed=3, trace_hash=True, trace=looking)
        net.link(net.host("a"), net.host("b"), loss=0.2)
        net.run(until=3)
        net["a"].ping(net["b"], count=20, interval=0.1)
        if looking:
            net.every(0.05, lambda: (net["a"].addresses(), net["a"].drops, net.trace(), repr(net)))
        net.run(until=6)
        return net.trace_hash

    assert run(looking=True) == run(looking=False)
