"""What radio cells and stations can be told beyond the simplest: path loss over ground, shadowing, scans, delays.

docs/radio.md says what is modelled, what is not, and where the formulas come from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from kamesim import errors

_SPEED_OF_LIGHT = 299_792_458.0  # metres a second


@dataclass(frozen=True)
class TwoRay:
    """Path loss over flat ground instead of the log-distance law: free space, then the fourth power of the distance."""

    antenna_height: float = 10.0  #: metres, of the access point
    station_height: float = 1.5  #: metres
    frequency: float = 5.2e9  #: Hz

    @property
    def crossover_distance(self) -> float:
        """Where the one law gives way to the other, in metres."""
        return 4 * math.pi * self.antenna_height * self.station_height * self.frequency / _SPEED_OF_LIGHT

    def loss(self, distance: float) -> float:
        """The loss over a distance in metres, in dB."""
        d = max(1.0, distance)
        if d < self.crossover_distance:
            return 20 * math.log10(4 * math.pi * d * self.frequency / _SPEED_OF_LIGHT)
        return 40 * math.log10(d) - 20 * math.log10(self.antenna_height * self.station_height)

    def check(self, what: str) -> None:
        """Raises an error if a value is none."""
        errors.number(what, "two_ray.antenna_height", self.antenna_height, "metres", above=0)
        errors.number(what, "two_ray.station_height", self.station_height, "metres", above=0)
        errors.number(what, "two_ray.frequency", self.frequency, "Hz", above=0)


@dataclass(frozen=True)
class Shadowing:
    """Log-normal shadowing that is like itself nearby: the same place has the same signal in each run of a seed."""

    deviation: float  #: dB
    decorrelation_distance: float = 20.0  #: metres over which the correlation falls to 1/e

    def check(self, what: str) -> None:
        """Raises an error if a value is none."""
        errors.number(what, "shadowing.deviation", self.deviation, "dB", maximum=100)
        errors.number(what, "shadowing.decorrelation_distance", self.decorrelation_distance, "metres", above=0)


@dataclass(frozen=True)
class Exponential:
    """A delay of `minimum` and an exponential time of this mean, in seconds."""

    mean: float
    minimum: float = 0.0


@dataclass(frozen=True)
class LogNormal:
    """A delay of `minimum` and a log-normal time: its median in seconds, and the deviation of its natural logarithm."""

    median: float
    sigma: float = 0.5
    minimum: float = 0.0


@dataclass(frozen=True)
class Scan:
    """The search for a cell, channel by channel, before the hand-off delay.

    A channel takes max_channel_time if a cell is heard on it, else min_channel_time, and switch_time before. The
    defaults are of an active scan; a passive one waits for beacons: Scan(min_channel_time=0.11, max_channel_time=0.11).
    """

    channels: int = 11
    min_channel_time: float = 0.02  #: seconds
    max_channel_time: float = 0.04  #: seconds
    switch_time: float = 0.005  #: seconds

    def to_core(self, what: str) -> tuple[int, int, int, int]:
        """Channels, and the times in ns, checked."""
        count = errors.integer(what, "scan.channels", self.channels, "channels", minimum=1, maximum=1000)
        least = errors.nanoseconds(what, "scan.min_channel_time", self.min_channel_time)
        most = errors.nanoseconds(what, "scan.max_channel_time", self.max_channel_time)
        if most < least:
            errors.fail(what, "scan.max_channel_time", self.max_channel_time, f"{self.min_channel_time:g} s or more")
        return count, least, most, errors.nanoseconds(what, "scan.switch_time", self.switch_time)


@dataclass(frozen=True)
class Delay:
    """A distribution of delays in the units of the simulation."""

    min_ns: int
    max_ns: int
    shape: str  #: "uniform" from min_ns to max_ns, "exponential" or "log-normal" beyond min_ns
    scale_ns: int = 0
    sigma: float = 0.0

    @classmethod
    def check(cls, what: str, parameter: str, value: Any) -> Delay:
        """What a user means by a number of seconds, a pair (least, most), or a distribution."""
        if isinstance(value, Exponential):
            least = errors.nanoseconds(what, f"{parameter}.minimum", value.minimum)
            return cls(least, least, "exponential", errors.nanoseconds(what, f"{parameter}.mean", value.mean))
        if isinstance(value, LogNormal):
            least = errors.nanoseconds(what, f"{parameter}.minimum", value.minimum)
            sigma = errors.number(what, f"{parameter}.sigma", value.sigma, "", maximum=5)
            return cls(least, least, "log-normal", errors.nanoseconds(what, f"{parameter}.median", value.median), sigma)
        pair = isinstance(value, (tuple, list)) and len(value) == 2
        low, high = value if pair else (value, value)
        low_ns, high_ns = errors.nanoseconds(what, parameter, low), errors.nanoseconds(what, parameter, high)
        if high_ns < low_ns:
            errors.fail(what, parameter, value, "a pair whose first is the lesser")
        return cls(low_ns, high_ns, "uniform")
