"""Measured UDP flows and pings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kamesim import _core, errors

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from kamesim.node import Node


@dataclass(frozen=True)
class OnOff:
    """A source that sends in periods with pauses between them: OnOff(on=1.0, off=2.0).

    lengths: of periods and pauses: "exponential", "pareto" (shape 1.5: bursts at every time scale) or "constant".
    """

    on: float  #: seconds, on the average
    off: float  #: seconds, on the average
    lengths: str = "exponential"


@dataclass(frozen=True)
class FlowSettings:
    """What a flow was asked to be, checked; None: as `Network.udp_flow` says."""

    source: Node
    destination: Node
    rate: float  #: packets a second
    size: int  #: bytes of UDP payload
    pattern: str  #: "constant" or "poisson"
    start_ns: int
    stop_ns: int | None
    port: int
    source_port: int | None
    source_address: str | None
    destination_address: str | None
    periods: OnOff | None = None


class Flow:
    """UDP packets of one size from one node to another, counted and timed (see `Network.udp_flow`).

    The counts are those of the present virtual time: packets under way count as lost.
    """

    def __init__(self, name: str, settings: FlowSettings, core: _core.UdpFlow) -> None:
        self.name = name
        self.settings = settings
        self._core = core

    @property
    def source(self) -> Node:
        """The node that sends."""
        return self.settings.source

    @property
    def destination(self) -> Node:
        """The node that receives."""
        return self.settings.destination

    @property
    def destination_address(self) -> str | None:
        """Where the packets go; None until the flow has started."""
        address = self._core.destination
        return None if address == "::" else address

    @property
    def port(self) -> int:
        """The destination port."""
        return self._core.port

    @property
    def sent(self) -> int:
        """Packets sent so far; those that the source could not send (no route, no address) among them."""
        return self._core.sent

    @property
    def received(self) -> int:
        """Packets that have arrived, each counted once."""
        return self._core.measure().received

    @property
    def lost(self) -> int:
        """Packets that have not arrived."""
        return self._core.measure().lost

    @property
    def duplicated(self) -> int:
        """Arrivals of packets that had arrived before."""
        return self._core.measure().duplicated

    @property
    def reordered(self) -> int:
        """Packets that arrived after one with a higher sequence number (RFC 4737)."""
        return self._core.measure().reordered

    @property
    def send_time(self) -> np.ndarray[Any, Any]:
        """When each packet was sent, in seconds, by sequence number."""
        seconds: np.ndarray[Any, Any] = self._core.measure().send_ns / 1e9
        return seconds

    @property
    def delay(self) -> np.ndarray[Any, Any]:
        """Each packet's one-way delay in seconds, NaN if it was lost, by sequence number."""
        import numpy as np

        delay_ns = self._core.measure().delay_ns
        return np.where(delay_ns >= 0, delay_ns / 1e9, np.nan)

    @property
    def jitter(self) -> np.ndarray[Any, Any]:
        """The interarrival jitter after each packet that arrived, in seconds, in the order of arrival (RFC 3550 §6.4.1)."""
        import numpy as np

        order, transit = self._arrivals()
        smoothed = np.zeros(len(order))
        differences = np.abs(np.diff(transit))
        for i, difference in enumerate(differences, start=1):
            smoothed[i] = smoothed[i - 1] + (difference - smoothed[i - 1]) / 16
        return smoothed

    def goodput(self, interval: float = 1.0) -> pd.DataFrame:
        """What arrived in each interval since the simulation began: time_s (its start), bits_per_s of UDP payload."""
        import numpy as np
        import pandas as pd

        width = errors.number(f"flow {self.name!r}: goodput", "interval", interval, "seconds", above=0)
        order, transit = self._arrivals()
        at = self.send_time[order] + transit
        counts = np.bincount((at / width).astype(np.int64)) if len(at) else np.zeros(0)
        rates = counts * self.settings.size * 8 / width
        return pd.DataFrame({"time_s": np.arange(len(counts)) * width, "bits_per_s": rates})

    def _arrivals(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """The packets that arrived, by sequence number in the order of arrival, and their delays in seconds."""
        import numpy as np

        delay, sent = self.delay, self.send_time
        arrived = np.flatnonzero(~np.isnan(delay))
        order = arrived[np.argsort(sent[arrived] + delay[arrived], kind="stable")]
        return order, delay[order]

    def frame(self) -> pd.DataFrame:
        """One row a packet: seq, time_s (sent at), delay_s (one way; NaN: lost)."""
        import numpy as np
        import pandas as pd

        time, delay = self.send_time, self.delay
        return pd.DataFrame({"seq": np.arange(len(time)), "time_s": time, "delay_s": delay})

    def stop(self) -> None:
        """Sends no more."""
        self._core.stop()

    def __repr__(self) -> str:
        return (
            f"<Flow {self.name!r} {self.source.name} -> {self.destination.name}, {self.settings.rate:g} packets/s of "
            f"{self.settings.size} bytes: {self.sent} sent, {self.received} received>"
        )


class Ping:
    """Echo requests from a node and what came back (see `Node.ping`). It fills as virtual time passes."""

    def __init__(self, source: Node, destination: str, core: _core.Ping) -> None:
        self.source = source
        self.destination = destination
        self._core = core

    @property
    def sent(self) -> int:
        """Requests sent so far."""
        return self._core.sent

    @property
    def received(self) -> int:
        """Requests that were answered."""
        return self._core.received

    @property
    def lost(self) -> int:
        """Requests without an answer so far."""
        return self.sent - self.received

    @property
    def duplicates(self) -> int:
        """Further answers to requests that had been answered."""
        return self._core.duplicates

    @property
    def done(self) -> bool:
        """Whether the last request has been sent."""
        return not self._core.sending

    @property
    def rtts(self) -> list[float | None]:
        """Each request's round-trip time in seconds; None without an answer."""
        return [None if rtt < 0 else rtt / 1e9 for _, rtt, _ in self._core.probes()]

    @property
    def errors(self) -> list[PingError]:
        """What routers and hosts reported about the requests, and what kept the source from sending."""
        probes = enumerate(self._core.probes())
        local = [PingError(t / 1e9, seq, reason, None) for seq, (t, _, reason) in probes if reason]
        reported = [PingError(t / 1e9, seq, what, sender) for t, seq, what, sender in self._core.errors()]
        return sorted(local + reported, key=lambda e: e.time)

    def frame(self) -> pd.DataFrame:
        """One row a request: seq, time_s, rtt_s (NaN: no answer)."""
        import numpy as np
        import pandas as pd

        rows = [(seq, t / 1e9, np.nan if rtt < 0 else rtt / 1e9) for seq, (t, rtt, _) in enumerate(self._core.probes())]
        return pd.DataFrame(rows, columns=["seq", "time_s", "rtt_s"])

    def stop(self) -> None:
        """Sends no more."""
        self._core.stop()

    def __repr__(self) -> str:
        return f"<Ping {self.source.name} -> {self.destination}: {self.sent} sent, {self.received} received>"


class PingError:
    """A request that failed: when (seconds), which (`seq`), `reason`, and who said so (None: the source itself)."""

    def __init__(self, time: float, seq: int, reason: str, sender: str | None) -> None:
        self.time = time
        self.seq = seq
        self.reason = reason
        self.sender = sender

    def __repr__(self) -> str:
        by = f" from {self.sender}" if self.sender else ""
        return f"<PingError seq {self.seq} at {self.time:g} s: {self.reason}{by}>"
