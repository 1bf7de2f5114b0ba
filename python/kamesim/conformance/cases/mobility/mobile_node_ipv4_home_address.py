"""The IPv4 home address of a mobile node in networks of IPv6, and at home (RFC 5555 §2.3.1, §4.4.2, §4.4.3)."""

from __future__ import annotations

import pytest
from scapy.layers.inet import ICMP
from scapy.layers.inet6 import MIP6MH_BU, IPv6, MIP6OptAltCoA
from scapy.layers.l2 import ARP

from kamesim.conformance.cases.mobility._dual_stack_mobile_node import (
    CORRESPONDENT4,
    GATEWAY4,
    HOME4,
    HOME_AGENT4,
    HOME_GATEWAY4,
    DualJourney,
    journey,
)
from kamesim.conformance.cases.mobility._mobile_node import (
    CARE_OF,
    HOME,
    HOME_AGENT,
    HOME_AGENT_END,
    OTHER_CARE_OF,
)
from kamesim.conformance.dual_stack import (
    acknowledgement,
    arp,
    arp_request,
    care_of_of,
    carrying,
    carrying_none,
    force_udp_of,
    home_addresses_of,
    look_for,
    look_for_none,
    ping4,
    raw_option,
)
from kamesim.conformance.exchange import NODE, case, ip, must, should
from kamesim.conformance.mobility import binding_ack, ends, home_address_of, message, option, type2_route

ROLE = "host"
OTHER_MAC = "02:00:00:00:00:77"


def tunnelled4(journey, destination=HOME4):
    """An echo request of an IPv4 correspondent, that the home agent tunnels in IPv6."""
    journey.send(HOME_AGENT, ping4(destination, CORRESPONDENT4))


# --- Binding Updates: §4.4.2 ----------------------------------------------------------------------------------------


@case(must("RFC 5555 §4.4.2"))
def update_has_the_static_ipv4_home_address(journey):
    update = journey.leave()
    assert home_addresses_of(update) == [(HOME4, 32, False)]
    assert ends(update) == (CARE_OF, HOME_AGENT) and home_address_of(update) == HOME
    assert option(update, MIP6OptAltCoA).acoa == CARE_OF


@case(must("RFC 5555 §4.4.2"))
def update_has_no_ipv4_care_of_address_in_a_network_of_ipv6(journey):
    assert care_of_of(journey.leave()) is None


@case(must("RFC 5555 §4.4.2"))
def dynamic_address_is_asked_for_by_the_unspecified_one(lab):
    assert home_addresses_of(DualJourney(lab, ipv4_home_address="request").leave()) == [("0.0.0.0", 32, False)]


@case(must("RFC 5555 §3.1.1"))
def no_address_is_asked_for_if_none_is_wanted(lab):
    assert home_addresses_of(DualJourney(lab, ipv4_home_address=None).leave()) == []


@case(should("RFC 5555 §3.1.3"))
def udp_is_not_forced_in_a_network_of_ipv6(lab):
    assert not force_udp_of(DualJourney(lab, force_udp=True).leave())


@case(must("RFC 5555 §4.4.2"))
def address_that_was_handed_out_is_used_and_refreshed(lab):
    journey = DualJourney(lab, ipv4_home_address="request")
    journey.register6(acknowledgement("192.0.2.66"))
    tunnelled4(journey, "192.0.2.66")
    assert carrying(journey.port, ICMP, how="ipv6", type=0).inner_ends == ("192.0.2.66", CORRESPONDENT4)
    refresh = message(journey.port, MIP6MH_BU, within=419.0, to=HOME_AGENT)
    assert home_addresses_of(refresh) == [("192.0.2.66", 32, False)]


@case(must("RFC 5555 §4.4.2.1"))
def deregistration_asks_for_nothing(journey):
    journey.register6()
    update = journey.deregister()
    assert update[MIP6MH_BU].mhtime == 0 and home_addresses_of(update) == []


# --- Acknowledgements: §2.3.1, §4.4.2 -------------------------------------------------------------------------------


@case(must("RFC 5555 §4.4.3"))
def packets_to_and_from_the_ipv4_home_address_take_the_tunnel(journey):
    journey.register6()
    tunnelled4(journey)
    reply = carrying(journey.port, ICMP, how="ipv6", type=0)
    assert reply.ends == (CARE_OF, HOME_AGENT) and reply.inner_ends == (HOME4, CORRESPONDENT4)


@case(must("RFC 5555 §4.4.2"))
@pytest.mark.parametrize("status", [128, 129, 130, 131, 132, 133])
def refused_ipv4_home_address_is_not_used(journey, status):
    journey.register6(acknowledgement(HOME4, status, 0))
    tunnelled4(journey)
    carrying_none(journey.port, ICMP, type=0)
    assert journey.node.mobile_ip.registered and journey.node.mobile_ip.ipv4_home_address is None


@case(should("RFC 5555 §2.3.1"))
def option_is_left_out_where_the_home_agent_does_not_know_it(journey):
    update = journey.leave()
    journey.send(HOME_AGENT, type2_route(HOME), binding_ack(update[MIP6MH_BU].seq, lifetime=40))
    tunnelled4(journey)
    carrying_none(journey.port, ICMP, type=0)
    assert home_addresses_of(message(journey.port, MIP6MH_BU, within=40.0, to=HOME_AGENT)) == []


@case(must("RFC 5555 §4.4.2"))
def address_refused_at_a_refresh_is_given_up(journey):
    journey.register6()
    refresh = message(journey.port, MIP6MH_BU, within=419.0, to=HOME_AGENT)
    journey.send(HOME_AGENT, type2_route(HOME), binding_ack(refresh[MIP6MH_BU].seq, acknowledgement(HOME4, 130, 0)))
    tunnelled4(journey)
    carrying_none(journey.port, ICMP, type=0)


@case(must("RFC 5555 §3.2.1"))
@pytest.mark.parametrize("address", ["0.0.0.0", "224.0.0.1", "255.255.255.255", "127.0.0.1"])
def acknowledged_address_that_is_not_unicast_is_not_used(journey, address):
    journey.register6(acknowledgement(address))
    assert journey.node.mobile_ip.ipv4_home_address is None


@case(must("RFC 6275 §6.2.1"))
def acknowledgement_option_of_another_length_is_passed_over(journey):
    journey.register6(raw_option(30, bytes(5)))
    assert journey.node.mobile_ip.registered and journey.node.mobile_ip.ipv4_home_address is None


@case(must("RFC 6275 §11.7.3"))
def acknowledgement_of_another_sequence_number_binds_nothing(journey):
    update = journey.leave()
    ack = binding_ack(update[MIP6MH_BU].seq + 5 & 0xFFFF, acknowledgement(HOME4))
    journey.send(HOME_AGENT, type2_route(HOME), ack)
    assert journey.node.mobile_ip.ipv4_home_address is None


@case(must("RFC 5555 §2.3.1"))
def ipv4_home_address_survives_the_next_movement(journey):
    journey.register6()
    journey.register6(name="other")
    tunnelled4(journey)
    assert carrying(journey.port, ICMP, how="ipv6", type=0).ends == (OTHER_CARE_OF, HOME_AGENT)


# --- Links ----------------------------------------------------------------------------------------------------------


@case(must("RFC 5555 §4.4.4"))
def ipv4_home_address_is_an_ordinary_one_at_home(journey):
    journey.settle()
    journey.port.send(arp_request(HOME4, HOME_AGENT4, OTHER_MAC))
    assert look_for(journey.port, "an answer", lambda f: arp(f, op=2, psrc=HOME4))[ARP].hwsrc == NODE.mac


@case(must("RFC 826"))
def ipv4_home_address_is_not_answered_for_on_a_foreign_link(journey):
    journey.register6()
    journey.port.send(arp_request(HOME4, GATEWAY4, OTHER_MAC))
    look_for_none(journey.port, "an answer", lambda f: arp(f, psrc=HOME4))


@case(must("RFC 5555 §4.4.3"))
def gateway_of_the_home_link_is_used_at_home_alone(lab):
    journey = DualJourney(lab, ipv4_home_gateway=HOME_GATEWAY4)
    journey.settle()
    journey.node.ping(CORRESPONDENT4, count=1)
    look_for(journey.port, "a question for the gateway", lambda f: arp(f, op=1, pdst=HOME_GATEWAY4))
    journey.register6()
    journey.node.ping(CORRESPONDENT4, count=1)
    assert carrying(journey.port, ICMP, how="ipv6", type=8).inner_ends == (HOME4, CORRESPONDENT4)


@case(must("RFC 6275 §11.5.5", "RFC 5227 §2.3"))
def address_is_announced_at_home_once_the_home_agent_lets_go(journey):
    journey.register6()
    update = journey.deregister()
    look_for_none(journey.port, "an announcement", lambda f: arp(f, psrc=HOME4), 0.5)
    journey.port.send(home_ack(update))
    assert look_for(journey.port, "an announcement", lambda f: arp(f, psrc=HOME4, pdst=HOME4))[ARP].hwsrc == NODE.mac


@case(must("RFC 5555 §4.4.1"))
def ipv6_is_preferred_where_there_are_both(journey):
    journey.settle()
    journey.move("visited")
    journey.answer_arp(GATEWAY4)
    update = message(journey.port, MIP6MH_BU, within=4.0, to=HOME_AGENT)
    assert ends(update) == (CARE_OF, HOME_AGENT) and isinstance(update.payload, IPv6)
    journey.send(HOME_AGENT, type2_route(HOME), binding_ack(update[MIP6MH_BU].seq, acknowledgement(HOME4)))
    carrying_none(journey.port, MIP6MH_BU, 20.0)


def home_ack(update):
    """Of a de-registration, on the home link."""
    ack = binding_ack(update[MIP6MH_BU].seq, lifetime=0)
    return ip(HOME, source=HOME_AGENT, from_mac=HOME_AGENT_END.mac, to_mac=NODE.mac) / ack
