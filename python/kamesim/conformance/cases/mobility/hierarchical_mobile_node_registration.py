"""Local Binding Updates of a mobile node, and what it tells its home agent (RFC 5380 §6.1)."""

from __future__ import annotations

from scapy.layers.inet6 import MIP6MH_BU, IPv6, MIP6OptAltCoA

from kamesim.conformance.cases.mobility._hierarchical import (
    HOME,
    HOME_AGENT,
    LCOA,
    MAP,
    OTHER_LCOA,
    RCOA,
    Tour,
    tour,
)
from kamesim.conformance.exchange import case, expect_dropped, may, must, should
from kamesim.conformance.mobility import (
    binding_ack,
    ends,
    home_address_of,
    inner,
    message,
    no_message,
    option,
    type2_route,
)

ROLE = "host"


@case(must("RFC 5380 §4", "RFC 5380 §6.1"))
def local_binding_update_has_m_and_a(tour):
    tour.settle()
    update = tour.arrive()
    assert ends(update) == (LCOA, MAP) and inner(update) is None
    assert set(str(update[MIP6MH_BU].flags)) == {"A", "M"} and update[MIP6MH_BU].mhtime == 420 // 4


@case(must("RFC 5380 §6.1"))
def rcoa_is_in_the_home_address_option(tour):
    # The MAP's prefix with the interface identifier (§6); no Alternate Care-of Address option is needed.
    tour.settle()
    update = tour.arrive()
    assert home_address_of(update) == RCOA
    assert option(update, MIP6OptAltCoA) is None


@case(should("RFC 5380 §6.1"))
def home_agent_is_told_after_the_map_has_acknowledged(tour):
    tour.settle()
    update = tour.arrive()
    no_message(tour.port, MIP6MH_BU, 1.0, to=HOME_AGENT)
    tour.acknowledge_local(update)
    message(tour.port, MIP6MH_BU, to=HOME_AGENT)


@case(must("RFC 5380 §6.1"))
def home_agent_is_told_the_rcoa(tour):
    update = tour.bind()
    assert ends(update) == (LCOA, MAP), "all that comes from the RCoA goes to the MAP"
    assert (inner(update).src, inner(update).dst) == (RCOA, HOME_AGENT)
    assert home_address_of(update) == HOME and option(update, MIP6OptAltCoA).acoa == RCOA
    assert set(str(update[MIP6MH_BU].flags)) >= {"A", "H"} and "M" not in str(update[MIP6MH_BU].flags)


@case(must("RFC 5380 §6.1"))
def binding_with_the_home_agent_is_no_longer_than_that_with_the_map(tour):
    update = tour.bind(lifetime=100)
    assert 0 < update[MIP6MH_BU].mhtime * 4 <= 100


@case(must("RFC 5380 §6.1"))
def acknowledgement_without_a_routing_header_is_ignored(tour):
    tour.settle()
    update = tour.arrive()
    tour.send(MAP, binding_ack(update[MIP6MH_BU].seq))
    again = message(tour.port, MIP6MH_BU, within=3.0, to=MAP)
    assert again[MIP6MH_BU].seq != update[MIP6MH_BU].seq
    no_message(tour.port, MIP6MH_BU, 0.5, to=HOME_AGENT)


@case(must("RFC 5380 §6.1"))
def acknowledgement_to_the_rcoa_without_a_routing_header_is_ignored(tour):
    tour.register_all()
    update = tour.arrive("other")
    tour.through_map(IPv6(src=MAP, dst=RCOA), binding_ack(update[MIP6MH_BU].seq))
    again = message(tour.port, MIP6MH_BU, within=3.0, to=MAP)
    assert again[MIP6MH_BU].seq != update[MIP6MH_BU].seq


@case(must("RFC 5380 §6.1"))
def acknowledgement_with_another_address_in_the_routing_header_is_ignored(tour):
    tour.settle()
    update = tour.arrive()
    tour.acknowledge_local(update, rcoa=HOME)
    message(tour.port, MIP6MH_BU, within=3.0, to=MAP)
    no_message(tour.port, MIP6MH_BU, 0.5, to=HOME_AGENT)


@case(must("RFC 5380 §6.1"))
def acknowledgement_of_another_node_is_ignored(tour):
    tour.settle()
    update = tour.arrive()
    tour.acknowledge_local(update, map="2001:db8:f::2")
    message(tour.port, MIP6MH_BU, within=3.0, to=MAP)
    expect_dropped(tour.node, "hmip6.back_not_from_map")


@case(must("RFC 5380 §6.1"))
def move_within_the_domain_updates_the_map_alone(tour):
    tour.register_all()
    update = tour.arrive("other")
    assert ends(update) == (OTHER_LCOA, MAP) and home_address_of(update) == RCOA
    tour.acknowledge_local(update)
    no_message(tour.port, MIP6MH_BU, 5.0, to=HOME_AGENT)


@case(must("RFC 6275 §11.8"))
def local_binding_update_is_sent_again_with_back_off(tour):
    tour.settle()
    first = tour.arrive()
    second = message(tour.port, MIP6MH_BU, within=3.0, to=MAP)
    third = message(tour.port, MIP6MH_BU, within=5.0, to=MAP)
    assert abs(second.time - first.time - 1.5) < 0.01 and abs(third.time - second.time - 3.0) < 0.01
    assert [p[MIP6MH_BU].seq for p in (second, third)] == [(first[MIP6MH_BU].seq + i) & 0xFFFF for i in (1, 2)]


@case(must("RFC 6275 §11.7.3"))
def map_that_lost_the_sequence_tells_its_own(tour):
    tour.settle()
    update = tour.arrive()
    tour.send(MAP, type2_route(RCOA), binding_ack(5000, status=135, lifetime=0))
    again = message(tour.port, MIP6MH_BU, to=MAP)
    assert again[MIP6MH_BU].seq == 5001
    tour.acknowledge_local(again)
    message(tour.port, MIP6MH_BU, to=HOME_AGENT)
    assert update[MIP6MH_BU].seq != 5001


@case(must("RFC 6275 §11.7.1"))
def binding_with_the_map_is_refreshed_before_it_ends(tour):
    tour.bind(lifetime=100)
    refresh = message(tour.port, MIP6MH_BU, within=100.0, to=MAP)
    assert home_address_of(refresh) == RCOA and ends(refresh) == (LCOA, MAP)


@case(may("RFC 5380 §6.1"))
def lifetime_of_the_role_is_asked_for(lab):
    tour = Tour(lab, lifetime=1000.0)
    tour.settle()
    assert tour.arrive()[MIP6MH_BU].mhtime == 250


@case(must("RFC 5380 §3.1"))
def node_at_home_binds_with_no_map(tour):
    tour.settle()
    no_message(tour.port, MIP6MH_BU, 5.0)


@case(must("RFC 5380 §6.1", "RFC 6275 §11.5.5"))
def return_home_deregisters_with_the_home_agent(tour):
    tour.register_all()
    tour.settle()
    update = tour.deregister()
    assert ends(update) == (HOME, HOME_AGENT) and update[MIP6MH_BU].mhtime == 0
    assert IPv6 in update and inner(update) is None
