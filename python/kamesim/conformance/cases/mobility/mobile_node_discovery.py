"""Dynamic home agent address discovery, the mobile node's part (RFC 6275 §11.4.1)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6HAADReply, ICMPv6HAADRequest, MIP6MH_BU
from scapy.packet import Packet, Raw

from kamesim.conformance.cases.mobility._mobile_node import CARE_OF, HOME, HOME_AGENT, OTHER_CARE_OF, Journey, journey
from kamesim.conformance.exchange import Lab, case, expect, expect_none, may, must, should
from kamesim.conformance.mobility import binding_ack, ends, home_address_of, message, no_message, type2_route

ROLE = "host"
ANYCAST = "2001:db8:a:0:fdff:ffff:ffff:fffe"  # RFC 2526, of the home prefix
SECOND, THIRD = "2001:db8:a::2", "2001:db8:a::3"


@pytest.fixture
def seeker(lab: Lab) -> Journey:
    """A mobile node that was told no home agent."""
    return Journey(lab, home_agent=None)


def discovers(journey: Journey, name: str = "visited") -> Packet:
    """Moves; returns the first request."""
    journey.settle()
    journey.move(name)
    return expect(journey.port, ICMPv6HAADRequest, within=4.0)


def reply(journey: Journey, request: Packet, *addresses: str, source: str = SECOND, **fields: object) -> None:
    values = {"id": request[ICMPv6HAADRequest].id, "R": 0, "addresses": list(addresses), **fields}
    journey.send(source, ICMPv6HAADReply(**values))


@case(must("RFC 6275 §6.5", "RFC 6275 §11.4.1"))
def request_goes_from_the_care_of_address_to_the_home_agents_anycast_address(seeker):
    request = discovers(seeker)
    assert ends(request) == (CARE_OF, ANYCAST) and home_address_of(request) is None
    assert (request[ICMPv6HAADRequest].code, request[ICMPv6HAADRequest].res) == (0, 0)


@case(may("RFC 6275 §11.4.1"))
def request_is_repeated_four_times_at_doubled_intervals(seeker):
    requests = [discovers(seeker)]
    requests += [expect(seeker.port, ICMPv6HAADRequest, within=30.0) for _ in range(4)]
    waits = [b.time - a.time for a, b in zip(requests, requests[1:])]
    assert waits == pytest.approx([3.0, 6.0, 12.0, 24.0], abs=0.01)
    assert len({bytes(request[ICMPv6HAADRequest]) for request in requests}) == 1, "the same request message"
    expect_none(seeker.port, ICMPv6HAADRequest, within=48.0)


@case(may("RFC 6275 §11.4.1"))
def home_registration_goes_to_the_first_address_of_the_reply(seeker):
    request = discovers(seeker)
    reply(seeker, request, HOME_AGENT, SECOND, THIRD)
    update = message(seeker.port, MIP6MH_BU, to=HOME_AGENT)
    assert ends(update) == (CARE_OF, HOME_AGENT) and home_address_of(update) == HOME
    seeker.send(HOME_AGENT, type2_route(HOME), binding_ack(update[MIP6MH_BU].seq))
    no_message(seeker.port, MIP6MH_BU, 60.0)
    assert seeker.node.mobile_ip.home_agent == HOME_AGENT and seeker.node.mobile_ip.registered


@case(must("RFC 6275 §6.6"))
def reply_with_another_identifier_is_ignored(seeker):
    request = discovers(seeker)
    reply(seeker, request, HOME_AGENT, id=request[ICMPv6HAADRequest].id ^ 1)
    no_message(seeker.port, MIP6MH_BU, 2.0)
    expect(seeker.port, ICMPv6HAADRequest, within=2.0)


@case(must("RFC 6275 §6.6"))
def reply_of_broken_length_is_discarded(seeker):
    request = discovers(seeker)
    seeker.send(SECOND, ICMPv6HAADReply(id=request[ICMPv6HAADRequest].id, R=0, addresses=[HOME_AGENT]) / Raw(b"12345"))
    no_message(seeker.port, MIP6MH_BU, 2.0)
    assert seeker.node.drops["mip6.haad_bad_length"] == 1


@case(should("RFC 6275 §11.4.1"))
def home_agents_are_tried_in_the_order_of_the_reply(seeker):
    request = discovers(seeker)
    reply(seeker, request, HOME_AGENT, SECOND, THIRD)
    first = message(seeker.port, MIP6MH_BU, to=HOME_AGENT)
    second = message(seeker.port, MIP6MH_BU, within=60.0, to=SECOND)
    third = message(seeker.port, MIP6MH_BU, within=60.0, to=THIRD)
    # "MUST wait at least InitialBindackTimeoutFirstReg seconds"
    assert second.time - first.time >= 1.5 and third.time - second.time >= 1.5
    seeker.send(THIRD, type2_route(HOME), binding_ack(third[MIP6MH_BU].seq))
    no_message(seeker.port, MIP6MH_BU, 60.0)


@case(should("RFC 6275 §11.4.1"))
@pytest.mark.parametrize("status", [129, 130, 131, 132, 133])
def next_home_agent_is_tried_after_a_refusal(seeker, status):
    request = discovers(seeker)
    reply(seeker, request, HOME_AGENT, SECOND)
    update = message(seeker.port, MIP6MH_BU, to=HOME_AGENT)
    seeker.send(HOME_AGENT, type2_route(HOME), binding_ack(update[MIP6MH_BU].seq, status=status, lifetime=0))
    message(seeker.port, MIP6MH_BU, within=2.0, to=SECOND)


@case(must("RFC 6275 §11.4.1"))
def new_registration_is_attempted_first_with_the_present_home_agent(seeker):
    request = discovers(seeker)
    reply(seeker, request, SECOND, HOME_AGENT)
    update = message(seeker.port, MIP6MH_BU, to=SECOND)
    seeker.send(SECOND, type2_route(HOME), binding_ack(update[MIP6MH_BU].seq))
    seeker.settle()
    seeker.move("other")
    update = message(seeker.port, MIP6MH_BU, within=4.0)
    assert ends(update) == (OTHER_CARE_OF, SECOND)
    no_message(seeker.port, MIP6MH_BU, 0.9, to=HOME_AGENT)


@case(may("RFC 6275 §11.4.1"))
def discovery_follows_when_no_known_home_agent_answers(lab):
    journey = Journey(lab, discover_home_agents=True)
    journey.leave()
    request = expect(journey.port, ICMPv6HAADRequest, within=60.0)
    reply(journey, request, HOME_AGENT, SECOND)
    message(journey.port, MIP6MH_BU, within=2.0, to=SECOND)


@case(may("RFC 6275 §11.4.1"))
def nothing_is_discovered_without_the_switch(journey):
    journey.leave()
    expect_none(journey.port, ICMPv6HAADRequest, within=120.0)
