"""Shared by the cases on Mobile IPv6's signalling under ESP (RFC 3776): the associations of one mobile node with its home
agent, as the tester has them."""

from __future__ import annotations

from typing import Any

from scapy.layers.inet6 import IPv6
from scapy.layers.ipsec import ESP
from scapy.packet import Packet, Raw

import kamesim as ks
from kamesim.conformance.cases.ipsec._associations import CBC, Association, key
from kamesim.conformance.exchange import find

SPI = 0x1000
UPDATE, ACK, SOLICITATION, ADVERTISEMENT, HOME_TEST_INIT, HOME_TEST, PAYLOAD_UP, PAYLOAD_DOWN = range(SPI, SPI + 8)


def protection(spi: int = SPI, **fields: Any) -> ks.SignallingProtection:
    return ks.SignallingProtection(
        key(16), key(32, 0x51), encryption="aes-cbc", integrity="hmac-sha2-256-128", spi=spi, **fields
    )


def association(spi: int, tunnel: tuple[str, str] | None = None) -> Association:
    return Association("::", "::", spi, CBC, tunnel=tunnel)


def esp(spi: int, source: str, destination: str, *layers: Packet) -> Packet:
    """A message between these ends, which its checksum is about, in ESP of transport mode: the ESP header and on."""
    packet: Packet = IPv6(src=source, dst=destination)
    for layer in layers:
        packet = packet / layer
    return association(spi).seal(packet)[ESP]


def esp_tunnel(spi: int, ends: tuple[str, str], packet: Packet) -> Packet:
    """A packet in ESP of tunnel mode: from the outer IPv6 header on."""
    return association(spi, ends).seal(packet)


def opened(spi: int, packet: Packet, source: str, destination: str) -> Packet:
    """What ESP of transport mode holds, as a packet between its logical ends."""
    header = find(packet, ESP)
    assert header is not None and header.spi == spi, f"SPI {spi:#x} expected"
    bare = IPv6(src=source, dst=destination, nh=50) / Raw(bytes(header))
    return IPv6(bytes(association(spi).scapy().decrypt(IPv6(bytes(bare)))))


def opened_tunnel(spi: int, packet: Packet) -> Packet:
    """The packet in ESP of tunnel mode."""
    header = find(packet, ESP)
    assert header is not None and header.spi == spi, f"SPI {spi:#x} expected"
    outer = packet[IPv6]
    bare = IPv6(src=outer.src, dst=outer.dst, nh=50) / Raw(bytes(header))
    return IPv6(bytes(association(spi, (outer.src, outer.dst)).scapy().decrypt(IPv6(bytes(bare)))))
