"""IPv6 headers and extension headers (RFC 8200; RFC 5095, 5722, 6946, 7112) as a host treats them."""

import pytest
from exchange import (
    ALL_NODES,
    CLOSED_PORT,
    ETHERNET,
    NODE,
    TESTER,
    TESTER_RIGHT,
    datagram,
    echo,
    echo_request,
    expect,
    expect_none,
    expect_silence,
    fragment,
    fragments,
    ip,
    payload_of,
    quoted,
)
from scapy.layers.inet import UDP
from scapy.layers.inet6 import (
    HBHOptUnknown,
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ParamProblem,
    ICMPv6TimeExceeded,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    PadN,
    RouterAlert,
)
from scapy.packet import Raw

ERRONEOUS_FIELD, UNRECOGNIZED_NEXT_HEADER, UNRECOGNIZED_OPTION, INCOMPLETE_CHAIN = 0, 1, 2, 3
IN_IPV6_HEADER = 6  # where the Next Header field is
FIRST_HEADER = 40  # where the first extension header begins

HOP_BY_HOP, DESTINATION = IPv6ExtHdrHopByHop, IPv6ExtHdrDestOpt
EIGHT_BYTES = b"8 bytes."


def options(header, *types):
    """A header of options without data."""
    return header(options=[HBHOptUnknown(otype=type, optlen=0) for type in types])


# --- Options (RFC 8200 §4.2) ---------------------------------------------------------------------------------------------

# The two high-order bits of an unrecognized option's type: reported to a unicast, to a multicast destination; skipped.
ACTIONS = {
    "00": (0x1E, False, False, True),
    "01": (0x5E, False, False, False),
    "10": (0x9E, True, True, False),
    "11": (0xDE, True, False, False),
}


@pytest.mark.parametrize("destination", [NODE.address, ALL_NODES], ids=["unicast", "multicast"])
@pytest.mark.parametrize("header", [HOP_BY_HOP, DESTINATION], ids=["hop-by-hop", "destination"])
@pytest.mark.parametrize("bits", ACTIONS)
def test_unrecognized_option_is_treated_by_its_two_high_bits(host, port, bits, header, destination):  # RFC 8200 §4.2
    option, reported, reported_to_multicast, skipped = ACTIONS[bits]
    request = ip(destination) / options(header, option) / echo()
    port.send(request)
    if skipped:
        expect(port, ICMPv6EchoReply)
    elif reported_to_multicast if destination == ALL_NODES else reported:
        error = expect(port, ICMPv6ParamProblem, code=UNRECOGNIZED_OPTION, ptr=FIRST_HEADER + 2)
        assert error[IPv6].src in (NODE.address, NODE.link_local)
        assert quoted(error) == bytes(request)[ETHERNET:]
    else:
        expect_silence(port)
    assert host.drops["ip6.unrecognized_option"] == (0 if skipped else 1)


def test_options_are_processed_in_order_and_the_pointer_is_that_of_the_first_bad_one(host, port):  # RFC 8200 §4.2
    port.send(ip() / options(DESTINATION, 0x1E, 0x1F, 0x80, 0x81) / echo())
    expect(port, ICMPv6ParamProblem, code=UNRECOGNIZED_OPTION, ptr=FIRST_HEADER + 2 + 2 + 2)


def test_silent_discard_option_wins_over_a_later_one_that_reports(host, port):  # RFC 8200 §4.2: strictly in order
    port.send(ip() / options(DESTINATION, 0x40, 0x80) / echo())
    expect_silence(port)


def test_pointer_counts_the_headers_before(host, port):  # RFC 4443 §3.4
    port.send(ip() / options(HOP_BY_HOP, 0x1E) / options(DESTINATION, 0x80) / echo())
    expect(port, ICMPv6ParamProblem, code=UNRECOGNIZED_OPTION, ptr=FIRST_HEADER + 8 + 2)


@pytest.mark.parametrize("header", [HOP_BY_HOP, DESTINATION], ids=["hop-by-hop", "destination"])
def test_padding_of_any_length_is_skipped(host, port, header):  # RFC 8200 §4.2: Pad1 and PadN
    port.send(ip() / header(options=[PadN(optdata=bytes(n)) for n in (0, 1, 5, 20)]) / echo())
    expect(port, ICMPv6EchoReply)


def test_router_alert_is_recognized(host, port):  # RFC 2711 §2.1
    port.send(ip() / HOP_BY_HOP(options=[RouterAlert(value=0)]) / echo())
    expect(port, ICMPv6EchoReply)


def test_jumbo_payload_is_reported_where_it_is_not_implemented(host, port):  # RFC 8200 §4.2: type 0xc2, 11
    port.send(ip() / HOP_BY_HOP(options=[HBHOptUnknown(otype=0xC2, optdata=b"\0\1\0\0")]) / echo())
    expect(port, ICMPv6ParamProblem, code=UNRECOGNIZED_OPTION, ptr=FIRST_HEADER + 2)


@pytest.mark.parametrize("number", [0, 60], ids=["hop-by-hop", "destination"])
def test_option_that_reaches_beyond_its_header_is_reported_by_its_length(host, port, number):  # RFC 4443 §3.4 code 0
    header = bytes([58, 0, 0x1E, 100, 0, 0, 0, 0])
    port.send(ip(nh=number) / Raw(header + payload_of(ip() / echo())))
    expect(port, ICMPv6ParamProblem, code=ERRONEOUS_FIELD, ptr=FIRST_HEADER + 3)
    assert host.drops["ip6.option_truncated"] == 1


def test_header_that_reaches_beyond_the_packet_is_reported_by_its_length(host, port):  # RFC 4443 §3.4 code 0
    port.send(ip(nh=60) / Raw(bytes([58, 30, 1, 4, 0, 0, 0, 0])))
    expect(port, ICMPv6ParamProblem, code=ERRONEOUS_FIELD, ptr=FIRST_HEADER + 1)


# --- The chain of headers (RFC 8200 §4, §4.1) -----------------------------------------------------------------------------


def test_unrecognized_next_header_of_the_ipv6_header_is_pointed_at(host, port):  # RFC 8200 §4
    port.send(ip(nh=253) / Raw(EIGHT_BYTES))
    expect(port, ICMPv6ParamProblem, code=UNRECOGNIZED_NEXT_HEADER, ptr=IN_IPV6_HEADER)


def test_unrecognized_next_header_of_an_extension_header_is_pointed_at(host, port):  # RFC 8200 §4
    port.send(ip() / options(DESTINATION, 0x1E) / DESTINATION(nh=253, options=[PadN(optdata=bytes(4))]) / Raw(EIGHT_BYTES))
    expect(port, ICMPv6ParamProblem, code=UNRECOGNIZED_NEXT_HEADER, ptr=FIRST_HEADER + 8)


def test_unrecognized_next_header_to_a_group_is_not_reported(host, port):  # RFC 4443 §2.4 e.3
    port.send(ip(ALL_NODES, nh=253) / Raw(EIGHT_BYTES))
    expect_silence(port)


def test_hop_by_hop_options_not_first_are_an_unrecognized_next_header(host, port):  # RFC 8200 §4
    port.send(ip() / options(DESTINATION, 0x1E) / options(HOP_BY_HOP, 0x1E) / echo())
    expect(port, ICMPv6ParamProblem, code=UNRECOGNIZED_NEXT_HEADER, ptr=FIRST_HEADER)


def test_no_next_header_ends_the_packet_silently(host, port):  # RFC 8200 §4.7
    port.send(ip() / DESTINATION(nh=59, options=[PadN(optdata=bytes(4))]) / Raw(payload_of(ip() / echo())))
    expect_silence(port)
    assert host.drops["ip6.no_next_header"] == 1


def test_headers_come_in_any_order_and_any_number(host, port):  # RFC 8200 §4.1
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


def test_destination_options_are_not_examined_on_the_way(router, left, right):  # RFC 8200 §4
    left.send(ip(TESTER_RIGHT.address) / options(DESTINATION, 0x80) / echo())
    forwarded = expect(right, ICMPv6EchoRequest)
    assert forwarded[IPv6ExtHdrDestOpt].options[0].otype == 0x80


def test_routing_headers_are_not_examined_on_the_way(router, left, right):  # RFC 8200 §4
    left.send(ip(TESTER_RIGHT.address) / IPv6ExtHdrRouting(type=253, segleft=1, addresses=["2001:db8::7"]) / Raw())
    expect(right, IPv6ExtHdrRouting, type=253, segleft=1)


def test_hop_by_hop_options_are_examined_on_the_way(router, left, right):  # RFC 8200 §4.3, a router that processes them
    left.send(ip(TESTER_RIGHT.address) / options(HOP_BY_HOP, 0x80) / echo())
    expect(left, ICMPv6ParamProblem, code=UNRECOGNIZED_OPTION, ptr=FIRST_HEADER + 2)
    expect_silence(right)


# --- Routing headers (RFC 8200 §4.4) ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("type", [0, 1, 3, 253], ids=lambda t: f"type {t}")
def test_routing_header_without_segments_left_is_ignored(host, port, type):  # RFC 8200 §4.4; RFC 5095 §3
    port.send(ip() / IPv6ExtHdrRouting(type=type, segleft=0, addresses=["2001:db8::7"]) / echo())
    expect(port, ICMPv6EchoReply)


@pytest.mark.parametrize("type", [0, 1, 3, 253], ids=lambda t: f"type {t}")
def test_unrecognized_routing_type_with_segments_left_is_pointed_at(host, port, type):  # RFC 8200 §4.4; RFC 5095 §3
    port.send(ip() / IPv6ExtHdrRouting(type=type, segleft=1, addresses=["2001:db8:1::99"]) / echo())
    expect(port, ICMPv6ParamProblem, code=ERRONEOUS_FIELD, ptr=FIRST_HEADER + 2)
    expect_silence(port)  # above all, the packet does not come back
    assert host.drops["ip6.unrecognized_routing_type"] == 1


def test_routing_type_pointer_counts_the_headers_before(host, port):  # RFC 8200 §4.4
    port.send(ip() / options(DESTINATION, 0x1E) / IPv6ExtHdrRouting(type=0, segleft=1, addresses=["2001:db8::7"]) / echo())
    expect(port, ICMPv6ParamProblem, code=ERRONEOUS_FIELD, ptr=FIRST_HEADER + 8 + 2)


def test_type_0_routing_header_is_not_processed_by_a_router(router, left, right):  # RFC 5095 §3
    left.send(ip() / IPv6ExtHdrRouting(type=0, segleft=1, addresses=[TESTER_RIGHT.address]) / echo())
    expect(left, ICMPv6ParamProblem, code=ERRONEOUS_FIELD, ptr=FIRST_HEADER + 2)
    expect_silence(right)


# --- Fragments: reassembly (RFC 8200 §4.5) ----------------------------------------------------------------------------------

DATA = bytes(range(256)) * 2


def request_payload(data=DATA, seq=1, **fields):
    return payload_of(echo_request(data=data, seq=seq, **fields))


def expect_reply(port, data=DATA, **fields):
    reply = expect(port, ICMPv6EchoReply, **fields)
    assert reply[ICMPv6EchoReply].data == data
    return reply


ORDERS = {"in order": (0, 1, 2, 3), "reversed": (3, 2, 1, 0), "mixed": (2, 0, 3, 1)}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_fragments_are_reassembled_in_any_order(host, port, order):  # RFC 8200 §4.5
    pieces = fragments(request_payload(), 136)
    assert len(pieces) == 4
    for index in order[:-1]:
        port.send(pieces[index])
    expect_none(port, ICMPv6EchoReply)
    port.send(pieces[order[-1]])
    expect_reply(port)


def test_exact_duplicates_of_fragments_do_no_harm(host, port):  # RFC 8200 §4.5: may be dropped on their own
    first, second, last = fragments(request_payload(), 176)
    port.send(first, second, first, second, last)
    expect_reply(port)
    assert host.drops["frag6.duplicate"] == 2


def test_fragments_of_different_packets_do_not_mix(host, port):  # RFC 8200 §4.5: source, destination, identification
    one, other = request_payload(b"1" * 64), request_payload(b"2" * 64, seq=2)
    third = request_payload(b"3" * 64, seq=3, source=TESTER.link_local)
    packets = [fragments(one, 40, id=1), fragments(other, 40, id=2), fragments(third, 40, id=1, source=TESTER.link_local)]
    for pieces in zip(*packets):
        port.send(*pieces)
    replies = [expect(port, ICMPv6EchoReply) for _ in packets]
    assert [r[ICMPv6EchoReply].data for r in replies] == [b"1" * 64, b"2" * 64, b"3" * 64]
    assert [r[IPv6].dst for r in replies] == [TESTER.address, TESTER.address, TESTER.link_local]


def test_headers_of_the_unfragmentable_part_stay(host, port):  # RFC 8200 §4.5
    before = [options(HOP_BY_HOP, 0x1E), IPv6ExtHdrRouting(type=253, segleft=0, addresses=[])]
    port.send(*fragments(request_payload(), 264, before=before))
    expect_reply(port)


def test_headers_of_the_fragmentable_part_are_processed_after_reassembly(host, port):  # RFC 8200 §4.5
    payload = payload_of(ip() / options(DESTINATION, 0x80) / echo(DATA))
    port.send(*fragments(payload, 264, next_header=60))
    # The pointer is into the reassembled packet, which has no Fragment header.
    expect(port, ICMPv6ParamProblem, code=UNRECOGNIZED_OPTION, ptr=FIRST_HEADER + 2)


def test_next_header_is_taken_from_the_first_fragment(host, port):  # RFC 8200 §4.5
    payload = request_payload()
    port.send(fragment(payload[264:], offset=264, more=False, next_header=253))
    port.send(fragment(payload[:264], offset=0, more=True, next_header=58))
    expect_reply(port)


def test_datagram_that_fills_the_64_kib_is_reassembled(host, port):  # RFC 8200 §4.5: up to 65,535 octets of payload
    payload = payload_of(datagram(data=bytes(65535 - 8)))
    port.send(*fragments(payload, 1448, next_header=17))
    expect(port, ICMPv6DestUnreach, code=4)


# --- Fragments: what is wrong with them -------------------------------------------------------------------------------------


def overlapping(payload):
    """The second begins in the middle of the first."""
    return [
        fragment(payload[:64], offset=0, more=True),
        fragment(payload[32:128], offset=32, more=True),
        fragment(payload[128:], offset=128, more=False),
    ]


def test_overlapping_fragments_are_all_discarded_without_a_word(host, port):  # RFC 8200 §4.5; RFC 5722 §4
    port.send(*overlapping(request_payload()))
    expect_silence(port, within=70.0)  # nor is there a Time Exceeded
    assert host.drops["frag6.overlap"] > 0


def test_fragments_still_to_come_of_an_overlapping_packet_are_discarded(host, port):  # RFC 5722 §4
    payload = request_payload()
    port.send(*overlapping(payload))
    before = host.drops["frag6.overlap"]
    port.send(*fragments(payload, 136))
    expect_silence(port)
    assert host.drops["frag6.overlap"] == before + 4
    port.send(*fragments(payload, 136, id=8))
    expect_reply(port)


@pytest.mark.parametrize("bytes_in_common", [8, 16], ids=lambda n: f"{n} bytes")
def test_one_fragment_inside_another_is_an_overlap(host, port, bytes_in_common):  # RFC 5722 §4
    payload = request_payload()
    port.send(fragment(payload[:128], offset=0, more=True))
    port.send(fragment(b"X" * bytes_in_common, offset=64, more=True))
    assert host.drops["frag6.overlap"] == 1
    port.send(fragment(payload[128:], offset=128, more=False))
    expect_silence(port)


def test_data_behind_the_last_fragment_is_not_accepted(host, port):  # RFC 8200 §4.5: the M=0 fragment gives the length
    payload = request_payload()
    port.send(fragment(payload[256:], offset=256, more=False))
    port.send(fragment(bytes(8), offset=1024, more=True))
    assert host.drops["frag6.inconsistent_end"] == 1
    port.send(fragment(payload[:256], offset=0, more=True))
    expect_silence(port)


def test_atomic_fragment_is_a_packet_of_its_own(host, port):  # RFC 6946 §4
    first, *rest = fragments(request_payload(), 264)
    port.send(first)
    port.send(fragment(request_payload(b"atomic", seq=2), offset=0, more=False))  # of the same identification
    expect_reply(port, b"atomic", seq=2)
    port.send(*rest)
    expect_reply(port, seq=1)


def test_fragment_before_others_whose_length_is_no_multiple_of_8_is_reported(host, port):  # RFC 8200 §4.5
    port.send(fragment(request_payload()[:100], offset=0, more=True))
    expect(port, ICMPv6ParamProblem, code=ERRONEOUS_FIELD, ptr=4)  # the Payload Length field
    assert host.drops["frag6.length_not_multiple_of_8"] == 1


def test_fragment_that_would_make_the_packet_too_long_is_reported(host, port):  # RFC 8200 §4.5
    port.send(fragment(bytes(16), offset=65528, more=False))
    expect(port, ICMPv6ParamProblem, code=ERRONEOUS_FIELD, ptr=FIRST_HEADER + 2)  # the Fragment Offset field
    assert host.drops["frag6.reassembled_too_long"] == 1


def test_reassembly_is_given_up_after_60_seconds_and_reported(host, port):  # RFC 8200 §4.5; RFC 4443 §3.3
    first, second, _last = fragments(request_payload(), 176)
    port.send(first)
    start = port.now
    port.run(30.0)
    port.send(second)
    error = expect(port, ICMPv6TimeExceeded, within=31.0, code=1)
    assert error.time == pytest.approx(start + 60.0, abs=1e-6)
    assert quoted(error) == bytes(first)[ETHERNET:]


def test_reassembly_without_its_first_fragment_is_given_up_silently(host, port):  # RFC 8200 §4.5
    _first, *rest = fragments(request_payload(), 176)
    port.send(*rest)
    expect_silence(port, within=61.0)
    assert host.drops["frag6.timeout"] == 1


def test_first_fragment_after_the_timeout_starts_anew(host, port):  # RFC 8200 §4.5
    first, *rest = fragments(request_payload(), 176)
    port.send(*rest)
    port.run(61.0)
    port.send(first)
    expect_silence(port)
    port.send(*rest)
    expect_reply(port)


def test_first_fragment_without_the_upper_layer_header_is_reported(host, port):  # RFC 7112 §5
    payload = payload_of(ip() / options(DESTINATION, 0x1E) / echo(DATA))
    port.send(fragment(payload[:8], offset=0, more=True, next_header=60))
    expect(port, ICMPv6ParamProblem, code=INCOMPLETE_CHAIN, ptr=0)
    port.send(fragment(payload[8:], offset=8, more=False, next_header=60))
    expect_silence(port)
    assert host.drops["frag6.incomplete_header_chain"] == 1


def test_fragment_header_that_is_cut_off_is_discarded(host, port):  # RFC 8200 §4.5
    port.send(ip(nh=44) / Raw(bytes([58, 0, 0, 1])))
    expect_none(port, ICMPv6EchoReply)
    assert host.drops["ip6.fragment_header_truncated"] == 1


# --- Fragments: a node's own (RFC 8200 §4.5) ---------------------------------------------------------------------------------


def own_fragments(host, port, size):
    host.ping(TESTER.address, count=1, size=size)
    return [packet for packet in port.run(1.0) if IPv6ExtHdrFragment in packet]


def test_large_packets_leave_in_fragments(host, port):  # RFC 8200 §4.5
    pieces = own_fragments(host, port, 3000)
    headers = [piece[IPv6ExtHdrFragment] for piece in pieces]
    sizes = [piece[IPv6].plen - 8 for piece in pieces]
    assert all(40 + piece[IPv6].plen <= 1500 for piece in pieces)
    assert sum(sizes) == 8 + 3000  # an echo request
    assert [8 * header.offset for header in headers] == [sum(sizes[:i]) for i in range(len(sizes))]
    assert all(size % 8 == 0 for size in sizes[:-1])
    assert [header.m for header in headers] == [1] * (len(headers) - 1) + [0]
    assert {header.nh for header in headers} == {58} and len({header.id for header in headers}) == 1


def test_fragmented_packets_in_a_row_have_different_identifications(host, port):  # RFC 8200 §4.5
    seen = [own_fragments(host, port, 2000)[0][IPv6ExtHdrFragment].id for _ in range(8)]
    assert len(set(seen)) == 8
    assert len({b - a for a, b in zip(seen, seen[1:])}) > 1, "predictable (RFC 7739 §4)"


def test_packet_that_fits_is_not_fragmented(host, port):  # RFC 8200 §4.5
    host.ping(TESTER.address, count=1, size=1500 - 40 - 8)
    assert IPv6ExtHdrFragment not in expect(port, ICMPv6EchoRequest)


def test_router_does_not_fragment(lab):  # RFC 8200 §5
    lab.router(right_mtu=1280)
    left, right = lab.ports
    left.send(echo_request(TESTER_RIGHT.address, bytes(1300)))
    expect_silence(right)


# --- The IPv6 header (RFC 8200 §3) -----------------------------------------------------------------------------------------


def test_version_other_than_6_is_discarded(host, port):  # RFC 8200 §3
    port.send(ip(version=4) / echo())
    expect_silence(port)
    assert host.drops["ip6.bad_version"] == 1


def test_payload_length_beyond_the_frame_is_discarded(host, port):  # RFC 8200 §3
    port.send(ip(plen=100) / echo())
    expect_silence(port)
    assert host.drops["ip6.payload_truncated"] == 1


def test_bytes_behind_the_payload_are_ignored(host, port):  # RFC 8200 §3; RFC 2464 §3, padding
    port.tester.send(bytes(echo_request(data=b"12345")) + b"padding")
    assert expect(port, ICMPv6EchoReply)[ICMPv6EchoReply].data == b"12345"


def test_frame_shorter_than_an_ipv6_header_is_discarded(host, port):  # RFC 8200 §3
    port.tester.send(bytes(echo_request())[: ETHERNET + 39])
    expect_silence(port)
    assert host.drops["ip6.truncated"] == 1


@pytest.mark.parametrize("hop_limit", [0, 1])
def test_destination_accepts_any_hop_limit(host, port, hop_limit):  # RFC 8200 §3
    port.send(echo_request(hlim=hop_limit))
    expect(port, ICMPv6EchoReply)


def test_flow_label_and_traffic_class_of_others_pass_a_router_unchanged(router, left, right):  # RFC 8200 §6, §7
    left.send(echo_request(TESTER_RIGHT.address, tc=0xB9, fl=0xABCDE, hlim=64))
    forwarded = expect(right, ICMPv6EchoRequest)[IPv6]
    assert (forwarded.tc, forwarded.fl, forwarded.hlim) == (0xB9, 0xABCDE, 63)


def test_host_does_not_forward(host, port):  # RFC 8200 §2; RFC 4861 §6.2.1 IsRouter
    port.send(echo_request("2001:db8:7::1", to_mac=NODE.mac))
    expect_silence(port)
    assert host.drops["ip6.not_for_us"] == 1


# --- Upper layers (RFC 8200 §8.1) -------------------------------------------------------------------------------------------


def test_udp_without_checksum_is_discarded(host, port):  # RFC 8200 §8.1
    port.send(ip() / UDP(sport=4000, dport=CLOSED_PORT, chksum=0) / Raw(b"data"))
    expect_silence(port)
    assert host.drops["udp.zero_checksum"] == 1


def test_udp_with_a_wrong_checksum_is_discarded(host, port):  # RFC 8200 §8.1
    port.send(ip() / UDP(sport=4000, dport=CLOSED_PORT, chksum=0x1234) / Raw(b"data"))
    expect_silence(port)
    assert host.drops["udp.bad_checksum"] == 1
