"""Mobile prefix advertisements, the home agent's part (RFC 6275 §6.8, §10.6)."""

from __future__ import annotations

from ipaddress import IPv6Network

import pytest
from scapy.layers.inet6 import MIP6MH_BA, ICMPv6MPAdv, ICMPv6MPSol, ICMPv6NDOptPrefixInfo
from scapy.packet import Packet

import kamesim as ks
from kamesim.conformance.cases.mobility._home_agent import (
    CARE_OF,
    HOME,
    HOME_AGENT,
    OTHER_CARE_OF,
    mobile,
    register,
    registration,
    router,
)
from kamesim.conformance.exchange import INFINITY, case, expect, expect_none, must, options_of, should
from kamesim.conformance.mobility import Mobile, ends, message, routed_to

ROLE = "router"
PREFIX = "2001:db8:1::"
HOME_LINK = [PREFIX + "/64"]


def solicit(mobile: Mobile, identifier: int, source: str | None = None) -> None:
    mobile.port.send(mobile.optimized(ICMPv6MPSol(id=identifier), source=source))


def advertised(packet: Packet) -> dict[str, Packet]:
    """The Prefix Information options, by prefix; with the R bit a whole address is told (§7.2)."""
    options = options_of(packet, ICMPv6NDOptPrefixInfo)
    return {str(IPv6Network((o.prefix, o.prefixlen), strict=not o.R).network_address): o for o in options}


@case(must("RFC 6275 §10.6.2", "RFC 6275 §10.6.3", "RFC 6275 §6.8"))
def solicitation_is_answered_by_a_routing_header_with_its_identifier(right, router, mobile):
    register(mobile)
    asked = right.now
    solicit(mobile, 0x1234)
    packet = expect(right, ICMPv6MPAdv)
    assert ends(packet) == (HOME_AGENT, CARE_OF) and routed_to(packet) == HOME
    assert (packet[ICMPv6MPAdv].id, packet[ICMPv6MPAdv].code) == (0x1234, 0)
    assert packet.time - asked < 0.1


@case(must("RFC 6275 §6.8"))
def managed_and_other_flags_are_clear_without_dhcpv6(right, router, mobile):
    router.advertise(router.interfaces[0], adv_managed_flag=True, adv_other_config_flag=True)
    register(mobile)
    solicit(mobile, 1)
    header = bytes(expect(right, ICMPv6MPAdv)[ICMPv6MPAdv])
    assert header[6:8] == b"\x00\x00"


@case(must("RFC 6275 §10.6.1", "RFC 6275 §6.8"))
def prefixes_of_the_home_link_are_told(right, router, mobile):
    register(mobile)
    solicit(mobile, 1)
    option = advertised(expect(right, ICMPv6MPAdv))[PREFIX]
    assert (option.prefixlen, option.L, option.A) == (64, 1, 1)
    assert (option.validlifetime, option.preferredlifetime) == (INFINITY, INFINITY)


@case(must("RFC 6275 §10.6.1", "RFC 6275 §10.6.2"))
def prefixes_are_told_as_they_are_advertised_on_the_home_link(right, router, mobile):
    both = [*HOME_LINK, "2001:db8:99::/64"]
    router.advertise(router.interfaces[0], prefixes=both, adv_valid_lifetime=9000, adv_preferred_lifetime=7000)
    register(mobile)
    solicit(mobile, 1)
    options = advertised(expect(right, ICMPv6MPAdv))
    assert sorted(options) == [PREFIX, "2001:db8:99::"], "the list is sent in its entirety"
    assert all((o.validlifetime, o.preferredlifetime) == (9000, 7000) for o in options.values())


@case(must("RFC 6275 §6.8"))
def answer_goes_to_the_source_of_the_solicitation(right, router, mobile):
    register(mobile)
    register(Mobile(right, HOME, OTHER_CARE_OF, **mobile._frame), 2)
    solicit(mobile, 5, source=OTHER_CARE_OF)
    assert ends(expect(right, ICMPv6MPAdv, id=5)) == (HOME_AGENT, OTHER_CARE_OF)


@case(must("RFC 6275 §6.8"))
def no_more_than_one_advertisement_a_second(right, router, mobile):
    register(mobile)
    solicit(mobile, 1)
    first = expect(right, ICMPv6MPAdv, id=1)
    solicit(mobile, 2)
    second = expect(right, ICMPv6MPAdv, within=2.0)
    assert second[ICMPv6MPAdv].id == 2
    assert second.time - first.time == pytest.approx(1.0, abs=0.01)


@case(must("RFC 6275 §6.7", "RFC 6275 §9.3.1"))
def who_has_no_registration_gets_no_advertisement(right, router, mobile):
    solicit(mobile, 1)
    expect_none(right, ICMPv6MPAdv, within=2.0)


@case(must("RFC 6275 §6.7"))
def solicitation_without_a_home_address_option_is_not_answered(right, router, mobile):
    register(mobile)
    right.send(mobile.directly(ICMPv6MPSol(id=1)))
    expect_none(right, ICMPv6MPAdv, within=2.0)
    assert router.drops["mip6.mps_no_home_address_option"] == 1


@case(must("RFC 6275 §6.7"))
def options_of_a_solicitation_are_ignored(right, router, mobile):
    register(mobile)
    right.send(mobile.optimized(ICMPv6MPSol(id=1), ICMPv6NDOptPrefixInfo(prefix="2001:db8:77::")))
    assert sorted(advertised(expect(right, ICMPv6MPAdv, id=1))) == [PREFIX]


@case(must("RFC 6275 §10.6.2"))
def changed_lifetimes_are_told_unasked(right, router, mobile):
    left = router.interfaces[0]
    router.advertise(left, prefixes=HOME_LINK, adv_valid_lifetime=200000, adv_preferred_lifetime=150000)
    register(mobile, lifetime=100000)
    solicit(mobile, 1)
    expect(right, ICMPv6MPAdv, id=1)
    right.run(5.0)
    changed = right.now
    router.advertise(left, prefixes=HOME_LINK, adv_valid_lifetime=4000, adv_preferred_lifetime=2000)
    packet = expect(right, ICMPv6MPAdv, within=2000.0)
    # RAND_ADV_DELAY: from MinMobPfxAdvInterval to the preferred lifetime
    assert 600.0 <= packet.time - changed <= 2000.0
    assert ends(packet) == (HOME_AGENT, CARE_OF) and routed_to(packet) == HOME
    assert advertised(packet)[PREFIX].validlifetime == 4000


@case(should("RFC 6275 §10.6.2"))
def new_prefix_of_the_home_link_is_told_unasked(right, router, mobile):
    left = router.interfaces[0]
    router.advertise(left, prefixes=HOME_LINK, adv_valid_lifetime=200000, adv_preferred_lifetime=150000)
    register(mobile, lifetime=100000)
    solicit(mobile, 1)
    expect(right, ICMPv6MPAdv, id=1)
    right.run(5.0)
    added = right.now
    both = [*HOME_LINK, ks.AdvertisedPrefix("2001:db8:f::/64", valid_lifetime=4000, preferred_lifetime=2000)]
    router.advertise(left, prefixes=both, adv_valid_lifetime=200000, adv_preferred_lifetime=150000)
    packet = expect(right, ICMPv6MPAdv, within=2000.0)
    assert 600.0 <= packet.time - added <= 2000.0
    assert set(advertised(packet)) == {PREFIX, "2001:db8:f::"}, "the whole list"


@case(must("RFC 6275 §10.6.2"))
def unacknowledged_advertisement_is_repeated_three_times(right, router, mobile):
    left = router.interfaces[0]
    router.advertise(left, prefixes=HOME_LINK, adv_valid_lifetime=200000, adv_preferred_lifetime=150000)
    register(mobile, lifetime=100000)
    solicit(mobile, 1)
    expect(right, ICMPv6MPAdv, id=1)
    router.advertise(left, prefixes=HOME_LINK, adv_valid_lifetime=4000, adv_preferred_lifetime=2000)
    times = [expect(right, ICMPv6MPAdv, within=2000.0).time for _ in range(4)]
    assert [b - a for a, b in zip(times, times[1:])] == pytest.approx([3.0, 6.0, 12.0], abs=0.01)
    expect_none(right, ICMPv6MPAdv, within=60.0)


@case(must("RFC 6275 §10.6.2"))
def solicitation_acknowledges_an_advertisement(right, router, mobile):
    left = router.interfaces[0]
    router.advertise(left, prefixes=HOME_LINK, adv_valid_lifetime=200000, adv_preferred_lifetime=150000)
    register(mobile, lifetime=100000)
    solicit(mobile, 1)
    expect(right, ICMPv6MPAdv, id=1)
    router.advertise(left, prefixes=HOME_LINK, adv_valid_lifetime=4000, adv_preferred_lifetime=2000)
    expect(right, ICMPv6MPAdv, within=2000.0)
    right.run(1.5)
    solicit(mobile, 2)
    expect(right, ICMPv6MPAdv, id=2)
    expect_none(right, ICMPv6MPAdv, within=30.0)


@case(should("RFC 6275 §10.6.2"))
def new_prefix_of_the_home_link_is_told_unasked(right, router, mobile):
    left = router.interfaces[0]
    router.advertise(left, prefixes=HOME_LINK, adv_valid_lifetime=200000, adv_preferred_lifetime=150000)
    register(mobile, lifetime=100000)
    solicit(mobile, 1)
    expect(right, ICMPv6MPAdv, id=1)
    both = [*HOME_LINK, "2001:db8:99::/64"]
    router.advertise(left, prefixes=both, adv_valid_lifetime=200000, adv_preferred_lifetime=1500)
    packet = expect(right, ICMPv6MPAdv, within=1600.0)
    assert sorted(advertised(packet)) == [PREFIX, "2001:db8:99::"]


@case(must("RFC 6275 §10.6.2"))
def expired_registration_cancels_what_was_scheduled(right, router, mobile):
    left = router.interfaces[0]
    router.advertise(left, prefixes=HOME_LINK, adv_valid_lifetime=200000, adv_preferred_lifetime=150000)
    register(mobile, lifetime=400)
    router.advertise(left, prefixes=HOME_LINK, adv_valid_lifetime=4000, adv_preferred_lifetime=2000)
    expect_none(right, ICMPv6MPAdv, within=3000.0)


@case(must("RFC 6275 §10.6.4", "RFC 6275 §10.3.1"))
def registration_lasts_no_longer_than_the_advertised_prefix(right, router, mobile):
    router.advertise(router.interfaces[0], prefixes=HOME_LINK, adv_valid_lifetime=200, adv_preferred_lifetime=100)
    right.send(registration(mobile, lifetime=4000))
    ack = message(right, MIP6MH_BA, within=3.0, status=1)  # prefix discovery is necessary
    assert 0 < ack[MIP6MH_BA].mhtime * 4 <= 200
