"""The packets of a tester, by Scapy.

Nothing here computes with kamesim: addresses, checksums and layouts are Scapy's or written out.
"""

from __future__ import annotations

from collections.abc import Sequence
from socket import AF_INET6
from typing import Any

from scapy.layers.inet import UDP
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6ND_RS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
    IPv6ExtHdrFragment,
)
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw
from scapy.pton_ntop import inet_ntop, inet_pton
from scapy.utils6 import in6_getnsma

from kamesim.conformance.ends import ALL_NODES, ALL_ROUTERS, CLOSED_PORT, ETHERNET, NODE, TESTER


def solicited_node(address: str) -> str:
    """RFC 4291 §2.7.1."""
    return str(inet_ntop(AF_INET6, in6_getnsma(inet_pton(AF_INET6, address))))


def group_mac(group: str) -> str:
    """RFC 2464 §7: 33-33 and the last four octets."""
    return "33:33:" + ":".join(f"{octet:02x}" for octet in inet_pton(AF_INET6, group)[-4:])


def is_multicast(address: str) -> bool:
    return bool(inet_pton(AF_INET6, address)[0] == 0xFF)


def ip(
    destination: str = NODE.address,
    *,
    source: str = TESTER.address,
    to_mac: str | None = None,
    from_mac: str = TESTER.mac,
    **fields: Any,
) -> Packet:
    """Ethernet and IPv6 headers of a packet from the tester; the rest is appended with `/`."""
    if to_mac is None:
        to_mac = group_mac(destination) if is_multicast(destination) else NODE.mac
    return Ether(src=from_mac, dst=to_mac) / IPv6(src=source, dst=destination, **fields)


def echo(data: bytes = b"kamesim", *, id: int = 0x1234, seq: int = 1, **fields: Any) -> Packet:
    return ICMPv6EchoRequest(id=id, seq=seq, data=data, **fields)


def echo_request(destination: str = NODE.address, data: bytes = b"kamesim", *, seq: int = 1, **fields: Any) -> Packet:
    return ip(destination, **fields) / echo(data, seq=seq)


def datagram(destination: str = NODE.address, data: bytes = b"", *, dport: int = CLOSED_PORT, **fields: Any) -> Packet:
    return ip(destination, **fields) / UDP(sport=4000, dport=dport) / Raw(data)


def lladdr_option(option: type[Packet], mac: str | None) -> list[Packet]:
    return [] if mac is None else [option(lladdr=mac)]


def stack(packet: Packet, *layers: Packet) -> Packet:
    for layer in layers:
        packet = packet / layer
    return packet


def ns(
    target: str = NODE.address,
    *options: Packet,
    source: str = TESTER.link_local,
    destination: str | None = None,
    lladdr: str | None = TESTER.mac,
    hop_limit: int = 255,
    from_mac: str = TESTER.mac,
    **fields: Any,
) -> Packet:
    """A Neighbor Solicitation to the solicited-node address, with the Source Link-Layer Address option."""
    headers = ip(destination or solicited_node(target), source=source, from_mac=from_mac, hlim=hop_limit)
    return stack(
        headers, ICMPv6ND_NS(tgt=target, **fields), *lladdr_option(ICMPv6NDOptSrcLLAddr, lladdr), *options
    )


def dad_ns(target: str, *, from_mac: str = TESTER.mac) -> Packet:
    """What a node sends that tests `target` for uniqueness (RFC 4862 §5.4.2)."""
    return ns(target, source="::", lladdr=None, from_mac=from_mac)


def na(
    target: str = TESTER.address,
    *options: Packet,
    source: str | None = None,
    destination: str = NODE.address,
    lladdr: str | None = TESTER.mac,
    router: int = 0,
    solicited: int = 1,
    override: int = 1,
    hop_limit: int = 255,
    from_mac: str = TESTER.mac,
    to_mac: str | None = None,
    **fields: Any,
) -> Packet:
    """A Neighbor Advertisement, solicited and with the Target Link-Layer Address option."""
    headers = ip(destination, source=source or target, from_mac=from_mac, to_mac=to_mac, hlim=hop_limit)
    message = ICMPv6ND_NA(tgt=target, R=router, S=solicited, O=override, **fields)
    return stack(headers, message, *lladdr_option(ICMPv6NDOptDstLLAddr, lladdr), *options)


def rs(
    *options: Packet,
    source: str = TESTER.link_local,
    lladdr: str | None = TESTER.mac,
    hop_limit: int = 255,
    **fields: Any,
) -> Packet:
    """A Router Solicitation with the Source Link-Layer Address option."""
    return stack(
        ip(ALL_ROUTERS, source=source, hlim=hop_limit),
        ICMPv6ND_RS(**fields),
        *lladdr_option(ICMPv6NDOptSrcLLAddr, lladdr),
        *options,
    )


def ra(
    *options: Packet,
    source: str = TESTER.link_local,
    destination: str = ALL_NODES,
    lladdr: str | None = TESTER.mac,
    lifetime: int = 1800,
    cur_hop_limit: int = 0,
    reachable_time: int = 0,
    retrans_timer: int = 0,
    hop_limit: int = 255,
    **fields: Any,
) -> Packet:
    """A Router Advertisement that specifies nothing but the router's lifetime and link-layer address."""
    headers = ip(destination, source=source, from_mac=lladdr or TESTER.mac, hlim=hop_limit)
    message = ICMPv6ND_RA(
        routerlifetime=lifetime,
        chlim=cur_hop_limit,
        reachabletime=reachable_time,
        retranstimer=retrans_timer,
        prf=0,
        **fields,
    )
    return stack(headers, message, *lladdr_option(ICMPv6NDOptSrcLLAddr, lladdr), *options)


def prefix_information(
    prefix: str, *, length: int = 64, on_link: int = 1, autonomous: int = 1, valid: int = 86400, preferred: int = 14400
) -> Packet:
    return ICMPv6NDOptPrefixInfo(
        prefix=prefix, prefixlen=length, L=on_link, A=autonomous, validlifetime=valid, preferredlifetime=preferred
    )


def payload_of(packet: Packet) -> bytes:
    """What follows the IPv6 header, with all checksums filled in."""
    return bytes(packet)[ETHERNET + 40 :]


def fragment(
    data: bytes,
    *,
    offset: int,
    more: bool,
    id: int = 7,
    next_header: int = 58,
    before: Sequence[Packet] = (),
    **fields: Any,
) -> Packet:
    """A fragment: `data` lies at `offset` (bytes) of the fragmentable part. before: extension headers to repeat."""
    header = IPv6ExtHdrFragment(nh=next_header, offset=offset // 8, m=int(more), id=id)
    return stack(ip(**fields), *before, header, Raw(data))


def fragments(payload: bytes, size: int, **fields: Any) -> list[Packet]:
    """A fragmentable part in pieces of `size` bytes, a multiple of 8."""
    return [
        fragment(payload[at : at + size], offset=at, more=at + size < len(payload), **fields)
        for at in range(0, len(payload), size)
    ]
