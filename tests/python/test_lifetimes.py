"""Nothing crashes, in whatever order things go, and nothing is kept alive for ever."""

import gc
import itertools
import subprocess
import sys
import weakref

import pytest

import kamesim as ks

KINDS = ["net", "host", "interface", "link", "lan", "flow", "ping", "tester", "capture", "cell", "results"]


def build(tmp_path):
    """One object of every kind, all of one network."""
    net = ks.Network(trace_hash=True)
    lan = net.lan("lan", "2001:db8:1::/64")
    router, host = net.router("router"), net.host("host", position=(0, 0))
    lan.attach(router)
    link = net.link(router, host)
    cell = net.cell("cell", (0, 0), lan=lan)
    host.roam()
    tester = lan.tester()
    capture = net.capture(tmp_path / "x.pcapng")
    flow = net.udp_flow(host, router, rate=100)
    ping = host.ping(router, count=100, interval=0.01)
    net.every(0.5, lambda: net.now)
    objects = dict(
        net=net, host=host, interface=link.a, link=link, lan=lan, flow=flow, ping=ping, tester=tester,
        capture=capture, cell=cell, results=net.results,
    )  # fmt: skip
    net.run(until=2)
    return objects


def use(kind, thing):
    """Does to an object what users do to it."""
    calls = {
        "net": lambda: (thing.run(for_=0.1), thing.nodes, thing.trace_hash),
        "host": lambda: (thing.addresses(), thing.routes, thing.drops, thing.trace, thing.neighbors()),
        "interface": lambda: (thing.addresses, thing.counters, thing.medium, thing.up),
        "link": lambda: (thing.configure(delay=0.2), thing.a, thing.up),
        "lan": lambda: (thing.nodes, thing.tester().send(bytes(60))),
        "flow": lambda: (thing.frame(), thing.stop()),
        "ping": lambda: (thing.rtts, thing.errors, thing.stop()),
        "tester": lambda: (thing.recv(timeout=0.1), thing.clear(), thing.close()),
        "capture": lambda: (thing.frames, thing.close()),
        "cell": lambda: (thing.interfaces, thing.signal((1, 1))),
        "results": lambda: (thing.flow_table(), thing.trace, thing.drops),
    }
    calls[kind]()
    repr(thing)


@pytest.mark.parametrize("kept", KINDS)
def test_any_object_keeps_what_it_needs(tmp_path, kept):
    thing = build(tmp_path)[kept]
    gc.collect()
    use(kept, thing)
    del thing
    gc.collect()


@pytest.mark.parametrize("order", itertools.islice(itertools.permutations(KINDS), 0, None, 3_600_000))
def test_objects_go_in_any_order(tmp_path, order):
    objects = build(tmp_path)
    for kind in order:
        use(kind, objects[kind])
        del objects[kind]
        gc.collect()


def test_a_network_is_freed_with_its_callables(tmp_path):
    objects = build(tmp_path)
    net = weakref.ref(objects["net"])
    core = weakref.ref(objects["net"]._scheduler)
    objects.clear()
    gc.collect()
    assert net() is None
    assert core() is None


def test_a_network_dropped_inside_its_own_callable():
    holder = [ks.Network()]
    holder[0].at(1, holder.clear)
    holder[0].run(until=2)
    gc.collect()
    assert not holder


def test_testers_and_captures_closed_inside_a_run(tmp_path):
    objects = build(tmp_path)
    net = objects["net"]
    net.at(2.5, objects["tester"].close)
    net.at(2.5, objects["capture"].close)
    net.at(2.6, objects["lan"].tester)
    net.run(until=3)
    assert objects["tester"].closed
    assert objects["capture"].closed


def test_the_interpreter_may_end_with_all_of_it_alive(tmp_path):
    script = f"""
import sys
sys.path[:0] = {sys.path!r}
import kamesim as ks
net = ks.Network()
net.link(net.host("a"), net.host("b"))
capture = net.capture({str(tmp_path / "x.pcapng")!r})
flow = net.udp_flow("a", "b", rate=10, destination_address="2001:db8::1")
net.every(1, print, "tick")
tester = net["a-b"].tester()
net.run(until=3)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["tick"] * 3
    assert done.stderr == ""
