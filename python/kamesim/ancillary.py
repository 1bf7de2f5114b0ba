"""Values of socket options and of ancillary data: the structures of RFC 3542, as bytes.

    s.sendmsg([b"data"], [(ks.IPPROTO_IPV6, ks.IPV6_PKTINFO, ks.ancillary.in6_pktinfo(interface=2))], 0, (peer, 7))
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable
from typing import Any

from kamesim import errors
from kamesim.socket_names import AF_INET6

__all__ = [
    "icmp6_filter",
    "in6_pktinfo",
    "options_header",
    "parse_in6_pktinfo",
    "parse_ip6_mtuinfo",
    "parse_options_header",
    "parse_routing_header",
    "routing_header",
    "sockaddr_in6",
]

PAD1, PADN = 0, 1  # RFC 8200 section 4.2


def in6_pktinfo(address: str = "::", interface: int = 0) -> bytes:
    """struct in6_pktinfo, for IPV6_PKTINFO: the source address, and the index of the interface; "::", 0: not said."""
    packed = ipaddress.IPv6Address(errors.address("in6_pktinfo", "address", address)).packed
    return packed + struct.pack("=I", errors.integer("in6_pktinfo", "interface", interface, "", minimum=0))


def parse_in6_pktinfo(value: bytes) -> tuple[str, int]:
    """(address, interface index) of a received IPV6_PKTINFO: where the packet was sent to, and by what it came."""
    address, index = struct.unpack("=16sI", _sized("in6_pktinfo", value, 20))
    return str(ipaddress.IPv6Address(address)), index


def sockaddr_in6(address: str, port: int = 0, scope: int = 0) -> bytes:
    """struct sockaddr_in6, for IPV6_NEXTHOP."""
    what = "sockaddr_in6"
    number = errors.integer(what, "port", port, "", minimum=0, maximum=65535)
    packed = ipaddress.IPv6Address(errors.address(what, "address", address)).packed
    zone = struct.pack("=I", errors.integer(what, "scope", scope, "", minimum=0))
    return struct.pack("=H", AF_INET6) + struct.pack("!HI", number, 0) + packed + zone


def parse_ip6_mtuinfo(value: bytes) -> tuple[str, int]:
    """(destination, MTU in bytes) of IPV6_PATHMTU."""
    address, mtu = struct.unpack("=8x16s4xI", _sized("ip6_mtuinfo", value, 32))
    return str(ipaddress.IPv6Address(address)), mtu


def options_header(options: Iterable[tuple[Any, ...]]) -> bytes:
    """A Hop-by-Hop or Destination Options header of options (type, data) or (type, data, alignment of the data).

    It is padded as RFC 8200 section 4.2 asks. The stack fills in the Next Header field.
    """
    what = "options_header"
    body = bytearray(2)
    for option in options:
        kind, data, *rest = option
        alignment = rest[0] if rest else 1
        errors.integer(what, "type", kind, "", minimum=2, maximum=255)
        if alignment not in (1, 2, 4, 8):  # RFC 3542 section 10.3
            errors.fail(what, "alignment", alignment, "1, 2, 4 or 8")
        if len(data) > 255:
            errors.fail(what, "data", f"{len(data)} bytes", "255 bytes or less")
        body += _padding(-(len(body) + 2) % alignment)
        body += bytes((kind, len(data))) + data
    body += _padding(-len(body) % 8)
    if len(body) > 2048:
        errors.fail(what, "options", f"{len(body)} bytes", "2048 bytes or less in all")
    body[1] = len(body) // 8 - 1
    return bytes(body)


def parse_options_header(header: bytes) -> list[tuple[int, bytes]]:
    """The options of a header, without the padding: [(type, data)]."""
    options, at = [], 2
    while at < len(header):
        if header[at] == PAD1:
            at += 1
            continue
        if at + 2 > len(header) or at + 2 + header[at + 1] > len(header):
            errors.fail("parse_options_header", "header", header, "whole options")
        if header[at] != PADN:
            options.append((header[at], header[at + 2 : at + 2 + header[at + 1]]))
        at += 2 + header[at + 1]
    return options


def routing_header(addresses: Iterable[str], type: int = 0) -> bytes:
    """A Routing header by way of these addresses, for IPV6_RTHDR; the destination is that of the datagram.

    Type 0 is deprecated (RFC 5095): nodes answer it with an error unless their settings say otherwise.
    """
    what = "routing_header"
    packed = [ipaddress.IPv6Address(errors.address(what, "addresses", a)).packed for a in addresses]
    if not 0 < len(packed) <= 127:
        errors.fail(what, "addresses", f"{len(packed)} addresses", "from 1 to 127 addresses")
    kind = errors.integer(what, "type", type, "", minimum=0, maximum=255)
    return struct.pack("!BBBBI", 0, 2 * len(packed), kind, len(packed), 0) + b"".join(packed)


def parse_routing_header(header: bytes) -> tuple[int, int, list[str]]:
    """(type, segments left, addresses) of a Routing header that holds addresses."""
    addresses = [str(ipaddress.IPv6Address(header[at : at + 16])) for at in range(8, len(header) - 15, 16)]
    return header[2], header[3], addresses


def icmp6_filter(*types: int) -> bytes:
    """struct icmp6_filter, for ICMP6_FILTER: only these types pass (RFC 3542 section 3.2)."""
    blocked = bytearray(b"\xff" * 32)
    for kind in types:
        number = errors.integer("icmp6_filter", "types", kind, "", minimum=0, maximum=255)
        blocked[number // 8] &= ~(1 << number % 8) & 0xFF
    return bytes(blocked)


def _padding(size: int) -> bytes:
    if size == 0:
        return b""
    return bytes((PAD1,)) if size == 1 else bytes((PADN, size - 2)) + bytes(size - 2)


def _sized(what: str, value: bytes, size: int) -> bytes:
    if len(value) != size:
        errors.fail(what, "value", value, f"{size} bytes")
    return value
