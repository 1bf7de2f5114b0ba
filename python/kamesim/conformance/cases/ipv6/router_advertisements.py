"""Router Advertisements of a router (RFC 4861 §6.2)."""

from __future__ import annotations

import math

import pytest
from scapy.layers.inet6 import ICMPv6NDOptMTU, ICMPv6NDOptPrefixInfo, ICMPv6NDOptSrcLLAddr, ICMPv6ND_RA, IPv6

from kamesim.conformance.exchange import (
    ALL_NODES,
    INFINITY,
    NODE,
    PREFIX,
    case,
    expect,
    expect_none,
    find,
    must,
    options_of,
    rs,
)

MAX_INITIAL_RTR_ADVERT_INTERVAL, MAX_INITIAL_RTR_ADVERTISEMENTS = 16.0, 3


@case(must("RFC 4861 §4.2", "RFC 4861 §6.1.2"), logo="v6LC.2.2.5")
def advertisement_comes_from_the_link_local_address_to_all_nodes(advertiser, port):
    advertisement = expect(port, ICMPv6ND_RA, within=20.0, code=0)
    header = advertisement[IPv6]
    assert (header.src, header.dst, header.hlim) == (NODE.link_local, ALL_NODES, 255)
    assert [option.lladdr for option in options_of(advertisement, ICMPv6NDOptSrcLLAddr)] == [NODE.mac]


@case(must("RFC 4861 §6.2.1"))
def advertisement_tells_the_defaults_of_the_rfc(advertiser, port):
    message = expect(port, ICMPv6ND_RA, within=20.0)[ICMPv6ND_RA]
    assert message.routerlifetime == 3 * 600  # AdvDefaultLifetime: 3 times MaxRtrAdvInterval
    assert (message.M, message.O) == (0, 0)
    assert (message.reachabletime, message.retranstimer) == (0, 0)  # unspecified
    assert message.chlim == 64  # AdvCurHopLimit: of the Assigned Numbers


@case(must("RFC 4861 §4.6.2", "RFC 4861 §6.2.1"))
def advertisement_tells_the_prefix(advertiser, port):
    (prefix,) = options_of(expect(port, ICMPv6ND_RA, within=20.0), ICMPv6NDOptPrefixInfo)
    assert (prefix.prefix, prefix.prefixlen, prefix.L, prefix.A) == (PREFIX, 64, 1, 1)
    assert (prefix.validlifetime, prefix.preferredlifetime) == (2592000, 604800)  # 30 days, 7 days


@case(must("RFC 4861 §6.2.4"), logo="v6LC.2.2.7 B")
def initial_advertisements_come_quickly(advertiser, port):
    times = [p.time for p in port.run(60.0) if find(p, ICMPv6ND_RA)]
    assert len(times) >= MAX_INITIAL_RTR_ADVERTISEMENTS
    gaps = [b - a for a, b in zip(times, times[1:])][: MAX_INITIAL_RTR_ADVERTISEMENTS - 1]
    assert gaps == pytest.approx([MAX_INITIAL_RTR_ADVERT_INTERVAL] * 2, abs=1e-6)  # less than the 198 s of later ones


@case(must("RFC 4861 §6.2.1"), logo="v6LC.2.2.7 A")
def later_advertisements_come_at_random_intervals(advertiser, port, settled):
    # 198 s to 600 s.
    times = [p.time for p in port.run(6000.0) if find(p, ICMPv6ND_RA)]
    gaps = [b - a for a, b in zip(times, times[1:])]
    assert len(gaps) >= 9
    assert all(0.33 * 600 <= gap <= 600 for gap in gaps)
    assert len({round(gap, 3) for gap in gaps}) == len(gaps)


@case(must("RFC 4861 §4.2", "RFC 4861 §6.2.1"))
def advertisement_tells_what_is_configured(advertiser, port):
    advertiser.advertise(
        "lan",
        max_interval=4.0,
        adv_managed_flag=True,
        adv_other_config_flag=True,
        adv_link_mtu=1400,
        adv_reachable_time=30.0,
        adv_retrans_timer=2.0,
        adv_cur_hop_limit=0,
        adv_default_lifetime=0.0,
        prefixes=[f"{PREFIX}/64", "2001:db8:5::/64"],
        adv_valid_lifetime=math.inf,
        adv_preferred_lifetime=1000.0,
        adv_on_link_flag=False,
        source_link_layer_address=False,
    )
    port.run(10.0)
    advertisement = expect(port, ICMPv6ND_RA, within=5.0)
    message = advertisement[ICMPv6ND_RA]
    assert (message.M, message.O, message.routerlifetime, message.chlim) == (1, 1, 0, 0)
    assert (message.reachabletime, message.retranstimer) == (30000, 2000)  # ms
    assert [option.mtu for option in options_of(advertisement, ICMPv6NDOptMTU)] == [1400]
    assert options_of(advertisement, ICMPv6NDOptSrcLLAddr) == []
    prefixes = options_of(advertisement, ICMPv6NDOptPrefixInfo)
    assert [(p.prefix, p.L, p.A, p.validlifetime, p.preferredlifetime) for p in prefixes] == [
        (PREFIX, 0, 1, INFINITY, 1000),
        ("2001:db8:5::", 0, 1, INFINITY, 1000),
    ]


@case(must("RFC 4861 §6.2.5"), logo="v6LC.2.2.8")
def router_says_goodbye(advertiser, port, settled):
    # MAX_FINAL_RTR_ADVERTISEMENTS.
    advertiser.cease_advertising("lan")
    last = [p for p in port.run(60.0) if find(p, ICMPv6ND_RA)]
    assert 1 <= len(last) <= 3
    assert {p[ICMPv6ND_RA].routerlifetime for p in last} == {0}
    expect_none(port, ICMPv6ND_RA, within=1800.0)


@case(must("RFC 4861 §6.2.5"))
def router_that_has_said_goodbye_does_not_answer_solicitations(advertiser, port, settled):
    advertiser.cease_advertising("lan")
    port.run(60.0)
    port.send(rs())
    expect_none(port, ICMPv6ND_RA, within=5.0)


@case(must("RFC 4861 §6.2.1"), logo="v6LC.2.2.6 A")
def router_without_a_prefix_to_advertise_is_silent(router, left):
    # AdvSendAdvertisements.
    left.send(rs())
    expect_none(left, ICMPv6ND_RA, within=700.0)
