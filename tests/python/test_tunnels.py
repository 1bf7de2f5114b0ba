"""Tunnels as scripts make them: IPv6 and IPv4 inside IPv6 and IPv4 (RFC 2473, 4213, 2003), between two sites."""

import pytest
from tshark_check import assert_clean, fields

import kamesim as ks

CORES = {
    6: ("2001:db8:c:1::1", "2001:db8:c:2::1", "2001:db8:c:1::f", "2001:db8:c:2::f", 64, "::/0"),
    4: ("192.0.2.1", "198.51.100.1", "192.0.2.254", "198.51.100.254", 24, "0.0.0.0/0"),
}


class Sites:
    """a - gateway - core router - gateway - b; the core knows the gateways only."""

    def __init__(self, outer, **link):
        self.net = net = ks.Network(seed=5)
        self.a, self.b = net.host("a"), net.host("b")
        self.left, self.core, self.right = net.router("left"), net.router("core"), net.router("right")
        inside = [net.lan("inside.a", prefix="2001:db8:a::/64"), net.lan("inside.b", prefix="2001:db8:b::/64")]
        for lan, host, gateway in zip(inside, (self.a, self.b), (self.left, self.right)):
            lan.attach(gateway)
            lan.attach(host)
        self.links = [net.link(self.left, self.core, prefix=False), net.link(self.core, self.right, prefix=False, **link)]
        one, two, via_one, via_two, length, default = CORES[outer]
        self.ends = one, two
        self.left.add_address(f"{one}/{length}", interface="eth1", dad=False)
        self.core.add_address(f"{via_one}/{length}", interface="eth0", dad=False)
        self.core.add_address(f"{via_two}/{length}", interface="eth1", dad=False)
        self.right.add_address(f"{two}/{length}", interface="eth1", dad=False)
        self.left.add_route(default, via=via_one, interface="eth1")
        self.right.add_route(default, via=via_two, interface="eth1")
        for host, gateway, ipv4 in ((self.a, self.left, "10.1.0"), (self.b, self.right, "10.2.0")):
            host.add_address(f"{ipv4}.1/24")
            gateway.add_address(f"{ipv4}.254/24", interface="eth0")
            host.add_route("0.0.0.0/0", via=f"{ipv4}.254")

    def tunnel(self, **parameters):
        one, two = self.ends
        there = self.left.add_tunnel("tun0", local=one, remote=two, **parameters)
        back = self.right.add_tunnel("tun0", local=two, remote=one, **parameters)
        self.left.add_route("2001:db8:b::/64", interface=there)
        self.left.add_route("10.2.0.0/24", interface=there)
        self.right.add_route("2001:db8:a::/64", interface=back)
        self.right.add_route("10.1.0.0/24", interface=back)
        return there, back


@pytest.mark.parametrize("outer", [6, 4])
@pytest.mark.parametrize("inner", [6, 4])
def test_every_version_inside_every_other(tmp_path, outer, inner):
    """RFC 2473 section 3, RFC 4213 section 3, RFC 2003."""
    sites = Sites(outer)
    sites.tunnel()
    net = sites.net
    net.run(for_=6)
    to = sites.b.address if inner == 6 else "10.2.0.1"
    with net.capture(tmp_path / "core.pcapng", [sites.core.interface("eth0")]):
        ping = sites.a.ping(to, count=3, interval=0.1)
        tcp = net.tcp_flow(sites.a, sites.b, destination_address=to, size=100_000)
        net.run(for_=3)
    assert ping.received == 3
    assert tcp.received == 100_000
    assert_clean(tmp_path / "core.pcapng")
    layers = {row[0] for row in fields(tmp_path / "core.pcapng", "frame.protocols", display_filter="tcp")}
    wire = {6: "ipv6", 4: "ip"}
    assert all(f":{wire[outer]}:" in f"{p}:" and f":{wire[inner]}:tcp" in p for p in layers), layers


def test_the_path_mtu_is_found_out_through_a_tunnel_over_ipv4():
    """RFC 4213 section 3.2.2: tunnel packets of more than 1280 must not be cut, and their MTU is heard of."""
    sites = Sites(4, mtu=1400)
    there, _ = sites.tunnel()
    sites.net.run(for_=6)
    assert there.mtu == 1480
    tcp = sites.net.tcp_flow(sites.a, sites.b, size=100_000)
    sites.net.run(for_=3)
    assert tcp.received == 100_000
    assert there.mtu == 1380


def test_what_ipv6_cannot_shorten_is_cut_over_ipv4():
    """RFC 4213 section 3.2.2: packets of up to 1280 go without Don't Fragment."""
    sites = Sites(4, mtu=1280)
    sites.tunnel()
    sites.net.run(for_=6)
    ping = sites.a.ping(sites.b.address, size=1280 - 48, count=2)
    sites.net.run(for_=4)
    assert ping.received == 2


def test_a_tunnel_in_a_tunnel_takes_less():
    """RFC 2473 section 6.7."""
    sites = Sites(6)
    there, back = sites.tunnel()
    there.add_address("2001:db8:9::1/64")
    back.add_address("2001:db8:9::2/64")
    inner = sites.left.add_tunnel("tun1", local="2001:db8:9::1", remote="2001:db8:9::2", encapsulation_limit=None)
    again = sites.right.add_tunnel("tun1", local="2001:db8:9::2", remote="2001:db8:9::1", encapsulation_limit=None)
    inner.add_address("fd00::1/64")
    again.add_address("fd00::2/64")
    sites.net.run(for_=6)
    assert (there.mtu, inner.mtu) == (1500 - 48, 1500 - 48 - 40)
    ping = sites.left.ping("fd00::2", count=2)
    sites.net.run(for_=3)
    assert ping.received == 2


def test_a_tunnel_through_itself_ends():
    """RFC 2473 section 4.1: the node drops and counts, and does not run for ever."""
    sites = Sites(6)
    there, _ = sites.tunnel()
    sites.left.add_route(f"{sites.ends[1]}/128", interface=there)
    sites.net.run(for_=6)
    sites.a.ping(sites.b.address, count=3)
    sites.net.run(for_=4)
    assert sites.left.drops["tunnel.loopback_encapsulation"] == 3


def test_a_ring_of_tunnels_ends():
    """RFC 2473 section 4.1.3: two tunnels that lead into each other."""
    net = ks.Network(seed=1)
    node = net.router("r")
    net.lan("lan").attach(node)
    one = node.add_tunnel(local="2001:db8:1::1", remote="2001:db8:2::1")
    two = node.add_tunnel(local="2001:db8:1::1", remote="2001:db8:3::1")
    node.add_route("2001:db8:2::/48", interface=two)
    node.add_route("2001:db8:3::/48", interface=one)
    net.run(for_=3)
    node.ping("2001:db8:2::1", count=1)
    net.run(for_=3)
    assert node.drops["tunnel.nesting"] == 1


def test_a_reboot_keeps_tunnels():
    sites = Sites(6)
    there, _ = sites.tunnel(hop_limit=9, traffic_class="inherit", encapsulation_limit=None)
    there.add_address("2001:db8:9::1/64")
    before = (there.local, there.remote, there.parameters, there.addresses)
    sites.left.reboot()
    sites.net.run(for_=6)
    assert (there.local, there.remote, there.parameters, there.addresses) == before
    ping = sites.a.ping(sites.b.address, count=1)
    sites.net.run(for_=2)
    assert ping.received == 1


def test_scenario_files_keep_tunnels(tmp_path):
    sites = Sites(4)
    there, _ = sites.tunnel(hop_limit=9, mtu=1300, ecn="compatibility", dscp="uniform", neighbor="fe80::9")
    there.add_address("10.9.0.1/30")
    there.up = False
    sites.net.save_scenario(tmp_path / "tunnels.pb")
    again = ks.Network.load_scenario(tmp_path / "tunnels.pb").node("left").tunnel("tun0")
    assert (again.local, again.remote, again.up) == (there.local, there.remote, False)
    assert again.parameters == there.parameters
    assert again.addresses[-1] == "10.9.0.1"
    assert "tun0" in set(again.node.routes["interface"])


def watched(sites):
    """A tunnel each way, whose ends ask each other whether they are there."""
    there, back = sites.tunnel()
    there.configure(neighbor=back.link_local)
    back.configure(neighbor=there.link_local)
    return there, back


@pytest.mark.parametrize("outer", [6, 4])
def test_ends_that_ask_each_other_stay_reachable(outer):  # RFC 4213 section 3.8
    sites = Sites(outer)
    there, back = watched(sites)
    sites.net.run(for_=6)
    ping = sites.a.ping(sites.b.address, count=200, interval=1.0)
    sites.net.run(for_=210)
    assert ping.received == 200
    assert there.reachable and back.reachable


@pytest.mark.parametrize("outer", [6, 4])
def test_a_silent_end_loses_its_routes_until_it_answers(outer):
    sites = Sites(outer)
    there, back = watched(sites)
    sites.net.run(for_=6)
    routes = lambda: set(sites.left.routes.query("interface == 'tun0' and origin == 'static'")["prefix"])
    assert routes() == {"2001:db8:b::/64", "10.2.0.0/24"}
    back.up = False
    sites.a.ping(sites.b.address, count=3, interval=1.0)
    sites.net.run(for_=20)
    assert not there.reachable and routes() == set()
    assert list(sites.left.trace.query("kind == 'nd.neighbor_unreachable'")["neighbor"]) == [back.link_local]
    sites.left.reboot()  # keeps them all the same
    assert there.reachable and routes() == {"2001:db8:b::/64", "10.2.0.0/24"}
    sites.a.ping(sites.b.address, count=3, interval=1.0)
    sites.net.run(for_=20)
    assert not there.reachable and routes() == set()
    back.up = True
    sites.net.run(for_=61)
    assert there.reachable and routes() == {"2001:db8:b::/64", "10.2.0.0/24"}


def test_routes_of_a_silent_end_are_back_when_nobody_watches_it_any_more():
    sites = Sites(6)
    there, back = watched(sites)
    sites.net.run(for_=6)
    back.up = False
    sites.a.ping(sites.b.address, count=3, interval=1.0)
    sites.net.run(for_=20)
    assert not there.reachable
    there.configure(neighbor=None)
    assert there.reachable
    assert "2001:db8:b::/64" in set(sites.left.routes["prefix"])


def test_counters_of_what_is_carried():
    sites = Sites(6)
    there, back = sites.tunnel()
    sites.net.run(for_=6)
    before = there.counters
    sites.a.ping(sites.b.address, count=3, size=100, interval=0.1)
    sites.net.run(for_=2)
    gone = {name: count - before[name] for name, count in there.counters.items()}
    assert (gone["sent_packets"], gone["sent_bytes"]) == (3, 3 * 148)
    assert (gone["received_packets"], gone["received_bytes"]) == (3, 3 * 148)
    assert gone["errors_relayed"] == gone["ecn_alarms"] == 0
    back.remove()
    sites.a.ping(sites.b.address, count=1)
    sites.net.run(for_=2)
    assert there.counters["sent_packets"] == before["sent_packets"] + 4
    assert sites.right.drops["ip6.unrecognized_next_header"] == 1  # it has no tunnel any more


def test_end_points_move():
    sites = Sites(6)
    there, back = sites.tunnel()
    sites.right.add_address("2001:db8:c:2::2/64", interface="eth1", dad=False)
    there.move(remote="2001:db8:c:2::2")
    sites.net.run(for_=6)
    lost = sites.a.ping(sites.b.address, count=1)
    sites.net.run(for_=2)
    assert lost.received == 0
    assert sites.right.drops["tunnel.unknown_peer"] == 1
    back.move(local="2001:db8:c:2::2")
    ping = sites.a.ping(sites.b.address, count=1)
    sites.net.run(for_=2)
    assert ping.received == 1


def test_a_tunnel_goes_with_its_routes():
    sites = Sites(6)
    there, _ = sites.tunnel()
    there.configure(hop_limit=3)
    assert there.parameters["hop_limit"] == 3
    there.remove()
    assert "tun0" not in set(sites.left.routes["interface"])
    assert sites.left.tunnels == []
    with pytest.raises(ks.Error, match="no tunnel 'tun0'"):
        _ = there.mtu


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"local": "2001:db8::1", "remote": "192.0.2.1"}, "same IP version"),
        ({"local": "2001:db8::1", "remote": "2001:db8::1"}, "loop"),
        ({"local": "fe80::1", "remote": "2001:db8::1"}, "local is 'fe80::1'"),
        ({"local": "2001:db8::1", "remote": "ff02::1"}, "remote is 'ff02::1'"),
        ({"hop_limit": 0}, "hop_limit is 0"),
        ({"hop_limit": 256}, "hop_limit is 256"),
        ({"traffic_class": "copy"}, "inherit"),
        ({"encapsulation_limit": 256}, "encapsulation_limit is 256"),
        ({"mtu": 1279}, "mtu is 1279"),
        ({"ecn": "full"}, "'normal' or 'compatibility'"),
        ({"dscp": "hose"}, "'pipe' or 'uniform'"),
        ({"neighbor": "ff02::1"}, "neighbor is 'ff02::1'"),
        ({"neighbor": "192.0.2.1"}, "neighbor is '192.0.2.1'"),
        ({"name": "eth0"}, "an interface named 'eth0' already"),
    ],
)
def test_tunnels_that_cannot_be(parameters, message):
    net = ks.Network()
    node = net.host("h")
    net.lan("lan").attach(node)
    with pytest.raises(ks.Error, match=message):
        node.add_tunnel(**{"local": "2001:db8::1", "remote": "2001:db8::2", **parameters})
    assert node.tunnels == []
