"""Mobile routers with IPv4 (RFC 5555 with RFC 3963) on a whole network: of IPv6, of IPv4, and at home."""

from __future__ import annotations

import pytest

import kamesim as ks

HOME, NETWORK, NETWORK4 = "2001:db8:1::200", "2001:db8:e::/64", "198.51.100.0/28"
HOME_AGENT4, HOME4, CORRESPONDENT4, PASSENGER4 = "192.0.2.1", "192.0.2.10", "203.0.114.2", "198.51.100.2"


class World:
    """A bus between its home and networks of either version, with a passenger who has both."""

    def __init__(self, *, home_agent: dict | None = None, **role) -> None:
        self.net = net = ks.Network(seed=9)
        core, self.agent, self.peer = net.router("core"), net.router("ha"), net.host("cn")
        routers = {name: net.router(f"router-{name}") for name in ("v6", "v4")}
        for node in (self.agent, *routers.values(), self.peer):
            net.link(core, node, delay=0.005)
        fast = {"min_interval": 0.3, "max_interval": 0.7}
        prefixes = {"home": "2001:db8:1::/64", "v6": "2001:db8:6::/64", "v4": False}
        self.lans = {name: net.lan(name, prefix) for name, prefix in prefixes.items()}
        self.lans["home"].attach(self.agent, advertise=fast)
        for name, router in routers.items():
            self.lans[name].attach(router, advertise=fast if name == "v6" else False)
        self.bus = net.router("bus")
        self.bus.add_interface("egress")
        self.inside = net.lan("inside", NETWORK)
        self.inside.attach(self.bus, name="ingress", advertise=fast)
        self.passenger = net.host("passenger")
        self.inside.attach(self.passenger)
        net.shortest_path_routes()
        self._route_ipv4(core, routers["v4"])
        given = {"ipv4_home_addresses": {HOME: HOME4}, "ipv4_networks": {HOME: [NETWORK4]}, **(home_agent or {})}
        self.agent.enable(ks.HomeAgent(interface="home", mobile_networks={HOME: [NETWORK]}, **given))
        fields = {
            "home_agent_ipv4": HOME_AGENT4, "ipv4_home_address": f"{HOME4}/24", "ipv4_home_gateway": HOME_AGENT4,
            "ipv4_networks": [ks.Ipv4Access("203.0.113.20/24", "203.0.113.1")], "ipv4_prefixes": NETWORK4,
        }  # fmt: skip
        self.role = self.bus.enable(
            ks.MobileRouter(HOME, NETWORK, self.lans["home"].address_of(self.agent), egress="egress", **{**fields, **role})
        )
        self.move("home", 8)

    def _route_ipv4(self, core: ks.Router, router4: ks.Router) -> None:
        self.agent.add_address(f"{HOME_AGENT4}/24", interface="home")
        router4.add_address("203.0.113.1/24", interface=router4.interfaces[1])
        behind = [(self.agent, ["192.0.2.0/24", "198.51.100.0/24"]), (router4, ["203.0.113.0/24"])]
        for number, (router, prefixes) in enumerate(behind):
            here, there = f"10.0.0.{4 * number + 1}", f"10.0.0.{4 * number + 2}"
            core.add_address(f"{here}/30", interface=next(i for i in core.interfaces if router in i.medium.nodes))
            router.add_address(f"{there}/30", interface=router.interfaces[0])
            router.add_route("0.0.0.0/0", via=here)
            for prefix in prefixes:
                core.add_route(prefix, via=there)
        core.add_address("203.0.114.1/30", interface=next(i for i in core.interfaces if self.peer in i.medium.nodes))
        self.peer.add_address(f"{CORRESPONDENT4}/30")
        self.peer.add_route("0.0.0.0/0", via="203.0.114.1")
        self.bus.add_address("198.51.100.1/28", interface="ingress")
        self.passenger.add_address(f"{PASSENGER4}/28")
        self.passenger.add_route("0.0.0.0/0", via="198.51.100.1")

    def move(self, name: str, seconds: float = 6.0) -> None:
        self.bus.move(self.lans[name])
        self.net.run(for_=seconds, progress=False)

    def reaches(self) -> tuple[bool, bool]:
        """By IPv4, by IPv6: to the passenger, and from him."""
        ends = [(PASSENGER4, CORRESPONDENT4), (self.passenger.address, self.peer.address)]
        answered = []
        for inner, outer in ends:
            pings = [self.peer.ping(inner, count=3, interval=0.5), self.passenger.ping(outer, count=3, interval=0.5)]
            self.net.run(for_=3.0, progress=False)
            answered.append(all(ping.received >= 2 for ping in pings))
        return answered[0], answered[1]


@pytest.mark.parametrize("mode", ["implicit", "explicit"])
def test_a_network_of_both_versions_is_reached_from_networks_of_either(mode):
    world = World(mode=mode)
    assert world.role.location == "home" and world.reaches() == (True, True)
    for name, care_of in (("v6", "2001:db8:6:"), ("v4", "203.0.113.20"), ("v6", "2001:db8:6:")):
        world.move(name, 8)
        assert world.role.care_of.startswith(care_of) and world.role.mobile_network_forwarded
        assert world.role.ipv4_mobile_networks == [NETWORK4] and world.role.ipv4_home_address == HOME4
        assert world.reaches() == (True, True)
        bound = world.agent.mobile_ip.ipv4_bindings()
        assert sorted(bound.ipv4) == [f"{HOME4}/32", NETWORK4]
    world.move("home", 8)
    assert world.role.location == "home" and world.role.ipv4_mobile_networks == []
    assert world.reaches() == (True, True)


def test_a_prefix_is_handed_out_while_the_bus_is_away():
    world = World(
        home_agent={"ipv4_networks": {}, "ipv4_network_pool": "198.51.100.0/24"}, ipv4_prefixes="request/28",
        ipv4_home_address=None, ipv4_home_gateway=None,
    )  # fmt: skip
    assert world.role.ipv4_mobile_networks == [] and world.reaches() == (False, True)
    for name in ("v6", "v4"):
        world.move(name, 8)
        assert world.role.ipv4_mobile_networks == [NETWORK4] and world.reaches() == (True, True)


def test_ipv6_networks_go_on_from_networks_of_ipv4_without_any_prefix_of_it():
    world = World(home_agent={"ipv4_networks": {}}, ipv4_prefixes=())
    world.move("v4", 8)
    assert world.role.care_of == "203.0.113.20" and world.reaches()[1]


def test_a_prefix_that_is_not_the_bus_s_is_refused():
    world = World(home_agent={"ipv4_networks": {"2001:db8:1::300": [NETWORK4]}})
    world.move("v6")
    assert world.role.ipv4_mobile_networks == [] and world.reaches() == (False, True)
    trace = world.bus.trace
    assert list(trace[trace.kind == "dsmip6.ipv4_mobile_network"].status) == [133]


def test_a_reboot_registers_the_prefix_anew():
    world = World()
    world.move("v6")
    world.bus.reboot()
    world.net.run(for_=10, progress=False)
    assert world.role.ipv4_mobile_networks == [NETWORK4] and world.reaches() == (True, True)


def test_a_scenario_file_holds_it(tmp_path):
    net = ks.Network(seed=1)
    net.lan("home", "2001:db8:1::/64").attach(net.router("ha"), address="2001:db8:1::1/64")
    role = net.mobile_router(
        "bus", home_address=HOME, prefixes=[NETWORK], home_agent="2001:db8:1::1", home_agent_ipv4=HOME_AGENT4,
        ipv4_home_address="request", ipv4_networks=[ks.Ipv4Access("203.0.113.20/24", "203.0.113.1")],
        ipv4_prefixes=["request/28", NETWORK4], force_udp=True,
    ).mobile_ip.roles  # fmt: skip
    net.save_scenario(tmp_path / "first.pb", duration=1)
    loaded = ks.Network.load_scenario(tmp_path / "first.pb")
    again = loaded["bus"].mobile_ip.roles
    assert [type(r) for r in again] == [type(r) for r in role]
    for name in ("home_agent_ipv4", "ipv4_home_address", "ipv4_home_gateway", "ipv4_networks", "ipv4_prefixes", "force_udp"):
        assert getattr(again[0], name) == getattr(role[0], name)
    loaded.save_scenario(tmp_path / "second.pb", duration=1)
    assert (tmp_path / "first.pb").read_bytes() == (tmp_path / "second.pb").read_bytes()


@pytest.mark.parametrize(
    ("role", "words"),
    [
        ({"ipv4_prefixes": NETWORK4}, ["ipv4_prefixes", "home_agent_ipv4"]),
        ({"ipv4_home_address": "request"}, ["ipv4_home_address", "home_agent_ipv4"]),
        ({"home_agent_ipv4": HOME_AGENT4, "ipv4_prefixes": "request"}, ["ipv4_prefixes", "request"]),
        ({"home_agent_ipv4": HOME_AGENT4, "ipv4_prefixes": "request/32"}, ["ipv4_prefixes", "1 to 31"]),
        ({"home_agent_ipv4": HOME_AGENT4, "ipv4_prefixes": "request/x"}, ["ipv4_prefixes", "request/28"]),
        ({"home_agent_ipv4": HOME_AGENT4, "ipv4_prefixes": NETWORK}, ["ipv4_prefixes", "IPv4 prefix"]),
        ({"home_agent_ipv4": HOME_AGENT4, "ipv4_prefixes": [NETWORK4, NETWORK4]}, ["twice"]),
        ({"home_agent_ipv4": HOME_AGENT4, "home_agent": None}, ["home_agent_ipv4", "home_agent"]),
    ],
)
def test_mistakes_are_named(role, words):
    net = ks.Network(seed=1)
    fields = {"home_address": HOME, "prefixes": NETWORK, "home_agent": "2001:db8:1::1", **role}
    with pytest.raises(ks.Error) as error:
        net.mobile_router("bus", **fields)
    assert all(word in str(error.value) for word in ["MobileRouter", *words]), error.value
