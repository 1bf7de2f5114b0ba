"""A mobile node that follows RFC 3775 where RFC 6275 differs (docs/protocols/mip6.md)."""

from __future__ import annotations

from scapy.layers.inet6 import MIP6MH_BU, MIP6MH_HoTI

from kamesim.conformance.cases.mobility._mobile_node import CORRESPONDENT, HOME, HOME_AGENT, Journey
from kamesim.conformance.exchange import case, echo, may, must
from kamesim.conformance.mobility import binding_ack, message, no_message, type2_route

ROLE = "host"
SITE_LOCAL = "fec0:0:0:d::1"


@case(must("RFC 3775 §11.7.3"))
def status_135_with_another_number_is_ignored(lab):
    journey = Journey(lab, specification="RFC 3775")
    first = journey.leave()[MIP6MH_BU].seq
    journey.send(HOME_AGENT, type2_route(HOME), binding_ack((first + 100) & 0xFFFF, status=135, lifetime=0))
    second = message(journey.port, MIP6MH_BU, within=3.0, to=HOME_AGENT)
    assert second[MIP6MH_BU].seq == (first + 1) & 0xFFFF


@case(may("RFC 3775 §11.8"))
def test_inits_are_repeated_for_ever(lab):
    journey = Journey(lab, specification="RFC 3775")
    journey.register()
    journey.send_tunnelled(CORRESPONDENT, echo())
    sent = [message(journey.port, MIP6MH_HoTI, within=33.0).time for _ in range(8)]
    gaps = [round(after - before) for before, after in zip(sent, sent[1:])]
    assert gaps == [1, 2, 4, 8, 16, 32, 32]


@case(must("RFC 3775 §11.3.1"))
def correspondent_of_site_local_scope_is_not_told_a_care_of_address(lab):
    journey = Journey(lab, specification="RFC 3775")
    journey.register()
    journey.send_tunnelled(SITE_LOCAL, echo())
    no_message(journey.port, MIP6MH_HoTI, 3.0)


@case(may("RFC 6275 §4.6"))
def correspondent_of_site_local_scope_is_as_any_other_today(lab):
    journey = Journey(lab)
    journey.register()
    journey.send_tunnelled(SITE_LOCAL, echo())
    message(journey.port, MIP6MH_HoTI)
