"""The way that packets take: `await ks.traceroute(node, destination)`."""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kamesim import ancillary, errors, tasks
from kamesim import socket_names as names

if TYPE_CHECKING:
    from kamesim.node import Node
    from kamesim.sockets import Socket

FIRST_PORT = 33434  # where nobody listens, by old custom
DESTINATION_UNREACHABLE, TIME_EXCEEDED, ECHO_REQUEST, ECHO_REPLY = 1, 3, 128, 129  # RFC 4443
PORT_UNREACHABLE = 4
_ERROR_HEADER, _IPV6_HEADER, _ECHO_HEADER = 8, 40, 8  # bytes


@dataclass(frozen=True)
class Hop:
    """What answered packets of one hop limit (see `traceroute`)."""

    hop_limit: int
    sender: str | None  #: who answered first; None: nobody
    rtts: tuple[float | None, ...]  #: seconds, a probe each; None: no answer
    reached: bool  #: it was the destination
    unreachable: int | None  #: the code of a Destination Unreachable, other than that the port is closed


@dataclass(frozen=True)
class _Answer:
    sender: str
    reached: bool
    unreachable: int | None


async def traceroute(
    node: Node,
    destination: Node | str,
    *,
    method: str = "udp",
    probes: int = 3,
    max_hops: int = 30,
    timeout: float = 2.0,
    size: int = 32,
) -> list[Hop]:
    """Finds the routers on the way by packets of growing hop limit, one after the other; a Hop each.

    destination: an address, or a node with a global one. method: "udp", to ports where nobody listens, or "icmp6", by
    echo requests. probes: of each hop limit. timeout: seconds of virtual time that an answer is waited for. size:
    bytes of data. It ends at the destination, at who says that it cannot be reached, or after max_hops.
    """
    what = f"{node._what}: traceroute"
    target = node.network._address_of(what, "destination", destination)
    errors.one_of(what, "method", method, ("udp", "icmp6"))
    errors.integer(what, "probes", probes, "", minimum=1, maximum=100)
    errors.integer(what, "max_hops", max_hops, "", minimum=1, maximum=255)
    errors.integer(what, "size", size, "bytes", minimum=0, maximum=65000)
    errors.number(what, "timeout", timeout, "seconds", above=0)
    kind: type[_Prober] = _UdpProber if method == "udp" else _EchoProber
    hops: list[Hop] = []
    with kind.socket(node) as s:
        prober = kind(s, target, size)
        for hop_limit in range(1, max_hops + 1):
            rtts: list[float | None] = []
            answers: list[_Answer] = []
            for _ in range(probes):
                start = node.network.now
                try:
                    async with tasks.timeout(timeout):
                        answers.append(await prober.probe(hop_limit))
                    rtts.append(node.network.now - start)
                except TimeoutError:
                    rtts.append(None)
            reached = any(a.reached for a in answers)
            unreachable = next((a.unreachable for a in answers if a.unreachable is not None), None)
            hops.append(Hop(hop_limit, answers[0].sender if answers else None, tuple(rtts), reached, unreachable))
            if reached or unreachable is not None:
                break
    return hops


class _Prober:
    """Sends probes, and knows their answers."""

    def __init__(self, s: Socket, target: str, size: int) -> None:
        self._socket, self._target, self._data = s, target, bytes(size)
        self._sent = 0

    @staticmethod
    def socket(node: Node) -> Socket:
        raise NotImplementedError

    async def probe(self, hop_limit: int) -> _Answer:
        raise NotImplementedError


class _UdpProber(_Prober):
    """Each probe has a port of its own, by which its answer is known."""

    @staticmethod
    def socket(node: Node) -> Socket:
        s = node.socket()
        s.setsockopt(names.IPPROTO_IPV6, names.IPV6_RECVERR, 1)
        return s

    async def probe(self, hop_limit: int) -> _Answer:
        port = FIRST_PORT + self._sent % (65536 - FIRST_PORT)
        self._sent += 1
        limit = (names.IPPROTO_IPV6, names.IPV6_HOPLIMIT, hop_limit)
        self._socket.sendmsg([self._data], [limit], 0, (self._target, port))
        while True:
            error = await self._socket.recverr()
            if error.destination[:2] != (self._target, port):
                continue  # late
            if error.type == TIME_EXCEEDED:
                return _Answer(error.sender, False, None)
            if error.type == DESTINATION_UNREACHABLE:
                reached = error.code == PORT_UNREACHABLE
                return _Answer(error.sender, reached, None if reached else error.code)


class _EchoProber(_Prober):
    """Probes are told by their sequence numbers."""

    IDENTIFIER = 0x7472  # pings (`Node.ping`) count theirs from 1

    @staticmethod
    def socket(node: Node) -> Socket:
        s = node.socket(names.AF_INET6, names.SOCK_RAW, names.IPPROTO_ICMPV6)
        passing = ancillary.icmp6_filter(ECHO_REPLY, TIME_EXCEEDED, DESTINATION_UNREACHABLE)
        s.setsockopt(names.IPPROTO_ICMPV6, names.ICMP6_FILTER, passing)
        return s

    async def probe(self, hop_limit: int) -> _Answer:
        self._sent += 1
        mine = struct.pack("!HH", self.IDENTIFIER, self._sent % 65536)
        request = struct.pack("!BBH", ECHO_REQUEST, 0, 0) + mine + self._data
        limit = (names.IPPROTO_IPV6, names.IPV6_HOPLIMIT, hop_limit)
        self._socket.sendmsg([request], [limit], 0, (self._target, 0))
        while True:
            message, source = await self._socket.recvfrom()
            if message[0] == ECHO_REPLY:
                if message[4:8] == mine:
                    return _Answer(source[0], True, None)
                continue
            quoted = message[_ERROR_HEADER:]
            echo = quoted[_IPV6_HEADER : _IPV6_HEADER + _ECHO_HEADER]
            to = str(ipaddress.IPv6Address(quoted[24:40])) if len(quoted) >= _IPV6_HEADER else ""
            if to != self._target or echo[:1] != bytes((ECHO_REQUEST,)) or echo[4:8] != mine:
                continue
            if message[0] == TIME_EXCEEDED:
                return _Answer(source[0], False, None)
            return _Answer(source[0], False, message[1])
