"""The chain of extension headers (RFC 8200 §4, §4.1): order, next headers, who examines them."""

from __future__ import annotations

import pytest
from scapy.layers.inet import UDP
from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ParamProblem,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrRouting,
    PadN,
)
from scapy.packet import Raw

from kamesim.conformance.cases.ipv6._extension_headers import (
    DESTINATION,
    FIRST_HEADER,
    HOP_BY_HOP,
    UNRECOGNIZED_NEXT_HEADER,
    UNRECOGNIZED_OPTION,
    options,
)
from kamesim.conformance.exchange import (
    ALL_NODES,
    CLOSED_PORT,
    NODE,
    TESTER_RIGHT,
    case,
    echo,
    expect,
    expect_dropped,
    expect_silence,
    ip,
    must,
    payload_of,
)


IN_IPV6_HEADER = 6  # where the Next Header field is

EIGHT_BYTES = b"8 bytes."


@case(must("RFC 8200 §4"), logo="v6LC.1.1.7 A")
def unrecognized_next_header_of_the_ipv6_header_is_pointed_at(node, port):
    port.send(ip(nh=253) / Raw(EIGHT_BYTES))
    expect(port, ICMPv6ParamProblem, code=UNRECOGNIZED_NEXT_HEADER, ptr=IN_IPV6_HEADER)


@case(must("RFC 8200 §4"))
@pytest.mark.parametrize("inside", [4, 41, 50, 51, 135], ids=["IPv4", "IPv6", "ESP", "AH", "mobility header"])
def header_of_what_the_node_has_not_is_unrecognized(node, port, inside):
    # A node without tunnels, IPsec and Mobile IPv6.
    port.send(ip(nh=inside) / Raw(bytes(IPv6(src="2001:db8:9::1", dst=NODE.address) / UDP(dport=CLOSED_PORT))))
    expect(port, ICMPv6ParamProblem, code=UNRECOGNIZED_NEXT_HEADER, ptr=IN_IPV6_HEADER)


@case(must("RFC 8200 §4"), logo="v6LC.1.2.3 A")
def unrecognized_next_header_of_an_extension_header_is_pointed_at(node, port):
    port.send(ip() / options(DESTINATION, 0x1E) / DESTINATION(nh=253, options=[PadN(optdata=bytes(4))]) / Raw(EIGHT_BYTES))
    expect(port, ICMPv6ParamProblem, code=UNRECOGNIZED_NEXT_HEADER, ptr=FIRST_HEADER + 8)


@case(must("RFC 4443 §2.4 e.3"))
def unrecognized_next_header_to_a_group_is_not_reported(node, port):
    port.send(ip(ALL_NODES, nh=253) / Raw(EIGHT_BYTES))
    expect_silence(port)


@case(must("RFC 8200 §4"), logo="v6LC.1.2.1")
def hop_by_hop_options_not_first_are_an_unrecognized_next_header(node, port):
    port.send(ip() / options(DESTINATION, 0x1E) / options(HOP_BY_HOP, 0x1E) / echo())
    expect(port, ICMPv6ParamProblem, code=UNRECOGNIZED_NEXT_HEADER, ptr=FIRST_HEADER)


@case(must("RFC 8200 §4.7"), logo="v6LC.1.2.2 A")
def no_next_header_ends_the_packet_silently(node, port):
    port.send(ip() / DESTINATION(nh=59, options=[PadN(optdata=bytes(4))]) / Raw(payload_of(ip() / echo())))
    expect_silence(port)
    expect_dropped(node, "ip6.no_next_header")


@case(must("RFC 8200 §4.1"))
def headers_come_in_any_order_and_any_number(node, port):
    headers = (
        options(HOP_BY_HOP, 0x1E)
        / IPv6ExtHdrFragment(id=1)
        / options(DESTINATION, 0x1E)
        / IPv6ExtHdrRouting(type=253, segleft=0, addresses=[])
        / options(DESTINATION, 0x1E)
        / IPv6ExtHdrRouting(type=253, segleft=0, addresses=[])
    )
    port.send(ip() / headers / echo())
    expect(port, ICMPv6EchoReply)


@case(must("RFC 8200 §4"))
def destination_options_are_not_examined_on_the_way(router, left, right):
    left.send(ip(TESTER_RIGHT.address) / options(DESTINATION, 0x80) / echo())
    forwarded = expect(right, ICMPv6EchoRequest)
    assert forwarded[IPv6ExtHdrDestOpt].options[0].otype == 0x80


@case(must("RFC 8200 §4"))
def routing_headers_are_not_examined_on_the_way(router, left, right):
    left.send(ip(TESTER_RIGHT.address) / IPv6ExtHdrRouting(type=253, segleft=1, addresses=["2001:db8::7"]) / Raw())
    expect(right, IPv6ExtHdrRouting, type=253, segleft=1)


@case(must("RFC 8200 §4.3"))
def hop_by_hop_options_are_examined_on_the_way(router, left, right):
    # A router that processes them.
    left.send(ip(TESTER_RIGHT.address) / options(HOP_BY_HOP, 0x80) / echo())
    expect(left, ICMPv6ParamProblem, code=UNRECOGNIZED_OPTION, ptr=FIRST_HEADER + 2)
    expect_silence(right)
