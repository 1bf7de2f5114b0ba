"""A mobile node at home, and moving (RFC 6275 §11.5)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    MIP6MH_BU,
    ICMPv6EchoReply,
    ICMPv6ND_NS,
    ICMPv6ND_RS,
    ICMPv6NDOptAdvInterval,
    IPv6,
    MIP6OptAltCoA,
    MIP6OptNonceIndices,
)

import kamesim as ks
from kamesim.conformance.cases.mobility._mobile_node import (
    ACCESS,
    CARE_OF,
    CORRESPONDENT,
    HOME,
    HOME_AGENT,
    HOME_AGENT_END,
    OTHER_CARE_OF,
    Journey,
    journey,
)
from kamesim.conformance.exchange import (
    NODE,
    End,
    Unmet,
    case,
    echo,
    expect,
    expect_none,
    find,
    ip,
    may,
    must,
    na,
    prefix_information,
    ra,
    should,
    solicited_node,
    stack,
)
from kamesim.conformance.mobility import (
    binding_ack,
    ends,
    home_address_of,
    message,
    no_message,
    option,
    type2_route,
)

ROLE = "host"


@case(must("RFC 6275 §11.3.1"))
def at_home_nothing_is_registered(journey):
    # "no special Mobile IPv6 processing is required".
    journey.settle()
    journey.port.send(ip(HOME, source=CORRESPONDENT, from_mac=HOME_AGENT_END.mac) / echo())
    reply = expect(journey.port, ICMPv6EchoReply)
    assert ends(reply) == (HOME, CORRESPONDENT) and home_address_of(reply) is None
    no_message(journey.port, MIP6MH_BU, 10.0)


@case(must("RFC 4862 §5.4"))
def home_address_is_tested_at_home_without_a_binding(journey):
    probe = expect(journey.port, ICMPv6ND_NS, tgt=HOME)
    assert ends(probe) == ("::", solicited_node(HOME))


@case(must("RFC 6275 §11.5.1", "RFC 6275 §11.7.1"))
def movement_ends_in_a_binding_update(journey):
    journey.settle()
    journey.move("visited")
    probe = expect(journey.port, ICMPv6ND_NS, tgt=CARE_OF, within=2.0)
    update = message(journey.port, MIP6MH_BU, within=3.0, to=HOME_AGENT)
    assert update.time - probe.time >= 1.0 - 1e-6, "the care-of address is tested first"
    assert ends(update) == (CARE_OF, HOME_AGENT) and home_address_of(update) == HOME
    fields = update[MIP6MH_BU]
    assert str(fields.flags) in ("HA", "AH") and fields.mhtime == 420 // 4
    assert option(update, MIP6OptAltCoA).acoa == CARE_OF
    assert option(update, MIP6OptNonceIndices) is None


@case(must("RFC 6275 §11.5.1", "RFC 6275 §11.7.1"))
def host_that_is_enabled_on_a_visited_link_registers_what_it_has(lab):
    # It has had its address for long, and the router's next periodic advertisement is far away.
    _lan, port = lab.link("visited", ACCESS)
    prefix = prefix_information(ACCESS.address.removesuffix("1"))
    advertisement = ra(prefix, source=ACCESS.link_local, lladdr=ACCESS.mac)
    node = lab.net.host("mobile")
    lab.attach(lab.net.medium("visited"), node, address=False)
    port.send(advertisement)
    port.run(30.0)
    node.enable(ks.MobileNode(home_address=HOME, home_agent=HOME_AGENT))
    expect(port, ICMPv6ND_RS, within=1.0)
    port.send(advertisement)
    assert ends(message(port, MIP6MH_BU, within=1.0, to=HOME_AGENT)) == (CARE_OF, HOME_AGENT)


@case(must("RFC 6275 §11.5.1"))
def link_local_address_is_tested_on_every_link(journey):
    journey.settle()
    journey.move("visited")
    assert ends(expect(journey.port, ICMPv6ND_NS, within=2.0, tgt=NODE.link_local))[0] == "::"


@case(must("RFC 6275 §11.7.1"))
def lifetime_of_the_role_is_asked_for(lab):
    assert Journey(lab, lifetime=1000.0).leave()[MIP6MH_BU].mhtime == 250


@case(must("RFC 6275 §11.7.1"))
def lifetime_is_not_beyond_that_of_the_care_of_address(journey):
    journey.settle()
    journey.port = journey.ports["visited"]
    journey.node.move("visited")
    expect(journey.port, ICMPv6ND_RS, within=2.0)
    prefix = prefix_information("2001:db8:b::", valid=100, preferred=100)
    journey.port.send(ra(prefix, source=ACCESS.link_local, lladdr=ACCESS.mac))
    update = message(journey.port, MIP6MH_BU, within=4.0)
    assert 0 < update[MIP6MH_BU].mhtime * 4 <= 100


SECOND = End("02:00:00:00:00:ee", "fe80::ee", "2001:db8:e::1")  # another router of the visited link, with its own prefix
SECOND_CARE_OF = "2001:db8:e::ff:fe00:1"


def advertise_second(journey) -> None:
    prefix = prefix_information("2001:db8:e::")
    journey.port.send(ra(prefix, source=SECOND.link_local, lladdr=SECOND.mac))


@case(must("RFC 6275 §11.5.1"))
def router_that_is_heard_beside_the_present_one_is_no_movement(journey):
    # "The mobile node should not ... perform a handover before it is necessary": lazy cell switching.
    journey.register()
    advertise_second(journey)
    no_message(journey.port, MIP6MH_BU, 10.0)


@case(may("RFC 6275 §11.5.1"))
def eager_mobile_node_goes_to_the_router_heard_last(lab):
    journey = Journey(lab, movement_detection=ks.MovementDetection(cell_switching="eager"))
    journey.register()
    advertise_second(journey)
    update = message(journey.port, MIP6MH_BU, within=4.0, to=HOME_AGENT)
    assert ends(update) == (SECOND_CARE_OF, HOME_AGENT)
    journey.port.send(stack(ip(SECOND_CARE_OF, source=HOME_AGENT), type2_route(HOME), binding_ack(update[MIP6MH_BU].seq)))
    journey.advertise("visited")  # which is known: no way back
    no_message(journey.port, MIP6MH_BU, 4.0)


@case(should("RFC 6275 §11.5.1", "RFC 6275 §7.3"))
@pytest.mark.parametrize("missed", [1, 2, 5])
def advertisements_that_fail_to_come_are_noticed(lab, missed):
    journey = Journey(lab, movement_detection=ks.MovementDetection(missed_advertisements=missed))
    journey.register()
    end = journey.ends["visited"]
    interval = ICMPv6NDOptAdvInterval(advint=2000)
    prefix = prefix_information(end.address.removesuffix("1"))
    journey.port.send(ra(prefix, interval, source=end.link_local, lladdr=end.mac))
    heard = journey.port.now
    asked = expect(journey.port, ICMPv6ND_RS, within=2.0 * missed + 1.0)
    assert abs(asked.time - heard - 2.0 * missed) < 0.1


def visited_with_probes(lab, **nd) -> Journey:
    """Registered at the visited link, by a mobile node that probes its router when a link comes up."""
    journey = Journey(lab, movement_detection=ks.MovementDetection(on_link_up="probe"))
    for name, value in nd.items():
        setattr(journey.node.nd, name, value)
    journey.settle()
    journey.port = journey.ports["visited"]
    journey.node.move("visited")
    expect(journey.port, ICMPv6ND_RS, within=5.0)
    journey.advertise("visited")
    update = message(journey.port, MIP6MH_BU, within=4.0, to=HOME_AGENT)
    journey.care_of = CARE_OF
    journey.send(HOME_AGENT, type2_route(HOME), binding_ack(update[MIP6MH_BU].seq))
    journey.settle()
    return journey


@case(should("RFC 6275 §11.5.1"))
def router_that_is_still_there_makes_no_movement_of_a_link_that_comes_up(lab):
    journey = visited_with_probes(lab, dup_addr_detect_transmits=0)
    journey.node.move("visited")
    end = journey.ends["visited"]
    for packet in journey.port.frames(2.0):
        assert find(packet, ICMPv6ND_RS) is None and find(packet, MIP6MH_BU) is None
        question = find(packet, ICMPv6ND_NS)
        if question is not None and question.tgt == end.link_local:
            asker = packet[IPv6].src
            journey.port.send(na(end.link_local, source=end.link_local, destination=asker, lladdr=end.mac, from_mac=end.mac))
            break
    else:
        raise Unmet("the router was not asked")
    no_message(journey.port, MIP6MH_BU, 10.0)
    expect_none(journey.port, ICMPv6ND_RS, within=1.0)


@case(should("RFC 6275 §11.5.1"))
@pytest.mark.parametrize("transmits, wait", [(0, 1.0), (1, 0.0)], ids=["no-dad", "dad"])
def router_that_does_not_answer_a_probe_is_looked_for(lab, transmits, wait):
    # Within RetransTimer; at once where there is no address yet to ask from.
    journey = visited_with_probes(lab, dup_addr_detect_transmits=transmits)
    journey.port = journey.ports["other"]
    journey.node.move("other")
    moved = journey.port.now
    assert expect(journey.port, ICMPv6ND_RS, within=5.0).time - moved < wait + 0.1
    journey.advertise("other")
    assert ends(message(journey.port, MIP6MH_BU, within=4.0, to=HOME_AGENT)) == (OTHER_CARE_OF, HOME_AGENT)
