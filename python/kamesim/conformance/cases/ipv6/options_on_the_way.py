"""Hop-by-hop options at a router that forwards the packet (RFC 8200 §4.2, §4.3)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoRequest, ICMPv6ParamProblem, IPv6, IPv6ExtHdrHopByHop
from scapy.packet import Raw

from kamesim.conformance.cases.ipv6._extension_headers import (
    ERRONEOUS_FIELD,
    FIRST_HEADER,
    HOP_BY_HOP,
    UNRECOGNIZED_OPTION,
    options,
)
from kamesim.conformance.exchange import (
    ETHERNET,
    NODE,
    TESTER,
    TESTER_RIGHT,
    case,
    echo,
    expect,
    expect_none,
    expect_silence,
    ip,
    must,
    payload_of,
    quoted,
)


@case(must("RFC 8200 §4.2", "RFC 8200 §4.3"), logo={"Pad1": "v6LC.1.2.7 A", "PadN": "v6LC.1.2.7 B"})
@pytest.mark.parametrize("padding", [bytes(6), b"\1\4\0\0\0\0"], ids=["Pad1", "PadN"])
def padding_is_forwarded(router, left, right, padding):
    left.send(ip(TESTER_RIGHT.address, nh=0) / Raw(b"\x3a\0" + padding + payload_of(ip(TESTER_RIGHT.address) / echo())))
    came = expect(right, ICMPv6EchoRequest)
    assert payload_of(came)[:8] == b"\x3a\0" + padding


@case(must("RFC 8200 §4.2"), logo="v6LC.1.2.7 C")
def option_to_skip_is_forwarded(router, left, right):
    left.send(ip(TESTER_RIGHT.address) / options(HOP_BY_HOP, 0x1E) / echo())
    came = expect(right, ICMPv6EchoRequest)
    assert came[IPv6ExtHdrHopByHop].options[0].otype == 0x1E


@case(must("RFC 8200 §4.2"), logo="v6LC.1.2.7 D")
def option_to_discard_is_discarded_silently(router, left, right):
    left.send(ip(TESTER_RIGHT.address) / options(HOP_BY_HOP, 0x5E) / echo())
    expect_silence(left)
    expect_none(right, ICMPv6EchoRequest, within=0.0)


@case(must("RFC 8200 §4.2"), logo={"10": "v6LC.1.2.7 E", "11": "v6LC.1.2.7 F"})
@pytest.mark.parametrize("option", [0x9E, 0xDE], ids=["10", "11"])
def option_to_report_is_reported(router, left, right, option):
    request = ip(TESTER_RIGHT.address) / options(HOP_BY_HOP, option) / echo()
    left.send(request)
    error = expect(left, ICMPv6ParamProblem, code=UNRECOGNIZED_OPTION, ptr=FIRST_HEADER + 2)
    assert (error[IPv6].src, error[IPv6].dst) == (NODE.address, TESTER.address)
    assert quoted(error) == bytes(request)[ETHERNET:]
    expect_none(right, ICMPv6EchoRequest, within=1.0)


@case(must("RFC 8200 §4.2"), logo={"10": "v6LC.1.2.7 G", "11": "v6LC.1.2.7 H"})
@pytest.mark.parametrize(("option", "reported"), [(0x9E, True), (0xDE, False)], ids=["10", "11"])
def option_of_a_packet_to_a_group_is_reported_if_it_says_so(router, left, right, option, reported):
    left.send(ip("ff02::1") / options(HOP_BY_HOP, option) / echo())
    if reported:
        expect(left, ICMPv6ParamProblem, code=UNRECOGNIZED_OPTION, ptr=FIRST_HEADER + 2)
    else:
        expect_silence(left)


@case(must("RFC 4443 §3.4 code 0"))
def option_that_reaches_beyond_its_header_is_reported_on_the_way(router, left, right):
    header = bytes([58, 0, 0x1E, 100, 0, 0, 0, 0])
    left.send(ip(TESTER_RIGHT.address, nh=0) / Raw(header + payload_of(ip(TESTER_RIGHT.address) / echo())))
    expect(left, ICMPv6ParamProblem, code=ERRONEOUS_FIELD, ptr=FIRST_HEADER + 3)
    expect_none(right, ICMPv6EchoRequest, within=0.5)
