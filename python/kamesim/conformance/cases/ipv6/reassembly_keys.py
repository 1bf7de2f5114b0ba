"""What fragments have to have in common to be put together (RFC 8200 §4.5), and for how long they are kept."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6TimeExceeded, IPv6

from kamesim.conformance.cases.ipv6._extension_headers import DATA, expect_reply, request_payload
from kamesim.conformance.exchange import (
    ETHERNET,
    NODE,
    TESTER,
    case,
    expect,
    expect_none,
    expect_silence,
    fragments,
    must,
    payload_of,
    quoted,
)

REASSEMBLY_TIMEOUT = 60.0

# How the second fragment differs from the first.
DIFFERENCES = {
    "identification": {"id": 8},
    "source": {"source": TESTER.link_local},
    "destination": {"destination": NODE.link_local},
}


@case(
    must("RFC 8200 §4.5", "RFC 4443 §3.3"),
    logo={"identification": "v6LC.1.3.1 C", "source": "v6LC.1.3.1 D", "destination": "v6LC.1.3.1 E"},
)
@pytest.mark.parametrize("difference", DIFFERENCES.values(), ids=DIFFERENCES)
def fragments_that_differ_are_not_put_together(node, port, difference):
    payload = request_payload()
    first = fragments(payload, 264)[0]
    port.send(first, fragments(payload, 264, **difference)[1])
    expect_none(port, ICMPv6EchoReply, within=REASSEMBLY_TIMEOUT - 1.0)
    error = expect(port, ICMPv6TimeExceeded, within=2.0, code=1)  # of the one that has a first fragment
    assert quoted(error) == bytes(first)[ETHERNET:]
    expect_silence(port)


@case(must("RFC 8200 §5"), logo="v6LC.1.3.1 F")
def packet_of_1500_bytes_is_reassembled(node, port):
    data = bytes(i & 0xFF for i in range(1500 - 40 - 8))
    port.send(*fragments(request_payload(data), 1024))
    assert payload_of(expect(port, ICMPv6EchoReply))[8:] == data


@case(must("RFC 8200 §4.5"), logo="v6LC.1.3.2 A")
def fragments_may_take_just_under_a_minute(node, port):
    first, second, third = fragments(request_payload(), 176)
    port.send(first)
    port.run(20.0)
    port.send(second)
    port.run(39.9)
    port.send(third)
    expect_reply(port, DATA)


@case(must("RFC 8200 §4.5", "RFC 4443 §3.3"), logo="v6LC.1.3.2 B")
def packet_without_its_last_fragment_is_reported(node, port):
    first, second, third = fragments(request_payload(), 176)
    port.send(first)
    start = port.now
    port.run(55.0)
    port.send(second)
    error = expect(port, ICMPv6TimeExceeded, within=6.0, code=1)
    assert error.time == pytest.approx(start + REASSEMBLY_TIMEOUT, abs=1e-6)
    port.send(third)
    expect_silence(port)


@case(must("RFC 8200 §4.5", "RFC 4443 §3.3"), logo={"global": "v6LC.1.3.2 C", "link-local": "v6LC.1.3.2 D"})
@pytest.mark.parametrize(
    ("source", "destination"),
    [(TESTER.address, NODE.address), (TESTER.link_local, NODE.link_local)],
    ids=["global", "link-local"],
)
def first_fragment_alone_is_reported(node, port, source, destination):
    first = fragments(request_payload(source=source, destination=destination), 264, source=source, destination=destination)[0]
    port.send(first)
    error = expect(port, ICMPv6TimeExceeded, within=REASSEMBLY_TIMEOUT + 1.0, code=1)
    assert (error[IPv6].src, error[IPv6].dst) == (destination, source)
    assert quoted(error) == bytes(first)[ETHERNET:]
    assert payload_of(error)[4:8] == bytes(4), "unused (RFC 4443 §3.3)"
