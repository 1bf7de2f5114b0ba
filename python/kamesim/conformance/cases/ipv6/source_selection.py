"""Source address selection (RFC 6724 §5), seen by what packets bear."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6NDOptRouteInfo, IPv6

from kamesim.conformance.cases.ipv6._hosts import FAR, SECOND_MAC, SECOND_ROUTER
from kamesim.conformance.exchange import (
    NODE,
    NODE_RIGHT,
    TESTER,
    TESTER_RIGHT,
    case,
    echo_request,
    expect,
    must,
    prefix_information,
    ra,
    should,
)


def source(host, port, destination, **options):
    """The source address of a packet to the destination, whatever router it takes."""
    port.answers[destination] = TESTER.mac
    host.ping(destination, count=1, **options)
    return expect(port, ICMPv6EchoRequest)[IPv6].src


@pytest.fixture
def host(lab):
    """A host with a link-local address, and a default route by the tester."""
    host = lab.host(address=False)
    host.add_route("::/0", via=TESTER.link_local)
    return host


def configure(host, port, *addresses):
    for address in addresses:
        host.add_address(f"{address}/64", dad=False)
    port.run(0.1)

SITE_LOCAL, UNIQUE_LOCAL = "fec0:0:0:1::1", "fd00:9::1"
GLOBAL, OTHER_GLOBAL, SIX_TO_FOUR = "2001:db8:1::1", "2001:db8:4000::1", "2002:c633:6401::1"
CHOICES = {
    # rule: what is tested            addresses                          destination              source
    "2: link-local to link-local": ((GLOBAL,), TESTER.link_local, NODE.link_local),
    "2: global to global": ((GLOBAL,), "2001:db8:7::1", GLOBAL),
    "2: link-local to a group of the link": ((GLOBAL,), "ff02::1", NODE.link_local),
    "2: global to a group of the site": ((GLOBAL,), "ff05::1:3", GLOBAL),
    "2: global to a group of the world": ((GLOBAL,), "ff0e::1", GLOBAL),
    "2: site-local to site-local": ((GLOBAL, SITE_LOCAL), "fec0:0:0:7::1", SITE_LOCAL),
    "2: global, not site-local, to global": ((SITE_LOCAL, GLOBAL), "2001:db8:7::1", GLOBAL),
    "6: unique local to unique local": ((GLOBAL, UNIQUE_LOCAL), "fd00:7::1", UNIQUE_LOCAL),
    "6: global, not unique local, to global": ((UNIQUE_LOCAL, GLOBAL), "2001:db8:7::1", GLOBAL),
    "6: 6to4 to 6to4": ((GLOBAL, SIX_TO_FOUR), "2002:c633:6407::1", SIX_TO_FOUR),
    "6: native to native": ((SIX_TO_FOUR, GLOBAL), "2001:db8:7::1", GLOBAL),
    "6: native to native, though 6to4 has more bits in common": ((SIX_TO_FOUR, GLOBAL), "2003:7::1", GLOBAL),
    "8: longest common prefix": ((OTHER_GLOBAL, GLOBAL), "2001:db8:7::1", GLOBAL),
    "8: longest common prefix, the other way": ((GLOBAL, OTHER_GLOBAL), "2001:db8:4007::1", OTHER_GLOBAL),
    "8: the last bit decides": (("2001:db8:0:2::1", "2001:db8:0:5::1"), "2001:db8:0:4::1", "2001:db8:0:5::1"),
}


# ---  -----------------------------------------------------------------------------------------------------------------


@case(must("RFC 6724 §5"))
@pytest.mark.parametrize(("addresses", "destination", "chosen"), CHOICES.values(), ids=CHOICES)
def source_is_chosen_by_rule(host, port, addresses, destination, chosen):
    configure(host, port, *addresses)
    assert source(host, port, destination) == chosen


@case(must("RFC 6724 §5"))
@pytest.mark.parametrize(("addresses", "destination", "chosen"), CHOICES.values(), ids=CHOICES)
def choice_does_not_depend_on_the_order_of_addresses(host, port, addresses, destination, chosen):
    configure(host, port, *reversed(addresses))
    assert source(host, port, destination) == chosen


@case(must("RFC 6724 §5 rule 3"))
def deprecated_address_is_avoided(host, port):
    # Before rule 8.
    configure(host, port, GLOBAL)
    port.send(ra(prefix_information("2001:db8:5::", valid=1000, preferred=0)))
    port.run(3.0)
    assert source(host, port, "2001:db8:5::77") == GLOBAL


@case(must("RFC 6724 §5 rule 2"))
def deprecated_address_is_better_than_one_of_a_smaller_scope(host, port):
    # Before rule 3.
    port.send(ra(prefix_information("2001:db8:5::", valid=1000, preferred=0)))
    port.run(3.0)
    assert source(host, port, "2001:db8:7::1") == "2001:db8:5::ff:fe00:1"


@case(must("RFC 6724 §4", "RFC 4862 §5.4"))
def tentative_address_is_never_a_source(host, port):
    configure(host, port, GLOBAL)
    host.add_address("2001:db8:5::1/64")
    assert source(host, port, "2001:db8:5::77") == GLOBAL


@case(must("RFC 6724 §4"))
def anycast_address_is_never_a_source(host, port):
    configure(host, port, GLOBAL)
    host.add_address("2001:db8:5::1/64", anycast=True)
    port.run(3.0)
    assert source(host, port, "2001:db8:5::77") == GLOBAL


@case(must("RFC 6724 §3"))
def address_that_is_given_is_used(host, port):
    # The choice is a default.
    configure(host, port, GLOBAL, OTHER_GLOBAL)
    assert source(host, port, "2001:db8:7::1", source=OTHER_GLOBAL) == OTHER_GLOBAL


@pytest.fixture
def two_links(lab):
    """A host on two LANs: 2001:db8:1::/64 with the default route, and 2001:db8:2::/64."""
    host = lab.net.host("host")
    for name, node_end, end in (("left", NODE, TESTER), ("right", NODE_RIGHT, TESTER_RIGHT)):
        lan, _port = lab.link(name, end)
        lab.attach(lan, host, node_end, address=f"{node_end.address}/64")
    lab.settle(15.0)
    host.add_route("::/0", via=TESTER.link_local, interface=host.interfaces[0])
    return host


# --- Several interfaces -----------------------------------------------------------------------------------------------


@case(must("RFC 6724 §5 rule 5"), role="host")
def address_of_the_outgoing_interface_is_preferred(two_links, lab):
    # Before rule 8.
    left, _right = lab.ports
    assert source(two_links, left, "2001:db8:3::1") == NODE.address  # rule 8 would say 2001:db8:2::1


@case(must("RFC 6724 §5 rule 5"), role="host")
def each_link_gets_its_own_address(two_links, lab):
    left, right = lab.ports
    assert source(two_links, left, TESTER.address) == NODE.address
    two_links.ping(TESTER_RIGHT.address, count=1)
    assert expect(right, ICMPv6EchoRequest)[IPv6].src == NODE_RIGHT.address


@case(must("RFC 6724 §4"), role="host")
def link_local_address_of_another_link_is_never_a_source(two_links, lab):
    _left, right = lab.ports
    two_links.ping("ff02::1", count=1, interface=two_links.interfaces[1])
    assert expect(right, ICMPv6EchoRequest)[IPv6].src == NODE_RIGHT.link_local


@case(must("RFC 6724 §5 rule 2"), role="host")
def global_address_of_another_interface_is_better_than_none(lab):
    # Before rule 5.
    host = lab.net.host("host")
    for name, node_end, end, address in (
        ("left", NODE, TESTER, False),
        ("right", NODE_RIGHT, TESTER_RIGHT, f"{NODE_RIGHT.address}/64"),
    ):
        lan, _port = lab.link(name, end)
        lab.attach(lan, host, node_end, address=address)
    lab.settle(15.0)
    host.add_route("::/0", via=TESTER.link_local, interface=host.interfaces[0])
    assert source(host, lab.ports[0], "2001:db8:7::1") == NODE_RIGHT.address


# --- Several routers --------------------------------------------------------------------------------------------------


FIRST, SECOND = "2001:db8:a::", "2001:db8:b::"  # the prefix of each router
OWN_FIRST, OWN_SECOND = "2001:db8:a::ff:fe00:1", "2001:db8:b::ff:fe00:1"
SITE = "2001:db8:5::"  # behind the second router alone


def advertise(port):
    """A default router, and another router for one site; each with a prefix of its own."""
    port.answers[SECOND_ROUTER] = SECOND_MAC
    port.routers.add(SECOND_ROUTER)
    to_site = ICMPv6NDOptRouteInfo(prefix=SITE, plen=48, len=2, rtlifetime=1800)
    port.send(ra(prefix_information(FIRST)))
    port.send(ra(prefix_information(SECOND), to_site, source=SECOND_ROUTER, lladdr=SECOND_MAC, lifetime=0))
    port.run(4.0)
    port.inbox.clear()


@pytest.fixture
def two_routers(lab):
    host = lab.host(address=False)
    advertise(lab.ports[0])
    return host


def begun(host, port, destination):
    """The source and the station that a packet of the host's own for the destination has."""
    port.inbox.clear()
    host.ping(destination, count=1)
    request = expect(port, ICMPv6EchoRequest)
    assert request[IPv6].dst == destination
    return request[IPv6].src, request.dst


@case(should("RFC 6724 §5 rule 5.5"), role="host")
def source_is_of_the_prefix_that_the_next_hop_advertises(two_routers, lab):
    (port,) = lab.ports
    assert begun(two_routers, port, FAR) == (OWN_FIRST, TESTER.mac)
    assert begun(two_routers, port, SITE + "7") == (OWN_SECOND, SECOND_MAC)


@case(should("RFC 6724 §5 rule 5.5"), role="host")
def prefix_of_the_next_hop_is_before_the_longest_prefix(two_routers, lab):
    # Before rule 8: the destination has 48 bits in common with the second prefix, and 47 with the first.
    (port,) = lab.ports
    assert begun(two_routers, port, "2001:db8:b:8000::7") == (OWN_FIRST, TESTER.mac)


@case(should("RFC 6724 §5 rule 5.5"), role="host")
@pytest.mark.parametrize("when", ["before", "after"])
def prefix_that_no_router_advertises_is_no_other_next_hops(lab, when):
    # It is equal to the next hop's by this rule, and better by rule 8. The second router's is better yet, but out by this
    # rule. The order in which the addresses were configured has no part in it.
    host, (port,) = lab.host(address=False), lab.ports
    by_hand, destination = "2001:db8:b:c000::1", "2001:db8:b:1::7"  # 48 bits; with the routers' prefixes 47 and 63
    if when == "before":
        host.add_address(f"{by_hand}/64", dad=False)
    advertise(port)
    if when == "after":
        host.add_address(f"{by_hand}/64", dad=False)
        port.run(0.1)
    assert begun(host, port, destination) == (by_hand, TESTER.mac)


@case(must("RFC 6724 §5 rule 3"), role="host")
def preferred_address_is_before_a_deprecated_one_of_the_next_hop(two_routers, lab):
    # Before rule 5.5.
    (port,) = lab.ports
    port.send(ra(prefix_information(FIRST, valid=1800, preferred=0)))
    port.run(0.1)
    assert begun(two_routers, port, FAR)[0] == OWN_SECOND


# --- Answers, and groups ----------------------------------------------------------------------------------------------


@case(must("RFC 6724 §4"), role="host")
@pytest.mark.parametrize("group", ["ff02::1:3", "ff05::1:3", "ff08::1:3", "ff0e::1:3"])
def source_for_a_group_is_of_the_outgoing_link(lab, group):
    # Though the other link's has the better scope (rule 2).
    host = lab.net.host("host")
    for name, node_end, end, address in (
        ("left", NODE, TESTER, False),
        ("right", NODE_RIGHT, TESTER_RIGHT, f"{NODE_RIGHT.address}/64"),
    ):
        lan, _port = lab.link(name, end)
        lab.attach(lan, host, node_end, address=address)
    lab.settle(15.0)
    host.ping(group, count=1, interface=host.interfaces[0], hop_limit=5)
    assert expect(lab.ports[0], ICMPv6EchoRequest)[IPv6].src == NODE.link_local


ANSWERS = {
    "global": (TESTER.address, NODE.address),
    "link-local": (TESTER.link_local, NODE.link_local),
}


@case(must("RFC 4443 §4.2", "RFC 6724 §5"), role="host")
@pytest.mark.parametrize(("asker", "source"), ANSWERS.values(), ids=ANSWERS)
def answer_to_a_group_is_from_an_address_that_suits_who_asks(lab, asker, source):
    lab.host()
    (port,) = lab.ports
    port.send(echo_request("ff02::1", source=asker))
    assert expect(port, ICMPv6EchoReply)[IPv6].src == source


@case(must("RFC 4443 §4.2"), should("RFC 6724 §5 rule 5.5"), role="host")
def answer_to_a_group_is_of_the_prefix_that_the_next_hop_advertises(two_routers, lab):
    (port,) = lab.ports
    for asker, source in ((FAR, OWN_FIRST), (SITE + "7", OWN_SECOND)):
        port.send(echo_request("ff02::1", source=asker))
        assert expect(port, ICMPv6EchoReply)[IPv6].src == source


# --- Policy tables ----------------------------------------------------------------------------------------------------


@case(must("RFC 6724 §2.1", "RFC 6724 §5 rule 6"), role="host")
def policy_table_is_the_administrators(host, port):
    # §10.5: by rule 8 it is the first; the table of the RFC's multihomed site keeps it for the other site's prefix.
    business, usual = "2001:db8:1aaa::a", "2001:db8:70aa::a"
    configure(host, port, business, usual)
    assert source(host, port, "2001:db8:1ccc::c") == business
    host.policy_table = [*host.policy_table, ("2001:db8:1aaa::/48", 43, 6), ("2001:db8:1bbb::/48", 43, 6)]
    assert source(host, port, "2001:db8:1ccc::c") == usual
    assert source(host, port, "2001:db8:1bbb::b") == business


@case(must("RFC 6724 §2.1"), role="host")
def longest_prefix_of_the_policy_table_counts(host, port):
    # Rule 6 before rule 8.
    configure(host, port, GLOBAL, OTHER_GLOBAL)
    assert source(host, port, "2001:db8:7::1") == GLOBAL
    host.policy_table = [("::/0", 40, 1), ("2001:db8:4000::/36", 40, 7), ("2001:db8:7::/48", 40, 7)]
    assert source(host, port, "2001:db8:7::1") == OTHER_GLOBAL
    assert source(host, port, "2001:db8:8::1") == GLOBAL
    host.policy_table = [*host.policy_table, ("2001:db8:7::/64", 40, 1)]
    assert source(host, port, "2001:db8:7::1") == GLOBAL
