"""ICMPv6 messages that come in (RFC 4443 §2.3, §2.4)."""

from __future__ import annotations

from scapy.layers.inet6 import ICMPv6Unknown
from scapy.packet import Raw

from kamesim.conformance.exchange import (
    ETHERNET,
    NODE,
    TESTER,
    case,
    datagram,
    echo,
    expect_dropped,
    expect_silence,
    ip,
    must,
)


@case(must("RFC 4443 §2.3"))
def wrong_checksum_is_discarded(node, port):
    port.send(ip() / echo(cksum=0x1234))
    expect_silence(port)
    expect_dropped(node, "icmp6.bad_checksum")


@case(must("RFC 4443 §2.4 b"), logo="v6LC.5.1.8")
def informational_message_of_unknown_type_is_discarded(node, port):
    port.send(ip() / ICMPv6Unknown(type=200, msgbody=bytes(8)))
    expect_silence(port)
    expect_dropped(node, "icmp6.unknown_type")


@case(must("RFC 4443 §2.4 a"))
def error_of_unknown_type_is_not_answered(node, port):
    about = bytes(datagram(TESTER.address, source=NODE.address))[ETHERNET:]
    port.send(ip() / ICMPv6Unknown(type=100, msgbody=bytes(4) + about))
    expect_silence(port)


@case(must("RFC 4443 §2.1"))
def message_without_a_whole_header_is_discarded(node, port):
    port.send(ip(nh=58) / Raw(b"\x80\0"))
    expect_silence(port)
    expect_dropped(node, "icmp6.truncated")
