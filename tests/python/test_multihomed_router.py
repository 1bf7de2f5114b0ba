"""Mobile routers with several radios (RFC 3963 with RFC 5648 and RFC 6089) on whole networks."""

from __future__ import annotations

import pytest

import kamesim as ks
import tshark_check

HOME, NETWORK = "2001:db8:1::200", "2001:db8:e::/64"
FAST = {"min_interval": 0.3, "max_interval": 0.7}


class World:
    """A bus with WLAN and cellular, a passenger, a home agent, and a correspondent."""

    def __init__(self, *, home_agent: dict | None = None, home: str = HOME, **role) -> None:
        self.net = net = ks.Network(seed=5)
        core, self.agent, self.peer = net.router("core"), net.router("ha"), net.host("cn")
        net.link(core, self.agent, delay=0.005)
        net.link(core, self.peer, delay=0.005)
        self.home = net.lan("home", "2001:db8:1::/64")
        self.home.attach(self.agent, advertise=FAST)
        self.lans = {}
        for name, prefix in (("wlan", "2001:db8:a::/64"), ("cellular", "2001:db8:b::/64"), ("next", "2001:db8:c::/64")):
            router = net.router(f"router-{name}")
            net.link(core, router, delay=0.005)
            self.lans[name] = net.lan(name, prefix)
            self.lans[name].attach(router, advertise=FAST)
        self.bus = net.router("bus")
        for name, lan in (("wlan0", "wlan"), ("cell0", "cellular")):
            self.lans[lan].attach(self.bus, name=name, address=False, advertise=False)
        self.inside = net.lan("inside", NETWORK)
        self.inside.attach(self.bus, name="ingress", advertise=FAST)
        self.passenger = net.host("passenger")
        self.inside.attach(self.passenger)
        net.shortest_path_routes()
        networks = {"mobile_networks": {home: [NETWORK]}, **(home_agent or {})}
        self.agent.enable(ks.HomeAgent(interface="home", **networks))
        fields = {"prefixes": NETWORK, **role}
        self.role = self.bus.enable(ks.MultihomedMobileNode(home, self.home.address_of(self.agent), **fields))
        self.run(10)

    def run(self, seconds: float) -> None:
        self.net.run(for_=seconds, progress=False)

    def reaches(self) -> bool:
        """Both ways: an echo to the passenger, and one of his."""
        ping = self.peer.ping(self.passenger, count=2, interval=0.5)
        self.run(2.0)
        own = self.passenger.ping(self.peer, count=2, interval=0.5)
        self.run(2.0)
        return ping.received == own.received == 2

    def flows(self, **fields) -> list[ks.Flow]:
        """To the passenger, and from him."""
        pairs = ((self.peer, self.passenger), (self.passenger, self.peer))
        return [self.net.udp_flow(a, b, rate=100, size=100, **fields) for a, b in pairs]

    def carried(self) -> dict[str, tuple[int, int]]:
        counters = {name: self.bus.interface(name).counters for name in ("wlan0", "cell0")}
        return {name: (c["received_frames"], c["sent_frames"]) for name, c in counters.items()}

    def held(self) -> dict[int, str]:
        table = self.agent.mobile_ip.care_of_addresses()
        return dict(zip(table.bid, table.care_of))


@pytest.mark.parametrize("mode", ["implicit", "explicit"])
@pytest.mark.parametrize("bulk", [True, False])
def test_the_network_is_registered_with_every_binding(mode, bulk):
    world = World(mode=mode, bulk_registration=bulk)
    held = world.held()
    assert held[1].startswith("2001:db8:a:") and held[2].startswith("2001:db8:b:")
    assert world.role.ways == ["wlan0", "cell0"] and world.role.location == "foreign"
    assert world.role.mobile_network_forwarded and world.role.mobile_router_mode == mode
    bindings = world.agent.mobile_ip.binding_cache()
    assert list(bindings.prefixes) == [[NETWORK]] and list(bindings.mobile_router) == [True]
    assert world.reaches()


def test_the_preferred_radio_carries_all_in_both_directions():
    world = World(interfaces={"wlan0": 50, "cell0": 5})
    assert world.role.ways == ["cell0", "wlan0"]
    before = world.carried()
    flows = world.flows(start=world.net.now, stop=world.net.now + 2)
    world.run(3)
    assert [flow.lost for flow in flows] == [0, 0]
    moved = {name: (r - before[name][0], s - before[name][1]) for name, (r, s) in world.carried().items()}
    assert min(moved["cell0"]) >= 200 and max(moved["wlan0"]) < 30


def test_a_bus_that_loses_its_wlan_goes_on_by_cellular():
    world = World()
    down, up = world.flows(start=12, stop=20)
    world.net.at(15, setattr, world.bus.interface("wlan0"), "enabled", False)
    world.run(12)
    # A round trip to the home agent of 20 ms, and 10 ms in which routers resolve each other; outwards none.
    assert down.lost <= 4 and up.lost <= 1
    assert world.role.ways == ["cell0"] and list(world.held()) == [2] and world.reaches()
    world.bus.interface("wlan0").enabled = True
    world.run(6)
    assert world.role.ways == ["wlan0", "cell0"] and world.reaches()


def test_a_radio_that_moves_on_breaks_nothing():
    world = World()
    down, up = world.flows(start=12, stop=25)
    world.net.at(15, world.bus.move, "next", interface="wlan0")
    world.run(17)
    held = world.held()
    assert set(held) == {1, 2} and held[1].startswith("2001:db8:c:")
    assert down.lost <= 4 and up.lost <= 1


def test_without_any_radio_the_network_waits():
    world = World()
    for name in ("wlan0", "cell0"):
        world.bus.interface(name).enabled = False
    world.run(2)
    assert not world.role.mobile_network_forwarded and not world.reaches()
    world.bus.interface("cell0").enabled = True
    world.run(6)
    assert world.role.mobile_network_forwarded and world.reaches()


def test_a_passengers_flow_takes_the_radio_it_is_bound_to():
    world = World()
    world.role.bind_flow("cell0", protocol="udp", destination=NETWORK, destination_port=5000)
    world.run(1)
    assert list(world.role.flows().registered) == [True]
    for port, (most, least) in {5000: ("cell0", "wlan0"), 5001: ("wlan0", "cell0")}.items():
        before = world.carried()
        flow = world.net.udp_flow(
            world.peer, world.passenger, port=port, rate=100, size=100, start=world.net.now, stop=world.net.now + 2
        )
        world.run(3)
        received = {name: r - before[name][0] for name, (r, _) in world.carried().items()}
        assert flow.lost == 0 and received[most] >= flow.sent and received[least] < 30


def test_home_and_away_again():
    world = World()
    world.bus.move(world.home, interface="wlan0")
    world.run(6)
    assert world.role.location == "home" and world.held() == {}
    assert world.reaches(), "by the home link, though cell0 has a default router as well"
    world.bus.move("wlan", interface="wlan0")
    world.run(8)
    assert set(world.held()) == {1, 2} and world.reaches()


def test_a_home_address_of_the_mobile_network():
    own = "2001:db8:e::77"
    world = World(home=own, home_link="2001:db8:1::/64")
    assert set(world.held()) == {1, 2} and world.reaches()
    ping = world.peer.ping(own, count=2)
    world.run(4)
    assert ping.received == 2
    world.bus.move(world.home, interface="wlan0")
    world.run(6)
    assert world.role.location == "home" and world.held() == {}


@pytest.mark.parametrize("policy", ["prohibited", "ignored"])
def test_one_binding_where_no_more_are_taken(policy):
    world = World(home_agent={"multiple_care_of": policy})
    assert world.role.fallen_back and world.role.ways == ["wlan0"] and world.reaches()
    world.bus.interface("wlan0").enabled = False
    world.run(2)
    assert world.role.ways == ["cell0"] and world.reaches()


def test_a_home_agent_without_mobile_routers_is_left():
    world = World(home_agent={"mobile_networks": None})
    assert world.role.mobile_router_mode == "given up" and not world.role.mobile_network_forwarded
    assert world.held() == {} and not world.reaches()


def test_refused_prefixes_are_given_up_and_not_advertised():
    world = World(mode="explicit", home_agent={"mobile_networks": {HOME: ["2001:db8:f::/64"]}})
    assert world.role.mobile_router_mode == "given up"
    trace = world.bus.trace
    assert list(trace[trace.kind == "nemo.gave_up"].status) == [142]
    assert not world.reaches()


def test_a_reboot_takes_the_role_up_again():
    world = World(mode="explicit")
    world.bus.reboot()
    world.run(10)
    assert set(world.held()) == {1, 2} and world.reaches()


def test_captures_are_clean_and_name_the_options(tmp_path):
    world = World(mode="explicit")
    with world.net.capture(tmp_path / "bus.pcapng"):
        world.bus.move("next", interface="wlan0")
        world.run(8)
    tshark_check.assert_clean(tmp_path / "bus.pcapng")
    names = ("mip6.nemo.bu.r_flag", "mip6.bi.bid", "mip6.nemo.mnp.mnp")
    rows = tshark_check.fields(tmp_path / "bus.pcapng", *names, display_filter="mip6.mhtype == 5")
    assert rows and all(row[0] in ("1", "True") for row in rows)
    assert {row[1] for row in rows} == {"1"} and NETWORK.removesuffix("/64") in {row[2] for row in rows}


def test_mistakes_are_named():
    def router(name: str, *lans: ks.Lan) -> ks.Router:
        made = net.router(name)
        for lan in lans:
            lan.attach(made, address=False, advertise=False)
        return made

    net = ks.Network(seed=1)
    outside, inside = net.lan("outside", "2001:db8:a::/64"), net.lan("inside", NETWORK)
    agent = "2001:db8:1::1"
    host = net.host("host")
    outside.attach(host)
    role = ks.MultihomedMobileNode
    for node, wrong, words in [
        (host, role(HOME, agent, prefixes=NETWORK), ["prefixes", "host"]),
        (host, role(HOME, agent, mode="explicit"), ["mode", "prefixes"]),
        (host, role(HOME, agent, try_other_mode=True), ["try_other_mode", "prefixes"]),
        (host, role(HOME, agent, home_link="2001:db8:1::/64"), ["home_link", "prefixes"]),
        (router("a", outside), role(HOME, agent), ["router", "prefixes"]),
        (router("b", outside), role(HOME, agent, prefixes=[]), ["prefixes"]),
        (router("c", outside), role(HOME, agent, prefixes="2001:db8::1/64"), ["prefixes", "2001:db8::1/64"]),
        (router("d", outside), role(HOME, agent, prefixes=NETWORK, mode="both"), ["mode", "both", "implicit"]),
        (router("e", outside, inside), role(HOME, agent, ["eth1"], prefixes=NETWORK), ["eth1", "Mobile Network"]),
        (router("f", inside), role(HOME, agent, prefixes=NETWORK), ["interfaces", "roam"]),
        (router("g", outside), role(HOME, None, prefixes=NETWORK), ["home_agent"]),
        (router("h", outside), role(HOME, agent, prefixes=NETWORK, home_link="home"), ["home_link"]),
    ]:
        with pytest.raises(ks.Error) as error:
            node.enable(wrong)
        for word in words:
            assert word in str(error.value)
