"""IPComp with DEFLATE at an end node (RFC 3173, RFC 2394), alone and inside ESP. Python's zlib is the other side."""

from __future__ import annotations

import hashlib
import zlib

import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt, PadN
from scapy.layers.ipsec import ESP
from scapy.packet import Raw

from kamesim.conformance.cases.ipsec._associations import NODE_TO_TESTER, Association, framed
from kamesim.conformance.exchange import (
    CLOSED_PORT,
    ETHERNET,
    NODE,
    TESTER,
    case,
    datagram,
    echo,
    expect,
    expect_dropped,
    expect_none,
    must,
)

IPCOMP, ICMP6, DESTINATION_OPTIONS = 108, 58, 60
INTO, OUT = 0x1111, 0x2222  # CPIs
LONG = b"all work and no play " * 40
RANDOM = b"".join(hashlib.sha256(bytes((n,))).digest() for n in range(12))


def deflated(octets):
    """RFC 2394 §2: without zlib's header and checksum."""
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(octets) + compressor.flush()


def ipcomp(payload, next_header, cpi=INTO, flags=0):
    header = bytes((next_header, flags)) + cpi.to_bytes(2, "big")
    return IPv6(src=TESTER.address, dst=NODE.address, nh=IPCOMP) / Raw(header + payload)


def request(data=LONG):
    """An echo request from its ICMPv6 header on, its checksum right."""
    return bytes(IPv6(src=TESTER.address, dst=NODE.address) / echo(data))[40:]


def inflated(packet):
    """Of an IPComp packet of the node's: its next header, and what it holds."""
    octets = packet.wire[ETHERNET:]
    assert octets[6] == IPCOMP and octets[41] == 0, "RFC 3173 §3.3: flags are zero"
    assert int.from_bytes(octets[42:44], "big") == OUT
    return octets[40], zlib.decompress(octets[44:], wbits=-15)


def compresses(host, level="require"):
    host.ipsec.setkey(
        f"add {TESTER.address} {NODE.address} ipcomp {INTO:#x} -m transport -C deflate;"
        f"add {NODE.address} {TESTER.address} ipcomp {OUT:#x} -m transport -C deflate;"
        f"spdadd {NODE.address} {TESTER.address} any -P out ipsec ipcomp/transport//{level};"
        f"spdadd {TESTER.address} {NODE.address} any -P in ipsec ipcomp/transport//{level};"
    )


@case(must("RFC 3173 §2.1", "RFC 3173 §3"))
def compressed_packet_is_inflated_and_answered_compressed(host, port):
    compresses(host)
    port.send(framed(ipcomp(deflated(request()), ICMP6)))
    answer = expect(port, IPv6, nh=IPCOMP)
    next_header, message = inflated(answer)
    assert next_header == ICMP6 and message[0] == 129 and message[8:] == LONG
    assert answer[IPv6].plen < 8 + len(LONG)


@case(must("RFC 3173 §2.2"))
@pytest.mark.parametrize("data", [b"", b"short", RANDOM], ids=["empty", "short", "incompressible"])
def what_does_not_shrink_goes_as_it_is(host, port, data):
    compresses(host)
    port.send(framed(ipcomp(deflated(request(data)), ICMP6)))
    assert expect(port, ICMPv6EchoReply)[IPv6].nh == ICMP6


@case(must("RFC 3173 §2.2"))
def uncompressed_packets_are_taken_too(host, port):
    compresses(host)
    port.send(framed(IPv6(src=TESTER.address, dst=NODE.address) / echo(b"short")))
    expect(port, ICMPv6EchoReply)


@case(must("RFC 3173 §2.1"))
def options_for_the_way_are_left_before_the_compressed_part(host, port):
    """A destination options header before IPComp is processed before it is inflated."""
    compresses(host)
    packet = ipcomp(deflated(request()), ICMP6)
    options = IPv6ExtHdrDestOpt(nh=IPCOMP, options=[PadN(optdata=b"\0" * 4)])
    port.send(framed(IPv6(src=TESTER.address, dst=NODE.address, nh=DESTINATION_OPTIONS) / options / packet[Raw]))
    assert inflated(expect(port, IPv6, nh=IPCOMP))[1][8:] == LONG


@case(must("RFC 3173 §3.3"))
def unknown_cpi_is_discarded(host, port):
    compresses(host)
    port.send(framed(ipcomp(deflated(request()), ICMP6, cpi=0x3333)))
    expect_none(port, IPv6, nh=IPCOMP)
    expect_dropped(host, "ipcomp.unknown_cpi")


@case(must("RFC 2394 §2"))
@pytest.mark.parametrize("cut", [1, 5, 20])
def truncated_compression_is_discarded(host, port, cut):
    compresses(host)
    port.send(framed(ipcomp(deflated(request())[:-cut], ICMP6)))
    expect_none(port, IPv6, nh=IPCOMP)
    expect_dropped(host, "ipcomp.malformed")


@case(must("RFC 2394 §2"))
def what_inflates_beyond_a_packet_is_discarded(host, port):
    compresses(host)
    port.send(framed(ipcomp(deflated(bytes(500_000)), ICMP6)))
    expect_none(port, IPv6, nh=IPCOMP)
    expect_dropped(host, "ipcomp.too_long")


@case(must("RFC 4301 §4.1", "RFC 3173 §2.1"))
def compression_comes_before_encryption(host, port):
    into = Association(TESTER.address, NODE.address, 0x2000)
    out = Association(NODE.address, TESTER.address, NODE_TO_TESTER)
    host.ipsec.setkey(
        f"add {TESTER.address} {NODE.address} ipcomp {INTO:#x} -m transport -C deflate;"
        f"add {NODE.address} {TESTER.address} ipcomp {OUT:#x} -m transport -C deflate;"
        + into.setkey
        + out.setkey
        + f"spdadd {NODE.address} {TESTER.address} any -P out ipsec ipcomp/transport//use esp/transport//require;"
        f"spdadd {TESTER.address} {NODE.address} any -P in ipsec ipcomp/transport//use esp/transport//require;"
    )
    port.send(framed(into.seal(ipcomp(deflated(request()), ICMP6))))
    packet = expect(port, ESP, spi=NODE_TO_TESTER)
    inner = bytes(out.open(packet))
    assert inner[6] == IPCOMP and zlib.decompress(inner[44:], wbits=-15)[8:] == LONG
    port.send(framed(ipcomp(deflated(request()), ICMP6)))  # without ESP it is not what is asked for
    expect_none(port, ESP)
    expect_dropped(host, "ipsec.policy_mismatch")


@case(must("RFC 3173 §2.1"))
def error_about_what_was_compressed_is_sent(host, port):
    """A datagram to a closed port, inflated, is as any other."""
    compresses(host)
    payload = bytes(datagram(dport=CLOSED_PORT, data=LONG)[IPv6])[40:]
    port.send(framed(ipcomp(deflated(payload), 17)))
    next_header, message = inflated(expect(port, IPv6, nh=IPCOMP))
    assert next_header == ICMP6 and (message[0], message[1]) == (1, 4)
    assert ICMPv6EchoRequest not in IPv6(message[8:])
