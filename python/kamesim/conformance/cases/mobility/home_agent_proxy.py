"""A home agent stands in for a mobile node on the home link (RFC 6275 §10.4.1)."""

from __future__ import annotations

from scapy.layers.inet6 import MIP6MH_BA, ICMPv6NDOptDstLLAddr, ICMPv6ND_NA, ICMPv6ND_NS, IPv6

from kamesim.conformance.cases.mobility._home_agent import (
    HOME,
    HOME_AGENT,
    HOME_LINK_LOCAL,
    mobile,
    register,
    registration,
    router,
)
from kamesim.conformance.exchange import (
    ALL_NODES,
    NODE,
    TESTER,
    case,
    dad_ns,
    expect,
    expect_none,
    find,
    must,
    na,
    ns,
    options_of,
)
from kamesim.conformance.mobility import ends, message


@case(must("RFC 6275 §10.4.1"))
def proxy_tells_all_nodes(left, mobile):
    register(mobile)
    told = expect(left, ICMPv6ND_NA, tgt=HOME, R=0, S=0, O=1)
    assert ends(told) in [(HOME_AGENT, ALL_NODES), (NODE.link_local, ALL_NODES)] and told[IPv6].hlim == 255
    assert options_of(told, ICMPv6NDOptDstLLAddr)[0].lladdr == NODE.mac


@case(must("RFC 6275 §10.4.1"))
def proxy_answers_for_the_home_address(left, mobile):
    register(mobile)
    left.run(2.0)
    left.send(ns(HOME))
    answer = expect(left, ICMPv6ND_NA, tgt=HOME, R=0, S=1)
    assert answer[IPv6].dst == TESTER.link_local
    assert options_of(answer, ICMPv6NDOptDstLLAddr)[0].lladdr == NODE.mac


@case(must("RFC 6275 §10.4.1", "RFC 4862 §5.4"))
def proxy_defends_the_home_address(left, mobile):
    register(mobile)
    left.run(2.0)
    left.send(dad_ns(HOME))
    defence = expect(left, ICMPv6ND_NA, tgt=HOME, R=0, S=0)
    assert defence[IPv6].dst == ALL_NODES


@case(must("RFC 6275 §10.3.1", "RFC 6275 §10.4.1"))
def l_bit_covers_the_link_local_address(left, right, mobile):
    right.send(registration(mobile, flags="LHA"))
    came = left.run(3.0)
    probes = {find(packet, ICMPv6ND_NS).tgt for packet in came if find(packet, ICMPv6ND_NS)}
    told = {find(packet, ICMPv6ND_NA).tgt for packet in came if find(packet, ICMPv6ND_NA)}
    assert {HOME, HOME_LINK_LOCAL} <= probes and {HOME, HOME_LINK_LOCAL} <= told
    left.send(ns(HOME_LINK_LOCAL))
    expect(left, ICMPv6ND_NA, tgt=HOME_LINK_LOCAL, R=0, S=1)


@case(must("RFC 6275 §10.3.1"))
def without_the_l_bit_the_link_local_address_is_free(left, right, mobile):
    right.send(registration(mobile))
    expect_none(left, ICMPv6ND_NS, within=3.0, tgt=HOME_LINK_LOCAL)
    left.send(ns(HOME_LINK_LOCAL))
    expect_none(left, ICMPv6ND_NA, tgt=HOME_LINK_LOCAL)


@case(must("RFC 6275 §10.3.1"))
def l_bit_with_a_duplicate_link_local_address_is_rejected(left, right, mobile):
    right.send(registration(mobile, flags="LHA"))
    expect(left, ICMPv6ND_NS, tgt=HOME_LINK_LOCAL)
    left.send(na(HOME_LINK_LOCAL, source=HOME_LINK_LOCAL, destination=ALL_NODES, solicited=0))
    message(right, MIP6MH_BA, within=3.0, status=134)


@case(must("RFC 6275 §10.3.2", "RFC 6275 §10.4.1"))
def nothing_is_said_for_the_home_address_once_it_is_given_back(left, mobile):
    # The advertisements that take it are repeated; they would take it from the mobile node again.
    register(mobile)
    expect(left, ICMPv6ND_NA, tgt=HOME, O=1)
    register(mobile, 2, lifetime=0)
    left.run(0.0)
    expect_none(left, ICMPv6ND_NA, tgt=HOME, within=5.0)
