"""The delay of each packet over time, with what was lost and the hand-offs that explain it.

    packets = pandas.DataFrame({"time_s": ..., "delay_s": ..., "direction": ...})   # delay_s NaN: lost
    Timeline(packets, handoffs=[HandoffSpan(20.0, 22.1, "home to cell 1")]).save("timeline.png")
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogFormatter

from kamesim.plots._figure import COLORS, Plot, text_width

_LOST_COLOR = "#c00000"
_HANDOFF_COLOR = "#f2c14e"
_LABEL_SIZE = 8.0
_COLUMNS = ("time_s", "delay_s", "direction")
_SIZE_POINTS = (648.0, 324.0)
_DPI = 150


@dataclass(frozen=True)
class HandoffSpan:
    """A hand-off, from the loss of the old link to the first packet by the new one, in seconds."""

    start: float
    end: float
    label: str = ""


class Timeline(Plot):
    """The delay timeline of a run.

    `packets` has a row a packet: `time_s`, when it was sent; `delay_s`, one way, NaN if it was lost; `direction`,
    the name of its series, for example "down" and "up". All in seconds. `log` makes the delay axis logarithmic.
    """

    def __init__(
        self,
        packets: pd.DataFrame,
        *,
        handoffs: Iterable[HandoffSpan] = (),
        title: str = "",
        log: bool = False,
    ) -> None:
        missing = [column for column in _COLUMNS if column not in packets.columns]
        if missing:
            raise ValueError(f"packets has no column {missing[0]!r}; its columns must be {', '.join(_COLUMNS)}")
        if packets.empty:
            raise ValueError("packets is empty: there is nothing to draw")
        self.packets = packets
        self.handoffs = sorted(handoffs, key=lambda handoff: handoff.start)
        for handoff in self.handoffs:
            if handoff.end < handoff.start:
                raise ValueError(f"hand-off {handoff.label!r} ends before it starts")
        self.title = title
        self.log = log

    def __repr__(self) -> str:
        return f"Timeline({len(self.packets)} packets, {len(self.handoffs)} hand-offs)"

    def figure(self) -> Figure:
        """The timeline as a matplotlib figure."""
        directions = list(dict.fromkeys(self.packets["direction"]))
        width, height = _SIZE_POINTS
        figure = Figure(figsize=(width / 72, height / 72), dpi=_DPI)
        rail = 0.035 * len(directions)
        delays: Axes = figure.add_axes((0.085, 0.15 + rail, 0.895, 0.67 - rail))
        lost: Axes = figure.add_axes((0.085, 0.13, 0.895, rail), sharex=delays)
        for number, direction in enumerate(directions):
            series = self.packets[self.packets["direction"] == direction]
            color = COLORS[number % len(COLORS)]
            size = max(2.0, 4.0 - 2.0 * number)  # points of the first series show behind those of the next
            delays.plot(series["time_s"], series["delay_s"] * 1e3, ".", ms=size, mew=0, color=color, rasterized=True)
            gone = series.loc[series["delay_s"].isna(), "time_s"]
            lost.vlines(gone, number + 0.12, number + 0.88, color=_LOST_COLOR, lw=0.5)
        self._dress_delays(delays)
        self._dress_lost(lost, directions)
        self._draw_handoffs(delays, lost)
        self._draw_legend(figure, directions)
        if self.title:
            figure.text(0.085, 0.955, self.title, size=11, weight="bold", va="center", parse_math=False)
        return figure

    def _dress_delays(self, axes: Axes) -> None:
        start, end = self._extent()
        axes.set_xlim(start, end)
        if self.log:
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(LogFormatter())
            axes.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(2, 0.5)))
        else:
            axes.set_ylim(bottom=0)
        axes.set_ylabel("one-way delay, ms", size=9)
        axes.tick_params(labelsize=_LABEL_SIZE)
        axes.tick_params(axis="y", which="minor", labelsize=_LABEL_SIZE)
        axes.tick_params(axis="x", labelbottom=False, bottom=False)
        axes.grid(axis="y", which="both", color="#e4e4e4", lw=0.6)
        axes.set_axisbelow(True)
        for side in ("top", "right", "bottom"):
            axes.spines[side].set_visible(False)

    def _dress_lost(self, axes: Axes, directions: list[str]) -> None:
        axes.set_ylim(len(directions), 0)
        axes.set_yticks([number + 0.5 for number in range(len(directions))])
        axes.set_yticklabels([f"lost {direction}" for direction in directions])
        axes.tick_params(labelsize=_LABEL_SIZE)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel("time sent, s", size=9)
        axes.set_facecolor("#f7f7f7")
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)

    def _extent(self) -> tuple[float, float]:
        times = self.packets["time_s"]
        start = min([float(times.min()), *(handoff.start for handoff in self.handoffs)])
        end = max([float(times.max()), *(handoff.end for handoff in self.handoffs)])
        return start, end if end > start else start + 1

    def _draw_handoffs(self, delays: Axes, lost: Axes) -> None:
        """Shaded spans; each label above its span, in the first of three rows that has room for it."""
        start, end = self._extent()
        points_per_second = 0.895 * _SIZE_POINTS[0] / (end - start)
        row_ends = [float("-inf")] * 3
        for handoff in self.handoffs:
            for axes in (delays, lost):
                axes.axvspan(handoff.start, handoff.end, color=_HANDOFF_COLOR, alpha=0.45, lw=0, zorder=0.5)
            label = f"{handoff.label}\n{handoff.end - handoff.start:.2f} s" if handoff.label else ""
            width = max(text_width(line, 7) for line in label.split("\n")) / points_per_second
            middle = (handoff.start + handoff.end) / 2
            middle = min(max(middle, start + width / 2), end - width / 2)
            row = next((i for i, row_end in enumerate(row_ends) if row_end < middle - width / 2), None)
            if label and row is not None:
                row_ends[row] = middle + width / 2 + 4 / points_per_second
                at = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
                look = {"size": 7, "color": "#5a4300", "ha": "center", "va": "bottom", "linespacing": 1.1}
                delays.annotate(label, (middle, 1.0), (0, 2 + 18 * row), **at, **look, parse_math=False)

    def _draw_legend(self, figure: Figure, directions: list[str]) -> None:
        handles: list[Line2D | Patch] = []
        for number, direction in enumerate(directions):
            series = self.packets[self.packets["direction"] == direction]
            label = f"{direction}: {len(series)} sent, {int(series['delay_s'].isna().sum())} lost"
            color = COLORS[number % len(COLORS)]
            handles.append(Line2D([], [], color=color, marker=".", ms=8, ls="none", label=label))
        if self.handoffs:
            handles.append(Patch(color=_HANDOFF_COLOR, alpha=0.45, lw=0, label="hand-off"))
        look = {"frameon": False, "fontsize": _LABEL_SIZE, "handletextpad": 0.3, "columnspacing": 1.5}
        figure.legend(handles=handles, loc="lower center", ncol=len(handles), bbox_to_anchor=(0.53, -0.012), **look)
