"""Message ladders: who sent what to whom and when, from top to bottom.

    ladder = Ladder(
        ["MN", "HA", "CN"],
        [LadderMessage(1.00, 1.02, "MN", "HA", "Binding Update", "bu")],
        events=[LadderEvent(0.95, "MN", "DAD done")],
        phases=[LadderPhase("Home registration", 1.00, 1.04)],
    )
    ladder.save("handoff.svg")

All times are in seconds of virtual time.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch, Rectangle

from kamesim.plots._figure import Plot, render, text_width

# Kinds of messages: what the legend calls them, and their colour (Okabe and Ito's, for all eyes).
KINDS: dict[str, tuple[str, str]] = {
    "l2": ("Layer 2", "#a35a8a"),
    "nd": ("Neighbor Discovery", "#008060"),
    "bu": ("Binding", "#0060a8"),
    "rr": ("Return routability", "#c84e00"),
    "data": ("Data", "#707070"),
}
_OTHER_KIND_COLOR = "#333333"
_PHASE_COLORS = ["#cc79a7", "#009e73", "#e69f00", "#0072b2", "#d55e00", "#56b4e9"]

# Measures of the drawing, in points.
_WIDTH = 675.0  # 900 pixels
_HEADER_HEIGHT = 58.0
_LEGEND_HEIGHT = 30.0
_TIME_COLUMN = 56.0
_PHASE_BAR = 7.0
_ROW = 14.0  # what a line of text takes
_DETAIL_ROW = 9.0  # what a message's detail takes in addition
_TYPICAL_SLANT = 12.0  # of a message with the median transit time
_LONGEST_GAP = 52.0  # idle time that would be drawn longer is compressed
_COMPRESSED_GAP = 40.0
_LINEAR_HEIGHT = 900.0  # of the whole run, where gaps are not compressed
_LABEL_SIZE = 8.0
_SMALL_SIZE = 7.0


@dataclass(frozen=True)
class LadderMessage:
    """A message from one participant to another.

    `time_sent` and `time_received` are in seconds; None: it was lost. `kind` gives the colour: 'l2', 'nd', 'bu',
    'rr', 'data' or any other word. `label` stands above the arrow, `detail` in small letters below it.
    """

    time_sent: float
    time_received: float | None
    source: str
    destination: str
    label: str
    kind: str = "data"
    detail: str = ""


@dataclass(frozen=True)
class LadderEvent:
    """Something that happened at a participant, at a time in seconds: "link up", "DAD done"."""

    time: float
    participant: str
    label: str


@dataclass(frozen=True)
class LadderPhase:
    """A stretch of time with a name, from `start` to `end` in seconds."""

    name: str
    start: float
    end: float


class Ladder(Plot):
    """A message ladder. Time runs downwards; an arrow slants by the time its message was under way.

    `participants` are drawn from left to right; `captions` gives them a second line. With `compress_gaps` long
    idle times are shortened and marked, and what happens close together is drawn apart; without, time is linear.
    """

    def __init__(
        self,
        participants: Sequence[str],
        messages: Iterable[LadderMessage],
        *,
        events: Iterable[LadderEvent] = (),
        phases: Iterable[LadderPhase] = (),
        title: str = "",
        captions: Mapping[str, str] | None = None,
        compress_gaps: bool = True,
    ) -> None:
        self.participants = list(participants)
        self.messages = sorted(messages, key=lambda message: message.time_sent)
        self.events = sorted(events, key=lambda event: event.time)
        self.phases = sorted(phases, key=lambda phase: (phase.start, phase.end))
        self.title = title
        self.captions = dict(captions or {})
        self.compress_gaps = compress_gaps
        self._check()

    def __repr__(self) -> str:
        return f"Ladder({self.participants!r}, {len(self.messages)} messages)"

    def _repr_svg_(self) -> str:
        return render(self.figure(), "svg").decode()

    def figure(self) -> Figure:
        """The ladder as a matplotlib figure, 900 pixels wide."""
        return _Drawing(self).figure

    def _check(self) -> None:
        if not self.participants:
            raise ValueError("participants is empty; a ladder needs at least one")
        if len(set(self.participants)) < len(self.participants):
            raise ValueError(f"participants is {self.participants!r}; each may stand there once")
        if not (self.messages or self.events or self.phases):
            raise ValueError("there is nothing to draw: no message, event or phase")
        for message in self.messages:
            for name in (message.source, message.destination):
                self._check_participant(name, f"message {message.label!r}")
            if message.source == message.destination:
                raise ValueError(f"message {message.label!r} goes from {message.source!r} to itself: make it an event")
            if message.time_received is not None and message.time_received < message.time_sent:
                raise ValueError(f"message {message.label!r} is received before it is sent")
        for event in self.events:
            self._check_participant(event.participant, f"event {event.label!r}")
        for phase in self.phases:
            if phase.end < phase.start:
                raise ValueError(f"phase {phase.name!r} ends before it starts")
        for time in self._times():
            if not math.isfinite(time):
                raise ValueError(f"a time is {time}; times are numbers of seconds")

    def _check_participant(self, name: str, where: str) -> None:
        if name not in self.participants:
            raise ValueError(f"{where}: {name!r} is not a participant; those are {', '.join(self.participants)}")

    def _times(self) -> list[float]:
        """Every time at which something stands in the ladder."""
        times = [message.time_sent for message in self.messages]
        times += [message.time_received for message in self.messages if message.time_received is not None]
        times += [event.time for event in self.events]
        return times + [time for phase in self.phases for time in (phase.start, phase.end)]


class _TimeScale:
    """From times to heights. Heights grow downwards from 0 and never fall."""

    def __init__(self, ladder: Ladder) -> None:
        self.times = sorted(set(ladder._times()))
        self.compressed: list[tuple[float, float]] = []
        self._index = {time: i for i, time in enumerate(self.times)}
        span = self.times[-1] - self.times[0]
        if ladder.compress_gaps:
            self._heights = self._compressed_heights(ladder)
        else:
            self._heights = [(time - self.times[0]) / (span or 1) * _LINEAR_HEIGHT for time in self.times]

    def __call__(self, time: float) -> float:
        return self._heights[self._index[time]]

    @property
    def height(self) -> float:
        return self._heights[-1]

    def _compressed_heights(self, ladder: Ladder) -> list[float]:
        transits = [m.time_received - m.time_sent for m in ladder.messages if m.time_received is not None]
        transits = [transit for transit in transits if transit > 0]
        points_per_second = _TYPICAL_SLANT / statistics.median(transits) if transits else 1000.0
        least = self._least_distances(ladder)
        heights = [0.0]
        for i in range(1, len(self.times)):
            gap = (self.times[i] - self.times[i - 1]) * points_per_second
            if gap > _LONGEST_GAP:
                gap = _COMPRESSED_GAP
                self.compressed.append((self.times[i - 1], self.times[i]))
            floors = [heights[earlier] + distance for earlier, distance in least.get(i, [])]
            heights.append(max([heights[-1] + gap, *floors]))
        return heights

    def _least_distances(self, ladder: Ladder) -> dict[int, list[tuple[int, float]]]:
        """By the index of a time: earlier ones, and how far below them it must stand for texts to be legible."""
        least: dict[int, list[tuple[int, float]]] = {}

        def keep_apart(earlier: float, later: float, distance: float) -> None:
            if earlier < later:
                least.setdefault(self._index[later], []).append((self._index[earlier], distance))

        column = {name: i for i, name in enumerate(ladder.participants)}
        spans = [sorted((column[m.source], column[m.destination])) for m in ladder.messages]
        for j, later in enumerate(ladder.messages):
            for i in range(max(0, j - 6), j):
                earlier = ladder.messages[i]
                if not (earlier.label and later.label):
                    continue
                if spans[i][0] < spans[j][1] and spans[j][0] < spans[i][1]:
                    rows = _ROW + (_DETAIL_ROW if earlier.detail else 0)
                    keep_apart(earlier.time_sent, later.time_sent, rows)
                    if earlier.time_received is not None and later.time_received is not None:
                        keep_apart(earlier.time_received, later.time_received, rows)
        for event, following in zip(ladder.events, ladder.events[1:]):
            keep_apart(event.time, following.time, _ROW)
        for phase in ladder.phases:
            keep_apart(phase.start, phase.end, 2 * _ROW)
        return least


@dataclass(frozen=True)
class _Box:
    """Where a text stands: its extent in points."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: _Box) -> float:
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return width * height if width > 0 and height > 0 else 0.0


class _Drawing:
    """One rendering of a ladder. Coordinates are points from the top left corner."""

    def __init__(self, ladder: Ladder) -> None:
        self.ladder = ladder
        self.scale = _TimeScale(ladder)
        self.start = self.scale.times[0]
        self.lanes = _assign_lanes(ladder.phases)
        self.boxes: list[_Box] = []
        self.top = _HEADER_HEIGHT + (20.0 if ladder.title else 0.0)
        self.bottom = self.top + self.scale.height + 16
        self._place_columns()
        height = self.bottom + _LEGEND_HEIGHT
        self.figure = Figure(figsize=(_WIDTH / 72, height / 72), dpi=144)
        self.axes: Axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set_xlim(0, _WIDTH)
        self.axes.set_ylim(height, 0)
        self.axes.set_axis_off()
        self._draw_phases()
        self._draw_participants()
        self._draw_gaps()
        for event in ladder.events:
            self._draw_event(event)
        for message in ladder.messages:
            self._draw_message(message)
        self._draw_times()
        self._draw_legend()

    def y(self, time: float) -> float:
        return self.top + self.scale(time)

    # --- Where things stand -----------------------------------------------------------------------------------

    def _place_columns(self) -> None:
        names = self.ladder.participants
        headers = [self._header_width(name) / 2 for name in names]
        left = _TIME_COLUMN + max(headers[0] + 6, self._event_margin(names[0]))
        lane_widths = [0.0] * (1 + max(self.lanes, default=-1))
        for phase, lane in zip(self.ladder.phases, self.lanes):
            lane_widths[lane] = max(lane_widths[lane], _PHASE_BAR + 14 + _phase_text_width(phase))
        self.phases_left = _WIDTH - sum(lane_widths)
        self.lane_left = [self.phases_left + sum(lane_widths[:lane]) for lane in range(len(lane_widths))]
        right_margin = self._event_margin(names[-1]) if len(names) > 1 else 0.0
        right = self.phases_left - max(headers[-1] + 8, right_margin)
        needs = [self._gap_need(i) for i in range(len(names) - 1)]
        stretch = (right - left) / sum(needs) if needs else 1.0
        self.x = {names[0]: left}
        for i, need in enumerate(needs):
            self.x[names[i + 1]] = self.x[names[i]] + need * stretch

    def _header_width(self, name: str) -> float:
        caption = self.ladder.captions.get(name, "")
        return max(text_width(name, 9.5, "bold") + 16, text_width(caption, _SMALL_SIZE) + 12, 40)

    def _event_margin(self, participant: str) -> float:
        labels = [event.label for event in self.ladder.events if event.participant == participant]
        return max((text_width(label, _LABEL_SIZE) + 14 for label in labels), default=0.0)

    def _gap_need(self, i: int) -> float:
        """How much room the texts between two neighbouring participants ask for."""
        pair = set(self.ladder.participants[i : i + 2])
        headers = sum(self._header_width(name) / 2 for name in pair) + 8
        texts = [
            max(text_width(m.label, _LABEL_SIZE), text_width(m.detail, _SMALL_SIZE)) + 22
            for m in self.ladder.messages
            if {m.source, m.destination} == pair
        ]
        return max([headers, *texts])

    # --- What is drawn ----------------------------------------------------------------------------------------

    def _draw_phases(self) -> None:
        colors: dict[str, str] = {}
        for phase, lane in zip(self.ladder.phases, self.lanes):
            color = colors.setdefault(phase.name, _PHASE_COLORS[len(colors) % len(_PHASE_COLORS)])
            top, bottom = self.y(phase.start), self.y(phase.end)
            x = self.lane_left[lane]
            if lane == 0:
                tint = Rectangle((_TIME_COLUMN, top), x - _TIME_COLUMN, bottom - top, color=color, alpha=0.07, lw=0)
                self.axes.add_patch(tint)
            self.axes.add_patch(Rectangle((x, top), _PHASE_BAR, bottom - top, facecolor=color, edgecolor="white"))
            middle = (top + bottom) / 2
            self._text(x + _PHASE_BAR + 4, middle - 1, phase.name, va="bottom", weight="bold", color="#222222")
            duration = format_duration(phase.end - phase.start)
            self._text(x + _PHASE_BAR + 4, middle + 1, duration, va="top", color="#222222")

    def _draw_participants(self) -> None:
        if self.ladder.title:
            self._text(12, 14, self.ladder.title, size=11, weight="bold", va="center")
        middle = self.top - 30
        for name in self.ladder.participants:
            x, width = self.x[name], self._header_width(name)
            caption = self.ladder.captions.get(name, "")
            self.axes.plot([x, x], [middle + 14, self.bottom - 4], color="#9a9a9a", lw=0.9, zorder=1)
            corner, style = (x - width / 2 + 3, middle - 11), "round,pad=3,rounding_size=4"
            self.axes.add_patch(FancyBboxPatch(corner, width - 6, 22, style, fc="#f2f4f7", ec="#5b6573"))
            self._text(x, middle - (5 if caption else 0), name, size=9.5, weight="bold", ha="center", va="center")
            self._text(x, middle + 7, caption, size=_SMALL_SIZE, color="#555555", ha="center", va="center")

    def _draw_gaps(self) -> None:
        for start, end in self.scale.compressed:
            middle = (self.y(start) + self.y(end)) / 2
            for x in self.x.values():
                self.axes.add_patch(Rectangle((x - 3, middle - 2.5), 6, 5, fc="white", ec="none", zorder=1.5))
                for offset in (-2.5, 2.5):
                    across, down = [x - 5, x + 5], [middle + offset + 1.5, middle + offset - 1.5]
                    self.axes.plot(across, down, color="#9a9a9a", lw=0.9, zorder=2)

    def _draw_event(self, event: LadderEvent) -> None:
        x, y = self.x[event.participant], self.y(event.time)
        self.axes.plot([x], [y], "o", ms=5, color="#222222", zorder=4)
        leftmost = event.participant == self.ladder.participants[0]
        side = -1 if leftmost else 1
        self._text(x + 7 * side, y, event.label, ha="right" if leftmost else "left", va="center", boxed=True)
        width = text_width(event.label, _LABEL_SIZE)
        left = x - 7 - width if leftmost else x + 7
        self.boxes.append(_Box(left, y - 5, left + width, y + 5))

    def _draw_message(self, message: LadderMessage) -> None:
        color = KINDS.get(message.kind, ("", _OTHER_KIND_COLOR))[1]
        x0, x1 = self.x[message.source], self.x[message.destination]
        y0 = self.y(message.time_sent)
        lost = message.time_received is None
        y1 = y0 + _TYPICAL_SLANT / 2 if message.time_received is None else self.y(message.time_received)
        if lost:
            x1 = x0 + (x1 - x0) * 0.6
            self.axes.plot([x1], [y1], "x", ms=7, mew=2, color="#c00000", zorder=5)
        arrow = {"arrowstyle": "-" if lost else "-|>", "color": color, "lw": 1.3, "shrinkA": 0, "shrinkB": 0}
        style = {"linestyle": "--" if lost else "-", "mutation_scale": 9}
        self.axes.annotate("", (x1, y1), (x0, y0), arrowprops={**arrow, **style}, zorder=3)
        if message.label:
            self._label_message(message, (x0, y0), (x1, y1), color)

    def _label_message(
        self, message: LadderMessage, start: tuple[float, float], end: tuple[float, float], color: str
    ) -> None:
        """The label above the arrow and the detail below it, where they hide least of what stands already."""
        (x0, y0), (x1, y1) = start, end
        width = max(text_width(message.label, _LABEL_SIZE), text_width(message.detail, _SMALL_SIZE))
        below = _DETAIL_ROW if message.detail else 1

        def box(fraction: float) -> _Box:
            x, y = x0 + (x1 - x0) * fraction, y0 + (y1 - y0) * fraction
            return _Box(x - width / 2, y - 11, x + width / 2, y + below)

        room = (abs(x1 - x0) - width - 16) / 2 / max(abs(x1 - x0), 1)  # how far from the middle it may move
        fractions = [0.5 + max(room, 0) * step for step in (0, -0.33, 0.33, -0.67, 0.67, -1, 1)]
        best = min(fractions, key=lambda f: (sum(box(f).overlap(other) for other in self.boxes), abs(f - 0.5)))
        self.boxes.append(box(best))

        x, y = x0 + (x1 - x0) * best, y0 + (y1 - y0) * best
        slope = math.atan2(y1 - y0, x1 - x0)
        if abs(slope) > math.pi / 2:
            slope -= math.copysign(math.pi, slope)
        across, up = math.sin(slope), math.cos(slope)
        angle = -math.degrees(slope)
        above, under = (x + 2 * across, y - 2 * up), (x - 2 * across, y + 2 * up)
        self._text(*above, message.label, color=color, ha="center", va="bottom", angle=angle, boxed=True)
        self._text(
            *under, message.detail, size=_SMALL_SIZE, color="#555555", ha="center", va="top", angle=angle, boxed=True
        )

    def _draw_times(self) -> None:
        """Times of sending and of events, as many as there is room for, in ms since the first."""
        x = _TIME_COLUMN - 8
        self._text(x, self.top - 34, "time, ms", size=_SMALL_SIZE, color="#555555", ha="right", va="center")
        self._text(x, self.top - 24, f"0 = {self.start:.3f} s", size=6, color="#777777", ha="right", va="center")
        times = sorted({m.time_sent for m in self.ladder.messages} | {e.time for e in self.ladder.events})
        last = -math.inf
        for time in times:
            y = self.y(time)
            if y - last < 9:
                continue
            last = y
            self._text(x, y, f"{(time - self.start) * 1e3:.1f}", size=_SMALL_SIZE, ha="right", va="center")
            self.axes.plot([_TIME_COLUMN - 5, _TIME_COLUMN], [y, y], color="#777777", lw=0.7)
        self.axes.plot([_TIME_COLUMN] * 2, [self.top, self.bottom - 8], color="#777777", lw=0.7)

    def _draw_legend(self) -> None:
        kinds = list(dict.fromkeys(message.kind for message in self.ladder.messages))
        ordered = [kind for kind in KINDS if kind in kinds] + [kind for kind in kinds if kind not in KINDS]
        handles = []
        for kind in ordered:
            name, color = KINDS.get(kind, (kind, _OTHER_KIND_COLOR))
            handles.append(Line2D([], [], color=color, lw=1.8, label=name))
        if any(message.time_received is None for message in self.ladder.messages):
            handles.append(Line2D([], [], color="#c00000", marker="x", mew=2, ls="none", label="Lost"))
        if self.scale.compressed:
            handles.append(Line2D([], [], color="#9a9a9a", marker="$//$", ms=8, ls="none", label="Time shortened"))
        if handles:
            look = {"frameon": False, "fontsize": _LABEL_SIZE, "handlelength": 1.6, "borderaxespad": 0.4}
            self.axes.legend(handles=handles, loc="lower center", ncol=len(handles), **look)

    def _text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = _LABEL_SIZE,
        angle: float = 0.0,
        boxed: bool = False,
        **look: Any,
    ) -> None:
        """Draws a text, if there is any. `boxed`: on a white ground, to be read over lines."""
        if not text:
            return
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.4} if boxed else None
        plain = {"family": "DejaVu Sans", "parse_math": False, "zorder": 4}
        self.axes.text(x, y, text, size=size, rotation=angle, rotation_mode="anchor", bbox=box, **plain, **look)


def format_duration(seconds: float) -> str:
    """A duration as people write it, with three or four digits: "1.53 s", "41.2 ms", "870 us"."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    if seconds >= 1e-3 or seconds == 0:
        return f"{seconds * 1e3:.1f} ms"
    return f"{seconds * 1e6:.0f} us"


def _phase_text_width(phase: LadderPhase) -> float:
    duration = format_duration(phase.end - phase.start)
    return max(text_width(phase.name, _LABEL_SIZE, "bold"), text_width(duration, _LABEL_SIZE))


def _assign_lanes(phases: Sequence[LadderPhase]) -> list[int]:
    """For each phase the first lane whose phases have all ended when it starts."""
    ends: list[float] = []
    lanes = []
    for phase in phases:
        lane = next((i for i, end in enumerate(ends) if end <= phase.start), len(ends))
        ends[lane : lane + 1] = [phase.end]
        lanes.append(lane)
    return lanes
