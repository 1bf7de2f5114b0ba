"""Fragments of a node's own (RFC 8200 §4.5, §5)."""

from __future__ import annotations

from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6, IPv6ExtHdrFragment

from kamesim.conformance.exchange import TESTER, TESTER_RIGHT, case, echo_request, expect, expect_silence, must


def own_fragments(node, port, size):
    node.ping(TESTER.address, count=1, size=size)
    return [packet for packet in port.run(1.0) if IPv6ExtHdrFragment in packet]


@case(must("RFC 8200 §4.5"))
def large_packets_leave_in_fragments(node, port):
    pieces = own_fragments(node, port, 3000)
    headers = [piece[IPv6ExtHdrFragment] for piece in pieces]
    sizes = [piece[IPv6].plen - 8 for piece in pieces]
    assert all(40 + piece[IPv6].plen <= 1500 for piece in pieces)
    assert sum(sizes) == 8 + 3000  # an echo request
    assert [8 * header.offset for header in headers] == [sum(sizes[:i]) for i in range(len(sizes))]
    assert all(size % 8 == 0 for size in sizes[:-1])
    assert [header.m for header in headers] == [1] * (len(headers) - 1) + [0]
    assert {header.nh for header in headers} == {58} and len({header.id for header in headers}) == 1


@case(must("RFC 8200 §4.5"))
def fragmented_packets_in_a_row_have_different_identifications(node, port):
    seen = [own_fragments(node, port, 2000)[0][IPv6ExtHdrFragment].id for _ in range(8)]
    assert len(set(seen)) == 8
    assert len({b - a for a, b in zip(seen, seen[1:])}) > 1, "predictable (RFC 7739 §4)"


@case(must("RFC 8200 §4.5"))
def packet_that_fits_is_not_fragmented(node, port):
    node.ping(TESTER.address, count=1, size=1500 - 40 - 8)
    assert IPv6ExtHdrFragment not in expect(port, ICMPv6EchoRequest)


@case(must("RFC 8200 §5"), role="router")
def router_does_not_fragment(lab):
    lab.router(right_mtu=1280)
    left, right = lab.ports
    left.send(echo_request(TESTER_RIGHT.address, bytes(1300)))
    expect_silence(right)
