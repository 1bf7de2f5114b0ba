"""Redirects at a host (RFC 4861 §8.1, §8.3)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoRequest, ICMPv6ND_NS, ICMPv6Unknown

from kamesim.conformance.cases.ipv6._hosts import FAR, SECOND_MAC, SECOND_ROUTER, next_hop, option_of_length
from kamesim.conformance.cases.ipv6._redirects import by_router, redirect
from kamesim.conformance.exchange import (
    TESTER,
    case,
    expect,
    expect_dropped,
    expect_silence,
    ip,
    must,
    payload_of,
)


@case(must("RFC 4861 §8.3"))
def redirect_to_a_better_router_is_followed(host, port, by_router):
    port.send(redirect())
    assert next_hop(host, port) == SECOND_MAC
    assert next_hop(host, port, "2001:db8:7::2") == TESTER.mac  # for this destination only


@case(must("RFC 4861 §8.3"))
def redirect_to_the_destination_itself_makes_it_a_neighbor(host, port, by_router):
    port.send(redirect(FAR))
    assert next_hop(host, port) == SECOND_MAC


@case(must("RFC 4861 §8.3"))
def target_whose_link_layer_address_is_not_told_is_asked(host, port, by_router):
    port.answers[SECOND_ROUTER] = SECOND_MAC
    port.routers.add(SECOND_ROUTER)
    port.send(redirect(lladdr=None))
    host.ping(FAR, count=1)
    expect(port, ICMPv6ND_NS, tgt=SECOND_ROUTER)
    assert expect(port, ICMPv6EchoRequest).dst == SECOND_MAC


@case(must("RFC 4861 §8.3"), logo="v6LC.2.3.7")
def redirect_can_be_redirected_again(host, port, by_router):
    # By the router it was redirected to.
    port.send(redirect())
    assert next_hop(host, port) == SECOND_MAC
    port.send(redirect("fe80::66", source=SECOND_ROUTER, lladdr="02:00:00:00:00:66"))
    assert next_hop(host, port) == "02:00:00:00:00:66"

INVALID_REDIRECTS = {
    "source is not link-local": ("nd.source_not_link_local", {"source": TESTER.address}),
    "hop limit is not 255": ("nd.bad_hop_limit", {"hop_limit": 254}),
    "wrong checksum": ("icmp6.bad_checksum", {"cksum": 0x1234}),
    "code is not 0": ("nd.bad_code", {"code": 1}),
    "source is not the first hop": ("nd.redirect_not_from_first_hop", {"source": "fe80::66"}),
    "destination is a group": ("nd.multicast_redirect", {"destination": "ff0e::7"}),
    "target is neither a router nor the destination": ("nd.bad_redirect_target", {"target": "2001:db8:1::77"}),
}


@case(must("RFC 4861 §8.1"))
@pytest.mark.parametrize(("reason", "fields"), INVALID_REDIRECTS.values(), ids=INVALID_REDIRECTS)
def invalid_redirect_is_silently_discarded(host, port, by_router, reason, fields):
    port.send(redirect(**fields))
    expect_silence(port)
    expect_dropped(host, reason)
    assert next_hop(host, port) == TESTER.mac


@case(must("RFC 4861 §8.1"))
def redirect_that_is_too_short_is_discarded(host, port, by_router):
    # 40 bytes.
    kept = payload_of(redirect(lladdr=None))[4:39]
    port.send(ip(source=TESTER.link_local, hlim=255) / ICMPv6Unknown(type=137, msgbody=kept))
    expect_silence(port)
    expect_dropped(host, "nd.truncated")


@case(must("RFC 4861 §8.1"))
def redirect_with_an_option_of_length_0_is_discarded(host, port, by_router):
    port.send(redirect(SECOND_ROUTER, option_of_length(0)))
    assert next_hop(host, port) == TESTER.mac
    expect_dropped(host, "nd.option_zero_length")


@case(must("RFC 4861 §8.2"), logo="v6LC.2.3.17")
def router_does_not_follow_redirects(router, left):
    router.add_route("::/0", via=TESTER.link_local, interface=router.interfaces[0])
    assert next_hop(router, left) == TESTER.mac
    left.send(redirect())
    assert next_hop(router, left) == TESTER.mac


@case(must("RFC 4861 §7.3.3", "RFC 4861 §5.3"))
def redirected_destination_falls_back_when_the_new_hop_is_gone(host, port, by_router):
    port.send(redirect())
    assert next_hop(host, port) == SECOND_MAC  # which answers no probe
    for _ in range(20):
        next_hop(host, port)
    assert next_hop(host, port) == TESTER.mac
