"""The IPv6 header (RFC 8200 §3), and what upper layers see of it (§8.1)."""

from __future__ import annotations

import pytest
from scapy.layers.inet import UDP
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6
from scapy.packet import Raw

from kamesim.conformance.exchange import (
    CLOSED_PORT,
    ETHERNET,
    NODE,
    TESTER_RIGHT,
    case,
    echo,
    echo_request,
    expect,
    expect_dropped,
    expect_silence,
    ip,
    must,
    payload_of,
)


# --- The IPv6 header (RFC 8200 §3) ------------------------------------------------------------------------------------


@case(must("RFC 8200 §3"), logo="v6LC.1.1.1")
@pytest.mark.parametrize("version", [0, 4, 5, 7, 15])
def version_other_than_6_is_discarded(node, port, version):
    port.send(ip(version=version) / echo())
    expect_silence(port)
    expect_dropped(node, "ip6.bad_version")
    port.send(echo_request())
    expect(port, ICMPv6EchoReply)


@case(must("RFC 8200 §3"))
def payload_length_beyond_the_frame_is_discarded(node, port):
    port.send(ip(plen=100) / echo())
    expect_silence(port)
    expect_dropped(node, "ip6.payload_truncated")


@case(must("RFC 8200 §3", "RFC 2464 §3"))
def bytes_behind_the_payload_are_ignored(node, port):
    # Padding.
    port.send_frames(bytes(echo_request(data=b"12345")) + b"padding")
    assert expect(port, ICMPv6EchoReply)[ICMPv6EchoReply].data == b"12345"


@case(must("RFC 8200 §3"))
def frame_shorter_than_an_ipv6_header_is_discarded(node, port):
    port.send_frames(bytes(echo_request())[: ETHERNET + 39])
    expect_silence(port)
    expect_dropped(node, "ip6.truncated")


@case(must("RFC 8200 §7"), logo="v6LC.1.1.2")
def traffic_class_does_not_matter_to_the_destination(node, port):
    port.send(echo_request(tc=0x20))
    expect(port, ICMPv6EchoReply)


@case(must("RFC 8200 §6"), logo="v6LC.1.1.4")
def flow_label_does_not_matter_to_the_destination(node, port):
    port.send(echo_request(fl=0x34567))
    expect(port, ICMPv6EchoReply)


@case(must("RFC 8200 §3"), logo={"3 bytes": "v6LC.1.1.5 A", "4 bytes": "v6LC.1.1.5 C"})
@pytest.mark.parametrize("size", [3, 4], ids=lambda n: f"{n} bytes")
def payload_length_may_be_odd_or_even(node, port, size):
    port.send(echo_request(data=bytes(size)))
    assert expect(port, ICMPv6EchoReply)[IPv6].plen == 8 + size


@case(must("RFC 8200 §4.7"), logo="v6LC.1.1.6 A")
def nothing_follows_no_next_header(node, port):
    port.send(ip(nh=59) / Raw(payload_of(ip() / echo())))
    expect_silence(port)
    expect_dropped(node, "ip6.no_next_header")


@case(must("RFC 8200 §3"), logo={"0": "v6LC.1.1.8"})
@pytest.mark.parametrize("hop_limit", [0, 1])
def destination_accepts_any_hop_limit(node, port, hop_limit):
    port.send(echo_request(hlim=hop_limit))
    expect(port, ICMPv6EchoReply)


@case(must("RFC 8200 §6", "RFC 8200 §7"))
def flow_label_and_traffic_class_of_others_pass_a_router_unchanged(router, left, right):
    left.send(echo_request(TESTER_RIGHT.address, tc=0xB9, fl=0xABCDE, hlim=64))
    forwarded = expect(right, ICMPv6EchoRequest)[IPv6]
    assert (forwarded.tc, forwarded.fl, forwarded.hlim) == (0xB9, 0xABCDE, 63)


@case(must("RFC 8200 §2", "RFC 4861 §6.2.1"))
def host_does_not_forward(host, port):
    # IsRouter.
    port.send(echo_request("2001:db8:7::1", to_mac=NODE.mac))
    expect_silence(port)
    expect_dropped(host, "ip6.not_for_us")


# --- Upper layers (RFC 8200 §8.1) -------------------------------------------------------------------------------------


@case(must("RFC 8200 §8.1"))
def udp_without_checksum_is_discarded(node, port):
    port.send(ip() / UDP(sport=4000, dport=CLOSED_PORT, chksum=0) / Raw(b"data"))
    expect_silence(port)
    expect_dropped(node, "udp.zero_checksum")


@case(must("RFC 8200 §8.1"))
def udp_with_a_wrong_checksum_is_discarded(node, port):
    port.send(ip() / UDP(sport=4000, dport=CLOSED_PORT, chksum=0x1234) / Raw(b"data"))
    expect_silence(port)
    expect_dropped(node, "udp.bad_checksum")
