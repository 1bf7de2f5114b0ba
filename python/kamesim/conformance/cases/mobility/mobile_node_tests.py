"""Return routability at a mobile node (RFC 6275 §11.6)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import MIP6MH_BU, ICMPv6ParamProblem, MIP6MH_CoTI, MIP6MH_HoTI
from scapy.packet import Raw

from kamesim.conformance.cases.mobility._mobile_node import (
    CARE_OF,
    CORRESPONDENT,
    HOME,
    HOME_AGENT,
    Journey,
    care_of_test,
    home_test,
    journey,
)
from kamesim.conformance.exchange import case, echo, find, must
from kamesim.conformance.mobility import ends, home_address_of, inner, message, no_message, type2_route

ROLE = "host"


@case(must("RFC 6275 §11.7.2", "RFC 6275 §11.6.1"))
def tunnelled_packet_starts_return_routability(journey):
    journey.register()
    journey.send_tunnelled(CORRESPONDENT, echo())
    home, care_of = journey.test_inits()
    assert ends(home) == (CARE_OF, HOME_AGENT) and (inner(home).src, inner(home).dst) == (HOME, CORRESPONDENT)
    assert ends(care_of) == (CARE_OF, CORRESPONDENT) and inner(care_of) is None
    assert home_address_of(home) is home_address_of(care_of) is None
    assert home[MIP6MH_HoTI].cookie != care_of[MIP6MH_CoTI].cookie


@case(must("RFC 6275 §8.2", "RFC 6275 §11.7.2"))
def without_route_optimization_everything_is_tunnelled(lab):
    journey = Journey(lab, route_optimization=False)
    journey.register()
    journey.send_tunnelled(CORRESPONDENT, echo())
    for packet in journey.port.run(5.0):
        assert find(packet, MIP6MH_HoTI) is None


@case(must("RFC 6275 §11.8"))
def test_inits_are_repeated_with_new_cookies(journey):
    journey.register()
    journey.send_tunnelled(CORRESPONDENT, echo())
    first, _ = journey.test_inits()
    second = message(journey.port, MIP6MH_HoTI, within=2.0)
    assert second.time - first.time == pytest.approx(1.0, abs=0.01), "INITIAL_BINDACK_TIMEOUT"
    assert second[MIP6MH_HoTI].cookie != first[MIP6MH_HoTI].cookie
    third = message(journey.port, MIP6MH_HoTI, within=3.0)
    assert third.time - second.time == pytest.approx(2.0, abs=0.01)


@case(must("RFC 6275 §11.6.2"))
def tests_with_wrong_cookies_are_ignored(journey):
    journey.register()
    journey.send_tunnelled(CORRESPONDENT, echo())
    home, care_of = journey.test_inits()
    journey.send_tunnelled(CORRESPONDENT, home_test(home, cookie=b"wrong..."))
    journey.send(CORRESPONDENT, care_of_test(care_of))
    no_message(journey.port, MIP6MH_BU, 0.9)


@case(must("RFC 6275 §11.6.2"))
def home_test_outside_the_tunnel_is_ignored(journey):
    journey.register()
    journey.send_tunnelled(CORRESPONDENT, echo())
    home, care_of = journey.test_inits()
    journey.send(CORRESPONDENT, type2_route(HOME), home_test(home))
    journey.send(CORRESPONDENT, care_of_test(care_of))
    no_message(journey.port, MIP6MH_BU, 0.9)


@case(must("RFC 6275 §11.6.2"))
def care_of_test_by_the_tunnel_is_ignored(journey):
    # To the care-of address.
    journey.register()
    journey.send_tunnelled(CORRESPONDENT, echo())
    home, care_of = journey.test_inits()
    journey.send_tunnelled(CORRESPONDENT, home_test(home))
    journey.send_tunnelled(CORRESPONDENT, care_of_test(care_of))
    no_message(journey.port, MIP6MH_BU, 0.9)


@case(must("RFC 6275 §11.3.5"))
def parameter_problem_ends_route_optimization(journey):
    journey.register()
    journey.send_tunnelled(CORRESPONDENT, echo())
    _, care_of = journey.test_inits()
    journey.send(CORRESPONDENT, ICMPv6ParamProblem(code=1, ptr=6), Raw(care_of.wire[14:]))
    journey.port.run(0.5)
    for _ in range(3):
        journey.send_tunnelled(CORRESPONDENT, echo())
        assert not [packet for packet in journey.port.run(3.0) if find(packet, MIP6MH_HoTI)]
