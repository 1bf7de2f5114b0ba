"""Errors about atomic fragments (RFC 6946): they quote the packet as it came, with its Fragment header, and point to where
things stand in it (RFC 4443 §3.4)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6ParamProblem,
    IPv6ExtHdrFragment,
    IPv6ExtHdrRouting,
)
from scapy.packet import Raw

from kamesim.conformance.cases.ipv6._extension_headers import (
    DESTINATION,
    ERRONEOUS_FIELD,
    FIRST_HEADER,
    HOP_BY_HOP,
    UNRECOGNIZED_NEXT_HEADER,
    UNRECOGNIZED_OPTION,
    options,
)
from kamesim.conformance.exchange import ETHERNET, case, datagram, echo, expect, ip, may, must, payload_of, quoted

BEHIND = FIRST_HEADER + 8  # the Fragment header's size


def atomic(*headers, before=()):
    """A packet whose rest stands behind a Fragment header of offset 0, without more to come."""
    packet = ip()
    for header in before:
        packet = packet / header
    packet = packet / IPv6ExtHdrFragment(offset=0, m=0, id=0xBEEF, res1=0x5A)
    for header in headers:
        packet = packet / header
    return packet


def reported(port, packet, error, **fields):
    port.send(packet)
    told = expect(port, error, **fields)
    assert quoted(told) == bytes(packet)[ETHERNET:]


@case(must("RFC 4443 §3.4", "RFC 6946 §4"))
def unrecognized_next_header_of_the_fragment_header_is_pointed_at(node, port):
    packet = ip() / IPv6ExtHdrFragment(nh=253, offset=0, m=0, id=5) / Raw(bytes(16))
    reported(port, packet, ICMPv6ParamProblem, code=UNRECOGNIZED_NEXT_HEADER, ptr=FIRST_HEADER)


@case(must("RFC 4443 §3.4", "RFC 8200 §4.2", "RFC 6946 §4"))
def unrecognized_option_behind_the_fragment_header_is_pointed_at(node, port):
    packet = atomic(options(DESTINATION, 0x9E), echo())
    reported(port, packet, ICMPv6ParamProblem, code=UNRECOGNIZED_OPTION, ptr=BEHIND + 2)


@case(must("RFC 4443 §3.4", "RFC 8200 §4.4", "RFC 6946 §4"))
def routing_type_behind_the_fragment_header_is_pointed_at(node, port):
    packet = atomic(IPv6ExtHdrRouting(type=253, segleft=1, addresses=["2001:db8::1"]), echo())
    reported(port, packet, ICMPv6ParamProblem, code=ERRONEOUS_FIELD, ptr=BEHIND + 2)


@case(must("RFC 4443 §3.4", "RFC 8200 §4.1", "RFC 6946 §4"))
def hop_by_hop_options_behind_the_fragment_header_are_an_unrecognized_next_header(node, port):
    packet = atomic(options(HOP_BY_HOP, 0x1E), echo())
    reported(port, packet, ICMPv6ParamProblem, code=UNRECOGNIZED_NEXT_HEADER, ptr=FIRST_HEADER)


@case(must("RFC 4443 §3.4", "RFC 6946 §4"))
def headers_before_the_fragment_header_count(node, port):
    packet = atomic(options(DESTINATION, 0x9E), echo(), before=[options(DESTINATION, 0x1E)])
    reported(port, packet, ICMPv6ParamProblem, code=UNRECOGNIZED_OPTION, ptr=FIRST_HEADER + 8 + 8 + 2)


@case(must("RFC 4443 §3.1", "RFC 6946 §4"))
def datagram_to_a_closed_port_is_quoted_with_its_fragment_header(node, port):
    packet = ip() / IPv6ExtHdrFragment(nh=17, offset=0, m=0, id=5) / Raw(payload_of(datagram(dport=9999)))
    reported(port, packet, ICMPv6DestUnreach, code=4)


@case(must("RFC 6946 §4", "RFC 4443 §4.2"))
@pytest.mark.parametrize("size", [0, 1, 1000, 1432], ids=lambda n: f"{n} bytes")
def atomic_fragment_of_any_size_is_processed(node, port, size):
    data = bytes(i & 0xFF for i in range(size))
    port.send(atomic(echo(data, id=3, seq=4)))
    reply = expect(port, ICMPv6EchoReply, id=3, seq=4)
    assert reply[ICMPv6EchoReply].data == data
    assert IPv6ExtHdrFragment not in reply


@case(may("RFC 8200 §4.5"))
def atomic_fragment_inside_an_atomic_fragment_is_processed(node, port):
    # Not forbidden to the receiver, who "must accept and attempt to process extension headers in any order" (§4.1).
    port.send(atomic(IPv6ExtHdrFragment(nh=58, offset=0, m=0, id=6), echo(b"inside")))
    assert expect(port, ICMPv6EchoReply)[ICMPv6EchoReply].data == b"inside"
