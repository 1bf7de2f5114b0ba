"""Parameter Problem: the whole message, of each code (RFC 4443 §3.4)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6ParamProblem, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrRouting
from scapy.packet import Raw

from kamesim.conformance.cases.ipv6._extension_headers import (
    ERRONEOUS_FIELD,
    FIRST_HEADER,
    UNRECOGNIZED_NEXT_HEADER,
    UNRECOGNIZED_OPTION,
    options,
)
from kamesim.conformance.exchange import (
    ETHERNET,
    NODE,
    TESTER,
    case,
    echo,
    echo_request,
    expect,
    fragment,
    ip,
    must,
    payload_of,
    quoted,
)

PAYLOAD_LENGTH, NEXT_HEADER = 4, 6  # where these fields stand in the IPv6 header
RESERVED_PROTOCOL = 138  # of no meaning to the node

TROUBLES = {
    "erroneous header field": (
        fragment(payload_of(echo_request(data=bytes(64)))[:61], offset=0, more=True),
        ERRONEOUS_FIELD,
        PAYLOAD_LENGTH,
    ),
    "unrecognized next header": (ip(nh=RESERVED_PROTOCOL) / Raw(bytes(24)), UNRECOGNIZED_NEXT_HEADER, NEXT_HEADER),
    "unrecognized option": (ip() / options(IPv6ExtHdrDestOpt, 0x80) / echo(), UNRECOGNIZED_OPTION, FIRST_HEADER + 2),
    "unrecognized routing type": (
        ip() / IPv6ExtHdrRouting(type=33, addresses=[], segleft=1) / echo(),
        ERRONEOUS_FIELD,
        FIRST_HEADER + 2,
    ),
}
LOGO = {"erroneous header field": "v6LC.5.1.6", "unrecognized next header": "v6LC.5.1.7"}


@case(must("RFC 4443 §3.4", "RFC 4443 §2.2", "RFC 4443 §2.4 c"), logo=LOGO)
@pytest.mark.parametrize(("packet", "code", "pointer"), TROUBLES.values(), ids=TROUBLES)
def parameter_problem_points_at_the_field_and_quotes_the_packet(node, port, packet, code, pointer):
    port.send(packet)
    error = expect(port, ICMPv6ParamProblem, type=4, code=code, ptr=pointer)
    assert (error[IPv6].src, error[IPv6].dst) == (NODE.address, TESTER.address)
    assert quoted(error) == bytes(packet)[ETHERNET:]
    assert error[IPv6].plen == 8 + len(bytes(packet)) - ETHERNET


@case(must("RFC 4443 §3.4", "RFC 4443 §2.4 c"))
def pointer_may_lie_beyond_what_is_quoted(node, port):
    # "The pointer will point beyond the end of the ICMPv6 packet if the field in error is beyond what can fit".
    size = 1304
    padding = bytes([1, 255]) + bytes(255)  # five times, and the rest of the header
    rest = size - 2 - 5 * len(padding) - 2
    long = bytes([60, size // 8 - 1]) + 5 * padding + bytes([1, rest]) + bytes(rest)
    unrecognized = bytes([58, 0, 0x80, 0, 1, 2, 0, 0])
    packet = ip(nh=60) / Raw(long + unrecognized + payload_of(echo_request()))
    port.send(packet)
    error = expect(port, ICMPv6ParamProblem, code=UNRECOGNIZED_OPTION)
    assert error[ICMPv6ParamProblem].ptr == 40 + size + 2
    assert 40 + error[IPv6].plen == 1280 and quoted(error) == bytes(packet)[ETHERNET:][: 1280 - 48]
