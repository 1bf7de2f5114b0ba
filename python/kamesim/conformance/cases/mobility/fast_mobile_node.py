"""A mobile node with fast handovers (RFC 5568 §3.2, §4, §6): the tester plays access routers and home agent."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.inet6 import (
    MIP6MH_BU,
    ICMPv6EchoReply,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptPrefixInfo,
    IPv6,
)

import kamesim as ks
from kamesim.conformance.cases.mobility._mobile_node import (
    ACCESS,
    CARE_OF,
    CORRESPONDENT,
    HOME,
    HOME_AGENT,
    OTHER_ACCESS,
    OTHER_CARE_OF,
    Journey,
)
from kamesim.conformance.exchange import ALL_NODES, ALL_ROUTERS, NODE, Lab, case, echo, expect, ip, may, must, na, ra, should
from kamesim.conformance.fast_handovers import (
    FBU,
    MOBILE_NODE,
    NAR,
    NAR_ADDRESS,
    NAR_PREFIX,
    NEW_AP,
    NO_FAST_HANDOVER,
    PRRTADV,
    RTSOLPR,
    SOURCE,
    WILDCARD,
    access_point,
    address,
    fast_binding_ack,
    icmpv6,
    ip_option,
    lla,
    mac,
    mobility,
    nd_message,
    no_mobility,
    no_nd_message,
)
from kamesim.conformance.mobility import ends, home_address_of, inner, message, no_message

ROLE = "host"
PAR, PCOA = ACCESS.address, CARE_OF
NEW_ROUTER, NCOA = OTHER_ACCESS.address, OTHER_CARE_OF
TUPLE = (
    lla(NEW_AP, access_point("other")),
    lla(NAR, mac(OTHER_ACCESS.mac)),
    ip_option(NAR_ADDRESS, NEW_ROUTER),
    ip_option(NAR_PREFIX, "2001:db8:c::", 64),
)


class Flight(Journey):
    """A journey with fast handovers: registered on the link "visited", about to go to "other"."""

    def __init__(self, lab: Lab, **role: Any) -> None:
        super().__init__(lab)
        self.node.enable(ks.FastMobileNode(**role))

    def advertise(self, name: str) -> None:
        """With the router's own address, and the R bit."""
        end = self.ends[name]
        prefix = ICMPv6NDOptPrefixInfo(
            prefix=end.address, prefixlen=64, L=1, A=1, R=1, validlifetime=86400, preferredlifetime=14400
        )
        self.ports[name].send(ra(prefix, source=end.link_local, lladdr=end.mac))

    def solicited(self):
        """Registered on the first link; returns the RtSolPr that follows."""
        self.register()
        return nd_message(self.port, RTSOLPR, within=2.0)

    def tell(self, identifier: int, *options: bytes, code: int = 0) -> None:
        source = lla(SOURCE, mac(ACCESS.mac))
        packet = ip(NODE.link_local, source=ACCESS.link_local, from_mac=ACCESS.mac, hlim=255)
        self.port.send(packet / icmpv6(PRRTADV, identifier, source, *options, code=code))

    def informed(self) -> None:
        self.tell(self.solicited().identifier, *TUPLE)
        self.port.inbox.clear()

    def anticipated(self):
        """Told of the neighbourhood and of the next link; returns the FBU."""
        self.informed()
        self.node.mobile_ip.anticipate("other")
        return mobility(self.port, FBU)

    def acknowledge_fast(self, fbu, ncoa: str = NCOA, **fields: Any) -> None:
        """The FBack, by way of the router of the present link."""
        self.port.send(self.packet(PAR, fast_binding_ack(fbu.u16(0), ncoa, PAR, **fields)))

    def fly(self) -> None:
        """To the other link; no Router Advertisement awaits it there."""
        self.port = self.ports["other"]
        self.node.move("other")
        self.care_of = NCOA


@pytest.fixture
def flight(lab: Lab) -> Flight:
    return Flight(lab)


# --- The neighbourhood: §6.1 ------------------------------------------------------------------------------------------


@case(must("RFC 5568 §6.1.1"))
def neighbourhood_is_asked_for(flight):
    asked = flight.solicited()
    assert ends(asked.packet) == (NODE.link_local, ALL_ROUTERS) and asked.code == 0
    assert asked.with_code(19, SOURCE)[:6] == mac(NODE.mac)
    assert asked.with_code(19, WILDCARD) is not None and asked.with_code(19, NEW_AP) is None


@case(must("RFC 5568 §6.1.1", "RFC 5568 §9"))
def solicitation_is_sent_again_with_back_off(flight):
    times = [flight.solicited().packet.time]
    for _ in range(3):
        times.append(nd_message(flight.port, RTSOLPR, within=2.0).packet.time)
    gaps = [b - a for a, b in zip(times, times[1:])]
    assert gaps[0] == pytest.approx(0.1, abs=0.01) and gaps[1] == pytest.approx(0.2, abs=0.01)
    assert times[3] - times[0] >= 1.0 - 1e-6, "MAX_RTSOLPR_RATE"
    no_nd_message(flight.port, RTSOLPR, 5.0)


@case(must("RFC 5568 §6.1.1"))
def answer_ends_the_solicitations(flight):
    flight.informed()
    no_nd_message(flight.port, RTSOLPR, 3.0)


@case(must("RFC 5568 §6.1.2"))
def answer_with_another_identifier_is_no_answer(flight):
    flight.tell(flight.solicited().identifier ^ 1, *TUPLE)
    nd_message(flight.port, RTSOLPR)


@case(must("RFC 5568 §4"))
def unknown_access_point_is_asked_for(flight):
    flight.tell(flight.solicited().identifier, lla(6, b"\x02abcde"), code=2)
    flight.port.run(2.0)
    flight.node.mobile_ip.anticipate("other")
    asked = nd_message(flight.port, RTSOLPR)
    assert asked.with_code(19, NEW_AP)[:6] == access_point("other")
    flight.tell(asked.identifier, *TUPLE)
    mobility(flight.port, FBU)


@case(must("RFC 5568 §6.1.2"))
def access_point_without_fast_handovers_is_not_prepared(flight):
    flight.tell(flight.solicited().identifier, lla(NO_FAST_HANDOVER, access_point("other")), code=2)
    flight.node.mobile_ip.anticipate("other")
    no_mobility(flight.port, FBU, 2.0)


# --- Predictive: §3.2, §6.2.2 -----------------------------------------------------------------------------------------


@case(must("RFC 5568 §6.2.2", "RFC 5568 §6.4.5"))
def update_goes_to_the_router_before_the_move(flight):
    fbu = flight.anticipated()
    assert ends(fbu.packet) == (PCOA, PAR) and home_address_of(fbu.packet) == PCOA
    assert fbu.body[2] & 0xC0 == 0xC0, "A and H"
    assert fbu.body[2] & 0x0F == 0 and fbu.body[3] == 0, "reserved"
    assert fbu.options[3] == address(NCOA), "Alternate Care-of Address"
    assert fbu.options[7, MOBILE_NODE][1:7] == mac(NODE.mac)
    assert fbu.authentic(NCOA, PAR)


@case(must("RFC 5568 §6.2.2"))
def lifetime_is_in_seconds(lab):
    assert Flight(lab, lifetime=37).anticipated().u16(4) == 37


@case(must("RFC 5568 §4", "RFC 5568 §9"))
def update_is_sent_again_three_times(flight):
    first = flight.anticipated()
    sequence = [mobility(flight.port, FBU, within=1.0).u16(0) for _ in range(3)]
    assert sequence == [(first.u16(0) + i) & 0xFFFF for i in (1, 2, 3)]
    no_mobility(flight.port, FBU, 3.0)


@case(should("RFC 5568 §4"), must("RFC 5568 §6.3"))
def arrival_is_announced_at_once(flight):
    flight.acknowledge_fast(flight.anticipated())
    flight.fly()
    start = flight.port.now
    una = expect(flight.port, ICMPv6ND_NA, tgt=NCOA)
    assert ends(una) == (NCOA, ALL_NODES) and una.time - start < 0.01
    assert (una[ICMPv6ND_NA].R, una[ICMPv6ND_NA].S, una[ICMPv6ND_NA].O) == (0, 0, 0)
    assert una[ICMPv6NDOptDstLLAddr].lladdr == NODE.mac


@case(must("RFC 5568 §4"))
def new_address_is_tested_on_the_link(flight):
    flight.acknowledge_fast(flight.anticipated())
    flight.fly()
    announced = expect(flight.port, ICMPv6ND_NA, tgt=NCOA)
    probe = expect(flight.port, ICMPv6ND_NS, tgt=NCOA)
    assert ends(probe)[0] == "::" and announced.time <= probe.time


@case(should("RFC 5568 §4"))
def address_that_passed_the_test_is_advertised_with_the_o_bit(flight):
    flight.acknowledge_fast(flight.anticipated())
    flight.fly()
    expect(flight.port, ICMPv6ND_NA, tgt=NCOA)
    confirmed = expect(flight.port, ICMPv6ND_NA, within=3.0, tgt=NCOA, O=1)
    assert ends(confirmed)[1] == ALL_NODES


@case(must("RFC 5568 §4", "RFC 4862 §5.4.5"))
def address_that_another_has_is_given_up(flight):
    flight.acknowledge_fast(flight.anticipated())
    flight.fly()
    expect(flight.port, ICMPv6ND_NS, tgt=NCOA)
    flight.port.send(na(NCOA, source=NCOA, destination=ALL_NODES, solicited=0, lladdr="02:00:00:00:01:99"))
    flight.port.run(0.1)
    assert flight.node.mobile_ip.care_of != NCOA


@case(must("RFC 5568 §3.1"))
def home_agent_is_told_without_waiting_for_an_advertisement(flight):
    flight.acknowledge_fast(flight.anticipated())
    flight.fly()
    start = flight.port.now
    update = message(flight.port, MIP6MH_BU, to=HOME_AGENT)
    assert ends(update) == (NCOA, HOME_AGENT) and update.time - start < 0.01
    assert update.dst == OTHER_ACCESS.mac


@case(must("RFC 5568 §3.2"))
def acknowledged_update_is_not_repeated_on_the_new_link(flight):
    flight.acknowledge_fast(flight.anticipated())
    flight.fly()
    no_mobility(flight.port, FBU, 2.0)


@case(must("RFC 5568 §3.1", "RFC 5568 §4"))
def packets_come_and_go_by_the_previous_router(flight):
    flight.acknowledge_fast(flight.anticipated())
    flight.fly()
    flight.port.run(0.1)
    flight.send(PAR, IPv6(src=CORRESPONDENT, dst=PCOA), echo(b"by the tunnel"))
    reply = expect(flight.port, ICMPv6EchoReply, data=b"by the tunnel")
    assert ends(reply) == (NCOA, PAR) and (inner(reply).src, inner(reply).dst) == (PCOA, CORRESPONDENT)


@case(must("RFC 5568 §3.1"))
def what_the_home_agent_still_sends_to_the_old_address_is_taken(flight):
    flight.acknowledge_fast(flight.anticipated())
    flight.fly()
    flight.port.run(0.1)
    flight.send(PAR, IPv6(src=HOME_AGENT, dst=PCOA), IPv6(src=CORRESPONDENT, dst=HOME), echo(b"late"))
    expect(flight.port, ICMPv6EchoReply, data=b"late")


@case(must("RFC 5568 §4"))
def address_that_is_supplied_is_used(flight):
    supplied = "2001:db8:c::99"
    flight.acknowledge_fast(flight.anticipated(), status=1, supplied=supplied)
    flight.fly()
    assert ends(message(flight.port, MIP6MH_BU, to=HOME_AGENT))[0] == supplied


@case(must("RFC 5568 §3.3"))
def trigger_of_the_network_is_obeyed(flight):
    flight.tell(flight.solicited().identifier, code=2)
    flight.tell(0, *TUPLE, ip_option(2, "2001:db8:c::77"), code=1)
    fbu = mobility(flight.port, FBU)
    assert fbu.options[3] == address("2001:db8:c::77")


# --- Reactive: §3.2, §4 -----------------------------------------------------------------------------------------------


@case(should("RFC 5568 §4"), must("RFC 5568 §6.2.2"))
def unacknowledged_update_follows_from_the_new_link(flight):
    flight.anticipated()
    flight.fly()
    expect(flight.port, ICMPv6ND_NA, tgt=NCOA)
    fbu = mobility(flight.port, FBU)
    assert ends(fbu.packet) == (NCOA, PAR) and home_address_of(fbu.packet) == PCOA
    assert 3 not in fbu.options and fbu.authentic(NCOA, PAR)


@case(should("RFC 5568 §4"))
def node_that_anticipates_nothing_updates_from_the_new_link(flight):
    flight.informed()
    flight.fly()
    fbu = mobility(flight.port, FBU)
    assert ends(fbu.packet) == (NCOA, PAR)
    flight.acknowledge_fast(fbu)
    flight.port.run(0.1)
    flight.send(PAR, IPv6(src=CORRESPONDENT, dst=PCOA), echo(b"redirected"))
    assert ends(expect(flight.port, ICMPv6EchoReply, data=b"redirected")) == (NCOA, PAR)


@case(may("RFC 5568 §3.2"))
def reactive_node_sends_nothing_before_it_moves(lab):
    flight = Flight(lab, predictive=False)
    flight.informed()
    flight.node.mobile_ip.anticipate("other")
    no_mobility(flight.port, FBU, 1.0)


@case(should("RFC 5568 §6.2.2"))
def update_follows_the_configuration_of_an_address_where_nothing_was_known(flight):
    flight.tell(flight.solicited().identifier, code=2)
    flight.move("other")
    fbu = mobility(flight.port, FBU, within=4.0)
    assert ends(fbu.packet) == (NCOA, PAR) and home_address_of(fbu.packet) == PCOA


@case(must("RFC 5568 §6.4.5"))
def acknowledgement_that_is_not_authentic_is_ignored(flight):
    fbu = flight.anticipated()
    flight.acknowledge_fast(fbu, key=b"another handover key")
    mobility(flight.port, FBU)


@case(must("RFC 5568 §6.2.3"))
def refused_update_is_not_repeated(flight):
    flight.acknowledge_fast(flight.anticipated(), status=128, lifetime=0)
    no_mobility(flight.port, FBU, 2.0)


@case(must("RFC 5568 §5.6"))
def return_before_the_end_ends_the_redirection(flight):
    flight.acknowledge_fast(flight.anticipated())
    flight.fly()
    flight.port.run(0.5)
    flight.move("visited")
    fbu = mobility(flight.port, FBU, within=4.0)
    assert fbu.u16(4) == 0 and ends(fbu.packet) == (PCOA, PAR) and home_address_of(fbu.packet) == PCOA


@case(must("RFC 5568 §3.1"))
def node_at_home_asks_nothing_of_it(flight):
    flight.settle(5.0)
    no_message(flight.port, MIP6MH_BU, 1.0)
    no_mobility(flight.port, FBU, 1.0)
