"""Random waypoint (Johnson and Maltz, "Dynamic source routing in ad hoc wireless networks", 1996).

A node walks to a place drawn uniformly, at a speed drawn uniformly, pauses there, and so on. Left to itself the model
slows down and leaves the edges over the first minutes (Yoon, Liu, Noble, "Random waypoint considered harmful", INFOCOM
2003), so by default it begins in its steady state: Navidi and Camp, "Stationary distributions for the random waypoint
mobility model", IEEE Transactions on Mobile Computing 3(1), 2004, section 3.
"""

from __future__ import annotations

import math
from typing import Any

from kamesim import errors
from kamesim._core import RandomStream
from kamesim.movement.area import Area, Point, Way, Waybill, pair

class RandomWaypoint:
    """area: (left, bottom, right, top) in metres. speed: metres a second, or a pair (least, most), above 0. pause:
    seconds, or a pair. steady: begins in the steady state; False: with a walk from a place drawn uniformly."""

    def __init__(self, area: Any, *, speed: Any, pause: Any = 0.0, steady: bool = True) -> None:
        what = "RandomWaypoint"
        self.area = Area.check(what, area)
        self.speed = pair(what, "speed", speed, "metres per second", above=0)
        self.pause = pair(what, "pause", pause, "seconds")
        self.steady = errors.flag(what, "steady", steady)

    def way(self, stream: RandomStream, start: float, until: float) -> Way:
        """A way from `start` to `until`, in seconds."""
        bill = (
            self._steady_beginning(stream, start, until) if self.steady
            else Waybill(start, until, self.area.draw(stream))
        )  # fmt: skip
        while not bill.over:
            place = self.area.draw(stream)
            bill.go(place, math.dist(bill.way[-1][1], place) / stream.uniform(*self.speed))
            bill.stay(stream.uniform(*self.pause))
        return bill.way

    def _steady_beginning(self, stream: RandomStream, start: float, until: float) -> Waybill:
        pausing = (self.pause[0] + self.pause[1]) / 2
        if stream.uniform(0, 1) < pausing / (pausing + self._mean_travel_time()):
            bill = Waybill(start, until, self.area.draw(stream))
            bill.stay(stream.uniform(0, 1) * self._length_biased_pause(stream))
            return bill
        begin, end = self._length_biased_leg(stream)
        part = stream.uniform(0, 1)
        place = (begin[0] + part * (end[0] - begin[0]), begin[1] + part * (end[1] - begin[1]))
        # A slow walk takes longer, so it is met more often: density 1/v.
        least, most = self.speed
        speed = least * (most / least) ** stream.uniform(0, 1)
        bill = Waybill(start, until, place)
        bill.go(end, math.dist(place, end) / speed)
        bill.stay(stream.uniform(*self.pause))
        return bill

    def _mean_travel_time(self) -> float:
        """The mean distance between two places of the area times the mean of 1/speed."""
        least, most = self.speed
        slowness = 1 / least if most == least else math.log(most / least) / (most - least)
        return _mean_distance(self.area.width, self.area.height) * slowness

    def _length_biased_leg(self, stream: RandomStream) -> tuple[Point, Point]:
        """Two places, with a density that grows as their distance."""
        longest = math.hypot(self.area.width, self.area.height)
        while True:
            begin, end = self.area.draw(stream), self.area.draw(stream)
            if stream.uniform(0, longest) < math.dist(begin, end):
                return begin, end

    def _length_biased_pause(self, stream: RandomStream) -> float:
        while True:
            pause = stream.uniform(*self.pause)
            if stream.uniform(0, self.pause[1]) < pause:
                return pause


def _mean_distance(a: float, b: float) -> float:
    """Between two places drawn uniformly from a rectangle (Ghosh, Bulletin of the Calcutta Mathematical Society, 1951)."""
    d = math.hypot(a, b)
    return (
        a**3 / b**2 + b**3 / a**2 + d * (3 - a**2 / b**2 - b**2 / a**2)
        + 2.5 * (b**2 / a * math.log((a + d) / b) + a**2 / b * math.log((b + d) / a))
    ) / 15  # fmt: skip
