"""Scope zones (RFC 4007): what stays on its link."""

from __future__ import annotations

from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NA, IPv6

from kamesim.conformance.exchange import (
    NODE,
    NODE_RIGHT,
    TESTER,
    TESTER_RIGHT,
    case,
    datagram,
    echo,
    echo_request,
    expect,
    expect_dropped,
    expect_none,
    expect_silence,
    ip,
    must,
    ns,
)


@case(must("RFC 4007 §9", "RFC 4291 §2.5.6"))
def link_local_source_does_not_leave_its_link(router, left, right):
    left.send(echo_request(TESTER_RIGHT.address, source=TESTER.link_local))
    expect(left, ICMPv6DestUnreach, code=2)
    expect_silence(right)
    expect_dropped(router, "ip6.beyond_scope")


@case(must("RFC 4007 §9", "RFC 4291 §2.5.6"))
def link_local_destination_does_not_leave_its_link(router, left, right):
    left.send(echo_request(TESTER_RIGHT.link_local, to_mac=NODE.mac))
    expect_none(right, ICMPv6EchoRequest, within=5.0)


@case(must("RFC 4007 §6"))
def link_local_address_of_another_link_is_not_the_routers_here(router, left):
    left.send(echo_request(NODE_RIGHT.link_local, source=TESTER.link_local, to_mac=NODE.mac))
    expect_none(left, ICMPv6EchoReply)
    left.send(ns(NODE_RIGHT.link_local))
    expect_none(left, ICMPv6ND_NA)


@case(must("RFC 4291 §2.1"))
def global_address_of_the_other_interface_is_the_routers(router, left):
    left.send(echo_request(NODE_RIGHT.address))
    assert expect(left, ICMPv6EchoReply)[IPv6].src == NODE_RIGHT.address


@case(must("RFC 4007 §6"))
def same_link_local_address_on_two_links_is_two_neighbors(router, left, right):
    same = "fe80::1234"
    left.answers[same], right.answers[same] = TESTER.mac, TESTER_RIGHT.mac
    left.send(echo_request(NODE.link_local, b"left", source=same))
    right.send(
        ip(NODE_RIGHT.link_local, source=same, from_mac=TESTER_RIGHT.mac, to_mac=NODE_RIGHT.mac) / echo(b"right")
    )
    for port, end, data in ((left, TESTER, b"left"), (right, TESTER_RIGHT, b"right")):
        reply = expect(port, ICMPv6EchoReply)
        assert (reply.dst, reply[ICMPv6EchoReply].data) == (end.mac, data)


@case(must("RFC 4007 §6"))
def answer_to_a_link_local_source_leaves_by_the_link_it_came_from(router, left, right):
    right.send(ip(NODE.address, source=TESTER_RIGHT.link_local, from_mac=TESTER_RIGHT.mac, to_mac=NODE_RIGHT.mac) / echo())
    expect(right, ICMPv6EchoReply)
    expect_none(left, ICMPv6EchoReply)


@case(must("RFC 4007 §6"))
def error_to_a_link_local_source_leaves_by_the_link_it_came_from(router, left, right):
    right.send(
        datagram(NODE_RIGHT.address, source=TESTER_RIGHT.link_local, from_mac=TESTER_RIGHT.mac, to_mac=NODE_RIGHT.mac)
    )
    expect(right, ICMPv6DestUnreach, code=4)
