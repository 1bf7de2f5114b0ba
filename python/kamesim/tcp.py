"""Measured TCP transfers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kamesim import _core, errors

if TYPE_CHECKING:
    import pandas as pd

    from kamesim.node import Node

CONGESTION_CONTROLS = tuple(_core.congestion_controls())
ECN_MODES = ("off", "accept", "request")
LARGEST_BUFFER = 1 << 30  # bytes: RFC 7323 §2.3, the largest window
SERIES_INTERVAL_NS = 100_000_000  # of `TcpFlow.goodput_series`


@dataclass(frozen=True, kw_only=True)
class TcpOptions:
    """Options of a TCP connection, for both ends.

    The handshake asks for what is True here and gets what both ends have.
    """

    congestion_control: str = "cubic"  #: "cubic" (RFC 9438), "newreno" (RFC 6582) or "reno" (RFC 5681)
    sack: bool = True  #: selective acknowledgments (RFC 2018, 2883)
    rack: bool = True  #: with SACK: losses by time (RFC 8985); False: by count (RFC 6675)
    timestamps: bool = True  #: RFC 7323
    window_scaling: bool = True  #: RFC 7323
    ecn: str = "accept"  #: RFC 3168: "off", "accept" (granted to who asks), "request"
    nodelay: bool = False  #: no Nagle algorithm
    cork: bool = False  #: full segments only
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
        core.congestion_control = errors.one_of(what, "congestion_control", self.congestion_control, CONGESTION_CONTROLS)
        core.ecn = errors.one_of(what, "ecn", self.ecn, ECN_MODES)
        for name in ("sack", "rack", "timestamps", "window_scaling", "nodelay", "cork", "keepalive"):
            setattr(core, name, errors.flag(what, name, getattr(self, name)))
        for name in ("delayed_ack", "min_rto", "keepalive_idle", "keepalive_interval"):
            setattr(core, f"{name}_ns", errors.nanoseconds(what, name, getattr(self, name)))
        if not 0 <= core.delayed_ack_ns < 500_000_000:
            errors.fail(what, "delayed_ack", self.delayed_ack, "from 0 to less than 0.5 s (RFC 9293 §3.8.6.3)")
        if not 1_000_000 <= core.min_rto_ns <= 60_000_000_000:
            errors.fail(what, "min_rto", self.min_rto, "from 0.001 to 60 s")
        for name in ("send_buffer", "receive_buffer"):
            value = errors.integer(what, name, getattr(self, name), "bytes", minimum=1, maximum=LARGEST_BUFFER)
            setattr(core, name, value)
        if self.max_segment is not None:
            core.max_segment = errors.integer(
                what, "max_segment", self.max_segment, "bytes", minimum=64, maximum=65535
            )
        core.keepalive_probes = errors.integer(what, "keepalive_probes", self.keepalive_probes, "", minimum=1, maximum=255)
        return core


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
