"""Where a node is, and how it moves over the plane."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from kamesim import errors
from kamesim._core import Host as CoreHost

if TYPE_CHECKING:
    from kamesim.network import Network

Point = tuple[float, float]


class Placed:
    """The part of a node that has a place."""

    network: Network
    _core: CoreHost

    @property
    def position(self) -> Point | None:
        """(x, y) in metres at the present virtual time; None: it has no place. Setting it ends any movement."""
        return self._core.position

    @position.setter
    def position(self, value: Point) -> None:
        x, y = errors.position(self._what, "position", value)
        self._set_waypoints([(0, x, y)])

    @property
    def movement(self) -> list[tuple[float, Point]]:
        """The waypoints that it moves by, as (time in seconds, (x, y) in metres)."""
        return [(t / 1e9, (x, y)) for t, x, y in self._core.waypoints()]

    def waypoints(self, waypoints: Sequence[tuple[float, Point]]) -> None:
        """Moves it in straight lines, at constant speed between waypoints, each (time in seconds, (x, y) in metres).

        Before the first and after the last waypoint it stands there. This replaces any earlier movement.
        """
        points = []
        pairs = "pairs (time in seconds, (x, y) in metres)"
        for number, waypoint in enumerate(errors.listed(self._what, "waypoints", waypoints, pairs)):
            try:
                time, place = waypoint
            except (TypeError, ValueError):
                errors.fail(self._what, f"waypoints[{number}]", waypoint, "a pair (time in seconds, (x, y) in metres)")
            time_ns = errors.nanoseconds(self._what, f"waypoints[{number}][0]", time)
            points.append((time_ns, *errors.position(self._what, f"waypoints[{number}][1]", place)))
        if not points:
            errors.fail(self._what, "waypoints", waypoints, "one waypoint or more")
        for (earlier, *_), (later, *_) in pairwise(points):
            if later <= earlier:
                raise errors.Error(
                    f"{self._what}: waypoints: {later / 1e9:g} s comes after {earlier / 1e9:g} s; times must ascend"
                )
        self._set_waypoints(points)

    def path(self, points: Sequence[Point], *, speed: float, start: float | None = None) -> float:
        """Moves it along a path of straight lines at constant speed; returns when it is there, in seconds.

        points: (x, y) in metres. speed: metres per second. start: seconds; None: now. It stands at the first point
        until then, and at the last one afterwards.
        """
        metres_per_second = errors.number(self._what, "speed", speed, "metres per second", above=0)
        given = errors.listed(self._what, "points", points, "pairs (x, y) of metres")
        places = [errors.position(self._what, f"points[{number}]", p) for number, p in enumerate(given)]
        if not places:
            errors.fail(self._what, "points", points, "one point or more")
        start_ns = self.network._core.now_ns if start is None else errors.nanoseconds(self._what, "start", start)
        waypoints = [(start_ns, *places[0])]
        travelled = 0.0
        for a, b in pairwise(places):
            if a == b:
                continue
            travelled += math.dist(a, b)
            waypoints.append((start_ns + round(travelled / metres_per_second * 1e9), *b))
        self._set_waypoints(waypoints)
        return waypoints[-1][0] / 1e9

    @property
    def _what(self) -> str:
        raise NotImplementedError

    def _set_waypoints(self, waypoints: list[tuple[int, float, float]]) -> None:
        self._core.set_waypoints(waypoints)
        self.network._core.reevaluate_stations()
