"""The router for packets from a prefix is one that advertises that prefix (RFC 8028)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6NDOptRedirectedHdr, ICMPv6NDOptRouteInfo, IPv6

from kamesim.conformance.cases.ipv6._hosts import FAR, SECOND_MAC, SECOND_ROUTER
from kamesim.conformance.cases.ipv6._redirects import redirect
from kamesim.conformance.exchange import TESTER, case, echo_request, expect, find, may, must, prefix_information, ra, should

FIRST, SECOND = "2001:db8:a::", "2001:db8:b::"  # the prefix of each router
OWN_FIRST, OWN_SECOND = "2001:db8:a::ff:fe00:1", "2001:db8:b::ff:fe00:1"
THIRD_ROUTER, THIRD_MAC = "fe80::66", "02:00:00:00:00:66"


def advertise(port, which, *options, lifetime=1800):
    source, mac = (TESTER.link_local, TESTER.mac) if which == 1 else (SECOND_ROUTER, SECOND_MAC)
    port.send(ra(*options, source=source, lladdr=mac, lifetime=lifetime))


@pytest.fixture
def multihomed(lab):
    """A host between two routers, each with a prefix of its own, which the tester plays."""
    host = lab.host(address=False)
    (port,) = lab.ports
    port.answers[SECOND_ROUTER] = SECOND_MAC
    port.routers.add(SECOND_ROUTER)
    advertise(port, 1, prefix_information(FIRST))
    advertise(port, 2, prefix_information(SECOND))
    port.run(4.0)
    port.inbox.clear()
    return host


def hop_from(port, source, asker=FAR):
    """Where the answer to a request from beyond the routers goes; it comes from the address that was asked."""
    port.inbox.clear()
    port.send(echo_request(source, source=asker))
    replies = [p for p in port.run(0.5) if find(p, ICMPv6EchoReply)]
    assert [p[IPv6].src for p in replies] == [source]
    return replies[0].dst


@case(must("RFC 8028 §3.2"), role="host")
@pytest.mark.parametrize(("source", "mac"), [(OWN_FIRST, TESTER.mac), (OWN_SECOND, SECOND_MAC)], ids=["first", "second"])
def packet_goes_by_the_router_that_advertises_the_prefix_of_its_source(multihomed, lab, source, mac):
    assert hop_from(lab.ports[0], source) == mac


@case(must("RFC 8028 §3.2"), role="host")
def choice_is_made_for_each_source_anew(multihomed, lab):
    (port,) = lab.ports
    assert [hop_from(port, source) for source in (OWN_FIRST, OWN_SECOND) * 2] == [TESTER.mac, SECOND_MAC] * 2


@case(must("RFC 8028 §3.1"), role="host")
def prefix_that_is_neither_on_link_nor_for_addresses_tells_the_router_too(multihomed, lab):
    (port,) = lab.ports
    multihomed.add_address("2001:db8:c::1/128")
    port.run(3.0)
    advertise(port, 2, prefix_information("2001:db8:c::", on_link=0, autonomous=0))
    assert hop_from(port, "2001:db8:c::1") == SECOND_MAC
    advertise(port, 2, prefix_information("2001:db8:c::", on_link=0, autonomous=0, valid=0, preferred=0))
    advertise(port, 1, prefix_information("2001:db8:c::", on_link=0, autonomous=0))
    assert hop_from(port, "2001:db8:c::1") == TESTER.mac


@case(must("RFC 8028 §3.2", "RFC 4861 §6.3.4"), role="host")
def router_that_ceases_to_be_a_default_router_is_no_first_hop(multihomed, lab):
    # "A host SHOULD select default routers for each prefix": of lifetime zero, it is none any more.
    (port,) = lab.ports
    assert hop_from(port, OWN_SECOND) == SECOND_MAC
    advertise(port, 2, prefix_information(SECOND), lifetime=0)
    assert hop_from(port, OWN_SECOND) == TESTER.mac


@case(must("RFC 4861 §8.1", "RFC 8028 §3.4"), role="host")
@pytest.mark.parametrize("which", [1, 2])
def redirect_is_believed_if_it_comes_from_the_first_hop_of_that_source(multihomed, lab, which):
    (port,) = lab.ports
    port.answers[THIRD_ROUTER] = THIRD_MAC
    own, router = (OWN_FIRST, TESTER.link_local) if which == 1 else (OWN_SECOND, SECOND_ROUTER)
    mac = hop_from(port, own)
    message = redirect(THIRD_ROUTER, lladdr=THIRD_MAC, to=own, source=router, quotes=False)
    message.src = mac
    port.send(message / ICMPv6NDOptRedirectedHdr(pkt=IPv6(src=own, dst=FAR) / bytes(8)))
    assert hop_from(port, own) == THIRD_MAC


@case(must("RFC 8028 §3.1", "RFC 4191 §3.1"), role="host")
def among_the_routers_of_a_prefix_the_more_specific_route_decides(multihomed, lab):
    (port,) = lab.ports
    assert hop_from(port, OWN_FIRST) == TESTER.mac
    advertise(port, 2, prefix_information(FIRST), ICMPv6NDOptRouteInfo(prefix=FAR, plen=64, len=2, rtlifetime=600))
    assert hop_from(port, OWN_FIRST) == SECOND_MAC
    assert hop_from(port, OWN_FIRST, "2001:db8:8::1") == TESTER.mac


@case(must("RFC 4191 §3.2", "RFC 8028 §3.2"), role="host")
@pytest.mark.parametrize("lifetime", [0, 1800], ids=["no default router", "a default router"])
def more_specific_route_by_a_router_without_prefixes_is_used(multihomed, lab, lifetime):
    # RFC 8028 is about default routers, and about routers of other prefixes: the third is neither.
    (port,) = lab.ports
    port.answers[THIRD_ROUTER] = THIRD_MAC
    route = ICMPv6NDOptRouteInfo(prefix=FAR, plen=64, len=2, rtlifetime=600)
    port.send(ra(route, source=THIRD_ROUTER, lladdr=THIRD_MAC, lifetime=lifetime))
    assert hop_from(port, OWN_FIRST) == THIRD_MAC
    assert hop_from(port, OWN_FIRST, "2001:db8:8::1") == TESTER.mac


@case(must("RFC 8028 §3.1"), role="host")
def more_specific_route_by_the_router_of_another_prefix_is_not(multihomed, lab):
    # "it is irrelevant", for packets from the first router's prefix.
    (port,) = lab.ports
    advertise(port, 2, ICMPv6NDOptRouteInfo(prefix=FAR, plen=64, len=2, rtlifetime=600))
    assert hop_from(port, OWN_FIRST) == TESTER.mac
    assert hop_from(port, OWN_SECOND) == SECOND_MAC


@case(must("RFC 8028 §3.2", "RFC 4861 §6.3.6"), role="host")
def other_router_is_used_when_the_one_of_the_prefix_does_not_answer(multihomed, lab):
    (port,) = lab.ports
    del port.answers[SECOND_ROUTER]
    port.run(46.0)  # longer than it is reachable
    assert hop_from(port, OWN_SECOND) == SECOND_MAC
    port.run(5.0 + 3 * 1.0 + 0.5)  # it is probed, and given up
    assert hop_from(port, OWN_SECOND) == TESTER.mac


@case(should("RFC 8028 §3.3"), role="host")
def source_and_router_of_what_the_host_begins_fit(multihomed, lab):
    (port,) = lab.ports
    multihomed.ping(FAR, count=1)
    request = expect(port, ICMPv6EchoRequest)
    assert (request[IPv6].src, request.dst) in {(OWN_FIRST, TESTER.mac), (OWN_SECOND, SECOND_MAC)}


@case(must("RFC 8028 §3.4"), role="host")
def redirect_is_for_packets_of_its_source_only(multihomed, lab):
    (port,) = lab.ports
    port.answers[THIRD_ROUTER] = THIRD_MAC
    assert hop_from(port, OWN_FIRST) == TESTER.mac
    message = redirect(THIRD_ROUTER, lladdr=THIRD_MAC, to=OWN_FIRST, quotes=False)
    port.send(message / ICMPv6NDOptRedirectedHdr(pkt=IPv6(src=OWN_FIRST, dst=FAR) / bytes(8)))
    assert hop_from(port, OWN_FIRST) == THIRD_MAC
    assert hop_from(port, OWN_SECOND) == SECOND_MAC


@case(may("RFC 8028 §3.2"), role="host")
def hosts_may_take_any_router_where_that_is_off(multihomed, lab):
    (port,) = lab.ports
    multihomed.nd.first_hop_by_source = False
    assert hop_from(port, OWN_FIRST) == hop_from(port, OWN_SECOND)
