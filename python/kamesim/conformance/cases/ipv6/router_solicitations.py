"""Router Solicitations of a host (RFC 4861 §6.3.7)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6NDOptSrcLLAddr, ICMPv6ND_RS, IPv6

from kamesim.conformance.exchange import (
    ALL_ROUTERS,
    NODE,
    case,
    expect,
    expect_none,
    expect_silence,
    find,
    group_mac,
    must,
    options_of,
    ra,
    rs,
)


@case(must("RFC 4861 §6.3.7"), logo="v6LC.2.2.1")
def host_solicits_routers_four_seconds_apart_or_more(fresh_port):
    times = [p.time for p in fresh_port.run(20.0) if find(p, ICMPv6ND_RS)]
    # MAX_RTR_SOLICITATION_DELAY, and as long again for testing the link-local address (RFC 4862 §5.4.2).
    assert times[0] <= 1.0 + 2.0
    assert 2 <= len(times) <= 3  # MAX_RTR_SOLICITATIONS
    assert min(b - a for a, b in zip(times, times[1:])) >= 4.0 - 1e-6  # RTR_SOLICITATION_INTERVAL


@case(must("RFC 7559 §2"))
def host_goes_on_soliciting_at_intervals_that_double(fresh_port):
    times = [p.time for p in fresh_port.run(300.0) if find(p, ICMPv6ND_RS)]
    gaps = [b - a for a, b in zip(times, times[1:])]
    assert len(gaps) >= 5
    assert gaps[0] == pytest.approx(4.0, rel=0.1)  # IRT, and RAND of a tenth (RFC 3315 §14)
    for before, gap in zip(gaps, gaps[1:]):
        assert 1.9 * before <= gap <= 2.1 * before


@case(must("RFC 7559 §2", "RFC 3315 §14"))
def intervals_grow_to_an_hour_and_no_further(fresh_port):
    times = [p.time for p in fresh_port.run(40 * 3600.0) if find(p, ICMPv6ND_RS)]
    gaps = [b - a for a, b in zip(times, times[1:])]
    assert len(gaps) >= 40
    assert all(0.9 * 3600 <= gap <= 1.1 * 3600 for gap in gaps[14:])
    assert len({round(gap, 3) for gap in gaps[14:]}) == len(gaps[14:]), "drawn at random"


@case(must("RFC 7559 §2"), role="host")
def host_asks_three_times_where_that_is_off(lab):
    lab.host(address=False, settle=0.0, nd={"resilient_router_solicitation": False})
    times = [p.time for p in lab.ports[0].run(3600.0) if find(p, ICMPv6ND_RS)]
    gaps = [b - a for a, b in zip(times, times[1:])]
    assert gaps == pytest.approx([4.0, 4.0], abs=1e-6)  # MAX_RTR_SOLICITATIONS, RTR_SOLICITATION_INTERVAL


@case(must("RFC 4861 §6.3.7"))
def host_solicits_again_when_its_link_comes_up_again(fresh_host, fresh_port):
    fresh_port.send(ra())
    fresh_port.run(30.0)
    interface = fresh_host.interfaces[0]
    interface.enabled = False
    fresh_port.run(1.0)
    interface.enabled = True
    expect(fresh_port, ICMPv6ND_RS, within=3.0)


@case(must("RFC 7559 §2.1"))
def host_goes_on_soliciting_though_a_router_is_no_default_router(fresh_port):
    fresh_port.run(20.0)
    fresh_port.send(ra(lifetime=0))
    expect(fresh_port, ICMPv6ND_RS, within=40.0)
    fresh_port.send(ra())
    expect_none(fresh_port, ICMPv6ND_RS, within=300.0)


@case(must("RFC 4861 §4.1"))
def router_solicitation_goes_to_all_routers(fresh_port):
    for solicitation in [p for p in fresh_port.run(15.0) if find(p, ICMPv6ND_RS)]:
        assert (solicitation[IPv6].dst, solicitation.dst) == (ALL_ROUTERS, group_mac(ALL_ROUTERS))
        assert solicitation[IPv6].hlim == 255
        told = [option.lladdr for option in options_of(solicitation, ICMPv6NDOptSrcLLAddr)]
        assert told == ([] if solicitation[IPv6].src == "::" else [NODE.mac])


@case(must("RFC 4861 §6.3.7"))
def host_stops_soliciting_once_it_hears_a_router(fresh_port):
    expect(fresh_port, ICMPv6ND_RS, within=3.0)
    fresh_port.send(ra())
    expect_none(fresh_port, ICMPv6ND_RS, within=30.0)


@case(must("RFC 4861 §6.3.7"))
def host_goes_on_soliciting_after_a_router_that_is_no_default(fresh_port):
    # Non-zero lifetime.
    expect(fresh_port, ICMPv6ND_RS, within=3.0)
    fresh_port.send(ra(lifetime=0))
    expect(fresh_port, ICMPv6ND_RS, within=4.5)


@case(must("RFC 4861 §6.2.6"))
def host_does_not_answer_router_solicitations(host, port):
    port.send(rs())
    expect_silence(port)
