"""SUMO's floating-car data, as `sumo --fcd-output` writes it:

    <fcd-export>
        <timestep time="0.00">
            <vehicle id="bus.0" x="12.50" y="340.00" speed="13.9" .../>
            <person id="walker" x="20.00" y="341.00" .../>
        </timestep>
    </fcd-export>

A vehicle is there from its first time step to its last. Places where it goes on in a straight line at the same speed
are left out, so that a car before a red light costs two waypoints. Files may be compressed by gzip.
"""

from __future__ import annotations

import gzip
import io
import math
import xml.etree.ElementTree
from typing import Any

from kamesim import errors
from kamesim.movement.area import Point, Way

_LONGEST_LINE = 64  # time steps that one line may stand for: bounds the work
_GZIP_MAGIC = b"\x1f\x8b"
_WHAT = "SUMO floating-car data"


def read_sumo(path: errors.PathLike, *, tolerance: float = 0.05, persons: bool = True) -> dict[str, Way]:
    """The ways of all vehicles (and persons) in a file, by their ids, in the order in which they appear.

    tolerance: metres by which a way may differ from the file's; more leaves out more waypoints. Coordinates are SUMO's,
    in metres; files written with --fcd-output.geo have degrees and are refused.
    """
    errors.number(_WHAT, "tolerance", tolerance, "metres")
    content = errors.read_file(_WHAT, "path", path)
    kinds = ("vehicle", "person") if errors.flag(_WHAT, "persons", persons) else ("vehicle",)
    ways: dict[str, Way] = {}
    time: float | None = None
    seen_root = False
    try:
        if content.startswith(_GZIP_MAGIC):
            content = gzip.decompress(content)
        for event, element in xml.etree.ElementTree.iterparse(io.BytesIO(content), events=("start", "end")):
            if event == "start" and not seen_root:
                seen_root = True
                if element.tag != "fcd-export":
                    raise ValueError(f"its root is <{element.tag}>, not <fcd-export>")
            elif event == "start" and element.tag == "timestep":
                time = _later(_number(element, "time"), time)
            elif event == "end" and element.tag in kinds:
                if time is None:
                    raise ValueError(f"<{element.tag}> outside of <timestep>")
                _take(ways, time, element)
            elif event == "end" and element.tag == "timestep":
                element.clear()
    except (xml.etree.ElementTree.ParseError, ValueError, OSError, EOFError) as error:
        raise errors.Error(f"{_WHAT} {path!s}: {error}") from None
    if not ways:
        raise errors.Error(f"{_WHAT} {path!s}: there is no vehicle in it")
    return {name: _simplified(way, tolerance) for name, way in ways.items()}


def _later(time: float, before: float | None) -> float:
    if time < 0 or (before is not None and time <= before):
        raise ValueError(f"time step {time:g} comes after {before if before is not None else 0:g}; times must ascend")
    return time


def _number(element: Any, name: str) -> float:
    text = element.get(name)
    try:
        value = float(text)
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"<{element.tag} id={element.get('id')!r}>: {name} is {text!r}; it must be a number")
    return value


def _take(ways: dict[str, Way], time: float, element: Any) -> None:
    name = element.get("id")
    if not name:
        raise ValueError(f"a <{element.tag}> at {time:g} s has no id")
    way = ways.setdefault(name, [])
    if way and way[-1][0] == time:
        raise ValueError(f"<{element.tag} id={name!r}> is there twice at {time:g} s")
    way.append((time, (_number(element, "x"), _number(element, "y"))))


def _simplified(way: Way, tolerance: float) -> Way:
    """Without the waypoints that lie, in place and time, on the line between those that stay."""
    kept, first = [way[0]], 0
    for last in range(2, len(way)):
        if last - first > _LONGEST_LINE or any(
            _distance_from_line(way[i], way[first], way[last]) > tolerance for i in range(first + 1, last)
        ):
            first = last - 1
            kept.append(way[first])
    if len(way) > 1:
        kept.append(way[-1])
    return kept


def _distance_from_line(at: tuple[float, Point], a: tuple[float, Point], b: tuple[float, Point]) -> float:
    part = (at[0] - a[0]) / (b[0] - a[0])
    x = a[1][0] + part * (b[1][0] - a[1][0])
    y = a[1][1] + part * (b[1][1] - a[1][1])
    return math.dist((x, y), at[1])
