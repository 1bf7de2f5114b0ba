"""When no error is sent, whatever is wrong (RFC 4443 §2.4 e)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6PacketTooBig, ICMPv6ParamProblem, ICMPv6TimeExceeded, IPerror6

from kamesim.conformance.exchange import (
    ALL_NODES,
    ETHERNET,
    TESTER_RIGHT,
    case,
    datagram,
    echo_request,
    expect,
    expect_silence,
    fragment,
    ip,
    must,
    payload_of,
)

REASSEMBLY_TIMEOUT = 60.0
SUBNET_ROUTER_ANYCAST = "2001:db8:1::"  # of the link: its node knows that it is no single node

# Sources that are no single node, and their tests.
SOURCES = {"unspecified": ("::", 11), "group": ("ff02::7", 12), "anycast": (SUBNET_ROUTER_ANYCAST, 13)}


def closed_port(**addresses):
    return datagram(**addresses)


def lost_fragments(**addresses):
    return fragment(payload_of(echo_request(data=bytes(1024), **addresses))[:512], offset=0, more=True, **addresses)


NODE_TROUBLES = {"closed port": (closed_port, "A"), "fragments that are lost": (lost_fragments, "C")}


def numbers(troubles):
    return {
        f"{source}-{trouble}": f"v6LC.5.1.{test} {part}"
        for source, (_address, test) in SOURCES.items()
        for trouble, (_packet, part) in troubles.items()
    }


@case(must("RFC 4443 §2.4 e.6"), logo=numbers(NODE_TROUBLES))
@pytest.mark.parametrize("trouble", [row[0] for row in NODE_TROUBLES.values()], ids=NODE_TROUBLES)
@pytest.mark.parametrize("source", [row[0] for row in SOURCES.values()], ids=SOURCES)
def source_that_is_no_single_node_is_not_told_of(node, port, source, trouble):
    port.send(trouble(source=source))
    expect_silence(port, within=REASSEMBLY_TIMEOUT + 5.0)


@case(must("RFC 4443 §2.4 e.6"), role="router", logo={name: f"v6LC.5.1.{test} B" for name, (_a, test) in SOURCES.items()})
@pytest.mark.parametrize("source", [row[0] for row in SOURCES.values()], ids=SOURCES)
def source_that_is_no_single_node_is_not_told_of_a_packet_that_is_too_big(lab, source):
    lab.router(right_mtu=1300)
    left, _right = lab.ports
    left.send(echo_request(TESTER_RIGHT.address, bytes(1400), source=source))
    expect_silence(left)


@case(must("RFC 4443 §2.4 e.3"), logo={"closed port": "v6LC.5.1.10 A", "fragments that are lost": "v6LC.5.1.10 B"})
@pytest.mark.parametrize("trouble", [closed_port, lost_fragments], ids=["closed port", "fragments that are lost"])
def packet_to_a_group_is_not_complained_of(node, port, trouble):
    port.send(trouble(destination=ALL_NODES))
    expect_silence(port, within=REASSEMBLY_TIMEOUT + 5.0)


@case(must("RFC 4443 §2.4"))
@pytest.mark.parametrize("trouble", [closed_port, lost_fragments], ids=["closed port", "fragments that are lost"])
def the_same_from_a_single_node_is_reported(node, port, trouble):
    port.send(trouble())
    error = ICMPv6DestUnreach if trouble is closed_port else ICMPv6TimeExceeded
    expect(port, error, within=REASSEMBLY_TIMEOUT + 1.0)


# Errors that a router would have to report itself: the error, where it goes to, and its hop limit.
FLAWED = {
    "unreachable 0 that has no route": (ICMPv6DestUnreach(code=0), "2001:db8:7::1", 64, "A"),
    "unreachable 3 at its last hop": (ICMPv6DestUnreach(code=3), TESTER_RIGHT.address, 0, "B"),
    "time exceeded 0 that has no route": (ICMPv6TimeExceeded(code=0), "2001:db8:7::1", 64, "C"),
    "time exceeded 1 at its last hop": (ICMPv6TimeExceeded(code=1), TESTER_RIGHT.address, 0, "D"),
    "packet too big to a silent neighbour": (ICMPv6PacketTooBig(mtu=1280), "2001:db8:2::7", 64, "E"),
    "parameter problem at its last hop": (ICMPv6ParamProblem(code=0, ptr=0xFF), TESTER_RIGHT.address, 0, "F"),
}


@case(must("RFC 4443 §2.4 e.1"), logo={name: f"v6LC.5.1.9 {row[-1]}" for name, row in FLAWED.items()})
@pytest.mark.parametrize(("error", "destination", "hop_limit"), [row[:-1] for row in FLAWED.values()], ids=FLAWED)
def error_that_cannot_be_forwarded_is_not_complained_of(router, left, right, error, destination, hop_limit):
    about = IPerror6(bytes(datagram("2001:db8:1::42", source=destination))[ETHERNET:])
    left.send(ip(destination, hlim=hop_limit) / error / about)
    expect_silence(left, within=5.0)
    left.send(echo_request(destination, hlim=hop_limit))  # anything else is
    expected = {0: ICMPv6TimeExceeded, 64: ICMPv6DestUnreach}[hop_limit]
    expect(left, expected, within=4.0)
