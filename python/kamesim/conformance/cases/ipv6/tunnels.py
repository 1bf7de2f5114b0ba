"""Generic packet tunnelling (RFC 2473), at a home agent: it has a tunnel to the care-of address of a mobile node."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    HAO,
    MIP6MH_BA,
    MIP6MH_BU,
    HBHOptUnknown,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6PacketTooBig,
    ICMPv6ParamProblem,
    ICMPv6TimeExceeded,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    MIP6OptAltCoA,
)
from scapy.packet import Raw

import kamesim as ks
from kamesim.conformance.exchange import (
    ETHERNET,
    NODE,
    NODE_RIGHT,
    TESTER,
    TESTER_RIGHT,
    case,
    echo,
    echo_request,
    expect,
    expect_dropped,
    expect_silence,
    find,
    ip,
    must,
    payload_of,
    quoted,
)


HOME, CARE_OF = "2001:db8:1::100", TESTER_RIGHT.address
ENTRY_POINT = NODE.address
ENCAPSULATION_LIMIT = 4  # the option's type (RFC 2473 §4.1.1)


def from_right(destination, source=CARE_OF, **fields):
    return ip(destination, source=source, from_mac=TESTER_RIGHT.mac, to_mac=NODE_RIGHT.mac, **fields)


def to_home(data=b"kamesim", **fields):
    return echo_request(HOME, data, to_mac=NODE.mac, **fields)


def encapsulated(inner, outer_source=CARE_OF, **fields):
    """A packet in a tunnel packet to the home agent."""
    return from_right(ENTRY_POINT, outer_source, nh=41, **fields) / Raw(bytes(inner))


def register(router, left, right):
    """The tester on the right becomes a mobile node with a tunnel from the home agent (RFC 6275 §10.3.1)."""
    router.enable(ks.HomeAgent(interface=router.interfaces[0]))
    update = MIP6MH_BU(seq=1, flags="HA", mhtime=100, options=[MIP6OptAltCoA(acoa=CARE_OF)])
    right.send(from_right(ENTRY_POINT) / IPv6ExtHdrDestOpt(options=[HAO(hoa=HOME)]) / update)
    expect(right, MIP6MH_BA, within=3.0, status=0)
    right.run(1.0)
    left.run(0.0)  # the home agent has tested the home address there, and said that it stands in for it


@pytest.fixture
def tunnel(router, left, right):
    register(router, left, right)


def expect_tunnelled(port, within=1.0):
    """The next tunnel packet: the whole of it, and what it carries."""
    outer = next(p for p in port.frames(within) if p[IPv6].dst == CARE_OF and p[IPv6].src == ENTRY_POINT)
    return outer, payload_of(outer)


# --- Encapsulation (RFC 2473 §3.1, §5, §6) ----------------------------------------------------------------------------


@case(must("RFC 2473 §3.1", "RFC 2473 §5.1"))
def packet_is_encapsulated_between_the_end_points(tunnel, left, right):
    left.send(to_home())
    outer, _inner = expect_tunnelled(right)
    assert (outer[IPv6].src, outer[IPv6].dst, outer[IPv6].nh) == (ENTRY_POINT, CARE_OF, 41)
    assert outer[IPv6].fl == 0


@case(must("RFC 2473 §3.1"))
def original_packet_is_carried_whole_with_its_hop_limit_lowered(tunnel, left, right):
    request = to_home(hlim=33, fl=0xABCDE)
    left.send(request)
    _outer, inner = expect_tunnelled(right)
    original = bytearray(bytes(request)[ETHERNET:])
    original[7] = 32
    assert inner == bytes(original)


@case(must("RFC 2473 §6.3"))
def hop_limit_of_the_tunnel_is_that_of_the_node(tunnel, left, right):
    left.send(to_home(hlim=5))
    assert expect_tunnelled(right)[0][IPv6].hlim == 64


@case(must("RFC 2473 §6.4"))
def traffic_class_is_copied(tunnel, left, right):
    left.send(to_home(tc=0xB8))
    assert expect_tunnelled(right)[0][IPv6].tc == 0xB8


@case(must("RFC 2473 §3.1"))
def packet_whose_hop_limit_ends_is_not_encapsulated(tunnel, left, right):
    left.send(to_home(hlim=1))
    expect(left, ICMPv6TimeExceeded, code=0)
    expect_silence(right)


@case(must("RFC 2473 §4.1.1"))
def encapsulation_limit_of_the_original_packet_is_lowered(tunnel, left, right):
    limit = IPv6ExtHdrDestOpt(options=[HBHOptUnknown(otype=ENCAPSULATION_LIMIT, optdata=b"\x03")])
    left.send(ip(HOME, to_mac=NODE.mac) / limit / echo())
    outer, payload = expect_tunnelled(right)
    assert outer[IPv6].nh == 60
    assert payload[0] == 41 and bytes([ENCAPSULATION_LIMIT, 1, 2]) in payload[: 8 * (payload[1] + 1)]


@case(must("RFC 2473 §4.1.1"))
def encapsulation_limit_of_zero_ends_the_way(tunnel, router, left, right):
    limit = IPv6ExtHdrDestOpt(options=[HBHOptUnknown(otype=ENCAPSULATION_LIMIT, optdata=b"\x00")])
    left.send(ip(HOME, to_mac=NODE.mac) / limit / echo())
    expect(left, ICMPv6ParamProblem, code=0, ptr=40 + 2 + 2)  # the option's value
    expect_silence(right)
    expect_dropped(router, "tunnel.encapsulation_limit_exceeded")


# --- Size (RFC 2473 §7.1) ---------------------------------------------------------------------------------------------


@case(must("RFC 2473 §7.1 a"))
def packet_that_does_not_fit_the_tunnel_is_reported(tunnel, left, right):
    left.send(to_home(bytes(1461 - 48)))
    error = expect(left, ICMPv6PacketTooBig, mtu=1500 - 40)
    assert quoted(error)[:6] == bytes(to_home(bytes(1461 - 48)))[ETHERNET:][:6]
    expect_silence(right)


@case(must("RFC 2473 §7.1"))
def packet_that_just_fits_the_tunnel_is_carried(tunnel, left, right):
    left.send(to_home(bytes(1460 - 48)))
    outer, inner = expect_tunnelled(right)
    assert len(inner) == 1460 and outer[IPv6].nh == 41


@case(must("RFC 2473 §7.1 b"), role="router")
def packet_of_the_minimum_mtu_is_carried_in_fragments(lab):
    router = lab.router(right_mtu=1280)
    left, right = lab.ports
    register(router, left, right)
    left.send(to_home(bytes(i & 0xFF for i in range(1280 - 48))))
    pieces = [p for p in right.run(1.0) if p[IPv6].dst == CARE_OF and IPv6ExtHdrFragment in p]
    assert [p[IPv6ExtHdrFragment].m for p in pieces] == [1, 0]
    assert {(p[IPv6].src, p[IPv6ExtHdrFragment].nh) for p in pieces} == {(ENTRY_POINT, 41)}
    inner = b"".join(payload_of(p)[8:] for p in pieces)
    expected = bytearray(bytes(to_home(bytes(i & 0xFF for i in range(1280 - 48))))[ETHERNET:])
    expected[7] -= 1
    assert inner == bytes(expected)


# --- Decapsulation (RFC 2473 §3.3) ------------------------------------------------------------------------------------


@case(must("RFC 2473 §3.3"))
def packet_comes_out_of_the_tunnel_and_goes_on(tunnel, left, right):
    inner = IPv6(src=HOME, dst=TESTER.address, hlim=33) / echo(b"inside")
    right.send(encapsulated(inner))
    request = expect(left, ICMPv6EchoRequest)
    assert (request[IPv6].src, request[IPv6].dst, request[IPv6].hlim) == (HOME, TESTER.address, 32)
    assert request[ICMPv6EchoRequest].data == b"inside"


@case(must("RFC 2473 §3.3"))
def packet_out_of_the_tunnel_can_be_for_the_exit_point(tunnel, left, right):
    right.send(encapsulated(IPv6(src=HOME, dst=ENTRY_POINT) / echo(b"inside")))
    # The answer is this node's own: by its binding cache it goes with a type 2 routing header (RFC 6275 §9.3.2).
    reply = expect(right, ICMPv6EchoReply)
    assert (reply[IPv6].src, reply[IPv6].dst, reply[IPv6].nh) == (ENTRY_POINT, CARE_OF, 43)
    assert reply[ICMPv6EchoReply].data == b"inside"


@case(must("RFC 2473 §3.3", "RFC 6275 §10.4.5"))
def tunnel_packet_of_a_stranger_is_discarded(tunnel, router, left, right):
    right.send(encapsulated(IPv6(src=HOME, dst=TESTER.address) / echo(), outer_source="2001:db8:2::66"))
    expect_silence(left)
    expect_dropped(router, "tunnel.unknown_peer")


@case(must("RFC 6275 §10.4.5"))
def tunnel_packet_from_another_inner_source_is_discarded(tunnel, router, left, right):
    right.send(encapsulated(IPv6(src="2001:db8:1::101", dst=TESTER.address) / echo()))
    expect_silence(left)
    expect_dropped(router, "tunnel.inner_source_not_allowed")


@case(must("RFC 2473 §3.3"))
def tunnel_packet_without_a_whole_packet_is_discarded(tunnel, router, left, right):
    right.send(from_right(ENTRY_POINT, nh=41) / Raw(bytes(IPv6(src=HOME, dst=TESTER.address))[:39]))
    expect_silence(left)
    expect_dropped(router, "tunnel.inner_malformed")

NOT_ECT, ECT1, ECT0, CE = 0b00, 0b01, 0b10, 0b11  # RFC 3168 §5
OUT_OF_THE_TUNNEL = {  # RFC 6040 figure 4: inner, outer -> what leaves; None: the packet is dropped
    (NOT_ECT, NOT_ECT): NOT_ECT, (NOT_ECT, ECT0): NOT_ECT, (NOT_ECT, ECT1): NOT_ECT, (NOT_ECT, CE): None,
    (ECT0, NOT_ECT): ECT0, (ECT0, ECT0): ECT0, (ECT0, ECT1): ECT1, (ECT0, CE): CE,
    (ECT1, NOT_ECT): ECT1, (ECT1, ECT0): ECT1, (ECT1, ECT1): ECT1, (ECT1, CE): CE,
    (CE, NOT_ECT): CE, (CE, ECT0): CE, (CE, ECT1): CE, (CE, CE): CE,
}  # fmt: skip


@case(must("RFC 6040 §4.2"))
def congestion_in_the_tunnel_is_told_to_the_receiver(tunnel, router, left, right):
    for (inner, outer), leaving in OUT_OF_THE_TUNNEL.items():
        right.send(encapsulated(IPv6(src=HOME, dst=TESTER.address, tc=0xB8 | inner) / echo(), tc=outer))
        marks = [p[IPv6].tc for p in left.run(0.1) if find(p, ICMPv6EchoRequest)]
        assert marks == ([] if leaving is None else [0xB8 | leaving]), (inner, outer)
    expect_dropped(router, "tunnel.congestion_not_ecn_capable")
