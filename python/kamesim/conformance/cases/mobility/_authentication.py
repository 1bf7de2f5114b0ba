"""Shared by the cases on RFC 4285: its options by Scapy, its authenticators by hashlib."""

from __future__ import annotations

import hashlib
import hmac
from socket import AF_INET6

from scapy.layers.inet6 import (
    MIP6OptMNID,
    MIP6OptMsgAuth,
    MIP6OptReplayProtection,
    Pad1,
    PadN,
    _MobilityHeader,
)
from scapy.packet import Packet
from scapy.pton_ntop import inet_pton

from kamesim.conformance.exchange import find

IDENTIFIER, KEY, AAA_KEY, SPI = "alice@example.com", bytes(range(16)), bytes(range(100, 116)), 4711
HMAC_SHA1_SPI = 3
START = 3976214400  # virtual time 0 by NTP's seconds: the year 2026
MN_HA, MN_AAA = 1, 2
SIZES = {MN_HA: 12, MN_AAA: 20}


def ntp(seconds: float) -> int:
    """A virtual time in NTP's format."""
    return int((START + seconds) * 2**32)


def padding(offset: int, x: int, y: int) -> list[Packet]:
    """So that the next option begins at xn+y."""
    octets = (y - offset) % x
    return [] if octets == 0 else [Pad1()] if octets == 1 else [PadN(optdata=b"\x00" * (octets - 2))]


def options(
    *subtypes: int,
    before: int = 12,
    identifier: str | None = IDENTIFIER,
    timestamp: int | None = None,
    spi: int = SPI,
    extra: list[Packet] | None = None,
) -> list[Packet]:
    """Identifier, timestamp and authentication options, without their data. before: octets of the message that stand
    before them."""
    made: list[Packet] = []

    def offset() -> int:
        return before + sum(len(bytes(option)) for option in made)

    if identifier is not None:
        made.append(MIP6OptMNID(id=identifier))
    if timestamp is not None:
        made += padding(offset(), 8, 2)
        made.append(MIP6OptReplayProtection(timestamp=timestamp))
    made += extra or []
    for subtype in subtypes:
        made += padding(offset(), 8, 5)  # 4n+1 (§5), and such that the option ends the message
        number = HMAC_SHA1_SPI if subtype == MN_AAA else spi
        made.append(MIP6OptMsgAuth(subtype=subtype, mspi=number, authdata=b"\x00" * SIZES[subtype]))
    return made


def authenticator(subtype: int, key: bytes, care_of: str, home: str, covered: bytes) -> bytes:
    """RFC 4285 §5.1, §5.2. covered: the message up to and including the mobility SPI."""
    data = inet_pton(AF_INET6, care_of) + inet_pton(AF_INET6, home) + covered[:4] + b"\x00\x00" + covered[6:]
    if subtype == MN_AAA:
        return hmac.new(key, hashlib.sha1(data).digest(), "sha1").digest()
    return hmac.new(key, data, "sha1").digest()[:12]


def authenticated(
    packet: Packet, care_of: str, home: str, key: bytes = KEY, aaa_key: bytes = AAA_KEY
) -> Packet:
    """The packet with the data of its authentication options filled in, which are the last ones of its header."""
    header = find(packet, _MobilityHeader)
    mine = [option for option in header.options if isinstance(option, MIP6OptMsgAuth)]
    for option in mine:
        raw = bytes(header)
        end = len(raw) - sum(len(bytes(later)) for later in header.options[header.options.index(option) + 1 :])
        covered = raw[: end - SIZES[option.subtype]]
        chosen = aaa_key if option.subtype == MN_AAA else key
        option.authdata = authenticator(option.subtype, chosen, care_of, home, covered)
    return packet


def of_subtype(packet: Packet, subtype: int) -> Packet | None:
    found = (option for option in find(packet, _MobilityHeader).options if isinstance(option, MIP6OptMsgAuth))
    return next((option for option in found if option.subtype == subtype), None)


def is_authentic(packet: Packet, care_of: str, home: str, key: bytes = KEY) -> bool:
    """Whether it ends with a right MN-HA option, and says who it is about."""
    header = find(packet, _MobilityHeader)
    last, raw = header.options[-1], header.original
    names = [option.id for option in header.options if isinstance(option, MIP6OptMNID)]
    return (
        isinstance(last, MIP6OptMsgAuth)
        and (last.subtype, last.mspi) == (MN_HA, SPI)
        and names == [IDENTIFIER.encode()]
        and last.authdata == authenticator(MN_HA, key, care_of, home, raw[:-12])
    )
