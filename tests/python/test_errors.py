"""Bad input is answered with an Error that names the object, the parameter, the value and what is right."""

import math
import pathlib
import traceback

import pytest

import kamesim as ks


@pytest.fixture
def net():
    """Two hosts a and b, a router r, a LAN with the router on it, and a link."""
    net = ks.Network(name="world")
    a, b, r = net.host("a", position=(0, 0)), net.host("b"), net.router("r")
    net.link(a, b, name="cable", prefix="2001:db8:aa::/64")
    net.lan("lan", "2001:db8:bb::/64").attach(r)
    return net


def message(call):
    """What the Error says that the call raises."""
    with pytest.raises(ks.Error) as caught:
        call()
    assert isinstance(caught.value, ValueError)
    shown = traceback.format_exception_only(caught.value)[-1]
    assert "incompatible function arguments" not in shown
    return str(caught.value)


CASES = {
    # --- Nodes and names ---
    "unknown node": (lambda n: n.link("a", "c"), ["node 'c' is not known", "there are 'a', 'b', 'r'"]),
    "unknown name": (lambda n: n["cabel"], ["'cabel'", "did you mean 'cable'?"]),
    "unknown LAN": (lambda n: n["a"].move("lann"), ["'lann' is not known", "'lan'"]),
    "no number": (lambda n: n[3], ["name 3 is not known"]),
    "name twice": (lambda n: n.host("a"), ["host 'a'", "there is a node of that name already"]),
    "name of a link": (lambda n: n.router("cable"), ["router 'cable'", "there is a link of that name"]),
    "link named as a node": (lambda n: n.link("a", "b", name="a"), ["link 'a'", "there is a node of that name"]),
    "long name": (lambda n: n.host("h" * 256), ["name is 'hhh", "255 characters"]),
    "empty name": (lambda n: n.host(""), ["name is ''", "not empty"]),
    "name of the wrong type": (lambda n: n.host(7), ["name is 7", "a text"]),
    "node of another network": (lambda n: n.link("a", ks.Network().host("b")), ["is of another network"]),
    "medium of another network": (lambda n: n["a"].move(ks.Network().lan("lan")), ["is of another network"]),
    "host as router": (lambda n: n.router_named("a"), ["'a' is a host", "a router is needed"]),
    "interface twice": (lambda n: n.link("a", "r", if_a="eth0"), ["host 'a'", "interface named 'eth0' already"]),
    "unknown interface": (lambda n: n["a"].interface("eth7"), ["host 'a': interface 'eth7' is not known", "'eth0'"]),
    # --- Links and LANs ---
    "link to itself": (lambda n: n.link("a", "a"), ["link 'a-a'", "two different nodes"]),
    "negative delay": (lambda n: n.link("a", "b", delay=-1), ["link 'a-b': delay is -1", "seconds, 0 or more"]),
    "delay of the wrong type": (lambda n: n.link("a", "b", delay="5ms"), ["delay is '5ms'", "a number of seconds"]),
    "delay for ever": (lambda n: n.link("a", "b", delay=math.inf), ["delay is inf", "a number of seconds"]),
    "delay that is no number": (lambda n: n.link("a", "b", delay=math.nan), ["delay is nan"]),
    "delay beyond all bounds": (lambda n: n.link("a", "b", delay=10**400), ["delay is 1000", "...; it must be"]),
    "MTU beyond all bounds": (lambda n: n.link("a", "b", mtu=10**5000), ["mtu is a number of thousands of digits"]),
    "negative jitter": (lambda n: n.lan("x", jitter=-1e-3), ["LAN 'x': jitter is -0.001"]),
    "loss above 1": (lambda n: n.link("a", "b", loss=1.5), ["loss is 1.5", "0 or more and at most 1"]),
    "no rate": (lambda n: n.link("a", "b", rate=0), ["rate is 0", "bits per second, 1 or more"]),
    "MTU below 1280": (lambda n: n.link("a", "b", mtu=1279), ["mtu is 1279", "from 1280 to 16777216"]),
    "MTU of the wrong type": (lambda n: n.lan("x", mtu=1500.5), ["mtu is 1500.5", "a whole number of bytes"]),
    "no queue": (lambda n: n.link("a", "b", queue=0), ["queue is 0", "a whole number of frames"]),
    "unknown parameter": (lambda n: n["cable"].configure(dealy=1), ["parameter 'dealy'", "did you mean 'delay'?"]),
    "changed to nonsense": (lambda n: n["cable"].configure(mtu=100), ["link 'cable': mtu is 100"]),
    "up is no number": (lambda n: setattr(n["cable"], "up", 1), ["up is 1", "True or False"]),
    "bad MAC": (lambda n: n.link("a", "b", mac_a="02:00"), ["host 'a': mac is '02:00'", "a MAC address, such as"]),
    "group MAC": (lambda n: n["lan"].attach("a", mac="33:33:00:00:00:01"), ["mac is '33:33:", "one station"]),
    "detach what is not there": (lambda n: n["lan"].detach("a"), ["LAN 'lan'", "'a' is not attached", "'r'"]),
    "move to a link": (lambda n: n["r"].move("cable"), ["link 'cable' joins two nodes", "LAN or a cell"]),
    "move off a link": (lambda n: n["a"].move("lan"), ["host 'a': move", "an end of link 'cable'"]),
    # --- Addresses and prefixes ---
    "bad prefix": (lambda n: n.lan("x", "2001:db8::/129"), ["LAN 'x': prefix is '2001:db8::/129'", "an IPv6 prefix"]),
    "prefix without length": (lambda n: n.lan("x", "2001:db8::"), ["prefix is '2001:db8::'", "such as"]),
    "IPv4 prefix": (lambda n: n.lan("x", "192.0.2.0/24"), ["prefix is '192.0.2.0/24'", "an IPv6 prefix"]),
    "host bits": (lambda n: n.lan("x", "2001:db8:1::1/64"), ["without bits set behind", "'2001:db8:1::/64'"]),
    "overlapping prefixes": (
        lambda n: n.lan("x", "2001:db8:bb::/48"),
        ["LAN 'x': prefix is '2001:db8:bb::/48', which overlaps '2001:db8:bb::/64' of LAN 'lan'"],
    ),
    "overlapping links": (
        lambda n: n.link("a", "r", prefix="2001:db8:aa:0:8000::/65"),
        ["link 'a-r': prefix is '2001:db8:aa:0:8000::/65', which overlaps '2001:db8:aa::/64' of link 'cable'"],
    ),
    "multicast prefix": (lambda n: n.lan("x", "ff00::/8"), ["prefix is 'ff00::/8'", "global unicast"]),
    "prefix for one": (lambda n: n.link("a", "r", prefix="2001:db8::1/128"), ["room for two addresses"]),
    "bad address": (lambda n: n["a"].add_address("2001:db8::g"), ["host 'a': address is '2001:db8::g'"]),
    "bad length": (lambda n: n["a"].add_address("2001:db8::1/200"), ["address is '2001:db8::1/200'", "0 to 128"]),
    "zone": (lambda n: n["a"].add_address("fe80::1%eth0"), ["address is 'fe80::1%eth0'", "without a zone"]),
    "unknown zone": (lambda n: n["a"].ping("fe80::1%eth9"), ["interface 'eth9' is not known", "'eth0'"]),
    "multicast address": (lambda n: n["a"].add_address("ff02::1"), ["address is 'ff02::1'", "unicast"]),
    "loopback address": (lambda n: n["a"].add_address("::1/128"), ["address is '::1/128'", "may bear"]),
    "mapped address": (lambda n: n["a"].add_address("::ffff:192.0.2.1"), ["address is '::ffff:192.0.2.1'", "may bear"]),
    "ping from another's address": (
        lambda n: n["a"].ping("b", source="2001:db8:aa::2"),
        ["host 'a': ping: source is '2001:db8:aa::2'", "an address of 'a', which are", "2001:db8:aa::1"],
    ),
    "ping to nobody": (lambda n: n["a"].ping("::"), ["ping: destination is '::'", "the address of a node"]),
    "address twice": (lambda n: n["a"].add_address("2001:db8:aa::1"), ["has the address 2001:db8:aa::1 on 'eth0'"]),
    "address not there": (lambda n: n["a"].remove_address("2001:db8::9"), ["address '2001:db8::9' is not known"]),
    "which interface": (lambda n: n.host("c").add_address("2001:db8::1"), ["host 'c': interface is not given"]),
    "bad pool": (lambda n: ks.Network(prefix_pool="2001:db8::/80"), ["prefix_pool is '2001:db8::/80'", "64 or less"]),
    "route to an address": (lambda n: n["a"].add_route("2001:db8::1"), ["prefix is '2001:db8::1'"]),
    "route via a group": (lambda n: n["a"].add_route("::/0", via="ff02::1"), ["via is 'ff02::1'", "not of a group"]),
    "route via nobody": (lambda n: n["a"].add_route("::/0", via="::"), ["via is '::'", "the address of a router"]),
    "route via itself": (
        lambda n: n["a"].add_route("2001:db8:9::/48", via="2001:db8:aa::1"),
        ["host 'a': via is '2001:db8:aa::1'", "not that of 'a:eth0' itself"],
    ),
    "route of no kind": (lambda n: n["a"].add_route("::/0", kind="tunnel"), ["kind is 'tunnel'", "'blackhole'"]),
    "route not there": (lambda n: n["a"].remove_route("::/0"), ["static route '::/0' is not known"]),
    "host without an address": (lambda n: n["a"].ping(n.host("c")), ["'c' has no global address at 0 s"]),
    # --- Advertisements ---
    "RA interval too short": (lambda n: n["r"].advertise("lan", max_interval=0.01), ["max_interval is 0.01", "0.07"]),
    "RA min above max": (
        lambda n: n["r"].advertise("lan", max_interval=10, min_interval=9),
        ["router 'r': advertise on 'eth0': min_interval is 9", "at most 7.5"],
    ),
    "RA of another LAN": (lambda n: n["r"].advertise("cable"), ["router 'r': it is not attached to 'cable'", "'lan'"]),
    "RA lifetimes": (
        lambda n: n["r"].advertise("lan", adv_valid_lifetime=10, adv_preferred_lifetime=20),
        ["adv_preferred_lifetime is 20", "10, or less"],
    ),
    "RA MTU": (lambda n: n["r"].advertise("lan", adv_link_mtu=1000), ["adv_link_mtu is 1000", "from 1280"]),
    "RA misspelt": (
        lambda n: n.lan("x").attach("r", advertise={"max_intervall": 3}),
        ["parameter 'max_intervall' is not known", "did you mean 'max_interval'"],
    ),
    # --- Movement and cells ---
    "no speed": (lambda n: n["a"].path([(0, 0), (1, 1)], speed=0), ["host 'a': speed is 0", "above 0"]),
    "negative speed": (lambda n: n["a"].path([(0, 0)], speed=-3), ["speed is -3", "metres per second, above 0"]),
    "no path": (lambda n: n["a"].path([], speed=1), ["points is []", "one point or more"]),
    "bad point": (lambda n: n["a"].path([(0, 0), (1,)], speed=1), ["points[1] is (1,)", "a pair (x, y) of metres"]),
    "bad position": (lambda n: n.host("c", position=(1, "x")), ["position[1] is 'x'", "a number of metres"]),
    "times that do not ascend": (lambda n: n["a"].waypoints([(2, (0, 0)), (1, (1, 1))]), ["times must ascend"]),
    "cell without a LAN": (lambda n: n.cell("c", (0, 0)), ["cell 'c': give either lan=", "or router="]),
    "cell on a cell": (
        lambda n: n.cell("d", (0, 0), lan=n.cell("c", (0, 0), lan="lan")),
        ["cell 'd': lan is 'c'", "not another cell"],
    ),
    "cell without reach": (lambda n: n.cell("c", (0, 0), lan="lan", radius=0), ["cell 'c': radius is 0"]),
    "roaming without a place": (lambda n: n["b"].roam(), ["host 'b': roam: 'b' has no place"]),
    # --- Time ---
    "no end": (lambda n: n.run(), ["give either until=", "or for_="]),
    "two ends": (lambda n: n.run(until=1, for_=1), ["give either until=", "or for_="]),
    "negative time": (lambda n: n.run(for_=-1), ["run: for_ is -1"]),
    "not callable": (lambda n: n.at(1, None), ["function is None", "callable"]),
    "interval of zero": (lambda n: n.every(0, print), ["every: interval is 0", "above 0"]),
    "bad seed": (lambda n: ks.Network(seed=-1), ["Network: seed is -1", "a whole number from 0"]),
    "seed of the wrong type": (lambda n: ks.Network(seed="1"), ["seed is '1'", "a whole number"]),
    "hash that is off": (lambda n: n.trace_hash, ["trace_hash is off", "Network(trace_hash=True)"]),
    # --- Traffic ---
    "no packets": (lambda n: n.udp_flow("a", "b", rate=0), ["flow 'a->b': rate is 0", "packets per second, above 0"]),
    "small packets": (lambda n: n.udp_flow("a", "b", size=8), ["size is 8", "from 24 to 65527"]),
    "stop before start": (lambda n: n.udp_flow("a", "b", start=5, stop=4), ["stop is 4", "later than the start at 5"]),
    "pattern unknown": (lambda n: n.udp_flow("a", "b", pattern="burst"), ["pattern is 'burst'", "'poisson'"]),
    "port in use": (
        lambda n: [n.udp_flow("a", "b", port=7), n.udp_flow("a", "b", port=7)],
        ["UDP port 7 of node 'b' is in use; choose another"],
    ),
    "flow name twice": (
        lambda n: [n.udp_flow("a", "b", name="f"), n.udp_flow("a", "b", name="f")],
        ["flow 'f': there is a flow of that name already"],
    ),
    "requests without bound": (lambda n: n.request_response("a", "b", requests=1 << 70), ["requests is", "from 1 to"]),
    "flow from a group": (
        lambda n: n.udp_flow("a", "b", source_address="ff02::1"),
        ["source_address is 'ff02::1'", "the address of a node"],
    ),
    "flow to nowhere": (lambda n: n.udp_flow("a", "b", destination_address="::"), ["destination_address is '::'"]),
    "connection to a group": (lambda n: n.tcp_flow("a", "b", destination_address="ff0e::7"), ["is 'ff0e::7'"]),
    "options that are none": (lambda n: n["a"].tcp.listen(80, options=7), ["options is 7", "TcpOptions"]),
    "options that are a dict": (
        lambda n: n["a"].tcp.connect("2001:db8:aa::2", 80, options={}),
        ["options is {}", "TcpOptions"],
    ),
    "default router of IPv4": (
        lambda n: n["a"].add_default_router("192.0.2.1"),
        ["address is '192.0.2.1'", "an IPv6 address"],
    ),
    "text to a connection": (
        lambda n: [n.run(until=3), n["a"].tcp.connect("2001:db8:aa::2", 80).write("hello")],
        ["data is 'hello'", "text.encode()"],
    ),
    "option of no level": (lambda n: n["a"].socket().setsockopt(None, 4, 5), ["setsockopt: level is None"]),
    "sources that are none": (
        lambda n: n["a"].socket().set_source_filter("ff05::7", ks.MCAST_INCLUDE, 5),
        ["sources is 5", "a list of addresses"],
    ),
    "interface that is none": (
        lambda n: n["a"].tcp.connect("fe80::1", 80, interface="eth7"),
        ["interface 'eth7' is not known"],
    ),
    "no pings": (lambda n: n["a"].ping("b", count=0), ["host 'a': ping: count is 0", "from 1 to 65536"]),
    # --- Files ---
    "capture nowhere": (lambda n: n.capture("/no/such/folder/x.pcapng"), ["path is '/no/such/folder/x.pcapng'"]),
    "capture to a folder": (lambda n: n.capture("/tmp"), ["path is '/tmp'", "this is a folder"]),
    "capture of no file": (lambda n: n.capture(None), ["path is None", "the path of a file"]),
    "capture in no direction": (lambda n: n.capture("/tmp/x", direction="in"), ["direction is 'in'", "or 'out'"]),
    "results nowhere": (lambda n: n.results.save("/no/such/folder/x.pb"), ["no '/no/such/folder'"]),
    "CSV under a file": (lambda n: n.results.to_csv("/dev/null/x"), ["folder is '/dev/null/x'"]),
    "capture to one file twice": (
        lambda n: [n.capture("/tmp/kamesim-twice.pcapng"), n.capture("/tmp/kamesim-twice.pcapng")],
        ["path is '/tmp/kamesim-twice.pcapng'", "another file"],
    ),
    "capture that was closed": (
        lambda n: [capture := n.capture("/dev/null"), capture.close(), capture.__enter__()],
        ["capture '/dev/null': it is closed"],
    ),
    "capture to half a character": (lambda n: n.capture("\ud800"), ["path is '\\ud800'", "the path of a file"]),
    "map of a number": (lambda n: ks.Network.from_gml(1), ["path is 1", "the path of a file"]),
    "trace of what": (lambda n: n.trace(5), ["trace: kind is 5", "the beginning of a kind"]),
    "capture of no interfaces": (lambda n: n.capture("/tmp/x", 5), ["interfaces is 5", "a list of interfaces"]),
    "capture of a node": (lambda n: n.capture("/tmp/x", [n["a"]]), ["interfaces is <Host 'a'", "a list of interfaces"]),
    "ports that are none": (lambda n: ks.recv_any(5), ["recv_any: ports is 5", "a list of tester ports"]),
    "port that is none": (lambda n: ks.recv_any([n]), ["a list of tester ports"]),
    "watch what": (lambda n: n.watch(5), ["watch: nodes is 5", "a list of nodes"]),
    "path that is none": (lambda n: n["a"].path(5, speed=1), ["points is 5", "pairs (x, y)"]),
    "waypoints that are none": (lambda n: n["a"].waypoints(5), ["waypoints is 5", "pairs (time"]),
    "map that is not there": (lambda n: ks.Network.from_gml("/no/such.gml"), ["/no/such.gml: cannot be read"]),
    "scenario that is not there": (lambda n: ks.Network.load_scenario("/no/such.pb"), ["cannot read '/no/such.pb'"]),
    # --- Mobility ---
    "home address of a group": (
        lambda n: n["a"].enable(ks.MobileNode("ff0e::1", "2001:db8:bb::1")),
        ["home_address is 'ff0e::1'", "a unicast address that is routed"],
    ),
    "home agent on the link": (
        lambda n: n["a"].enable(ks.MobileNode("2001:db8:bb::9", "fe80::1")),
        ["home_agent is 'fe80::1'"],
    ),
    "switch of a mobile node": (
        lambda n: n["a"].enable(ks.MobileNode("2001:db8:bb::9", "2001:db8:bb::1", route_optimization="no")),
        ["route_optimization is 'no'", "True or False"],
    ),
    "protection that is none": (
        lambda n: n["a"].enable(ks.MobileNode("2001:db8:bb::9", "2001:db8:bb::1", protection="esp")),
        ["protection is 'esp'", "a SignallingProtection"],
    ),
    "mobile networks of nobody": (
        lambda n: n["r"].enable(ks.HomeAgent(mobile_networks="2001:db8:b05::/64")),
        ["mobile_networks is '2001:db8:b05::/64'", "a dict of prefixes"],
    ),
    "interfaces that are none": (
        lambda n: n["a"].enable(ks.MultihomedMobileNode("2001:db8:bb::9", "2001:db8:bb::1", interfaces=5)),
        ["interfaces is 5", "a list of interfaces"],
    ),
    "no mobile prefixes": (
        lambda n: n.mobile_router("bus", home_address="2001:db8:bb::9", home_agent="2001:db8:bb::1", prefixes=5),
        ["prefixes is 5", "a prefix, such as"],
    ),
    # --- Topologies ---
    "small ring": (lambda n: ks.topology.ring(2), ["topology.ring: n is 2", "a whole number from 3"]),
    "odd fat tree": (lambda n: ks.topology.fat_tree(3), ["k is 3"]),
    "dense graph": (lambda n: ks.topology.barabasi_albert(5, 5), ["m is 5"]),
    "no map": (lambda n: ks.Network.from_topology("grid"), ["graph is 'grid'", "a map"]),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input(net, case):
    call, parts = CASES[case]
    said = message(lambda: call(net))
    for part in parts:
        assert part in said


def test_what_failed_leaves_nothing_behind(net):
    before = len(net.nodes), len(net.media), [len(node.interfaces) for node in net.nodes]
    for case in ("negative delay", "MTU below 1280", "overlapping links", "bad MAC", "group MAC", "interface twice"):
        message(lambda case=case: CASES[case][0](net))
    assert (len(net.nodes), len(net.media), [len(node.interfaces) for node in net.nodes]) == before
    net.link("a", "r")


def test_the_past_is_over(net):
    net.run(until=5)
    assert "its time is 3 s, but it is already 5 s" in message(lambda: net.at(3, print))
    assert "until is 4 s, but it is already 5 s" in message(lambda: net.run(until=4))
    assert "start is 1" in message(lambda: net.udp_flow("a", "b", start=1))


def test_unknown_names_are_key_errors_too(net):
    with pytest.raises(KeyError) as caught:
        net["rr"]
    assert str(caught.value) == "name 'rr' is not known; did you mean 'r'?"


def test_a_broken_map_is_named(tmp_path):
    path = pathlib.Path(tmp_path / "broken.gml")
    path.write_text("graph [\n  node [ id 0 ]\n  edge [ source 0 target 1 ]\n]\n")
    assert "broken.gml" in message(lambda: ks.Network.from_gml(path))


def test_a_flow_to_a_node_without_an_address_ends_the_run(net):
    net.host("c")
    net.udp_flow("a", "c", start=2)
    assert "flow 'a->c': destination 'c' has no global address at 2 s" in message(lambda: net.run(until=3))


def test_a_capture_that_cannot_be_written(net):
    net.capture("/dev/full")
    net["a"].ping("b", count=1000, interval=0.01, size=1000)
    said = message(lambda: net.run(until=20))
    assert "/dev/full" in said
