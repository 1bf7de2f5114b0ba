"""Redirects of a router (RFC 4861 §8.2)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptRedirectedHdr,
    ICMPv6ND_Redirect,
    IPv6,
)

from kamesim.conformance.cases.ipv6._routers import SECOND_MAC, SECOND_ROUTER
from kamesim.conformance.exchange import (
    ETHERNET,
    NODE,
    TESTER,
    TESTER_RIGHT,
    case,
    echo_request,
    expect,
    expect_none,
    find,
    must,
    options_of,
)


@pytest.fixture
def better_hop(router, left):
    """The router's way to 2001:db8:7::/64 goes back over the left link."""
    left.answers[SECOND_ROUTER] = SECOND_MAC
    router.add_route("2001:db8:7::/64", via=SECOND_ROUTER, interface=router.interfaces[0])
    left.send(echo_request(NODE.address))  # the router knows the tester now
    left.run(1.0)

FAR = "2001:db8:7::1"


@case(must("RFC 4861 §8.2"), logo="v6LC.2.3.16 B")
def packet_that_leaves_by_its_link_is_forwarded_and_redirected(router, left, better_hop):
    request = echo_request(FAR, to_mac=NODE.mac)
    left.send(request)
    frames = left.run(1.0)
    (redirect,) = [p for p in frames if find(p, ICMPv6ND_Redirect)]
    header, message = redirect[IPv6], redirect[ICMPv6ND_Redirect]
    assert (header.src, header.dst, header.hlim) == (NODE.link_local, TESTER.address, 255)
    assert (message.tgt, message.dst, message.code) == (SECOND_ROUTER, FAR, 0)
    (forwarded,) = [p for p in frames if find(p, ICMPv6EchoRequest)]
    assert (forwarded.dst, forwarded[IPv6].hlim) == (SECOND_MAC, 63)


@case(must("RFC 4861 §8.2"))
def redirect_tells_the_link_layer_address_that_is_known(router, left, better_hop):
    left.send(echo_request(FAR, to_mac=NODE.mac))
    left.run(2.0)
    left.send(echo_request(FAR, to_mac=NODE.mac))
    redirect = expect(left, ICMPv6ND_Redirect)
    assert [option.lladdr for option in options_of(redirect, ICMPv6NDOptDstLLAddr)] == [SECOND_MAC]


@case(must("RFC 4861 §8.2", "RFC 4861 §4.6.3"))
@pytest.mark.parametrize("size", [20, 1400], ids=lambda n: f"{n} bytes")
@pytest.mark.parametrize("known", [False, True], ids=["mac-unknown", "mac-known"])
def redirect_quotes_as_much_as_fits_the_minimum_mtu(router, left, better_hop, size, known):
    if known:  # the option with the target's MAC address takes 8 bytes
        left.send(echo_request(FAR, to_mac=NODE.mac))
        left.run(2.0)
    request = echo_request(FAR, bytes(i & 0xFF for i in range(size)), to_mac=NODE.mac)
    left.send(request)
    redirect = expect(left, ICMPv6ND_Redirect)
    (option,) = options_of(redirect, ICMPv6NDOptRedirectedHdr)
    at = redirect.wire.rindex(bytes([4, option.len, 0, 0, 0, 0, 0, 0])) + 8
    quotation = redirect.wire[at : at + 8 * (option.len - 1)]
    original = bytes(request)[ETHERNET:]
    assert 40 + redirect[IPv6].plen <= 1280
    # The hop limit may be the one that was received, or lower by one.
    assert quotation[:7] == original[:7] and quotation[8 : len(original)] == original[8 : len(quotation)]
    assert len(options_of(redirect, ICMPv6NDOptDstLLAddr)) == known
    assert len(quotation) >= min(len(original), 1280 - 40 - 40 - 8 * known - 8 - 7)


@case(must("RFC 4861 §8.2"), logo="v6LC.2.3.16 A")
def neighbor_that_is_the_destination_is_redirected_to_itself(router, left, better_hop):
    left.answers["2001:db8:1::77"] = SECOND_MAC
    left.send(echo_request("2001:db8:1::77", to_mac=NODE.mac))
    expect(left, ICMPv6ND_Redirect, tgt="2001:db8:1::77", dst="2001:db8:1::77")


@case(must("RFC 4861 §8.2"), logo="v6LC.2.3.16 C")
def source_that_is_no_neighbor_is_not_redirected(router, left, better_hop):
    left.send(echo_request(FAR, source="2001:db8:9::9", to_mac=NODE.mac))
    expect_none(left, ICMPv6ND_Redirect)


@case(must("RFC 4861 §8.2"))
def source_behind_another_router_of_the_link_is_not_redirected(router, left, better_hop):
    router.add_route("2001:db8:9::/64", via=SECOND_ROUTER, interface=router.interfaces[0])
    left.answers["2001:db8:9::9"] = SECOND_MAC  # if the router should ask for it
    left.send(echo_request(FAR, source="2001:db8:9::9", to_mac=NODE.mac))
    expect_none(left, ICMPv6ND_Redirect)


@case(must("RFC 4861 §8.2"))
def packet_that_goes_on_by_another_link_is_not_redirected(router, left, right):
    left.send(echo_request(TESTER_RIGHT.address, to_mac=NODE.mac))
    expect(right, ICMPv6EchoRequest)
    expect_none(left, ICMPv6ND_Redirect)


@case(must("RFC 4861 §8.2"))
def redirects_are_limited_in_rate(router, left, better_hop):
    # "MUST limit the rate".
    left.send(*[echo_request(FAR, seq=n, to_mac=NODE.mac) for n in range(100)])
    assert sum(find(p, ICMPv6ND_Redirect) is not None for p in left.run(1.0)) < 50


@case(must("RFC 4861 §8.2"))
def redirects_are_limited_in_rate_over_time(router, left, better_hop):
    frames = []
    for n in range(200):
        left.send(echo_request(FAR, seq=n & 0xFFFF, to_mac=NODE.mac))
        frames += left.run(0.001)
    assert sum(find(p, ICMPv6ND_Redirect) is not None for p in frames) < 100
