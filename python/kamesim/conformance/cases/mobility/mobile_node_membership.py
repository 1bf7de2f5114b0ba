"""Groups of a mobile node's home address, told to its home agent through the tunnel (RFC 6275 §11.3.4, §10.4.3)."""

from __future__ import annotations

import pytest
from scapy.layers.inet import UDP
from scapy.layers.inet6 import MIP6MH_BU, ICMPv6MLDone, ICMPv6MLReport, ICMPv6MLReport2, IPv6

from kamesim.conformance.cases.mobility._membership import (
    ALL_ROUTERS,
    GROUP,
    IS_EXCLUDE,
    MLDV2_ROUTERS,
    OTHER_GROUP,
    REPORTS,
    TO_EXCLUDE,
    TO_INCLUDE,
    is_well_sent,
    query,
    query_v1,
    records,
)
from kamesim.conformance.cases.mobility._mobile_node import ACCESS, CARE_OF, CORRESPONDENT, HOME, HOME_AGENT, journey
from kamesim.conformance.exchange import ALL_NODES, case, expect, expect_none, find, ip, may, must, should, stack
from kamesim.conformance.mobility import binding_ack, ends, message, type2_route

ROLE = "host"


def ask(journey, packet):
    """A query of the home agent, by the tunnel."""
    journey.send(HOME_AGENT, packet)


def no_report(journey, seconds):
    for packet in journey.port.frames(seconds):
        assert not any(find(packet, kind) for kind in REPORTS)


@case(must("RFC 6275 §11.3.4"))
def nothing_is_told_before_the_home_agent_has_asked(journey):
    journey.node.mobile_ip.join_group(GROUP)
    journey.register()
    no_report(journey, 5.0)
    journey.node.mobile_ip.join_group(OTHER_GROUP)
    no_report(journey, 5.0)


@case(must("RFC 6275 §11.3.4"))
def query_is_not_answered_without_a_binding(journey):
    journey.node.mobile_ip.join_group(GROUP)
    journey.leave()
    ask(journey, query())
    no_report(journey, 2.0)


@case(must("RFC 6275 §10.4.3"))
def query_by_the_tunnel_is_answered_by_the_tunnel(journey):
    journey.node.mobile_ip.join_group(GROUP)
    journey.register()
    journey.settle(1.0)
    ask(journey, query())
    report = expect(journey.port, ICMPv6MLReport2, within=1.1)
    assert ends(report) == (CARE_OF, HOME_AGENT) and is_well_sent(report, MLDV2_ROUTERS)
    assert records(report) == [(IS_EXCLUDE, GROUP)]
    no_report(journey, 3.0)


@case(must("RFC 6275 §10.4.3"))
def joining_and_leaving_are_told_once_the_home_agent_has_asked(journey):
    journey.register()
    journey.settle(1.0)
    ask(journey, query())
    journey.settle(2.0)
    journey.node.mobile_ip.join_group(GROUP)
    for _ in range(2):  # RFC 3810 §6.1, the Robustness Variable
        assert records(expect(journey.port, ICMPv6MLReport2, within=1.1)) == [(TO_EXCLUDE, GROUP)]
    journey.node.mobile_ip.leave_group(GROUP)
    for _ in range(2):
        assert records(expect(journey.port, ICMPv6MLReport2, within=1.1)) == [(TO_INCLUDE, GROUP)]
    no_report(journey, 3.0)


@case(must("RFC 6275 §10.4.3"), should("RFC 3810 §8.2.1"))
def home_agent_that_speaks_version_1_hears_version_1(journey):
    journey.node.mobile_ip.join_group(GROUP)
    journey.register()
    journey.settle(1.0)
    ask(journey, query_v1())
    report = expect(journey.port, ICMPv6MLReport, within=1.1)
    assert is_well_sent(report, GROUP) and find(report, ICMPv6MLReport).mladdr == GROUP
    journey.node.mobile_ip.leave_group(GROUP)
    done = expect(journey.port, ICMPv6MLDone, within=0.1)
    assert is_well_sent(done, ALL_ROUTERS) and find(done, ICMPv6MLDone).mladdr == GROUP


@case(must("RFC 6275 §11.3.4"))
def query_of_the_visited_link_is_none_of_the_home_addresses(journey):
    journey.node.mobile_ip.join_group(GROUP)
    journey.register()
    journey.settle(1.0)
    asked = query(source=ACCESS.link_local)
    packet = stack(ip(ALL_NODES, source=ACCESS.link_local, from_mac=ACCESS.mac, hlim=1), *_above(asked))
    journey.port.send(packet)
    no_report(journey, 3.0)


def _above(packet):
    """The headers behind that of IPv6."""
    layer = packet.payload
    layer.underlayer = None
    return [layer]


@case(must("RFC 3810 §6.2"))
@pytest.mark.parametrize("mistake", ["hop limit 2", "a global source", "no router alert"])
def query_that_is_not_one_of_the_link_is_discarded(journey, mistake):
    journey.node.mobile_ip.join_group(GROUP)
    journey.register()
    journey.settle(1.0)
    asked = query(source="2001:db8:a::1") if mistake == "a global source" else query()
    if mistake == "hop limit 2":
        asked[IPv6].hlim = 2
    if mistake == "no router alert":
        message_alone = asked.lastlayer().copy()
        asked = IPv6(src="fe80::aa", dst=ALL_NODES, hlim=1) / message_alone
    ask(journey, asked)
    no_report(journey, 3.0)
    assert journey.node.drops["mld.invalid"] == 1


@case(must("RFC 6275 §11.3.4"))
def group_packet_that_comes_by_the_tunnel_is_received(journey):
    journey.node.mobile_ip.join_group(GROUP)
    journey.register()
    journey.settle(1.0)
    socket = journey.node.socket()
    socket.bind(("::", 7000))
    packet = IPv6(src=CORRESPONDENT, dst=GROUP, hlim=9) / UDP(sport=7000, dport=7000) / b"by the tunnel"
    journey.send(HOME_AGENT, packet)
    journey.settle(0.1)
    assert socket.recv_nowait() == b"by the tunnel"


@case(may("RFC 6275 §11.3.4"))
def group_of_the_home_address_is_heard_at_home_again(journey):
    journey.node.mobile_ip.join_group(GROUP)
    journey.register()
    update = journey.deregister()
    journey.port.send(ip(HOME, source=HOME_AGENT) / binding_ack(update[MIP6MH_BU].seq, lifetime=0))
    journey.settle(1.0)
    socket = journey.node.socket()
    socket.bind(("::", 7000))
    packet = ip(GROUP, source=CORRESPONDENT, to_mac="33:33:00:00:00:77", from_mac="02:00:00:00:00:aa")
    journey.port.send(packet / UDP(sport=7000, dport=7000) / b"on the link")
    journey.settle(0.1)
    assert socket.recv_nowait() == b"on the link"


@case(must("RFC 6275 §11.3.4"))
def after_the_next_hand_off_reports_go_by_the_new_care_of_address(journey):
    journey.node.mobile_ip.join_group(GROUP)
    journey.register()
    journey.settle(1.0)
    ask(journey, query())
    expect(journey.port, ICMPv6MLReport2, within=1.1)
    journey.move("other")
    update = message(journey.port, MIP6MH_BU, within=4.0, to=HOME_AGENT)
    journey.node.mobile_ip.join_group(OTHER_GROUP)
    expect_none(journey.port, ICMPv6MLReport2, within=0.5)
    journey.send(HOME_AGENT, type2_route(HOME), binding_ack(update[MIP6MH_BU].seq))
    report = expect(journey.port, ICMPv6MLReport2, within=2.0)
    assert ends(report) == (journey.care_of, HOME_AGENT)
    assert (TO_EXCLUDE, OTHER_GROUP) in records(report)
