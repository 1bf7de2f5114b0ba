"""Addresses that no packet may bear (RFC 4291 §2.5)."""

from __future__ import annotations

import pytest

from kamesim.conformance.exchange import NODE, TESTER_RIGHT, case, echo_request, expect_dropped, expect_silence, must


IMPOSSIBLE = {
    "from a group": ("ip6.multicast_source", {"source": "ff02::7"}),
    "to the unspecified address": ("ip6.unspecified_destination", {"destination": "::"}),
    "from the loopback address": ("ip6.loopback_address_on_wire", {"source": "::1"}),
    "to the loopback address": ("ip6.loopback_address_on_wire", {"destination": "::1"}),
    "from an IPv4-mapped address": ("ip6.v4_mapped_on_wire", {"source": "::ffff:192.0.2.1"}),
    "to an IPv4-mapped address": ("ip6.v4_mapped_on_wire", {"destination": "::ffff:192.0.2.1"}),
}


@case(must("RFC 4291 §2.5.2", "RFC 4291 §2.5.3"))
@pytest.mark.parametrize(("reason", "addresses"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
@pytest.mark.parametrize("role", ["host", "router"])
def packet_with_an_impossible_address_is_discarded(request, role, reason, addresses):
    node = request.getfixturevalue(role)
    port = request.getfixturevalue("port" if role == "host" else "left")
    port.send(echo_request(to_mac=NODE.mac, **addresses))
    expect_silence(port)
    expect_dropped(node, reason)


@case(must("RFC 4291 §2.5.2"))
def packet_from_the_unspecified_address_is_not_forwarded(router, left, right):
    left.send(echo_request(TESTER_RIGHT.address, source="::"))
    expect_silence(right)
    expect_dropped(router, "ip6.unspecified_source_forwarded")


@case(must("RFC 1812 §5.3.4"))
def packet_in_a_group_frame_is_not_forwarded(router, left, right):
    # For IPv6 too.
    left.send(echo_request(TESTER_RIGHT.address, to_mac="33:33:00:00:00:01"))
    expect_silence(right)
    expect_silence(left)
