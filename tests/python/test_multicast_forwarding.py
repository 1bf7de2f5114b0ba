"""Multicast forwarding as scripts set it, and groups of the interface's own scope."""

import pytest

import kamesim as ks


@pytest.fixture
def net():
    """h1 - left - r - right - h2, with a third link."""
    net = ks.Network(seed=1)
    r = net.router("r")
    for name, host in (("left", "h1"), ("right", "h2"), ("third", "h3")):
        lan = net.lan(name)
        lan.attach(r)
        lan.attach(net.host(host))
    net.run(for_=6)
    return net


def listener(node, group):
    s = node.socket()
    s.bind(("", 5000))
    s.join_group(group)
    return s


def heard(s):
    texts = []
    while True:
        try:
            texts.append(s.recvfrom_nowait(100)[0])
        except BlockingIOError:
            return texts


def send(node, group, data=b"x", hops=9):
    with node.socket() as s:
        s.setsockopt(ks.IPPROTO_IPV6, ks.IPV6_MULTICAST_HOPS, hops)
        s.sendto(data, (group, 5000))


def test_groups_cross_a_router_that_forwards_them(net):
    r, h1 = net.node("r"), net.node("h1")
    ears = [listener(net.node(n), "ff0e::5") for n in ("h2", "h3")]
    send(h1, "ff0e::5", b"before")
    net.run(for_=1)
    r.multicast_forwarding = True
    net.run(for_=1)
    send(h1, "ff0e::5", b"after")
    net.run(for_=1)
    assert [heard(s) for s in ears] == [[b"after"], [b"after"]]
    r.reboot()
    r.settle()
    send(h1, "ff0e::5", b"still")
    net.run(for_=1)
    assert heard(ears[0]) == [b"still"]
    r.multicast_forwarding = False
    send(h1, "ff0e::5", b"no more")
    net.run(for_=1)
    assert heard(ears[0]) == []


def test_routes_say_where_a_group_goes(net):
    r, h1 = net.node("r"), net.node("h1")
    r.add_multicast_route("ff0e::/16", incoming="eth0", outgoing=["eth2"])
    ears = [listener(net.node(n), "ff0e::5") for n in ("h2", "h3")]
    send(h1, "ff0e::5")
    net.run(for_=1)
    assert [heard(s) for s in ears] == [[], [b"x"]]
    row = r.multicast_routes().iloc[0]
    assert (row["groups"], row["source"], list(row["outgoing"]), row["packets"]) == ("ff0e::/16", None, ["eth2"], 1)
    r.reboot()
    r.settle()
    send(h1, "ff0e::5")
    net.run(for_=1)
    assert [heard(s) for s in ears] == [[], [b"x"]]
    r.remove_multicast_route("ff0e::/16")
    send(h1, "ff0e::5")
    net.run(for_=1)
    assert heard(ears[1]) == []


def test_groups_of_the_interface_are_for_the_node_itself(net):
    """RFC 4291 section 2.7: nothing goes out on the wire."""
    h1 = net.node("h1")
    tester = net.medium("left").tester()
    own, other = listener(h1, "ff01::5"), listener(net.node("r"), "ff01::5")
    send(h1, "ff01::5")
    assert tester.recv(timeout=1.0) is None
    assert (heard(own), heard(other)) == ([b"x"], [])
    own.close()
    send(h1, "ff01::5")
    assert h1.drops["ip6.interface_local_group"] == 1


def test_scenario_files_keep_it(tmp_path):
    net = ks.Network()
    r = net.router("r")
    net.lan("a").attach(r)
    net.lan("b").attach(r)
    r.multicast_forwarding = True
    r.add_multicast_route("ff0e::1", source="2001:db8::1", incoming="eth0", outgoing=["eth1"])
    r.interface("eth1").multicast_scope_boundary = 5
    r.interface("eth1").multicast_hop_threshold = 3
    net.save_scenario(tmp_path / "m.pb")
    again = ks.Network.load_scenario(tmp_path / "m.pb").node("r")
    assert again.multicast_forwarding is True
    assert again.multicast_routes().iloc[0].to_dict() == r.multicast_routes().iloc[0].to_dict()
    assert again.interface("eth1").multicast_scope_boundary == 5
    assert again.interface("eth1").multicast_hop_threshold == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"groups": "2001:db8::1"}, "a group or a prefix of groups"),
        ({"groups": "ff0e::1", "outgoing": ["eth0"]}, "other interfaces than the incoming one"),
        ({"groups": "ff0e::1", "source": "fe80::1"}, "source is 'fe80::1'"),
        ({"groups": "ff0e::1", "incoming": "eth9"}, "eth9"),
    ],
)
def test_routes_that_cannot_be(net, arguments, message):
    with pytest.raises(ks.Error, match=message):
        net.node("r").add_multicast_route(**{"incoming": "eth0", "outgoing": ["eth1"], **arguments})


@pytest.mark.parametrize("direction", ["in", "out"])
def test_policies_are_asked_of_groups_that_are_forwarded(net, direction):  # RFC 4301 sections 5.1 and 5.2
    r, h1 = net.node("r"), net.node("h1")
    ears = [listener(net.node(n), "ff0e::5") for n in ("h2", "h3")]
    r.multicast_forwarding = True
    net.run(for_=1)
    r.ipsec.add_policy(f"{direction} discard", destination="ff0e::5")
    send(h1, "ff0e::5", b"discarded")
    net.run(for_=1)
    assert [heard(s) for s in ears] == [[], []]
    assert r.drops["ipsec.policy_discard"] == 1  # once, and not for each link
    r.ipsec.flush()
    send(h1, "ff0e::5", b"passed")
    net.run(for_=1)
    assert [heard(s) for s in ears] == [[b"passed"], [b"passed"]]


def test_a_group_that_is_to_come_protected_does_not_cross_in_the_clear(net):
    r, h1 = net.node("r"), net.node("h1")
    ear = listener(net.node("h2"), "ff0e::5")
    r.multicast_forwarding = True
    net.run(for_=1)
    r.ipsec.add_policy("in ipsec esp/tunnel/2001:db8::1-2001:db8::2/require", destination="ff0e::5")
    send(h1, "ff0e::5")
    net.run(for_=1)
    assert heard(ear) == []
    assert r.drops["ipsec.unprotected"] == 1
