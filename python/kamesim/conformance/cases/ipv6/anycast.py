"""Anycast addresses (RFC 4291 §2.6; RFC 4861 §7.2.7)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr, IPv6

from kamesim.conformance.exchange import (
    NODE,
    PREFIX,
    case,
    echo_request,
    expect,
    expect_none,
    must,
    ns,
    options_of,
    should,
    solicited_node,
)

ANYCAST = "2001:db8:1::a"
MAX_ANYCAST_DELAY_TIME = 1.0


@pytest.fixture
def anycast(node, port):
    """The node has an anycast address."""
    node.add_address(f"{ANYCAST}/64", anycast=True, interface=node.interfaces[0])
    port.run(3.0)
    port.inbox.clear()


@case(must("RFC 4291 §2.6.1", "RFC 4861 §7.2.7"), logo="v6LC.2.1.14")
def subnet_router_anycast_address_is_the_routers(router, left):
    left.send(ns(PREFIX, destination=solicited_node(PREFIX)))
    answer = expect(left, ICMPv6ND_NA, within=MAX_ANYCAST_DELAY_TIME, tgt=PREFIX, O=0, S=1, R=1)
    assert [option.lladdr for option in options_of(answer, ICMPv6NDOptDstLLAddr)] == [NODE.mac]


@case(must("RFC 4291 §2.6.1"))
def subnet_router_anycast_address_is_answered_from_a_unicast_address(router, left):
    left.send(echo_request(PREFIX, to_mac=NODE.mac))
    assert expect(left, ICMPv6EchoReply)[IPv6].src == NODE.address


@case(must("RFC 4862 §5.4"))
def anycast_address_is_not_tested(node, port, anycast):
    node.add_address("2001:db8:1::b/64", anycast=True, interface=node.interfaces[0])
    expect_none(port, ICMPv6ND_NS, within=3.0)


@case(should("RFC 4861 §7.2.7"))
def answers_for_an_anycast_address_are_delayed_at_random(node, port, anycast):
    delays = []
    for _ in range(12):
        port.send(ns(ANYCAST))
        start = port.now
        delays.append(expect(port, ICMPv6ND_NA, within=MAX_ANYCAST_DELAY_TIME, tgt=ANYCAST, O=0).time - start)
        port.run(1.0)
    assert len(set(delays)) > 1


@case(must("RFC 4861 §7.2.4"))
def solicitation_for_an_anycast_address_from_one_that_tests_it_is_no_conflict(node, port, anycast):
    port.send(echo_request(ANYCAST, to_mac=NODE.mac))
    assert expect(port, ICMPv6EchoReply)[IPv6].src == NODE.address
