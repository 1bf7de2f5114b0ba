"""What the cases of fast handovers (RFC 5568) are written with: messages octet by octet, as Scapy does not know them."""

from __future__ import annotations

import hashlib
import hmac
import struct
from dataclasses import dataclass, field
from ipaddress import IPv6Address

from scapy.layers.inet6 import ICMPv6Unknown, MIP6MH_Generic
from scapy.packet import Packet

import kamesim as ks
from kamesim.conformance.exchange import Port, Unmet, find

FBU, FBACK, HI, HACK = 8, 9, 14, 15
RTSOLPR, PRRTADV = 2, 3
KEY = ks.fmip6.DOMAIN_KEY

WILDCARD, NEW_AP, MOBILE_NODE, NAR, SOURCE, SAME_INTERFACE, NO_PREFIX, NO_FAST_HANDOVER = range(8)
OLD_CARE_OF, NEW_CARE_OF, NAR_ADDRESS, NAR_PREFIX = range(1, 5)


def address(text: str) -> bytes:
    return IPv6Address(text).packed


def mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def access_point(name: str) -> bytes:
    """The AP-ID of a cell or LAN: FNV-1a of its name, locally administered."""
    value = 0xCBF29CE484222325
    for octet in name.encode():
        value = (value ^ octet) * 0x100000001B3 & (1 << 64) - 1
    octets = bytearray(value.to_bytes(8, "little")[:6])
    octets[0] = octets[0] & 0xFC | 2
    return bytes(octets)


# --- ICMPv6 (§6.1, §6.4) ---------------------------------------------------------------------------------------------


def lla(code: int, value: bytes) -> bytes:
    return bytes([19, 2, code]) + value + bytes(7)


def ip_option(code: int, value: str, length: int = 128) -> bytes:
    return bytes([17, 3, code, length, 0, 0, 0, 0]) + address(value)


def icmpv6(subtype: int, identifier: int, *options: bytes, code: int = 0) -> Packet:
    body = struct.pack(">BBH", subtype, 0, identifier) + b"".join(options)
    return ICMPv6Unknown(type=154, code=code, msgbody=body)


@dataclass
class NdMessage:
    """An RtSolPr or a PrRtAdv, read: options as (type, option code, rest)."""

    packet: Packet
    subtype: int
    code: int
    identifier: int
    options: list[tuple[int, int, bytes]] = field(default_factory=list)

    def with_code(self, kind: int, code: int) -> bytes | None:
        return next((rest for k, c, rest in self.options if (k, c) == (kind, code)), None)


def nd_message(port: Port, subtype: int, within: float = 1.0) -> NdMessage:
    """The next message of type 154 and that subtype."""
    for packet in port.frames(within):
        data = packet.wire[54:]
        if packet.wire[20] != 58 or not data or data[0] != 154 or data[4] != subtype:
            continue
        assert packet.wire[21] == 255, "hop limit"
        read = NdMessage(packet, subtype, data[1], int.from_bytes(data[6:8], "big"))
        at = 8
        while at < len(data):
            size = 8 * data[at + 1]
            read.options.append((data[at], data[at + 2], bytes(data[at + 3 : at + size])))
            at += size
        return read
    raise Unmet(f"no message of type 154, subtype {subtype}")


def no_nd_message(port: Port, subtype: int, within: float) -> None:
    try:
        nd_message(port, subtype, within)
    except Unmet:
        return
    raise Unmet(f"unexpected message of type 154, subtype {subtype}")


# --- Mobility Headers (§6.2, §6.4) -----------------------------------------------------------------------------------


def header(kind: int, fixed: bytes, options: bytes = b"") -> Packet:
    """A Mobility Header; the options end on a multiple of 8, or are padded."""
    message = fixed + options
    missing = -(len(message) + 6) % 8
    if missing == 1:
        message += b"\0"
    elif missing:
        message += bytes([1, missing - 2]) + bytes(missing - 2)
    return MIP6MH_Generic(mhtype=kind, msg=message)


def pad_to(options: bytes, start: int, x: int, y: int) -> bytes:
    missing = (y - start - len(options)) % x
    if missing == 1:
        return options + b"\0"
    return options + (bytes([1, missing - 2]) + bytes(missing - 2) if missing else b"")


def mh_lla(value: bytes) -> bytes:
    return bytes([7, 7, 2]) + value


def fast_binding_update(
    seq: int, care_of: str, par: str, *, alternate: bool = True, lifetime: int = 20, flags: int = 0xC0,
    key: bytes = KEY, mobile_node: str | None = "02:00:00:00:01:01", authorized: bool = True, authenticated: str = "",
) -> Packet:  # fmt: skip
    """care_of: the NCoA; authenticated: the address in the authenticator, the NCoA by default."""
    fixed = struct.pack(">HBBH", seq, flags, 0, lifetime)
    options = b""
    if alternate:
        options = pad_to(options, 12, 8, 6) + bytes([3, 16]) + address(care_of)
    if mobile_node:
        options += mh_lla(mac(mobile_node))
    if not authorized:
        return header(FBU, fixed, options)
    options = pad_to(options, 12, 8, 6) + bytes([21, 16, 0, 0, 0, 0])
    length = (12 + len(options) + 12 - 8) // 8
    message = bytes([59, length, FBU, 0, 0, 0]) + fixed + options
    data = address(authenticated or care_of) + address(par) + message
    return header(FBU, fixed, options + hmac.new(key, data, hashlib.sha1).digest()[:12])


def handover_initiate(seq: int, pcoa: str, ncoa: str | None, *, code: int = 0, flags: int = 0x40,
                      mobile_node: str | None = "02:00:00:00:01:01") -> Packet:  # fmt: skip
    options = mh_lla(mac(mobile_node)) if mobile_node else b""
    for kind, value in ((OLD_CARE_OF, pcoa), (NEW_CARE_OF, ncoa)):
        if value is not None:
            options = pad_to(options, 10, 8, 4) + bytes([34, 18, kind, 128]) + address(value)
    return header(HI, struct.pack(">HBB", seq, flags, code), options)


def handover_ack(seq: int, code: int = 0, ncoa: str | None = None) -> Packet:
    options = b""
    if ncoa is not None:
        options = pad_to(options, 10, 8, 4) + bytes([34, 18, NEW_CARE_OF, 128]) + address(ncoa)
    return header(HACK, struct.pack(">HBB", seq, 0, code), options)


def fast_binding_ack(seq: int, care_of: str, par: str, *, status: int = 0, lifetime: int = 20,
                     supplied: str | None = None, key: bytes = KEY) -> Packet:  # fmt: skip
    fixed = struct.pack(">BBHH", status, 0, seq, lifetime)
    options = b""
    if supplied is not None:
        options = pad_to(options, 12, 8, 6) + bytes([3, 16]) + address(supplied)
    options = pad_to(options, 12, 8, 6) + bytes([21, 16, 0, 0, 0, 0])
    length = (12 + len(options) + 12 - 8) // 8
    data = address(care_of) + address(par) + bytes([59, length, FBACK, 0, 0, 0]) + fixed + options
    return header(FBACK, fixed, options + hmac.new(key, data, hashlib.sha1).digest()[:12])


@dataclass
class Mobility:
    """A received Mobility Header: what follows the checksum, and the options by type and option code (or type alone)."""

    packet: Packet
    kind: int
    body: bytes
    options: dict[int | tuple[int, int], bytes]
    whole: bytes

    def u16(self, at: int) -> int:
        return int.from_bytes(self.body[at : at + 2], "big")

    def care_of(self, code: int) -> str | None:
        value = self.options.get((34, code))
        return None if value is None else str(IPv6Address(value[2:18]))

    def authentic(self, care_of: str, par: str, key: bytes = KEY) -> bool:
        data = address(care_of) + address(par) + self.whole[:4] + b"\0\0" + self.whole[6:-12]
        return hmac.new(key, data, hashlib.sha1).digest()[:12] == self.whole[-12:]


_FIXED = {FBU: 6, FBACK: 6, HI: 4, HACK: 4}


def mobility(port: Port, kind: int, within: float = 1.0) -> Mobility:
    """The next Mobility Header of that type, in an extension chain or not."""
    for packet in port.frames(within):
        found = find(packet, MIP6MH_Generic)
        if found is None or found.mhtype != kind:
            continue
        whole = bytes(found.original)
        whole = whole[: 8 * (whole[1] + 1)]
        body, at = whole[6:], 6 + _FIXED[kind]
        options: dict[int | tuple[int, int], bytes] = {}
        while at < len(whole):
            if whole[at] == 0:
                at += 1
                continue
            data = whole[at + 2 : at + 2 + whole[at + 1]]
            options[whole[at]] = data
            if whole[at] in (7, 34):
                options[whole[at], data[0]] = data
            at += 2 + whole[at + 1]
        return Mobility(packet, kind, body, options, whole)
    raise Unmet(f"no Mobility Header of type {kind}")


def no_mobility(port: Port, kind: int, within: float) -> None:
    try:
        mobility(port, kind, within)
    except Unmet:
        return
    raise Unmet(f"unexpected Mobility Header of type {kind}")
