"""The tester as a TCP peer: it sends the segments that a script says, and expects those that the node owes.

Sequence numbers are relative to each side's first: its SYN is 0, its first octet of data 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scapy.layers.inet import TCP
from scapy.layers.inet6 import IPv6
from scapy.packet import Packet, Raw

from kamesim.conformance.exchange import NODE, TESTER, Port, Unmet, find, ip

SERVICE, PEER_PORT = 80, 40000
ISS = 1_000_000
MSS = 1440  # of the link: 1500 - 40 - 20 (RFC 9293 §3.7.1)
WITH_TIMESTAMPS = 12  # octets of each segment (RFC 7323 appendix A)
MASK = 0xFFFFFFFF
HANDSHAKE = [("MSS", 1440), ("SAckOK", b""), ("NOP", None), ("WScale", 7)]


@dataclass
class Came:
    """A segment of the node's, in relative numbers."""

    packet: Packet
    flags: str
    seq: int
    ack: int
    data: bytes
    time: float

    @property
    def tcp(self) -> TCP:
        return self.packet[TCP]

    @property
    def window(self) -> int:
        return int(self.tcp.window)

    @property
    def options(self) -> dict[str, Any]:
        return dict(self.tcp.options)

    @property
    def sack(self) -> list[int]:
        """The edges of the blocks, relative to the peer's first number."""
        return [(edge - ISS) & MASK for edge in self.options.get("SAck", ())]

    @property
    def ecn(self) -> int:
        return int(self.packet[IPv6].tc) & 3


class Peer:
    def __init__(self, port: Port, *, node_port: int = SERVICE, own_port: int = PEER_PORT, iss: int = ISS) -> None:
        self.port = port
        self.node_port, self.own_port = node_port, own_port
        self.iss = iss
        self.irs: int | None = None  # the node's first number
        self.timestamps: int | None = None  # TSval of the next segment, if they are in use
        self.ts_recent = 0

    # --- Sending ---------------------------------------------------------------------------------------------------

    def segment(
        self,
        flags: str,
        *,
        seq: int = 0,
        ack: int | None = None,
        data: bytes = b"",
        window: int = 65535,
        options: list[tuple[str, Any]] | None = None,
        urgent: int = 0,
        ecn: int = 0,
        destination: str = NODE.address,
        source: str = TESTER.address,
        **header: Any,
    ) -> Packet:
        """ack: None: the acknowledgment field is zero."""
        extra = list(options or [])
        if self.timestamps is not None and "S" not in flags:
            extra = [("NOP", None), ("NOP", None), ("Timestamp", (self.timestamps, self.ts_recent)), *extra]
        tcp = TCP(
            sport=self.own_port,
            dport=self.node_port,
            flags=flags,
            seq=(self.iss + seq) & MASK,
            ack=0 if ack is None else ((self.irs or 0) + ack) & MASK,
            window=window,
            urgptr=urgent,
            options=extra,
            **header,
        )
        return ip(destination, source=source, tc=ecn) / tcp / Raw(data)

    def send(self, flags: str, **fields: Any) -> None:
        self.port.send(self.segment(flags, **fields))

    # --- Expecting -------------------------------------------------------------------------------------------------

    def expect(
        self,
        flags: str,
        *,
        seq: int | None = None,
        ack: int | None = None,
        data: bytes | None = None,
        length: int | None = None,
        within: float = 0.001,
    ) -> Came:
        """The next segment of the node, which is to be this one; the link has no delay."""
        wanted = " ".join(
            f"{name}={value!r}"
            for name, value in [("seq", seq), ("ack", ack), ("data", data), ("length", length)]
            if value is not None
        )
        expectation = self.port.record.expect(self.port.now, self.port.link, f"<{flags}> {wanted} within {within:g} s")
        for packet in self.port.frames(within):
            if not self._ours(packet):
                continue
            came = self._came(packet)
            expectation.met = (
                came.flags == "".join(sorted(flags))
                and seq in (None, came.seq)
                and ack in (None, came.ack)
                and data in (None, came.data)
                and length in (None, len(came.data))
            )
            if not expectation.met:
                raise Unmet(f"expected <{flags}> {wanted}, came <{came.flags}> seq={came.seq} ack={came.ack} "
                            f"length={len(came.data)}")  # fmt: skip
            return came
        expectation.met = False
        raise Unmet(f"no <{flags}> {wanted} within {within:g} s")

    def expect_none(self, within: float = 0.01) -> None:
        """No segment comes."""
        expectation = self.port.record.expect(self.port.now, self.port.link, f"no segment for {within:g} s")
        for packet in self.port.frames(within):
            if self._ours(packet):
                expectation.met = False
                came = self._came(packet)
                raise Unmet(f"unexpected <{came.flags}> seq={came.seq} ack={came.ack} length={len(came.data)}")
        expectation.met = True

    def take(self, within: float = 0.001) -> list[Came]:
        """All segments that come."""
        return [self._came(packet) for packet in self.port.frames(within) if self._ours(packet)]

    def _ours(self, packet: Packet) -> bool:
        tcp = find(packet, TCP)
        return tcp is not None and int(tcp.dport) == self.own_port

    def _came(self, packet: Packet) -> Came:
        tcp = packet[TCP]
        if "S" in str(tcp.flags) and self.irs is None:
            self.irs = int(tcp.seq)
        stamp = dict(tcp.options).get("Timestamp")
        if stamp:
            self.ts_recent = stamp[0]
        at = packet[IPv6].plen + 40 + 14
        start = at - (packet[IPv6].plen - tcp.dataofs * 4)
        return Came(
            packet=packet,
            flags="".join(sorted(str(tcp.flags))),
            seq=(int(tcp.seq) - (self.irs or 0)) & MASK,
            ack=(int(tcp.ack) - self.iss) & MASK,
            data=bytes(packet.wire[start:at]),
            time=float(packet.time),
        )

    # --- Handshakes ------------------------------------------------------------------------------------------------

    def connect(
        self, options: list[tuple[str, Any]] | None = None, *, window: int = 65535, timestamps: bool = False
    ) -> Came:
        """The tester opens the connection; the node's <SYN,ACK> is returned."""
        chosen = list(HANDSHAKE if options is None else options)
        if timestamps:
            chosen = [*chosen, ("NOP", None), ("NOP", None), ("Timestamp", (1000, 0))]
        self.send("S", options=chosen, window=window)
        answer = self.expect("SA", seq=0, ack=1)
        if timestamps:
            self.timestamps = 1001
        self.send("A", seq=1, ack=1, window=window)
        return answer

    def accept(self, options: list[tuple[str, Any]] | None = None, *, window: int = 65535) -> Came:
        """The node opens the connection; its SYN is returned."""
        syn = self.expect("S", seq=0)
        self.node_port = int(syn.tcp.sport)
        self.send("SA", ack=1, options=HANDSHAKE if options is None else options, window=window)
        self.expect("A", seq=1, ack=1)
        return syn


def know_neighbor(host: Any, port: Port) -> None:
    """The node resolves the tester's address, so that segments come at once."""
    host.ping(TESTER.address, count=1)
    port.run(1.0)
    port.inbox.clear()
