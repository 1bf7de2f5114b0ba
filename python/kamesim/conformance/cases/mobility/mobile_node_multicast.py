"""Multicast of a mobile node that is away from home (RFC 6275 §11.3.4)."""

from __future__ import annotations

from scapy.layers.inet import UDP
from scapy.layers.inet6 import ICMPv6EchoRequest

from kamesim.conformance.cases.mobility._mobile_node import CARE_OF, CORRESPONDENT, HOME, HOME_AGENT, journey
from kamesim.conformance.exchange import case, expect, ip, may, must
from kamesim.conformance.mobility import ends, home_address_of, inner

ROLE = "host"
GROUP, GROUP_MAC = "ff0e::77", "33:33:00:00:00:77"


@case(may("RFC 6275 §11.3.4"))
def packet_for_the_group_on_the_visited_link_is_received(journey):
    journey.register()
    journey.settle(1.0)
    socket = journey.node.socket()
    socket.bind(("::", 7000))
    socket.join_group(GROUP, interface=journey.node.interfaces[0])
    packet = ip(GROUP, source=CORRESPONDENT, to_mac=GROUP_MAC, from_mac="02:00:00:00:00:bb")
    journey.port.send(packet / UDP(sport=7000, dport=7000) / b"to all")
    journey.settle(0.1)
    assert socket.recv_nowait() == b"to all"


@case(must("RFC 6275 §11.3.4"))
def packet_from_the_home_address_to_a_group_goes_by_the_tunnel(journey):
    journey.register()
    journey.node.ping(GROUP, source=HOME, count=1)
    request = expect(journey.port, ICMPv6EchoRequest)
    assert ends(request) == (CARE_OF, HOME_AGENT) and home_address_of(request) is None
    assert (inner(request).src, inner(request).dst) == (HOME, GROUP)


@case(must("RFC 6275 §11.3.4"))
def packet_from_the_care_of_address_to_a_group_goes_out_on_the_visited_link(journey):
    journey.register()
    journey.node.ping(GROUP, source=CARE_OF, interface=journey.node.interfaces[0], count=1)
    request = expect(journey.port, ICMPv6EchoRequest)
    assert ends(request) == (CARE_OF, GROUP) and home_address_of(request) is None
