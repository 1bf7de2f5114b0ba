"""Reassembly of fragments (RFC 8200 §4.5)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6ParamProblem, IPv6, IPv6ExtHdrRouting

from kamesim.conformance.cases.ipv6._extension_headers import (
    DATA,
    DESTINATION,
    FIRST_HEADER,
    HOP_BY_HOP,
    UNRECOGNIZED_OPTION,
    expect_reply,
    options,
    request_payload,
)
from kamesim.conformance.exchange import (
    TESTER,
    case,
    datagram,
    echo,
    expect,
    expect_dropped,
    expect_none,
    fragment,
    fragments,
    ip,
    must,
    payload_of,
)


ORDERS = {"in order": (0, 1, 2, 3), "reversed": (3, 2, 1, 0), "mixed": (2, 0, 3, 1)}


@case(must("RFC 8200 §4.5"), logo={"in order": "v6LC.1.3.1 A", "reversed": "v6LC.1.3.1 B"})
@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def fragments_are_reassembled_in_any_order(node, port, order):
    pieces = fragments(request_payload(), 136)
    assert len(pieces) == 4
    for index in order[:-1]:
        port.send(pieces[index])
    expect_none(port, ICMPv6EchoReply)
    port.send(pieces[order[-1]])
    expect_reply(port)


@case(must("RFC 8200 §4.5"))
def exact_duplicates_of_fragments_do_no_harm(node, port):
    # May be dropped on their own.
    first, second, last = fragments(request_payload(), 176)
    port.send(first, second, first, second, last)
    expect_reply(port)
    expect_dropped(node, "frag6.duplicate", 2)


@case(must("RFC 8200 §4.5"))
def fragments_of_different_packets_do_not_mix(node, port):
    # Source, destination, identification.
    one, other = request_payload(b"1" * 64), request_payload(b"2" * 64, seq=2)
    third = request_payload(b"3" * 64, seq=3, source=TESTER.link_local)
    packets = [fragments(one, 40, id=1), fragments(other, 40, id=2), fragments(third, 40, id=1, source=TESTER.link_local)]
    for pieces in zip(*packets):
        port.send(*pieces)
    replies = [expect(port, ICMPv6EchoReply) for _ in packets]
    assert [r[ICMPv6EchoReply].data for r in replies] == [b"1" * 64, b"2" * 64, b"3" * 64]
    assert [r[IPv6].dst for r in replies] == [TESTER.address, TESTER.address, TESTER.link_local]


@case(must("RFC 8200 §4.5"))
def headers_of_the_unfragmentable_part_stay(node, port):
    before = [options(HOP_BY_HOP, 0x1E), IPv6ExtHdrRouting(type=253, segleft=0, addresses=[])]
    port.send(*fragments(request_payload(), 264, before=before))
    expect_reply(port)


@case(must("RFC 8200 §4.5"))
def headers_of_the_fragmentable_part_are_processed_after_reassembly(node, port):
    payload = payload_of(ip() / options(DESTINATION, 0x80) / echo(DATA))
    port.send(*fragments(payload, 264, next_header=60))
    # The pointer is into the reassembled packet, which has no Fragment header.
    expect(port, ICMPv6ParamProblem, code=UNRECOGNIZED_OPTION, ptr=FIRST_HEADER + 2)


@case(must("RFC 8200 §4.5"))
def next_header_is_taken_from_the_first_fragment(node, port):
    payload = request_payload()
    port.send(fragment(payload[264:], offset=264, more=False, next_header=253))
    port.send(fragment(payload[:264], offset=0, more=True, next_header=58))
    expect_reply(port)


@case(must("RFC 8200 §4.5"))
def datagram_that_fills_the_64_kib_is_reassembled(node, port):
    # Up to 65,535 octets of payload.
    payload = payload_of(datagram(data=bytes(65535 - 8)))
    port.send(*fragments(payload, 1448, next_header=17))
    expect(port, ICMPv6DestUnreach, code=4)
