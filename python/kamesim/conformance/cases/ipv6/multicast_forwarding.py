"""Packets for groups at a router that forwards them from the left to the right and back (RFC 4007, 4291, 4443)."""

from __future__ import annotations

import pytest
from scapy.layers.inet import UDP
from scapy.layers.inet6 import (
    HBHOptUnknown,
    ICMPv6EchoReply,
    ICMPv6PacketTooBig,
    ICMPv6ParamProblem,
    IPv6,
    IPv6ExtHdrHopByHop,
)
from scapy.packet import Raw

from kamesim.conformance.exchange import (
    ETHERNET,
    TESTER,
    TESTER_RIGHT,
    case,
    echo_request,
    expect,
    expect_dropped,
    expect_silence,
    find,
    ip,
    must,
    quoted,
)

GROUP = "ff0e::1234"
ALL_ROUTERS_OF_THE_SITE = "ff05::2"


@pytest.fixture
def forwarding(router, left, right):
    router.multicast_forwarding = True


def to_group(group=GROUP, data=b"kamesim", **fields):
    return ip(group, **{"hlim": 9, **fields}) / UDP(sport=1, dport=2) / Raw(data)


def forwarded(port, within=0.5):
    return [p for p in port.run(within) if find(p, UDP)]


@case(must("RFC 4291 §2.7", "RFC 2464 §7"), logo="v6LC.1.1.10 H")
def packet_for_a_group_goes_on_with_one_hop_less(forwarding, left, right):
    sent = to_group(fl=0xABCDE, tc=0xB8)
    left.send(sent)
    (packet,) = forwarded(right)
    original = bytearray(bytes(sent)[ETHERNET:])
    original[7] -= 1
    assert bytes(packet.wire[ETHERNET:]) == bytes(original)
    assert packet.dst == "33:33:00:00:12:34"
    assert forwarded(left) == []


@case(must("RFC 4291 §2.7"))
def router_that_does_not_forward_groups_leaves_them_alone(router, left, right):
    left.send(to_group())
    expect_silence(right)
    expect_silence(left)

# Scope 0 is reserved: such a packet is silently dropped.
STAYING_SCOPES = {"ff02": "v6LC.1.1.10 I", "ff12": "v6LC.1.1.10 I", "ff00": "v6LC.1.1.10 J", "ff10": "v6LC.1.1.10 J"}


@case(must("RFC 4007 §9", "RFC 4291 §2.7"), logo=STAYING_SCOPES)
@pytest.mark.parametrize("scope", STAYING_SCOPES)
def group_of_the_link_or_less_stays_there(forwarding, left, right, scope):
    left.send(to_group(f"{scope}::1234"))
    assert forwarded(right) == []
    expect_silence(left)


# Scope F is reserved too, and to be treated as the global one.
@case(must("RFC 4007 §5", "RFC 4291 §2.7"), logo={"15": "v6LC.1.1.10 K"})
@pytest.mark.parametrize("scope", [3, 4, 5, 8, 14, 15])
def groups_of_wider_scopes_go_on_where_no_boundary_is(forwarding, left, right, scope):
    left.send(to_group(f"ff0{scope:x}::1234"))
    assert len(forwarded(right)) == 1


@case(must("RFC 4007 §9", "RFC 4007 §5"))
@pytest.mark.parametrize("side", ["left", "right"])
def groups_of_a_site_do_not_cross_its_border(forwarding, router, left, right, side):
    router.interfaces[0 if side == "left" else 1].multicast_scope_boundary = 5
    left.send(to_group("ff05::1234"))
    assert forwarded(right) == []
    expect_dropped(router, "ip6.multicast_scope_boundary")
    left.send(to_group("ff08::1234"))
    assert len(forwarded(right)) == 1


@case(must("RFC 4007 §9"))
def link_local_source_does_not_leave_its_link(forwarding, router, left, right):
    left.send(to_group(source="fe80::99"))
    assert forwarded(right) == []
    expect_dropped(router, "ip6.multicast_from_link_local")


@case(must("RFC 4291 §2.5.2"))
def packet_without_a_source_is_not_forwarded(forwarding, left, right):
    left.send(to_group(source="::"))
    assert forwarded(right) == []


@case(must("RFC 4443 §2.4 e.3", "RFC 8200 §3"))
@pytest.mark.parametrize("hops", [0, 1])
def used_up_hop_limit_ends_the_way_in_silence(forwarding, router, left, right, hops):
    left.send(to_group(hlim=hops))
    expect_silence(left)
    assert forwarded(right) == []
    expect_dropped(router, "ip6.multicast_hop_limit_exceeded")


@case(must("RFC 4443 §3.2", "RFC 4443 §2.4 e.3"), role="router")
def packet_too_big_for_the_next_link_is_reported_though_for_a_group(lab):
    router = lab.router(right_mtu=1280)
    left, right = lab.ports
    router.multicast_forwarding = True
    sent = to_group(data=bytes(1300))
    left.send(sent)
    error = expect(left, ICMPv6PacketTooBig, mtu=1280)
    assert quoted(error)[8:40] == bytes(sent)[ETHERNET:][8:40]
    assert forwarded(right) == []


@case(must("RFC 8200 §4.2", "RFC 4443 §2.4 e.3"))
@pytest.mark.parametrize(("option", "told"), [(0x80, True), (0xC0, False), (0x40, False)])
def unrecognized_option_is_reported_as_its_high_bits_have_it(forwarding, left, right, option, told):
    header = IPv6ExtHdrHopByHop(options=[HBHOptUnknown(otype=option | 0x1E, optdata=b"\0\0\0\0")])
    left.send(ip(GROUP, hlim=9) / header / UDP(sport=1, dport=2) / Raw(b"kamesim"))
    if told:
        expect(left, ICMPv6ParamProblem, code=2, ptr=42)
    else:
        expect_silence(left)
    assert forwarded(right) == []


@case(must("RFC 4443 §4.2"))
def member_gets_what_it_forwards(forwarding, left, right):
    left.send(echo_request(ALL_ROUTERS_OF_THE_SITE, hlim=9))
    expect(left, ICMPv6EchoReply)
    assert [p[IPv6].hlim for p in right.run(0.5) if p[IPv6].dst == ALL_ROUTERS_OF_THE_SITE] == [8]


@case(must("RFC 4291 §2.7"))
def packet_that_comes_the_wrong_way_is_not_forwarded(forwarding, router, left, right):
    left.send(to_group(source=TESTER_RIGHT.address))  # its sender is on the right
    assert forwarded(right) == []
    expect_dropped(router, "ip6.multicast_wrong_interface")


@case(must("RFC 4291 §2.7"))
def route_of_a_source_goes_before_the_route_of_its_group(router, left, right):
    router.add_multicast_route(GROUP, incoming="eth0", outgoing=["eth1"])
    router.add_multicast_route(GROUP, source=TESTER.address, incoming="eth1", outgoing=["eth0"])
    left.send(to_group())
    assert forwarded(right) == []
    left.send(to_group(source="2001:db8:1::77"))
    assert len(forwarded(right)) == 1
    rows = router.multicast_routes().set_index("source")
    assert (rows.loc[TESTER.address, "wrong_interface"], rows.iloc[0]["packets"]) == (1, 1)


@case(must("RFC 4291 §2.7"))
def hop_threshold_of_the_link_is_kept(forwarding, router, left, right):
    router.interfaces[1].multicast_hop_threshold = 16
    left.send(to_group(hlim=16))
    assert forwarded(right) == []
    left.send(to_group(hlim=17))
    assert len(forwarded(right)) == 1
