"""Scoped addresses (RFC 4007) and addresses that no packet may bear (RFC 4291)."""

import pytest
from exchange import (
    ALL_NODES,
    ALL_ROUTERS,
    NODE,
    NODE_RIGHT,
    TESTER,
    TESTER_RIGHT,
    datagram,
    echo,
    echo_request,
    expect,
    expect_none,
    expect_silence,
    ip,
    ns,
    solicited_node,
)
from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NA, IPv6

# --- Zones (RFC 4007 §4, §6, §9) ------------------------------------------------------------------------------------------------


def test_link_local_source_does_not_leave_its_link(router, left, right):  # RFC 4007 §9; RFC 4291 §2.5.6
    left.send(echo_request(TESTER_RIGHT.address, source=TESTER.link_local))
    expect(left, ICMPv6DestUnreach, code=2)
    expect_silence(right)
    assert router.drops["ip6.beyond_scope"] == 1


def test_link_local_destination_does_not_leave_its_link(router, left, right):  # RFC 4007 §9; RFC 4291 §2.5.6
    left.send(echo_request(TESTER_RIGHT.link_local, to_mac=NODE.mac))
    expect_none(right, ICMPv6EchoRequest, within=5.0)


def test_link_local_address_of_another_link_is_not_the_routers_here(router, left):  # RFC 4007 §6
    left.send(echo_request(NODE_RIGHT.link_local, source=TESTER.link_local, to_mac=NODE.mac))
    expect_none(left, ICMPv6EchoReply)
    left.send(ns(NODE_RIGHT.link_local))
    expect_none(left, ICMPv6ND_NA)


def test_global_address_of_the_other_interface_is_the_routers(router, left):  # RFC 4291 §2.1
    left.send(echo_request(NODE_RIGHT.address))
    assert expect(left, ICMPv6EchoReply)[IPv6].src == NODE_RIGHT.address


def test_same_link_local_address_on_two_links_is_two_neighbors(router, left, right):  # RFC 4007 §6
    same = "fe80::1234"
    left.answers[same], right.answers[same] = TESTER.mac, TESTER_RIGHT.mac
    left.send(echo_request(NODE.link_local, b"left", source=same))
    right.send(
        ip(NODE_RIGHT.link_local, source=same, from_mac=TESTER_RIGHT.mac, to_mac=NODE_RIGHT.mac) / echo(b"right")
    )
    for port, end, data in ((left, TESTER, b"left"), (right, TESTER_RIGHT, b"right")):
        reply = expect(port, ICMPv6EchoReply)
        assert (reply.dst, reply[ICMPv6EchoReply].data) == (end.mac, data)


def test_answer_to_a_link_local_source_leaves_by_the_link_it_came_from(router, left, right):  # RFC 4007 §6
    right.send(ip(NODE.address, source=TESTER_RIGHT.link_local, from_mac=TESTER_RIGHT.mac, to_mac=NODE_RIGHT.mac) / echo())
    expect(right, ICMPv6EchoReply)
    expect_none(left, ICMPv6EchoReply)


def test_error_to_a_link_local_source_leaves_by_the_link_it_came_from(router, left, right):  # RFC 4007 §6
    right.send(
        datagram(NODE_RIGHT.address, source=TESTER_RIGHT.link_local, from_mac=TESTER_RIGHT.mac, to_mac=NODE_RIGHT.mac)
    )
    expect(right, ICMPv6DestUnreach, code=4)


# --- Groups (RFC 4291 §2.7, §2.8) -------------------------------------------------------------------------------------------------


def test_host_is_in_the_groups_that_it_has_to_be_in(host, port):  # RFC 4291 §2.8
    for group in (ALL_NODES, solicited_node(NODE.address), solicited_node(NODE.link_local)):
        port.send(echo_request(group))
        expect(port, ICMPv6EchoReply)


def test_host_is_not_in_the_group_of_all_routers(host, port):  # RFC 4291 §2.8
    port.send(echo_request(ALL_ROUTERS))
    expect_silence(port)


def test_router_is_in_the_group_of_all_routers(router, left):  # RFC 4291 §2.8
    left.send(echo_request(ALL_ROUTERS))
    expect(left, ICMPv6EchoReply)


def test_group_of_an_address_is_left_with_it(host, port):  # RFC 4291 §2.8
    host.add_address("2001:db8:1::42/64", dad=False)
    port.send(echo_request("ff02::1:ff00:42"))
    expect(port, ICMPv6EchoReply)
    host.remove_address("2001:db8:1::42")
    port.send(echo_request("ff02::1:ff00:42", seq=2))
    expect_silence(port)


def test_packets_to_groups_of_the_link_are_not_forwarded(router, left, right):  # RFC 4007 §9; RFC 4291 §2.7
    left.send(echo_request(ALL_NODES, hlim=64))
    expect_none(right, ICMPv6EchoRequest)


@pytest.mark.parametrize("group", ["ff01::1", "ff00::1"], ids=["interface-local", "reserved"])
def test_group_of_less_than_a_link_is_not_accepted_from_the_wire(host, port, group):  # RFC 4291 §2.7
    # In an all-nodes frame, so that it is heard.
    port.send(echo_request(group, to_mac="33:33:00:00:00:01"))
    expect_silence(port)
    assert host.drops["ip6.interface_local_on_wire"] == 1


# --- Addresses that no packet bears (RFC 4291 §2.5) -----------------------------------------------------------------------------------

IMPOSSIBLE = {
    "from a group": ("ip6.multicast_source", {"source": "ff02::7"}),
    "to the unspecified address": ("ip6.unspecified_destination", {"destination": "::"}),
    "from the loopback address": ("ip6.loopback_address_on_wire", {"source": "::1"}),
    "to the loopback address": ("ip6.loopback_address_on_wire", {"destination": "::1"}),
}


@pytest.mark.parametrize(("reason", "addresses"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
@pytest.mark.parametrize("role", ["host", "router"])
def test_packet_with_an_impossible_address_is_discarded(request, role, reason, addresses):  # RFC 4291 §2.5.2, §2.5.3
    node = request.getfixturevalue(role)
    port = request.getfixturevalue("port" if role == "host" else "left")
    port.send(echo_request(to_mac=NODE.mac, **addresses))
    expect_silence(port)
    assert node.drops[reason] == 1


def test_packet_from_the_unspecified_address_is_not_forwarded(router, left, right):  # RFC 4291 §2.5.2
    left.send(echo_request(TESTER_RIGHT.address, source="::"))
    expect_silence(right)
    assert router.drops["ip6.unspecified_source_forwarded"] == 1


def test_packet_in_a_group_frame_is_not_forwarded(router, left, right):  # RFC 1812 §5.3.4, for IPv6 too
    left.send(echo_request(TESTER_RIGHT.address, to_mac="33:33:00:00:00:01"))
    expect_silence(right)
    expect_silence(left)
