"""Multicast membership of mobile nodes at their home agent (RFC 6275 §10.4.2, §10.4.3)."""

from __future__ import annotations

import pytest
from scapy.layers.inet import UDP
from scapy.layers.inet6 import (
    MIP6MH_BA,
    ICMPv6MLDone,
    ICMPv6MLQuery2,
    ICMPv6MLReport,
    IPv6,
    IPv6ExtHdrHopByHop,
)

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
    tunnelled,
)
from kamesim.conformance.cases.mobility._membership import (
    ALL_NODES,
    ALL_ROUTERS,
    GROUP,
    IS_EXCLUDE,
    OTHER_GROUP,
    TO_EXCLUDE,
    TO_INCLUDE,
    is_well_sent,
    mld,
    report,
)
from kamesim.conformance.exchange import case, expect, expect_none, find, ip, must, should
from kamesim.conformance.mobility import ends, inner, message

ROLE = "router"
OTHER_HOME = "2001:db8:1::200"


@pytest.fixture
def router(lab):
    return home_agent(lab, multicast=True)


@pytest.fixture
def member(left, right, router, mobile):
    """A mobile node that has told of GROUP."""
    register(mobile)
    mobile.port.send(tunnelled(report((TO_EXCLUDE, GROUP))))
    return mobile


def send_to(port, group, hops=9):
    mac = "33:33:" + ":".join(f"{b:02x}" for b in (0, 0, 0, int(group.rpartition(":")[2], 16)))
    port.send(ip(group, source="2001:db8:1::99", to_mac=mac, hlim=hops) / UDP(sport=7000, dport=7000) / b"to all")


def carried(port, group, within=1.0):
    """The packet for the group as it comes by the tunnel."""
    packet = expect(port, UDP, within=within)
    assert inner(packet).dst == group
    return packet


@case(must("RFC 6275 §10.4.3"))
def mobile_nodes_are_asked_through_the_tunnel(left, right, router, mobile):
    register(mobile)
    query = expect(mobile.port, ICMPv6MLQuery2)
    assert ends(query) == (HOME_AGENT, CARE_OF) and is_well_sent(query, ALL_NODES)
    found = find(query, ICMPv6MLQuery2)
    assert (found.mladdr, found.mrd, found.QRV, found.QQIC, found.sources_number) == ("::", 10000, 2, 125, 0)


@case(must("RFC 6275 §10.4.3"))
def queries_are_repeated(left, right, router, mobile):
    register(mobile, lifetime=600)
    times = [expect(mobile.port, ICMPv6MLQuery2, within=130.0).time for _ in range(4)]
    gaps = [after - before for before, after in zip(times, times[1:])]
    assert gaps == pytest.approx([31.25, 125.0, 125.0], abs=0.001)  # RFC 3810 §9


@case(must("RFC 6275 §10.4.2"))
def packet_of_the_home_link_for_a_group_it_is_in_is_tunnelled(left, member):
    send_to(left, GROUP)
    packet = carried(member.port, GROUP)
    assert ends(packet) == (HOME_AGENT, CARE_OF) and inner(packet).hlim == 8
    send_to(left, OTHER_GROUP)
    expect_none(member.port, UDP, within=1.0)


@case(must("RFC 6275 §10.4.3"))
@pytest.mark.parametrize("version", [1, 2])
def packets_for_a_group_that_it_has_left_are_not_tunnelled(left, member, version):
    done = mld("fe80::100", ALL_ROUTERS, ICMPv6MLDone(mladdr=GROUP))
    member.port.send(tunnelled(report((TO_INCLUDE, GROUP)) if version == 2 else done))
    send_to(left, GROUP)
    expect_none(member.port, UDP, within=1.0)


@case(should("RFC 6275 §10.4.3"))
def report_of_version_1_is_understood(left, right, router, mobile):
    register(mobile)
    mobile.port.send(tunnelled(mld("fe80::100", GROUP, ICMPv6MLReport(mladdr=GROUP))))
    send_to(left, GROUP)
    carried(mobile.port, GROUP)
    assert list(router.mobile_ip.group_members().group) == [GROUP]


@case(must("RFC 6275 §10.4.3"))
def membership_ends_unless_it_is_told_again(left, member, router):
    member.port.send(registration(member, 2, lifetime=1000))
    message(member.port, MIP6MH_BA, seq=2)
    member.port.run(255.0)  # of 260, since the report
    send_to(left, GROUP)
    carried(member.port, GROUP)
    member.port.run(10.0)
    send_to(left, GROUP)
    expect_none(member.port, UDP, within=1.0)
    assert len(router.mobile_ip.group_members()) == 0


@case(must("RFC 6275 §10.4.3"))
def issuer_is_told_by_the_tunnel(left, right, router, member):
    other = away(right, OTHER_HOME, OTHER_CARE_OF)
    register(other)
    # The same link-local source as the first one's.
    other.port.send(tunnelled(report((IS_EXCLUDE, OTHER_GROUP)), source=OTHER_CARE_OF))
    members = router.mobile_ip.group_members()
    other.port.run(0.1)
    members = router.mobile_ip.group_members()
    assert set(zip(members.home_address, members.group)) == {(HOME, GROUP), (OTHER_HOME, OTHER_GROUP)}
    send_to(left, OTHER_GROUP)
    assert ends(carried(right, OTHER_GROUP)) == (HOME_AGENT, OTHER_CARE_OF)


@case(must("RFC 6275 §10.4.2"))
def two_members_of_a_group_get_a_copy_each(left, right, router, member):
    other = away(right, OTHER_HOME, OTHER_CARE_OF)
    register(other)
    other.port.send(tunnelled(report((IS_EXCLUDE, GROUP)), source=OTHER_CARE_OF))
    other.port.run(0.1)
    send_to(left, GROUP)
    to = {ends(carried(right, GROUP))[1], ends(carried(right, GROUP))[1]}
    assert to == {CARE_OF, OTHER_CARE_OF}


@case(must("RFC 6275 §10.4.2"), should("RFC 6275 §10.4.2"))
@pytest.mark.parametrize("group", ["ff02::77", "ff05::77", "ff08::77"])
def groups_below_global_scope_are_not_tunnelled(left, right, router, mobile, group):
    register(mobile)
    mobile.port.send(tunnelled(report((TO_EXCLUDE, group))))
    mobile.port.run(0.1)
    send_to(left, group)
    expect_none(mobile.port, UDP, within=1.0)
    assert router.drops["mld.group_not_global"] == 1


@case(must("RFC 6275 §10.4.2"))
def after_a_hand_off_packets_for_the_group_go_to_the_new_care_of_address(left, right, member):
    moved = away(right, HOME, OTHER_CARE_OF)
    register(moved, 2)
    send_to(left, GROUP)
    assert ends(carried(right, GROUP)) == (HOME_AGENT, OTHER_CARE_OF)


@case(must("RFC 6275 §10.4.3"))
def membership_ends_with_the_binding(left, member, router):
    member.port.send(registration(member, 2, lifetime=0))
    message(member.port, MIP6MH_BA, within=3.0, seq=2)
    assert len(router.mobile_ip.group_members()) == 0
    send_to(left, GROUP)
    expect_none(member.port, UDP, within=1.0)


@case(must("RFC 3810 §7.4"))
@pytest.mark.parametrize("mistake", ["hop limit 2", "a global source", "no router alert", "the home address"])
def report_that_is_not_one_of_the_link_is_discarded(left, right, router, mobile, mistake):
    register(mobile)
    sources = {"a global source": "2001:db8:b::100", "the home address": HOME}
    told = report((TO_EXCLUDE, GROUP), source=sources.get(mistake, "fe80::100"))
    if mistake == "hop limit 2":
        told[IPv6].hlim = 2
    if mistake == "no router alert":
        alone = told[IPv6ExtHdrHopByHop].payload.copy()
        told = IPv6(src="fe80::100", dst="ff02::16", hlim=1) / alone
    mobile.port.send(tunnelled(told))
    mobile.port.run(0.1)
    assert len(router.mobile_ip.group_members()) == 0


@case(must("RFC 6275 §10.4.3"))
def without_the_support_reports_are_silently_ignored(lab):
    home_agent(lab)
    left, right = lab.ports
    mobile = away(right)
    register(mobile)
    expect_none(mobile.port, ICMPv6MLQuery2, within=3.0)
    mobile.port.send(tunnelled(report((TO_EXCLUDE, GROUP))))
    send_to(left, GROUP)
    expect_none(mobile.port, UDP, within=1.0)
