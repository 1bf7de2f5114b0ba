"""Proxy Mobile IPv6: a host without any mobility support that keeps its address from gateway to gateway."""

from ipaddress import IPv6Network

import pytest

import kamesim as ks
from kamesim import handoff
from kamesim.proxy_mobile_ip import FIXED_LINK_LOCAL

POOL = "2001:db8:ff00::/48"
CELLS = {"one": (0, 0), "two": (1000, 0), "three": (2000, 0)}
DELAY = 0.01  # seconds, of each link of the core


class Domain:
    """A correspondent and an anchor behind a core router, and a gateway for each of three cells."""

    def __init__(self, *, hosts=("mn",), seed=1, gateway=None, anchor=None, l2_delay=0.05, trace_hash=False):
        self.net = net = ks.Network(seed=seed, trace_hash=trace_hash)
        core = net.router("core")
        self.anchor = net.router("lma")
        self.correspondent = net.host("cn")
        link = net.link(self.anchor, core, delay=DELAY)
        net.link(self.correspondent, core, delay=DELAY)
        self.gateways = {}
        for name, place in CELLS.items():
            self.gateways[name] = net.router(f"mag-{name}")
            net.link(self.gateways[name], core, delay=DELAY)
            net.cell(name, place, router=self.gateways[name], radius=300, advertise=False)
        self.hosts = []
        for name in hosts:
            host = net.host(name, position=CELLS["one"])
            host.roam(handoff_delay=l2_delay)
            self.hosts.append(host)
        self.anchor.local_mobility_anchor(POOL, **(anchor or {}))
        for router in self.gateways.values():
            policy = {host: f"{host.name}@example.net" for host in self.hosts}
            router.mobile_access_gateway(link.address_of(self.anchor), policy, **(gateway or {}))
            net.at(5, router.ping, link.address_of(self.anchor), count=2)  # resolves neighbours on the way
        net.shortest_path_routes()

    @property
    def host(self):
        return self.hosts[0]

    def carry(self, host, cell, at):
        self.net.at(at, setattr, host, "position", CELLS[cell])

    def sent(self, kind):
        """What was said of it in the traces of all gateways, in the order of time."""
        records = [(g.name, r) for g in self.gateways.values() for _, r in g.trace.iterrows()]
        rows = [(r["time_s"], name, r) for name, r in records if r["kind"] == kind]
        return sorted(rows, key=lambda row: row[:2])


def routers_of(host):
    """The default routers in its routing table."""
    routes = host.routes
    return routes[routes["prefix"] == "::/0"]["next_hop"].tolist()


def prefix_of(address):
    """The first 64 bits of an address, as text."""
    return str(IPv6Network(f"{address}/64", strict=False).network_address).removesuffix("::")


def prefixes_of(node, origin, kind="unicast"):
    """The prefixes of its routes of that origin."""
    routes = node.routes
    return routes[(routes["origin"] == origin) & (routes["kind"] == kind)]["prefix"].tolist()


def test_a_host_gets_an_address_of_the_pool():
    d = Domain()
    d.net.run(until=8)
    assert d.host.address.startswith("2001:db8:ff00:")
    cache = d.anchor.anchor.binding_cache()
    assert cache["mobile_node"].tolist() == ["mn@example.net"]
    assert cache["prefixes"].tolist() == [["2001:db8:ff00::/64"]]
    bound = d.gateways["one"].gateway.binding_update_list()
    assert bound[["station", "state"]].values.tolist() == [[d.host.interfaces[0].mac, "bound"]]
    ping = d.host.ping(d.correspondent, count=3)
    d.net.run(for_=4)
    assert ping.received == 3


def test_it_keeps_the_address_and_its_router_over_hand_offs():
    d = Domain()
    d.net.run(until=8)
    before = d.host.address
    router = routers_of(d.host)
    start = d.net.now
    down = d.net.udp_flow(d.correspondent, d.host, rate=200, size=100, start=9, stop=39)
    d.carry(d.host, "two", 15)
    d.carry(d.host, "three", 25)
    d.net.run(until=40)
    assert d.host.address == before
    assert routers_of(d.host) == router == [FIXED_LINK_LOCAL]
    events = d.host.trace
    tested = events[(events["kind"] == "nd.dad_done") & (events["time_s"] > start)]
    assert not [a for a in tested["address"] if a.startswith("2001:")], "no Duplicate Address Detection for it"
    assert down.lost <= 2 * 0.12 * 200
    # By time of sending, what was on the way when the link went down is lost too: L2 + RTT(MAG, LMA) in all.
    for h in handoff.analyse(d.host, downlink=[down], uplink=[]):
        assert h.downlink.outage == pytest.approx(0.05 + 4 * DELAY + 1 / 200, abs=0.0055)


def test_the_gateway_says_what_it_knows_of_the_hand_off():
    d = Domain()
    d.carry(d.host, "two", 10)
    d.net.run(until=20)
    updates = [(name, r["handoff_indicator"], r["lifetime_s"]) for _, name, r in d.sent("pmip6.binding_update_sent")]
    first = [u for u in updates if u[0] == "mag-one"]
    assert first[0][1:] == (1, 3600.0)
    assert first[-1][1:] == (4, 0.0)
    assert ("mag-two", 3, 3600.0) in updates


def test_nodes_of_one_cell_have_links_of_their_own():
    d = Domain(hosts=("mn", "other"))
    d.net.run(until=8)
    a, b = (host.address for host in d.hosts)
    assert prefix_of(a) != prefix_of(b)
    for host in d.hosts:
        assert [p for p in host.routes["prefix"] if p.endswith("/64")] == [f"{prefix_of(host.address)}::/64"]
    ping = d.hosts[0].ping(d.hosts[1], count=2)
    d.net.run(for_=3)
    assert ping.received == 2


def test_local_routing_spares_the_way_to_the_anchor():
    times = []
    for on in (False, True):
        d = Domain(hosts=("mn", "other"), gateway={"local_routing": on})
        d.net.run(until=8)
        ping = d.hosts[0].ping(d.hosts[1], count=2)
        d.net.run(for_=3)
        assert ping.received == 2
        times.append(min(ping.rtts))
    through_anchor, direct = times
    assert through_anchor > 8 * DELAY
    assert direct < DELAY


def test_a_source_that_is_not_its_own_goes_nowhere():
    d = Domain(hosts=("mn", "other"))
    d.net.run(until=8)
    stolen = d.hosts[1].address
    d.hosts[0].add_address(f"{stolen[:-1]}1/128", dad=False)
    d.hosts[0].ping(d.correspondent, source=f"{stolen[:-1]}1", count=2)
    d.net.run(for_=3)
    assert d.gateways["one"].drops["pmip6.foreign_source"] == 2


def test_a_node_that_the_anchor_does_not_know_is_denied():
    d = Domain(anchor={"mobile_nodes": {"somebody@example.net": ks.AnchorProfile()}})
    d.net.run(until=8)
    assert d.host.address is None
    assert d.gateways["one"].gateway.binding_update_list()["state"].tolist() == ["denied"]
    assert d.sent("pmip6.binding_ack_received")[-1][2]["status"] == 153


def test_its_own_prefixes_are_asked_for_and_granted():
    own = ("2001:db8:77::/64", "2001:db8:78::/64")
    d = Domain(hosts=(), anchor={"mobile_nodes": {"mn@example.net": ks.AnchorProfile(prefixes=own)}})
    host = d.net.host("mn", position=(3000, 0))
    host.roam(handoff_delay=0.05)
    mag = d.net.router("mag-more")
    d.net.link(mag, "core", delay=DELAY)
    d.net.cell("more", (3000, 0), router=mag, radius=300, advertise=False)
    profile = ks.ProxyProfile("mn@example.net", prefixes=own, lma=d.anchor.address)
    mag.mobile_access_gateway(None, {host.interfaces[0].mac: profile})
    d.net.shortest_path_routes()
    d.net.run(until=10)
    assert d.anchor.anchor.binding_cache()["prefixes"].tolist() == [list(own)]
    assert {prefix_of(a) for a in host.addresses()["address"] if a.startswith("2001:")} == {p[:-5] for p in own}


def test_without_a_fixed_one_the_anchor_generates_the_link_local_address():
    d = Domain(gateway={"link_local": None})
    d.net.run(until=8)
    told = d.anchor.anchor.binding_cache()["link_local"].tolist()
    assert told[0].startswith("fe80::")
    assert routers_of(d.host) == told
    d.carry(d.host, "two", 9)
    d.net.run(until=16)
    assert routers_of(d.host) == told
    assert d.anchor.anchor.binding_cache()["link_local"].tolist() == told


def test_clocks_that_differ_too_much_are_found_out():
    d = Domain(gateway={"clock_offset": 1.0})
    d.net.run(until=8)
    assert d.sent("pmip6.binding_ack_received")[-1][2]["status"] == 156
    d = Domain(gateway={"clock_offset": 1.0}, anchor={"timestamp_validity_window": 2.0})
    d.net.run(until=8)
    assert d.host.address is not None


def test_sequence_numbers_order_messages_where_there_are_no_timestamps():
    d = Domain(gateway={"timestamps": False})
    d.net.run(until=8)
    before = d.host.address
    d.carry(d.host, "two", 9)
    d.net.run(until=16)
    assert d.host.address == before
    assert d.gateways["two"].gateway.binding_update_list()["state"].tolist() == ["bound"]


def test_a_gateway_that_reboots_takes_up_its_work():
    d = Domain()
    d.net.run(until=8)
    before = d.host.address
    d.gateways["one"].reboot()
    d.net.run(for_=6)
    assert d.gateways["one"].gateway.binding_update_list()["state"].tolist() == ["bound"]
    assert d.host.address == before
    ping = d.host.ping(d.correspondent, count=2)
    d.net.run(for_=3)
    assert ping.received == 2


def test_a_node_that_is_gone_leaves_nothing_behind():
    d = Domain()
    d.carry(d.host, "one", 0)
    d.net.at(10, setattr, d.host, "position", (50_000, 0))
    d.net.run(until=15)
    assert d.anchor.anchor.binding_cache()["deregistered"].tolist() == [True]
    assert d.gateways["one"].gateway.binding_update_list().empty
    d.net.run(until=22)
    assert d.anchor.anchor.binding_cache().empty
    for router in (d.anchor, d.gateways["one"]):
        assert prefixes_of(router, "mobility") == prefixes_of(router, "mobility", "blackhole") == []
    assert prefixes_of(d.anchor, "mobility", "reject") == [POOL]


def test_the_same_seed_gives_the_same_hash():
    def hash_of(seed):
        d = Domain(seed=seed, trace_hash=True)
        d.carry(d.host, "two", 9)
        d.net.run(until=12)
        return d.net.trace_hash

    assert hash_of(3) == hash_of(3)
    assert hash_of(3) != hash_of(4)


@pytest.mark.parametrize(
    "call, named",
    [
        (lambda d: d.anchor.local_mobility_anchor(POOL), ["lma", "one already"]),
        (lambda d: d.gateways["one"].mobile_access_gateway("2001:db8::1", {}), ["mag-one", "one already"]),
        (lambda d: d.net.router("r").local_mobility_anchor("2001:db8::1/40x"), ["prefix_pool", "2001:db8::1/40x"]),
        (lambda d: d.net.router("r").local_mobility_anchor(POOL, prefix_length=40), ["prefix_length", "48 to 64"]),
        (lambda d: d.net.router("r").mobile_access_gateway("2001:db8::1", {}), ["leads to a cell", "access_links"]),
        (lambda d: d.net["core"].mobile_access_gateway("2001:db8::1", {}, access_links=["eth0"]), ["eth0", "LAN"]),
    ],
)
def test_mistakes_are_answered_clearly(call, named):
    d = Domain()
    with pytest.raises(ks.Error) as error:
        call(d)
    for word in named:
        assert word in str(error.value)


def test_a_gateway_does_not_share_its_access_link_with_another_speaker():
    net = ks.Network()
    mag = net.router("mag")
    net.cell("cell", (0, 0), router=mag)
    with pytest.raises(ks.Error, match="'mag:eth0' advertises itself to all; .* advertise=False"):
        mag.mobile_access_gateway("2001:db8::1", {})


@pytest.mark.parametrize(
    "policy, named",
    [
        ({"nobody": "x"}, ["nobody"]),
        ({"02:00:00:00:00:01": 7}, ["02:00:00:00:00:01", "identifier", "7"]),
        ({"02:00:00:00:00:01": ""}, ["identifier", "network access identifier"]),
        ({"03:00:00:00:00:01": "x"}, ["03:00:00:00:00:01", "one station"]),
        (["x"], ["policy", "dictionary"]),
    ],
)
def test_policies_are_checked(policy, named):
    net = ks.Network()
    mag = net.router("mag")
    net.cell("cell", (0, 0), router=mag, advertise=False)
    with pytest.raises((ks.Error, ks.UnknownName)) as error:
        mag.mobile_access_gateway("2001:db8::1", policy)
    for word in named:
        assert word in str(error.value)


# --- Scenario files ---------------------------------------------------------------------------------------------------


def to_be_saved(*, anchor=None, gateway=None, profile="mn@example.net"):
    """A domain of two gateways, with a host on its way from one to the other."""
    net = ks.Network(seed=2)
    core, lma = net.router("core"), net.router("lma")
    address = net.link(lma, core, delay=DELAY).address_of(lma)
    host = net.host("mn", position=(0, 0))
    cells = {}
    for name, place in (("one", (0, 0)), ("two", (500, 0))):
        cells[name] = net.router(f"mag-{name}")
        net.link(cells[name], core, delay=DELAY)
        net.cell(name, place, router=cells[name], radius=300, advertise=False)
    host.roam(handoff_delay=0.05)
    host.path([(0, 0), (500, 0)], speed=20, start=8)
    lma.local_mobility_anchor(POOL, **(anchor or {}))
    for router in cells.values():
        router.mobile_access_gateway(address, {host: profile}, **(gateway or {}))
    net.shortest_path_routes()
    return net


KNOWN = {
    "mn@example.net": ks.AnchorProfile(prefixes=("2001:db8:ff01::/64",), gateways=()),
    "other@example.net": ks.AnchorProfile(False, (), 2, ("2001:db8::7",)),
}
ALL_OF_AN_ANCHOR = {
    "prefix_length": 60, "mobile_nodes": KNOWN, "max_lifetime": 600, "max_sessions": 7, "min_delay_before_bce_delete": 5.0,
    "max_delay_before_new_bce_assign": 1.0, "wait_for_deregistration": False, "timestamp_validity_window": 0.5,
    "mobile_node_generated_timestamps": True, "clock_offset": 0.25,
}  # fmt: skip
ALL_OF_A_GATEWAY = {
    "lifetime": 300, "access_technology": "WiMAX", "timestamps": False, "link_local": None, "link_layer": None,
    "local_routing": True, "prefix_lifetime": 3600, "max_ra_interval": 30, "clock_offset": -0.25,
}  # fmt: skip


@pytest.mark.parametrize(
    ("anchor", "gateway", "profile"),
    [
        ({}, {}, "mn@example.net"),
        ({"mobile_nodes": {}}, {}, "mn@example.net"),
        (ALL_OF_AN_ANCHOR, ALL_OF_A_GATEWAY, ks.ProxyProfile("mn@example.net", ("2001:db8:ff01::/64",), None, False)),
    ],
    ids=["usual", "nobody is known", "everything"],
)
def test_scenario_files_hold_the_roles(tmp_path, anchor, gateway, profile):
    net = to_be_saved(anchor=anchor, gateway=gateway, profile=profile)
    first, second = tmp_path / "first.pb", tmp_path / "second.pb"
    net.save_scenario(first, duration=30)
    loaded = ks.Network.load_scenario(first)
    loaded.save_scenario(second, duration=30)
    assert first.read_bytes() == second.read_bytes()
    for each in (net, loaded):
        each.run(until=30, progress=False)
    for node in net.nodes:
        assert loaded[node.name].trace.equals(node.trace), node.name
    served = net["lma"].anchor.binding_cache()
    assert loaded["lma"].anchor.binding_cache().equals(served)
    assert len(served) == (0 if anchor.get("mobile_nodes") == {} else 1)
    assert loaded["mn"].address == net["mn"].address
