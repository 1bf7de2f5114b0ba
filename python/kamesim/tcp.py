"""TCP: options of connections, measured transfers, and a node's TCP with its sockets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from kamesim import _core, errors
from kamesim.settings import Setting, Settings

if TYPE_CHECKING:
    import pandas as pd

    from kamesim.interface import InterfaceLike
    from kamesim.node import Node

CONGESTION_CONTROLS = tuple(_core.congestion_controls())
ECN_MODES = ("off", "accept", "request")
LARGEST_BUFFER = 1 << 30  # bytes: RFC 7323 §2.3, the largest window
CHOICES = {"congestion_control": CONGESTION_CONTROLS, "ecn": ECN_MODES}
# Seconds: the least, less than what, and how an error says it.
SECONDS = {
    "delayed_ack": (0.0, 0.5, "from 0 to less than 0.5 s (RFC 9293 section 3.8.6.3)"),
    "min_rto": (0.001, 60.0, "from 0.001 to less than 60 s"),
    "keepalive_idle": (1.0, 1e9, "1 s or more"),
    "keepalive_interval": (1.0, 1e9, "1 s or more"),
}
INTEGERS = {
    "send_buffer": (1, LARGEST_BUFFER, "bytes"),
    "receive_buffer": (1, LARGEST_BUFFER, "bytes"),
    "max_segment": (64, 65535, "bytes"),
    "keepalive_probes": (1, 255, ""),
}
SERIES_INTERVAL_NS = 100_000_000  # of `TcpFlow.goodput_series`


@dataclass(frozen=True, kw_only=True)
class TcpOptions:
    """Options of a TCP connection, for both ends.

    The handshake asks for what is True here and gets what both ends have.
    """

    congestion_control: str = "cubic"  #: "cubic" (RFC 9438), "newreno" (RFC 6582) or "reno" (RFC 5681)
    sack: bool = True  #: selective acknowledgments (RFC 2018, 2883)
    rack: bool = True  #: with SACK: losses by time (RFC 8985); False: by count (RFC 6675)
    frto: bool = True  #: spurious timeouts are found out and taken back (RFC 5682)
    timestamps: bool = True  #: RFC 7323
    window_scaling: bool = True  #: RFC 7323
    ecn: str = "accept"  #: RFC 3168: "off", "accept" (granted to who asks), "request"
    nodelay: bool = False  #: no Nagle algorithm
    cork: bool = False  #: full segments only
    pacing: bool = False  #: segments are spread over the round trip instead of sent in bursts
    delayed_ack: float = 0.1  #: seconds; below 0.5 (RFC 9293 §3.8.6.3)
    min_rto: float = 1.0  #: seconds (RFC 6298 §2.4); many stacks have 0.2
    send_buffer: int = 1 << 20  #: bytes
    receive_buffer: int = 1 << 20  #: bytes
    max_segment: int | None = None  #: bytes of data; None: what the path allows
    keepalive: bool = False  #: RFC 9293 §3.8.4
    keepalive_idle: float = 7200.0  #: seconds
    keepalive_interval: float = 75.0  #: seconds
    keepalive_probes: int = 8

    def _checked(self, what: str) -> _core.TcpOptions:
        """For the kernel; Error, which names the option, if one is wrong."""
        core = _core.TcpOptions()
        self._apply(core, what, [field.name for field in fields(self)])
        return core

    def _apply(self, core: _core.TcpOptions, what: str, names: Iterable[str]) -> None:
        """Sets those of the names in the kernel's options."""
        for name in names:
            value = getattr(self, name)
            if name in CHOICES:
                setattr(core, name, errors.one_of(what, name, value, CHOICES[name]))
            elif name in SECONDS:
                ns = errors.nanoseconds(what, name, value)
                low, high, right = SECONDS[name]
                if not low * 1e9 <= ns < high * 1e9:
                    errors.fail(what, name, value, right)
                setattr(core, f"{name}_ns", ns)
            elif name in INTEGERS:
                low, high, unit = INTEGERS[name]
                if value is not None or name != "max_segment":
                    value = errors.integer(what, name, value, unit, minimum=low, maximum=high)
                setattr(core, name, value or 0)
            else:
                setattr(core, name, errors.flag(what, name, value))


class TcpSocket:
    """A connection as an application on the node sees it, at the present virtual time. Nothing here waits.

    Made by `node.tcp.connect` and `TcpListener.accept`. A reboot of the node closes it.
    """

    def __init__(self, node: Node, core: _core.StreamSocket) -> None:
        self.node = node
        self._core = core

    @property
    def state(self) -> str:
        """As RFC 9293 writes it: "ESTABLISHED"."""
        return self._core.state

    @property
    def close_reason(self) -> str | None:
        """Why the connection ended: "finished", "refused", "reset", "timed out", "unreachable"; None: it has not."""
        return self._core.close_reason

    @property
    def local(self) -> tuple[str, int]:
        """Address and port here."""
        return self._core.local

    @property
    def remote(self) -> tuple[str, int]:
        """The peer's address and port."""
        return self._core.remote

    @property
    def readable(self) -> int:
        """Bytes that can be read."""
        return self._core.readable

    @property
    def at_end(self) -> bool:
        """Whether the peer has closed, and all was read."""
        return self._core.at_end

    @property
    def urgent(self) -> int:
        """Urgent bytes that remain to be read (RFC 9293 section 3.8.5)."""
        return self._core.urgent

    @property
    def write_space(self) -> int:
        """Bytes that there is room for."""
        return self._core.write_space

    @property
    def soft_errors(self) -> list[tuple[int, int]]:
        """What ICMPv6 errors told of trouble, as (type, code); (0, 0): retransmissions go unanswered."""
        return self._core.soft_errors

    @property
    def info(self) -> _core.TcpInfo:
        """What is known of the connection: windows, round-trip time, counts."""
        return self._core.info

    def read(self, limit: int = 1 << 30) -> bytes:
        """What has arrived, `limit` bytes at the most; empty: nothing yet, or the end (`at_end`)."""
        return self._core.read(errors.integer("tcp: read", "limit", limit, "bytes", minimum=0, maximum=1 << 62))

    def write(self, data: bytes, *, urgent: bool = False) -> int:
        """Takes what there is room for, and returns how much that was. urgent: its end is the urgent pointer."""
        if not isinstance(data, (bytes, bytearray, memoryview)):
            errors.fail("tcp: write", "data", data, "bytes; of a text: text.encode()")
        return self._core.write(bytes(data), errors.flag("tcp: write", "urgent", urgent))

    def shutdown(self) -> None:
        """Nothing more will be written; reading goes on."""
        self._core.shutdown()

    def close(self) -> None:
        """Neither reads nor writes any more. What was written is still sent."""
        self._core.close()

    def abort(self) -> None:
        """Ends the connection with a reset."""
        self._core.abort()

    def set_options(self, **options: Any) -> None:
        """Changes options by their names in `TcpOptions`: set_options(nodelay=True)."""
        core = self._core.options
        TcpOptions(**options)._apply(core, f"{self.node._what}: tcp", options)
        self._core.set_options(core)

    def __repr__(self) -> str:
        return f"<TcpSocket of {self.node.name!r}, {self.state}>"


class TcpListener:
    """A port of a node that takes connections; made by `node.tcp.listen`. A reboot of the node closes it."""

    def __init__(self, node: Node, core: _core.StreamListener) -> None:
        self.node = node
        self._core = core

    @property
    def port(self) -> int:
        """The port."""
        return self._core.port

    @property
    def waiting(self) -> int:
        """Connections that wait to be accepted."""
        return self._core.waiting

    @property
    def half_open(self) -> int:
        """Connections whose handshake is not over."""
        return self._core.half_open

    def accept(self) -> TcpSocket | None:
        """The oldest connection that waits; None: there is none."""
        core = _core.tcp_accept(self.node.network._core, self._core)
        return None if core is None else TcpSocket(self.node, core)

    def close(self) -> None:
        """Stops; connections that wait are reset."""
        self._core.close()


class Tcp(Settings):
    """TCP of one node, as `node.tcp`: its settings, its counters, and sockets that do not wait."""

    _part = "tcp"

    msl = Setting(float, unit="seconds")  #: Maximum Segment Lifetime; TIME-WAIT lasts twice as long
    fin_wait_2_timeout = Setting(float, unit="seconds")  #: of connections that no application holds any more
    syn_queue = Setting(int, minimum=1)  #: half-open connections of a listener
    syn_cookies = Setting(bool)  #: RFC 4987, when that queue is full
    challenge_acks = Setting(int)  #: RFC 5961 section 7: so many ...
    challenge_ack_interval = Setting(float, unit="seconds")  #: ... in so long
    resets = Setting(int, unit="a second")  #: to segments that no connection awaits
    reject_anycast = Setting(bool)  #: no connections to anycast addresses, as KAME
    path_mtu_black_hole_detection = Setting(bool)  #: RFC 2923; what the path takes is then searched for (RFC 4821)
    path_mtu_search = Setting(bool)  #: that from the start of each connection, as where no ICMPv6 comes through
    max_connections = Setting(int, minimum=1)

    def _get(self, name: str) -> float:
        return _core.tcp_setting(self._node._core, name)

    def _set(self, name: str, value: float) -> None:
        _core.set_tcp_setting(self._node._core, name, value)

    @property
    def connections(self) -> int:
        """Connections in any state but CLOSED."""
        return _core.tcp_connections(self._node._core)

    @property
    def counters(self) -> dict[str, int]:
        """Counts since the node was made or rebooted, by RFC 4022's names where it has them."""
        counters = _core.tcp_counters(self._node._core)
        return {name: getattr(counters, name) for name in COUNTERS}

    def _options(self, what: str, options: TcpOptions | None) -> _core.TcpOptions:
        if options is not None and not isinstance(options, TcpOptions):
            errors.fail(what, "options", options, "kamesim.TcpOptions(...)")
        return (options or TcpOptions())._checked(what)

    def connect(
        self,
        destination: str,
        port: int,
        *,
        source: str | None = None,
        source_port: int | None = None,
        interface: InterfaceLike | None = None,
        options: TcpOptions | None = None,
    ) -> TcpSocket:
        """Begins to open a connection: a SYN goes out. interface: of a link-local destination."""
        what = f"{self._what}: connect"
        core = _core.tcp_connect(
            self._node.network._core,
            self._node._core,
            errors.address(what, "destination", destination),
            errors.integer(what, "port", port, "", minimum=1, maximum=65535),
            None if source is None else errors.address(what, "source", source),
            0 if source_port is None else errors.integer(what, "source_port", source_port, "", minimum=1, maximum=65535),
            None if interface is None else self._node.interface(interface)._core,
            self._options(what, options),
        )
        return TcpSocket(self._node, core)

    def listen(
        self, port: int, *, address: str | None = None, backlog: int = 128, options: TcpOptions | None = None
    ) -> TcpListener:
        """Takes connections to a port. address: None: to any address. backlog: how many may wait to be accepted."""
        what = f"{self._what}: listen"
        core = _core.tcp_listen(
            self._node.network._core,
            self._node._core,
            errors.integer(what, "port", port, "", minimum=1, maximum=65535),
            None if address is None else errors.address(what, "address", address),
            errors.integer(what, "backlog", backlog, "", minimum=1, maximum=65535),
            self._options(what, options),
        )
        return TcpListener(self._node, core)


COUNTERS = tuple(name for name, value in vars(_core.TcpCounters).items() if isinstance(value, property))


class TcpFlow:
    """A TCP connection over which one node sends to another as fast as it can (see `Network.tcp_flow`).

    What its properties say is true at the present virtual time.
    """

    def __init__(self, name: str, source: Node, destination: Node, options: TcpOptions, core: _core.TcpFlow) -> None:
        self.name = name
        self.source = source  #: the node that connects, and sends
        self.destination = destination  #: the node that listens
        self.options = options
        self._core = core

    @property
    def state(self) -> str:
        """The sender's state, as RFC 9293 writes it: "ESTABLISHED"."""
        return self._core.info.state

    @property
    def error(self) -> str:
        """Why the sender could not connect at all; empty: it could."""
        return self._core.error

    @property
    def close_reason(self) -> str | None:
        """Why the connection ended: "finished", "refused", "reset", "timed out" ...; None: it has not."""
        return self._core.close_reason

    @property
    def connected_at(self) -> float | None:
        """When the handshake was over, in seconds; None: it is not."""
        return _seconds(self._core.connected_ns)

    @property
    def finished_at(self) -> float | None:
        """When the receiver had read all, in seconds; None: it has not."""
        return _seconds(self._core.finished_ns)

    @property
    def received(self) -> int:
        """Bytes of data that the receiver has read."""
        return self._core.received

    @property
    def acknowledged(self) -> int:
        """Bytes of data that the sender knows to have arrived."""
        return self._core.info.bytes_acknowledged

    @property
    def goodput(self) -> float:
        """Bits of data a second, from the start of the connection to the last data read; 0 without data."""
        begin, end = self._core.connected_ns, self._core.last_ns
        return 0.0 if begin is None or end is None or end <= begin else self.received * 8e9 / (end - begin)

    @property
    def retransmissions(self) -> int:
        """Segments sent again."""
        return self._core.info.retransmissions

    @property
    def timeouts(self) -> int:
        """Times that the retransmission timer ran out."""
        return self._core.info.timeouts

    @property
    def congestion_window(self) -> int:
        """Bytes."""
        return self._core.info.congestion_window

    @property
    def smoothed_rtt(self) -> float:
        """Seconds; 0 before anything was measured."""
        return self._core.info.smoothed_rtt_ns / 1e9

    @property
    def mss(self) -> int:
        """Bytes of data in a full segment."""
        return self._core.info.mss

    def goodput_series(self) -> pd.DataFrame:
        """One row for each 0.1 s: time_s (its begin), goodput (bits of data read a second)."""
        import numpy as np
        import pandas as pd

        octets = self._core.series()
        seconds = SERIES_INTERVAL_NS / 1e9
        return pd.DataFrame({"time_s": np.arange(len(octets)) * seconds, "goodput": octets * 8 / seconds})

    def samples(self) -> pd.DataFrame:
        """The sender's state at each `sample_interval`.

        Columns: time_s, congestion_window, in_flight, slow_start_threshold (bytes), smoothed_rtt_s, retransmissions.
        """
        import pandas as pd

        rows = self._core.samples()
        return pd.DataFrame(
            {
                "time_s": rows[:, 0] / 1e9,
                "congestion_window": rows[:, 1],
                "in_flight": rows[:, 2],
                "slow_start_threshold": rows[:, 3],
                "smoothed_rtt_s": rows[:, 4] / 1e9,
                "retransmissions": rows[:, 5],
            }
        )

    def __repr__(self) -> str:
        ends = f"{self.source.name} -> {self.destination.name}"
        return f"<TcpFlow {self.name!r} {ends}, {self.state}: {self.received} bytes received>"


def _seconds(ns: int | None) -> float | None:
    return None if ns is None else ns / 1e9
