"""Mobile routers with several care-of addresses at their home agent (RFC 3963 §6 with RFC 5648 §6, §7; RFC 6089 §5.3)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import MIP6MH_BA, ICMPv6EchoRequest, IPv6

from kamesim.conformance.cases.mobility._home_agent import CARE_OF, CORRESPONDENT, HOME, HOME_AGENT, OTHER_CARE_OF
from kamesim.conformance.cases.mobility._home_agent_networks import (
    INSIDER,
    NETWORK,
    OTHER_NETWORK,
    SECOND_INSIDER,
    SECOND_NETWORK,
    from_network,
    from_world,
    has_r,
    mnp,
    mobile_router,
    networks,
    tunnelled,
)
from kamesim.conformance.cases.mobility._multiple_bindings import bid, flow, selector, statuses
from kamesim.conformance.cases.mobility.home_agent_multiple_bindings import held, sends
from kamesim.conformance.exchange import case, expect, expect_dropped, must
from kamesim.conformance.mobility import ends, inner

ROLE = "router"
BOTH = (CARE_OF, OTHER_CARE_OF)


def registers(mobile, seq: int, *options, flags: str = "HAR", **fields):
    return sends(mobile, seq, *options, flags=flags, **fields)


def both(mobile, seq: int = 1, *options, **fields):
    """BIDs 1 and 2 in one message, the first preferred."""
    return registers(mobile, seq, bid(1, CARE_OF, priority=10), bid(2, OTHER_CARE_OF, priority=20), *options, **fields)


def goes_to(right, destination: str) -> str | None:
    """The care-of address to which a packet for that address is tunnelled, if it is."""
    right.send(from_world(destination))
    for packet in right.frames(0.5):
        if ICMPv6EchoRequest in packet:
            assert packet[IPv6].src == HOME_AGENT and inner(packet).dst == destination
            return packet[IPv6].dst
    return None


@case(must("RFC 3963 §4.2", "RFC 5648 §6.2"))
def acknowledgement_has_the_r_bit_and_the_bids(networks, mobile_router):
    ack = both(mobile_router)
    assert has_r(ack) and statuses(ack) == {1: 0, 2: 0}
    assert held(networks) == {1: CARE_OF, 2: OTHER_CARE_OF}


@case(must("RFC 3963 §6.5", "RFC 5648 §7"))
@pytest.mark.parametrize("destination", [INSIDER, SECOND_INSIDER, HOME])
def network_is_reached_by_the_preferred_binding(right, networks, mobile_router, destination):
    both(mobile_router)
    assert goes_to(right, destination) == CARE_OF
    registers(mobile_router, 2, bid(2, OTHER_CARE_OF, priority=5))
    assert goes_to(right, destination) == OTHER_CARE_OF


@case(must("RFC 5648 §6.2", "RFC 3963 §6.4"))
def network_is_reached_by_the_other_binding_once_one_is_deregistered(right, networks, mobile_router):
    both(mobile_router)
    ack = registers(mobile_router, 2, bid(1), lifetime=0)
    assert has_r(ack)
    assert goes_to(right, INSIDER) == OTHER_CARE_OF


@case(must("RFC 5648 §6.2", "RFC 3963 §6.4"))
def network_is_reached_by_the_other_binding_once_one_has_expired(right, networks, mobile_router):
    registers(mobile_router, 1, bid(1, CARE_OF, priority=1), lifetime=20)
    registers(mobile_router, 2, bid(2, OTHER_CARE_OF, priority=2), lifetime=400)
    assert goes_to(right, INSIDER) == CARE_OF
    right.run(21.0)
    assert goes_to(right, INSIDER) == OTHER_CARE_OF


@case(must("RFC 3963 §6.7", "RFC 5648 §6.2"))
def forwarding_ends_with_the_last_binding(right, networks, mobile_router):
    both(mobile_router)
    registers(mobile_router, 2, bid(1), lifetime=0)
    registers(mobile_router, 3, bid(2), lifetime=0)
    assert held(networks) == {} and goes_to(right, INSIDER) is None


@case(must("RFC 3963 §6.7", "RFC 5648 §6.2"))
def deregistration_without_a_bid_ends_the_forwarding(right, networks, mobile_router):
    both(mobile_router)
    registers(mobile_router, 2, lifetime=0)
    assert held(networks) == {} and goes_to(right, INSIDER) is None


@case(must("RFC 3963 §9", "RFC 5648 §6.5"))
@pytest.mark.parametrize("source", BOTH)
def packets_of_the_network_come_by_any_binding(right, networks, mobile_router, source):
    both(mobile_router)
    right.send(tunnelled(from_network(CORRESPONDENT), source=source))
    assert ends(expect(right, ICMPv6EchoRequest)) == (INSIDER, CORRESPONDENT)


@case(must("RFC 3963 §9"))
@pytest.mark.parametrize("source", BOTH)
def inner_source_beyond_the_network_is_discarded_from_any_binding(right, networks, mobile_router, source):
    both(mobile_router)
    right.send(tunnelled(from_network(CORRESPONDENT, source="2001:db8:10::99"), source=source))
    assert goes_to(right, INSIDER) == CARE_OF, "and nothing but the answer to that comes"
    expect_dropped(networks, "tunnel.inner_source_not_allowed")


@case(must("RFC 3963 §6.2"))
def explicit_prefixes_are_those_of_the_last_update(right, networks, mobile_router):
    both(mobile_router, 1, mnp(NETWORK))
    assert goes_to(right, INSIDER) == CARE_OF and goes_to(right, SECOND_INSIDER) is None
    registers(mobile_router, 2, bid(1, priority=10), mnp(NETWORK), mnp(SECOND_NETWORK))
    assert goes_to(right, SECOND_INSIDER) == CARE_OF


@case(must("RFC 3963 §6.7"))
def prefixes_in_the_deregistration_of_a_binding_are_ignored(right, networks, mobile_router):
    both(mobile_router)
    registers(mobile_router, 2, bid(1), mnp(OTHER_NETWORK), lifetime=0)
    assert goes_to(right, INSIDER) == OTHER_CARE_OF


@case(must("RFC 3963 §6.2"))
@pytest.mark.parametrize(
    ["prefix", "status"], [(OTHER_NETWORK, 142), ("2001:db8:9::/64", 142), ("ff02::/64", 141)]
)
def refusal_of_the_prefixes_is_one_of_all_bindings(right, networks, mobile_router, prefix, status):
    ack = both(mobile_router, 1, mnp(prefix), status=status)
    assert has_r(ack) and set(statuses(ack)) == {1, 2}
    assert held(networks) == {} and goes_to(right, INSIDER) is None


@case(must("RFC 3963 §6.2", "RFC 5648 §6.2"))
def refused_update_leaves_bindings_and_forwarding_as_they_were(right, networks, mobile_router):
    both(mobile_router, 1, mnp(NETWORK))
    registers(mobile_router, 2, bid(1), mnp(OTHER_NETWORK), status=142)
    assert held(networks) == {1: CARE_OF, 2: OTHER_CARE_OF} and goes_to(right, INSIDER) == CARE_OF


@case(must("RFC 3963 §6.2"))
def binding_of_a_host_is_not_added_to_a_mobile_routers(networks, mobile_router):
    registers(mobile_router, 1, bid(1, CARE_OF))
    ack = registers(mobile_router, 2, bid(2, OTHER_CARE_OF), flags="HA", status=139)
    assert not has_r(ack) and held(networks) == {1: CARE_OF}
    assert ack[MIP6MH_BA].status == 139


@case(must("RFC 6089 §5.3.6", "RFC 5648 §7"))
def flow_of_an_insider_goes_by_the_binding_it_is_bound_to(right, networks, mobile_router):
    both(mobile_router, 1, flow(1, [2], selector(destination=INSIDER)))
    assert goes_to(right, INSIDER) == OTHER_CARE_OF and goes_to(right, SECOND_INSIDER) == CARE_OF
