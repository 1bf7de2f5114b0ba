"""Advertisements that nobody wants on a link, and a node that takes them back (RFC 6104 §3.10)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    ICMPv6ND_RA,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptRDNSS,
    ICMPv6NDOptRouteInfo,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
)

from kamesim.conformance.cases.ipv6._hosts import SECOND_MAC, SECOND_ROUTER
from kamesim.conformance.exchange import (
    ALL_NODES,
    TESTER,
    case,
    expect,
    expect_none,
    find,
    may,
    must,
    options_of,
    prefix_information,
    ra,
)

WANTED, ROGUE = "2001:db8:1::", "2001:db8:bad::"


@pytest.fixture
def guard(host):
    """A host that lets SECOND_ROUTER advertise, and prefixes of 2001:db8:1::/48."""
    host.guard_advertisements(routers=[SECOND_ROUTER], prefixes=["2001:db8:1::/48"])
    return host


def wanted(*options, **fields):
    return ra(*options, source=SECOND_ROUTER, lladdr=SECOND_MAC, **fields)


@case(may("RFC 6104 §3.10"))
def rogue_router_is_taken_back_in_its_name(guard, port):
    port.send(ra(prefix_information(ROGUE), M=1))
    back = expect(port, ICMPv6ND_RA)
    assert (back[IPv6].src, back[IPv6].dst, back[IPv6].hlim) == (TESTER.link_local, ALL_NODES, 255)
    assert back[ICMPv6ND_RA].routerlifetime == 0
    (prefix,) = options_of(back, ICMPv6NDOptPrefixInfo)
    assert (prefix.prefix, prefix.validlifetime, prefix.preferredlifetime) == (ROGUE, 0, 0)
    assert options_of(back, ICMPv6NDOptSrcLLAddr) == [], "or else hosts would send to the guard"


@case(may("RFC 6104 §3.10"))
def routes_and_servers_of_a_rogue_are_taken_back_too(guard, port):
    options = ICMPv6NDOptRouteInfo(prefix="2001:db8:7::", plen=48, rtlifetime=600, len=2), ICMPv6NDOptRDNSS(
        dns=["2001:db8:9::53"], lifetime=600
    )
    port.send(ra(*options))
    back = expect(port, ICMPv6ND_RA)
    assert [(o.prefix, o.plen, o.rtlifetime) for o in options_of(back, ICMPv6NDOptRouteInfo)] == [("2001:db8:7::", 48, 0)]
    assert [(o.dns, o.lifetime) for o in options_of(back, ICMPv6NDOptRDNSS)] == [(["2001:db8:9::53"], 0)]


@case(may("RFC 6104 §3.10"))
def advertisement_that_is_wanted_is_left_alone(guard, port):
    port.send(wanted(prefix_information(WANTED)), wanted(prefix_information("2001:db8:1:ffff::")))
    expect_none(port, ICMPv6ND_RA, within=5.0)


@case(may("RFC 6104 §3.10"))
def prefix_that_is_not_wanted_is_taken_back_though_its_router_is(guard, port):
    port.send(wanted(prefix_information(WANTED), prefix_information(ROGUE)))
    back = expect(port, ICMPv6ND_RA)
    assert ROGUE in [o.prefix for o in options_of(back, ICMPv6NDOptPrefixInfo) if not o.preferredlifetime]


@case(may("RFC 6104 §3.10"))
def what_is_taken_back_is_not_taken_back_again(guard, port):
    port.send(ra(prefix_information(ROGUE, valid=0, preferred=0), lifetime=0))
    expect_none(port, ICMPv6ND_RA, within=5.0)


@case(may("RFC 6104 §3.10"))
def one_rogue_is_answered_once_a_second_at_most(guard, port):
    times = []
    for _ in range(50):
        port.send(ra(prefix_information(ROGUE)))
        times += [p.time for p in port.run(0.1) if find(p, ICMPv6ND_RA)]
    assert 4 <= len(times) <= 6
    assert all(b - a >= 1.0 - 1e-6 for a, b in zip(times, times[1:]))


@case(must("RFC 4861 §6.1.2"))
def invalid_advertisement_is_no_rogue(guard, port):
    port.send(ra(prefix_information(ROGUE), hop_limit=254), ra(prefix_information(ROGUE), code=1))
    expect_none(port, ICMPv6ND_RA, within=5.0)
    assert guard.rogue_advertisements == {"rogue": 0, "cancelled": 0}


@case(may("RFC 6104 §3.10"))
def guard_that_only_watches_says_nothing(host, port):
    host.guard_advertisements(routers=[SECOND_ROUTER], cancel=False)
    port.send(ra())
    expect_none(port, ICMPv6ND_RA, within=5.0)
    assert host.rogue_advertisements == {"rogue": 1, "cancelled": 0}
