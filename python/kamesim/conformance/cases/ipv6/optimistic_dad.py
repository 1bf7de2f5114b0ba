"""Optimistic Duplicate Address Detection (RFC 4429)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6NDOptSrcLLAddr,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RS,
    IPv6,
)

from kamesim.conformance.exchange import (
    ALL_NODES,
    NODE,
    TESTER,
    case,
    dad_ns,
    echo_request,
    expect,
    expect_none,
    expect_silence,
    find,
    must,
    na,
    ns,
    options_of,
    prefix_information,
    ra,
)


PREFIX = "2001:db8:5::"
FORMED = "2001:db8:5::ff:fe00:1"
NEIGHBOR = "2001:db8:5::77"  # on the link
FAR = "2001:db8:7::1"  # behind the router


def state(host, address):
    rows = host.addresses()
    found = rows[rows["address"] == address]
    return None if found.empty else found["state"].iloc[0]


@pytest.fixture
def host(lab):
    return lab.host(address=False, optimistic_dad=True)


@pytest.fixture
def optimistic(host, port):
    """The host has just formed the address FORMED; the tester is its default router."""
    port.send(ra(prefix_information(PREFIX)))


@case(must("RFC 4429 §3.3"))
def address_is_optimistic_while_it_is_tested(host, port, optimistic):
    assert state(host, FORMED) == "optimistic"
    port.run(1.001)
    assert state(host, FORMED) == "preferred"


@case(must("RFC 4429 §3.3"))
def optimistic_address_is_tested_without_delay(host, port, optimistic):
    question = expect(port, ICMPv6ND_NS, within=0.0, tgt=FORMED)
    assert question[IPv6].src == "::" and options_of(question, ICMPv6NDOptSrcLLAddr) == []


@case(must("RFC 4429 §3.3"))
def optimistic_address_sends_at_once(host, port, optimistic):
    host.ping(FAR, count=1, source=FORMED)
    request = expect(port, ICMPv6EchoRequest, within=0.1)
    assert (request[IPv6].src, request.dst) == (FORMED, TESTER.mac)


@case(must("RFC 4429 §3.3"))
def optimistic_address_receives_at_once(host, port, optimistic):
    port.send(echo_request(FORMED, source=TESTER.link_local))
    expect(port, ICMPv6EchoReply, within=0.1)


@case(must("RFC 4429 §3.3"))
def solicitation_for_an_optimistic_address_is_answered_without_override(host, port, optimistic):
    port.send(ns(FORMED))
    expect(port, ICMPv6ND_NA, within=0.1, tgt=FORMED, S=1, O=0)
    port.run(1.1)
    port.send(ns(FORMED))
    expect(port, ICMPv6ND_NA, within=0.1, tgt=FORMED, S=1, O=1)


@case(must("RFC 4429 §3.2"))
def no_solicitation_comes_from_an_optimistic_address(host, port, optimistic):
    host.ping(NEIGHBOR, count=1, source=FORMED)
    for packet in port.run(0.9):
        assert not (find(packet, ICMPv6ND_NS) and packet[IPv6].src == FORMED)


@case(must("RFC 4429 §3.2"))
def packet_to_an_unknown_neighbor_goes_by_the_router(host, port, optimistic):
    host.ping(NEIGHBOR, count=1, source=FORMED)
    request = expect(port, ICMPv6EchoRequest, within=0.5)
    assert (request[IPv6].dst, request.dst) == (NEIGHBOR, TESTER.mac)
    expect_none(port, ICMPv6ND_NS, within=0.4, tgt=NEIGHBOR)


@case(must("RFC 4429 §3.2"))
def packet_to_a_known_neighbor_goes_there(host, port, optimistic):
    port.send(ns(NODE.link_local, source=NEIGHBOR, lladdr="02:00:00:00:00:77"))
    host.ping(NEIGHBOR, count=1, source=FORMED)
    assert expect(port, ICMPv6EchoRequest, within=0.5).dst == "02:00:00:00:00:77"


@case(must("RFC 4429 §2.1"))
def optimistic_address_is_not_chosen_where_another_suits(host, port):
    # Like a deprecated one.
    host.add_address(f"{NODE.address}/64", dad=False)
    port.send(ra(prefix_information(PREFIX)))
    host.ping(FAR, count=1)
    assert expect(port, ICMPv6EchoRequest)[IPv6].src == NODE.address
    assert state(host, FORMED) == "optimistic"


@case(must("RFC 4429 §3.2"))
def neighbor_is_asked_for_once_the_address_is_preferred(host, port, optimistic):
    port.run(1.1)
    host.ping(NEIGHBOR, count=1, source=FORMED)
    expect(port, ICMPv6ND_NS, within=0.1, tgt=NEIGHBOR)


@case(must("RFC 4429 §3.3"))
def node_that_tests_the_same_address_is_a_collision(host, port, optimistic):
    port.send(dad_ns(FORMED))
    expect_none(port, ICMPv6ND_NA)  # no reply to a solicitation from the unspecified address
    assert state(host, FORMED) in ("duplicated", None)


@case(must("RFC 4429 §4.2"))
def owner_that_defends_the_address_is_a_collision(host, port, optimistic):
    expect(port, ICMPv6ND_NS, within=0.0, tgt=FORMED)
    port.send(na(FORMED, destination=ALL_NODES, solicited=0))
    assert state(host, FORMED) in ("duplicated", None)
    port.send(echo_request(FORMED, to_mac=NODE.mac))
    expect_silence(port)


@case(must("RFC 4429 §3.3"))
def address_is_tentative_while_the_router_is_not_known_by_its_link_layer_address(host, port):
    port.answers.clear()
    port.send(ra(prefix_information(PREFIX), lladdr=None))
    assert state(host, FORMED) == "tentative"


@case(must("RFC 4429 §3.1"))
def manual_address_is_not_optimistic(host, port):
    port.send(ra())
    host.add_address(f"{NODE.address}/64")
    assert state(host, NODE.address) == "tentative"


@case(must("RFC 4429 §3.2"), role="host")
def router_solicitation_from_an_optimistic_address_does_not_tell_the_link_layer_address(lab):
    lab.host(address=False, optimistic_dad=True, settle=0.0)
    port = lab.ports[0]
    unique_at = expect(port, ICMPv6ND_NS, tgt=NODE.link_local).time + 1.0
    solicitations = [p for p in port.run(10.0) if find(p, ICMPv6ND_RS)]
    assert solicitations
    for packet in solicitations:
        assert packet.time >= unique_at or options_of(packet, ICMPv6NDOptSrcLLAddr) == []
