"""Movement files of ns-2, as setdest, BonnMotion, SUMO's traceExporter and many others write them:

    $node_(0) set X_ 83.364418416244
    $node_(0) set Y_ 239.438221611290
    $ns_ at 50.0 "$node_(0) setdest 369.463 170.519 3.371"

At a time a node sets off for a place in a straight line, at a speed in metres a second, from where it then is. A speed
of 0 stops it. Positions may be set at a time, too: it is there at once. Left out are Z, all that is of no node (god,
comments), and what scripts tell nodes beside their movement: random-motion, initial_node_pos, reset, start and stop.
"""

from __future__ import annotations

import math
import re

from kamesim import errors
from kamesim.movement.area import Point, Way

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_SET = re.compile(rf"\$node_\((\w+)\) set ([XYZ])_ ({_NUMBER})")
_SETDEST = re.compile(rf"\$node_\((\w+)\) setdest ({_NUMBER}) ({_NUMBER}) ({_NUMBER})")
_NOT_MOVEMENT = re.compile(r"\$\w+ initial_node_pos .*|\$node_\(\w+\) (?:random-motion|reset|start|stop)\b.*")
_AT = re.compile(rf'\$\w+ at ({_NUMBER}) "(.*)"')
_JUMP_S = 1e-6  # what a node takes to be somewhere else at once
_FARTHEST = 1e12  # metres
_LATEST = 9e9  # seconds: virtual time ends soon after


def read_ns2(path: errors.PathLike) -> dict[str, Way]:
    """The ways in a movement file, by the node's number in it, as text."""
    what = "ns-2 movement file"
    content = errors.read_file(what, "path", path)
    nodes: dict[str, _Node] = {}
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), start=1):
        text = re.sub(r"\s+", " ", line).strip()
        if "$node_" not in text or text.startswith("#"):
            continue
        try:
            _take(nodes, text)
        except ValueError as error:
            raise errors.Error(f"{what} {path!s}, line {number}: {error}: {text[:100]!r}") from None
    if not nodes:
        raise errors.Error(f"{what} {path!s}: it moves no node; lines look like '$node_(0) set X_ 1.5'")
    return {name: node.way() for name, node in nodes.items()}


def _take(nodes: dict[str, _Node], text: str) -> None:
    time, command = 0.0, re.sub(r" ?;(?: ?#.*)?$", "", text)
    if timed := _AT.fullmatch(command):
        time, command = float(timed[1]), timed[2].strip()
        if not 0 <= time <= _LATEST:
            raise ValueError(f"the time is not 0 to {_LATEST:g}")
    if _NOT_MOVEMENT.fullmatch(command):
        return
    if found := _SET.fullmatch(command):
        value = _finite(found[3])
        if found[2] != "Z":
            nodes.setdefault(found[1], _Node()).set(time, found[2], value)
    elif found := _SETDEST.fullmatch(command):
        x, y, speed = _finite(found[2]), _finite(found[3]), _finite(found[4])
        if speed < 0:
            raise ValueError("the speed is negative")
        nodes.setdefault(found[1], _Node()).set_off(time, (x, y), speed)
    else:
        raise ValueError("this is neither 'set X_', 'set Y_', 'set Z_' nor 'setdest'")


def _finite(text: str) -> float:
    value = float(text)
    if not abs(value) <= _FARTHEST:
        raise ValueError("a number is too large")
    return value


class _Node:
    """What a file says of one node, in the order of the file."""

    def __init__(self) -> None:
        self._orders: list[tuple[float, str, Point, float]] = []  # time, what, where, speed

    def set(self, time: float, axis: str, value: float) -> None:
        self._orders.append((time, axis, (value, value), 0.0))

    def set_off(self, time: float, place: Point, speed: float) -> None:
        self._orders.append((time, "go", place, speed))

    def way(self) -> Way:
        place: Point = (0.0, 0.0)
        way: Way = []
        until, target, began, origin = 0.0, place, 0.0, place  # the walk in progress
        for time, what, where, speed in sorted(self._orders, key=lambda order: order[0]):
            place = _on_the_way(began, origin, until, target, time)
            if way and target != origin and until <= time:
                _append(way, until, target)
            if what == "go":
                _append(way, time, place)
                length = math.dist(place, where)
                if speed > 0 and length > 0:
                    began, origin, until, target = time, place, time + length / speed, where
                else:
                    began, origin, until, target = time, place, time, place
                continue
            moved = (where[0], place[1]) if what == "X" else (place[0], where[1])
            if way and moved != place:
                _append(way, time, place)
            _append(way, time, moved)
            began, origin, until, target = time, moved, time, moved
        if target != origin:
            end = min(until, _LATEST)
            _append(way, end, _on_the_way(began, origin, until, target, end))
        return way


def _on_the_way(began: float, origin: Point, until: float, target: Point, time: float) -> Point:
    if time >= until:
        return target
    part = (time - began) / (until - began)
    return (origin[0] + part * (target[0] - origin[0]), origin[1] + part * (target[1] - origin[1]))


def _append(way: Way, time: float, place: Point) -> None:
    """A waypoint. One at the time of the last takes its place if that is the first, and comes just after it else."""
    if not way or time > way[-1][0] + _JUMP_S / 2:
        way.append((time, place))
    elif way[-1][1] == place:
        return
    elif len(way) == 1:
        way[-1] = (way[-1][0], place)
    else:
        way.append((way[-1][0] + _JUMP_S, place))
