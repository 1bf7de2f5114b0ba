"""Looking at the packets that come from the node under test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scapy.layers.inet import IP, TCP, UDP, in4_chksum
from scapy.layers.inet6 import (
    HAO,
    ICMPv6ND_RA,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrRouting,
    _ICMPv6,
    _ICMPv6Error,
    _MobilityHeader,
    in6_chksum,
)
from scapy.packet import NoPayload, Packet

from kamesim.conformance.ends import ETHERNET
from kamesim.conformance.packets import group_mac, is_multicast


def own_layers(packet: Packet) -> Iterator[Packet]:
    """The layers of the packet itself, without those of a packet that it quotes."""
    layer = packet
    while not isinstance(layer, NoPayload):
        yield layer
        if isinstance(layer, _ICMPv6Error):
            return
        layer = layer.payload


def find(packet: Packet, layer: type[Packet]) -> Any:
    """The first layer of that kind; None without."""
    return next((own for own in own_layers(packet) if isinstance(own, layer)), None)


def matches(packet: Packet, layer: type[Packet], fields: dict[str, Any]) -> bool:
    found = find(packet, layer)
    return found is not None and all(found.getfieldval(name) == value for name, value in fields.items())


def quoted(packet: Packet) -> bytes:
    """The invoking packet in an ICMPv6 error, as it is on the wire: behind IPv6 and the error's 8 bytes."""
    assert find(packet, _ICMPv6Error) is not None, packet.summary()
    return bytes(packet.wire[ETHERNET + 40 + 8 :])


def options_of(packet: Packet, option: type[Packet]) -> list[Packet]:
    return [layer for layer in own_layers(packet) if isinstance(layer, option)]


def check_frame(packet: Packet) -> None:
    """What holds for every frame that a node sends, whatever it is about."""
    header = packet[IPv6]
    assert header.version == 6
    jumbogram = len(packet.wire) > ETHERNET + 40 + 65535
    length = int.from_bytes(packet.wire[ETHERNET + 44 : ETHERNET + 48], "big") if jumbogram else header.plen
    assert len(packet.wire) == ETHERNET + 40 + length, "payload length (RFC 8200 §3, RFC 2675 §3)"
    assert not jumbogram or (header.plen, header.nh) == (0, 0), "a jumbogram's length is in its option (RFC 2675 §3)"
    assert not is_multicast(header.src), "source is a group (RFC 4291 §2.7)"
    to_one = find(packet, ICMPv6ND_RA) is not None and not int(packet.dst[:2], 16) & 1  # RFC 6085 §3
    if is_multicast(header.dst):
        assert to_one or packet.dst == group_mac(header.dst), "RFC 2464 §7"
    else:
        assert not int(packet.dst[:2], 16) & 1, "unicast packet in a group frame"
    protocols = ((58, _ICMPv6), (17, UDP), (6, TCP), (135, _MobilityHeader))
    protocol, message = next(((n, m) for n, kind in protocols if (m := find(packet, kind))), (0, None))
    if message is not None and find(packet, IPv6ExtHdrFragment) is None:
        # Over a message with a right checksum, in its place, the sum is zero.
        size = sum(len(layer) - len(layer.payload) for layer in _headers_before(packet, message))
        total = _checksum(protocol, message, packet.wire[ETHERNET + size :])
        assert total in (0, 0xFFFF), "checksum (RFC 4443 §2.3)"


def _checksum(protocol: int, message: Packet, octets: bytes) -> int:
    if isinstance(message.underlayer, IP):  # in a tunnel; RFC 768: a datagram over IPv4 may have none
        return 0 if isinstance(message, UDP) and not message.chksum else int(in4_chksum(protocol, message.underlayer, octets))
    return int(in6_chksum(protocol, _end_points(message), octets))


def _end_points(message: Packet) -> IPv6:
    """A header with the addresses that the checksum counts: home, not care-of addresses (RFC 6275 §6.3, §6.4)."""
    source = destination = None
    layer = message.underlayer
    while not isinstance(layer, IPv6):
        if isinstance(layer, IPv6ExtHdrRouting) and layer.segleft:
            destination = layer.addresses[-1]
        if isinstance(layer, IPv6ExtHdrDestOpt):
            source = next((option.hoa for option in layer.options if isinstance(option, HAO)), source)
        layer = layer.underlayer
    return IPv6(src=source or layer.src, dst=destination or layer.dst)


def _headers_before(packet: Packet, message: Packet) -> Iterator[Packet]:
    for layer in own_layers(packet[IPv6]):
        if layer is message:
            return
        yield layer
