"""Making networks: names, prefixes, addresses, and how things present themselves."""

import ipaddress

import pytest

import kamesim as ks


def test_the_first_example():
    net = ks.Network(seed=1)
    client, router, server = net.host("client"), net.router("router"), net.host("server")
    net.link(client, router, delay=0.005)
    net.link(router, server, delay=0.020, rate=10e6)
    net.shortest_path_routes()
    net.run(until=3)
    ping = client.ping(server, count=10)
    net.run(for_=15)
    assert ping.received == 10


def test_names_lead_to_objects(net):
    a, b = net.host("a"), net.router("b")
    link, lan = net.link(a, "b", name="cable"), net.lan("lan")
    assert [net["a"], net["b"], net["cable"], net["lan"]] == [a, b, link, lan]
    assert net.node("a") is net.host_named("a") is a
    assert net.medium("lan") is lan
    assert net.router_named("b") is b
    assert "a" in net
    assert "c" not in net
    assert net.nodes == [a, b]
    assert net.media == [link, lan]


def test_links_take_prefixes_out_of_the_pool():
    net = ks.Network(prefix_pool="2001:db8:f000::/36")
    hosts = [net.host(f"h{n}") for n in range(3)]
    first, second = net.link(hosts[0], hosts[1]), net.link(hosts[1], hosts[2])
    pool = ipaddress.IPv6Network("2001:db8:f000::/36")
    prefixes = [ipaddress.IPv6Network(p) for link in (first, second) for p in link.prefixes]
    assert all(p.prefixlen == 64 and p.subnet_of(pool) for p in prefixes)
    assert not prefixes[0].overlaps(prefixes[1])
    assert [i.addresses[-1].rsplit(":")[-1] for i in (first.a, first.b)] == ["1", "2"]


def test_the_pool_leaves_out_what_was_given_by_hand(net):
    net.lan("lan", "2001:db8::/62")
    link = net.link(net.host("a"), net.host("b"))
    assert not ipaddress.IPv6Network(link.prefixes[0]).overlaps(ipaddress.IPv6Network("2001:db8::/62"))


def test_a_pool_can_be_used_up():
    net = ks.Network(prefix_pool="2001:db8::/64")
    net.lan("one")
    with pytest.raises(ks.Error, match="LAN 'two': the network's prefix pool '2001:db8::/64' is used up"):
        net.lan("two")
    net.lan("two", prefix=False)
    net.lan("three", ["2001:db8:3::/64", "2001:db8:4::/64"])


def test_interfaces_and_macs_can_be_named(net):
    a, b = net.host("a"), net.host("b")
    link = net.link(a, b, if_a="uplink", mac_a="02:00:00:00:00:0A", name="cable")
    assert (link.a.name, link.a.mac) == ("uplink", "02:00:00:00:00:0a")
    assert link.b.name == "eth0"
    assert a.interface("uplink") is link.a
    assert link.a.medium is link
    assert link.a.full_name == "a:uplink"


def test_a_second_link_between_two_nodes_gets_its_own_name(net):
    a, b = net.host("a"), net.host("b")
    assert [net.link(a, b).name, net.link(a, b).name, net.link(b, a).name] == ["a-b", "a-b.2", "b-a"]


def test_links_change_while_the_network_runs(two_hosts):
    net = two_hosts
    link = net["ab"]
    link.configure(delay=0.1, loss=0.0, rate=1e6)
    assert (link.delay, link.rate, link.jitter, link.mtu) == (0.1, 1e6, 0, 1500)
    ping = net["a"].ping("b", count=1)
    net.at(net.now + 1, setattr, link, "up", False)
    net.run(for_=2)
    assert ping.rtts[0] > 0.2
    assert not link.up
    assert not link.a.up
    lost = net["a"].ping("b", count=1)
    link.up = True
    net.run(for_=0.001)
    link.a.enabled = False
    net.run(for_=2)
    assert lost.received == 0
    assert not link.a.up


def test_addresses_and_routes_by_hand(two_hosts):
    net = two_hosts
    a, b = net["a"], net["b"]
    b.add_address("2001:db8:99::1/128")
    a.add_route("2001:db8:99::/48", via=b.address)
    net.run(for_=3)
    routes = a.routes.set_index("prefix")
    assert routes.loc["2001:db8:99::/48", "next_hop"] == b.address
    assert routes.loc["2001:db8:99::/48", "origin"] == "static"
    ping = a.ping("2001:db8:99::1", count=1)
    net.run(for_=2)
    assert ping.received == 1
    a.remove_route("2001:db8:99::/48")
    assert "2001:db8:99::/48" not in set(a.routes["prefix"])
    b.remove_address("2001:db8:99::1")
    assert "2001:db8:99::1" not in set(b.addresses()["address"])


def test_neighbours_are_listed(two_hosts):
    net = two_hosts
    net["a"].ping("b", count=1)
    net.run(for_=1)
    row = net["a"].neighbors().set_index("address").loc[net["b"].address]
    assert (row["mac"], row["interface"], row["state"]) == (net["b"].interfaces[0].mac, "eth0", "reachable")


def test_reprs_say_what_things_are(net):
    lan = net.lan("lan", "2001:db8:1::/64")
    router, host = net.router("r"), net.host("h")
    interface = lan.attach(router)
    lan.attach(host)
    flow = net.udp_flow(host, router, start=5, name="f")
    assert repr(net) == "<Network 'network' seed 1: 2 nodes, 1 links and LANs, now 0 s>"
    assert repr(lan) == "<Lan 'lan' 2001:db8:1::/64, 2 attached>"
    assert repr(router) == "<Router 'r' 2001:db8:1::1>"
    assert repr(host) == "<Host 'h' without a global address>"
    assert repr(interface) == f"<Interface 'r:eth0' {interface.mac} up>"
    assert repr(flow) == "<Flow 'f' h -> r, 100 packets/s of 100 bytes: 0 sent, 0 received>"
    assert repr(net.at(3, print)) == "<Scheduled print at 3 s>"
    assert repr(net.results) == "<Run of 'network' until 0 s: 1 flows>"
    assert "0 sent, 0 received" in repr(host.ping("ff02::1"))


def test_positions_and_paths(net):
    node = net.host("node", position=(1, 2))
    assert node.position == (1, 2)
    arrival = node.path([(0, 0), (30, 40), (30, 40), (30, 100)], speed=10, start=5)
    assert arrival == 5 + 11
    net.run(until=7.5)
    assert node.position == pytest.approx((15, 20))
    node.waypoints([(8, (0, 0)), (10, (2, 0))])
    assert node.movement == [(8, (0, 0)), (10, (2, 0))]
    net.run(until=9)
    assert node.position == (1, 0)
    node.position = (7, 7)
    net.run(until=20)
    assert node.position == (7, 7)
