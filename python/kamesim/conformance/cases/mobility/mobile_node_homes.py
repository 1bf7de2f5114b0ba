"""A mobile node with several home addresses (RFC 6275 §3.2, §11): each is registered by itself, with its home agent."""

from __future__ import annotations

from scapy.layers.inet6 import MIP6MH_BU, ICMPv6EchoReply, IPv6, MIP6MH_BE, MIP6MH_HoTI
from scapy.packet import Packet

import kamesim as ks
from kamesim.conformance.cases.mobility._mobile_node import (
    CARE_OF,
    CORRESPONDENT,
    HOME,
    HOME_AGENT,
    OTHER_ACCESS,
    OTHER_CARE_OF,
    Journey,
)
from kamesim.conformance.exchange import case, echo, find, must
from kamesim.conformance.mobility import binding_ack, ends, home_address_of, type2_route

ROLE = "host"

#: The home link of the second home address is the other link, its router the home agent.
SECOND, SECOND_AGENT = "2001:db8:c::100", OTHER_ACCESS.address
#: On the home link of the first.
NEIGHBOR = "2001:db8:a::101"


def traveller(lab, home_address: str = SECOND, home_agent: str = SECOND_AGENT, **role) -> Journey:
    journey = Journey(lab, **role)
    journey.node.enable(ks.MobileNode(home_address=home_address, home_agent=home_agent, **role))
    journey.settle(6.0)
    return journey


def updates(journey: Journey, seconds: float = 4.0) -> dict[str, Packet]:
    """The first Binding Update of each home address."""
    found: dict[str, Packet] = {}
    for packet in journey.port.frames(seconds):
        if find(packet, MIP6MH_BU) is not None:
            found.setdefault(home_address_of(packet) or packet[IPv6].src, packet)
    return found


def acknowledge(journey: Journey, update: Packet, **fields) -> None:
    agent, home = update[IPv6].dst, home_address_of(update)
    journey.send(agent, type2_route(home), binding_ack(update[MIP6MH_BU].seq, **fields))


def away(lab, **others) -> Journey:
    """Registered from the visited link with both."""
    journey = traveller(lab, **others)
    journey.move("visited")
    for update in updates(journey, 3.0).values():
        acknowledge(journey, update)
    journey.settle(0.1)
    return journey


@case(must("RFC 6275 §11.7.1"))
def each_home_address_is_registered_with_its_home_agent(lab):
    journey = traveller(lab)
    journey.move("visited")
    sent = updates(journey)
    assert {home: ends(u) for home, u in sent.items()} == {
        HOME: (CARE_OF, HOME_AGENT),
        SECOND: (CARE_OF, SECOND_AGENT),
    }


@case(must("RFC 6275 §11.7.1"))
def two_home_addresses_of_one_link_are_two_registrations(lab):
    journey = traveller(lab, NEIGHBOR, HOME_AGENT)
    journey.move("visited")
    sent = updates(journey)
    assert {home: ends(u)[1] for home, u in sent.items()} == {HOME: HOME_AGENT, NEIGHBOR: HOME_AGENT}
    assert all("H" in str(u[MIP6MH_BU].flags) for u in sent.values())


@case(must("RFC 6275 §11.5.2", "RFC 6275 §11.7.1"))
def at_home_with_one_the_other_is_away(lab):
    journey = Journey(lab)
    journey.settle(6.0)
    journey.node.enable(ks.MobileNode(home_address=SECOND, home_agent=SECOND_AGENT))
    journey.advertise("home")
    sent = updates(journey)
    assert set(sent) == {SECOND}, "nothing is registered for the home address of this link"
    care_of = sent[SECOND][IPv6].src
    assert care_of.startswith("2001:db8:a:") and care_of != HOME, "a home address is no care-of address of this link's"


@case(must("RFC 6275 §11.7.3"))
def acknowledgement_is_for_one_home_address(lab):
    journey = traveller(lab)
    journey.move("visited")
    sent = updates(journey, 2.5)
    acknowledge(journey, sent[SECOND])
    again = updates(journey, 4.0)
    assert set(again) == {HOME}, "the other is sent again"
    rows = journey.node.mobile_ip.home_addresses().set_index("home_address")
    assert not rows.registered[HOME] and rows.registered[SECOND]


@case(must("RFC 6275 §11.3.1", "RFC 6275 §10.4.5"))
def each_home_address_has_its_tunnel(lab):
    journey = away(lab)
    for home, agent in ((HOME, HOME_AGENT), (SECOND, SECOND_AGENT)):
        journey.send(agent, IPv6(src=CORRESPONDENT, dst=home), echo())
        replies = [p for p in journey.port.frames(1.0) if find(p, ICMPv6EchoReply) is not None]
        outer, inner = replies[0][IPv6], replies[0][IPv6].payload
        assert (outer.src, outer.dst) == (CARE_OF, agent)
        assert (inner.src, inner.dst) == (home, CORRESPONDENT)


@case(must("RFC 6275 §11.7.2", "RFC 6275 §11.6.1"))
def route_is_optimized_for_the_home_address_that_is_used(lab):
    journey = away(lab)
    journey.send(SECOND_AGENT, IPv6(src=CORRESPONDENT, dst=SECOND), echo())
    homes = [p for p in journey.port.frames(0.5) if type(find(p, MIP6MH_HoTI)) is MIP6MH_HoTI]
    assert [(ends(p), p[IPv6].payload.src) for p in homes] == [((CARE_OF, SECOND_AGENT), SECOND)]


@case(must("RFC 6275 §11.3.6"))
def binding_error_is_about_the_home_address_that_it_names(lab):
    # Both are of one home agent, which has lost the binding of one.
    journey = traveller(lab, NEIGHBOR, HOME_AGENT)
    journey.move("visited")
    for update in updates(journey, 3.0).values():
        acknowledge(journey, update)
    journey.settle(2.0)
    journey.send(HOME_AGENT, MIP6MH_BE(status=1, ha=NEIGHBOR))
    assert set(updates(journey, 1.0)) == {NEIGHBOR}, "it is registered again, and the other is not"


@case(must("RFC 6275 §11.5.5", "RFC 6275 §11.7.1"))
def one_returns_home_and_the_other_moves(lab):
    journey = away(lab)
    journey.move("other")
    sent = updates(journey)
    assert ends(sent[SECOND]) == (SECOND, SECOND_AGENT) and sent[SECOND][MIP6MH_BU].mhtime == 0
    assert ends(sent[HOME]) == (OTHER_CARE_OF, HOME_AGENT) and sent[HOME][MIP6MH_BU].mhtime > 0
    rows = journey.node.mobile_ip.home_addresses().set_index("home_address")
    assert (rows.location[HOME], rows.location[SECOND]) == ("foreign", "home")
