"""The order in which a destination processes extension headers (RFC 8200 §4.1): as they stand, one after the other."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6ParamProblem, IPv6ExtHdrFragment
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
from kamesim.conformance.exchange import case, echo, expect, expect_silence, fragment, ip, must, payload_of, quoted

TO_SKIP, TO_REPORT = 0x1E, 0x9E
PAYLOAD_LENGTH = 4  # where the field is in the IPv6 header


@case(must("RFC 8200 §4.1"), logo="v6LC.1.2.4 A")
def option_before_a_wrong_fragment_is_reported(node, port):
    port.send(ip() / options(DESTINATION, TO_REPORT) / IPv6ExtHdrFragment(m=1, id=7) / Raw(bytes(12)))
    expect(port, ICMPv6ParamProblem, code=UNRECOGNIZED_OPTION, ptr=FIRST_HEADER + 2)


@case(must("RFC 8200 §4.1"), logo="v6LC.1.2.4 B")
def fragment_behind_an_option_that_is_skipped_is_reported(node, port):
    port.send(ip() / options(DESTINATION, TO_SKIP) / IPv6ExtHdrFragment(m=1, id=7) / Raw(bytes(12)))
    expect(port, ICMPv6ParamProblem, code=ERRONEOUS_FIELD, ptr=PAYLOAD_LENGTH)


@case(must("RFC 8200 §4.1"), logo="v6LC.1.2.4 C")
def wrong_fragment_before_an_option_is_reported(node, port):
    inside = payload_of(ip() / options(DESTINATION, TO_REPORT) / echo(bytes(5)))
    assert len(inside) % 8
    port.send(fragment(inside, offset=0, more=True, next_header=60))
    expect(port, ICMPv6ParamProblem, code=ERRONEOUS_FIELD, ptr=PAYLOAD_LENGTH)
    expect_silence(port)


@case(must("RFC 8200 §4.1"), logo="v6LC.1.2.4 D")
def option_behind_a_fragment_header_is_reported(node, port):
    port.send(fragment(payload_of(ip() / options(DESTINATION, TO_REPORT) / echo()), offset=0, more=False, next_header=60))
    error = expect(port, ICMPv6ParamProblem, code=UNRECOGNIZED_OPTION)
    # Whether the packet is quoted with its Fragment header or without, the pointer is into that quotation.
    assert quoted(error)[error[ICMPv6ParamProblem].ptr] == TO_REPORT


@case(must("RFC 8200 §4.1", "RFC 8200 §4.2"))
def hop_by_hop_options_are_processed_before_all_else(node, port):
    port.send(ip() / options(HOP_BY_HOP, TO_REPORT) / options(DESTINATION, TO_REPORT) / echo())
    expect(port, ICMPv6ParamProblem, code=UNRECOGNIZED_OPTION, ptr=FIRST_HEADER + 2)
    expect_silence(port)


# The headers before the one that is wrong.
BEFORE = {"behind the IPv6 header": (), "behind destination options": (options(DESTINATION, TO_SKIP),)}


@case(must("RFC 8200 §4"), logo={"behind the IPv6 header": "v6LC.1.1.7 B", "behind destination options": "v6LC.1.2.3 B"})
@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
def header_is_what_the_next_header_field_says_it_is(node, port, before):
    """An Echo Request that is announced as destination options: its type is a Next Header that nobody knows, and what
    would be its checksum is an option."""
    message = bytes([128, 0, 1, 4, 0, 0, 0, 0])
    packet = ip(**({} if before else {"nh": 60}))
    for header in before:
        header = header.copy()
        header.nh = 60
        packet = packet / header
    port.send(packet / Raw(message + bytes(8)))
    at = FIRST_HEADER + 8 * len(before)
    expect(port, ICMPv6ParamProblem, code=UNRECOGNIZED_NEXT_HEADER, ptr=at)
