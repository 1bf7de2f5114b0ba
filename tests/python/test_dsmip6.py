"""Dual Stack Mobile IPv6 (RFC 5555) on whole networks, the scenario as users run it, and what controls refuse."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import kamesim as ks

sys.path.insert(0, str(Path(__file__).absolute().parents[2] / "scenarios"))

import dsmip6_handoff as scenario  # noqa: E402
import tshark_check  # noqa: E402


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder that a run wrote."""
    out = tmp_path_factory.mktemp("dsmip6") / "out"
    assert scenario.main(["--rate", "50", "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def handoffs():
    return {h.target: h for h in scenario.measure(scenario.build())}


# --- The scenario -----------------------------------------------------------------------------------------------------


def test_each_network_is_reached_as_it_can_be(handoffs):
    assert handoffs["v6"].care_of.startswith("2001:db8:6:")
    assert handoffs["v4"].care_of == "203.0.113.20"
    assert handoffs["both"].care_of.startswith("2001:db8:46:"), "IPv6 is preferred"
    assert handoffs["home"].care_of == "-"


def test_both_versions_are_lost_alike_while_the_node_moves(handoffs):
    for handoff in handoffs.values():
        assert 0.0 < handoff.registered < 4.0
        for lost, outage in ((handoff.lost4, handoff.outage4), (handoff.lost6, handoff.outage6)):
            assert outage < handoff.registered + 0.2
            assert lost == pytest.approx(100 * outage, abs=5), "of 100 packets a second"


def test_ipv4_alone_costs_the_wait_for_a_router(handoffs):
    assert handoffs["v4"].registered == pytest.approx(0.05 + 1.0 + 4 * 0.01, abs=0.02), "l2, router_wait, a round trip"


def test_it_prints_a_row_for_each_handoff(capsys):
    assert scenario.main(["--force-udp"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(scenario.WAY)


def test_the_capture_is_clean_and_names_every_option(written):
    capture = written / "dsmip6.pcapng"
    shared = (r"Duplicate IP address configured \(192.0.2.10\)", "proxy ARP: of the home agent and of the mobile node")
    tshark_check.assert_clean(capture, allow=[shared])
    options = tshark_check.fields(capture, "mip6.mhtype", "mip6.bu.f_flag", display_filter="mipv6")
    assert {row[0] for row in options} == {"5", "6"}
    assert len((written / "handoffs.csv").read_text().splitlines()) == 5


def test_the_same_seed_makes_the_same_trace():
    def trace() -> str:
        journey = scenario.build(seed=3)
        scenario.measure(journey, packets_per_second=10.0)
        return journey.net.trace_hash

    assert trace() == trace()


# --- Networks ---------------------------------------------------------------------------------------------------------


class Bed:
    """The scenario's network, and what its mobile node answers."""

    def __init__(self, **options) -> None:
        self.journey = scenario.build(**options)
        self.net, self.mn, self.ha, self.cn = (
            self.journey.net, self.journey.mobile, self.journey.home_agent, self.journey.correspondent,
        )  # fmt: skip

    def run(self, until: float) -> None:
        self.net.run(until=until, progress=False)

    def ping(self, node: ks.Node, address: str, size: int = 56) -> int:
        node.ping(address, count=1, size=size)  # neighbours get to know each other, and the path its MTU
        self.run(self.net.now + 1.0)
        ping = node.ping(address, count=3, interval=0.2, size=size)
        self.run(self.net.now + 1.0)
        return ping.received


@pytest.mark.parametrize("force_udp", [False, True])
def test_the_home_agent_tells_what_is_bound(force_udp):
    bed = Bed(force_udp=force_udp)
    bed.run(30)
    table = bed.ha.mobile_ip.ipv4_bindings()
    assert table[["home_address", "ipv4", "udp", "nat"]].values.tolist() == [[scenario.HOME, "192.0.2.10/32", False, False]]
    bed.run(50)
    table = bed.ha.mobile_ip.ipv4_bindings()
    assert table[["ipv4", "care_of", "udp"]].values.tolist() == [["192.0.2.10/32", "203.0.113.20", force_udp]]
    assert bed.ha.mobile_ip.binding_cache()["care_of"].tolist() == ["203.0.113.20"]
    assert bed.mn.mobile_ip.udp_encapsulation == force_udp
    bed.run(90)
    assert len(bed.ha.mobile_ip.ipv4_bindings()) == 0 and bed.mn.mobile_ip.ipv4_home_address == "192.0.2.10"


@pytest.mark.parametrize("at", [6.0, 22.0, 42.0, 62.0, 82.0])
@pytest.mark.parametrize("size", [56, 1400, 3000])
def test_both_home_addresses_are_reached_everywhere(at, size):
    bed = Bed()
    bed.run(at)
    assert bed.ping(bed.cn, scenario.HOME, size) == 3
    assert bed.ping(bed.cn, "192.0.2.10", size) == 3
    assert bed.ping(bed.mn, scenario.CORRESPONDENT4, size) == 3


def test_tcp_by_ipv4_goes_on_over_all_handoffs():
    bed = Bed()
    flow = bed.net.tcp_flow(bed.cn, bed.mn, size=2_000_000_000, start=10.0, destination_address="192.0.2.10")
    received = []
    for until in (30, 50, 70, 90):
        bed.run(until)
        received.append(flow.received)
    assert all(later - earlier > 10_000_000 for earlier, later in zip(received, received[1:])), received


def test_an_address_of_the_pool_is_handed_out_while_away():
    net = ks.Network(seed=1)
    ha, visited = net.router("ha"), net.router("visited")
    net.link(ha, visited, delay=0.005)
    home, foreign = net.lan("home", "2001:db8:1::/64"), net.lan("foreign", "2001:db8:2::/64")
    home.attach(ha, advertise={"min_interval": 0.5, "max_interval": 1.0})
    foreign.attach(visited, advertise={"min_interval": 0.5, "max_interval": 1.0})
    mn = net.host("mn")
    home.attach(mn)
    net.shortest_path_routes()
    ha.add_address("192.0.2.1/24", interface=ha.interfaces[1])
    ha.enable(ks.HomeAgent(interface=ha.interfaces[1], ipv4_pool="192.0.2.64/26"))
    role = mn.enable(
        ks.MobileNode("2001:db8:1::100", home.address_of(ha), home_agent_ipv4="192.0.2.1", ipv4_home_address="request")
    )
    net.run(until=10, progress=False)
    assert role.ipv4_home_address is None
    mn.move(foreign)
    net.run(until=20, progress=False)
    assert role.ipv4_home_address == "192.0.2.65"
    ha.reboot()
    net.run(until=21, progress=False)
    mn.move(home)
    net.run(until=40, progress=False)
    assert role.ipv4_home_address is None


def test_a_node_that_reboots_away_from_home_takes_up_its_role():
    bed = Bed()
    bed.run(45)
    bed.mn.reboot()
    bed.run(50)
    assert bed.mn.mobile_ip.care_of == "203.0.113.20" and bed.ping(bed.cn, "192.0.2.10") == 3


# --- Controls ---------------------------------------------------------------------------------------------------------


def bare():
    net = ks.Network(seed=1)
    ha, mn = net.router("ha"), net.host("mn")
    home = net.lan("home", "2001:db8:1::/64")
    home.attach(ha)
    home.attach(mn)
    return ha, mn


@pytest.mark.parametrize(
    "role, words",
    [
        ({"ipv4_pool": "192.0.2.64/26"}, ["no IPv4 address", "192.0.2.1/24"]),
        ({"ipv4_pool": "2001:db8::/64", "ipv4_address": "192.0.2.1"}, ["192.0.2.1", "does not have"]),
    ],
)
def test_home_agents_without_the_address_are_refused(role, words):
    ha, _mn = bare()
    with pytest.raises(ks.Error) as error:
        ha.enable(ks.HomeAgent(**role))
    assert all(word in str(error.value) for word in ["HomeAgent", *words])


@pytest.mark.parametrize(
    "role, words",
    [
        ({"ipv4_pool": "2001:db8::/64"}, ["ipv4_pool", "IPv4 prefix"]),
        ({"ipv4_pool": "192.0.2.65/26"}, ["ipv4_pool", "192.0.2.64/26"]),
        ({"ipv4_home_addresses": {"2001:db8:1::5": "2001:db8::1"}}, ["ipv4_home_addresses", "IPv4 address"]),
        ({"ipv4_home_addresses": {"2001:db8:1::5": "192.0.2.1"}}, ["192.0.2.1", "home agent's own"]),
        (
            {"ipv4_home_addresses": {"2001:db8:1::5": "192.0.2.9", "2001:db8:1::6": "192.0.2.9"}},
            ["192.0.2.9", "2001:db8:1::5", "2001:db8:1::6"],
        ),
        ({"ipv4_pool": "192.0.2.64/26", "ipv4_lease": 1.0}, ["ipv4_lease", "4 s"]),
        ({"ipv4_pool": "192.0.2.64/26", "force_udp": "yes"}, ["force_udp", "yes"]),
    ],
)
def test_what_a_home_agent_cannot_have(role, words):
    ha, _mn = bare()
    ha.add_address("192.0.2.1/24")
    with pytest.raises(ks.Error) as error:
        ha.enable(ks.HomeAgent(**role))
    assert all(word in str(error.value) for word in words), error.value


ACCESS = ks.Ipv4Access("203.0.113.9/24", "203.0.113.1")


@pytest.mark.parametrize(
    "role, words",
    [
        ({"ipv4_home_address": "192.0.2.10/24"}, ["ipv4_home_address", "home_agent_ipv4"]),
        ({"ipv4_networks": [ACCESS]}, ["ipv4_networks", "home_agent_ipv4"]),
        ({"home_agent_ipv4": "192.0.2.1", "home_agent": None}, ["home_agent_ipv4", "both addresses"]),
        ({"home_agent_ipv4": "2001:db8::1"}, ["home_agent_ipv4", "IPv4 address"]),
        ({"home_agent_ipv4": "192.0.2.1", "ipv4_home_address": "192.0.2.10"}, ["192.0.2.10/24", "request"]),
        ({"home_agent_ipv4": "192.0.2.1", "ipv4_home_address": "192.0.2.1/24"}, ["two nodes"]),
        ({"home_agent_ipv4": "192.0.2.1", "ipv4_networks": ["203.0.113.0/24"]}, ["Ipv4Access"]),
        ({"home_agent_ipv4": "192.0.2.1", "ipv4_networks": [ACCESS, ACCESS]}, ["203.0.113.1", "told apart"]),
        (
            {"home_agent_ipv4": "192.0.2.1", "ipv4_networks": [ks.Ipv4Access("203.0.113.9/24", "192.0.2.1")]},
            ["192.0.2.1", "203.0.113.0/24"],
        ),
    ],
)
def test_what_a_mobile_node_cannot_have(role, words):
    _ha, mn = bare()
    with pytest.raises(ks.Error) as error:
        mn.enable(ks.MobileNode(**{"home_address": "2001:db8:1::100", "home_agent": "2001:db8:1::1", **role}))
    assert all(word in str(error.value) for word in ["MobileNode", *words]), error.value


ALL_OF_A_HOME_AGENT = {
    "ipv4_address": "192.0.2.1",
    "ipv4_home_addresses": {"2001:db8:1::100": "192.0.2.10", "2001:db8:1::101": "192.0.2.11"},
    "ipv4_pool": ["192.0.2.64/26", "192.0.2.128/26"],
    "ipv4_networks": {"2001:db8:1::100": ["198.51.100.0/28", "198.51.100.16/28"]},
    "ipv4_network_pool": "203.0.113.0/24",
    "ipv4_prohibited": ("2001:db8:1::66", "2001:db8:1:0:8000::/65"),
    "ipv4_lease": 600.0,
    "accept_forced_udp": False,
    "force_udp": True,
    "nat_refresh_time": 30.0,
}
ALL_OF_A_MOBILE_NODE = {
    "home_agent_ipv4": "192.0.2.1",
    "ipv4_home_address": "192.0.2.10/24",
    "ipv4_home_gateway": "192.0.2.1",
    "ipv4_networks": [ks.Ipv4Access("203.0.113.20/24", "203.0.113.1"), ks.Ipv4Access("198.51.100.20/24", "198.51.100.1")],
    "force_udp": True,
}


@pytest.mark.parametrize(
    ("home_agent", "mobile_node"),
    [
        ({}, {}),
        ({"ipv4_home_addresses": {"2001:db8:1::100": "192.0.2.10"}}, {"home_agent_ipv4": "192.0.2.1"}),
        ({"ipv4_pool": ["192.0.2.64/26"]}, {"home_agent_ipv4": "192.0.2.1", "ipv4_home_address": "request"}),
        (ALL_OF_A_HOME_AGENT, ALL_OF_A_MOBILE_NODE),
    ],
    ids=["none", "static", "on request", "everything"],
)
def test_scenario_files_hold_what_is_of_ipv4(tmp_path, home_agent, mobile_node):
    ha, mn = bare()
    ha.add_address("192.0.2.1/24")
    ha.enable(ks.HomeAgent(**home_agent))
    mn.enable(ks.MobileNode("2001:db8:1::100", "2001:db8:1::1", **mobile_node))
    first, second = tmp_path / "first.pb", tmp_path / "second.pb"
    ha.network.save_scenario(first, duration=1)
    loaded = ks.Network.load_scenario(first)
    for node in (ha, mn):
        assert loaded[node.name].mobile_ip.roles == node.mobile_ip.roles
        assert loaded[node.name].interfaces[0].ipv4_addresses == node.interfaces[0].ipv4_addresses
    loaded.save_scenario(second, duration=1)
    assert first.read_bytes() == second.read_bytes()


def test_a_pool_that_is_given_as_one_prefix_is_held_too(tmp_path):
    ha, _mn = bare()
    ha.add_address("192.0.2.1/24")
    ha.enable(ks.HomeAgent(ipv4_pool="192.0.2.64/26", ipv4_networks={"2001:db8:1::100": "198.51.100.0/28"}))
    ha.network.save_scenario(tmp_path / "network.pb")
    (role,) = ks.Network.load_scenario(tmp_path / "network.pb")["ha"].mobile_ip.roles
    assert role.ipv4_pool == ["192.0.2.64/26"]
    assert role.ipv4_networks == {"2001:db8:1::100": ["198.51.100.0/28"]}


def test_a_loaded_scenario_runs_the_same(tmp_path):
    journey = scenario.build(seed=3)
    journey.net.save_scenario(tmp_path / "network.pb", duration=40)
    loaded = ks.Network.load_scenario(tmp_path / "network.pb")
    for net in (journey.net, loaded):
        net.run(until=40, progress=False)
    assert loaded["mn"].mobile_ip.care_of == journey.mobile.mobile_ip.care_of == "203.0.113.20"
    assert loaded["mn"].mobile_ip.ipv4_home_address == scenario.HOME4
    for node in journey.net.nodes:
        assert loaded[node.name].trace.equals(node.trace), node.name
        assert [i.counters for i in loaded[node.name].interfaces] == [i.counters for i in node.interfaces]


def test_pools_give_each_visitor_an_address():
    pool = ks.Ipv4Pool("203.0.113.0/29", gateway="203.0.113.3", first=2)
    assert [pool.take().address for _ in range(4)] == [f"203.0.113.{n}/29" for n in (2, 4, 5, 6)]
    with pytest.raises(ks.Error, match="taken"):
        pool.take()
    with pytest.raises(ks.Error, match="gateway"):
        ks.Ipv4Pool("203.0.113.0/29", gateway="2001:db8::1").take()


@pytest.mark.parametrize("argv, words", [(["--l2-delay", "-1"], ["l2_delay", "-1"]), (["--seed", "-1"], ["seed", "-1"])])
def test_options_that_are_no_good(argv, words, capsys):
    assert scenario.main(argv) == 2
    said = capsys.readouterr().err
    assert all(word in said for word in words), said
