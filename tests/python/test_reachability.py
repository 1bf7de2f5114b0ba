"""Packets get where they should: over links, LANs and routers, with addresses given and autoconfigured."""

import ipaddress

import pytest

import kamesim as ks


def test_hosts_on_a_link_reach_each_other(two_hosts):
    net = two_hosts
    ping = net["a"].ping(net["b"], count=3)
    net.run(for_=5)
    assert (ping.sent, ping.received, ping.lost, ping.duplicates) == (3, 3, 0, 0)
    # The first waits for address resolution (RFC 4861 section 7.2.2), each way.
    assert ping.rtts[1:] == pytest.approx([0.010, 0.010], abs=1e-6)
    assert ping.rtts[0] >= 0.010
    assert ping.done


def test_rate_adds_transmission_time(net):
    a, b = net.host("a"), net.host("b")
    net.link(a, b, delay=0.001, rate=1e6)
    net.run(until=3)
    ping = a.ping(b, count=2, size=952)  # 14 + 40 + 8 + 952 bytes of frame
    net.run(for_=3)
    assert ping.rtts[1] == pytest.approx(2 * (0.001 + 1014 * 8 / 1e6), abs=1e-6)


def test_hosts_on_a_lan_reach_each_other_by_link_local_addresses(net):
    lan = net.lan("lan", delay=0.001)
    a, b = net.host("a"), net.host("b")
    lan.attach(a)
    interface = lan.attach(b)
    net.run(until=3)
    assert interface.link_local is not None
    ping = a.ping(interface.link_local, count=2)
    net.run(for_=3)
    assert ping.received == 2


def test_hosts_on_a_lan_with_manual_addresses(net):
    lan = net.lan("lan", "2001:db8:5::/64")
    a, b = net.host("a"), net.host("b")
    lan.attach(a, address="2001:db8:5::a")
    lan.attach(b, address="2001:db8:5::b/64")
    net.run(until=3)
    ping = a.ping("2001:db8:5::b", count=2)
    net.run(for_=3)
    assert ping.received == 2
    assert list(b.addresses()["state"]) == ["preferred", "preferred"]


def test_hosts_across_three_routers(net):
    a, b = net.host("a"), net.host("b")
    r1, r2, r3 = (net.router(f"r{n}") for n in (1, 2, 3))
    for left, right in ((a, r1), (r1, r2), (r2, r3), (r3, b)):
        net.link(left, right, delay=0.002)
    net.shortest_path_routes()
    net.run(until=3)
    ping = a.ping(b, count=3)
    net.run(for_=5)
    assert ping.received == 3
    assert ping.rtts[2] == pytest.approx(8 * 0.002, abs=1e-6)
    assert r2.counters["forwarded"] >= 6


def test_shortest_paths_go_by_delay_not_by_hops(net):
    a, b = net.host("a"), net.host("b")
    r1, r2, detour = net.router("r1"), net.router("r2"), net.router("detour")
    net.link(a, r1)
    net.link(b, r2)
    net.link(r1, r2, delay=0.050)
    net.link(r1, detour, delay=0.010)
    net.link(detour, r2, delay=0.010)
    net.shortest_path_routes()
    net.run(until=3)
    ping = a.ping(b, count=2)
    net.run(for_=3)
    assert ping.rtts[1] == pytest.approx(2 * 0.022, abs=1e-6)


def test_a_host_with_two_links_carries_no_transit(net):
    r1, r2, host = net.router("r1"), net.router("r2"), net.host("host")
    net.link(r1, host)
    link = net.link(host, r2)
    net.shortest_path_routes()
    net.run(until=3)
    assert not any(link.prefixes[0] == prefix for prefix in r1.routes["prefix"])
    ping = r1.ping(link.b.addresses[-1], count=1)
    net.run(for_=2)
    assert ping.received == 0
    assert "no route" in ping.errors[0].reason


def test_a_host_configures_itself_from_the_routers_advertisement(net):
    lan = net.lan("lan", "2001:db8:7::/64")
    router, host = net.router("router"), net.host("host")
    lan.attach(router)
    interface = lan.attach(host, mac="02:00:00:00:00:99")
    net.run(until=10)
    assert host.address == "2001:db8:7::ff:fe00:99"
    row = host.addresses().set_index("address").loc[host.address]
    assert (row["state"], row["origin"], row["interface"]) == ("preferred", "autoconfigured", interface.name)
    assert row["valid_until_s"] == pytest.approx(2592000, abs=20)  # AdvValidLifetime, RFC 4861 section 6.2.1
    assert "::/0" in set(host.routes["prefix"])

    ping = host.ping("2001:db8:7::1", count=1)
    net.run(for_=2)
    assert ping.received == 1


def test_a_silent_router_is_not_a_default_router(net):
    lan = net.lan("lan")
    router, host = net.router("router"), net.host("host")
    lan.attach(router, advertise=False)
    lan.attach(host)
    net.run(until=20)
    assert host.address is None
    assert "::/0" not in set(host.routes["prefix"])


def test_a_host_keeps_nothing_of_the_lan_it_left(net):
    router = net.router("router")
    first, second = net.lan("first"), net.lan("second")
    host = net.host("host")
    for lan in (first, second):
        lan.attach(router)
    first.attach(host)
    net.run(until=10)
    before = host.address
    net.at(20, host.move, second, l2_delay=0.5)
    net.run(until=40)
    assert host.interfaces[0].medium is second
    networks = [ipaddress.IPv6Network(prefix) for prefix in second.prefixes]
    usable = [a for a, s in zip(host.addresses()["address"], host.addresses()["state"]) if s == "preferred"]
    assert any(ipaddress.IPv6Address(a) in networks[0] for a in usable)
    assert before is not None
    ping = host.ping(f"{networks[0].network_address + 1}", count=1)
    net.run(for_=2)
    assert ping.received == 1


def test_duplicate_addresses_are_found(net):
    lan = net.lan("lan", "2001:db8:1::/64")
    a, b = net.host("a"), net.host("b")
    lan.attach(a, address="2001:db8:1::5")
    net.run(until=3)
    lan.attach(b, address="2001:db8:1::5")
    net.run(until=6)
    states = b.addresses().set_index("address")["state"]
    assert states["2001:db8:1::5"] == "duplicated"
    assert b.address is None


def test_a_blackhole_and_a_reject_route(two_hosts):
    net = two_hosts
    a, b = net["a"], net["b"]
    a.add_route("2001:db8:bad::/48", interface="eth0", kind="blackhole")
    a.add_route("2001:db8:0bed::/48", interface="eth0", kind="reject")
    silent, refused = a.ping("2001:db8:bad::1", count=1), a.ping("2001:db8:bed::1", count=1)
    net.run(for_=2)
    assert silent.received == refused.received == 0
    assert isinstance(b, ks.Host)


def test_an_unreachable_address_is_reported(two_hosts):
    net = two_hosts
    prefix = ipaddress.IPv6Network(net["ab"].prefixes[0])
    ping = net["a"].ping(str(prefix.network_address + 99), count=1)
    net.run(for_=5)
    assert ping.received == 0
    assert [e.reason for e in ping.errors] == ["address unreachable"]
