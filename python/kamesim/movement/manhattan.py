"""The Manhattan grid (ETSI TR 101 112 (UMTS 30.03) V3.2.0, annex B.1.4.2; Bai, Sadagopan and Helmy, "IMPORTANT",
INFOCOM 2003): nodes on streets that go straight on at a crossing with probability 1/2, and turn left or right with 1/4
each. At the edge they take one of the ways that there are.
"""

from __future__ import annotations

from typing import Any

from kamesim import errors
from kamesim._core import RandomStream
from kamesim.movement.area import Area, Point, Way, Waybill, pair

_EAST, _NORTH, _WEST, _SOUTH = (1, 0), (0, 1), (-1, 0), (0, -1)
_DIRECTIONS = [_EAST, _NORTH, _WEST, _SOUTH]  # counter-clockwise


class ManhattanGrid:
    """area: (left, bottom, right, top) in metres. blocks: how many between the streets, (across, up). speed: metres a
    second, or a pair (least, most): drawn for each block. turn: the probability to turn at a crossing. pause: seconds
    at a crossing, or a pair; stop: the probability to pause there."""

    def __init__(
        self,
        area: Any,
        *,
        blocks: tuple[int, int],
        speed: Any,
        turn: float = 0.5,
        pause: Any = 0.0,
        stop: float = 0.0,
    ) -> None:
        what = "ManhattanGrid"
        self.area = Area.check(what, area)
        try:
            across, up = blocks
        except (TypeError, ValueError):
            errors.fail(what, "blocks", blocks, "a pair of whole numbers (across, up)")
        self.across = errors.integer(what, "blocks[0]", across, "blocks", minimum=1, maximum=10_000)
        self.up = errors.integer(what, "blocks[1]", up, "blocks", minimum=1, maximum=10_000)
        self.speed = pair(what, "speed", speed, "metres per second", above=0)
        self.turn = errors.number(what, "turn", turn, "", maximum=1)
        self.pause = pair(what, "pause", pause, "seconds")
        self.stop = errors.number(what, "stop", stop, "", maximum=1)

    def way(self, stream: RandomStream, start: float, until: float) -> Way:
        """A way from `start` to `until`, in seconds."""
        column, row, direction, part = self._beginning(stream)
        here, ahead = self._crossing(column, row), self._crossing(column + direction[0], row + direction[1])
        place = (here[0] + part * (ahead[0] - here[0]), here[1] + part * (ahead[1] - here[1]))
        bill = Waybill(start, until, place)
        while not bill.over:
            column, row = column + direction[0], row + direction[1]
            place, there = bill.way[-1][1], self._crossing(column, row)
            length = abs(there[0] - place[0]) + abs(there[1] - place[1])
            bill.go(there, length / stream.uniform(*self.speed))
            if self.stop > 0 and stream.uniform(0, 1) < self.stop:
                bill.stay(stream.uniform(*self.pause))
            direction = self._next_direction(stream, column, row, direction)
        return bill.way

    def _beginning(self, stream: RandomStream) -> tuple[int, int, tuple[int, int], float]:
        """A place on a street, uniformly by length, and a direction."""
        horizontal = (self.up + 1) * self.area.width
        vertical = (self.across + 1) * self.area.height
        if stream.uniform(0, horizontal + vertical) < horizontal:
            column, row, direction = stream.below(self.across), stream.below(self.up + 1), _EAST
        else:
            column, row, direction = stream.below(self.across + 1), stream.below(self.up), _NORTH
        part = stream.uniform(0, 1)
        if stream.below(2) == 0:
            return column, row, direction, part
        back = (-direction[0], -direction[1])
        return column + direction[0], row + direction[1], back, part

    def _crossing(self, column: int, row: int) -> Point:
        return (
            self.area.left + self.area.width * column / self.across,
            self.area.bottom + self.area.height * row / self.up,
        )

    def _next_direction(
        self, stream: RandomStream, column: int, row: int, direction: tuple[int, int]
    ) -> tuple[int, int]:
        heading = _DIRECTIONS.index(direction)
        choices = [(heading, 1 - self.turn), ((heading + 1) % 4, self.turn / 2), ((heading + 3) % 4, self.turn / 2)]
        free = [(_DIRECTIONS[i], weight) for i, weight in choices if self._is_street(column, row, _DIRECTIONS[i])]
        total = sum(weight for _, weight in free)
        if total == 0:  # straight on only, and the street ends: it turns where it can
            free, total = [(d, 1.0) for d, _ in free], float(len(free))
        if not free:
            return (-direction[0], -direction[1])
        draw = stream.uniform(0, total)
        for chosen, weight in free:
            if draw < weight:
                return chosen
            draw -= weight
        return free[-1][0]

    def _is_street(self, column: int, row: int, direction: tuple[int, int]) -> bool:
        return 0 <= column + direction[0] <= self.across and 0 <= row + direction[1] <= self.up
