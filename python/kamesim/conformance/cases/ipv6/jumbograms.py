"""Jumbograms (RFC 2675): all its error cases with their pointers, and packets of more than 65,535 bytes."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    HBHOptUnknown,
    ICMPv6DestUnreach,
    ICMPv6PacketTooBig,
    ICMPv6ParamProblem,
    IPv6,
    IPv6ExtHdrHopByHop,
    in6_chksum,
)
from scapy.packet import Raw

from kamesim.conformance.exchange import (
    ALL_NODES,
    NODE,
    NODE_RIGHT,
    TESTER,
    TESTER_RIGHT,
    case,
    echo,
    expect,
    expect_dropped,
    expect_silence,
    fragment,
    ip,
    must,
    payload_of,
)

ROLE = "host"
PAYLOAD_LENGTH, FIRST_HEADER = 4, 40
OPTION = FIRST_HEADER + 2
BIG = 100_000


def jumbo(length, *, next_header=58, option=0xC2, option_length=4):
    """A Hop-by-Hop Options header with a Jumbo Payload option, written out."""
    return bytes([next_header, 0, option, option_length]) + length.to_bytes(4, "big")


def jumbogram(upper, destination=NODE.address, *, plen=0, next_header=58, length=None, **fields):
    header = jumbo(8 + len(upper) if length is None else length, next_header=next_header)
    return ip(destination, nh=0, plen=plen, **fields) / Raw(header + upper)


def echo_bytes(size, destination=NODE.address):
    """An Echo Request of that many bytes in all, with its checksum."""
    message = bytes([128, 0, 0, 0, 0x12, 0x34, 0, 1]) + bytes(i & 0xFF for i in range(size - 8))
    checksum = in6_chksum(58, IPv6(src=TESTER.address, dst=destination), message)
    return message[:2] + checksum.to_bytes(2, "big") + message[4:]


@pytest.fixture
def big_host(lab):
    """A host on a LAN that carries jumbograms, and the tester beside it."""
    node = lab.net.host("host")
    lan, port = lab.link(mtu=200_000)
    lab.attach(lan, node, NODE, address=f"{NODE.address}/64")
    lab.settle(15.0)
    return node, port


def big_router(lab, right_mtu):
    node = lab.net.router("router")
    ports = []
    for name, near, far, mtu in (("left", NODE, TESTER, 200_000), ("right", NODE_RIGHT, TESTER_RIGHT, right_mtu)):
        lan, port = lab.link(name, far, mtu=mtu)
        ports.append(port)
        lab.attach(lan, node, near, address=f"{near.address}/64", advertise=False)
    lab.settle(5.0)
    return ports


# --- Errors (RFC 2675 §3) --------------------------------------------------------------------------------------------


@case(must("RFC 2675 §3"))
def zero_payload_length_without_the_option_is_pointed_at(host, port):
    header = bytes([58, 0, 1, 4, 0, 0, 0, 0])
    port.send(ip(nh=0, plen=0) / Raw(header + payload_of(ip() / echo())))
    expect(port, ICMPv6ParamProblem, code=0, ptr=PAYLOAD_LENGTH)


@case(must("RFC 2675 §3"))
def option_beside_a_payload_length_is_pointed_at(host, port):
    port.send(ip(nh=0) / Raw(jumbo(70_000) + payload_of(ip() / echo())))
    expect(port, ICMPv6ParamProblem, code=0, ptr=OPTION)


@case(must("RFC 2675 §3"))
@pytest.mark.parametrize("length", [1, 8, 65_535])
def jumbo_payload_length_that_the_header_could_tell_is_pointed_at(host, port, length):
    port.send(jumbogram(payload_of(ip() / echo()), length=length))
    expect(port, ICMPv6ParamProblem, code=0, ptr=OPTION + 2)


@case(must("RFC 2675 §3"))
def fragment_header_in_a_jumbogram_is_pointed_at(big_host):
    _host, port = big_host
    upper = bytes([58, 0, 0, 1, 0, 0, 0, 7]) + echo_bytes(BIG)
    port.send(jumbogram(upper, next_header=44))
    expect(port, ICMPv6ParamProblem, code=0, ptr=FIRST_HEADER + 8)


@case(must("RFC 2675 §3"))
@pytest.mark.parametrize("length", [1, 65_535])
def errors_are_not_reported_to_groups(host, port, length):
    port.send(jumbogram(payload_of(ip() / echo()), ALL_NODES, length=length))
    port.send(ip(ALL_NODES, nh=0) / Raw(jumbo(70_000) + payload_of(ip() / echo())))
    expect_silence(port)
    expect_dropped(host, "ip6.jumbo_payload", 2)


@case(must("RFC 2675 §3"))
def jumbogram_longer_than_its_frame_is_discarded(host, port):
    port.send(jumbogram(payload_of(ip() / echo()), length=70_000))
    expect_silence(port)
    expect_dropped(host, "ip6.payload_truncated")


# A node that does not understand the option (RFC 2675 §3, second list).


@case(must("RFC 2675 §3"))
def not_understood_option_is_unrecognized(host, port):
    host.ip6.jumbograms = False
    port.send(ip() / IPv6ExtHdrHopByHop(options=[HBHOptUnknown(otype=0xC2, optdata=b"\0\1\0\0")]) / echo())
    expect(port, ICMPv6ParamProblem, code=2, ptr=OPTION)


@case(must("RFC 2675 §3"))
def not_understood_jumbogram_is_pointed_at(big_host):
    host, port = big_host
    host.ip6.jumbograms = False
    port.send(jumbogram(echo_bytes(BIG)))
    expect(port, ICMPv6ParamProblem, code=0, ptr=PAYLOAD_LENGTH)


# --- Packets ------------------------------------------------------------------------------------------------------------


@case(must("RFC 4443 §4.2"))
def echo_of_a_jumbogram_is_a_jumbogram(big_host):
    # RFC 4443 §4.2: the data is returned entirely
    _host, port = big_host
    request = echo_bytes(BIG)
    port.send(jumbogram(request))
    reply = next(p for p in port.run(1.0) if len(p.wire) > BIG).wire[14:]
    assert reply[4:8] == bytes([0, 0, 0, 64])  # Payload Length, Next Header, Hop Limit
    assert reply[40:48] == jumbo(8 + BIG)
    assert reply[48] == 129 and reply[52:] == request[4:]
    assert in6_chksum(58, IPv6(src=NODE.address, dst=TESTER.address), reply[48:]) in (0, 0xFFFF)


@case(must("RFC 2675 §4"))
def udp_jumbogram_to_a_closed_port_is_reported(big_host):
    # RFC 2675 §4: Length zero
    _host, port = big_host
    header = (4000).to_bytes(2, "big") + (9).to_bytes(2, "big") + bytes(4)
    message = header + bytes(BIG)
    checksum = in6_chksum(17, IPv6(src=TESTER.address, dst=NODE.address), message)
    message = message[:6] + checksum.to_bytes(2, "big") + message[8:]
    port.send(jumbogram(message, next_header=17))
    error = expect(port, ICMPv6DestUnreach, code=4)
    assert error[IPv6].plen == 1280 - 40


@case(must("RFC 2675 §3"))
def udp_jumbogram_with_a_wrong_checksum_is_discarded(big_host):
    host, port = big_host
    message = (4000).to_bytes(2, "big") + (9).to_bytes(2, "big") + bytes([0, 0, 1, 2]) + bytes(BIG)
    port.send(jumbogram(message, next_header=17))
    expect_silence(port)
    expect_dropped(host, "udp.bad_checksum")


@case(must("RFC 2675 §4"))
def zero_udp_length_without_a_jumbogram_is_that_of_the_packet(big_host):
    _host, port = big_host
    message = (4000).to_bytes(2, "big") + (9).to_bytes(2, "big") + bytes(4) + b"data"
    checksum = in6_chksum(17, IPv6(src=TESTER.address, dst=NODE.address), message)
    message = message[:6] + checksum.to_bytes(2, "big") + message[8:]
    port.send(ip(nh=17) / Raw(message))
    expect(port, ICMPv6DestUnreach, code=4)


@case(must("RFC 2675 §3"), role="router")
def router_forwards_a_jumbogram(lab):
    left, right = big_router(lab, 200_000)
    request = echo_bytes(BIG, TESTER_RIGHT.address)
    left.send(jumbogram(request, TESTER_RIGHT.address))
    forwarded = next(p for p in right.run(2.0) if len(p.wire) > BIG).wire[14:]
    assert forwarded[40:] == jumbo(8 + BIG) + request
    assert forwarded[7] == 63


@case(must("RFC 4443 §3.2"), role="router")
def router_reports_a_jumbogram_that_is_too_big(lab):
    left, right = big_router(lab, 1500)
    left.send(jumbogram(echo_bytes(BIG, TESTER_RIGHT.address), TESTER_RIGHT.address))
    error = expect(left, ICMPv6PacketTooBig, mtu=1500)
    assert error[IPv6].plen == 1280 - 40
    expect_silence(right)


@case(must("RFC 2675 §3"))
def host_does_not_fragment_a_jumbogram(big_host):
    host, port = big_host
    port.send(ip() / ICMPv6PacketTooBig(mtu=1500) / ip(TESTER.address, source=NODE.address, plen=1360, nh=58)[IPv6]
              / Raw(b"\x81\0\0\0" + bytes(1000)))
    port.send(jumbogram(echo_bytes(BIG)))
    assert not any(p[IPv6].nh == 44 or len(p.wire) > 2000 for p in port.run(1.0))
    expect_dropped(host, "ip6.packet_too_big")


@case(must("RFC 8200 §4.5"))
def fragments_make_no_jumbogram(host, port):
    port.send(fragment(bytes(16), offset=65_528, more=False))
    expect(port, ICMPv6ParamProblem, code=0, ptr=FIRST_HEADER + 2)
