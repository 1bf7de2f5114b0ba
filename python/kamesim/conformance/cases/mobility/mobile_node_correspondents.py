"""Correspondent registration of a mobile node (RFC 6275 §11.7.2)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import MIP6MH_BE, MIP6MH_BRR, MIP6MH_BU, ICMPv6EchoReply, ICMPv6EchoRequest, MIP6OptNonceIndices

from kamesim.conformance.cases.mobility._mobile_node import (
    CARE_OF,
    CARE_OF_NONCE,
    CORRESPONDENT,
    HOME,
    HOME_AGENT,
    HOME_NONCE,
    KBM,
    OTHER_CARE_OF,
    Journey,
    journey,
)
from kamesim.conformance.exchange import case, echo, expect, find, must
from kamesim.conformance.mobility import (
    authorization,
    binding_ack,
    ends,
    home_address_of,
    inner,
    is_signed,
    message,
    option,
    type2_route,
)

ROLE = "host"


@case(must("RFC 6275 §11.7.2", "RFC 6275 §5.2.6"))
def correspondent_is_told_the_care_of_address_with_proof(journey):
    journey.register()
    update = journey.update_correspondent()
    assert ends(update) == (CARE_OF, CORRESPONDENT) and home_address_of(update) == HOME
    fields, indices = update[MIP6MH_BU], option(update, MIP6OptNonceIndices)
    assert not fields.flags.H and not fields.flags.K and 0 < fields.mhtime <= 105
    assert (indices.hni, indices.coni) == (HOME_NONCE, CARE_OF_NONCE)
    assert is_signed(update, KBM, CARE_OF, CORRESPONDENT)


@case(must("RFC 6275 §11.7.2"))
def a_bit_to_correspondents_is_a_choice(lab):
    journey = Journey(lab, acknowledge_correspondents=False)
    journey.register()
    assert not journey.update_correspondent()[MIP6MH_BU].flags.A
    journey.node.ping(CORRESPONDENT, source=HOME, count=1)
    assert ends(expect(journey.port, ICMPv6EchoRequest)) == (CARE_OF, CORRESPONDENT)


@case(must("RFC 6275 §11.3.1"))
def bound_correspondent_is_reached_directly(journey):
    journey.register()
    journey.bind_correspondent()
    journey.send(CORRESPONDENT, type2_route(HOME), echo(b"direct"))
    reply = expect(journey.port, ICMPv6EchoReply, data=b"direct")
    assert ends(reply) == (CARE_OF, CORRESPONDENT) and home_address_of(reply) == HOME and inner(reply) is None


@case(must("RFC 6275 §11.7.3"))
def acknowledgement_with_a_wrong_authenticator_is_ignored(journey):
    journey.register()
    update = journey.update_correspondent()
    journey.send(CORRESPONDENT, type2_route(HOME), binding_ack(update[MIP6MH_BU].seq, authorization()))
    again = message(journey.port, MIP6MH_BU, within=2.0, to=CORRESPONDENT)
    assert again.time - update.time == pytest.approx(1.0, abs=0.01)
    journey.node.ping(CORRESPONDENT, source=HOME, count=1)
    assert ends(expect(journey.port, ICMPv6EchoRequest)) == (CARE_OF, HOME_AGENT)


@case(must("RFC 6275 §11.7.3"))
def expired_nonces_are_tested_anew(journey):
    journey.register()
    update = journey.update_correspondent()
    expired = binding_ack(update[MIP6MH_BU].seq, status=138, lifetime=0)
    journey.send(CORRESPONDENT, type2_route(HOME), expired)
    journey.answer(*journey.test_inits())
    assert is_signed(message(journey.port, MIP6MH_BU, to=CORRESPONDENT), KBM, CARE_OF, CORRESPONDENT)


@case(must("RFC 6275 §11.3.6"))
def binding_error_drops_the_binding(journey):
    journey.register()
    journey.bind_correspondent()
    journey.send(CORRESPONDENT, MIP6MH_BE(status=1, ha=HOME))
    journey.node.ping(CORRESPONDENT, source=HOME, count=1)
    assert ends(expect(journey.port, ICMPv6EchoRequest)) == (CARE_OF, HOME_AGENT)


@case(must("RFC 6275 §11.3.6"))
def binding_error_from_a_stranger_is_ignored(journey):
    journey.register()
    journey.bind_correspondent()
    journey.send("2001:db8:e::1", MIP6MH_BE(status=1, ha=HOME))
    journey.node.ping(CORRESPONDENT, source=HOME, count=1)
    assert ends(expect(journey.port, ICMPv6EchoRequest)) == (CARE_OF, CORRESPONDENT)


@case(must("RFC 6275 §11.7.4"))
def refresh_request_of_a_correspondent_is_answered(lab):
    journey = Journey(lab, reuse_tokens=False)
    journey.register()
    update = journey.bind_correspondent()
    journey.send_tunnelled(CORRESPONDENT, MIP6MH_BRR())
    home, care_of = journey.test_inits()
    assert ends(home) == (CARE_OF, HOME_AGENT) and home_address_of(home) is None, "past the binding (§6.1.3)"
    journey.answer(home, care_of)
    refresh = message(journey.port, MIP6MH_BU, to=CORRESPONDENT)
    assert refresh[MIP6MH_BU].seq == update[MIP6MH_BU].seq + 1 & 0xFFFF


@case(must("RFC 6275 §11.7.4"))
def refresh_request_of_a_stranger_is_ignored(journey):
    journey.register()
    journey.send_tunnelled("2001:db8:e::1", MIP6MH_BRR())
    for packet in journey.port.run(2.0):
        assert find(packet, MIP6MH_BU) is None


@case(must("RFC 6275 §11.7.2"))
def correspondents_follow_a_move(lab):
    journey = Journey(lab, reuse_tokens=False)
    journey.register()
    journey.bind_correspondent()
    journey.register("other")
    home, care_of = journey.test_inits()
    assert ends(home) == (OTHER_CARE_OF, HOME_AGENT) and ends(care_of) == (OTHER_CARE_OF, CORRESPONDENT)
    journey.answer(home, care_of)
    update = message(journey.port, MIP6MH_BU, to=CORRESPONDENT)
    assert ends(update)[0] == OTHER_CARE_OF and is_signed(update, KBM, OTHER_CARE_OF, CORRESPONDENT)


@case(must("RFC 6275 §11.3.1"))
def after_a_move_the_old_binding_is_not_used(journey):
    journey.register()
    journey.bind_correspondent()
    journey.register("other")
    journey.node.ping(CORRESPONDENT, source=HOME, count=1)
    assert ends(expect(journey.port, ICMPv6EchoRequest)) == (OTHER_CARE_OF, HOME_AGENT)
