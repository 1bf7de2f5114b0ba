"""What a link, LAN or cell does to frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kamesim import _core, errors


@dataclass(frozen=True)
class Channel:
    """Rate, delay and losses, checked; in the units of the simulation."""

    rate_bps: int  #: 0: infinite
    delay_ns: int
    jitter_ns: int
    loss: float
    mtu: int
    queue: int

    @classmethod
    def check(cls, what: str, *, rate: Any, delay: Any, jitter: Any, loss: Any, mtu: Any, queue: Any) -> Channel:
        """The channel that a user's values describe: seconds, bits/s, bytes, frames; a rate of None is infinite."""
        if rate is None:
            rate_bps = 0
        else:
            rate_bps = round(errors.number(what, "rate", rate, "bits per second", minimum=1, maximum=1e18))
        return cls(
            rate_bps,
            errors.nanoseconds(what, "delay", delay),
            errors.nanoseconds(what, "jitter", jitter),
            errors.number(what, "loss", loss, "", maximum=1),
            errors.integer(what, "mtu", mtu, "bytes", minimum=errors.MINIMUM_MTU, maximum=errors.MAXIMUM_MTU),
            errors.integer(what, "queue", queue, "frames", minimum=1, maximum=2**32 - 1),
        )

    def to_core(self) -> _core.LinkConfig:
        return _core.LinkConfig(
            rate_bps=self.rate_bps,
            delay_ns=self.delay_ns,
            jitter_ns=self.jitter_ns,
            loss=self.loss,
            mtu=self.mtu,
            queue_limit=self.queue,
        )

    @property
    def rate(self) -> float | None:
        """Bits per second; None: infinite."""
        return float(self.rate_bps) or None

    @property
    def delay(self) -> float:
        """Seconds."""
        return self.delay_ns / 1e9

    @property
    def jitter(self) -> float:
        """Seconds."""
        return self.jitter_ns / 1e9
