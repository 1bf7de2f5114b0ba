"""Neighbor Discovery messages in fragments are ignored (RFC 6980)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6ND_NA, ICMPv6ND_RA, IPv6

from kamesim.conformance.cases.ipv6._entries import CACHED_MAC, NEW_MAC, Entry
from kamesim.conformance.cases.ipv6._hosts import FAR, SECOND_MAC, SECOND_ROUTER, next_hop, option_of_length
from kamesim.conformance.cases.ipv6._redirects import by_router, redirect
from kamesim.conformance.exchange import (
    NODE,
    TESTER,
    case,
    dad_ns,
    echo_request,
    expect,
    expect_dropped,
    expect_none,
    find,
    fragments,
    must,
    na,
    ns,
    payload_of,
    ra,
    rs,
)

MAX_RA_DELAY_TIME = 0.5


def in_fragments(packet, size=None):
    """The same in fragments of so many bytes; None: in one, which is an atomic fragment."""
    header = packet[IPv6]
    payload = payload_of(packet)
    pieces = fragments(
        payload, size or 8 * len(payload), destination=header.dst, source=header.src, to_mac=packet.dst, hlim=header.hlim
    )
    assert len(pieces) > 1 or size is None
    return pieces


WAYS = {"two fragments": 24, "an atomic fragment": None}


@case(must("RFC 6980 §5"))
@pytest.mark.parametrize("size", WAYS.values(), ids=WAYS)
def neighbor_solicitation_in_fragments_is_ignored(node, port, size):
    port.send(*in_fragments(ns(NODE.address), size))
    expect_none(port, ICMPv6ND_NA, within=2.0)
    expect_dropped(node, "nd.fragmented")
    port.send(ns(NODE.address))
    expect(port, ICMPv6ND_NA, tgt=NODE.address)


@case(must("RFC 6980 §5"))
@pytest.mark.parametrize("size", WAYS.values(), ids=WAYS)
def neighbor_advertisement_in_fragments_is_ignored(node, port, size):
    neighbor = Entry(port, "2001:db8:1::77", NODE.address)
    neighbor.bring_to("REACHABLE")
    port.send(*in_fragments(na(neighbor.address, destination=NODE.address, lladdr=NEW_MAC), size))
    expect_dropped(node, "nd.fragmented")
    assert neighbor.learned() == (CACHED_MAC, False)


@case(must("RFC 6980 §5"))
@pytest.mark.parametrize("size", WAYS.values(), ids=WAYS)
def router_advertisement_in_fragments_is_ignored(host, port, size):
    port.send(*in_fragments(ra(option_of_length(1)), 16 if size else None))
    assert next_hop(host, port) is None
    expect_dropped(host, "nd.fragmented")
    port.send(ra())
    assert next_hop(host, port) == TESTER.mac


@case(must("RFC 6980 §5"))
@pytest.mark.parametrize("size", WAYS.values(), ids=WAYS)
def redirect_in_fragments_is_ignored(host, port, by_router, size):
    port.send(*in_fragments(redirect(), size))
    expect_dropped(host, "nd.fragmented")
    assert next_hop(host, port, FAR) == TESTER.mac
    port.answers[SECOND_ROUTER] = SECOND_MAC
    port.send(redirect())
    assert next_hop(host, port, FAR) == SECOND_MAC


@case(must("RFC 6980 §5"))
@pytest.mark.parametrize("size", WAYS.values(), ids=WAYS)
def router_solicitation_in_fragments_is_ignored(advertiser, port, settled, size):
    before = port.now
    port.send(*in_fragments(rs(), 8 if size else None))
    answers = [p for p in port.run(3.6) if find(p, ICMPv6ND_RA)]
    assert not [p for p in answers if p.time < before + MAX_RA_DELAY_TIME + 1e-6]
    expect_dropped(advertiser, "nd.fragmented")


@case(must("RFC 6980 §5", "RFC 4862 §5.4.3"))
@pytest.mark.parametrize("size", WAYS.values(), ids=WAYS)
def test_of_another_node_in_fragments_is_not_answered(host, port, size):
    port.send(*in_fragments(dad_ns(NODE.address), 8 if size else None))
    expect_none(port, ICMPv6ND_NA, within=1.0)
    port.send(echo_request())
    expect(port, ICMPv6EchoReply)
