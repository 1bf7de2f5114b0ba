"""Optimistic Duplicate Address Detection (RFC 4429)."""

import pytest
from exchange import (
    ALL_NODES,
    NODE,
    TESTER,
    dad_ns,
    echo_request,
    expect,
    expect_none,
    expect_silence,
    find,
    na,
    ns,
    options_of,
    prefix_information,
    ra,
)
from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RS,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
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


def test_address_is_optimistic_while_it_is_tested(host, port, optimistic):  # RFC 4429 §3.3
    assert state(host, FORMED) == "optimistic"
    port.run(1.001)
    assert state(host, FORMED) == "preferred"


def test_optimistic_address_is_tested_without_delay(host, port, optimistic):  # RFC 4429 §3.3
    question = expect(port, ICMPv6ND_NS, within=0.0, tgt=FORMED)
    assert question[IPv6].src == "::" and options_of(question, ICMPv6NDOptSrcLLAddr) == []


def test_optimistic_address_sends_at_once(host, port, optimistic):  # RFC 4429 §3.3
    host.ping(FAR, count=1, source=FORMED)
    request = expect(port, ICMPv6EchoRequest, within=0.1)
    assert (request[IPv6].src, request.dst) == (FORMED, TESTER.mac)


def test_optimistic_address_receives_at_once(host, port, optimistic):  # RFC 4429 §3.3
    port.send(echo_request(FORMED, source=TESTER.link_local))
    expect(port, ICMPv6EchoReply, within=0.1)


def test_solicitation_for_an_optimistic_address_is_answered_without_override(host, port, optimistic):  # RFC 4429 §3.3
    port.send(ns(FORMED))
    expect(port, ICMPv6ND_NA, within=0.1, tgt=FORMED, S=1, O=0)
    port.run(1.1)
    port.send(ns(FORMED))
    expect(port, ICMPv6ND_NA, within=0.1, tgt=FORMED, S=1, O=1)


def test_no_solicitation_comes_from_an_optimistic_address(host, port, optimistic):  # RFC 4429 §3.2
    host.ping(NEIGHBOR, count=1, source=FORMED)
    for packet in port.run(0.9):
        assert not (find(packet, ICMPv6ND_NS) and packet[IPv6].src == FORMED)


def test_packet_to_an_unknown_neighbor_goes_by_the_router(host, port, optimistic):  # RFC 4429 §3.2
    host.ping(NEIGHBOR, count=1, source=FORMED)
    request = expect(port, ICMPv6EchoRequest, within=0.5)
    assert (request[IPv6].dst, request.dst) == (NEIGHBOR, TESTER.mac)
    expect_none(port, ICMPv6ND_NS, within=0.4, tgt=NEIGHBOR)


def test_packet_to_a_known_neighbor_goes_there(host, port, optimistic):  # RFC 4429 §3.2
    port.send(ns(NODE.link_local, source=NEIGHBOR, lladdr="02:00:00:00:00:77"))
    host.ping(NEIGHBOR, count=1, source=FORMED)
    assert expect(port, ICMPv6EchoRequest, within=0.5).dst == "02:00:00:00:00:77"


def test_optimistic_address_is_not_chosen_where_another_suits(host, port):  # RFC 4429 §2.1: like a deprecated one
    host.add_address(f"{NODE.address}/64", dad=False)
    port.send(ra(prefix_information(PREFIX)))
    host.ping(FAR, count=1)
    assert expect(port, ICMPv6EchoRequest)[IPv6].src == NODE.address
    assert state(host, FORMED) == "optimistic"


def test_neighbor_is_asked_for_once_the_address_is_preferred(host, port, optimistic):  # RFC 4429 §3.2
    port.run(1.1)
    host.ping(NEIGHBOR, count=1, source=FORMED)
    expect(port, ICMPv6ND_NS, within=0.1, tgt=NEIGHBOR)


def test_node_that_tests_the_same_address_is_a_collision(host, port, optimistic):  # RFC 4429 §3.3
    port.send(dad_ns(FORMED))
    expect_none(port, ICMPv6ND_NA)  # no reply to a solicitation from the unspecified address
    assert state(host, FORMED) in ("duplicated", None)


def test_owner_that_defends_the_address_is_a_collision(host, port, optimistic):  # RFC 4429 §4.2
    expect(port, ICMPv6ND_NS, within=0.0, tgt=FORMED)
    port.send(na(FORMED, destination=ALL_NODES, solicited=0))
    assert state(host, FORMED) in ("duplicated", None)
    port.send(echo_request(FORMED, to_mac=NODE.mac))
    expect_silence(port)


def test_address_is_tentative_while_the_router_is_not_known_by_its_link_layer_address(host, port):  # RFC 4429 §3.3
    port.answers.clear()
    port.send(ra(prefix_information(PREFIX), lladdr=None))
    assert state(host, FORMED) == "tentative"


def test_manual_address_is_not_optimistic(host, port):  # RFC 4429 §3.1
    port.send(ra())
    host.add_address(f"{NODE.address}/64")
    assert state(host, NODE.address) == "tentative"


def test_router_solicitation_from_an_optimistic_address_does_not_tell_the_link_layer_address(lab):  # RFC 4429 §3.2
    lab.host(address=False, optimistic_dad=True, settle=0.0)
    port = lab.ports[0]
    unique_at = expect(port, ICMPv6ND_NS, tgt=NODE.link_local).time + 1.0
    solicitations = [p for p in port.run(10.0) if find(p, ICMPv6ND_RS)]
    assert solicitations
    for packet in solicitations:
        assert packet.time >= unique_at or options_of(packet, ICMPv6NDOptSrcLLAddr) == []
