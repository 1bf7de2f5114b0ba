"""A mobile node in networks of IPv4 alone (RFC 5555 §2.3.2, §4.2 to §4.4, §5.1)."""

from __future__ import annotations

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    IPv6,
    IPv6ExtHdrDestOpt,
    MIP6MH_BU,
    MIP6MH_HoTI,
    MIP6OptAltCoA,
)
from scapy.layers.l2 import ARP

from kamesim.conformance.cases.mobility._dual_stack_mobile_node import (
    CARE_OF4,
    CORRESPONDENT4,
    GATEWAY4,
    HOME4,
    HOME_AGENT4,
    OTHER_CARE_OF4,
    OTHER_GATEWAY4,
    DualJourney,
    journey,
)
from kamesim.conformance.cases.mobility._mobile_node import (
    CARE_OF,
    CORRESPONDENT,
    HOME,
    HOME_AGENT,
    OTHER_CARE_OF,
    home_test,
)
from kamesim.conformance.dual_stack import (
    NO_NAT,
    PORT,
    acknowledgement,
    arp,
    arp_request,
    care_of_of,
    carrying,
    carrying_none,
    force_udp_of,
    home_addresses_of,
    look_for_none,
    nat_detection,
    ping4,
)
from kamesim.conformance.exchange import NODE, case, echo, expect_dropped, find, must, should
from kamesim.conformance.mobility import binding_ack, ends, message, no_message, option

ROLE = "host"


def ping6(source=CORRESPONDENT):
    return IPv6(src=source, dst=HOME) / echo(b"to the mobile node")


# --- Movement: §4.4.1, §4.4.4 ---------------------------------------------------------------------------------------


@case(should("RFC 5555 §4.4.4", "RFC 4436 §2.1"))
def router_of_the_network_is_asked_for_without_an_address(journey):
    journey.settle()
    asked = journey.move4()
    assert (asked[ARP].psrc, asked[ARP].hwsrc) == ("0.0.0.0", NODE.mac)


@case(must("RFC 5555 §4.4.4"))
def ipv4_is_not_used_before_ipv6_had_its_chance(journey):
    journey.settle()
    journey.move4()
    start = journey.port.now
    update = carrying(journey.port, MIP6MH_BU, 4.0)
    assert 0.5 <= update.frame.time - start <= 2.0, "MAX_RA_DELAY_TIME, and not much more"


@case(must("RFC 5555 §4.4.4"))
def network_whose_router_is_silent_is_not_used(journey):
    journey.settle()
    journey.port = journey.ports["visited"]
    journey.node.move("visited")
    carrying_none(journey.port, MIP6MH_BU, 10.0)


@case(must("RFC 5555 §4.4.4"))
def other_networks_router_tells_where_it_is(journey):
    update = journey.leave4("other")
    assert update.source == OTHER_CARE_OF4 and care_of_of(update.inner) == OTHER_CARE_OF4


@case(should("RFC 5555 §4.4.1"))
def ipv4_is_used_after_three_updates_by_ipv6(journey):
    journey.settle()
    journey.move("visited")
    journey.answer_arp(GATEWAY4)
    first = message(journey.port, MIP6MH_BU, within=4.0, to=HOME_AGENT)
    for _ in range(2):
        assert ends(message(journey.port, MIP6MH_BU, within=4.0, to=HOME_AGENT)) == (CARE_OF, HOME_AGENT)
    update = carrying(journey.port, MIP6MH_BU, 7.0)
    assert update.frame.time - first.time == pytest.approx(1.5 + 3.0 + 6.0, abs=0.01)
    assert update.ends == (CARE_OF4, HOME_AGENT4) and care_of_of(update.inner) == CARE_OF4


@case(should("RFC 5555 §4.4.1"))
def family_is_not_changed_back_by_the_next_movement(journey):
    _fail_ipv6(journey)
    journey.port = journey.ports["other"]
    journey.node.move("other")
    journey.care_of4 = OTHER_CARE_OF4
    journey.answer_arp(OTHER_GATEWAY4)
    journey.advertise("other")
    assert carrying(journey.port, MIP6MH_BU, 4.0).source == OTHER_CARE_OF4
    no_message(journey.port, MIP6MH_BU, 4.0, to=HOME_AGENT)


@case(must("RFC 5555 §4.4.1"))
def unanswered_updates_by_ipv6_go_on_where_there_is_no_ipv4(journey):
    journey.leave()
    for _ in range(5):
        assert ends(message(journey.port, MIP6MH_BU, within=33.0, to=HOME_AGENT)) == (CARE_OF, HOME_AGENT)


@case(must("RFC 5555 §4.4.1"))
def ipv6_is_used_when_it_comes_later(journey):
    journey.register4()
    journey.advertise("visited")
    update = message(journey.port, MIP6MH_BU, within=4.0, to=HOME_AGENT)
    assert isinstance(update.payload, IPv6) and ends(update) == (CARE_OF, HOME_AGENT) and care_of_of(update) is None


# --- Binding Updates: §2.3.2.1, §4.2, §4.4.2 ------------------------------------------------------------------------


@case(must("RFC 5555 §4.4.2"))
def update_is_in_udp(journey):
    update = journey.leave4()
    assert update.how == "udp" and update.ends == (CARE_OF4, HOME_AGENT4) and update.destination_port == PORT
    assert update.inner_ends == (HOME, HOME_AGENT)
    assert update.frame.dst == journey.mac(), "by the router of the network"


@case(must("RFC 5555 §2.3.2.1"))
def update_has_the_ipv4_care_of_and_home_addresses(journey):
    update = journey.leave4().inner
    assert care_of_of(update) == CARE_OF4 and home_addresses_of(update) == [(HOME4, 32, False)]
    assert option(update, MIP6OptAltCoA) is None and find(update, IPv6ExtHdrDestOpt) is None
    header = find(update, MIP6MH_BU)
    assert header.flags.A and header.flags.H and header.mhtime == 105


@case(must("RFC 5555 §4.4.2"))
def dynamic_address_is_asked_for_by_the_unspecified_one(lab):
    journey = DualJourney(lab, ipv4_home_address="request")
    assert home_addresses_of(journey.leave4().inner) == [("0.0.0.0", 32, False)]


@case(must("RFC 6275 §11.8"))
def unanswered_updates_back_off_with_new_sequence_numbers(journey):
    updates = [journey.leave4()] + [carrying(journey.port, MIP6MH_BU, 40.0) for _ in range(4)]
    waits = [b.frame.time - a.frame.time for a, b in zip(updates, updates[1:])]
    assert waits == pytest.approx([1.5, 3.0, 6.0, 12.0], abs=0.01)
    numbers = [u.inner[MIP6MH_BU].seq for u in updates]
    assert numbers == [numbers[0] + n & 0xFFFF for n in range(5)]


@case(must("RFC 5555 §4.2"))
def refreshes_are_in_udp_too(journey):
    journey.register4()
    refresh = carrying(journey.port, MIP6MH_BU, 419.0)
    assert refresh.how == "udp" and care_of_of(refresh.inner) == CARE_OF4


@case(must("RFC 5555 §3.1.3", "RFC 5555 §4.4.2"))
def udp_is_forced_if_so_configured(lab):
    assert force_udp_of(DualJourney(lab, force_udp=True).leave4().inner)


@case(must("RFC 5555 §4.4.2"))
def udp_is_not_forced_by_default(journey):
    assert not force_udp_of(journey.leave4().inner)


@case(must("RFC 5555 §4.4.2"))
def update_is_sent_again_without_f_if_that_is_refused(lab):
    journey = DualJourney(lab, force_udp=True)
    update = journey.leave4()
    journey.acknowledge4(update, nat_detection(), status=144, lifetime=0)
    again = carrying(journey.port, MIP6MH_BU, 2.0)
    assert not force_udp_of(again.inner) and care_of_of(again.inner) == CARE_OF4


@case(must("RFC 6275 §11.7.3"))
def acknowledgement_in_udp_ends_the_retransmissions(journey):
    journey.register4()
    carrying_none(journey.port, MIP6MH_BU, 200.0)
    assert journey.node.mobile_ip.registered and journey.node.mobile_ip.care_of == CARE_OF4


@case(must("RFC 5555 §4.1"))
def acknowledgement_of_another_sender_is_not_taken_in(journey):
    update = journey.leave4()
    ack = binding_ack(update.inner[MIP6MH_BU].seq, acknowledgement(HOME4))
    journey.send_in_udp(IPv6(src=HOME_AGENT, dst=HOME) / ack, src=CORRESPONDENT4)
    carrying(journey.port, MIP6MH_BU, 2.0)
    expect_dropped(journey.node, "dsmip6.encapsulation_of_unknown_peer")


# --- Tunnels: §4.4.3 ------------------------------------------------------------------------------------------------


@case(must("RFC 5555 §4.4.3"))
def ipv6_packets_take_the_tunnel_in_ipv4(journey):
    journey.register4()
    journey.send_plainly(ping6())
    reply = carrying(journey.port, ICMPv6EchoReply)
    assert reply.how == "ip" and reply.ends == (CARE_OF4, HOME_AGENT4) and reply.inner_ends == (HOME, CORRESPONDENT)
    assert reply.frame[IP].proto == 41


@case(must("RFC 5555 §4.4.3"))
def ipv4_packets_take_the_tunnel_in_ipv4(journey):
    journey.register4()
    journey.send_plainly(ping4(HOME4, CORRESPONDENT4))
    reply = carrying(journey.port, ICMP, type=0)
    assert reply.how == "ip" and reply.ends == (CARE_OF4, HOME_AGENT4) and reply.inner_ends == (HOME4, CORRESPONDENT4)
    assert reply.frame[IP].proto == 4


@case(must("RFC 5555 §4.4.3"))
def neighbours_in_the_visited_network_are_reached_by_the_tunnel(journey):
    journey.register4()
    journey.node.ping("203.0.113.9", count=1)
    assert carrying(journey.port, ICMP, type=8).inner_ends == (HOME4, "203.0.113.9")


@case(must("RFC 5555 §4.4.2"))
def ipv4_packets_are_not_answered_without_an_acknowledged_address(journey):
    journey.register4("visited", acknowledgement(HOME4, 129, 0), nat_detection())
    journey.send_plainly(ping4(HOME4, CORRESPONDENT4))
    carrying_none(journey.port, ICMP, type=0)


@case(must("RFC 4213 §3.6"))
def packets_of_others_do_not_come_out_of_the_tunnel(journey):
    journey.register4()
    journey.send_plainly(ping6(), src=CORRESPONDENT4)
    carrying_none(journey.port, ICMPv6EchoReply)
    expect_dropped(journey.node, "tunnel.unknown_peer")


@case(must("RFC 5555 §4.4.4"))
def care_of_address_is_answered_for(journey):
    journey.register4()
    journey.port.send(arp_request(CARE_OF4, GATEWAY4, journey.mac()))
    reply = next(f for f in journey.port.frames(1.0) if arp(f, op=2, psrc=CARE_OF4))
    assert reply[ARP].hwsrc == NODE.mac


@case(must("RFC 5555 §4.4.4"))
def care_of_address_is_not_taken_along(journey):
    journey.register4()
    journey.leave4("other")
    journey.port.send(arp_request(CARE_OF4, OTHER_GATEWAY4, journey.mac()))
    look_for_none(journey.port, "an answer", lambda f: arp(f, psrc=CARE_OF4))


# --- UDP: §3.2.2, §4.2, §4.3 ----------------------------------------------------------------------------------------


@case(must("RFC 5555 §4.2", "RFC 5555 §4.4.2"))
@pytest.mark.parametrize("told", [(False, 110), (False, 0), (True, NO_NAT), (True, 50)])
def packets_are_in_udp_if_there_is_a_nat_or_the_home_agent_requires_it(journey, told):
    f, refresh = told
    journey.register4("visited", acknowledgement(HOME4), nat_detection(refresh, f=f))
    journey.send_in_udp(ping6())
    assert carrying(journey.port, ICMPv6EchoReply).how == "udp"
    journey.send_in_udp(ping4(HOME4, CORRESPONDENT4))
    reply = carrying(journey.port, ICMP, type=0)
    assert reply.how == "udp" and reply.destination_port == PORT and reply.ends == (CARE_OF4, HOME_AGENT4)


@case(must("RFC 5555 §3.2.2"))
@pytest.mark.parametrize("options", [[], [nat_detection(NO_NAT)]], ids=["left-out", "all-ones"])
def packets_are_plain_without_a_nat(journey, options):
    journey.register4("visited", acknowledgement(HOME4), *options)
    journey.send_plainly(ping6())
    assert carrying(journey.port, ICMPv6EchoReply).how == "ip"


@case(should("RFC 5555 §4.3"))
@pytest.mark.parametrize("refresh, seconds", [(30, 30.0), (0, 110.0), (110, 110.0)])
def nat_is_refreshed_by_binding_updates(journey, refresh, seconds):
    first = journey.register4("visited", acknowledgement(HOME4), nat_detection(refresh))
    keepalive = carrying(journey.port, MIP6MH_BU, 200.0)
    assert keepalive.frame.time - first.frame.time == pytest.approx(seconds, abs=0.1)


@case(must("RFC 5555 §4.3"))
def no_keepalives_are_sent_without_a_nat(journey):
    journey.register4("visited", acknowledgement(HOME4), nat_detection(NO_NAT, f=True))
    carrying_none(journey.port, MIP6MH_BU, 250.0)


@case(must("RFC 5555 §4.2"))
def udp_ends_in_the_next_network(journey):
    journey.register4("visited", acknowledgement(HOME4), nat_detection(110))
    journey.register4("other")
    journey.send_plainly(ping6())
    assert carrying(journey.port, ICMPv6EchoReply).how == "ip"


# --- Route optimization: §2.4, §5.1 ---------------------------------------------------------------------------------


@case(must("RFC 5555 §2.4"))
def route_is_not_optimized_by_ipv4(journey):
    journey.register4()
    journey.send_plainly(ping6())
    carrying(journey.port, ICMPv6EchoReply)
    carrying_none(journey.port, MIP6MH_HoTI, 10.0)


@case(should("RFC 5555 §5.1"))
def correspondents_are_told_through_the_tunnel(lab):
    journey = DualJourney(lab, reuse_tokens=False)
    journey.register6()
    journey.bind_correspondent()
    journey.register4("other")
    init = carrying(journey.port, MIP6MH_HoTI, 2.0)
    assert init.inner_ends == (HOME, CORRESPONDENT)
    journey.send_plainly(IPv6(src=CORRESPONDENT, dst=HOME) / home_test(init.inner))
    deletion = carrying(journey.port, MIP6MH_BU, 2.0)
    assert deletion.inner_ends == (HOME, CORRESPONDENT) and deletion.inner[MIP6MH_BU].mhtime == 0


# --- Movement between families, and home: §4.4.2.1, §4.4.4 ----------------------------------------------------------


@case(must("RFC 5555 §4.4.2"))
def update_after_ipv4_is_plain_ipv6(journey):
    journey.register4()
    update = journey.leave("other")
    assert isinstance(update.payload, IPv6) and ends(update) == (OTHER_CARE_OF, HOME_AGENT)
    assert care_of_of(update) is None and home_addresses_of(update) == [(HOME4, 32, False)]
    assert option(update, MIP6OptAltCoA).acoa == OTHER_CARE_OF


@case(must("RFC 5555 §4.4.3"))
def tunnel_after_ipv4_is_of_ipv6(journey):
    journey.register4()
    journey.register6(name="other")
    journey.send(HOME_AGENT, ping4(HOME4, CORRESPONDENT4))
    assert carrying(journey.port, ICMP, type=0).ends == (OTHER_CARE_OF, HOME_AGENT)


@case(must("RFC 6275 §11.5.5"))
def return_home_from_ipv4_deregisters_on_the_home_link(journey):
    journey.register4()
    update = journey.deregister()
    assert isinstance(update.payload, IPv6) and ends(update) == (HOME, HOME_AGENT)
    assert update[MIP6MH_BU].mhtime == 0 and care_of_of(update) is None


@case(must("RFC 5555 §4.4.4"))
def quick_return_to_the_same_network_of_ipv6_registers_there_again(journey):
    journey.register6()
    journey.register4("other")
    update = journey.leave("visited")
    assert ends(update) == (CARE_OF, HOME_AGENT) and update[MIP6MH_BU].mhtime == 105


def _fail_ipv6(journey):
    """IPv6 of the visited network has been tried in vain, and IPv4 registered."""
    journey.settle()
    journey.move("visited")
    journey.answer_arp(GATEWAY4)
    journey.acknowledge4(carrying(journey.port, MIP6MH_BU, 16.0))
