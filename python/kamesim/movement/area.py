"""What models of movement share."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from kamesim import errors
from kamesim._core import RandomStream

Point = tuple[float, float]
#: Waypoints (time in seconds, (x, y) in metres), in the order of time.
Way = list[tuple[float, Point]]


class Area(NamedTuple):
    """A rectangle, in metres."""

    left: float
    bottom: float
    right: float
    top: float

    @classmethod
    def check(cls, what: str, value: Any) -> Area:
        """The area that a user means by (left, bottom, right, top)."""
        right = "(left, bottom, right, top) in metres, each side longer than 0"
        try:
            left, bottom, right_side, top = value
        except (TypeError, ValueError):
            errors.fail(what, "area", value, right)
        corners = errors.position(what, "area", (left, bottom)) + errors.position(what, "area", (right_side, top))
        area = cls(*corners)
        if area.width <= 0 or area.height <= 0:
            errors.fail(what, "area", value, right)
        return area

    @property
    def width(self) -> float:
        """Metres."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Metres."""
        return self.top - self.bottom

    def draw(self, stream: RandomStream) -> Point:
        """A place in it, uniformly."""
        return stream.uniform(self.left, self.right), stream.uniform(self.bottom, self.top)


class Model(Protocol):
    """A way of moving about."""

    def way(self, stream: RandomStream, start: float, until: float) -> Way:
        """A way from `start` to `until`, in seconds."""


def pair(what: str, parameter: str, value: Any, unit: str, *, above: float | None = None) -> tuple[float, float]:
    """A number, or a pair (least, most) that is drawn from uniformly."""
    given = value if isinstance(value, (tuple, list)) and len(value) == 2 else (value, value)
    least = errors.number(what, parameter, given[0], unit, above=above)
    most = errors.number(what, parameter, given[1], unit, above=above)
    if most < least:
        errors.fail(what, parameter, value, "a pair whose first is the lesser")
    return least, most


class Waybill:
    """A way in the making: legs and pauses, one after the other, up to a time."""

    def __init__(self, start: float, until: float, place: Point) -> None:
        self.way: Way = [(start, place)]
        self._until = until

    @property
    def over(self) -> bool:
        """Whether it reaches the end."""
        return self.way[-1][0] >= self._until

    def go(self, place: Point, seconds: float) -> None:
        """In a straight line, so long; cut where the time is over."""
        time, here = self.way[-1]
        if seconds < _SHORTEST_LEG_S:
            return
        if time + seconds > self._until:
            part = (self._until - time) / seconds
            place = (here[0] + part * (place[0] - here[0]), here[1] + part * (place[1] - here[1]))
            seconds = self._until - time
            if seconds < _SHORTEST_LEG_S:
                self.way[-1] = (self._until, here) if len(self.way) > 1 else self.way[-1]
                return
        self.way.append((time + seconds, place))

    def stay(self, seconds: float) -> None:
        """Where it is."""
        self.go(self.way[-1][1], seconds)


_SHORTEST_LEG_S = 1e-6  # waypoints are at least so far apart
