"""Where a host sends what (RFC 4861 §5.2, §6.3.4): to neighbours themselves, to routers all else."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NS

from kamesim.conformance.cases.ipv6._entries import CACHED_MAC
from kamesim.conformance.cases.ipv6._hosts import FAR, next_hop
from kamesim.conformance.exchange import (
    NODE,
    TESTER,
    case,
    echo_request,
    expect,
    find,
    must,
    na,
    prefix_information,
    ra,
)

# Whose link-local address is on every link, whose prefix is on this one, and who is neither.
DESTINATIONS = {"link-local": "fe80::77", "in the prefix": "2001:db8:1::77", "beyond": FAR}


@case(
    must("RFC 4861 §5.2", "RFC 5942 §3"),
    logo={"link-local": "v6LC.2.1.1 A", "in the prefix": "v6LC.2.1.1 B", "beyond": "v6LC.2.1.1 C"},
)
@pytest.mark.parametrize("destination", DESTINATIONS.values(), ids=DESTINATIONS)
def request_is_answered_by_way_of_the_next_hop(host, port, destination):
    port.send(ra(prefix_information("2001:db8:1::", autonomous=0)))
    is_neighbor = destination != FAR
    if is_neighbor:
        port.answers[destination] = CACHED_MAC
    own = NODE.link_local if destination.startswith("fe80") else NODE.address
    port.send(echo_request(own, source=destination))
    came = port.run(0.5)
    assert [p[ICMPv6ND_NS].tgt for p in came if find(p, ICMPv6ND_NS)] == ([destination] if is_neighbor else [])
    assert [p.dst for p in came if find(p, ICMPv6EchoReply)] == [CACHED_MAC if is_neighbor else TESTER.mac]


@case(must("RFC 4861 §7.2.2"), logo="v6LC.2.1.2 B")
def each_neighbor_has_a_queue_of_its_own(node, port):
    one, other = "2001:db8:1::71", "2001:db8:1::72"
    for seq in (1, 2, 3):
        port.send(echo_request(source=one, seq=seq), echo_request(source=other, seq=10 * seq))
    port.run(0.1)
    port.send(na(other, lladdr=CACHED_MAC))
    assert [p[ICMPv6EchoReply].seq for p in port.run(0.1) if find(p, ICMPv6EchoReply)] == [10, 20, 30]
    port.send(na(one, lladdr=CACHED_MAC))
    assert [p[ICMPv6EchoReply].seq for p in port.run(0.1) if find(p, ICMPv6EchoReply)] == [1, 2, 3]


@case(must("RFC 4861 §6.3.4"), logo="v6LC.2.1.4 B")
def lifetime_of_a_prefix_is_renewed(host, port):
    port.answers["2001:db8:5::77"] = CACHED_MAC
    port.send(ra(prefix_information("2001:db8:5::", autonomous=0, valid=10, preferred=10)))
    port.run(8.0)
    port.send(ra(prefix_information("2001:db8:5::", autonomous=0, valid=100, preferred=100)))
    port.run(20.0)
    assert next_hop(host, port, "2001:db8:5::77") == CACHED_MAC
    port.run(85.0)
    assert next_hop(host, port, "2001:db8:5::77") == TESTER.mac


@case(must("RFC 4861 §5.2"), logo="v6LC.2.2.18")
def next_hop_is_determined_for_each_destination(host, port):
    port.send(ra(prefix_information("2001:db8:1::", autonomous=0)))
    port.answers["2001:db8:1::77"] = CACHED_MAC
    assert next_hop(host, port, FAR) == TESTER.mac
    assert next_hop(host, port, "2001:db8:8::1") == TESTER.mac
    assert next_hop(host, port, "2001:db8:1::77") == CACHED_MAC


@case(must("RFC 5942 §4", "RFC 4861 §5.2"))
def destination_is_off_link_without_a_prefix_and_unreachable_without_a_router(fresh_host, fresh_port):
    """No more is any destination taken for a neighbour when there is no router."""
    fresh_port.run(15.0)
    fresh_host.ping(FAR, count=1)
    came = fresh_port.run(1.0)
    assert not [p for p in came if find(p, ICMPv6EchoRequest) or find(p, ICMPv6ND_NS)]
