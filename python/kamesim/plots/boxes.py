"""Box plots over a parameter: medians, quartiles, whiskers, and what lies beyond them.

    BoxPlot({"DAD": {(0.03, 0.07): [...], (1, 3): [...]}}, by="RA interval, s", label="outage, s").save("boxes.svg")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from kamesim.plots._figure import COLORS, Plot, axes_of, legend_below, written

_GROUP_WIDTH = 0.8  # of the distance between two values of the parameter
_FORMULA = (0, (2, 1))  # how its line is dashed


class BoxPlot(Plot):
    """Boxes of values at each value of a parameter; with several series they stand side by side.

    The box is from the first to the third quartile with a line at the median and a dot at the mean; the whiskers reach
    to the last value within 1.5 times the box's height (Tukey's), and circles are values beyond. expected: what a
    formula says, by series and value of the parameter: drawn as a short line across the box. horizontal: the
    parameter's values stand one below the other, which leaves room for long names.
    """

    def __init__(
        self,
        series: Mapping[str, Mapping[Any, Sequence[float]]],
        *,
        by: str,
        label: str,
        title: str = "",
        expected: Mapping[str, Mapping[Any, float]] | None = None,
        log: bool = False,
        horizontal: bool = False,
    ) -> None:
        if not series or not any(len(v) for groups in series.values() for v in groups.values()):
            raise ValueError("series has no values: there is nothing to draw")
        self.series = {name: dict(groups) for name, groups in series.items()}
        self.expected = {name: dict(groups) for name, groups in (expected or {}).items()}
        self.by, self.label, self.title, self.log, self.horizontal = by, label, title, log, horizontal

    def figure(self) -> Figure:
        """The boxes."""
        places = list(dict.fromkeys(at for groups in self.series.values() for at in groups))
        along = 1.2 + (0.2 if self.horizontal else 0.28) * len(places) * len(self.series)
        if self.horizontal:
            figure, axes = axes_of(self.title, width=4.5, height=max(2.0, along), grid="x")
        else:
            figure, axes = axes_of(self.title, width=max(3.5, along))
        width = _GROUP_WIDTH / len(self.series)
        for number, (name, groups) in enumerate(self.series.items()):
            color = COLORS[number % len(COLORS)]
            offset = (number - (len(self.series) - 1) / 2) * width * (-1 if self.horizontal else 1)
            at = [places.index(place) + offset for place in groups]
            dot = {"marker": "o", "markersize": 2.5, "markerfacecolor": color, "markeredgecolor": color}
            axes.boxplot(
                [list(v) for v in groups.values()], positions=at, widths=0.8 * width, patch_artist=True,
                vert=not self.horizontal, manage_ticks=False, showmeans=True, meanprops=dot, medianprops={"color": color, "lw": 1.4},
                boxprops={"facecolor": color + "40", "edgecolor": color, "lw": 0.8},
                whiskerprops={"color": color, "lw": 0.8}, capprops={"color": color, "lw": 0.8},
                flierprops={"marker": ".", "markersize": 2.5, "markerfacecolor": color, "markeredgecolor": "none"},
            )  # fmt: skip
            for place, value in self.expected.get(name, {}).items():
                first = places.index(place) + offset - width / 2
                line = axes.vlines if self.horizontal else axes.hlines
                line(value, first, first + width, color="black", lw=1.0, ls=_FORMULA, zorder=5)
        self._scales(axes, [written(place) for place in places])
        self._legend(axes)
        return figure

    def _scales(self, axes: Axes, names: list[str]) -> None:
        """The parameter's axis and that of the values."""
        if self.horizontal:
            axes.set_yticks(range(len(names)), names)
            axes.set_ylim(len(names) - 0.4, -0.6)  # the first one on top
        else:
            axes.set_xticks(range(len(names)), names)
            axes.set_xlim(-0.6, len(names) - 0.4)
        below, beside = (self.label, self.by) if self.horizontal else (self.by, self.label)
        axes.set_xlabel(below, size=9, parse_math=False)
        axes.set_ylabel(beside, size=9, parse_math=False)
        if self.log:
            (axes.set_xscale if self.horizontal else axes.set_yscale)("log")
        elif self.horizontal:
            axes.set_xlim(left=min(0.0, axes.get_xlim()[0]))
        else:
            axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))

    def _legend(self, axes: Axes) -> None:
        from matplotlib.lines import Line2D

        entries: list[Any] = [
            Patch(facecolor=COLORS[i % len(COLORS)] + "40", edgecolor=COLORS[i % len(COLORS)], label=name)
            for i, name in enumerate(self.series)
            if name
        ]
        if self.expected:
            entries.append(Line2D([], [], color="black", lw=1.0, ls=_FORMULA, label="formula"))
        if entries:
            legend_below(axes, entries)

    def __repr__(self) -> str:
        return f"BoxPlot({self.label!r} by {self.by!r}, {len(self.series)} series)"
