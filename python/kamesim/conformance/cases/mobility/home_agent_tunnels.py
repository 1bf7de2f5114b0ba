"""Tunnels of a home agent (RFC 6275 §10.4.2, §10.4.5)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NS,
    ICMPv6ND_Redirect,
    IPv6,
)
from scapy.packet import Packet

from kamesim.conformance.cases.mobility._home_agent import (
    CARE_OF,
    CORRESPONDENT,
    HOME,
    HOME_AGENT,
    HOME_LINK_LOCAL,
    OTHER_CARE_OF,
    from_mobile,
    mobile,
    register,
    router,
    tunnelled,
)
from kamesim.conformance.exchange import (
    ALL_NODES,
    NODE_RIGHT,
    TESTER,
    TESTER_RIGHT,
    Unmet,
    case,
    echo,
    echo_request,
    expect,
    expect_none,
    find,
    must,
)
from kamesim.conformance.mobility import ends, inner, routed_to


def from_outside(destination: str, data: bytes = b"kamesim") -> Packet:
    return echo_request(destination, data, source=CORRESPONDENT, to_mac=NODE_RIGHT.mac, from_mac=TESTER_RIGHT.mac)


@case(must("RFC 6275 §10.4.2"))
def intercepted_packet_is_tunnelled_to_the_care_of_address(left, right, mobile):
    register(mobile)
    left.send(echo_request(HOME, b"to the mobile node", hlim=64))
    packet = expect(right, ICMPv6EchoRequest, data=b"to the mobile node")
    assert ends(packet) == (HOME_AGENT, CARE_OF)
    assert (inner(packet).src, inner(packet).dst, inner(packet).hlim) == (TESTER.address, HOME, 63)


@case(must("RFC 6275 §10.4.2"))
def packet_from_outside_is_tunnelled_too(right, mobile):
    register(mobile)
    right.send(from_outside(HOME))
    packet = expect(right, ICMPv6EchoRequest)
    assert ends(packet) == (HOME_AGENT, CARE_OF) and (inner(packet).src, inner(packet).dst) == (CORRESPONDENT, HOME)


@case(must("RFC 6275 §10.4.2"))
def home_agent_itself_sends_by_a_routing_header(right, mobile):
    # It is a correspondent node then.
    register(mobile)
    right.send(mobile.optimized(echo(b"to the home agent")))
    reply = expect(right, ICMPv6EchoReply, data=b"to the home agent")
    assert ends(reply) == (HOME_AGENT, CARE_OF) and routed_to(reply) == HOME and inner(reply) is None


@case(must("RFC 6275 §10.4.2"))
@pytest.mark.parametrize("source", [TESTER.link_local, TESTER.address])
def packets_for_the_link_local_address_are_not_tunnelled(left, right, mobile, source):
    register(mobile, flags="LHA")
    left.run(2.0)
    left.send(echo_request(HOME_LINK_LOCAL, source=source))
    for packet in left.frames(1.0):  # at once: nobody is looked for, nobody is told to go there
        question = find(packet, ICMPv6ND_NS)
        assert question is None or question.tgt != HOME_LINK_LOCAL
        assert find(packet, ICMPv6ND_Redirect) is None
        if find(packet, ICMPv6DestUnreach) is not None:
            assert packet[ICMPv6DestUnreach].code == 3 and packet[IPv6].dst == source
            break
    else:
        raise Unmet("no Destination Unreachable")
    expect_none(right, ICMPv6EchoRequest)


@case(must("RFC 6275 §10.4.2"))
def link_local_multicast_is_not_tunnelled(left, right, mobile):
    register(mobile)
    left.send(echo_request(ALL_NODES))
    expect_none(right, ICMPv6EchoRequest)


@case(must("RFC 6275 §10.4.2", "RFC 4007 §9"))
def packets_from_link_local_addresses_are_not_tunnelled(left, right, mobile):
    register(mobile)
    left.send(echo_request(HOME, source=TESTER.link_local))
    expect_none(right, ICMPv6EchoRequest)


@case(must("RFC 6275 §10.4.5"))
@pytest.mark.parametrize("destination", [TESTER.address, CORRESPONDENT])
def reverse_tunnel_leads_anywhere(left, right, mobile, destination):
    register(mobile)
    right.send(tunnelled(from_mobile(destination)))
    packet = expect(left if destination == TESTER.address else right, ICMPv6EchoRequest)
    assert ends(packet) == (HOME, destination) and inner(packet) is None


@case(must("RFC 6275 §10.4.5"))
def reverse_tunnel_leads_to_the_home_agent(right, mobile):
    register(mobile)
    right.send(tunnelled(from_mobile(HOME_AGENT)))
    assert routed_to(expect(right, ICMPv6EchoReply)) == HOME


@case(must("RFC 6275 §10.4.5"))
def reverse_tunnel_is_for_the_home_address_alone(right, mobile):
    # The authorized sender.
    register(mobile)
    right.send(tunnelled(from_mobile(CORRESPONDENT, source="2001:db8:1::666")))
    expect_none(right, ICMPv6EchoRequest)


@case(must("RFC 6275 §10.4.5"))
def reverse_tunnel_starts_at_the_primary_care_of_address(right, mobile):
    register(mobile)
    right.send(tunnelled(from_mobile(CORRESPONDENT), source=OTHER_CARE_OF))
    expect_none(right, ICMPv6EchoRequest)


@case(must("RFC 6275 §10.3.1", "RFC 6275 §10.4.5"))
def reverse_tunnel_moves_with_the_registration(right, mobile):
    register(mobile, 1)
    mobile.care_of = OTHER_CARE_OF
    register(mobile, 2)
    right.send(tunnelled(from_mobile(CORRESPONDENT), source=CARE_OF))
    expect_none(right, ICMPv6EchoRequest)
    right.send(tunnelled(from_mobile(CORRESPONDENT), source=OTHER_CARE_OF))
    expect(right, ICMPv6EchoRequest)
