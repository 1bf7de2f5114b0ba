"""Home registrations: what a home agent looks at in them, and what it answers (RFC 6275 §9.5.1, §10.3)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    MIP6MH_BA,
    MIP6MH_BU,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    IPv6,
    MIP6OptBRAdvice,
    MIP6OptUnknown,
    Pad1,
    PadN,
)

from kamesim.conformance.cases.mobility._home_agent import (
    CARE_OF,
    HOME,
    HOME_AGENT,
    HOME_LINK_LOCAL,
    OTHER_CARE_OF,
    away,
    home_agent,
    mobile,
    register,
    registration,
    router,
)
from kamesim.conformance.cases.mobility._sequence_numbers import NEWER, NOT_NEWER
from kamesim.conformance.exchange import (
    ALL_NODES,
    case,
    echo_request,
    expect,
    expect_none,
    find,
    ip,
    may,
    must,
    na,
    ns,
    should,
)
from kamesim.conformance.mobility import (
    UNIT,
    Mobile,
    alternate_care_of,
    binding_update,
    ends,
    home_address_option,
    message,
    no_message,
    option,
    routed_to,
)

ROLE = "router"
SECOND_HOME = "2001:db8:1::200"


# --- Addresses: §9.5.1, §6.1.7 ----------------------------------------------------------------------------------------


@case(must("RFC 6275 §9.5.1"))
@pytest.mark.parametrize("home", ["ff0e::1", "fe80::100", "::", "::1", "::ffff:192.0.2.1"])
def home_address_that_is_not_unicast_routable_is_discarded_silently(right, router, home):
    right.send(registration(away(right, home=home)))
    no_message(right, MIP6MH_BA, 3.0)


@case(must("RFC 6275 §10.3.1"))
@pytest.mark.parametrize("home", [HOME_AGENT, "2001:db8:1::", "2001:db8:1:0:fdff:ffff:ffff:fffe"], ids=["own", "anycast", "agents"])
def home_address_that_is_the_home_agents_own_is_a_duplicate(left, right, router, home):
    right.send(registration(away(right, home=home)))
    message(right, MIP6MH_BA, within=3.0, status=134)
    left.send(echo_request(HOME_AGENT))  # which it still is
    expect(left, ICMPv6EchoReply)


@case(must("RFC 6275 §10.3.1"))
def care_of_address_that_is_the_home_agents_own_is_refused(right, router, mobile):
    # Its tunnel would lead to itself.
    right.send(mobile.optimized(binding_update(1, alternate_care_of(HOME_AGENT), flags="HA")))
    message(right, MIP6MH_BA, within=3.0, status=174)


@case(must("RFC 4291 §2.6", "RFC 6275 §10.3.1"))
def registration_with_all_home_agents_is_discarded_silently(right, router, mobile):
    update = registration(mobile)
    update[IPv6].dst = "2001:db8:1:0:fdff:ffff:ffff:fffe"
    right.send(update)
    no_message(right, MIP6MH_BA, 3.0)


@case(must("RFC 6275 §6.1.7", "RFC 6275 §9.5.1"))
@pytest.mark.parametrize("care_of", ["ff0e::1", "fe80::1", "::", "::1"])
def care_of_address_that_is_not_unicast_routable_is_discarded_silently(right, mobile, care_of):
    right.send(mobile.optimized(binding_update(1, alternate_care_of(care_of), flags="HA")))
    no_message(right, MIP6MH_BA, 3.0)


@case(must("RFC 6275 §10.3.1"))
@pytest.mark.parametrize("home", ["2001:db8:2::100", "2001:db8:1:1::100", "2001:db8:0:1::100", "fd00::100"])
def home_address_that_is_not_on_the_home_link_is_refused(left, right, router, home):
    right.send(registration(away(right, home=home)))
    ack = message(right, MIP6MH_BA, status=132, seq=1)
    assert ends(ack) == (HOME_AGENT, CARE_OF) and routed_to(ack) == home
    expect_none(left, ICMPv6ND_NS, tgt=home)


@case(must("RFC 6275 §6.2.5", "RFC 6275 §9.5.1"))
def alternate_care_of_address_takes_the_place_of_the_source(left, right, mobile):
    right.send(mobile.optimized(binding_update(1, alternate_care_of(OTHER_CARE_OF), flags="HA")))
    ack = message(right, MIP6MH_BA, within=3.0, status=0)
    assert ends(ack) == (HOME_AGENT, CARE_OF), "to the source of the Binding Update (§9.5.4)"
    left.send(ns(HOME))
    expect(left, ICMPv6ND_NA, tgt=HOME)
    left.send(echo_request(HOME))
    assert ends(expect(right, ICMPv6EchoRequest)) == (HOME_AGENT, OTHER_CARE_OF)


@case(may("RFC 6275 §10.3.1"), must("RFC 6275 §6.1.8"))
def care_of_address_that_is_a_home_address_served_here_is_refused(right, mobile):
    register(mobile)
    second = away(right, home=SECOND_HOME)
    right.send(second.optimized(binding_update(1, alternate_care_of(HOME), flags="HA")))
    assert message(right, MIP6MH_BA, within=3.0)[MIP6MH_BA].status >= 128


# --- Fields and options -----------------------------------------------------------------------------------------------


@case(must("RFC 6275 §6.2.1"))
@pytest.mark.parametrize(
    "options",
    [
        [MIP6OptUnknown(otype=200, odata=b"abc")],
        [Pad1(), Pad1(), PadN(optdata=b"\x00" * 8)],
        [MIP6OptBRAdvice(rinter=5)],
    ],
    ids=["unknown", "padding", "refresh advice"],
)
def options_that_mean_nothing_in_an_update_are_skipped(right, mobile, options):
    right.send(mobile.optimized(binding_update(1, *options, flags="HA")))
    message(right, MIP6MH_BA, within=3.0, status=0)


@case(must("RFC 6275 §6.1.7"))
def reserved_bits_of_an_update_are_ignored(right, mobile):
    update = registration(mobile)
    update[MIP6MH_BU].res = 0xFF
    right.send(update)
    message(right, MIP6MH_BA, within=3.0, status=0)


@case(must("RFC 6275 §6.1.8"))
def acknowledgement_has_its_reserved_bits_clear(mobile):
    ack = register(mobile, 0x1234)[MIP6MH_BA]
    assert (ack.nh, ack.mhtype, ack.res, ack.res2, int(ack.flags), ack.seq) == (59, 6, 0, 0, 0, 0x1234)


@case(must("RFC 6275 §10.3.1"))
def k_bit_is_clear_without_dynamic_keys(mobile):
    assert not register(mobile, flags="HAK")[MIP6MH_BA].flags


@case(must("RFC 6275 §10.3.1", "RFC 6275 §6.1.8"))
@pytest.mark.parametrize("lifetime", [4, 8, 40, 420, 3600, 4 * 0xFFFF])
def lifetime_granted_is_that_asked_for(mobile, lifetime):
    assert register(mobile, lifetime=lifetime)[MIP6MH_BA].mhtime * UNIT == lifetime


@case(must("RFC 6275 §10.3.1"))
@pytest.mark.parametrize(("limit", "granted"), [(4.0, 4), (7.9, 4), (8.0, 8), (1001.0, 1000)])
def local_policy_is_rounded_down_to_units_of_four_seconds(lab, limit, granted):
    home_agent(lab, max_lifetime=limit)
    assert register(away(lab.ports[1]), lifetime=4000)[MIP6MH_BA].mhtime * UNIT == granted


@case(must("RFC 6275 §6.1.7"))
@pytest.mark.parametrize("flags", ["HA", "H", "LHA", "LH"])
def home_registration_is_acknowledged_whatever_its_other_bits(mobile, flags):
    register(mobile, flags=flags)


# --- Sequence numbers -------------------------------------------------------------------------------------------------


@case(must("RFC 6275 §9.5.1"))
@pytest.mark.parametrize(("last", "next_one"), NEWER)
def newer_sequence_number_is_accepted(mobile, last, next_one):
    register(mobile, last)
    register(mobile, next_one)


@case(must("RFC 6275 §9.5.1"))
@pytest.mark.parametrize(("last", "next_one"), NOT_NEWER)
def sequence_number_that_is_not_newer_is_told_the_last_one(right, mobile, last, next_one):
    register(mobile, last)
    right.send(registration(mobile, next_one))
    ack = message(right, MIP6MH_BA)
    assert (ack[MIP6MH_BA].status, ack[MIP6MH_BA].seq) == (135, last)


@case(must("RFC 6275 §9.5.1"))
def sequence_number_of_a_refused_update_counts_once_there_is_an_entry(right, mobile):
    # "The Sequence Number value received ... is stored" of a valid update, whatever comes of it.
    register(mobile, 10)
    right.send(mobile.optimized(binding_update(20, alternate_care_of(HOME), flags="HA")))
    assert message(right, MIP6MH_BA, seq=20)[MIP6MH_BA].status >= 128
    right.send(registration(mobile, 15))
    message(right, MIP6MH_BA, status=135, seq=20)


@case(should("RFC 6275 §10.3.2"))
@pytest.mark.parametrize("wait", [1.0, 9.0])
def update_that_a_deregistration_overtook_is_out_of_window(left, right, mobile, wait):
    register(mobile, 5)
    right.send(registration(mobile, 7, lifetime=0))
    message(right, MIP6MH_BA, status=0, seq=7)
    right.run(wait)
    right.send(registration(mobile, 6))
    message(right, MIP6MH_BA, status=135, seq=7)
    left.run(1.0)
    left.send(ns(HOME))
    expect_none(left, ICMPv6ND_NA, tgt=HOME)


@case(should("RFC 6275 §10.3.2"))
def deregistered_entry_is_gone_after_max_delete_bce_timeout(right, mobile):
    register(mobile, 5)
    right.send(registration(mobile, 7, lifetime=0))
    message(right, MIP6MH_BA, status=0, seq=7)
    right.run(10.5)
    register(mobile, 3)


@case(must("RFC 6275 §9.5.1"))
def any_sequence_number_is_accepted_when_the_registration_has_ended(right, mobile):
    register(mobile, 500, lifetime=8)
    right.run(9.0)
    register(mobile, 2)


@case(must("RFC 6275 §9.5.1"))
def sequence_numbers_of_two_mobile_nodes_are_their_own(right, mobile):
    register(mobile, 5000)
    register(away(right, home=SECOND_HOME), 1)


@case(must("RFC 6275 §9.5.1"))
def rebooted_home_agent_accepts_any_sequence_number(right, router, mobile):
    register(mobile, 5000)
    router.reboot()
    right.run(5.0)
    register(mobile, 3)


# --- Duplicate Address Detection: §10.3.1 -----------------------------------------------------------------------------


@case(must("RFC 6275 §10.3.1"))
def refresh_is_acknowledged_at_once(left, right, mobile):
    register(mobile, 1)
    left.run(1.0)
    asked = right.now
    assert register(mobile, 2).time - asked < 0.1
    expect_none(left, ICMPv6ND_NS, tgt=HOME)


@case(must("RFC 6275 §10.3.1"))
def updates_during_the_test_are_answered_once_by_the_newest(left, right, mobile):
    right.send(registration(mobile, 1))
    expect(left, ICMPv6ND_NS, tgt=HOME)
    right.send(registration(mobile, 2), registration(mobile, 3))
    acks = [find(packet, MIP6MH_BA) for packet in right.run(3.0) if find(packet, MIP6MH_BA)]
    assert [(ack.status, ack.seq) for ack in acks] == [(0, 3)]


@case(must("RFC 6275 §9.5.1"))
def older_update_during_the_test_is_out_of_window(left, right, mobile):
    right.send(registration(mobile, 10))
    expect(left, ICMPv6ND_NS, tgt=HOME)
    right.send(registration(mobile, 9))
    message(right, MIP6MH_BA, status=135, seq=10)
    message(right, MIP6MH_BA, within=3.0, status=0, seq=10)


@case(must("RFC 6275 §10.3.1"))
def moved_during_the_test_is_registered_where_it_was_last(left, right, mobile):
    right.send(registration(mobile, 1))
    expect(left, ICMPv6ND_NS, tgt=HOME)
    mobile.care_of = OTHER_CARE_OF
    right.send(registration(mobile, 2))
    ack = message(right, MIP6MH_BA, within=3.0, status=0, seq=2)
    assert ends(ack) == (HOME_AGENT, OTHER_CARE_OF)


@case(must("RFC 6275 §10.3.1"))
def nothing_is_defended_before_the_acknowledgement(left, right, mobile):
    right.send(registration(mobile))
    expect(left, ICMPv6ND_NS, tgt=HOME)
    left.send(ns(HOME))
    expect_none(left, ICMPv6ND_NA, within=0.2, tgt=HOME)


@case(must("RFC 6275 §10.3.1"))
def duplicate_found_once_may_be_registered_when_it_is_gone(left, right, mobile):
    right.send(registration(mobile, 1))
    expect(left, ICMPv6ND_NS, tgt=HOME)
    left.send(na(HOME, source=HOME, destination=ALL_NODES, solicited=0))
    message(right, MIP6MH_BA, within=3.0, status=134, seq=1)
    register(mobile, 2)


@case(must("RFC 6275 §10.3.1"))
@pytest.mark.parametrize("duplicate", [HOME, HOME_LINK_LOCAL])
def either_duplicate_refuses_both_addresses(left, right, mobile, duplicate):
    right.send(registration(mobile, flags="LHA"))
    expect(left, ICMPv6ND_NS, tgt=duplicate)
    left.send(na(duplicate, source=duplicate, destination=ALL_NODES, solicited=0))
    message(right, MIP6MH_BA, within=3.0, status=134)
    left.send(ns(HOME), ns(HOME_LINK_LOCAL))
    expect_none(left, ICMPv6ND_NA, tgt=HOME)
    left.send(ns(HOME_LINK_LOCAL))
    expect_none(left, ICMPv6ND_NA, tgt=HOME_LINK_LOCAL)


@case(must("RFC 6275 §10.3.2"))
def deregistration_during_the_test_is_refused_and_ends_it(left, right, mobile):
    right.send(registration(mobile, 1))
    expect(left, ICMPv6ND_NS, tgt=HOME)
    right.send(registration(mobile, 2, lifetime=0))
    message(right, MIP6MH_BA, status=133, seq=2)
    no_message(right, MIP6MH_BA, 3.0)
    left.send(ns(HOME))
    expect_none(left, ICMPv6ND_NA, tgt=HOME)


# --- De-registration: §10.3.2 -----------------------------------------------------------------------------------------


@case(must("RFC 6275 §10.3.2"))
@pytest.mark.parametrize("care_of", [CARE_OF, OTHER_CARE_OF], ids=["registered", "another"])
def deregistration_may_come_from_any_care_of_address(left, right, mobile, care_of):
    register(mobile, 1)
    mobile.care_of = care_of
    right.send(registration(mobile, 2, lifetime=0))
    ack = message(right, MIP6MH_BA, status=0, seq=2, mhtime=0)
    assert ends(ack) == (HOME_AGENT, care_of) and routed_to(ack) == HOME
    left.run(1.0)
    left.send(ns(HOME))
    expect_none(left, ICMPv6ND_NA, tgt=HOME)


@case(must("RFC 6275 §10.3.2"))
def acknowledgement_of_a_deregistration_has_no_refresh_advice(right, mobile):
    register(mobile, 1)
    right.send(registration(mobile, 2, lifetime=0))
    assert option(message(right, MIP6MH_BA, seq=2), MIP6OptBRAdvice) is None


@case(must("RFC 6275 §10.3.2"))
def second_deregistration_finds_no_registration(right, mobile):
    register(mobile, 1)
    for seq, status in ((2, 0), (3, 133)):
        if status:
            right.run(11.0)
        right.send(registration(mobile, seq, lifetime=0))
        message(right, MIP6MH_BA, status=status, seq=seq)


@case(must("RFC 6275 §10.3.2"))
def deregistration_ends_no_other_registration(left, right, mobile):
    other = away(right, home=SECOND_HOME, care_of=OTHER_CARE_OF)
    register(mobile, 1)
    register(other, 1)
    right.send(registration(mobile, 2, lifetime=0))
    message(right, MIP6MH_BA, status=0, seq=2)
    left.send(ns(SECOND_HOME))
    expect(left, ICMPv6ND_NA, tgt=SECOND_HOME)


@case(must("RFC 6275 §10.3.2"))
def deregistration_for_an_address_of_another_subnet_is_refused(right, router):
    right.send(registration(away(right, home="2001:db8:9::100"), lifetime=0))
    assert message(right, MIP6MH_BA)[MIP6MH_BA].status in (132, 133)


@case(must("RFC 6275 §10.3.2", "RFC 6275 §9.5.1"))
def stale_deregistration_does_not_end_the_registration(left, right, mobile):
    register(mobile, 10)
    right.send(registration(mobile, 10, lifetime=0))
    message(right, MIP6MH_BA, status=135, seq=10)
    left.run(2.0)
    left.send(ns(HOME))
    expect(left, ICMPv6ND_NA, tgt=HOME)


@case(must("RFC 6275 §10.3.2"))
def registration_after_a_deregistration_is_tested_anew(left, right, mobile):
    register(mobile, 1)
    right.send(registration(mobile, 2, lifetime=0))
    message(right, MIP6MH_BA, status=0, seq=2)
    left.run(2.0)
    right.send(registration(mobile, 3))
    expect(left, ICMPv6ND_NS, tgt=HOME)
    message(right, MIP6MH_BA, within=3.0, status=0, seq=3)


@case(must("RFC 6275 §10.3.2", "RFC 6275 §9.5.4"))
def deregistration_at_home_may_have_a_home_address_option(left, right, mobile):
    # "it MAY choose to omit the Home Address destination option".
    register(mobile, 1)
    left.answers[HOME] = "02:00:00:00:01:00"
    update = binding_update(2, flags="HA", lifetime=0)
    left.send(ip(source=HOME, from_mac="02:00:00:00:01:00") / home_address_option(HOME) / update)
    message(left, MIP6MH_BA, within=2.0, status=0, seq=2)


@case(must("RFC 6275 §9.6", "RFC 6275 §10.3.1"))
def home_registrations_are_kept_while_many_correspondents_bind(left, right, mobile):
    register(mobile, 1)
    for number in range(40):
        Mobile(right, f"2001:db8:e::{number + 1:x}", OTHER_CARE_OF, **mobile._frame).bind(1)
    left.send(ns(HOME))
    expect(left, ICMPv6ND_NA, tgt=HOME)
