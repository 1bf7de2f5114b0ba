"""The groups that nodes are in, and packets to them (RFC 4291 §2.7, §2.8)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest

from kamesim.conformance.exchange import (
    ALL_NODES,
    ALL_ROUTERS,
    NODE,
    case,
    echo_request,
    expect,
    expect_dropped,
    expect_none,
    expect_silence,
    must,
    solicited_node,
)


@case(must("RFC 4291 §2.8"))
def node_is_in_the_groups_that_it_has_to_be_in(node, port):
    for group in (ALL_NODES, solicited_node(NODE.address), solicited_node(NODE.link_local)):
        port.send(echo_request(group))
        expect(port, ICMPv6EchoReply)


ROUTERS = {"of the link": ALL_ROUTERS, "of the site": "ff05::2"}


@case(must("RFC 4291 §2.8"))
@pytest.mark.parametrize("group", ROUTERS.values(), ids=ROUTERS)
def host_is_not_in_the_group_of_all_routers(host, port, group):
    port.send(echo_request(group))
    expect_silence(port)


@case(must("RFC 4291 §2.8", "RFC 4291 §2.7.1"), logo={"of the link": "v6LC.5.1.2 D"})
@pytest.mark.parametrize("group", ROUTERS.values(), ids=ROUTERS)
def router_is_in_the_group_of_all_routers(router, left, group):
    left.send(echo_request(group))
    expect(left, ICMPv6EchoReply)


@case(must("RFC 4291 §2.8"), role="router")
@pytest.mark.parametrize("group", ROUTERS.values(), ids=ROUTERS)
def group_of_all_routers_is_left_by_a_router_that_becomes_a_host(router, left, group):
    router.forwarding = False
    left.send(echo_request(group))
    expect_none(left, ICMPv6EchoReply)
    router.forwarding = True
    left.send(echo_request(group))
    expect(left, ICMPv6EchoReply)


@case(must("RFC 4291 §2.8"), role="router")
@pytest.mark.parametrize("group", ["ff02::2", "ff05::2"], ids=["link-local", "site-local"])
def router_is_in_the_groups_of_all_routers_of_each_scope(router, left, group):
    left.send(echo_request(group, hlim=1))
    expect(left, ICMPv6EchoReply)


@case(must("RFC 4291 §2.8"))
def group_of_an_address_is_left_with_it(node, port):
    node.add_address("2001:db8:1::42/64", dad=False, interface=node.interfaces[0])
    port.send(echo_request("ff02::1:ff00:42"))
    expect(port, ICMPv6EchoReply)
    node.remove_address("2001:db8:1::42")
    port.send(echo_request("ff02::1:ff00:42", seq=2))
    expect_silence(port)


@case(must("RFC 4007 §9", "RFC 4291 §2.7"))
def packets_to_groups_of_the_link_are_not_forwarded(router, left, right):
    left.send(echo_request(ALL_NODES, hlim=64))
    expect_none(right, ICMPv6EchoRequest)


@case(must("RFC 4291 §2.7"))
@pytest.mark.parametrize("group", ["ff01::1", "ff00::1"], ids=["interface-local", "reserved"])
def group_of_less_than_a_link_is_not_accepted_from_the_wire(node, port, group):
    # In an all-nodes frame, so that it is heard.
    port.send(echo_request(group, to_mac="33:33:00:00:00:01"))
    expect_silence(port)
    expect_dropped(node, "ip6.interface_local_on_wire")
