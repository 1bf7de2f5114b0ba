"""Home registration of a mobile node (RFC 6275 §11.7.1, §11.7.3, §11.8)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import MIP6MH_BRR, MIP6MH_BU, MIP6OptAltCoA

from kamesim.conformance.cases.mobility._mobile_node import CARE_OF, HOME, HOME_AGENT, OTHER_CARE_OF, journey
from kamesim.conformance.exchange import case, must
from kamesim.conformance.mobility import binding_ack, ends, home_address_of, message, no_message, option, type2_route

ROLE = "host"


@case(must("RFC 6275 §11.8"))
def unanswered_updates_back_off_with_new_sequence_numbers(journey):
    first = journey.leave()
    updates = [first] + [message(journey.port, MIP6MH_BU, within=40.0, to=HOME_AGENT) for _ in range(6)]
    waits = [later.time - earlier.time for earlier, later in zip(updates, updates[1:])]
    assert waits == pytest.approx([1.5, 3.0, 6.0, 12.0, 24.0, 32.0], abs=0.01)
    numbers = [update[MIP6MH_BU].seq for update in updates]
    assert numbers == [numbers[0] + n & 0xFFFF for n in range(7)]


@case(must("RFC 6275 §11.7.3"))
def acknowledgement_ends_the_retransmissions(journey):
    journey.register()
    no_message(journey.port, MIP6MH_BU, 200.0)


@case(must("RFC 6275 §11.7.3"))
def acknowledgement_of_another_sequence_number_is_ignored(journey):
    update = journey.leave()
    journey.send(HOME_AGENT, type2_route(HOME), binding_ack(update[MIP6MH_BU].seq + 5 & 0xFFFF))
    again = message(journey.port, MIP6MH_BU, within=2.0, to=HOME_AGENT)
    assert again.time - update.time == pytest.approx(1.5, abs=0.01)


@case(must("RFC 6275 §11.7.3"))
def sequence_number_out_of_window_is_taken_over(journey):
    update = journey.leave()
    last = update[MIP6MH_BU].seq + 1000 & 0xFFFF
    journey.send(HOME_AGENT, type2_route(HOME), binding_ack(last, status=135, lifetime=0))
    message(journey.port, MIP6MH_BU, within=1.4, to=HOME_AGENT, seq=last + 1 & 0xFFFF)


@case(must("RFC 6275 §11.7.3"))
@pytest.mark.parametrize("status", [129, 130, 132])
def rejection_is_not_answered_at_once(journey, status):
    update = journey.leave()
    journey.send(HOME_AGENT, type2_route(HOME), binding_ack(update[MIP6MH_BU].seq, status=status, lifetime=0))
    no_message(journey.port, MIP6MH_BU, 20.0)


@case(must("RFC 6275 §11.7.1", "RFC 6275 §11.7.3"))
def binding_is_refreshed_before_it_ends(journey):
    first = journey.register()
    refresh = message(journey.port, MIP6MH_BU, within=419.0, to=HOME_AGENT)
    assert refresh.time < first.time + 420.0 and ends(refresh) == (CARE_OF, HOME_AGENT)
    assert refresh[MIP6MH_BU].seq == first[MIP6MH_BU].seq + 1 & 0xFFFF


@case(must("RFC 6275 §11.7.3"))
def shorter_lifetime_granted_is_refreshed_sooner(journey):
    update = journey.leave()
    journey.send(HOME_AGENT, type2_route(HOME), binding_ack(update[MIP6MH_BU].seq, lifetime=40))
    refresh = message(journey.port, MIP6MH_BU, within=40.0, to=HOME_AGENT)
    assert refresh.time < update.time + 40.0


@case(must("RFC 6275 §11.7.4"))
def refresh_request_of_the_home_agent_is_answered(journey):
    journey.register()
    journey.send_tunnelled(HOME_AGENT, MIP6MH_BRR())
    message(journey.port, MIP6MH_BU, to=HOME_AGENT)


@case(must("RFC 6275 §11.5.3"))
def next_link_has_the_next_care_of_address(journey):
    first = journey.register()
    second = journey.register("other")
    assert ends(second) == (OTHER_CARE_OF, HOME_AGENT) and home_address_of(second) == HOME
    assert option(second, MIP6OptAltCoA).acoa == OTHER_CARE_OF
    assert second[MIP6MH_BU].seq == first[MIP6MH_BU].seq + 1 & 0xFFFF
