"""Options and flags that a router adds to its advertisements: preferences and routes (RFC 4191), DNS (RFC 8106),
captive portals (RFC 8910), further flags (RFC 5175), and its MTU (RFC 4861 §6.2.3)."""

from __future__ import annotations

import math

import pytest
from scapy.layers.inet6 import (
    ICMPv6ND_RA,
    ICMPv6NDOptDNSSL,
    ICMPv6NDOptMTU,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptRDNSS,
    ICMPv6NDOptRouteInfo,
    IPv6,
)

import kamesim as ks
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
    should,
)

MEDIUM, HIGH, LOW = 0b00, 0b01, 0b11
MTU, RDNSS, DNSSL, ROUTE, FLAGS, CAPTIVE_PORTAL = 5, 25, 31, 24, 26, 37
SERVERS = ["2001:db8:9::53", "2001:db8:9::54"]


def said(advertiser, port, **options):
    """The first advertisement after the router was told what to advertise."""
    advertiser.advertise("lan", max_interval=30.0, **options)
    port.inbox.clear()
    return expect(port, ICMPv6ND_RA, within=20.0)


def raw_options(packet):
    """(type, units, content) of the options, read from the bytes."""
    rest, found = packet.wire[14 + 40 + 16 :], []
    while rest:
        found.append((rest[0], rest[1], bytes(rest[2 : 8 * rest[1]])))
        rest = rest[8 * rest[1] :]
    return found


def raw_option(packet, type):
    return [(units, content) for kind, units, content in raw_options(packet) if kind == type]


# --- RFC 4191 ---------------------------------------------------------------------------------------------------------


@case(must("RFC 4191 §2.2", "RFC 4191 §2.1"), logo={name: "v6LC.2.2.20" for name in ("low", "medium", "high")})
@pytest.mark.parametrize(
    ("preference", "bits"), [("low", LOW), ("medium", MEDIUM), ("high", HIGH)], ids=["low", "medium", "high"]
)
def preference_is_advertised(advertiser, port, preference, bits):
    assert said(advertiser, port, adv_preference=preference)[ICMPv6ND_RA].prf == bits


@case(must("RFC 4191 §2.2"))
@pytest.mark.parametrize("preference", ["low", "high"])
def router_that_is_no_default_router_has_the_preference_medium(advertiser, port, preference):
    message = said(advertiser, port, adv_preference=preference, adv_default_lifetime=0.0)[ICMPv6ND_RA]
    assert (message.routerlifetime, message.prf) == (0, MEDIUM)


@case(must("RFC 4191 §2.2"))
def last_advertisements_have_the_preference_medium(advertiser, port):
    said(advertiser, port, adv_preference="high")
    advertiser.cease_advertising("lan")
    last = expect(port, ICMPv6ND_RA, within=5.0, routerlifetime=0)
    assert last[ICMPv6ND_RA].prf == MEDIUM


# A prefix, its preference and lifetime; and Length, bits and lifetime in the option.
ROUTES = {
    "default route": (("::/0", "medium", 1800.0), (1, MEDIUM, 1800)),
    "48 bits": (("2001:db8:7::/48", "high", 600.0), (2, HIGH, 600)),
    "64 bits": (("2001:db8:7:1::/64", "low", math.inf), (2, LOW, INFINITY)),
    "65 bits": (("2001:db8:7:1:8000::/65", "medium", 1.0), (3, MEDIUM, 1)),
    "128 bits": (("2001:db8:7::1/128", "high", 0.0), (3, HIGH, 0)),
}


@case(must("RFC 4191 §2.3"), logo={name: "v6LC.2.2.21" for name in ROUTES})
@pytest.mark.parametrize(("route", "expected"), ROUTES.values(), ids=ROUTES)
def route_is_advertised(advertiser, port, route, expected):
    prefix, preference, lifetime = route
    packet = said(
        advertiser, port, routes=[ks.AdvertisedRoute(prefix=prefix, preference=preference, lifetime=lifetime)]
    )
    ((units, content),) = raw_option(packet, ROUTE)
    shortest, bits, seconds = expected
    address, _slash, length = prefix.partition("/")
    assert units >= shortest and len(content) == 8 * units - 2
    assert content[0] == int(length) and content[1] == bits << 3, "reserved bits are zero"
    assert int.from_bytes(content[2:6], "big") == seconds
    (option,) = options_of(packet, ICMPv6NDOptRouteInfo)
    assert (option.prefix or "::") == address


@case(must("RFC 4191 §2.3"))
def each_route_has_an_option_of_its_own(advertiser, port):
    prefixes = [f"2001:db8:{n:x}::/48" for n in range(0x10, 0x10 + 17)]
    packet = said(advertiser, port, routes=prefixes)
    assert [f"{o.prefix}/{o.plen}" for o in options_of(packet, ICMPv6NDOptRouteInfo)] == prefixes


@case(should("RFC 4191 §4"))
def routes_are_taken_back_when_a_router_ceases_to_advertise(advertiser, port):
    said(advertiser, port, routes=["2001:db8:7::/48"])
    advertiser.cease_advertising("lan")
    last = expect(port, ICMPv6ND_RA, within=5.0, routerlifetime=0)
    assert [o.rtlifetime for o in options_of(last, ICMPv6NDOptRouteInfo)] == [0]


@case(should("RFC 4191 §4"))
def more_than_seventeen_routes_are_not_advertised(advertiser, port):
    with pytest.raises(ks.Error, match="17"):
        advertiser.advertise("lan", routes=[f"2001:db8:{n:x}::/48" for n in range(0x10, 0x10 + 18)])


# --- RFC 8106 ---------------------------------------------------------------------------------------------------------


@case(must("RFC 8106 §5.1"))
@pytest.mark.parametrize("count", [1, 2], ids=lambda n: f"{n} servers")
def servers_are_advertised(advertiser, port, count):
    packet = said(advertiser, port, dns_servers=SERVERS[:count], dns_lifetime=777.0)
    (option,) = options_of(packet, ICMPv6NDOptRDNSS)
    assert (option.dns, option.lifetime) == (SERVERS[:count], 777)
    ((units, content),) = raw_option(packet, RDNSS)
    assert units == 1 + 2 * count and content[:2] == bytes(2)


@case(should("RFC 8106 §5.1 Lifetime"))
def lifetime_of_servers_is_three_intervals_unless_told(advertiser, port):
    packet = said(advertiser, port, dns_servers=SERVERS, dns_search_list=["example.com"])
    assert [o.lifetime for o in options_of(packet, ICMPv6NDOptRDNSS)] == [3 * 30]
    assert [o.lifetime for o in options_of(packet, ICMPv6NDOptDNSSL)] == [3 * 30]


@case(must("RFC 8106 §5.1 Lifetime", "RFC 8106 §5.2 Lifetime"))
@pytest.mark.parametrize(("told", "sent"), [(math.inf, INFINITY), (0.0, 0)], ids=["infinity", "zero"])
def lifetimes_that_mean_something_are_advertised(advertiser, port, told, sent):
    packet = said(advertiser, port, dns_servers=SERVERS, dns_search_list=["example.com"], dns_lifetime=told)
    assert [o.lifetime for o in options_of(packet, ICMPv6NDOptRDNSS)] == [sent]
    assert [o.lifetime for o in options_of(packet, ICMPv6NDOptDNSSL)] == [sent]


@case(must("RFC 8106 §5.2", "RFC 1035 §3.1"))
def search_list_is_made_of_labels_without_compression_and_padded_with_zeros(advertiser, port):
    packet = said(advertiser, port, dns_search_list=["example.com", "sub.example.com"], dns_lifetime=600.0)
    ((units, content),) = raw_option(packet, DNSSL)
    names = b"\x07example\x03com\x00\x03sub\x07example\x03com\x00"
    assert content[:6] == bytes(2) + (600).to_bytes(4, "big")
    assert content[6 : 6 + len(names)] == names and not any(content[6 + len(names) :])
    assert units == -(-(8 + len(names)) // 8)


# --- The rest ---------------------------------------------------------------------------------------------------------


@case(must("RFC 8910 §2.3"))
@pytest.mark.parametrize("padding", range(3), ids=lambda n: f"padded by {n}")
def captive_portal_is_advertised_and_padded_with_zeros(advertiser, port, padding):
    uri = "https://example.org/" + "a" * (2 - padding)  # 22 bytes and the two before are a multiple of 8
    packet = said(advertiser, port, captive_portal=uri)
    assert raw_option(packet, CAPTIVE_PORTAL) == [(3, uri.encode() + bytes(padding))]


@case(must("RFC 5175 §4"))
def further_flags_stand_before_the_other_options(advertiser, port):
    packet = said(advertiser, port, flags_expansion=0x800000000001, dns_servers=SERVERS)
    assert raw_options(packet)[0] == (FLAGS, 1, bytes.fromhex("800000000001"))
    assert not raw_option(said(advertiser, port, flags_expansion=0), FLAGS)


@case(must("RFC 4861 §4.6.4", "RFC 4861 §6.2.3"))
def mtu_is_advertised(advertiser, port):
    assert raw_option(said(advertiser, port, adv_link_mtu=1280), MTU) == [(1, bytes(2) + (1280).to_bytes(4, "big"))]
    assert not options_of(said(advertiser, port, adv_link_mtu=0), ICMPv6NDOptMTU)


@case(must("RFC 4861 §4.6.2"))
def reserved_fields_of_the_prefix_are_zero(advertiser, port):
    ((units, content),) = raw_option(said(advertiser, port), 3)
    assert units == 4
    assert content[1] & 0b0011_1111 == 0 and content[10:14] == bytes(4)


@case(must("RFC 4861 §6.2.3"))
def options_that_do_not_fit_follow_in_another_advertisement(advertiser, port):
    prefixes = [f"2001:db8:{n:x}::/64" for n in range(0x10, 0x10 + 60)]
    advertiser.advertise("lan", max_interval=600.0, prefixes=prefixes, dns_servers=SERVERS)
    port.inbox.clear()
    packets = [p for p in port.run(5.0) if find(p, ICMPv6ND_RA)]
    assert len(packets) == 2
    assert all(40 + p[IPv6].plen <= 1500 and p[ICMPv6ND_RA].routerlifetime == 1800 for p in packets)
    told = [f"{o.prefix}/64" for p in packets for o in options_of(p, ICMPv6NDOptPrefixInfo)]
    assert sorted(told) == sorted(prefixes)


@case(must("RFC 4861 §6.2.1"))
def lifetimes_that_count_down_do(advertiser, port):
    advertiser.advertise(
        "lan", max_interval=600.0, lifetimes_decrement=True, adv_valid_lifetime=5000.0, adv_preferred_lifetime=1000.0
    )
    begun = port.now
    port.run(3000.0)
    port.send(rs())
    answer = expect(port, ICMPv6ND_RA, within=4.0)
    (option,) = options_of(answer, ICMPv6NDOptPrefixInfo)
    assert option.validlifetime == pytest.approx(5000 - (answer.time - begun), abs=1.0)
    assert option.preferredlifetime == 0


@case(must("RFC 4861 §6.2.1"))
def changed_configuration_is_advertised_soon(advertiser, port):
    port.run(100.0)
    advertiser.advertise("lan", max_interval=600.0, adv_cur_hop_limit=7)
    assert expect(port, ICMPv6ND_RA, within=16.0)[ICMPv6ND_RA].chlim == 7


@case(must("RFC 4861 §6.2.6"))
def solicited_host_can_be_answered_alone(advertiser, port):
    advertiser.advertise("lan", max_interval=600.0, unicast_answers=True)
    port.run(60.0)
    port.send(rs())
    answer = expect(port, ICMPv6ND_RA, within=0.5)
    assert (answer[IPv6].src, answer[IPv6].dst) == (NODE.link_local, rs()[IPv6].src)
    port.send(rs(source="::", lladdr=None))
    assert expect(port, ICMPv6ND_RA, within=0.5)[IPv6].dst == ALL_NODES


@case(must("RFC 4861 §6.2.5"))
@pytest.mark.parametrize("gone", [True, False], ids=["does not forward", "forwards again"])
def router_that_does_not_forward_is_no_default_router(advertiser, port, gone):
    port.run(60.0)
    advertiser.forwarding = False
    if not gone:
        port.run(10.0)
        advertiser.forwarding = True
        port.inbox.clear()
        assert expect(port, ICMPv6ND_RA, within=650.0)[ICMPv6ND_RA].routerlifetime == 1800
        return
    last = expect(port, ICMPv6ND_RA, within=16.0)
    assert last[ICMPv6ND_RA].routerlifetime == 0
    assert [o.prefix for o in options_of(last, ICMPv6NDOptPrefixInfo)] == [PREFIX]


@case(must("RFC 4861 §6.2.4"))
def router_advertises_itself_after_a_reboot(advertiser, port):
    port.run(60.0)
    advertiser.reboot(wait=True)
    assert [o.prefix for o in options_of(expect(port, ICMPv6ND_RA, within=20.0), ICMPv6NDOptPrefixInfo)] == [PREFIX]


@case(must("RFC 4861 §6.2.2"))
def nothing_is_advertised_while_the_interface_is_down(advertiser, port):
    port.run(60.0)
    advertiser.interfaces[0].enabled = False
    expect_none(port, ICMPv6ND_RA, within=700.0)
    advertiser.interfaces[0].enabled = True
    expect(port, ICMPv6ND_RA, within=5.0)
