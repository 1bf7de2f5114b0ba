"""Packets of a mobile node (RFC 6275 §11.3)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NS, ICMPv6ND_RS, IPv6ExtHdrRouting

from kamesim.conformance.cases.mobility._mobile_node import CARE_OF, CORRESPONDENT, HOME, HOME_AGENT, journey
from kamesim.conformance.exchange import case, echo, expect, expect_none, find, must
from kamesim.conformance.mobility import ends, home_address_of, inner, type2_route

ROLE = "host"


@case(must("RFC 6275 §11.3.1"))
def packets_from_the_home_address_go_by_the_reverse_tunnel(journey):
    journey.register()
    journey.node.ping(CORRESPONDENT, source=HOME, count=1)
    request = expect(journey.port, ICMPv6EchoRequest)
    assert ends(request) == (CARE_OF, HOME_AGENT) and home_address_of(request) is None
    assert (inner(request).src, inner(request).dst) == (HOME, CORRESPONDENT)


@case(must("RFC 6275 §11.3.3", "RFC 6275 §11.3.1"))
def tunnelled_packets_are_answered_by_the_tunnel(journey):
    journey.register()
    journey.send_tunnelled(CORRESPONDENT, echo(b"tunnelled"))
    reply = expect(journey.port, ICMPv6EchoReply, data=b"tunnelled")
    assert ends(reply) == (CARE_OF, HOME_AGENT) and inner(reply).dst == CORRESPONDENT


@case(must("RFC 6275 §11.3.3"))
def tunnel_is_from_the_home_agent_alone(journey):
    journey.register()
    journey.send_tunnelled(CORRESPONDENT, echo(), outer="2001:db8:e::1")
    expect_none(journey.port, ICMPv6EchoReply)


@case(must("RFC 6275 §11.3.1"))
def packets_to_the_care_of_address_itself_are_answered_from_it(journey):
    journey.register()
    journey.send(CORRESPONDENT, echo())
    reply = expect(journey.port, ICMPv6EchoReply)
    assert ends(reply) == (CARE_OF, CORRESPONDENT) and home_address_of(reply) is None


@case(must("RFC 6275 §11.3.3"))
def type_2_routing_header_leads_to_the_home_address(journey):
    journey.register()
    journey.send(CORRESPONDENT, type2_route(HOME), echo(b"routed"))
    reply = expect(journey.port, ICMPv6EchoReply, data=b"routed")
    assert inner(reply).src == HOME, "no binding is known there: reverse tunnel (§11.3.1)"


@case(must("RFC 6275 §11.3.3"))
@pytest.mark.parametrize(
    "header",
    [
        type2_route("2001:db8:a::101"),
        IPv6ExtHdrRouting(type=2, segleft=0, addresses=[HOME]),
        IPv6ExtHdrRouting(type=2, segleft=2, addresses=[HOME]),
        IPv6ExtHdrRouting(type=2, segleft=1, addresses=["2001:db8:a::101", HOME]),
    ],
    ids=["another address", "no segment left", "two segments left", "two addresses"],
)
def type_2_routing_header_that_fails_a_check_is_discarded_silently(journey, header):
    journey.register()
    journey.send(CORRESPONDENT, header, echo())
    for packet in journey.port.run(2.0):
        assert find(packet, ICMPv6ND_NS) or find(packet, ICMPv6ND_RS), packet.summary()
