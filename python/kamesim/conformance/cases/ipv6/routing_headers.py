"""Routing headers (RFC 8200 §4.4; RFC 5095)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6ParamProblem, IPv6ExtHdrRouting

from kamesim.conformance.cases.ipv6._extension_headers import DESTINATION, ERRONEOUS_FIELD, FIRST_HEADER, options
from kamesim.conformance.exchange import TESTER_RIGHT, case, echo, expect, expect_dropped, expect_silence, ip, must


@case(must("RFC 8200 §4.4", "RFC 5095 §3"))
@pytest.mark.parametrize("type", [0, 1, 3, 253], ids=lambda t: f"type {t}")
def routing_header_without_segments_left_is_ignored(node, port, type):
    port.send(ip() / IPv6ExtHdrRouting(type=type, segleft=0, addresses=["2001:db8::7"]) / echo())
    expect(port, ICMPv6EchoReply)


@case(must("RFC 8200 §4.4", "RFC 5095 §3"), logo={"type 253": "v6LC.1.2.9 A", "type 0": "v6LC.1.2.9 B"})
@pytest.mark.parametrize("type", [0, 1, 3, 253], ids=lambda t: f"type {t}")
def unrecognized_routing_type_with_segments_left_is_pointed_at(node, port, type):
    port.send(ip() / IPv6ExtHdrRouting(type=type, segleft=1, addresses=["2001:db8:1::99"]) / echo())
    expect(port, ICMPv6ParamProblem, code=ERRONEOUS_FIELD, ptr=FIRST_HEADER + 2)
    expect_silence(port)  # above all, the packet does not come back
    expect_dropped(node, "ip6.unrecognized_routing_type")


@case(must("RFC 8200 §4.4"))
def routing_type_pointer_counts_the_headers_before(node, port):
    port.send(ip() / options(DESTINATION, 0x1E) / IPv6ExtHdrRouting(type=0, segleft=1, addresses=["2001:db8::7"]) / echo())
    expect(port, ICMPv6ParamProblem, code=ERRONEOUS_FIELD, ptr=FIRST_HEADER + 8 + 2)


@case(must("RFC 8200 §4.4", "RFC 5095 §3"), logo={"type 33": "v6LC.1.2.10 A", "type 0": "v6LC.1.2.10 B"})
@pytest.mark.parametrize("type", [33, 0], ids=lambda t: f"type {t}")
def unrecognized_routing_type_leads_nowhere_from_a_router(router, left, right, type):
    left.send(ip() / IPv6ExtHdrRouting(type=type, segleft=1, addresses=[TESTER_RIGHT.address]) / echo())
    expect(left, ICMPv6ParamProblem, code=ERRONEOUS_FIELD, ptr=FIRST_HEADER + 2)
    expect_silence(right)
