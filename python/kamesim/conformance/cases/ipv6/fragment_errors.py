"""Fragments that are wrong (RFC 8200 §4.5; RFC 5722, 6946, 7112)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6ParamProblem, ICMPv6TimeExceeded
from scapy.packet import Raw

from kamesim.conformance.cases.ipv6._extension_headers import (
    DATA,
    DESTINATION,
    ERRONEOUS_FIELD,
    FIRST_HEADER,
    INCOMPLETE_CHAIN,
    expect_reply,
    options,
    request_payload,
)
from kamesim.conformance.exchange import (
    ETHERNET,
    case,
    echo,
    expect,
    expect_dropped,
    expect_none,
    expect_silence,
    fragment,
    fragments,
    ip,
    must,
    payload_of,
    quoted,
)


def overlapping(payload):
    """The second begins in the middle of the first."""
    return [
        fragment(payload[:64], offset=0, more=True),
        fragment(payload[32:128], offset=32, more=True),
        fragment(payload[128:], offset=128, more=False),
    ]


@case(must("RFC 8200 §4.5", "RFC 5722 §4"), logo="v6LC.1.3.5")
def overlapping_fragments_are_all_discarded_without_a_word(node, port):
    port.send(*overlapping(request_payload()))
    expect_silence(port, within=70.0)  # nor is there a Time Exceeded
    assert node.drops["frag6.overlap"] > 0


@case(must("RFC 5722 §4"))
def fragments_still_to_come_of_an_overlapping_packet_are_discarded(node, port):
    payload = request_payload()
    port.send(*overlapping(payload))
    before = node.drops["frag6.overlap"]
    port.send(*fragments(payload, 136))
    expect_silence(port)
    expect_dropped(node, "frag6.overlap", before + 4)
    port.send(*fragments(payload, 136, id=8))
    expect_reply(port)


@case(must("RFC 5722 §4"))
def fragments_that_would_complete_an_overlapping_packet_are_discarded(node, port):
    first, *rest = fragments(request_payload(), 128)
    port.send(first, overlapping(request_payload())[1], *rest)
    expect_silence(port)


@case(must("RFC 5722 §4"))
@pytest.mark.parametrize("bytes_in_common", [8, 16], ids=lambda n: f"{n} bytes")
def one_fragment_inside_another_is_an_overlap(node, port, bytes_in_common):
    payload = request_payload()
    port.send(fragment(payload[:128], offset=0, more=True))
    port.send(fragment(b"X" * bytes_in_common, offset=64, more=True))
    expect_dropped(node, "frag6.overlap")
    port.send(fragment(payload[128:], offset=128, more=False))
    expect_silence(port)


@case(must("RFC 8200 §4.5"))
def data_behind_the_last_fragment_is_not_accepted(node, port):
    # The M=0 fragment gives the length.
    payload = request_payload()
    port.send(fragment(payload[256:], offset=256, more=False))
    port.send(fragment(bytes(8), offset=1024, more=True))
    expect_dropped(node, "frag6.inconsistent_end")
    port.send(fragment(payload[:256], offset=0, more=True))
    expect_silence(port)


@case(must("RFC 6946 §4"), logo="v6LC.1.3.4")
def atomic_fragment_is_a_packet_of_its_own(node, port):
    first, *rest = fragments(request_payload(), 264)
    port.send(first)
    port.send(fragment(request_payload(b"atomic", seq=2), offset=0, more=False))  # of the same identification
    expect_reply(port, b"atomic", seq=2)
    port.send(*rest)
    expect_reply(port, seq=1)


@case(must("RFC 8200 §4.5"), logo="v6LC.1.3.3")
def fragment_before_others_whose_length_is_no_multiple_of_8_is_reported(node, port):
    port.send(fragment(request_payload()[:100], offset=0, more=True))
    expect(port, ICMPv6ParamProblem, code=ERRONEOUS_FIELD, ptr=4)  # the Payload Length field
    expect_dropped(node, "frag6.length_not_multiple_of_8")


@case(must("RFC 8200 §4.5"))
def fragment_that_would_make_the_packet_too_long_is_reported(node, port):
    port.send(fragment(bytes(16), offset=65528, more=False))
    expect(port, ICMPv6ParamProblem, code=ERRONEOUS_FIELD, ptr=FIRST_HEADER + 2)  # the Fragment Offset field
    expect_dropped(node, "frag6.reassembled_too_long")


@case(must("RFC 8200 §4.5", "RFC 4443 §3.3"))
def reassembly_is_given_up_after_60_seconds_and_reported(node, port):
    first, second, _last = fragments(request_payload(), 176)
    port.send(first)
    start = port.now
    port.run(30.0)
    port.send(second)
    error = expect(port, ICMPv6TimeExceeded, within=31.0, code=1)
    assert error.time == pytest.approx(start + 60.0, abs=1e-6)
    assert quoted(error) == bytes(first)[ETHERNET:]


@case(must("RFC 8200 §4.5"), logo="v6LC.1.3.2 E")
def reassembly_without_its_first_fragment_is_given_up_silently(node, port):
    _first, *rest = fragments(request_payload(), 176)
    port.send(*rest)
    expect_silence(port, within=61.0)
    expect_dropped(node, "frag6.timeout")


@case(must("RFC 8200 §4.5"))
def first_fragment_after_the_timeout_starts_anew(node, port):
    first, *rest = fragments(request_payload(), 176)
    port.send(*rest)
    port.run(61.0)
    port.send(first)
    expect_silence(port)
    port.send(*rest)
    expect_reply(port)


@case(must("RFC 7112 §5"), logo="v6LC.1.3.6")
def first_fragment_without_the_upper_layer_header_is_reported(node, port):
    payload = payload_of(ip() / options(DESTINATION, 0x1E) / echo(DATA))
    port.send(fragment(payload[:8], offset=0, more=True, next_header=60))
    expect(port, ICMPv6ParamProblem, code=INCOMPLETE_CHAIN, ptr=0)
    port.send(fragment(payload[8:], offset=8, more=False, next_header=60))
    expect_silence(port)
    expect_dropped(node, "frag6.incomplete_header_chain")


@case(must("RFC 8200 §4.5"))
def fragment_header_that_is_cut_off_is_discarded(node, port):
    port.send(ip(nh=44) / Raw(bytes([58, 0, 0, 1])))
    expect_none(port, ICMPv6EchoReply)
    expect_dropped(node, "ip6.fragment_header_truncated")
