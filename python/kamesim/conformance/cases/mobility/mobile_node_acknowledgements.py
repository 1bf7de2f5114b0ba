"""Binding Acknowledgements, Binding Errors and requests to refresh at a mobile node (RFC 6275 §11.3.6, §11.7.3,
§11.7.4, §11.8)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    MIP6MH_BE,
    MIP6MH_BRR,
    MIP6MH_BU,
    ICMPv6EchoRequest,
    MIP6MH_CoTI,
    MIP6MH_HoTI,
    MIP6OptAltCoA,
    MIP6OptBRAdvice,
    MIP6OptUnknown,
    PadN,
)
from scapy.packet import Packet

from kamesim.conformance.cases.mobility._mobile_node import (
    CARE_OF,
    CORRESPONDENT,
    HOME,
    HOME_AGENT,
    KBM,
    OTHER_CARE_OF,
    Journey,
    journey,
)
from kamesim.conformance.exchange import case, echo, expect, find, must, own_layers, should
from kamesim.conformance.mobility import (
    authorization,
    binding_ack,
    ends,
    home_address_of,
    is_signed,
    message,
    no_message,
    option,
    signed,
    type2_route,
)

ROLE = "host"


def acknowledged(journey: Journey, update: Packet, *options: Packet, **fields: object) -> None:
    journey.send(HOME_AGENT, type2_route(HOME), binding_ack(update[MIP6MH_BU].seq, *options, **fields))


def tunnels(journey: Journey) -> bool:
    """Whether a packet to the correspondent goes through the home agent."""
    journey.node.ping(CORRESPONDENT, source=HOME, count=1)
    return ends(expect(journey.port, ICMPv6EchoRequest)) == (CARE_OF, HOME_AGENT)


# --- Home registration: what the update is like -----------------------------------------------------------------------


@case(must("RFC 6275 §11.7.1", "RFC 6275 §6.1.7"))
def home_registration_has_the_fields_it_must_have(journey):
    update = journey.leave()
    fields = update[MIP6MH_BU]
    assert fields.flags.A and fields.flags.H and not fields.flags.K
    assert (fields.nh, fields.mhtype, fields.res, fields.mhtime) == (59, 5, 0, 420 // 4)
    assert home_address_of(update) == HOME and ends(update) == (CARE_OF, HOME_AGENT)
    assert option(update, MIP6OptAltCoA).acoa == CARE_OF


@case(must("RFC 6275 §6.3", "RFC 6275 §11.7.1"))
def home_address_option_stands_before_the_mobility_header_and_alone(journey):
    update = journey.leave()
    kinds = [type(layer).__name__ for layer in own_layers(update)]
    assert kinds[1:4] == ["IPv6", "IPv6ExtHdrDestOpt", "MIP6MH_BU"], kinds


@case(must("RFC 6275 §11.7.1"))
@pytest.mark.parametrize("lifetime", [4, 40, 1000, 80000])
def lifetime_asked_for_is_the_one_configured(lab, lifetime):
    assert Journey(lab, lifetime=float(lifetime)).leave()[MIP6MH_BU].mhtime * 4 == lifetime


# --- Home registration: acknowledgements ------------------------------------------------------------------------------


@case(must("RFC 6275 §11.7.3"))
@pytest.mark.parametrize("offset", [1, 2, 100, 32768, 65535])
def acknowledgement_of_another_sequence_number_does_not_register(journey, offset):
    update = journey.leave()
    journey.send(HOME_AGENT, type2_route(HOME), binding_ack(update[MIP6MH_BU].seq + offset & 0xFFFF))
    again = message(journey.port, MIP6MH_BU, within=2.0, to=HOME_AGENT)
    assert again.time - update.time == pytest.approx(1.5, abs=0.01)
    assert not journey.node.mobile_ip.registered


@case(must("RFC 6275 §11.7.3"))
@pytest.mark.parametrize("source", [CORRESPONDENT, "2001:db8:a::2", "2001:db8:b::1"])
def acknowledgement_of_another_node_does_not_register(journey, source):
    update = journey.leave()
    journey.send(source, type2_route(HOME), binding_ack(update[MIP6MH_BU].seq))
    message(journey.port, MIP6MH_BU, within=2.0, to=HOME_AGENT)
    assert not journey.node.mobile_ip.registered


@case(must("RFC 6275 §11.3.3", "RFC 6275 §9.5.4"))
def acknowledgement_without_a_routing_header_is_ignored(journey):
    update = journey.leave()
    journey.send(HOME_AGENT, binding_ack(update[MIP6MH_BU].seq))
    message(journey.port, MIP6MH_BU, within=2.0, to=HOME_AGENT)
    assert not journey.node.mobile_ip.registered


@case(must("RFC 6275 §6.2.1", "RFC 6275 §11.7.3"))
@pytest.mark.parametrize(
    "options", [[MIP6OptUnknown(otype=200, odata=b"abc")], [PadN(optdata=b"\x00" * 6)]], ids=["unknown", "padding"]
)
def options_of_an_acknowledgement_that_mean_nothing_are_skipped(journey, options):
    acknowledged(journey, journey.leave(), *options)
    assert journey.node.mobile_ip.registered


@case(must("RFC 6275 §11.7.3"))
@pytest.mark.parametrize("status", [0, 1])
def status_below_128_is_acceptance(journey, status):
    acknowledged(journey, journey.leave(), status=status)
    assert journey.node.mobile_ip.registered


@case(must("RFC 6275 §11.7.3", "RFC 6275 §6.1.8"))
@pytest.mark.parametrize("status", [128, 129, 130, 131, 132, 133, 139, 174, 200, 255])
def status_from_128_on_is_refusal(journey, status):
    acknowledged(journey, journey.leave(), status=status, lifetime=0)
    no_message(journey.port, MIP6MH_BU, 5.0)
    assert not journey.node.mobile_ip.registered


@case(must("RFC 6275 §11.7.1", "RFC 6275 §11.7.3"))
def home_address_that_is_a_duplicate_is_not_used_again(journey):
    acknowledged(journey, journey.leave(), status=134, lifetime=0)
    no_message(journey.port, MIP6MH_BU, 200.0)
    journey.move("other")
    no_message(journey.port, MIP6MH_BU, 30.0)


@case(must("RFC 6275 §11.7.3"))
@pytest.mark.parametrize("ahead", [0, 1, 1000, 32000])
def sequence_number_told_with_status_135_is_gone_on_from(journey, ahead):
    update = journey.leave()
    last = update[MIP6MH_BU].seq + ahead & 0xFFFF
    journey.send(HOME_AGENT, type2_route(HOME), binding_ack(last, status=135, lifetime=0))
    next_one = message(journey.port, MIP6MH_BU, within=1.6, to=HOME_AGENT)
    assert next_one[MIP6MH_BU].seq == last + 1 & 0xFFFF


@case(must("RFC 6275 §11.7.3"))
@pytest.mark.parametrize("granted", [8, 20, 100, 400])
def shorter_lifetime_granted_is_refreshed_within_it(journey, granted):
    update = journey.leave()
    acknowledged(journey, update, lifetime=granted)
    refresh = message(journey.port, MIP6MH_BU, within=float(granted), to=HOME_AGENT)
    assert refresh.time < update.time + granted


@case(must("RFC 6275 §11.7.3"))
def longer_lifetime_than_asked_for_is_not_believed(journey):
    update = journey.leave()
    acknowledged(journey, update, lifetime=4000)
    refresh = message(journey.port, MIP6MH_BU, within=420.0, to=HOME_AGENT)
    assert refresh.time < update.time + 420.0


@case(should("RFC 6275 §11.7.3", "RFC 6275 §6.2.4"))
@pytest.mark.parametrize("units", [5, 25, 60])
def refresh_advice_of_the_home_agent_is_heeded(journey, units):
    update = journey.leave()
    acknowledged(journey, update, MIP6OptBRAdvice(rinter=units))
    refresh = message(journey.port, MIP6MH_BU, within=420.0, to=HOME_AGENT)
    assert refresh.time - update.time <= units * 4 + 0.1


@case(must("RFC 6275 §11.7.3"))
def second_acknowledgement_changes_nothing(journey):
    update = journey.leave()
    acknowledged(journey, update, lifetime=420)
    acknowledged(journey, update, status=130, lifetime=0)
    assert journey.node.mobile_ip.registered
    no_message(journey.port, MIP6MH_BU, 100.0)


@case(must("RFC 6275 §11.8"))
def refresh_that_is_not_answered_backs_off_from_a_second(journey):
    journey.register()
    times = [message(journey.port, MIP6MH_BU, within=420.0, to=HOME_AGENT).time]
    times += [message(journey.port, MIP6MH_BU, within=33.0, to=HOME_AGENT).time for _ in range(5)]
    waits = [later - earlier for earlier, later in zip(times, times[1:])]
    assert waits == pytest.approx([1.0, 2.0, 4.0, 8.0, 16.0], abs=0.01)


@case(must("RFC 6275 §11.1"))
def registration_that_is_not_refreshed_ends(journey):
    update = journey.leave()
    acknowledged(journey, update, lifetime=40)
    journey.settle(41.0)
    assert not journey.node.mobile_ip.registered


@case(must("RFC 6275 §11.7.3"))
def acknowledgement_of_the_last_link_does_not_register_this_one(journey):
    first = journey.leave()
    journey.settle(0.5)
    journey.move("other")
    second = message(journey.port, MIP6MH_BU, within=4.0, to=HOME_AGENT)
    acknowledged(journey, first)
    assert not journey.node.mobile_ip.registered
    acknowledged(journey, second)
    assert journey.node.mobile_ip.registered and journey.node.mobile_ip.care_of == OTHER_CARE_OF


# --- The home agent's errors and requests -----------------------------------------------------------------------------


@case(must("RFC 6275 §11.7.4"))
def refresh_request_of_the_home_agent_without_a_registration_is_ignored(journey):
    journey.settle()
    journey.port.send(journey.packet(HOME_AGENT, MIP6MH_BRR()))
    no_message(journey.port, MIP6MH_BU, 5.0)


@case(should("RFC 6275 §11.3.6"))
def home_agent_that_lost_the_binding_is_registered_with_again(journey):
    journey.register()
    journey.send(HOME_AGENT, MIP6MH_BE(status=1, ha=HOME))
    message(journey.port, MIP6MH_BU, within=2.0, to=HOME_AGENT)


@case(must("RFC 6275 §11.3.6"))
@pytest.mark.parametrize(("status", "home"), [(1, "2001:db8:a::101"), (77, HOME)], ids=["another address", "status 77"])
def binding_error_that_is_not_about_the_binding_is_ignored(journey, status, home):
    journey.register()
    journey.send(HOME_AGENT, MIP6MH_BE(status=status, ha=home))
    no_message(journey.port, MIP6MH_BU, 5.0)
    assert journey.node.mobile_ip.registered


# --- Correspondent registration ---------------------------------------------------------------------------------------


@case(must("RFC 6275 §11.7.3"))
@pytest.mark.parametrize("status", [128, 129, 130, 131, 132, 139, 174])
def correspondent_that_refuses_is_reached_by_the_tunnel(journey, status):
    journey.register()
    journey.acknowledge(journey.update_correspondent(), status=status, lifetime=0)
    no_message(journey.port, MIP6MH_BU, 5.0, to=CORRESPONDENT)
    assert tunnels(journey)


@case(must("RFC 6275 §11.7.3", "RFC 6275 §5.2.6"))
@pytest.mark.parametrize(("status", "repeated"), [(136, "home"), (137, "care-of"), (138, "both")])
def token_that_has_expired_is_got_anew(journey, status, repeated):
    journey.register()
    update = journey.update_correspondent()
    journey.send(CORRESPONDENT, type2_route(HOME), binding_ack(update[MIP6MH_BU].seq, status=status, lifetime=0))
    came = {type(find(packet, MIP6MH_HoTI)) for packet in journey.port.run(0.5) if find(packet, MIP6MH_HoTI)}
    wanted = {"home": {MIP6MH_HoTI}, "care-of": {MIP6MH_CoTI}, "both": {MIP6MH_HoTI, MIP6MH_CoTI}}[repeated]
    assert came >= wanted


@case(must("RFC 6275 §11.7.3"))
@pytest.mark.parametrize(
    "mistake", ["no authenticator", "wrong authenticator", "another correspondent", "unsigned 135"]
)
def acknowledgement_that_is_not_authenticated_does_not_bind(journey, mistake):
    journey.register()
    update = journey.update_correspondent()
    seq = update[MIP6MH_BU].seq
    route = type2_route(HOME)
    if mistake == "no authenticator":
        journey.send(CORRESPONDENT, route, binding_ack(seq))
    elif mistake == "wrong authenticator":
        ack = journey.packet(CORRESPONDENT, route, binding_ack(seq, authorization()))
        signed(ack, KBM, CARE_OF, CORRESPONDENT)
        ack.lastlayer().options[-1].authenticator ^= 1
        journey.port.send(ack)
    elif mistake == "another correspondent":
        other = "2001:db8:e::1"
        ack = binding_ack(seq, authorization())
        journey.port.send(signed(journey.packet(other, route, ack), KBM, CARE_OF, other))
    else:
        journey.send(CORRESPONDENT, route, binding_ack(seq + 100 & 0xFFFF, status=135, lifetime=0))
    again = message(journey.port, MIP6MH_BU, within=1.5, to=CORRESPONDENT)
    assert again[MIP6MH_BU].seq == seq + 1 & 0xFFFF
    assert tunnels(journey)


@case(must("RFC 6275 §11.7.3"))
def authenticated_status_135_of_a_correspondent_is_gone_on_from(journey):
    journey.register()
    update = journey.update_correspondent()
    last = update[MIP6MH_BU].seq + 500 & 0xFFFF
    ack = binding_ack(last, authorization(), status=135, lifetime=0)
    journey.port.send(signed(journey.packet(CORRESPONDENT, type2_route(HOME), ack), KBM, CARE_OF, CORRESPONDENT))
    again = message(journey.port, MIP6MH_BU, to=CORRESPONDENT)
    assert again[MIP6MH_BU].seq == last + 1 & 0xFFFF and is_signed(again, KBM, CARE_OF, CORRESPONDENT)


@case(must("RFC 6275 §11.8", "RFC 6275 §5.2.9"))
def updates_to_a_correspondent_back_off_and_end(journey):
    journey.register()
    updates = [journey.update_correspondent()]
    for _ in range(3):
        updates.append(message(journey.port, MIP6MH_BU, within=9.0, to=CORRESPONDENT))
    waits = [later.time - earlier.time for earlier, later in zip(updates, updates[1:])]
    assert waits == pytest.approx([1.0, 2.0, 4.0], abs=0.01)
    numbers = [update[MIP6MH_BU].seq for update in updates]
    assert numbers == [numbers[0] + n & 0xFFFF for n in range(4)]
    no_message(journey.port, MIP6MH_BU, 30.0, to=CORRESPONDENT)
    assert tunnels(journey)


@case(must("RFC 6275 §11.7.3"))
def update_that_is_acknowledged_is_not_repeated(journey):
    journey.register()
    journey.bind_correspondent()
    no_message(journey.port, MIP6MH_BU, 60.0, to=CORRESPONDENT)


@case(must("RFC 6275 §11.7.3", "RFC 6275 §11.1"))
@pytest.mark.parametrize("granted", [8, 40])
def binding_is_used_no_longer_than_granted(journey, granted):
    journey.register()
    update = journey.update_correspondent()
    journey.acknowledge(update, lifetime=granted)
    assert not tunnels(journey)
    journey.port.run(update.time + granted + 0.5 - journey.port.now)
    assert tunnels(journey)


@case(must("RFC 6275 §11.7.2"))
@pytest.mark.parametrize("granted", [40, 120])
def correspondents_are_asked_for_no_more_than_the_home_registration_lasts(journey, granted):
    update = journey.leave()
    acknowledged(journey, update, lifetime=granted)
    bound = journey.update_correspondent()
    assert bound.time + bound[MIP6MH_BU].mhtime * 4 <= update.time + granted


@case(must("RFC 6275 §11.7.3"))
def refresh_advice_of_a_correspondent_is_ignored(journey):
    journey.register()
    update = journey.update_correspondent()
    ack = binding_ack(update[MIP6MH_BU].seq, MIP6OptBRAdvice(rinter=2), authorization())
    journey.port.send(signed(journey.packet(CORRESPONDENT, type2_route(HOME), ack), KBM, CARE_OF, CORRESPONDENT))
    no_message(journey.port, MIP6MH_BU, 60.0, to=CORRESPONDENT)
    assert not tunnels(journey)


@case(must("RFC 6275 §11.3.6"))
def correspondent_that_knows_no_mobility_header_is_reached_by_the_tunnel(journey):
    journey.register()
    journey.send_tunnelled(CORRESPONDENT, echo())
    journey.test_inits()
    journey.send(CORRESPONDENT, MIP6MH_BE(status=2, ha="::"))
    no_message(journey.port, MIP6MH_HoTI, 20.0)
    assert tunnels(journey)


@case(must("RFC 6275 §11.3.6"))
def unknown_message_reported_when_no_answer_is_due_is_ignored(journey):
    journey.register()
    journey.bind_correspondent()
    journey.send(CORRESPONDENT, MIP6MH_BE(status=2, ha="::"))
    assert not tunnels(journey)


@case(must("RFC 6275 §11.7.4"))
def refresh_request_renews_the_binding_of_its_sender_alone(lab):
    journey = Journey(lab, reuse_tokens=False)
    journey.register()
    journey.bind_correspondent()
    journey.send_tunnelled(CORRESPONDENT, MIP6MH_BRR())
    journey.answer(*journey.test_inits())
    message(journey.port, MIP6MH_BU, to=CORRESPONDENT)
    no_message(journey.port, MIP6MH_BU, 0.5, to=HOME_AGENT)
