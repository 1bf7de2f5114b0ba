"""What the conformance tests are written with: a raw port on the link of the node under test, and packets by Scapy.

Nothing here computes with kamesim: addresses, checksums and layouts are Scapy's or written out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from scapy.layers.inet import UDP
from scapy.layers.inet6 import (
    HAO,
    ICMPv6EchoRequest,
    ICMPv6MLReport2,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6ND_RS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrRouting,
    _ICMPv6,
    _ICMPv6Error,
    _MobilityHeader,
    in6_chksum,
)
from scapy.layers.l2 import Ether
from scapy.packet import NoPayload, Packet, Raw
from scapy.utils6 import in6_getnsma
from scapy.pton_ntop import inet_ntop, inet_pton
from socket import AF_INET6

import kamesim as ks


@dataclass(frozen=True)
class End:
    """A station and its addresses."""

    mac: str
    link_local: str
    address: str


# The link of the host under test, and the left one of a router. Link-local addresses of nodes have the modified EUI-64
# identifier of the MAC address (RFC 4291 appendix A), written out.
NODE = End("02:00:00:00:00:01", "fe80::ff:fe00:1", "2001:db8:1::1")
TESTER = End("02:00:00:00:00:99", "fe80::99", "2001:db8:1::99")
# The right link of a router.
NODE_RIGHT = End("02:00:00:00:00:02", "fe80::ff:fe00:2", "2001:db8:2::1")
TESTER_RIGHT = End("02:00:00:00:00:88", "fe80::88", "2001:db8:2::88")

ALL_NODES, ALL_ROUTERS = "ff02::1", "ff02::2"
INFINITY = 0xFFFFFFFF
ETHERNET = 14  # bytes of its header
CLOSED_PORT = 9


def solicited_node(address: str) -> str:
    """RFC 4291 §2.7.1."""
    return inet_ntop(AF_INET6, in6_getnsma(inet_pton(AF_INET6, address)))


def group_mac(group: str) -> str:
    """RFC 2464 §7: 33-33 and the last four octets."""
    return "33:33:" + ":".join(f"{octet:02x}" for octet in inet_pton(AF_INET6, group)[-4:])


def is_multicast(address: str) -> bool:
    return inet_pton(AF_INET6, address)[0] == 0xFF


# --- Packets ------------------------------------------------------------------------------------------------------------


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
    *options: Packet, source: str = TESTER.link_local, lladdr: str | None = TESTER.mac, hop_limit: int = 255, **fields: Any
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
    data: bytes, *, offset: int, more: bool, id: int = 7, next_header: int = 58, before: list[Packet] = [], **fields: Any
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


# --- Looking at packets --------------------------------------------------------------------------------------------------


def own_layers(packet: Packet) -> Iterator[Packet]:
    """The layers of the packet itself, without those of a packet that it quotes."""
    layer = packet
    while not isinstance(layer, NoPayload):
        yield layer
        if isinstance(layer, _ICMPv6Error):
            return
        layer = layer.payload


def find(packet: Packet, layer: type[Packet]) -> Packet | None:
    return next((own for own in own_layers(packet) if isinstance(own, layer)), None)


def matches(packet: Packet, layer: type[Packet], fields: dict[str, Any]) -> bool:
    found = find(packet, layer)
    return found is not None and all(found.getfieldval(name) == value for name, value in fields.items())


def quoted(packet: Packet) -> bytes:
    """The invoking packet in an ICMPv6 error, as it is on the wire: behind IPv6 and the error's 8 bytes."""
    assert find(packet, _ICMPv6Error) is not None, packet.summary()
    return packet.wire[ETHERNET + 40 + 8 :]


def options_of(packet: Packet, option: type[Packet]) -> list[Packet]:
    return [layer for layer in own_layers(packet) if isinstance(layer, option)]


def check_frame(packet: Packet) -> None:
    """What holds for every frame that a node sends, whatever it is about."""
    header = packet[IPv6]
    assert header.version == 6
    assert len(packet.wire) == ETHERNET + 40 + header.plen, "payload length (RFC 8200 §3)"
    assert not is_multicast(header.src), "source is a group (RFC 4291 §2.7)"
    if is_multicast(header.dst):
        assert packet.dst == group_mac(header.dst), "RFC 2464 §7"
    else:
        assert not int(packet.dst[:2], 16) & 1, "unicast packet in a group frame"
    protocols = ((58, _ICMPv6), (17, UDP), (135, _MobilityHeader))
    protocol, message = next(((n, m) for n, kind in protocols if (m := find(packet, kind))), (0, None))
    if message is not None and find(packet, IPv6ExtHdrFragment) is None:
        # Over a message with a right checksum, in its place, the sum is zero.
        size = sum(len(layer) - len(layer.payload) for layer in _headers_before(packet, message))
        total = in6_chksum(protocol, _end_points(message), packet.wire[ETHERNET + size :])
        assert total in (0, 0xFFFF), "checksum (RFC 4443 §2.3)"


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


# --- Ports ----------------------------------------------------------------------------------------------------------------


class Port:
    """A raw port on a link, that answers Neighbor Solicitations for its own addresses unless told otherwise."""

    def __init__(self, lab: Lab, tester: ks.Tester, end: End) -> None:
        self._lab = lab
        self.tester = tester
        self.end = end
        self.answers = {end.address: end.mac, end.link_local: end.mac}  # clear it to play dead
        self.routers: set[str] = set()  # addresses that it says are routers': those it sent advertisements from
        self.inbox: deque[Packet] = deque()

    @property
    def now(self) -> float:
        return self._lab.net.now

    def send(self, *packets: Packet) -> None:
        """Sends packets, one behind the other, at the present time; they have arrived when it returns."""
        for packet in packets:
            self.tester.send(bytes(packet))
            if find(packet, ICMPv6ND_RA):
                self.routers.add(packet[IPv6].src)
        self._lab.net.run(for_=0.0)

    def frames(self, within: float) -> Iterator[Packet]:
        """The frames that come within so many seconds, each when it comes; `time` is when."""
        deadline = self.now + within
        while True:
            while self.inbox:
                yield self.inbox.popleft()
            if not self._lab.receive(max(0.0, deadline - self.now)):
                return

    def run(self, seconds: float) -> list[Packet]:
        """Lets time pass, and returns what came."""
        return list(self.frames(seconds))

    def take_in(self, time: float, frame: bytes) -> None:
        packet = Ether(frame)
        packet.time = time
        packet.wire = frame
        check_frame(packet)
        self.inbox.append(packet)
        solicitation = find(packet, ICMPv6ND_NS)
        if solicitation is not None and solicitation.tgt in self.answers and packet[IPv6].src != "::":
            self._answer(solicitation.tgt, packet)

    def _answer(self, target: str, solicitation: Packet) -> None:
        mac, router = self.answers[target], int(target in self.routers)
        self.send(
            na(
                target,
                destination=solicitation[IPv6].src,
                to_mac=solicitation.src,
                lladdr=mac,
                from_mac=mac,
                router=router,
            )
        )


class Lab:
    """A network with one node under test and raw ports, and a capture of what the node sends."""

    def __init__(self, folder: Any, seed: int = 1) -> None:
        self.net = ks.Network(seed=seed)
        self.ports: list[Port] = []
        self.captures: list[ks.Capture] = []
        self._folder = folder

    def lan(self, name: str = "lan", prefix: Any = False, **channel: Any) -> ks.Lan:
        return self.net.lan(name, prefix, **channel)

    def port(self, lan: ks.Lan, end: End = TESTER) -> Port:
        self.ports.append(Port(self, lan.tester(mac=end.mac), end))
        return self.ports[-1]

    def attach(self, lan: ks.Lan, node: ks.Host | ks.Router, end: End = NODE, **options: Any) -> ks.Interface:
        """Plugs the node in, and captures what it sends there."""
        interface = lan.attach(node, mac=end.mac, **options)
        path = self._folder / f"{node.name}-{interface.name}.pcapng"
        self.captures.append(self.net.capture(path, [interface], direction="out"))
        return interface

    def host(self, *, address: str | bool = f"{NODE.address}/64", settle: float = 15.0, **options: Any) -> ks.Host:
        """A host on a LAN with a tester port. settle: so long it is left alone first, by default until it has
        tested its addresses and given up to look for routers."""
        node = self.net.host("host", **options)
        lan = self.lan()
        self.port(lan)
        self.attach(lan, node, address=address)
        self.settle(settle)
        return node

    def router(self, *, settle: float = 5.0, right_mtu: int = 1500, **options: Any) -> ks.Router:
        """A router between two LANs with a port each, which does not advertise itself."""
        node = self.net.router("router", **options)
        for name, node_end, end, mtu in (("left", NODE, TESTER, 1500), ("right", NODE_RIGHT, TESTER_RIGHT, right_mtu)):
            lan = self.lan(name, mtu=mtu)
            self.port(lan, end)
            self.attach(lan, node, node_end, address=f"{node_end.address}/64", advertise=False)
        self.settle(settle)
        return node

    def settle(self, seconds: float) -> None:
        self.ports[0].run(seconds)
        for port in self.ports:
            port.inbox.clear()

    def receive(self, timeout: float) -> bool:
        """Takes the next frame on any port to where it belongs; False if none comes in time."""
        received = ks.recv_any([port.tester for port in self.ports], timeout)
        if received is None:
            return False
        tester, time, frame = received
        next(port for port in self.ports if port.tester is tester).take_in(time, frame)
        return True

    def close(self) -> list[str]:
        """Completes the captures; returns their paths."""
        for capture in self.captures:
            capture.close()
        return [capture.path for capture in self.captures]


# --- Expectations ----------------------------------------------------------------------------------------------------------


def expect(port: Port, layer: type[Packet], within: float = 1.0, **fields: Any) -> Packet:
    """The next packet that has the layer with these field values; the others that come are passed over."""
    start, passed = port.now, []
    for packet in port.frames(within):
        if matches(packet, layer, fields):
            return packet
        passed.append(packet)
    wanted = f"{layer.__name__}({', '.join(f'{k}={v!r}' for k, v in fields.items())})"
    pytest.fail(f"no {wanted} within {within:g} s from {start:.6f} s on{_listing(passed)}")


def expect_none(port: Port, layer: type[Packet], within: float = 1.0, **fields: Any) -> None:
    """No packet comes that has the layer with these field values."""
    for packet in port.frames(within):
        if matches(packet, layer, fields):
            pytest.fail(f"unexpected {layer.__name__}{_listing([packet])}")


def expect_silence(port: Port, within: float = 2.0) -> None:
    """Nothing comes but what any node sends of its own: solicitations of routers, and of the tester's own addresses."""
    for packet in port.frames(within):
        solicitation = find(packet, ICMPv6ND_NS)
        background = find(packet, ICMPv6ND_RS) or find(packet, ICMPv6MLReport2)
        if background is None and (solicitation is None or solicitation.tgt not in port.answers):
            pytest.fail(f"silence expected{_listing([packet])}")


def _listing(packets: list[Packet]) -> str:
    if not packets:
        return "; nothing came"
    return "; came:\n" + "\n".join(f"  {p.time:.6f} s  {p.src} > {p.dst}  {p[IPv6].summary()}" for p in packets)
