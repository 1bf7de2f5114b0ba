"""Shared by the cases on extension headers."""

from __future__ import annotations

from scapy.layers.inet6 import HBHOptUnknown, ICMPv6EchoReply, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop

from kamesim.conformance.exchange import echo_request, expect, payload_of


ERRONEOUS_FIELD, UNRECOGNIZED_NEXT_HEADER, UNRECOGNIZED_OPTION, INCOMPLETE_CHAIN = 0, 1, 2, 3
FIRST_HEADER = 40  # where the first extension header begins
HOP_BY_HOP, DESTINATION = IPv6ExtHdrHopByHop, IPv6ExtHdrDestOpt


def options(header, *types):
    """A header of options without data."""
    return header(options=[HBHOptUnknown(otype=type, optlen=0) for type in types])

DATA = bytes(range(256)) * 2


def request_payload(data=DATA, seq=1, **fields):
    return payload_of(echo_request(data=data, seq=seq, **fields))


def expect_reply(port, data=DATA, **fields):
    reply = expect(port, ICMPv6EchoReply, **fields)
    assert reply[ICMPv6EchoReply].data == data
    return reply
