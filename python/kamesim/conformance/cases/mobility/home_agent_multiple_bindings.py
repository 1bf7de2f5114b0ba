"""Registrations of several care-of addresses with a home agent (RFC 5648 §4.4, §6.2)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import MIP6MH_BA, ICMPv6EchoRequest
from scapy.packet import Packet

from kamesim.conformance.cases.mobility._home_agent import (
    CARE_OF,
    HOME,
    HOME_AGENT,
    OTHER_CARE_OF,
    away,
    home_agent,
    mobile,
    register,
    registration,
    router,
)
from kamesim.conformance.cases.mobility._multiple_bindings import (
    BULK_PROHIBITED,
    HOME_AND_FOREIGN_PROHIBITED,
    MALFORMED,
    NON_MCOA_BINDING_EXISTS,
    NOT_COMPLETE,
    PROHIBITED,
    UNKNOWN_COA,
    bid,
    bids_of,
    multiple_update,
    raw_bid,
    statuses,
)
from kamesim.conformance.exchange import case, echo_request, expect_none, may, must, should
from kamesim.conformance.mobility import Mobile, ends, message, routed_to

ROLE = "router"


def sends(mobile: Mobile, seq: int, *options: Packet, status: int = 0, **fields: object) -> Packet:
    """The mobile node registers; returns the acknowledgement."""
    mobile.port.send(mobile.optimized(multiple_update(seq, *options, **fields)))
    return message(mobile.port, MIP6MH_BA, within=3.0, seq=seq, status=status)


def both(mobile: Mobile, seq: int = 1, **fields: object) -> Packet:
    """BIDs 1 and 2 in one message."""
    return sends(mobile, seq, bid(1, CARE_OF, priority=10), bid(2, OTHER_CARE_OF, priority=20), **fields)


def held(router) -> dict[int, str]:
    """What the home agent says that it holds, by BID."""
    table = router.mobile_ip.care_of_addresses()
    return dict(zip(table.bid, table.care_of))


# --- Registration ------------------------------------------------------------------------------------------------------


@case(must("RFC 5648 §6.2"))
def binding_with_a_bid_is_registered_and_acknowledged_with_it(router, mobile):
    ack = sends(mobile, 1, bid(7, CARE_OF, priority=5))
    assert ends(ack) == (HOME_AGENT, CARE_OF) and routed_to(ack) == HOME
    (option,) = bids_of(ack)
    assert (option.bid, option.status, option.priority) == (7, 0, 5), "copied but for the status (RFC 6089 §5.3.5)"
    assert held(router) == {7: CARE_OF}


@case(must("RFC 5648 §4.3"))
def acknowledgement_has_no_care_of_addresses(router, mobile):
    assert all(option.care_of is None for option in bids_of(both(mobile)))


@case(must("RFC 5648 §6.2"))
def further_bid_adds_a_binding(router, mobile):
    sends(mobile, 1, bid(1, CARE_OF))
    sends(mobile, 2, bid(2, OTHER_CARE_OF))
    assert held(router) == {1: CARE_OF, 2: OTHER_CARE_OF}


@case(must("RFC 5648 §6.2"))
def care_of_address_comes_from_the_option_not_from_the_packet(router, mobile):
    sends(mobile, 1, bid(1, OTHER_CARE_OF))
    assert held(router) == {1: OTHER_CARE_OF}


@case(must("RFC 5648 §6.2"))
def same_bid_with_another_care_of_address_updates_the_binding(router, mobile):
    sends(mobile, 1, bid(1, CARE_OF))
    sends(mobile, 2, bid(1, OTHER_CARE_OF), status=0)
    assert held(router) == {1: OTHER_CARE_OF}


@case(must("RFC 5648 §6.2", "RFC 5648 §5.1"))
def known_bid_without_a_care_of_address_is_refreshed(router, mobile):
    sends(mobile, 1, bid(1, CARE_OF), lifetime=40)
    mobile.port.run(20.0)
    sends(mobile, 2, bid(1), lifetime=40)
    mobile.port.run(30.0)
    assert held(router) == {1: CARE_OF}


@case(must("RFC 5648 §6.2"))
def bulk_registration_registers_all(router, mobile):
    assert statuses(both(mobile)) == {1: 0, 2: 0}
    assert held(router) == {1: CARE_OF, 2: OTHER_CARE_OF}


@case(must("RFC 5648 §6.2"))
def overwriting_update_replaces_all_bindings(router, mobile):
    both(mobile)
    sends(mobile, 2, bid(3, CARE_OF), overwrite=True)
    assert held(router) == {3: CARE_OF}


@case(must("RFC 5648 §4.1"))
@pytest.mark.parametrize("options", [[bid(1, CARE_OF)], [bid(2, OTHER_CARE_OF)], []], ids=["same", "other", "none"])
def sequence_number_is_common_to_all_bindings(router, mobile, options):
    sends(mobile, 5, bid(1, CARE_OF))
    mobile.port.send(mobile.optimized(multiple_update(5, *options)))
    ack = message(mobile.port, MIP6MH_BA, status=135, seq=5)
    assert statuses(ack) == {option.odata[1]: 0 for option in options}


@case(must("RFC 5648 §6.2"))
def binding_has_the_lifetime_of_its_update(router, mobile):
    sends(mobile, 1, bid(1, CARE_OF), lifetime=40)
    sends(mobile, 2, bid(2, OTHER_CARE_OF), lifetime=80)
    mobile.port.run(41.0)
    assert held(router) == {2: OTHER_CARE_OF}
    mobile.port.run(40.0)
    assert held(router) == {} and router.mobile_ip.binding_cache().empty


@case(must("RFC 6275 §10.3.1", "RFC 5648 §6.2"))
def acknowledgement_tells_the_lifetime_granted(lab):
    home_agent(lab, max_lifetime=100)
    right = lab.ports[1]
    assert both(away(right))[MIP6MH_BA].mhtime * 4 == 100


# --- Statuses ---------------------------------------------------------------------------------------------------------


@case(must("RFC 5648 §6.2", "RFC 5648 §4.4"))
@pytest.mark.parametrize("size", [0, 3, 5, 12, 21])
def option_of_another_length_is_malformed(router, mobile, size):
    sends(mobile, 1, raw_bid(b"\x00\x01" + bytes(size - 2) if size else b""), status=MALFORMED)
    assert held(router) == {}


@case(must("RFC 5648 §6.2", "RFC 5648 §4.4"))
@pytest.mark.parametrize("care_of", ["ff0e::1", "::", "::1", "fe80::1"])
def care_of_address_that_is_not_unicast_routable_is_malformed(router, mobile, care_of):
    ack = sends(mobile, 1, bid(1, care_of), status=MALFORMED)
    assert statuses(ack) == {1: 0} and held(router) == {}


@case(must("RFC 5648 §4.3"))
def bid_zero_is_reserved(router, mobile):
    sends(mobile, 1, bid(0, CARE_OF), status=MALFORMED)


@case(must("RFC 5648 §6.2", "RFC 5648 §4.4"))
def unknown_bid_without_a_care_of_address_is_refused(router, mobile):
    ack = sends(mobile, 1, bid(1), status=UNKNOWN_COA)
    assert statuses(ack) == {1: 0} and ack[MIP6MH_BA].mhtime == 0


@case(must("RFC 5648 §6.2", "RFC 5648 §4.4"))
def plain_binding_is_not_replaced_without_the_o_flag(router, mobile):
    register(mobile, 1)
    sends(mobile, 2, bid(1, CARE_OF), status=NON_MCOA_BINDING_EXISTS)
    assert held(router) == {} and list(router.mobile_ip.binding_cache().care_of) == [CARE_OF]
    sends(mobile, 3, bid(1, OTHER_CARE_OF), overwrite=True)
    assert held(router) == {1: OTHER_CARE_OF}


@case(must("RFC 5648 §4.4"))
def home_agent_may_prohibit_it(lab):
    router = home_agent(lab, multiple_care_of="prohibited")
    right = lab.ports[1]
    ack = sends(away(right), 1, bid(1, CARE_OF), status=PROHIBITED)
    assert statuses(ack) == {1: 0} and router.mobile_ip.binding_cache().empty


@case(may("RFC 5648 §4.4"), must("RFC 5648 §6.2"))
def home_agent_may_prohibit_bulk_registration(lab):
    router = home_agent(lab, bulk_registration=False)
    right = lab.ports[1]
    ack = both(away(right), status=BULK_PROHIBITED)
    assert statuses(ack) == {1: 0, 2: 0} and held(router) == {}
    sends(away(right), 2, bid(1, CARE_OF))


@case(must("RFC 5648 §4.4"))
def simultaneous_home_and_foreign_attachment_is_prohibited_unless_configured(router, mobile):
    both(mobile)
    ack = sends(mobile, 2, bid(3, HOME, h=True), status=HOME_AND_FOREIGN_PROHIBITED)
    assert statuses(ack) == {3: 0} and set(held(router)) == {1, 2}


@case(must("RFC 5648 §6.2", "RFC 5648 §4.4"))
def bulk_registration_that_fails_in_part_tells_the_status_of_each(router, mobile):
    ack = sends(mobile, 1, bid(1, CARE_OF), bid(2), bid(3, "ff0e::1"), status=NOT_COMPLETE)
    assert statuses(ack) == {1: 0, 2: UNKNOWN_COA, 3: MALFORMED} and ack[MIP6MH_BA].mhtime > 0
    assert held(router) == {1: CARE_OF}


@case(must("RFC 5648 §6.2"))
def bulk_registration_that_fails_alike_tells_it_once(router, mobile):
    ack = sends(mobile, 1, bid(1), bid(2), status=UNKNOWN_COA)
    assert statuses(ack) == {1: 0, 2: 0}


@case(must("RFC 5648 §2"))
def bid_that_is_there_twice_is_malformed_the_second_time(router, mobile):
    mobile.port.send(mobile.optimized(multiple_update(1, bid(1, CARE_OF), bid(1, OTHER_CARE_OF))))
    ack = message(mobile.port, MIP6MH_BA, within=3.0, status=NOT_COMPLETE)
    assert [option.status for option in bids_of(ack)] == [0, MALFORMED] and held(router) == {1: CARE_OF}


@case(must("RFC 6275 §10.3.1", "RFC 5648 §6.2"))
def refusals_of_every_home_registration_hold_for_these(lab):
    home_agent(lab)
    right = lab.ports[1]
    stranger = away(right, home="2001:db8:7::1")
    assert statuses(sends(stranger, 1, bid(1, CARE_OF), status=132)) == {1: 0}


@case(must("RFC 6275 §10.3.1"))
def home_address_of_another_is_no_care_of_address(router, right, mobile):
    register(mobile)
    other = away(right, home="2001:db8:1::200", care_of=OTHER_CARE_OF)
    sends(other, 1, bid(1, HOME), status=174)


@case(must("RFC 5648 §3"))
def home_agent_without_it_skips_the_option(lab):
    home_agent(lab, multiple_care_of="ignored")
    right = lab.ports[1]
    assert bids_of(sends(away(right), 1, bid(1, OTHER_CARE_OF))) == []


# --- De-registration --------------------------------------------------------------------------------------------------


@case(must("RFC 5648 §6.2", "RFC 5648 §5.4"))
def deregistration_with_a_bid_deletes_that_binding(router, mobile):
    both(mobile)
    ack = sends(mobile, 2, bid(1), lifetime=0)
    assert statuses(ack) == {1: 0} and ack[MIP6MH_BA].mhtime == 0
    assert held(router) == {2: OTHER_CARE_OF}


@case(must("RFC 5648 §6.2"))
def deregistration_of_an_unknown_bid_is_refused(router, mobile):
    both(mobile)
    sends(mobile, 2, bid(9), lifetime=0, status=133)
    assert set(held(router)) == {1, 2}


@case(must("RFC 5648 §6.2"))
def deregistration_ignores_the_o_flag(router, mobile):
    both(mobile)
    sends(mobile, 2, bid(2), lifetime=0, overwrite=True)
    assert held(router) == {1: CARE_OF}


@case(must("RFC 5648 §5.4", "RFC 5648 §6.2"))
def deregistration_without_bids_deletes_all(router, left, right, mobile):
    both(mobile)
    assert bids_of(sends(mobile, 2, lifetime=0)) == []
    assert held(router) == {}
    left.send(echo_request(HOME))
    expect_none(right, ICMPv6EchoRequest)


@case(must("RFC 5648 §5.4"))
def deregistration_of_the_last_bid_ends_the_registration(router, mobile):
    both(mobile)
    sends(mobile, 2, bid(1), bid(2), lifetime=0)
    assert held(router) == {} and router.mobile_ip.binding_cache().empty


@case(must("RFC 5648 §5.4"))
def care_of_address_in_a_deregistration_does_not_matter(router, mobile):
    both(mobile)
    sends(mobile, 2, bid(1, "2001:db8:e::1"), lifetime=0)
    assert held(router) == {2: OTHER_CARE_OF}


@case(must("RFC 5648 §6.2"))
def plain_registration_replaces_all_bindings(router, mobile):
    both(mobile)
    mobile.port.send(registration(mobile, 2))
    assert bids_of(message(mobile.port, MIP6MH_BA, seq=2, status=0)) == []
    assert held(router) == {} and list(router.mobile_ip.binding_cache().care_of) == [CARE_OF]


@case(should("RFC 6275 §10.3.2", "RFC 5648 §4.1"))
def sequence_number_outlives_the_last_binding(router, mobile):
    both(mobile, 5)
    sends(mobile, 6, lifetime=0)
    mobile.port.send(mobile.optimized(multiple_update(4, bid(1, CARE_OF))))
    message(mobile.port, MIP6MH_BA, status=135, seq=6)
