"""Which Mobility Anchor Point a mobile node takes, keeps and leaves (RFC 5380 §7.1, §8, §9, §10)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import MIP6MH_BU, ICMPv6NDOptMAP
from scapy.packet import Packet, Raw

from kamesim.conformance.cases.mobility._hierarchical import (
    HOME_AGENT,
    LCOA,
    MAP,
    OTHER_LCOA,
    OTHER_MAP,
    OTHER_RCOA,
    RCOA,
    Tour,
    map_option,
    tour,
)
from kamesim.conformance.exchange import case, may, must, should
from kamesim.conformance.mobility import ends, home_address_of, inner, message, no_message

ROLE = "host"


def first_map(tour: Tour, *options: Packet) -> str:
    """The MAP that the first local Binding Update goes to."""
    tour.maps["visited"] = list(options)
    tour.settle()
    tour.move("visited")
    return str(ends(message(tour.port, MIP6MH_BU, within=4.0))[1])


# --- Selection: §7.1, §9.1 --------------------------------------------------------------------------------------------


@case(should("RFC 5380 §9.1"))
def furthest_map_is_selected(tour):
    assert first_map(tour, map_option(distance=1, preference=15), map_option(OTHER_MAP, distance=5)) == OTHER_MAP


@case(should("RFC 5380 §5"))
def preference_breaks_ties_of_distance(tour):
    assert first_map(tour, map_option(preference=3), map_option(OTHER_MAP, preference=4)) == OTHER_MAP


@case(should("RFC 5380 §7.1"))
def highest_preference_is_selected_if_so_configured(lab):
    tour = Tour(lab, selection="preferred")
    assert first_map(tour, map_option(distance=1, preference=15), map_option(OTHER_MAP, distance=5)) == MAP


@case(must("RFC 5380 §9.1"), should("RFC 5380 §7.1"))
def preference_of_zero_is_not_for_new_bindings(tour):
    assert first_map(tour, map_option(OTHER_MAP, distance=9, preference=0), map_option()) == MAP


@case(must("RFC 5380 §7.1"))
def valid_lifetime_of_zero_is_not_selected(tour):
    assert first_map(tour, map_option(OTHER_MAP, distance=9, lifetime=0), map_option()) == MAP


@case(must("RFC 5380 §5"))
def distance_of_zero_is_ignored(tour):
    # It is the only one: beside others it would not be chosen anyhow, being the nearest.
    tour.maps["visited"] = [map_option(distance=0, preference=15)]
    assert ends(tour.leave()) == (LCOA, HOME_AGENT)


@case(must("RFC 5380 §5"))
@pytest.mark.parametrize("address", ["::", "fe80::1", "ff0e::1"])
def map_without_a_global_address_is_ignored(tour, address):
    assert first_map(tour, map_option(address, distance=9), map_option()) == MAP


@case(must("RFC 5380 §5", "RFC 4861 §4.6"))
def option_of_another_length_is_ignored(tour):
    longer = ICMPv6NDOptMAP(len=4, dist=9, pref=15, validlifetime=9000, addr=OTHER_MAP)
    assert first_map(tour, map_option(), longer / Raw(bytes(8))) == MAP


@case(must("RFC 5380 §7.1"))
def r_flag_changes_nothing_in_the_update(tour):
    # The RCoA is in the place of the home address, as it is without the flag.
    tour.maps["visited"] = [map_option(r=1)]
    tour.settle()
    assert home_address_of(tour.arrive()) == RCOA


@case(must("RFC 5380 §7.1"))
def without_a_map_the_home_agent_is_told_the_lcoa(tour):
    tour.maps["visited"] = []
    update = tour.leave()
    assert ends(update) == (LCOA, HOME_AGENT) and inner(update) is None


@case(must("RFC 5380 §7.1"))
def only_map_with_a_lifetime_of_zero_is_not_used(tour):
    tour.maps["visited"] = [map_option(lifetime=0)]
    assert ends(tour.leave()) == (LCOA, HOME_AGENT)


# --- Refusals and silence ---------------------------------------------------------------------------------------------


@case(must("RFC 6275 §11.7.3"))
@pytest.mark.parametrize("status", [128, 129, 130, 131, 132, 133, 134])
def map_that_refuses_leaves_the_lcoa(tour, status):
    tour.settle()
    tour.acknowledge_local(tour.arrive(), status=status, lifetime=0)
    update = message(tour.port, MIP6MH_BU, to=HOME_AGENT)
    assert ends(update) == (LCOA, HOME_AGENT) and inner(update) is None


@case(must("RFC 5380 §9.1"))
def next_map_is_tried_after_a_refusal(tour):
    tour.maps["visited"] = [map_option(), map_option(OTHER_MAP, distance=5)]
    tour.settle()
    update = tour.arrive(to=OTHER_MAP)
    tour.acknowledge_local(update, map=OTHER_MAP, rcoa=OTHER_RCOA, status=130, lifetime=0)
    assert home_address_of(message(tour.port, MIP6MH_BU, to=MAP)) == RCOA


@case(must("RFC 5380 §10"))
def map_that_does_not_answer_leaves_the_lcoa(tour):
    tour.settle()
    tour.arrive()
    update = message(tour.port, MIP6MH_BU, within=15.0, to=HOME_AGENT)
    assert ends(update) == (LCOA, HOME_AGENT)


# --- Eager and lazy: §9 -----------------------------------------------------------------------------------------------


@case(should("RFC 5380 §9"))
def new_map_further_away_is_bound_at_once(tour):
    tour.register_all()
    tour.maps["visited"].append(map_option(OTHER_MAP, distance=5))
    tour.advertise("visited")
    update = message(tour.port, MIP6MH_BU, to=OTHER_MAP)
    assert home_address_of(update) == OTHER_RCOA and ends(update) == (LCOA, OTHER_MAP)
    no_message(tour.port, MIP6MH_BU, 0.5, to=HOME_AGENT)
    tour.acknowledge_local(update, map=OTHER_MAP, rcoa=OTHER_RCOA)
    assert inner(message(tour.port, MIP6MH_BU, to=HOME_AGENT)).src == OTHER_RCOA


@case(should("RFC 5380 §7.1"))
def preference_that_falls_to_zero_keeps_the_binding(tour):
    tour.register_all()
    tour.maps["visited"] = [map_option(preference=0)]
    tour.advertise("visited")
    no_message(tour.port, MIP6MH_BU, 5.0)
    update = message(tour.port, MIP6MH_BU, within=400.0, to=MAP)
    assert home_address_of(update) == RCOA


@case(should("RFC 5380 §9"))
def advertisement_without_the_option_releases_nothing_at_once(tour):
    tour.register_all()
    tour.maps["visited"] = []
    tour.advertise("visited")
    no_message(tour.port, MIP6MH_BU, 3.0)


@case(should("RFC 5380 §9"))
def option_that_is_no_longer_received_releases_the_map(tour):
    tour.register_all()
    tour.maps["visited"] = []
    for _ in range(3):
        tour.advertise("visited")
    assert ends(message(tour.port, MIP6MH_BU, to=HOME_AGENT)) == (LCOA, HOME_AGENT)


# --- Other domains: §6.1, §8 ------------------------------------------------------------------------------------------


@case(must("RFC 5380 §3.1"))
def change_of_the_map_is_told_to_the_home_agent(tour):
    tour.register_all()
    tour.maps["other"] = [map_option(OTHER_MAP)]
    update = tour.arrive("other", to=OTHER_MAP)
    tour.acknowledge_local(update, map=OTHER_MAP, rcoa=OTHER_RCOA)
    registration = message(tour.port, MIP6MH_BU, to=HOME_AGENT)
    assert ends(registration) == (OTHER_LCOA, OTHER_MAP) and inner(registration).src == OTHER_RCOA


@case(should("RFC 5380 §6.1"), may("RFC 5380 §8"))
def previous_map_is_told_the_new_lcoa(tour):
    tour.register_all()
    tour.maps["other"] = [map_option(OTHER_MAP)]
    tour.move("other")
    update = message(tour.port, MIP6MH_BU, within=4.0, to=MAP)
    assert ends(update) == (OTHER_LCOA, MAP) and home_address_of(update) == RCOA
    assert 0 < update[MIP6MH_BU].mhtime * 4 < 420, "for a while"


@case(may("RFC 5380 §8"))
def previous_map_is_left_alone_if_so_configured(lab):
    tour = Tour(lab, update_previous_map=False)
    tour.register_all()
    tour.maps["other"] = [map_option(OTHER_MAP)]
    tour.move("other")
    no_message(tour.port, MIP6MH_BU, 4.0, to=MAP)


@case(must("RFC 5380 §7.1"))
def domain_without_a_map_is_told_to_the_home_agent(tour):
    tour.register_all()
    tour.maps["other"] = []
    tour.move("other")
    update = message(tour.port, MIP6MH_BU, within=4.0, to=HOME_AGENT)
    assert ends(update) == (OTHER_LCOA, HOME_AGENT) and inner(update) is None


@case(must("RFC 5380 §6.1"))
def rcoa_of_one_map_is_never_the_lcoa_for_another(tour):
    tour.register_all()
    tour.maps["other"] = [map_option(OTHER_MAP)]
    update = tour.arrive("other", to=OTHER_MAP)
    assert ends(update)[0] == OTHER_LCOA and inner(update) is None


# --- Failure: §7.1, §10 -----------------------------------------------------------------------------------------------


@case(must("RFC 5380 §7.1"), should("RFC 5380 §10"))
def failed_map_is_left_for_another(tour):
    tour.maps["visited"] = [map_option(distance=5), map_option(OTHER_MAP)]
    tour.register_all()
    tour.maps["visited"][0] = map_option(distance=5, lifetime=0)
    tour.advertise("visited")
    update = message(tour.port, MIP6MH_BU, to=OTHER_MAP)
    assert home_address_of(update) == OTHER_RCOA
    tour.acknowledge_local(update, map=OTHER_MAP, rcoa=OTHER_RCOA)
    for packet in tour.port.frames(2.0):
        if inner(packet) is not None and inner(packet).src == OTHER_RCOA and inner(packet).dst == HOME_AGENT:
            return
    raise AssertionError("the home agent is not told the new RCoA")


@case(must("RFC 5380 §7.1"))
def failure_of_the_only_map_leaves_the_lcoa(tour):
    tour.register_all()
    tour.maps["visited"] = [map_option(lifetime=0)]
    tour.advertise("visited")
    assert ends(message(tour.port, MIP6MH_BU, to=HOME_AGENT)) == (LCOA, HOME_AGENT)
    no_message(tour.port, MIP6MH_BU, 5.0, to=MAP)


@case(must("RFC 5380 §10"))
def map_that_is_back_is_bound_again(tour):
    tour.register_all()
    tour.maps["visited"] = [map_option(lifetime=0)]
    tour.advertise("visited")
    tour.settle(2.0)
    tour.maps["visited"] = [map_option()]
    tour.advertise("visited")
    assert home_address_of(message(tour.port, MIP6MH_BU, to=MAP)) == RCOA
