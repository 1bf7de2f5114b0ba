"""Packets that a careful tester sends, and what a node must make of them (RFC 8200, RFC 4443, RFC 4291)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ParamProblem,
    ICMPv6TimeExceeded,
    ICMPv6Unknown,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
)
from scapy.packet import Raw

from kamesim.conformance.cases.ipv6._extension_headers import ERRONEOUS_FIELD
from kamesim.conformance.exchange import (
    ALL_NODES,
    ETHERNET,
    NODE,
    NODE_RIGHT,
    TESTER,
    TESTER_RIGHT,
    case,
    datagram,
    echo,
    echo_request,
    expect,
    expect_none,
    expect_silence,
    find,
    fragment,
    fragments,
    ip,
    is_multicast,
    must,
    payload_of,
    quoted,
    should,
)

# --- Echo (RFC 4443 §4) -----------------------------------------------------------------------------------------------


@case(must("RFC 4443 §4.1", "RFC 4443 §2.1"))
def echo_request_from_nowhere_is_not_answered(node, port):
    port.send(echo_request(source="::"))
    expect_silence(port)


@case(must("RFC 4443 §2.3"))
def echo_request_with_a_checksum_of_zero_is_discarded(node, port):
    port.send(ip() / echo(cksum=0))
    expect_silence(port)


@case(must("RFC 4443 §4.2"))
@pytest.mark.parametrize("size", [1, 3, 7, 9, 255, 1231], ids=lambda n: f"{n} bytes")
def data_of_odd_length_comes_back_whole(node, port, size):
    data = bytes((7 * i + 1) & 0xFF for i in range(size))
    port.send(echo_request(data=data))
    assert expect(port, ICMPv6EchoReply)[ICMPv6EchoReply].data == data


@case(must("RFC 4443 §4.2", "RFC 8200 §4.5"))
@pytest.mark.parametrize("size", [1453, 2000, 8001], ids=lambda n: f"{n} bytes")
def data_that_needs_fragments_comes_back_whole(node, port, size):
    data = bytes((7 * i + 1) & 0xFF for i in range(size))
    port.send(echo_request())  # the tester's link-layer address is known: of those that wait for it, only some are kept
    expect(port, ICMPv6EchoReply)
    request = payload_of(echo_request(data=data))
    port.send(*fragments(request, 1448))
    pieces = [p for p in port.run(1.0) if find(p, IPv6ExtHdrFragment)]
    pieces.sort(key=lambda p: p[IPv6ExtHdrFragment].offset)
    assert b"".join(payload_of(p)[8:] for p in pieces)[8:] == data


@case(must("RFC 4443 §4.2"))
def reply_does_not_bear_the_options_of_the_request(node, port):
    port.send(ip() / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / echo())
    reply = expect(port, ICMPv6EchoReply)
    assert reply[IPv6].nh == 58 and reply[IPv6].hlim == 64


@case(must("RFC 4443 §2.2 b"))
def errors_about_packets_to_anycast_addresses_come_from_unicast_ones(node, port):
    node.add_address("2001:db8:1::a/64", anycast=True, interface=node.interfaces[0])
    port.run(3.0)
    port.send(datagram("2001:db8:1::a"))
    assert expect(port, ICMPv6DestUnreach)[IPv6].src == NODE.address


@case(must("RFC 4443 §2.2 b", "RFC 8200 §4.2"))
def error_about_a_packet_to_a_group_comes_from_a_unicast_address(node, port):
    packet = ip(ALL_NODES, nh=60) / Raw(bytes([58, 0, 0x80, 0, 1, 2, 0, 0]) + payload_of(echo_request(ALL_NODES)))
    port.send(packet)
    error = expect(port, ICMPv6ParamProblem, code=2, ptr=42)
    assert not is_multicast(error[IPv6].src) and error[IPv6].src == NODE.address


# --- Messages of ICMPv6 that nobody knows (RFC 4443 §2.4 a, b) --------------------------------------------------------


@case(must("RFC 4443 §2.4 b"))
@pytest.mark.parametrize("type", [150, 200, 201, 254, 255])
def unknown_informational_message_is_silently_discarded(node, port, type):
    port.send(ip() / ICMPv6Unknown(type=type, msgbody=bytes(28)))
    expect_silence(port)


@case(must("RFC 4443 §2.4 e.1"))
@pytest.mark.parametrize("type", [0, 5, 100, 101, 126, 127])
def unknown_error_is_silently_discarded(node, port, type):
    quotation = bytes(4) + bytes(datagram(TESTER.address, source=NODE.address))[ETHERNET:]
    port.send(ip() / ICMPv6Unknown(type=type, msgbody=quotation))
    expect_silence(port)


@case(must("RFC 4443 §2.4 d"))
@pytest.mark.parametrize("size", [0, 1, 39, 40, 47], ids=lambda n: f"{n} bytes quoted")
def error_with_a_short_quotation_does_no_harm(node, port, size):
    quotation = bytes(datagram(TESTER.address, source=NODE.address))[ETHERNET:][:size]
    for type in (1, 2, 3, 4):
        port.send(ip() / ICMPv6Unknown(type=type, msgbody=(1280).to_bytes(4, "big") + quotation))
    expect_silence(port)
    port.send(echo_request())
    expect(port, ICMPv6EchoReply)


# --- Fragments (RFC 8200 §4.5) ----------------------------------------------------------------------------------------


@case(must("RFC 8200 §4.5"))
def reserved_fields_of_the_fragment_header_are_ignored(node, port):
    request = payload_of(echo_request(data=bytes(100)))
    for at, data in ((0, request[:56]), (56, request[56:])):
        header = bytes([58, 0xFF]) + (at | 0x6 | (at == 0)).to_bytes(2, "big") + (9).to_bytes(4, "big")
        port.send(ip(nh=44) / Raw(header + data))
    assert expect(port, ICMPv6EchoReply)[ICMPv6EchoReply].data == bytes(100)


@case(must("RFC 8200 §4.5"))
def last_fragment_may_have_any_length(node, port):
    for size in range(1, 9):
        data = bytes(range(48 + size))
        request = payload_of(echo_request(data=data, seq=size))
        port.send(fragment(request[:56], offset=0, more=True, id=size))
        port.send(fragment(request[56:], offset=56, more=False, id=size))
        assert expect(port, ICMPv6EchoReply, seq=size)[ICMPv6EchoReply].data == data


@case(must("RFC 8200 §4.5"))
def fragments_may_differ_in_the_fields_before_them(node, port):
    # "Fields in the IPv6 header may also vary": those of the first are the packet's.
    request = payload_of(echo_request(data=bytes(100)))
    port.send(fragment(request[56:], offset=56, more=False, hlim=3, tc=0, fl=7))
    port.send(fragment(request[:56], offset=0, more=True, hlim=60, tc=0, fl=9))
    expect(port, ICMPv6EchoReply)


@case(must("RFC 8200 §4.5"))
def time_exceeded_quotes_the_first_fragment_and_no_other(node, port):
    request = payload_of(echo_request(data=bytes(range(200))))
    first, second = fragment(request[:80], offset=0, more=True), fragment(request[80:160], offset=80, more=True)
    port.send(second, first)
    error = expect(port, ICMPv6TimeExceeded, within=61.0, code=1)
    assert quoted(error) == bytes(first)[ETHERNET:]
    assert payload_of(error)[4:8] == bytes(4), "unused"
    assert (error[IPv6].src, error[IPv6].dst) == (NODE.address, TESTER.address)


@case(must("RFC 8200 §4.5"))
def timer_runs_from_the_fragment_that_came_first(node, port):
    request = payload_of(echo_request(data=bytes(range(200))))
    port.send(fragment(request[80:160], offset=80, more=True))
    begun = port.now
    port.run(30.0)
    port.send(fragment(request[:80], offset=0, more=True))
    assert expect(port, ICMPv6TimeExceeded, within=40.0).time == pytest.approx(begun + 60.0, abs=0.01)


@case(must("RFC 8200 §4.5"))
def fragments_of_packets_of_others_are_forwarded_one_by_one(router, left, right):
    request = payload_of(echo_request(TESTER_RIGHT.address, data=bytes(range(200))))
    pieces = [
        fragment(request[:80], offset=0, more=True, destination=TESTER_RIGHT.address),
        fragment(request[160:], offset=160, more=False, destination=TESTER_RIGHT.address),
    ]
    left.send(*pieces)
    came = [p for p in right.run(1.0) if find(p, IPv6ExtHdrFragment)]
    assert [payload_of(p) for p in came] == [payload_of(p) for p in pieces]


# --- Extension headers (RFC 8200 §4) ----------------------------------------------------------------------------------


@case(must("RFC 8200 §4.2"))
@pytest.mark.parametrize("header", [0, 60], ids=["hop-by-hop", "destination"])
def contents_of_padding_are_ignored(node, port, header):
    padding = bytes([58, 0, 1, 4, 0xDE, 0xAD, 0xBE, 0xEF])
    port.send(ip(nh=header) / Raw(padding + payload_of(echo_request())))
    expect(port, ICMPv6EchoReply)


@case(must("RFC 8200 §4.2"))
@pytest.mark.parametrize("header", [0, 60], ids=["hop-by-hop", "destination"])
def option_without_data_at_the_very_end_is_read(node, port, header):
    options = bytes([58, 0, 1, 2, 0, 0, 0x80, 0])
    port.send(ip(nh=header) / Raw(options + payload_of(echo_request())))
    expect(port, ICMPv6ParamProblem, code=2, ptr=40 + 6)


@case(must("RFC 8200 §4.2"))
@pytest.mark.parametrize("header", [0, 60], ids=["hop-by-hop", "destination"])
def longest_header_of_options_is_processed(node, port, header):
    # 255 units of 8 octets more than the first would be beyond the MTU; 176 units are not.
    size = 1408
    body = bytes([58, size // 8 - 1]) + 5 * (bytes([1, 255]) + bytes(255)) + bytes([1, size - 2 - 5 * 257 - 2])
    port.send(ip(nh=header) / Raw(body + bytes(size - len(body)) + payload_of(echo_request(data=b""))))
    expect(port, ICMPv6EchoReply)


@case(should("RFC 8200 §4.1"))
def destination_options_may_stand_twice(node, port):
    port.send(ip() / IPv6ExtHdrDestOpt() / IPv6ExtHdrFragment(m=0, offset=0) / IPv6ExtHdrDestOpt() / echo())
    expect(port, ICMPv6EchoReply)


@case(must("RFC 8200 §4"))
def nothing_behind_the_headers_is_reported_as_it_is(node, port):
    # An extension header is all that there is: it promises a header behind it, which is none.
    port.send(ip(nh=60) / Raw(bytes([58, 0, 1, 4, 0, 0, 0, 0])))
    expect_none(port, ICMPv6EchoReply, within=0.5)
    port.send(echo_request())
    expect(port, ICMPv6EchoReply)


@case(must("RFC 8200 §4"))
@pytest.mark.parametrize("header", [0, 43, 60], ids=["hop-by-hop", "routing", "destination"])
@pytest.mark.parametrize("size", [1, 4, 7], ids=lambda n: f"{n} bytes")
def extension_header_that_is_cut_off_does_no_harm(node, port, header, size):
    port.send(ip(nh=header) / Raw(bytes([58, 0, 1, 4, 0, 0, 0])[:size]))
    expect_none(port, ICMPv6EchoReply, within=0.5)
    port.send(echo_request())
    expect(port, ICMPv6EchoReply)


# --- Forwarding (RFC 8200 §3, RFC 4443 §3) ----------------------------------------------------------------------------


@case(must("RFC 4443 §3.3", "RFC 8200 §3"))
@pytest.mark.parametrize("hop_limit", [0, 1])
def exceeded_hop_limit_is_quoted_as_it_came(router, left, hop_limit):
    packet = echo_request(TESTER_RIGHT.address, hlim=hop_limit)
    left.send(packet)
    error = expect(left, ICMPv6TimeExceeded, code=0)
    assert quoted(error) == bytes(packet)[ETHERNET:]
    assert error[IPv6].src in (NODE.address, NODE_RIGHT.address)
    assert payload_of(error)[4:8] == bytes(4), "unused"


@case(must("RFC 8200 §3"))
@pytest.mark.parametrize("hop_limit", [0, 1])
def router_takes_packets_for_itself_whatever_their_hop_limit(router, left, hop_limit):
    left.send(echo_request(NODE_RIGHT.address, hlim=hop_limit))
    assert expect(left, ICMPv6EchoReply)[IPv6].src == NODE_RIGHT.address


@case(must("RFC 4443 §2.2 a"))
def error_comes_from_the_address_that_was_asked_though_it_is_of_another_link(router, left):
    left.send(datagram(NODE_RIGHT.address))
    assert expect(left, ICMPv6DestUnreach, code=4)[IPv6].src == NODE_RIGHT.address


@case(must("RFC 7739 §3", "RFC 8200 §4.5"))
def identifications_of_fragments_cannot_be_foretold(node, port):
    port.send(echo_request())
    expect(port, ICMPv6EchoReply)
    seen = []
    for n in range(12):
        port.send(*fragments(payload_of(echo_request(data=bytes(1600), seq=n)), 1448, id=100 + n))
        seen.append(next(p for p in port.frames(1.0) if find(p, IPv6ExtHdrFragment))[IPv6ExtHdrFragment].id)
        port.run(0.1)
    steps = {(b - a) & 0xFFFFFFFF for a, b in zip(seen, seen[1:])}
    assert len(set(seen)) == len(seen) and len(steps) > 1


@case(must("RFC 4443 §3.3"))
def last_hop_of_one_with_options_is_exceeded_too(router, left):
    left.send(ip(TESTER_RIGHT.address, hlim=1) / IPv6ExtHdrHopByHop() / echo())
    expect(left, ICMPv6TimeExceeded, code=0)


@case(must("RFC 8200 §4.5"), role="router")
def router_does_not_fragment_what_is_too_big(lab):
    lab.router(right_mtu=1280)
    left, right = lab.ports
    packet = echo_request(TESTER_RIGHT.address, bytes(1233))
    left.send(packet)
    expect_none(right, ICMPv6EchoRequest, within=0.5)
    assert not [p for p in right.inbox if find(p, IPv6ExtHdrFragment)]


@case(must("RFC 4291 §2.5.3"))
@pytest.mark.parametrize("address", ["::1", "::"], ids=["loopback", "unspecified"])
def packet_to_an_address_that_is_nobodys_is_not_forwarded(router, left, right, address):
    left.send(echo_request(address, to_mac=NODE.mac))
    expect_silence(left, within=1.0)
    expect_silence(right, within=0.0)


@case(must("RFC 8200 §4.4"))
def erroneous_routing_header_points_at_the_type(node, port):
    port.send(ip(nh=43) / Raw(bytes([58, 0, 99, 1, 0, 0, 0, 0]) + payload_of(echo_request())))
    expect(port, ICMPv6ParamProblem, code=ERRONEOUS_FIELD, ptr=42)
