"""Mobile routers (RFC 3963) as a user makes them, and the bus."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest

import kamesim as ks

sys.path.insert(0, str(Path(__file__).absolute().parents[2] / "scenarios"))

import nemo_bus  # noqa: E402
import nemo_handoff  # noqa: E402
import tshark_check  # noqa: E402

HOME, NETWORK = "2001:db8:1::200", "2001:db8:a::/64"
FAST = {"min_interval": 0.3, "max_interval": 0.7}


class World:
    """A core with a correspondent, a home agent and two visited LANs, all of routers, and a mobile router at home."""

    def __init__(self, *, networks=None, **role) -> None:
        self.net = net = ks.Network(seed=3, trace_drops=True)
        self.core, self.agent, self.peer = net.router("core"), net.router("ha"), net.host("cn")
        net.link(self.core, self.agent, delay=0.01)
        net.link(self.core, self.peer, delay=0.01)
        self.home = net.lan("home", "2001:db8:1::/64")
        self.home.attach(self.agent, advertise={"home_agent": True, "router_address": True, **FAST})
        self.lans = [net.lan(f"visited{i}", f"2001:db8:{i + 2}::/64") for i in range(2)]
        for i, lan in enumerate(self.lans):
            router = net.router(f"ar{i}")
            net.link(self.core, router, delay=0.01)
            lan.attach(router, advertise=FAST)
        self.agent.enable(ks.HomeAgent(interface="home", mobile_networks=networks or {HOME: [NETWORK]}))
        fields = {"home_address": HOME, "home_agent": self.home.address_of(self.agent), "prefixes": NETWORK}
        self.router = net.mobile_router("mr", **{**fields, **role})
        self.inside = self.router.interface("ingress").medium
        self.insider = net.host("lfn")
        self.inside.attach(self.insider)
        net.shortest_path_routes()
        self.router.move(self.home)
        net.run(until=10)

    def reaches(self, source=None, destination=None, seconds=3.0) -> bool:
        """Whether an echo comes back, from the correspondent to the node in the mobile network if none is named."""
        source = source or self.peer
        ping = source.ping(destination or self.address(self.insider), count=2, interval=1.0)
        self.net.run(for_=seconds)
        return ping.received == 2

    def address(self, node) -> str:
        return next(a for a in node.interfaces[0].addresses if not a.startswith("fe80"))

    def move(self, lan, seconds=5.0) -> None:
        self.router.move(lan)
        self.net.run(for_=seconds)


@pytest.mark.parametrize("mode", ["implicit", "explicit"])
def test_a_mobile_network_is_reached_wherever_it_is(mode):
    world = World(mode=mode)
    assert world.router.mobile_ip.location == "home" and world.reaches()
    for lan in [*world.lans, world.lans[0]]:
        world.move(lan)
        assert world.router.mobile_ip.mobile_network_forwarded
        bindings = world.agent.mobile_ip.binding_cache()
        assert list(bindings.prefixes) == [[NETWORK]] and list(bindings.mobile_router) == [True]
        assert world.reaches()
        assert world.reaches(world.insider, world.address(world.peer))
    world.move(world.home)
    assert world.router.mobile_ip.location == "home" and len(world.agent.mobile_ip.binding_cache()) == 0
    assert world.reaches()


def test_a_home_address_of_the_mobile_network():
    own = "2001:db8:a::77"
    world = World(networks={own: [NETWORK]}, home_address=own, home_link="2001:db8:1::/64")
    assert world.router.mobile_ip.location == "home"
    world.move(world.lans[0])
    assert world.router.mobile_ip.mobile_network_forwarded
    assert world.reaches() and world.reaches(destination=own)


def test_discovery_finds_a_home_agent_that_supports_mobile_routers():
    world = World(home_agent=None)
    world.move(world.lans[0], seconds=12.0)
    assert world.router.mobile_ip.home_agent == world.home.address_of(world.agent)
    assert world.reaches()


def test_a_refused_mobile_router_gives_up_and_says_so():
    world = World(networks={"2001:db8:1::999": [NETWORK]}, discover_home_agents=False)
    world.move(world.lans[0])
    assert world.router.mobile_ip.mobile_router_mode == "given up"
    trace = world.router.trace
    assert list(trace[trace.kind == "nemo.gave_up"].status) == [143]
    assert not world.reaches()


def test_a_mobile_router_behind_a_mobile_router():
    world = World(networks={HOME: [NETWORK], "2001:db8:1::300": ["2001:db8:b::/64"]})
    agent = world.home.address_of(world.agent)
    inner = world.net.mobile_router("inner", home_address="2001:db8:1::300", prefixes="2001:db8:b::/64", home_agent=agent)
    deepest = world.net.host("deepest")
    inner.interface("ingress").medium.attach(deepest)
    world.move(world.lans[0])
    inner.move(world.inside)
    world.net.run(for_=6.0)
    assert inner.mobile_ip.mobile_network_forwarded
    assert inner.mobile_ip.care_of.startswith("2001:db8:a:")
    assert world.reaches(destination=world.address(deepest))
    world.move(world.lans[1])  # the outer one alone has to register
    assert world.reaches(destination=world.address(deepest))


def test_a_mobile_node_visits_a_mobile_network():
    world = World()
    home_address = "2001:db8:1::400"
    visitor = world.net.host("visitor")
    world.inside.attach(visitor, name="wlan")
    visitor.enable(ks.MobileNode(home_address=home_address, home_agent=world.home.address_of(world.agent)))
    world.peer.enable(ks.Correspondent())
    world.move(world.lans[0])
    world.net.run(for_=6.0)
    assert visitor.mobile_ip.registered and visitor.mobile_ip.care_of.startswith("2001:db8:a:")
    assert world.reaches(destination=home_address)
    world.move(world.lans[1])
    assert world.reaches(destination=home_address)


def test_the_bed_survives_reboots():
    world = World()
    world.move(world.lans[0])
    world.router.reboot()
    world.net.run(for_=12.0)
    assert world.router.mobile_ip.mobile_network_forwarded and world.reaches()


def test_captures_are_clean(tmp_path):
    world = World(mode="explicit")
    files = tmp_path / "nemo.pcapng"
    with world.net.capture(files):
        world.move(world.lans[0])
        assert world.reaches()
        world.move(world.home)
    tshark_check.assert_clean(files)


def test_a_scenario_file_keeps_mobile_routers(tmp_path):
    net = ks.Network(seed=1)
    agent = net.router("ha")
    home = net.lan("home", "2001:db8:1::/64")
    home.attach(agent)
    role = ks.HomeAgent(interface="eth0", mobile_networks={HOME: [NETWORK]}, verify_prefixes=False)
    agent.enable(role)
    mobile = net.mobile_router("mr", home_address=HOME, prefixes=NETWORK, mode="explicit", home_link="2001:db8:1::/64")
    path = tmp_path / "nemo.pb"
    net.save_scenario(path)
    again = ks.Network.load_scenario(path)
    loaded = again.node("mr").mobile_ip.roles[0]
    assert (loaded.prefixes, loaded.mode, loaded.home_link) == ([NETWORK], "explicit", "2001:db8:1::/64")
    assert loaded.egress == "egress" and loaded.home_address == mobile.mobile_ip.roles[0].home_address
    assert again.node("ha").mobile_ip.roles[0].mobile_networks == {HOME: [NETWORK]}
    assert again.node("ha").mobile_ip.roles[0].verify_prefixes is False


@pytest.mark.parametrize(
    ["fields", "message"],
    [
        ({"prefixes": []}, "prefixes is []"),
        ({"prefixes": "2001:db8:a::1"}, "prefixes is '2001:db8:a::1'"),
        ({"mode": "both"}, "mode is 'both'"),
        ({"lifetime": 5}, "lifetime is 5 s"),
        ({"home_link": "home"}, "home_link is 'home'"),
    ],
)
def test_errors_say_what_would_be_right(fields, message):
    net = ks.Network()
    router = net.router("mr")
    router.add_interface("egress")
    with pytest.raises(ks.Error, match=message.replace("[", "\\[").replace("]", "\\]")):
        router.enable(ks.MobileRouter(**{"home_address": HOME, "prefixes": NETWORK, **fields}))


def test_a_host_is_no_mobile_router():
    host = ks.Network().host("h")
    host.add_interface()
    with pytest.raises(ks.Error, match="is a host; a mobile router is made by"):
        host.enable(ks.MobileRouter(home_address=HOME, prefixes=NETWORK))


def bus(capsys, *arguments):
    status = nemo_bus.main(["--passengers", "8", "--cells", "3", "--speed", "40", *arguments])
    return status, capsys.readouterr().out


def test_a_bus_signals_once_for_all_its_passengers():
    options = nemo_bus.parse(["--passengers", "8", "--cells", "3", "--speed", "40"])
    nemo, nodes, optimized = (nemo_bus.drive(way, options) for way in nemo_bus.WAYS)
    assert nemo.handoffs == 2 and nodes.handoffs == 16 == optimized.handoffs
    assert nodes.updates >= 8 * nemo.updates * 0.8 and nodes.updates <= 8 * nemo.updates * 1.5
    assert optimized.messages > 2 * nodes.messages
    assert 0.05 < nemo.mean_outage < 3.0 and 0 < nemo.lost < 0.2 * nemo.sent
    assert len(nemo.outages) == 16 and all(math.isfinite(o) for o in nemo.outages)


def test_the_bus_prints_its_table_and_the_same_hash_each_time(capsys):
    status, out = bus(capsys, "--way", "nemo")
    assert status == 0 and out.splitlines()[1].split()[0] == "nemo"
    assert out == bus(capsys, "--way", "nemo")[1]
    assert out != bus(capsys, "--way", "nemo", "--seed", "2")[1]


@pytest.mark.parametrize("mode", ["implicit", "explicit"])
def test_a_passengers_outage_is_that_of_the_formula(mode):
    made = nemo_handoff.build(seed=3, dad="none", link_delay=0.02, mode=mode)
    h = nemo_handoff.measure(made)[1]
    expected = nemo_handoff.expected_outage(dad="none", link_delay=0.02)
    # The wait for an advertisement is drawn, 0.026 s on the average; packets come each 0.005 s.
    assert abs(h.downlink.outage - expected - h.movement_detection.duration + 0.026) < 0.006
    assert h.home_registration.duration == pytest.approx(0.08, abs=1e-3)
    assert made.mobile.mobile_ip.mobile_router_mode == mode


def test_the_hand_off_prints_its_table_and_writes_a_clean_capture(tmp_path, capsys):
    assert nemo_handoff.main(["--dad", "optimistic", "--out", str(tmp_path)]) == 0
    assert "mean by the formula 0.121 s" in capsys.readouterr().out
    tshark_check.assert_clean(tmp_path / "nemo.pcapng")
    updates = tshark_check.fields(tmp_path / "nemo.pcapng", "mip6.nemo.bu.r_flag", display_filter="mip6.mhtype == 5")
    assert {row[0] for row in updates} == {"1"}
