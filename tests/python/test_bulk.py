"""Many nodes and links in one call, and what they occupy."""

import subprocess
import sys

import numpy as np
import pytest

import kamesim as ks


def one_by_one(**network):
    net = ks.Network(seed=3, trace_hash=True, **network)
    routers = [net.router(f"r{n}") for n in range(3)]
    hosts = [net.host(f"h{n}") for n in range(6)]
    for n in range(2):
        net.link(routers[n], routers[n + 1], delay=0.001 * (n + 1), name=f"trunk{n}")
    for n in range(6):
        net.link(routers[n // 2], hosts[n], delay=0.002, rate=1e6, name=f"line{n}")
    return net


def in_bulk(**network):
    net = ks.Network(seed=3, trace_hash=True, **network)
    routers, hosts = net.routers(3, "r"), net.hosts(6, "h")
    net.links(routers.numbers[:2], routers.numbers[1:], "trunk", delay=0.001 * np.arange(1, 3))
    net.links(np.arange(6) // 2, hosts, "line", delay=0.002, rate=1e6)
    return net


@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_network_runs_alike_however_it_was_made(threads):
    hashes = []
    for make in (one_by_one, in_bulk):
        net = make()
        # Of the pool's /64, numbered from 1, two are the trunks', then two each router's lines. Those with an even
        # number and the next one that lie the same way are one route: of r0 there are 2, 5, 6 with 7, 8; of r1 3, 4, 7,
        # 8; and of r2 1, 3, 4 with 5, 6; six hosts have a default route.
        assert net.shortest_path_routes() == 4 + 4 + 4 + 6
        net.run(until=3)
        ping = net.node("h0").ping("h5", count=3)
        net.run(until=10, threads=threads)
        assert ping.received == 3
        hashes.append(net.trace_hash)
    assert hashes[0] == hashes[1]


def test_lans_in_bulk_run_as_those_made_one_by_one():
    hashes = []
    for bulk in (False, True):
        net = ks.Network(seed=4, trace_hash=True)
        if bulk:
            routers, hosts, lans = net.routers(2, "r"), net.hosts(6, "h"), net.lans(2, delay=1e-4)
            net.attach(lans, [0, 1], routers, advertise={"max_interval": 10})
            net.attach(lans, np.arange(6) % 2, hosts)
        else:
            made = [net.router(f"r{n}") for n in range(2)], [net.host(f"h{n}") for n in range(6)]
            wires = [net.lan(f"lan{n}", delay=1e-4) for n in range(2)]
            for n in range(2):
                wires[n].attach(made[0][n], advertise={"max_interval": 10})
            for n in range(6):
                wires[n % 2].attach(made[1][n])
        net.run(until=20)
        assert net.node("h5").address.startswith("2001:db8:0:2:")
        assert net.node("r0").interface("eth0").advertising.max_interval == 10 * 10**9  # nanoseconds
        assert [node.name for node in net.medium("lan1").nodes] == ["r1", "h1", "h3", "h5"]
        hashes.append(net.trace_hash)
    assert hashes[0] == hashes[1]


def test_objects_are_made_when_they_are_asked_for():
    net = ks.Network(trace=False)
    hosts = net.hosts(1000)
    links = net.links(hosts.numbers[:-1], hosts.numbers[1:], delay=np.linspace(0.001, 0.002, 999), default_routes=True)
    assert len(net._nodes.made()) == len(net._media.made()) == 0
    assert hosts[17] is net.node("host17") is net["host17"]
    assert hosts[-1].name == "host999" and len(hosts[10:20]) == 10 and hosts[10:20][3].name == "host13"
    assert list(hosts[5:8].numbers) == [5, 6, 7] and hosts[5:7].names == ["host5", "host6"]
    link = links[500]
    assert link.name == "link500" and link.delay == pytest.approx(0.001 + 0.001 * 500 / 998)
    assert [node.name for node in link.nodes] == ["host500", "host501"]
    assert link.prefixes == ["2001:db8:0:1f5::/64"] and link.address_of("host501") == "2001:db8:0:1f5::2"
    assert [i.name for i in net.node("host500").interfaces] == ["eth0", "eth1"]
    assert list(net.node("host3").routes.query("prefix == '::/0'").next_hop) == ["2001:db8:0:3::1"]
    assert len(net._nodes.made()) == 6
    assert "host1000" not in net and "host007" not in net
    with pytest.raises(ks.UnknownName):
        net.node("host1000")
    net.link(hosts[0], hosts[2])
    assert [node.name for node in net.nodes][:3] == ["host0", "host1", "host2"]
    assert net.media[-1].prefixes == ["2001:db8:0:3e8::/64"]


def test_a_node_that_has_its_object_hears_of_new_interfaces():
    net = ks.Network()
    a, hosts = net.host("a"), net.hosts(2)
    net.links([0, 0], hosts)
    assert [i.name for i in a.interfaces] == ["eth0", "eth1"] and a.interface("eth1").medium is net.medium("link1")


def test_from_edges():
    net = ks.Network.from_edges([0, 1, 2], [1, 2, 3], hosts=[False, False, False, True], delay=[0.001, 0.002, 0.003],
                                routes=True, seed=2)  # fmt: skip
    assert isinstance(net.node("n3"), ks.Host) and isinstance(net.node("n2"), ks.Router)
    net.run(until=3)
    ping = net.node("n3").ping(net.medium("link0").address_of("n0"), count=2)
    net.run(until=6)
    assert ping.rtts[1] == pytest.approx(0.012, abs=2e-5)  # the first one waits for address resolution


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(a=[0, 1], b=[1]), "links: a has 2 nodes and b has 1"),
        (dict(a=[0, 1], b=[1, 1]), r"links: a\[1\] and b\[1\] are both 'host1'; a link joins two different nodes"),
        (dict(a=[0, 4], b=[1, 2]), r"links: a\[1\] is 4; .* from 0 to 3"),
        (dict(a=[0, -1], b=[1, 2]), r"links: a\[1\] is -1; .* from 0 to 3"),
        (dict(a=[0.5, 1], b=[1, 2]), "links: a is 'of type float64'; .* whole numbers"),
        (dict(a=[[0, 1]], b=[1, 2]), r"links: a is 'of shape \(1, 2\)'"),
        (dict(a=[0, 1], b=[1, 2], delay=[0.1, -0.5]), r"links: delay\[1\] is -0.5; .* from 0"),
        (dict(a=[0, 1], b=[1, 2], delay=[0.1, np.nan]), r"links: delay\[1\] is nan"),
        (dict(a=[0, 1], b=[1, 2], delay=[0.1]), r"links: delay is 'of shape \(1,\)'; .* column of 2"),
        (dict(a=[0, 1], b=[1, 2], delay=-1), "links: delay is -1"),
        (dict(a=[0, 1], b=[1, 2], mtu=[1500, 1279]), r"links: mtu\[1\] is 1279; .* from 1280"),
        (dict(a=[0, 1], b=[1, 2], mtu=[1500, 1500.5]), r"links: mtu\[1\] is 1500.5; .* a whole number"),
        (dict(a=[0, 1], b=[1, 2], loss=["x", "y"]), "links: loss is 'of type <U1'; .* numbers"),
        (dict(a=[0, 1], b=[1, 2], word="w7"), "links: word is 'w7'; .* does not end in a digit"),
        (dict(a=[0, 1], b=[1, 2], word="host"), "links: there is 'host0' already"),
    ],
)
def test_errors_say_which_and_what(arguments, message):
    net = ks.Network()
    net.hosts(4)
    with pytest.raises(ks.Error, match=message):
        net.links(**arguments)
    assert len(net.media) == 0 and all(not node.interfaces for node in net.nodes)


def test_names_are_taken_once():
    net = ks.Network()
    net.hosts(10, "h")
    with pytest.raises(ks.Error, match="'h5' already"):
        net.routers(10, "h", first=5)
    with pytest.raises(ks.Error, match="node of that name"):
        net.host("h9")
    net.routers(10, "h", first=10)
    assert isinstance(net.node("h10"), ks.Router) and net.node("h19") is net.nodes[-1]


# In a process of its own: in this one, what earlier networks left is used again.
GROWTH = f"""
import os
import sys
sys.path[:0] = {sys.path!r}
import numpy as np
import kamesim as ks

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")

net = ks.Network(trace=False)
net.hosts(10), net.links([0], [1])  # what is made once
known = net.memory().bytes.sum()  # imports what makes tables, which no host is to pay for
before = resident()
routers, hosts = net.routers(200), net.hosts(20000, "end")
net.links(np.repeat(routers.numbers, 100), hosts, "line", default_routes=True)
print(resident() - before, net.memory().bytes.sum() - known)
"""


def test_memory_tells_what_a_network_occupies():
    """Of the growth of resident memory at least 85 % has a name, and no more than all."""
    done = subprocess.run([sys.executable, "-c", GROWTH], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    grown, named = map(int, done.stdout.split())
    assert 0.85 * grown < named < 1.05 * grown


def test_memory_counts_objects():
    net = ks.Network(trace=False)
    routers, hosts = net.routers(5), net.hosts(500)
    net.links(np.repeat(routers.numbers, 100), hosts, default_routes=True)
    memory = net.memory().set_index(["kind", "part"])
    assert memory.loc[("host", "node"), "objects"] == 500 and memory.loc[("network", "links"), "objects"] == 500
    assert memory.loc[("router", "nics"), "objects"] == 500
    assert (memory.bytes >= 0).all()


def test_bytes_a_host_do_not_grow_with_their_number():
    each = []
    for count in (1000, 10_000):
        net = ks.Network(trace=False)
        routers, hosts = net.routers(count // 100), net.hosts(count)
        net.links(np.repeat(routers.numbers, 100), hosts, default_routes=True)
        net.run(until=5)
        each.append(net.memory().bytes.sum() / count)
    assert each[1] == pytest.approx(each[0], rel=0.1)
    assert each[1] < 3072


def test_a_scenario_file_has_no_room_for_them(tmp_path):
    net = ks.Network()
    net.hosts(2)
    with pytest.raises(ks.Error, match="'host0' and others were made in bulk"):
        net.save_scenario(tmp_path / "x.pb")


def test_a_capture_hears_what_is_made_in_bulk_later(tmp_path):
    net = ks.Network()
    with net.capture(tmp_path / "x.pcapng"):
        hosts = net.hosts(2)
        net.links(hosts[:1], hosts[1:])
        net.run(until=3)
    assert (tmp_path / "x.pcapng").stat().st_size > 500


@pytest.mark.parametrize("look", [False, True], ids=["untouched", "with-objects"])
def test_routes_lead_to_lans_made_in_bulk(look):
    tables = []
    for bulk in (False, True):
        net = ks.Network(seed=4)
        core = net.router("core")
        if bulk:
            routers, lans = net.routers(5, "r"), net.lans(5, delay=1e-4)
            net.links([0] * 5, routers, "up", delay=1e-3)
            net.attach(lans, np.arange(5), routers)
            net.attach(lans, np.arange(10) % 5, net.hosts(10, "h"))
            if look:
                assert lans[2].nodes[0].name == "r2"
        else:
            made = [net.router(f"r{n}") for n in range(5)]
            wires = [net.lan(f"lan{n}", delay=1e-4) for n in range(5)]
            for n in range(5):
                net.link(core, made[n], name=f"up{n}", delay=1e-3)
            for n in range(5):
                wires[n].attach(made[n])
            for n in range(10):
                wires[n % 5].attach(net.host(f"h{n}"))
        net.shortest_path_routes()
        if bulk and not look:
            assert [name for _, name in sorted((n, m.name) for n, m in net._media.made())] == []
        net.run(until=20)
        ping = net.node("h0").ping("h9", count=3)
        net.run(until=30)
        assert ping.received == 3
        tables.append([sorted(zip(net.node(name).routes.prefix, net.node(name).routes.next_hop)) for name in ("core", "r0", "r3")])
    assert tables[0] == tables[1]


def test_routes_that_were_joined_lead_nowhere_else():
    net = ks.Network(seed=1)
    near, far = net.router("near"), net.router("far")
    net.link(near, far, prefix="2001:db8:ffff::/64")
    for number in (0, 1, 2, 3, 5):
        net.lan(f"lan{number}", prefix=f"2001:db8:0:{number}::/64").attach(far)
    net.shortest_path_routes()
    given = near.routes.query("metric == 1").prefix
    assert sorted(given) == ["2001:db8:0:5::/64", "2001:db8::/62"]
