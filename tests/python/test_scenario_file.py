"""Scenarios as files: what is saved comes back, and runs the same."""

import pytest

import kamesim as ks
from kamesim import scenario_pb2


def build(**options):
    """A network with something of everything that a scenario file holds."""
    net = ks.Network(seed=5, name="all sorts", prefix_pool="2001:db8:f::/48", trace_hash=True, **options)
    home, visited = net.lan("home", "2001:db8:1::/64", rate=100e6), net.lan("visited", jitter=0.001)
    r1, r2 = net.router("r1"), net.router("r2", optimistic_dad=True)
    home.attach(r1, name="lan0", advertise={"min_interval": 3, "max_interval": 4, "home_agent": True})
    visited.attach(r2, advertise=False)
    net.link(r1, r2, delay=0.01, rate=1e9, loss=0.01, name="trunk")
    net.cell("cell1", (0, 0), lan="home", radius=120)
    net.cell("cell2", (200, 0), router=r2, prefix="2001:db8:2::/64", loss=0.02)
    server = net.host("server", dup_addr_detect_transmits=2)
    net.link(server, r2, mac_a="02:00:00:00:11:11")
    server.add_address("2001:db8:77::7/128", dad=False)
    server.add_route("2001:db8:dead::/48", interface="eth0", kind="blackhole")
    walker = net.host("walker", position=(0, 0))
    walker.roam(hysteresis=4, handoff_delay=(0.02, 0.03))
    walker.path([(0, 0), (200, 0)], speed=20, start=10)
    plug = net.host("plug")
    home.attach(plug)
    net.at(12, plug.move, visited, l2_delay=0.5)
    net.shortest_path_routes()
    net.udp_flow(server, walker, rate=50, start=8, stop=25, name="down")
    net.udp_flow(plug, server, rate=20, start=9, pattern="poisson", destination_address="2001:db8:77::7")
    net["r1"].geo_position = (139.47, 35.34)
    return net


def run(net):
    """What comes out of 30 seconds."""
    result = net.run(until=30)
    return net.trace_hash, [(flow.name, flow.sent, flow.received) for flow in result.flows.values()]


def test_a_loaded_scenario_runs_the_same(tmp_path):
    original = build()
    original.save_scenario(tmp_path / "scenario.pb", duration=30)
    loaded = ks.Network.load_scenario(tmp_path / "scenario.pb", trace_hash=True)
    assert (loaded.name, loaded.seed) == ("all sorts", 5)
    assert [node.name for node in loaded.nodes] == [node.name for node in original.nodes]
    assert run(loaded) == run(original)
    assert loaded["r1"].geo_position == (139.47, 35.34)


def test_saving_a_loaded_scenario_gives_the_same_file(tmp_path):
    first, second = tmp_path / "first.pb", tmp_path / "second.pb"
    build().save_scenario(first, duration=30)
    ks.Network.load_scenario(first).save_scenario(second, duration=30)
    messages = [scenario_pb2.Scenario.FromString(path.read_bytes()) for path in (first, second)]
    assert messages[0] == messages[1]
    assert messages[0].duration_ns == 30 * 10**9
    assert messages[0].advertising[0].max_rtr_adv_interval_ns == 4 * 10**9


def test_another_seed_can_be_given(tmp_path):
    build().save_scenario(tmp_path / "scenario.pb")
    assert ks.Network.load_scenario(tmp_path / "scenario.pb", seed=6).seed == 6


def test_mobile_ip_roles_are_saved(tmp_path):
    net = ks.Network()
    home = net.lan("home", "2001:db8:1::/64")
    agent, mobile = net.router("agent"), net.host("mobile", position=(0, 0))
    home.attach(agent)
    net.cell("cell", (0, 0), lan=home)
    mobile.roam()
    agent.enable(ks.HomeAgent())
    mobile.enable(ks.MobileNode(home_address="2001:db8:1::99", home_agent="2001:db8:1::1", lifetime=60))
    net.save_scenario(tmp_path / "scenario.pb")
    loaded = ks.Network.load_scenario(tmp_path / "scenario.pb")
    assert loaded["mobile"].mobile_ip.roles == mobile.mobile_ip.roles
    assert loaded["agent"].mobile_ip.roles == agent.mobile_ip.roles


def test_roles_keep_their_keys_and_switches(tmp_path):
    net = ks.Network(seed=1)
    lan = net.lan("home", "2001:db8:1::/64")
    agent, mobile = net.router("agent"), net.host("mobile")
    lan.attach(agent, address="2001:db8:1::1/64")
    lan.attach(mobile)
    how = ks.AuthenticationOption("alice@example.com", bytes(range(16)), spi=300, aaa_key=bytes(16), timestamps=True)
    agent.enable(
        ks.HomeAgent(
            authentication={"2001:db8:1::99": how}, authentication_required=True, multiple_care_of="prohibited",
            bulk_registration=False, home_and_foreign="with ndp", flow_bindings=False,
        )
    )  # fmt: skip
    mobile.enable(
        ks.MobileNode(
            home_address="2001:db8:1::99", home_agent="2001:db8:1::1", authentication=how, clock_offset=-3.5,
            movement_detection=ks.MovementDetection("eager", "probe", 3),
        )
    )
    net.save_scenario(tmp_path / "scenario.pb", duration=1)
    loaded = ks.Network.load_scenario(tmp_path / "scenario.pb")
    assert loaded["agent"].mobile_ip.roles == agent.mobile_ip.roles
    assert loaded["mobile"].mobile_ip.roles == mobile.mobile_ip.roles


def test_multihomed_mobile_nodes_keep_their_radios_and_flows(tmp_path):
    net = ks.Network(seed=1)
    lan = net.lan("home", "2001:db8:1::/64")
    lan.attach(net.router("agent"), address="2001:db8:1::1/64")
    mobile = net.host("mobile", position=(0, 0))
    radios = [mobile.roam(), mobile.roam()]
    role = mobile.enable(
        ks.MultihomedMobileNode("2001:db8:1::99", "2001:db8:1::1", {radios[0]: 20, radios[1]: 7}, lifetime=60)
    )
    role.bind_flow("wlan1", "wlan0", protocol="udp", destination_port=(5000, 5010), source="2001:db8:9::/48", priority=3)
    role.unbind_flow(role.bind_flow("wlan0", traffic_class=46))
    net.save_scenario(tmp_path / "scenario.pb", duration=1)
    loaded = ks.Network.load_scenario(tmp_path / "scenario.pb")
    again = loaded["mobile"].mobile_ip
    assert again.interfaces()[["interface", "bid", "priority"]].equals(role.interfaces()[["interface", "bid", "priority"]])
    assert again.flows().equals(role.flows()) and again._multihomed.bound == role._multihomed.bound
    assert again.roles[0].lifetime == 60
    loaded.save_scenario(tmp_path / "again.pb", duration=1)
    assert (tmp_path / "again.pb").read_bytes() == (tmp_path / "scenario.pb").read_bytes()


@pytest.mark.parametrize("mode", ["implicit", "explicit"])
def test_mobile_routers_with_several_radios_keep_their_network(tmp_path, mode):
    net = ks.Network(seed=1)
    home, inside = net.lan("home", "2001:db8:1::/64"), net.lan("inside", "2001:db8:a::/64")
    home.attach(net.router("agent"), address="2001:db8:1::1/64")
    bus = net.router("bus", position=(0, 0))
    radios = [bus.roam(), bus.roam()]
    inside.attach(bus)
    role = bus.enable(
        ks.MultihomedMobileNode(
            "2001:db8:a::99", "2001:db8:1::1", {radios[0]: 20, radios[1]: 7}, prefixes="2001:db8:a::/64", mode=mode,
            try_other_mode=mode == "explicit", home_link="2001:db8:1::/64",
        )
    )  # fmt: skip
    role.bind_flow("wlan1", destination="2001:db8:a::/64")
    net.save_scenario(tmp_path / "scenario.pb", duration=1)
    loaded = ks.Network.load_scenario(tmp_path / "scenario.pb")
    again = loaded["bus"].mobile_ip
    assert again.mobile_router_mode == role.mobile_router_mode == mode
    (told,) = again.roles
    assert (told.prefixes, told.try_other_mode, told.home_link) == (
        ["2001:db8:a::/64"], mode == "explicit", "2001:db8:1::/64",
    )  # fmt: skip
    assert again.interfaces()[["interface", "bid", "priority"]].equals(role.interfaces()[["interface", "bid", "priority"]])
    loaded.save_scenario(tmp_path / "again.pb", duration=1)
    assert (tmp_path / "again.pb").read_bytes() == (tmp_path / "scenario.pb").read_bytes()


@pytest.mark.parametrize("told", [True, False])
def test_what_a_home_agent_advertises_of_itself_is_kept(tmp_path, told):
    net = ks.Network(seed=1)
    lan = net.lan("home", "2001:db8:1::/64")
    agent = net.router("agent")
    lan.attach(agent, address="2001:db8:1::1/64")
    agent.enable(ks.HomeAgent())
    if not told:
        agent.advertise("home", home_agent=False)
    net.save_scenario(tmp_path / "scenario.pb", duration=1)
    advertising = ks.Network.load_scenario(tmp_path / "scenario.pb")["agent"].interfaces[0].advertising
    assert (advertising.home_agent, advertising.router_address) == (told, told)


def test_python_code_cannot_be_saved(tmp_path):
    net = build()
    net.at(3, print, "hello")
    with pytest.raises(ks.Error, match="print, scheduled at 3 s, is Python code"):
        net.save_scenario(tmp_path / "scenario.pb")


def test_what_was_set_before_the_first_run_is_kept(tmp_path):
    net = ks.Network(seed=3, trace_hash=True)
    router, host = net.router("router"), net.host("host")
    lan = net.lan("lan", "2001:db8:1::/64")
    lan.attach(router)
    lan.attach(host)
    net.link(host, router)
    host.add_neighbor("2001:db8:1::7", "02:00:00:00:00:07", interface="eth0", is_router=True)
    host.interface("eth0").mtu = 1400
    host.interface("eth1").enabled = False
    host.tcp.msl, host.tcp.syn_cookies = 30, False
    host.add_address("2001:db8:1::5/64", interface="eth0", preferred_lifetime=4, valid_lifetime=6)
    host.forwarding = True
    net.save_scenario(tmp_path / "net.pb")
    loaded = ks.Network.load_scenario(tmp_path / "net.pb", trace_hash=True)
    again = loaded["host"]
    assert again.neighbors().query("permanent").values.tolist() == host.neighbors().query("permanent").values.tolist()
    assert again.interface("eth0").mtu == 1400 and not again.interface("eth1").enabled
    assert again.tcp.msl == 30 and not again.tcp.syn_cookies and again.tcp.fin_wait_2_timeout == host.tcp.fin_wait_2_timeout
    assert again.forwarding and not again.is_router
    for world in (net, loaded):
        world.run(until=5)
    assert again.addresses().set_index("address").state["2001:db8:1::5"] == "deprecated"
    for world in (net, loaded):
        world.run(until=20)
    assert "2001:db8:1::5" not in again.interface("eth0").addresses
    assert loaded.trace_hash == net.trace_hash


@pytest.mark.parametrize("begun", ["TCP flow 'a->b'", "requests 'a->b'", "task 'wait'"])
def test_what_has_no_room_in_a_file_is_not_lost_silently(tmp_path, begun):
    net = ks.Network()
    a, b = net.host("a"), net.host("b")
    net.link(a, b)
    if "TCP" in begun:
        net.tcp_flow(a, b, size=1000, start=3)
    elif "requests" in begun:
        net.request_response(a, b, start=3)
    else:
        a.start(ks.sleep(1), name="wait")
    with pytest.raises(ks.Error, match="no room for " + begun):
        net.save_scenario(tmp_path / "net.pb")
    assert not (tmp_path / "net.pb").exists()
    net.run(until=2)  # so that the task ends


def test_a_scenario_is_saved_before_its_first_run(tmp_path):
    net = build()
    net.run(until=1)
    with pytest.raises(ks.Error, match="it is 1 s already"):
        net.save_scenario(tmp_path / "scenario.pb")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "format version 0; this kamesim reads 1"),
        (b"\xff\xff\xff", "is not a scenario"),
        (scenario_pb2.Scenario(format_version=2).SerializeToString(), "format version 2"),
        (scenario_pb2.Scenario(format_version=1, name="x", order=["ghost"]).SerializeToString(), "prefix_pool is ''"),
    ],
)
def test_what_is_no_scenario_is_refused(tmp_path, content, said):
    path = tmp_path / "bad.pb"
    path.write_bytes(content)
    with pytest.raises(ks.Error, match=said):
        ks.Network.load_scenario(path)


def test_a_scenario_that_contradicts_itself(tmp_path):
    path = tmp_path / "bad.pb"
    message = scenario_pb2.Scenario(format_version=1, name="x", prefix_pool="2001:db8::/32", order=["ghost"])
    path.write_bytes(message.SerializeToString())
    with pytest.raises(ks.Error, match="contradicts itself: 'ghost'"):
        ks.Network.load_scenario(path)
