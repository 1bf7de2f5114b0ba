"""Where a node is, and how it moves over the plane."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from kamesim import errors
from kamesim._core import Host as CoreHost

if TYPE_CHECKING:
    from kamesim.movement.area import Model
    from kamesim.network import Network

Point = tuple[float, float]


class Placed:
    """The part of a node that has a place."""

    network: Network
    name: str
    _core: CoreHost
    _carrier: Placed | None = None
    _offset: Point = (0.0, 0.0)
    _riders: list[Placed] | None = None  # None: nobody has ever ridden on it

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

    def wander(self, model: Model, *, until: float, start: float | None = None) -> None:
        """Moves it about as a model draws it, such as `kamesim.movement.RandomWaypoint`.

        until: the time up to which a way is drawn, in seconds; it stands where it then is. start: None: now. It begins
        where the model puts it. The way depends on the network's seed and this node's name only.
        """
        from kamesim._core import RandomStream

        if not callable(getattr(model, "way", None)):
            errors.fail(self._what, "model", model, "a model of kamesim.movement, such as RandomWaypoint(...)")
        start_ns = self.network._core.now_ns if start is None else errors.nanoseconds(self._what, "start", start)
        until_ns = errors.nanoseconds(self._what, "until", until)
        if until_ns <= start_ns:
            errors.fail(self._what, "until", until, f"later than the start at {start_ns / 1e9:g} s")
        purpose = f"movement.{type(model).__name__}"
        stream = RandomStream(self.network.seed, self.name, purpose)
        self.waypoints(model.way(stream, start_ns / 1e9, until_ns / 1e9))

    def ride(self, carrier: Placed, *, offset: Point = (0.0, 0.0)) -> None:
        """Moves with another node from now on, as a passenger does with a bus: whatever that one's movement becomes.

        offset: from the carrier's place, (x, y) in metres; it does not turn with the carrier. Setting a movement of its
        own, or `alight`, ends it.
        """
        if not isinstance(carrier, Placed):
            errors.fail(self._what, "carrier", carrier, "a node")
        if carrier.position is None:
            raise errors.Error(f"{self._what}: carrier {carrier.name!r} has no place; set {carrier.name}.position first")
        if carrier.network is not self.network:
            raise errors.Error(f"{self._what}: carrier {carrier.name!r} is in another network")
        above: Placed | None = carrier
        while above is not None:
            if above is self:
                raise errors.Error(f"{self._what}: carrier {carrier.name!r} is carried by it, or is itself")
            above = above._carrier
        place = errors.position(self._what, "offset", offset)
        self._get_off()
        self._carrier, self._offset = carrier, place
        if carrier._riders is None:
            carrier._riders = []
        carrier._riders.append(self)
        self._follow()
        self.network._core.reevaluate_stations()

    def alight(self) -> None:
        """Stays where it now is, while its carrier goes on."""
        if self._carrier is None:
            raise errors.Error(f"{self._what}: it rides on nothing")
        place = self.position
        assert place is not None
        self._set_waypoints([(0, *place)])

    @property
    def carrier(self) -> Placed | None:
        """The node that it rides on."""
        return self._carrier

    @property
    def _what(self) -> str:
        raise NotImplementedError

    def _get_off(self) -> None:
        if self._carrier is not None:
            assert self._carrier._riders is not None
            self._carrier._riders.remove(self)
            self._carrier = None

    def _follow(self) -> None:
        """Takes the carrier's movement."""
        assert self._carrier is not None
        x, y = self._offset
        self._install([(t, a + x, b + y) for t, a, b in self._carrier._core.waypoints()])

    def _set_waypoints(self, waypoints: list[tuple[int, float, float]]) -> None:
        self._get_off()
        self._install(waypoints)
        self.network._core.reevaluate_stations()

    def _install(self, waypoints: list[tuple[int, float, float]]) -> None:
        self._core.set_waypoints(waypoints)
        for rider in self._riders or ():
            rider._follow()
