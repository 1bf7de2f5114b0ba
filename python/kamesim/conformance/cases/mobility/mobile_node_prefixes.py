"""Mobile prefix discovery, the mobile node's part (RFC 6275 §11.4.2, §11.4.3)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import MIP6MH_BU, ICMPv6MPAdv, ICMPv6MPSol, ICMPv6ND_RS, ICMPv6NDOptMTU
from scapy.packet import Packet

from kamesim.conformance.cases.mobility._mobile_node import CARE_OF, CORRESPONDENT, HOME, HOME_AGENT, Journey, journey
from kamesim.conformance.exchange import case, expect, expect_none, must, prefix_information, should
from kamesim.conformance.mobility import binding_ack, ends, home_address_of, message, type2_route

ROLE = "host"
HOME_PREFIX = "2001:db8:a::"


def register(journey: Journey, status: int = 0, lifetime: int = 420) -> None:
    update = journey.leave()
    ack = binding_ack(update[MIP6MH_BU].seq, status=status, lifetime=lifetime)
    journey.send(HOME_AGENT, type2_route(HOME), ack)


def advertise(journey: Journey, identifier: int, *options: Packet, source: str = HOME_AGENT, routed: bool = True) -> None:
    message = ICMPv6MPAdv(id=identifier, flags=0)
    options = options or (prefix_information(HOME_PREFIX),)
    journey.send(source, *([type2_route(HOME)] if routed else []), message, *options)


def asked(journey: Journey, within: float = 1.0) -> int:
    """The identifier of the next solicitation."""
    return int(expect(journey.port, ICMPv6MPSol, within=within)[ICMPv6MPSol].id)


@case(must("RFC 6275 §6.7", "RFC 6275 §11.4.2", "RFC 6275 §11.7.3"))
def status_1_is_followed_by_a_solicitation_with_the_home_address(journey):
    register(journey, status=1)
    packet = expect(journey.port, ICMPv6MPSol)
    assert ends(packet) == (CARE_OF, HOME_AGENT) and home_address_of(packet) == HOME
    assert (packet[ICMPv6MPSol].code, packet[ICMPv6MPSol].res) == (0, 0)


@case(must("RFC 6275 §11.8"))
def solicitations_back_off_to_max_bindack_timeout(journey):
    register(journey, status=1, lifetime=4000)
    packets = [expect(journey.port, ICMPv6MPSol, within=40.0) for _ in range(7)]
    waits = [b.time - a.time for a, b in zip(packets, packets[1:])]
    assert waits == pytest.approx([3.0, 6.0, 12.0, 24.0, 32.0, 32.0], abs=0.01)


@case(must("RFC 6275 §11.4.2"))
def identifiers_are_random(journey):
    register(journey, status=1, lifetime=4000)
    numbers = [asked(journey, 40.0) for _ in range(6)]
    assert len(set(numbers)) == 6 and numbers != sorted(numbers)


@case(must("RFC 6275 §11.4.3"))
def answer_ends_the_solicitations(journey):
    register(journey, status=1)
    advertise(journey, asked(journey))
    expect_none(journey.port, ICMPv6MPSol, within=100.0)


@case(must("RFC 6275 §11.4.3"))
def advertisement_of_another_identifier_is_discarded(journey):
    register(journey, status=1)
    advertise(journey, asked(journey) ^ 1)
    asked(journey, within=3.1)
    assert journey.node.drops["mip6.mpa_unsolicited"] == 1


@case(must("RFC 6275 §11.4.3"))
def advertisement_without_a_routing_header_is_discarded(journey):
    register(journey, status=1)
    advertise(journey, asked(journey), routed=False)
    asked(journey, within=3.1)
    assert journey.node.drops["mip6.mpa_no_routing_header"] == 1


@case(must("RFC 6275 §11.4.3"))
def advertisement_of_another_than_the_home_agent_is_discarded(journey):
    register(journey, status=1)
    advertise(journey, asked(journey), source=CORRESPONDENT)
    asked(journey, within=3.1)
    assert journey.node.drops["mip6.mpa_wrong_source"] == 1


@case(must("RFC 6275 §11.4.3"), should("RFC 6275 §11.4.3"))
def unsolicited_advertisement_is_discarded_and_followed_by_a_solicitation(journey):
    register(journey)
    journey.settle()
    advertise(journey, 0, prefix_information(HOME_PREFIX, valid=100, preferred=50))
    identifier = asked(journey)
    assert journey.node.drops["mip6.mpa_unsolicited"] == 1
    advertise(journey, identifier)
    expect_none(journey.port, ICMPv6MPSol, within=100.0)


@case(must("RFC 6275 §6.8"))
def unknown_options_of_an_advertisement_are_ignored(journey):
    register(journey, status=1)
    advertise(journey, asked(journey), ICMPv6NDOptMTU(mtu=1400), prefix_information(HOME_PREFIX))
    expect_none(journey.port, ICMPv6MPSol, within=100.0)


@case(should("RFC 6275 §11.4.2"))
def home_prefix_that_is_about_to_become_invalid_is_asked_for(journey):
    register(journey, status=1, lifetime=400)
    advertise(journey, asked(journey), prefix_information(HOME_PREFIX, valid=200, preferred=100))
    start = journey.port.now
    packet = expect(journey.port, ICMPv6MPSol, within=200.0)
    assert 100.0 < packet.time - start < 200.0
    advertise(journey, packet[ICMPv6MPSol].id)
    expect_none(journey.port, ICMPv6MPSol, within=200.0)


@case(must("RFC 6275 §11.7.1", "RFC 6275 §11.7.3"))
def registration_is_refreshed_after_status_1_once_the_prefix_is_known(journey):
    register(journey, status=1)
    advertise(journey, asked(journey))
    message(journey.port, MIP6MH_BU, within=419.0, to=HOME_AGENT)


@case(must("RFC 6275 §11.4.3"))
def lifetimes_of_the_home_prefix_hold_for_the_home_address(journey):
    register(journey, status=1)
    advertise(journey, asked(journey), prefix_information(HOME_PREFIX, valid=200, preferred=100))
    journey.settle(99.0)
    assert "deprecated" not in home_address_state(journey)
    journey.settle(3.0)
    assert home_address_state(journey) == "deprecated"


def home_address_state(journey: Journey) -> str:
    rows = journey.node.addresses()
    return str(rows[rows.address == HOME].state.iloc[0])


NEW_PREFIX, NEW_HOME = "2001:db8:f::", "2001:db8:f::ff:fe00:1"


@case(must("RFC 6275 §11.4.3", "RFC 4862 §5.5.3"))
def new_home_prefix_gives_another_home_address(journey):
    # "as if they arrived in a Router Advertisement on the mobile node's home link".
    register(journey, status=1, lifetime=4000)
    advertise(journey, asked(journey), prefix_information(HOME_PREFIX), prefix_information(NEW_PREFIX))
    expect(journey.port, ICMPv6ND_RS, within=1.0)
    journey.advertise("visited")
    update = message(journey.port, MIP6MH_BU, within=2.0)
    assert ends(update) == (CARE_OF, HOME_AGENT) and home_address_of(update) == NEW_HOME
    assert "H" in str(update[MIP6MH_BU].flags)
    homes = journey.node.mobile_ip.home_addresses()
    assert list(homes.home_address) == [HOME, NEW_HOME] and list(homes.registered) == [True, False]


@case(must("RFC 6275 §11.4.3", "RFC 4862 §5.5.3"))
@pytest.mark.parametrize(
    "option",
    [
        {"autonomous": 0},
        {"valid": 0, "preferred": 0},
        {"valid": 100, "preferred": 200},
        {"length": 65},
    ],
    ids=["not-autonomous", "not-valid", "preferred-for-longer-than-valid", "of-another-length"],
)
def prefix_that_gives_no_address_at_home_gives_none_away(journey, option):
    register(journey, status=1, lifetime=4000)
    advertise(journey, asked(journey), prefix_information(HOME_PREFIX), prefix_information(NEW_PREFIX, **option))
    expect_none(journey.port, ICMPv6ND_RS, within=5.0)
    assert list(journey.node.mobile_ip.home_addresses().home_address) == [HOME]


@case(must("RFC 6275 §11.4.3"))
def home_address_of_a_prefix_that_is_told_again_is_not_formed_again(journey):
    register(journey, status=1, lifetime=4000)
    first = prefix_information(HOME_PREFIX, valid=40, preferred=40)
    advertise(journey, asked(journey), first, prefix_information(NEW_PREFIX))
    expect(journey.port, ICMPv6ND_RS, within=1.0)
    advertise(journey, asked(journey, 40.0), prefix_information(HOME_PREFIX), prefix_information(NEW_PREFIX))
    journey.settle()
    assert list(journey.node.mobile_ip.home_addresses().home_address) == [HOME, NEW_HOME]
