"""Sockets of a node for Python code: as in Python's `socket` module, but what waits is awaited, in virtual time."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, Union

from kamesim import _core, errors
from kamesim import socket_names as names
from kamesim.tasks import Task, _Pause

if TYPE_CHECKING:
    from kamesim.interface import Interface
    from kamesim.node import Node

T = TypeVar("T")

_MAX_FLOW_LABEL = 0xFFFFF  # RFC 6437 section 2: 20 bits

#: (host, port), (host, port, flow information, scope) as in Python; a host is an address or a node. Flow information is
#: the flow label to send with; 0: the node's choice
Address = Union["tuple[Any, int]", "tuple[Any, int, int, int]"]
#: (address, port, flow information, scope): scope is an interface's index for link-local addresses, else 0. A sender's
#: flow label is told after setsockopt(IPPROTO_IPV6, IPV6_FLOWINFO, 1), else it is 0
SocketName = tuple[str, int, int, int]
Control = tuple[int, int, Union[bytes, int]]

_KINDS = {names.SOCK_DGRAM: "UDP", names.SOCK_RAW: "raw"}


@dataclass(frozen=True)
class SocketError:
    """An ICMPv6 error about something that a socket sent (`Socket.recverr`)."""

    time: float  #: seconds
    errno: int  #: what calls on a connected socket raise for it; 0: nothing
    type: int  #: ICMPv6 type
    code: int
    parameter: int  #: MTU or Pointer
    sender: str  #: who says so
    destination: SocketName  #: where the packet was to go
    data: bytes  #: of the packet, behind the UDP header, as much as came back


class Socket:
    """A socket of a node, made by `Node.socket`. Names and meanings are those of Python's `socket.socket`.

    What may have to wait is a coroutine: `data, source = await s.recvfrom()`. Each has a `_nowait` twin for code
    outside coroutines, which raises BlockingIOError when there is nothing. Sending never waits. Errors are OSErrors
    with their errno, such as ConnectionRefusedError for an ICMPv6 Port Unreachable. A socket lives until it is closed
    (`with node.socket(...) as s`) or its node reboots.
    """

    def __init__(self, node: Node, family: int, type: int, protocol: int) -> None:
        what = f"{node._what}: socket"
        if family != names.AF_INET6:
            errors.fail(what, "family", family, f"AF_INET6 ({names.AF_INET6})")
        if not isinstance(type, int) or type not in _KINDS:
            errors.fail(what, "type", type, "SOCK_DGRAM, SOCK_STREAM or SOCK_RAW")
        raw = type == names.SOCK_RAW
        if raw:
            errors.integer(what, "protocol", protocol, "", minimum=1, maximum=255)
            if protocol in (names.IPPROTO_TCP, names.IPPROTO_UDP):
                errors.fail(what, "protocol", protocol, "another than TCP and UDP, which the node keeps to itself")
        elif protocol not in (0, names.IPPROTO_UDP):
            errors.fail(what, "protocol", protocol, "0 or IPPROTO_UDP for SOCK_DGRAM")
        self.node = node
        self.family = family
        self.type = type
        self.proto = protocol if raw else names.IPPROTO_UDP
        network = node.network
        network._loop.check_may_react(what)
        self._loop = network._loop
        self._scheduler = network._scheduler
        self._core = _core.Socket(network._core, node._core, raw, self.proto)
        self._loop.sockets[self] = None

    # --- Ends -------------------------------------------------------------------------------------------------------

    def bind(self, address: Address) -> None:
        """Gives it a local address and port. "::" or "": any of the node's; port 0: a free one, at random (RFC 6056)."""
        self._core.bind(self._ends("bind", address, local=True))

    def connect(self, address: Address | None) -> None:
        """Fixes the peer: datagrams come from there only, and errors are told. None: takes that back.

        It does not wait. The local address is fixed too, by RFC 6724.
        """
        if address is None:
            self._core.disconnect()
        else:
            self._core.connect(self._ends("connect", address))

    def getsockname(self) -> SocketName:
        """Its own address and port."""
        return self._core.local()

    def getpeername(self) -> SocketName:
        """Where it is connected to; OSError (ENOTCONN): nowhere."""
        return self._core.peer()

    # --- Sending ------------------------------------------------------------------------------------------------------

    def send(self, data: bytes) -> int:
        """Sends to the peer; returns how many bytes."""
        return self._core.send(self._data("send", data), None, [])

    def sendto(self, data: bytes, address: Address) -> int:
        """Sends to an address; returns how many bytes. A raw socket's port is of no meaning."""
        return self._core.send(self._data("sendto", data), self._ends("sendto", address), [])

    def sendmsg(
        self, buffers: Iterable[bytes], ancdata: Iterable[Control] = (), flags: int = 0, address: Address | None = None
    ) -> int:
        """Sends one datagram with ancillary data (RFC 3542), such as [(IPPROTO_IPV6, IPV6_HOPLIMIT, 3)].

        An int is for a C int. flags: none is known. address: None: the peer.
        """
        if flags:
            errors.fail(f"{self._what}: sendmsg", "flags", flags, "0")
        data = b"".join(self._data("sendmsg", buffer) for buffer in buffers)
        to = None if address is None else self._ends("sendmsg", address)
        return self._core.send(data, to, [(level, type, self._value("sendmsg", v)) for level, type, v in ancdata])

    # --- Receiving ----------------------------------------------------------------------------------------------------

    async def recv(self, bufsize: int = 65535, flags: int = 0) -> bytes:
        """The next datagram; what is longer than bufsize is cut off. flags: MSG_PEEK leaves it there."""
        return (await self.recvmsg(bufsize, flags=flags))[0]

    async def recvfrom(self, bufsize: int = 65535, flags: int = 0) -> tuple[bytes, SocketName]:
        """The next datagram, and who sent it."""
        data, _, _, source = await self.recvmsg(bufsize, flags=flags)
        return data, source

    async def recvmsg(
        self, bufsize: int = 65535, ancbufsize: int = 65535, flags: int = 0
    ) -> tuple[bytes, list[tuple[int, int, bytes]], int, SocketName]:
        """The next datagram: data, ancillary data [(level, type, bytes)], flags (MSG_TRUNC: it was cut), sender."""
        return await self._attempt(lambda: self.recvmsg_nowait(bufsize, ancbufsize, flags))

    def recv_nowait(self, bufsize: int = 65535, flags: int = 0) -> bytes:
        """The next datagram of those that have come."""
        return self.recvmsg_nowait(bufsize, flags=flags)[0]

    def recvfrom_nowait(self, bufsize: int = 65535, flags: int = 0) -> tuple[bytes, SocketName]:
        """The same, and who sent it."""
        data, _, _, source = self.recvmsg_nowait(bufsize, flags=flags)
        return data, source

    def recvmsg_nowait(
        self, bufsize: int = 65535, ancbufsize: int = 65535, flags: int = 0
    ) -> tuple[bytes, list[tuple[int, int, bytes]], int, SocketName]:
        """The same with ancillary data."""
        what = f"{self._what}: recvmsg"
        size = errors.integer(what, "bufsize", bufsize, "bytes", minimum=0, maximum=1 << 62)
        errors.integer(what, "ancbufsize", ancbufsize, "bytes", minimum=0)
        if flags not in (0, names.MSG_PEEK):
            errors.fail(what, "flags", flags, "0 or MSG_PEEK")
        data, control, truncated, source, _ = self._core.receive(size, flags == names.MSG_PEEK)
        return data, control, names.MSG_TRUNC if truncated else 0, source

    async def recverr(self) -> SocketError:
        """The next ICMPv6 error about something that it sent; setsockopt(IPPROTO_IPV6, IPV6_RECVERR, 1) first."""
        return await self._attempt(self.recverr_nowait)

    def recverr_nowait(self) -> SocketError:
        """The next of those that have come."""
        time_ns, errno, type, code, parameter, sender, destination, data = self._core.receive_error()
        return SocketError(time_ns / 1e9, errno, type, code, parameter, sender, destination, data)

    @property
    def readable(self) -> bool:
        """Whether a datagram, or an error, waits."""
        return self._core.readable()

    @property
    def dropped(self) -> int:
        """Datagrams that found its receive buffer (SO_RCVBUF) full."""
        return self._core.dropped

    # --- Options ------------------------------------------------------------------------------------------------------

    def setsockopt(self, level: int, name: int, value: int | bytes | str) -> None:
        """Sets an option. value: an int for a C int, or the bytes of the structure that the RFC gives.

        Of IPV6_IPSEC_POLICY, text: a policy string of one direction, "out ipsec esp/transport//require".
        """
        if isinstance(value, str):
            value = value.encode(errors="replace")
        what = f"{self._what}: setsockopt"
        for parameter, given in (("level", level), ("name", name)):
            errors.integer(what, parameter, given, "", minimum=-(2**31), maximum=2**31 - 1)
        self._core.set_option(int(level), int(name), self._value("setsockopt", value))
        if (level, name) == (names.IPPROTO_IPV6, names.IPV6_IPSEC_POLICY):
            self.node._core.start_ipsec()  # without it nothing would be protected

    def getsockopt(self, level: int, name: int, buflen: int = 0) -> int | bytes:
        """An option's value: an int with buflen 0, else up to so many bytes of it."""
        value = self._core.option(level, name)
        if buflen:
            return value[:buflen]
        if len(value) != 4:
            right = f"{len(value)} or more: the option's value is no int"
            errors.fail(f"{self._what}: getsockopt", "buflen", buflen, right)
        return int(struct.unpack("=i", value)[0])

    def join_group(
        self, group: str, interface: Interface | str | None = None, *, source: str | None = None
    ) -> None:
        """Hears a multicast group from now on (RFC 3493). source: from there only (RFC 3678); again for another.

        interface: None: by the routing table, or the first.
        """
        if source is None:
            self._membership("join_group", names.IPV6_JOIN_GROUP, group, interface)
        else:
            self._source("join_group", names.MCAST_JOIN_SOURCE_GROUP, group, interface, source)

    def leave_group(
        self, group: str, interface: Interface | str | None = None, *, source: str | None = None
    ) -> None:
        """The opposite. source: no more from there; the last takes the membership along."""
        if source is None:
            self._membership("leave_group", names.IPV6_LEAVE_GROUP, group, interface)
        else:
            self._source("leave_group", names.MCAST_LEAVE_SOURCE_GROUP, group, interface, source)

    def block_source(self, group: str, source: str, interface: Interface | str | None = None) -> None:
        """Hears all of a group that it joined, but for this source (RFC 3678)."""
        self._source("block_source", names.MCAST_BLOCK_SOURCE, group, interface, source)

    def unblock_source(self, group: str, source: str, interface: Interface | str | None = None) -> None:
        """The opposite."""
        self._source("unblock_source", names.MCAST_UNBLOCK_SOURCE, group, interface, source)

    def set_source_filter(
        self, group: str, mode: int, sources: Iterable[str], interface: Interface | str | None = None
    ) -> None:
        """Mode and sources of a membership at once (RFC 3678, `setsourcefilter`).

        mode: MCAST_INCLUDE hears the sources alone, MCAST_EXCLUDE all but them. It joins the group, if need be;
        MCAST_INCLUDE without sources leaves it.
        """
        what = f"{self._what}: set_source_filter"
        address, index = self._group("set_source_filter", group, interface)
        if mode not in (names.MCAST_INCLUDE, names.MCAST_EXCLUDE):
            errors.fail(what, "mode", mode, f"MCAST_INCLUDE ({names.MCAST_INCLUDE}) or MCAST_EXCLUDE")
        listed = errors.listed(what, "sources", sources, "a list of addresses, such as ['2001:db8::1']")
        senders = [ipaddress.IPv6Address(errors.address(what, "sources", source)).packed for source in listed]
        value = struct.pack("=I4x", index) + _storage(address) + struct.pack("=II", mode, len(senders))
        self._core.set_option(names.IPPROTO_IPV6, names.MCAST_MSFILTER, value + b"".join(map(_storage, senders)))

    def source_filter(self, group: str, interface: Interface | str | None = None) -> tuple[int, list[str]]:
        """Mode and sources of a membership (RFC 3678, `getsourcefilter`); OSError (EADDRNOTAVAIL): there is none."""
        self._group("source_filter", group, interface)
        index = 0 if interface is None else self.node.interface(interface)._core.index
        included, sources = self._core.source_filter(index, group)
        return names.MCAST_INCLUDE if included else names.MCAST_EXCLUDE, sources

    # --- Its end ------------------------------------------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        """Whether it was closed, or its node has rebooted."""
        return self._core.closed

    def close(self) -> None:
        """Closes it; who waits for it gets an OSError (EBADF). Does nothing the second time."""
        self._loop.sockets.pop(self, None)
        self._core.close()

    def __enter__(self) -> Socket:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # --- Helpers ------------------------------------------------------------------------------------------------------

    @property
    def _what(self) -> str:
        return f"{_KINDS[self.type]} socket of {self.node._what}"

    async def _attempt(self, call: Callable[[], T]) -> T:
        """Tries again whenever the socket says that it is worth it."""
        while True:
            try:
                return call()
            except BlockingIOError:
                await _Pause(self._begin_waiting)

    def _begin_waiting(self, task: Task[Any]) -> Callable[[], None]:
        expected = self._scheduler.expect(lambda: self._loop.run(task._wake), task._what)
        self._core.arm(expected._token)
        return expected.cancel

    def _data(self, call: str, data: Any) -> bytes:
        if not isinstance(data, (bytes, bytearray, memoryview)):
            errors.fail(f"{self._what}: {call}", "data", data, "bytes; of a text: text.encode()")
        return bytes(data)

    def _value(self, call: str, value: Any) -> bytes:
        if isinstance(value, (bytes, bytearray, memoryview)):
            return bytes(value)
        return struct.pack("=i", errors.integer(f"{self._what}: {call}", "value", value, "", minimum=-(2**31),
                                                maximum=2**31 - 1))  # fmt: skip

    def _ends(self, call: str, address: Any, *, local: bool = False) -> SocketName:
        return ends_of(self.node, f"{self._what}: {call}", address, local=local)

    def _group(self, call: str, group: str, interface: Interface | str | None) -> tuple[bytes, int]:
        text = errors.address(f"{self._what}: {call}", "group", group)
        parsed = ipaddress.IPv6Address(text)
        if not parsed.is_multicast:
            errors.fail(f"{self._what}: {call}", "group", group, "a multicast address, such as 'ff02::114'")
        return parsed.packed, 0 if interface is None else self.node.interface(interface)._core.index

    def _membership(self, call: str, option: int, group: str, interface: Interface | str | None) -> None:
        address, index = self._group(call, group, interface)
        self._core.set_option(names.IPPROTO_IPV6, option, address + struct.pack("=I", index))

    def _source(self, call: str, option: int, group: str, interface: Interface | str | None, source: str) -> None:
        address, index = self._group(call, group, interface)
        sender = ipaddress.IPv6Address(errors.address(f"{self._what}: {call}", "source", source)).packed
        value = struct.pack("=I4x", index) + _storage(address) + _storage(sender)
        self._core.set_option(names.IPPROTO_IPV6, option, value)

    def __repr__(self) -> str:
        if self.closed:
            return f"<Socket {_KINDS[self.type]} of {self.node.name}: closed>"
        address, port, _, _ = self.getsockname()
        return f"<Socket {_KINDS[self.type]} of {self.node.name} [{address}]:{port}>"


def ends_of(node: Node, what: str, address: Any, *, local: bool = False) -> SocketName:
    """Address, port, flow label and scope of what a caller wrote; Error, which names `what`, if it is none."""
    if not isinstance(address, tuple) or len(address) not in (2, 4):
        errors.fail(what, "address", address, "a tuple (host, port) or (host, port, flowinfo, scope)")
    host, port = address[:2]
    label, zone = address[2:] if len(address) == 4 else (0, 0)
    number = errors.integer(what, "port", port, "", minimum=0, maximum=65535)
    flow = errors.integer(what, "flowinfo", label, "", minimum=0, maximum=_MAX_FLOW_LABEL)
    scope = errors.integer(what, "scope", zone, "", minimum=0, maximum=2**32 - 1)
    if isinstance(host, str) and "%" in host:
        host, _, interface = host.partition("%")
        scope = node.interface(interface)._core.index
    if local and host == "":
        host = "::"
    literal = isinstance(host, str) and (":" in host or errors.is_ipv4(host))
    if not literal and not isinstance(host, (ipaddress.IPv4Address, ipaddress.IPv6Address)):
        host = node.network._address_of(what, "host", host)
    if isinstance(host, ipaddress.IPv4Address) or (isinstance(host, str) and ":" not in host):
        return f"::ffff:{host}", number, flow, scope  # RFC 3493 section 3.7
    return errors.address(what, "host", host), number, flow, scope


def _storage(address: bytes) -> bytes:
    """A struct sockaddr_storage that holds a struct sockaddr_in6."""
    return struct.pack("=HHI16sI", names.AF_INET6, 0, 0, address, 0).ljust(128, b"\0")


