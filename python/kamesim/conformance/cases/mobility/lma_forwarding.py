"""What a local mobility anchor forwards, and to where (RFC 5213 §5.6)."""

from __future__ import annotations

from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6EchoRequest, ICMPv6TimeExceeded, IPv6

from kamesim.conformance.cases.mobility._anchor import (
    ANCHOR,
    CARE_OF,
    CORRESPONDENT,
    FIRST,
    HOME,
    LAPTOP,
    OTHER_CARD,
    OTHER_CARE_OF,
    from_mobile,
    mag,
    other_mag,
    router,
)
from kamesim.conformance.exchange import (
    NODE_RIGHT,
    TESTER_RIGHT,
    case,
    echo,
    expect,
    expect_dropped,
    expect_none,
    ip,
    must,
    should,
)
from kamesim.conformance.mobility import ends, inner

NEIGHBOUR = "2001:db8:ff00:1::55"  # of the mobile node that comes second


def from_correspondent(destination=HOME, **fields):
    frame = {"source": CORRESPONDENT, "to_mac": NODE_RIGHT.mac, "from_mac": TESTER_RIGHT.mac}
    return ip(destination, **frame, **fields) / echo()


@case(must("RFC 5213 §5.6.2"))
def packet_for_the_home_network_goes_by_the_tunnel(left, right, mag):
    mag.register()
    right.send(from_correspondent())
    packet = expect(left, ICMPv6EchoRequest)
    assert ends(packet) == (ANCHOR, CARE_OF)
    assert (inner(packet).src, inner(packet).dst) == (CORRESPONDENT, HOME)
    assert inner(packet).hlim == 63, "one hop"


@case(must("RFC 5213 §5.6.2"))
def any_address_of_the_home_network_is_the_mobile_nodes(left, right, mag):
    mag.register()
    right.send(from_correspondent("2001:db8:ff00:0:ffff:ffff:ffff:fffe"))
    assert ends(expect(left, ICMPv6EchoRequest)) == (ANCHOR, CARE_OF)


@case(must("RFC 5213 §5.6.2"))
def packet_of_the_mobile_node_comes_out_of_the_tunnel(right, mag):
    mag.register()
    mag.port.send(mag.tunnelled(from_mobile()))
    packet = expect(right, ICMPv6EchoRequest)
    assert ends(packet) == (HOME, CORRESPONDENT) and inner(packet) is None


@case(must("RFC 5213 §5.6.2", "RFC 6275 §10.4.5"))
def source_that_the_gateway_does_not_serve_is_not_forwarded(right, router, mag):
    mag.register()
    for source in ("2001:db8:ff00:5::1", "2001:db8:e::1"):
        mag.port.send(mag.tunnelled(from_mobile(source=source)))
    expect_none(right, ICMPv6EchoRequest)
    expect_dropped(router, "tunnel.inner_source_not_allowed", 2)


@case(must("RFC 2473 §3.3"))
def tunnel_of_a_stranger_is_not_opened(right, router, mag):
    mag.register()
    mag.port.send(mag.tunnelled(from_mobile(), source=OTHER_CARE_OF))
    expect_none(right, ICMPv6EchoRequest)
    expect_dropped(router, "tunnel.unknown_peer")


@case(must("RFC 5213 §5.3.4"))
def packets_follow_the_mobile_node(left, right, mag, other_mag):
    mag.register()
    left.run(0.1)
    other_mag.register(hint=3)
    right.send(from_correspondent())
    assert ends(expect(left, ICMPv6EchoRequest)) == (ANCHOR, OTHER_CARE_OF)
    left.send(mag.tunnelled(from_mobile()))
    expect_none(right, ICMPv6EchoRequest)
    left.send(other_mag.tunnelled(from_mobile()))
    expect(right, ICMPv6EchoRequest)


@case(should("RFC 5213 §5.3.5 item 2"))
def packets_are_dropped_between_gateways(left, right, router, mag):
    mag.register()
    left.run(0.1)
    mag.ask(lifetime=0, prefixes=(FIRST,), hint=4)
    right.send(from_correspondent())
    expect_none(left, ICMPv6EchoRequest)
    expect_none(right, ICMPv6DestUnreach, within=0.2)
    left.send(mag.tunnelled(from_mobile()))
    expect_none(right, ICMPv6EchoRequest)
    expect_dropped(router, "ip6.blackhole_route")


@case(must("RFC 5213 §5.3.5 item 2"))
def nothing_is_forwarded_once_the_session_is_deleted(left, right, mag):
    mag.register()
    left.run(0.1)
    mag.ask(lifetime=0, prefixes=(FIRST,), hint=4)
    left.run(10.1)
    right.send(from_correspondent())
    expect_none(left, ICMPv6EchoRequest)
    left.send(mag.tunnelled(from_mobile()))
    expect_none(right, ICMPv6EchoRequest)


@case(must("RFC 4443 §3.1"))
def prefix_of_the_pool_that_nobody_has_is_unreachable(right, mag):
    mag.register()
    right.send(from_correspondent("2001:db8:ff00:9::1"))
    assert expect(right, ICMPv6DestUnreach).code == 6, "reject route"


@case(must("RFC 5213 §5.6.1", "RFC 5213 §5.6.2"))
def mobile_nodes_of_one_gateway_share_the_tunnel(left, mag):
    mag.register()
    mag.register(identifier=LAPTOP, card=OTHER_CARD)
    left.send(mag.tunnelled(from_mobile(NEIGHBOUR)))
    packet = expect(left, ICMPv6EchoRequest)
    assert ends(packet) == (ANCHOR, CARE_OF)
    assert (inner(packet).src, inner(packet).dst) == (HOME, NEIGHBOUR)


@case(must("RFC 5213 §5.6.1"))
def tunnel_stays_while_one_mobile_node_needs_it(left, right, mag, other_mag):
    mag.register()
    mag.register(identifier=LAPTOP, card=OTHER_CARD)
    left.run(0.1)
    other_mag.register(hint=3)
    right.send(from_correspondent(NEIGHBOUR))
    assert ends(expect(left, ICMPv6EchoRequest)) == (ANCHOR, CARE_OF)


@case(must("RFC 5213 §5.6.2"))
def packet_between_mobile_nodes_of_two_gateways(left, mag, other_mag):
    mag.register()
    other_mag.register(identifier=LAPTOP, card=OTHER_CARD)
    left.send(mag.tunnelled(from_mobile(NEIGHBOUR)))
    packet = expect(left, ICMPv6EchoRequest)
    assert ends(packet) == (ANCHOR, OTHER_CARE_OF) and inner(packet).dst == NEIGHBOUR


@case(must("RFC 5213 §5.6.3"))
def congestion_bits_go_into_the_tunnel(left, right, mag):
    mag.register()
    right.send(from_correspondent(tc=0x02))
    packet = expect(left, ICMPv6EchoRequest)
    assert packet[IPv6].tc & 3 == 2 and inner(packet).tc == 0x02


@case(must("RFC 5213 §5.6.3"))
def congestion_experienced_in_the_tunnel_is_passed_on(right, mag):
    mag.register()
    packet = mag.tunnelled(IPv6(src=HOME, dst=CORRESPONDENT, tc=0x02) / echo())
    packet[IPv6].tc = 0x03
    mag.port.send(packet)
    assert expect(right, ICMPv6EchoRequest)[IPv6].tc == 0x03


@case(must("RFC 4443 §3.3"))
def last_hop_is_told_before_the_tunnel(left, right, mag):
    mag.register()
    right.send(from_correspondent(hlim=1))
    assert ends(expect(right, ICMPv6TimeExceeded))[1] == CORRESPONDENT
    expect_none(left, ICMPv6EchoRequest)
