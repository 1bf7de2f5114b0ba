"""Shared by the cases on redirects at a host."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    ICMPv6ND_Redirect,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptRedirectedHdr,
    IPv6,
)

from kamesim.conformance.cases.ipv6._hosts import FAR, SECOND_MAC, SECOND_ROUTER, next_hop
from kamesim.conformance.exchange import ETHERNET, NODE, TESTER, datagram, ip, lladdr_option, ra, stack


def redirect(
    target=SECOND_ROUTER,
    *options,
    destination=FAR,
    source=TESTER.link_local,
    lladdr=SECOND_MAC,
    quotes=True,
    hop_limit=255,
    to=NODE.address,
    **fields,
):
    """A Redirect from the first hop, with the Target Link-Layer Address and the Redirected Header options."""
    invoking = IPv6(bytes(datagram(destination, source=NODE.address))[ETHERNET:])
    return stack(
        ip(to, source=source, hlim=hop_limit),
        ICMPv6ND_Redirect(tgt=target, dst=destination, **fields),
        *lladdr_option(ICMPv6NDOptDstLLAddr, lladdr),
        *([ICMPv6NDOptRedirectedHdr(pkt=invoking)] if quotes else []),
        *options,
    )


@pytest.fixture
def by_router(host, port):
    """The host sends to FAR by the tester."""
    port.send(ra())
    assert next_hop(host, port) == TESTER.mac
