"""What a node's kernel part tells of its routes: Node.routing_socket."""

import pytest
from scapy.layers.inet6 import ICMPv6ND_RA, ICMPv6ND_Redirect, ICMPv6NDOptPrefixInfo, ICMPv6NDOptSrcLLAddr, IPv6, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

import kamesim as ks

PEER_MAC, ROUTER = "02:00:00:00:00:99", "fe80::99"


@pytest.fixture
def lan():
    net = ks.Network(seed=1)
    lan = net.lan("wire")
    lan.attach(net.host("host"), mac="02:00:00:00:00:01", address="2001:db8:1::1/64")
    net.run(for_=20)
    return lan


@pytest.fixture
def host(lan):
    return lan.network.node("host")


def routes(socket):
    """The messages about routes: (what, prefix, next hop, origin)."""
    return [(m.what, m.route.prefix, m.route.next_hop, m.route.origin) for m in socket.read() if m.route is not None]


def test_routes_given_by_hand(host):
    with host.routing_socket() as s:
        host.add_route("2001:db8:9::/48", via="fe80::1", metric=5)
        host.add_route("2001:db8:9::/48", via="fe80::2", metric=5)  # a second way of the same cost
        host.add_route("2001:db8:9::/48", via="fe80::2", metric=9)
        host.add_route("2001:db8:8::/48", kind="reject")
        host.remove_route("2001:db8:9::/48", via="fe80::1")
        messages = s.read()
        assert [(m.what, m.route.prefix, m.route.next_hop, m.route.metric) for m in messages] == [
            ("route added", "2001:db8:9::/48", "fe80::1", 5),
            ("route added", "2001:db8:9::/48", "fe80::2", 5),
            ("route changed", "2001:db8:9::/48", "fe80::2", 9),
            ("route added", "2001:db8:8::/48", None, 0),
            ("route removed", "2001:db8:9::/48", "fe80::1", 5),
        ]
        assert messages[3].route.kind == "reject"
        assert messages[0].interface == host.interfaces[0].name and messages[0].time == host.network.now
        assert s.read() == []
    assert s.closed


def test_routes_of_addresses(host):
    s = host.routing_socket()
    host.add_address("2001:db8:2::1/64", dad=False)
    host.remove_address("2001:db8:2::1")
    assert routes(s) == [
        ("route added", "2001:db8:2::/64", None, "connected"),
        ("route added", "2001:db8:2::1/128", None, "connected"),
        ("route removed", "2001:db8:2::1/128", None, "connected"),
        ("route removed", "2001:db8:2::/64", None, "connected"),
    ]


def test_what_routers_advertise_and_redirects_tell(lan, host):
    port = lan.tester(mac=PEER_MAC)

    def say(packet):
        port.send(bytes(Ether(src=PEER_MAC, dst=host.interfaces[0].mac) / packet))
        lan.network.run(for_=0.1)

    def advertise(lifetime):
        prefix = ICMPv6NDOptPrefixInfo(prefix="2001:db8:3::", L=1, A=0, validlifetime=lifetime, preferredlifetime=0)
        say(IPv6(src=ROUTER, dst="ff02::1", hlim=255) / ICMPv6ND_RA(routerlifetime=lifetime)
            / ICMPv6NDOptSrcLLAddr(lladdr=PEER_MAC) / prefix)  # fmt: skip

    s = host.routing_socket()
    advertise(1800)
    learned = [("::/0", ROUTER, "router advertisement"), ("2001:db8:3::/64", None, "router advertisement")]
    assert sorted(routes(s)) == sorted(("route added", *route) for route in learned)
    redirect = ICMPv6ND_Redirect(tgt="fe80::77", dst="2001:db8:f::1")
    quoted = IPv6(src=host.address, dst="2001:db8:f::1") / UDP()  # with its option a multiple of 8 octets
    say(IPv6(src=ROUTER, dst=host.address, hlim=255) / redirect / Raw(b"\4\7" + bytes(6) + bytes(quoted)))
    assert routes(s) == [("route added", "2001:db8:f::1/128", "fe80::77", "redirect")]
    advertise(0)
    assert ("route removed", *learned[0]) in routes(s)


def test_a_reader_who_is_late_loses_messages(host):
    s = host.routing_socket()
    for n in range(4100):
        host.add_route(f"2001:db8:{n:x}::/48", via="fe80::1")
    assert s.lost == 4
    assert len(s.read()) == 4096
    assert host.drops["socket.routing_buffer_full"] == 4


def test_it_ends_with_a_reboot(host):
    s = host.routing_socket()
    host.reboot()
    assert s.closed and s.read() == []
