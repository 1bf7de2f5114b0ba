"""TCP sockets of a node for Python code: as in Python's `socket` module, but what waits is awaited, in virtual time."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from kamesim import _core, errors
from kamesim import socket_names as names
from kamesim.sockets import Address, SocketName, ends_of
from kamesim.tasks import Task, _Pause

if TYPE_CHECKING:
    from kamesim.node import Node

T = TypeVar("T")

SHUT_RD, SHUT_WR, SHUT_RDWR = 0, 1, 2

# What the kernel says, and the errno that 4.4BSD gives for it.
_REFUSALS = {
    "address in use": errno.EADDRINUSE,
    "no route to the destination": errno.ENETUNREACH,
    "no usable source address": errno.EADDRNOTAVAIL,
    "invalid address": errno.EADDRNOTAVAIL,
    "already connected": errno.EISCONN,
    "too many connections": errno.ENOBUFS,
}
_ENDS = {
    "refused": errno.ECONNREFUSED,
    "reset": errno.ECONNRESET,
    "timed out": errno.ETIMEDOUT,
    "unreachable": errno.EHOSTUNREACH,
    "aborted": errno.ECONNABORTED,
}

#: Options by (level, name): the field of _core.TcpOptions, and by what to multiply.
_OPTIONS: dict[tuple[int, int], tuple[str, int]] = {
    (names.SOL_SOCKET, names.SO_SNDBUF): ("send_buffer", 1),
    (names.SOL_SOCKET, names.SO_RCVBUF): ("receive_buffer", 1),
    (names.SOL_SOCKET, names.SO_KEEPALIVE): ("keepalive", 1),
    (names.IPPROTO_IPV6, names.IPV6_V6ONLY): ("v6_only", 1),
    (names.IPPROTO_TCP, names.TCP_NODELAY): ("nodelay", 1),
    (names.IPPROTO_TCP, names.TCP_CORK): ("cork", 1),
    (names.IPPROTO_TCP, names.TCP_MAXSEG): ("max_segment", 1),
    (names.IPPROTO_TCP, names.TCP_KEEPIDLE): ("keepalive_idle_ns", 1_000_000_000),
    (names.IPPROTO_TCP, names.TCP_KEEPINTVL): ("keepalive_interval_ns", 1_000_000_000),
    (names.IPPROTO_TCP, names.TCP_KEEPCNT): ("keepalive_probes", 1),
}
_FLAGS = ("keepalive", "nodelay", "cork", "v6_only")


class Stream:
    """A TCP socket of a node, made by `Node.socket(type=SOCK_STREAM)`. Names and meanings are those of Python's sockets.

    `connect`, `accept`, `recv`, `send` and `sendall` are coroutines. Errors are OSErrors with their errno, such as
    ConnectionRefusedError. It lives until it is closed (`with node.socket(...) as s`) or its node reboots.
    """

    family = names.AF_INET6
    type = names.SOCK_STREAM
    proto = names.IPPROTO_TCP

    def __init__(self, node: Node, core: _core.StreamSocket | None = None) -> None:
        self.node = node
        network = node.network
        network._loop.check_may_react(f"{node._what}: socket")
        self._loop = network._loop
        self._scheduler = network._scheduler
        self._core = core
        self._listener: _core.StreamListener | None = None
        self._bound: tuple[str, int] | None = None
        self._options = _core.TcpOptions() if core is None else core.options
        self._closed = False
        self._loop.sockets[self] = None

    # --- Opening ----------------------------------------------------------------------------------------------------

    def bind(self, address: Address) -> None:
        """Gives it a local address and port, for `listen` or `connect`. "::" or "": any of the node's."""
        self._check_open("bind")
        if self._core is not None or self._listener is not None or self._bound is not None:
            self._fail("bind", errno.EINVAL)
        host, port, _, _ = ends_of(self.node, f"{self._what}: bind", address, local=True)
        self._bound = (host, port)

    def listen(self, backlog: int = 128) -> None:
        """Takes connections from now on; `backlog` of them may wait to be accepted."""
        self._check_open("listen")
        if self._core is not None:
            self._fail("listen", errno.EISCONN)
        host, port = self._bound or ("::", 0)
        right = errors.integer(f"{self._what}: listen", "backlog", backlog, "", minimum=1, maximum=65535)
        try:
            self._listener = _core.tcp_listen(
                self.node.network._core, self.node._core, port, None if host == "::" else host, right, self._options
            )
        except errors.Error:
            self._fail("listen", errno.EADDRINUSE)

    async def accept(self) -> tuple[Stream, SocketName]:
        """The next connection, and who opened it."""
        return await self._attempt(self.accept_nowait, self._arm_listener)

    def accept_nowait(self) -> tuple[Stream, SocketName]:
        """The same; BlockingIOError: none waits."""
        self._check_open("accept")
        if self._listener is None:
            self._fail("accept", errno.EINVAL)
        core = _core.tcp_accept(self.node.network._core, self._listener)
        if core is None:
            self._fail("accept", errno.EAGAIN)
        stream = Stream(self.node, core)
        return stream, stream.getpeername()

    async def connect(self, address: Address) -> None:
        """Opens a connection; returns once it is there."""
        self._check_open("connect")
        if self._core is not None or self._listener is not None:
            self._fail("connect", errno.EISCONN)
        host, port, label, zone = ends_of(self.node, f"{self._what}: connect", address)
        if label:
            errors.fail(f"{self._what}: connect", "flowinfo", label, "0: the node gives each connection a label")
        core = _core.tcp_socket(self.node.network._core, self.node._core, self._options)
        if self._bound is not None:
            self._refuse("connect", core.bind(*self._bound))
        self._refuse("connect", core.connect(host, port, zone))
        self._core = core

        def established() -> None:
            if core.open and core.state in ("SYN-SENT", "SYN-RECEIVED"):
                self._fail("connect", errno.EAGAIN)
            self._check_connection("connect")

        await self._attempt(established, core.arm)

    # --- Data -------------------------------------------------------------------------------------------------------

    async def recv(self, bufsize: int) -> bytes:
        """Up to so many bytes, as soon as there are some; b"": the peer has closed."""
        return await self._attempt(lambda: self.recv_nowait(bufsize), self._arm)

    def recv_nowait(self, bufsize: int) -> bytes:
        """The same; BlockingIOError: nothing has come."""
        core = self._connected("recv")
        size = errors.integer(f"{self._what}: recv", "bufsize", bufsize, "bytes", minimum=0)
        if size and not core.readable and not core.at_end:
            if core.state == "CLOSED":
                self._check_connection("recv")
                return b""
            self._fail("recv", errno.EAGAIN)
        return core.read(size)

    async def recv_exactly(self, size: int) -> bytes:
        """So many bytes; ConnectionResetError if the peer closes before them."""
        parts, left = [], size
        while left:
            part = await self.recv(left)
            if not part:
                self._fail("recv_exactly", errno.ECONNRESET)
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    async def send(self, data: bytes) -> int:
        """Writes as much as there is room for, at least a byte; returns how much."""
        return await self._attempt(lambda: self.send_nowait(data), self._arm)

    async def sendall(self, data: bytes) -> None:
        """Writes all; returns when the last byte has found room, not when it has arrived."""
        view = memoryview(data)
        while view:
            view = view[await self.send(bytes(view[: 1 << 20])) :]

    def send_nowait(self, data: bytes) -> int:
        """Writes as much as there is room for; BlockingIOError: there is none."""
        core = self._connected("send")
        if not isinstance(data, (bytes, bytearray, memoryview)):
            errors.fail(f"{self._what}: send", "data", data, "bytes; of a text: text.encode()")
        if core.state == "CLOSED":
            self._check_connection("send")
            self._fail("send", errno.EPIPE)
        if core.state not in ("ESTABLISHED", "CLOSE-WAIT", "SYN-SENT", "SYN-RECEIVED"):
            self._fail("send", errno.EPIPE)
        written = core.write(bytes(data), False)
        if data and not written:
            self._fail("send", errno.EAGAIN)
        return written

    def shutdown(self, how: int = SHUT_WR) -> None:
        """SHUT_WR: writes no more, which the peer hears; reading goes on."""
        core = self._connected("shutdown")
        if how not in (SHUT_RD, SHUT_WR, SHUT_RDWR):
            errors.fail(f"{self._what}: shutdown", "how", how, "SHUT_RD, SHUT_WR or SHUT_RDWR")
        if how != SHUT_RD:
            core.shutdown()

    # --- Looking ----------------------------------------------------------------------------------------------------

    def getsockname(self) -> SocketName:
        """Its own address and port."""
        self._check_open("getsockname")
        if self._core is not None:
            address, port = self._core.local
        elif self._listener is not None:
            address, port = (self._bound or ("::", 0))[0], self._listener.port
        else:
            address, port = self._bound or ("::", 0)
        return address, port, 0, 0

    def getpeername(self) -> SocketName:
        """The peer's address and port."""
        address, port = self._connected("getpeername").remote
        return address, port, 0, 0

    @property
    def state(self) -> str:
        """As RFC 9293 writes it: "ESTABLISHED"; "LISTEN", "CLOSED"."""
        if self._listener is not None and self._listener.open:
            return "LISTEN"
        return "CLOSED" if self._core is None else self._core.state

    @property
    def info(self) -> _core.TcpInfo:
        """What is known of the connection: windows, round-trip time, counts."""
        return self._connected("info").info

    # --- Options ----------------------------------------------------------------------------------------------------

    def setsockopt(self, level: int, name: int, value: int | str | bytes) -> None:
        """Sets an option: IPV6_V6ONLY (before `bind`), SO_SNDBUF, SO_RCVBUF, SO_KEEPALIVE, TCP_NODELAY, TCP_CORK, TCP_MAXSEG, TCP_KEEPIDLE,
        TCP_KEEPINTVL, TCP_KEEPCNT, TCP_CONGESTION with a name, or IPV6_IPSEC_POLICY with a policy string of one
        direction ("out ipsec esp/transport//require"); connections that are accepted have the listener's."""
        what = f"{self._what}: setsockopt"
        if (level, name) == (names.IPPROTO_IPV6, names.IPV6_V6ONLY) and self._bound is not None:
            self._fail("setsockopt", errno.EINVAL)  # RFC 3493 section 5.3
        if (level, name) == (names.SOL_SOCKET, names.SO_REUSEADDR):
            return  # TIME-WAIT never keeps a port from being listened on here
        if (level, name) == (names.IPPROTO_TCP, names.TCP_CONGESTION):
            text = value.decode() if isinstance(value, bytes) else value
            self._options.congestion_control = errors.one_of(what, "value", text, tuple(_core.congestion_controls()))
        elif (level, name) == (names.IPPROTO_IPV6, names.IPV6_IPSEC_POLICY):
            policy = value.decode() if isinstance(value, bytes) else value
            if not isinstance(policy, str) or not self._options.ask_ipsec(policy):
                self._fail("setsockopt", errno.EINVAL)
            self.node._core.start_ipsec()  # without it nothing would be protected
        else:
            if (level, name) not in _OPTIONS:
                self._fail("setsockopt", errno.ENOPROTOOPT)
            field, scale = _OPTIONS[level, name]
            number = struct.unpack("=i", value)[0] if isinstance(value, bytes) else value
            checked = errors.integer(what, "value", number, "", minimum=0, maximum=2**30)
            setattr(self._options, field, bool(checked) if field in _FLAGS else checked * scale)
        if self._core is not None and self._core.open:
            self._core.set_options(self._options)

    def getsockopt(self, level: int, name: int) -> int | str:
        """An option's value."""
        if (level, name) == (names.IPPROTO_TCP, names.TCP_CONGESTION):
            return self._options.congestion_control
        if (level, name) == (names.IPPROTO_IPV6, names.IPV6_IPSEC_POLICY):
            return self._options.ipsec_policy
        if (level, name) not in _OPTIONS:
            self._fail("getsockopt", errno.ENOPROTOOPT)
        field, scale = _OPTIONS[level, name]
        return int(getattr(self._options, field)) // scale

    # --- Its end ----------------------------------------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        """Whether it was closed, or its node has rebooted."""
        alive = self._core or self._listener
        return self._closed or (alive is not None and not alive.open)

    def close(self) -> None:
        """Closes it; what was written is still sent. Who waits for it gets an OSError (EBADF)."""
        if self._closed:
            return
        self._closed = True
        self._loop.sockets.pop(self, None)
        for core in (self._core, self._listener):
            if core is not None:
                core.close()

    def abort(self) -> None:
        """Closes it with a reset to the peer."""
        if self._core is not None:
            self._core.abort()
        self.close()

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # --- Helpers ----------------------------------------------------------------------------------------------------

    @property
    def _what(self) -> str:
        return f"TCP socket of {self.node._what}"

    def _fail(self, call: str, number: int) -> NoReturn:
        raise OSError(number, f"{self.node.name!r}: {call}: {os.strerror(number)}")

    def _refuse(self, call: str, said: str) -> None:
        if said:
            self._fail(call, _REFUSALS[said])

    def _check_open(self, call: str) -> None:
        if self.closed:
            self._fail(call, errno.EBADF)

    def _connected(self, call: str) -> _core.StreamSocket:
        self._check_open(call)
        if self._core is None:
            self._fail(call, errno.ENOTCONN)
        return self._core

    def _check_connection(self, call: str) -> None:
        """OSError if the connection ended otherwise than by both sides' closing."""
        reason = self._connected(call).close_reason
        if reason is not None and reason in _ENDS:
            self._fail(call, _ENDS[reason])

    def _arm(self, token: int) -> None:
        if self._core is not None:
            self._core.arm(token)

    def _arm_listener(self, token: int) -> None:
        if self._listener is not None:
            self._listener.arm(token)

    async def _attempt(self, call: Callable[[], T], arm: Callable[[int], None]) -> T:
        """Tries again whenever the socket says that it is worth it."""

        def wait(task: Task[Any]) -> Callable[[], None]:
            expected = self._scheduler.expect(lambda: self._loop.run(task._wake), task._what)
            arm(expected._token)
            return expected.cancel

        while True:
            try:
                return call()
            except BlockingIOError:
                await _Pause(wait)

    def __repr__(self) -> str:
        return f"<Stream of {self.node.name}: {'closed' if self.closed else self.state}>"
