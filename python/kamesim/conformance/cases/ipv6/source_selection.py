"""Source address selection (RFC 6724 §5), seen by what packets bear."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6

from kamesim.conformance.exchange import (
    NODE,
    NODE_RIGHT,
    TESTER,
    TESTER_RIGHT,
    case,
    expect,
    must,
    prefix_information,
    ra,
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
