"""Gauss-Markov movement (Liang and Haas, "Predictive distance-based mobility management for PCS networks", INFOCOM
1999), as Camp, Boleng and Davies have it ("A survey of mobility models for ad hoc network research", Wireless
Communications and Mobile Computing 2(5), 2002, section 2.4).

Speed and direction change at each step:  s' = a s + (1 - a) mean + sqrt(1 - a^2) normal.  Near an edge the mean
direction is the one away from it, so that nodes turn round smoothly.
"""

from __future__ import annotations

import math
from typing import Any

from kamesim import errors
from kamesim._core import RandomStream
from kamesim.movement.area import Area, Point, Way, Waybill

_EDGE = 0.1  # of the shorter side: where nodes begin to turn back


class GaussMarkov:
    """area: (left, bottom, right, top) in metres. speed: its mean, metres a second. memory: 0 (no memory, Brownian) to
    1 (straight on). speed_deviation: metres a second; direction_deviation: radians. step: seconds between changes."""

    def __init__(
        self,
        area: Any,
        *,
        speed: float,
        memory: float = 0.85,
        speed_deviation: float | None = None,
        direction_deviation: float = 1.0,
        step: float = 1.0,
    ) -> None:
        what = "GaussMarkov"
        self.area = Area.check(what, area)
        self.speed = errors.number(what, "speed", speed, "metres per second", above=0)
        self.memory = errors.number(what, "memory", memory, "", maximum=1)
        deviation = speed / 4 if speed_deviation is None else speed_deviation
        self.speed_deviation = errors.number(what, "speed_deviation", deviation, "metres per second")
        self.direction_deviation = errors.number(what, "direction_deviation", direction_deviation, "radians")
        self.step = errors.number(what, "step", step, "seconds", above=1e-3)

    def way(self, stream: RandomStream, start: float, until: float) -> Way:
        """A way from `start` to `until`, in seconds."""
        bill = Waybill(start, until, self.area.draw(stream))
        speed = self.speed
        mean_direction = direction = stream.uniform(-math.pi, math.pi)
        keeps, draws = 1 - self.memory, math.sqrt(1 - self.memory**2)
        while not bill.over:
            here = bill.way[-1][1]
            inward = self._inward(here)
            if inward is not None:
                mean_direction = inward
            # By the shorter way round.
            away = math.remainder(mean_direction - direction, 2 * math.pi)
            direction += keeps * away + draws * self.direction_deviation * stream.normal()
            speed = self.memory * speed + keeps * self.speed + draws * self.speed_deviation * stream.normal()
            length = max(0.0, speed) * self.step
            there = (here[0] + length * math.cos(direction), here[1] + length * math.sin(direction))
            inside = self._reflected(there)
            if inside != there:  # it bounces off the edge
                direction = math.atan2(inside[1] - here[1], inside[0] - here[0])
            bill.go(inside, self.step)
        return bill.way

    def _reflected(self, place: Point) -> Point:
        area = self.area
        return _mirrored(place[0], area.left, area.right), _mirrored(place[1], area.bottom, area.top)

    def _inward(self, place: Point) -> float | None:
        """The direction away from the edges that are near; None: none is."""
        edge = _EDGE * min(self.area.width, self.area.height)
        x = (place[0] < self.area.left + edge) - (place[0] > self.area.right - edge)
        y = (place[1] < self.area.bottom + edge) - (place[1] > self.area.top - edge)
        return math.atan2(y, x) if x or y else None


def _mirrored(value: float, low: float, high: float) -> float:
    """A coordinate, reflected at the edges until it is between them."""
    span = high - low
    offset = (value - low) % (2 * span)
    return low + (offset if offset <= span else 2 * span - offset)
