"""What the cases of Dual Stack Mobile IPv6 (RFC 5555) are written with: its options by their bytes, and packets in IPv4, in
UDP over IPv4, and IPv4 in IPv6."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from socket import inet_aton, inet_ntoa
from typing import Any

from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import MIP6MH_BU, IPv6, MIP6OptUnknown, _MobilityHeader
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet, Raw

from kamesim.conformance.exchange import Port, Unmet, find
from kamesim.conformance.mobility import UNIT

PORT = 4191  # RFC 5555 §8
HOME_ADDRESS, ACKNOWLEDGEMENT, NAT_DETECTION, CARE_OF_ADDRESS = 29, 30, 31, 32
NO_NAT = 0xFFFFFFFF  # §3.2.2, of the Refresh time
F_OF_UPDATE = 0x100  # the first of the bits that Scapy takes for reserved
BROADCAST = "ff:ff:ff:ff:ff:ff"

# --- Options --------------------------------------------------------------------------------------------------------


def raw_option(kind: int, data: bytes) -> Packet:
    return MIP6OptUnknown(otype=kind, olen=len(data), odata=data)


def ipv4_home_address(address: str = "0.0.0.0", length: int = 32, *, p: bool = False, reserved: int = 0) -> Packet:
    first = length << 2 | p << 1 | reserved & 1
    return raw_option(HOME_ADDRESS, bytes([first, reserved & 0xFF]) + inet_aton(address))


def ipv4_care_of(address: str, reserved: int = 0) -> Packet:
    return raw_option(CARE_OF_ADDRESS, reserved.to_bytes(2, "big") + inet_aton(address))


def acknowledgement(address: str, status: int = 0, length: int = 32) -> Packet:
    return raw_option(ACKNOWLEDGEMENT, bytes([status, length << 2]) + inet_aton(address))


def nat_detection(refresh_time: int = NO_NAT, *, f: bool = False) -> Packet:
    return raw_option(NAT_DETECTION, (f << 15).to_bytes(2, "big") + refresh_time.to_bytes(4, "big"))


def update(seq: int, *options: Packet, flags: str = "HA", f: bool = False, lifetime: int = 420) -> Packet:
    """A Binding Update; f: the F flag."""
    reserved = F_OF_UPDATE if f else 0
    return MIP6MH_BU(seq=seq, flags=flags, reserved=reserved, mhtime=lifetime // UNIT, options=list(options))


def force_udp_of(packet: Packet) -> bool:
    return bool(find(packet, MIP6MH_BU).reserved & F_OF_UPDATE)


def options_of_type(packet: Packet, kind: int) -> list[bytes]:
    """The data of the options of that type; each is checked for its length and alignment (4n)."""
    header = find(packet, _MobilityHeader)
    found, at, wire = [], 12, bytes(header.original or bytes(header))
    while at < len(wire):
        if wire[at] == 0:
            at += 1
            continue
        if wire[at] == kind:
            assert wire[at + 1] == 6 and at % 4 == 0, "RFC 5555 §3: length 6, alignment 4n"
            found.append(wire[at + 2 : at + 8])
        at += 2 + wire[at + 1]
    return found


def home_addresses_of(packet: Packet) -> list[tuple[str, int, bool]]:
    """(address, prefix length, P) of each IPv4 Home Address option, whose reserved bits are clear."""
    rows = []
    for data in options_of_type(packet, HOME_ADDRESS):
        assert data[0] & 1 == 0 and data[1] == 0, "reserved (RFC 5555 §3.1.1)"
        rows.append((inet_ntoa(data[2:]), data[0] >> 2, bool(data[0] & 2)))
    return rows


def care_of_of(packet: Packet) -> str | None:
    """The IPv4 care-of address that the option tells."""
    data = options_of_type(packet, CARE_OF_ADDRESS)
    assert len(data) <= 1 and all(d[:2] == b"\0\0" for d in data)
    return inet_ntoa(data[0][2:]) if data else None


def acknowledgements_of(packet: Packet) -> list[tuple[int, str, int]]:
    """(status, address, prefix length) of each IPv4 Address Acknowledgement option."""
    rows = []
    for data in options_of_type(packet, ACKNOWLEDGEMENT):
        assert data[1] & 3 == 0, "reserved (RFC 5555 §3.2.1)"
        rows.append((data[0], inet_ntoa(data[2:]), data[1] >> 2))
    return rows


def nat_detection_of(packet: Packet) -> tuple[bool, int] | None:
    """(F, refresh time in seconds) of the NAT Detection option."""
    data = options_of_type(packet, NAT_DETECTION)
    assert len(data) <= 1 and all(d[0] & 0x7F == 0 and d[1] == 0 for d in data), "reserved (RFC 5555 §3.2.2)"
    return (bool(data[0][0] & 0x80), int.from_bytes(data[0][2:], "big")) if data else None


# --- Packets in packets ---------------------------------------------------------------------------------------------


@dataclass
class Carried:
    """A packet inside one of IPv4, or of IPv4 inside one of IPv6."""

    how: str  # "udp", "ip" (both in IPv4), "ipv6"
    source: str  # of the outer header
    destination: str
    inner: Packet
    frame: Packet
    source_port: int = 0
    destination_port: int = 0

    @property
    def ends(self) -> tuple[str, str]:
        return self.source, self.destination

    @property
    def inner_ends(self) -> tuple[str, str]:
        return self.inner.src, self.inner.dst


def carried(frame: Packet) -> Carried | None:
    """What the frame carries; None if it is no packet inside a packet."""
    outer = frame.payload
    if isinstance(outer, IPv6):
        if isinstance(outer.payload, IP):
            return Carried("ipv6", outer.src, outer.dst, outer.payload, frame)
        return None
    if not isinstance(outer, IP):
        return None
    _check_header(outer)
    if isinstance(outer.payload, (IP, IPv6)):
        return Carried("ip", outer.src, outer.dst, outer.payload, frame)
    udp = outer.payload
    if isinstance(udp, UDP) and PORT in (udp.sport, udp.dport):
        data = bytes(udp.payload)
        inner = (IPv6 if data[0] >> 4 == 6 else IP)(data)
        _check_datagram(outer)
        return Carried("udp", outer.src, outer.dst, inner, frame, udp.sport, udp.dport)
    return None


def _check_header(header: Packet) -> None:
    again = header.copy()
    del again.chksum
    assert IP(bytes(again)).chksum == header.chksum, "IPv4 header checksum (RFC 791 §3.1)"


def _check_datagram(packet: Packet) -> None:
    again = packet.copy()
    del again[UDP].chksum
    assert IP(bytes(again))[UDP].chksum == packet[UDP].chksum, "UDP checksum (RFC 768)"


def look_for(port: Port, what: str, wanted: Callable[[Packet], Any], within: float = 1.0) -> Any:
    """What `wanted` makes of the first frame that it makes anything of."""
    came = []
    for frame in port.frames(within):
        found = wanted(frame)
        if found:
            return found
        came.append(f"  {frame.time:.6f} s  {frame.summary()}")
    raise Unmet("\n".join([f"no {what} within {within:g} s; came:", *came]))


def look_for_none(port: Port, what: str, wanted: Callable[[Packet], Any], within: float = 1.0) -> None:
    for frame in port.frames(within):
        if wanted(frame):
            raise Unmet(f"unexpected {what} at {frame.time:.6f} s: {frame.summary()}")


def holding(layer: type[Packet], how: str | None = None, **fields: Any) -> Callable[[Packet], Carried | None]:
    """For `look_for`: a carried packet with such a layer."""

    def wanted(frame: Packet) -> Carried | None:
        found = carried(frame)
        if found is None or how not in (None, found.how):
            return None
        inner = find(found.inner, layer)
        same = type(inner) is layer and all(inner.getfieldval(name) == value for name, value in fields.items())
        return found if same else None

    return wanted


def carrying(port: Port, layer: type[Packet], within: float = 1.0, how: str | None = None, **fields: Any) -> Carried:
    """The next packet that carries one with such a layer."""
    what = f"{layer.__name__} with {fields} in another packet"
    found: Carried = look_for(port, what, holding(layer, how, **fields), within)
    return found


def carrying_none(port: Port, layer: type[Packet], within: float = 1.0, how: str | None = None, **fields: Any) -> None:
    look_for_none(port, f"{layer.__name__} in another packet", holding(layer, how, **fields), within)


def in_udp(outer: Packet, inner: Packet, sport: int = PORT, dport: int = PORT) -> Packet:
    """`outer`: Ethernet and IPv4."""
    return outer / UDP(sport=sport, dport=dport) / Raw(bytes(inner))


def ping4(destination: str, source: str, data: bytes = b"kamesim", **fields: Any) -> Packet:
    """An ICMP echo request without a frame."""
    return IP(src=source, dst=destination, **fields) / ICMP(id=0x1234, seq=1) / Raw(data)


# --- ARP ------------------------------------------------------------------------------------------------------------


def introduce(port: Port, mac: str, address: str, node: str) -> None:
    """The node learns who has the address, as it is asked for its own."""
    port.send(Ether(src=mac, dst=BROADCAST) / ARP(op=1, hwsrc=mac, psrc=address, pdst=node))
    port.run(0.1)


def arp_request(target: str, sender: str, mac: str) -> Packet:
    return Ether(src=mac, dst=BROADCAST) / ARP(op=1, hwsrc=mac, psrc=sender, pdst=target)


def arp(frame: Packet, **fields: Any) -> Packet | None:
    """For `look_for`."""
    found = find(frame, ARP)
    return frame if found is not None and all(found.getfieldval(n) == v for n, v in fields.items()) else None
