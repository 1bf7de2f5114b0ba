"""A mobile node whose signalling with its home agent is protected (RFC 3776 §4, RFC 4877)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    MIP6MH_BU,
    ICMPv6EchoReply,
    ICMPv6ND_NS,
    IPv6,
    MIP6MH_CoTI,
    MIP6MH_HoTI,
    MIP6OptAltCoA,
)
from scapy.layers.ipsec import ESP

from kamesim.conformance.cases.ipsec._mobility import (
    ACK,
    HOME_TEST,
    HOME_TEST_INIT,
    PAYLOAD_DOWN,
    PAYLOAD_UP,
    UPDATE,
    esp,
    esp_tunnel,
    opened,
    opened_tunnel,
    protection,
)
from kamesim.conformance.cases.mobility._mobile_node import (
    CARE_OF,
    CORRESPONDENT,
    HOME,
    HOME_AGENT,
    OTHER_CARE_OF,
    Journey,
    care_of_test,
    defence,
    home_test,
)
from kamesim.conformance.exchange import case, echo, expect, expect_dropped, expect_none, find, must, should
from kamesim.conformance.mobility import binding_ack, ends, home_address_of, message, no_message, type2_route

ROLE = "host"


class Protected(Journey):
    """The tester as the home agent of a mobile node that protects what it says."""

    def __init__(self, lab, **fields):
        super().__init__(lab, protection=protection(**fields))

    def update(self, within=4.0):
        """The next Binding Update to the home agent: the packet, and what ESP holds."""
        packet = expect(self.port, ESP, within=within, spi=UPDATE)
        return packet, opened(UPDATE, packet, HOME, HOME_AGENT)[MIP6MH_BU]

    def leave(self, name="visited"):
        self.settle()
        self.move(name)
        return self.update()

    def acknowledge_home(self, seq, spi=ACK, **fields):
        self.send(HOME_AGENT, type2_route(HOME), esp(spi, HOME_AGENT, HOME, binding_ack(seq, **fields)))

    def register(self, name="visited"):
        packet, update = self.leave(name)
        self.acknowledge_home(update.seq)
        return packet

    def send_by_esp(self, spi, packet):
        self.port.send(self.packet(HOME_AGENT, esp_tunnel(spi, (HOME_AGENT, self.care_of), packet)[ESP]))

    def test_inits(self):
        """Of the Home Test Init what ESP holds."""
        home = care_of = None
        for packet in self.port.frames(1.0):
            if find(packet, ESP) is not None and find(packet, ESP).spi == HOME_TEST_INIT:
                home = packet
            if type(find(packet, MIP6MH_CoTI)) is MIP6MH_CoTI:
                care_of = packet
            if home and care_of:
                return home, care_of
        raise AssertionError(f"test inits: home {home}, care-of {care_of}")


@pytest.fixture
def journey(lab):
    return Protected(lab)


@case(must("RFC 3776 §4.1", "RFC 3776 §3.1"))
def update_bears_the_home_address_before_esp(journey):
    packet, update = journey.leave()
    assert ends(packet) == (CARE_OF, HOME_AGENT) and home_address_of(packet) == HOME
    assert "H" in str(update.flags) and "A" in str(update.flags)
    alternate = next(o for o in update.options if isinstance(o, MIP6OptAltCoA))
    assert alternate.acoa == CARE_OF, "RFC 3776 §4.3: ESP does not cover the source"
    assert "K" not in str(update.flags), "RFC 6275 §11.7.1: clear with keys by hand"


@case(must("RFC 3776 §4.1"))
def acknowledgement_by_esp_ends_the_retransmissions(journey):
    journey.register()
    expect_none(journey.port, ESP, 20.0, spi=UPDATE)
    assert journey.node.mobile_ip.registered


@case(must("RFC 3776 §4.1"))
def acknowledgement_in_the_clear_is_not_believed(journey):
    packet, update = journey.leave()
    journey.send(HOME_AGENT, type2_route(HOME), binding_ack(update.seq))
    _packet, again = journey.update(within=2.0)
    assert again.seq == update.seq + 1 & 0xFFFF
    assert not journey.node.mobile_ip.registered
    expect_dropped(journey.node, "ipsec.unprotected")


@case(must("RFC 3776 §4.2"))
def acknowledgement_by_another_association_is_not_believed(journey):
    packet, update = journey.leave()
    journey.acknowledge_home(update.seq, spi=UPDATE)
    journey.update(within=2.0)
    assert not journey.node.mobile_ip.registered


@case(must("RFC 6275 §11.7.3"))
def update_is_sent_again_under_a_new_number_of_esp(journey):
    first, update = journey.leave()
    second, again = journey.update(within=2.0)
    assert second[ESP].seq == first[ESP].seq + 1 and again.seq == update.seq + 1 & 0xFFFF


@case(should("RFC 3776 §4.1"), must("RFC 3776 §4.3"))
def home_test_init_goes_by_esp_and_the_care_of_one_in_the_clear(journey):
    journey.register()
    journey.send_tunnelled(CORRESPONDENT, echo())
    home, care_of = journey.test_inits()
    assert ends(home) == (CARE_OF, HOME_AGENT) and ends(care_of) == (CARE_OF, CORRESPONDENT)
    inside = opened_tunnel(HOME_TEST_INIT, home)
    assert ends(inside) == (HOME, CORRESPONDENT) and type(find(inside, MIP6MH_HoTI)) is MIP6MH_HoTI


@case(must("RFC 3776 §4.3", "RFC 6275 §11.6.2"))
def home_test_by_esp_leads_to_a_correspondent_registration(journey):
    journey.register()
    journey.send_tunnelled(CORRESPONDENT, echo())
    home, care_of = journey.test_inits()
    inside = opened_tunnel(HOME_TEST_INIT, home)
    journey.send_by_esp(HOME_TEST, IPv6(src=CORRESPONDENT, dst=HOME) / home_test(inside))
    journey.send(CORRESPONDENT, care_of_test(care_of))
    update = message(journey.port, MIP6MH_BU, to=CORRESPONDENT)
    assert ends(update) == (CARE_OF, CORRESPONDENT) and home_address_of(update) == HOME


@case(must("RFC 3776 §4.3"))
def home_test_in_a_clear_tunnel_is_not_believed(journey):
    journey.register()
    journey.send_tunnelled(CORRESPONDENT, echo())
    home, care_of = journey.test_inits()
    journey.send_tunnelled(CORRESPONDENT, home_test(opened_tunnel(HOME_TEST_INIT, home)))
    journey.send(CORRESPONDENT, care_of_test(care_of))
    no_message(journey.port, MIP6MH_BU, 1.0)
    expect_dropped(journey.node, "ipsec.unprotected")


@case(must("RFC 3776 §4.3"))
def tunnel_moves_with_the_node(journey):
    journey.register()
    packet, update = journey.leave("other")
    assert ends(packet) == (OTHER_CARE_OF, HOME_AGENT)
    journey.acknowledge_home(update.seq)
    journey.send_tunnelled(CORRESPONDENT, echo())
    home, _care_of = journey.test_inits()
    assert ends(home) == (OTHER_CARE_OF, HOME_AGENT)
    opened_tunnel(HOME_TEST_INIT, home)
    ends_of_tunnel = {a["source"] for a in journey.node.ipsec.associations if a["spi"] == HOME_TEST_INIT}
    assert ends_of_tunnel == {OTHER_CARE_OF}


@case(must("RFC 3776 §3.1", "RFC 3776 §4.2"))
def deregistration_at_home_goes_by_esp_without_the_option(journey):
    journey.register()
    journey.settle()
    journey.move("home")
    for packet in journey.port.frames(2.0):
        question = find(packet, ICMPv6ND_NS)
        if question is not None and question.tgt == HOME:
            journey.port.send(defence())
        if find(packet, ESP) is not None:
            break
    else:
        raise AssertionError("no Binding Update")
    assert ends(packet) == (HOME, HOME_AGENT) and home_address_of(packet) is None
    assert opened(UPDATE, packet, HOME, HOME_AGENT)[MIP6MH_BU].mhtime == 0
    assert not any("tunnel" in p["policy"] for p in journey.node.ipsec.policies), "made inactive (§4.2)"


@case(must("RFC 3776 §4.1"))
def payload_goes_by_esp_where_it_is_asked_for(lab):
    journey = Protected(lab, payload=True)
    journey.register()
    journey.send_by_esp(PAYLOAD_DOWN, IPv6(src=CORRESPONDENT, dst=HOME) / echo(b"to home"))
    answer = expect(journey.port, ESP, spi=PAYLOAD_UP)
    assert ends(answer) == (CARE_OF, HOME_AGENT)
    inside = opened_tunnel(PAYLOAD_UP, answer)
    assert ends(inside) == (HOME, CORRESPONDENT) and inside[ICMPv6EchoReply].data == b"to home"
    journey.send_tunnelled(CORRESPONDENT, echo(b"in the clear"))
    expect_none(journey.port, ESP, spi=PAYLOAD_UP)
    expect_dropped(journey.node, "ipsec.unprotected")


@case(must("RFC 3776 §4.2"))
def payload_of_route_optimization_goes_past_the_tunnel(lab):
    journey = Protected(lab, payload=True)
    journey.register()
    journey.send_by_esp(PAYLOAD_DOWN, IPv6(src=CORRESPONDENT, dst=HOME) / echo(b"to home"))
    home, care_of = journey.test_inits()
    inside = opened_tunnel(HOME_TEST_INIT, home)
    journey.send_by_esp(HOME_TEST, IPv6(src=CORRESPONDENT, dst=HOME) / home_test(inside))
    journey.send(CORRESPONDENT, care_of_test(care_of))
    update = message(journey.port, MIP6MH_BU, to=CORRESPONDENT)
    assert ends(update) == (CARE_OF, CORRESPONDENT)
    journey.acknowledge(update)
    journey.send(CORRESPONDENT, type2_route(HOME), echo(b"direct"))
    reply = expect(journey.port, ICMPv6EchoReply, data=b"direct")
    assert ends(reply) == (CARE_OF, CORRESPONDENT) and home_address_of(reply) == HOME
