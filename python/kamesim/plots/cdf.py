"""Cumulative distributions: which part of the values is at or below each.

    Cdf({"DAD": outages, "no DAD": others}, label="outage, s").save("cdf.svg", "cdf.png")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from kamesim.plots._figure import COLORS, Plot, axes_of, legend_below

_STYLES = ["-", "--", "-.", ":"]


class Cdf(Plot):
    """Empirical distributions, a step at each value, one curve for each series.

    An infinite value (a hand-off that never ended) lies beyond the picture: its curve stays below 1.

    label: of the values' axis, with the unit. marks: values with names, drawn as vertical lines (what a formula says,
    say). log: the values' axis is logarithmic.
    """

    def __init__(
        self,
        series: Mapping[str, Sequence[float]],
        *,
        label: str,
        title: str = "",
        marks: Mapping[str, float] | None = None,
        log: bool = False,
    ) -> None:
        if not series:
            raise ValueError("series is empty: there is nothing to draw")
        for name, given in series.items():
            if not len(given):
                raise ValueError(f"series {name!r} has no values")
        self.series = {name: np.sort(np.asarray(values, dtype=float)) for name, values in series.items()}
        for name, values in self.series.items():
            if np.isnan(values).any() or not np.isfinite(values[0]):
                raise ValueError(f"series {name!r} has NaN, or begins with a value that is not finite; leave these out")
            if log and values[0] <= 0:
                raise ValueError(f"series {name!r} has {values[0]:g}; a logarithmic axis needs values above 0")
        self.label, self.title, self.marks, self.log = label, title, dict(marks or {}), log

    def figure(self) -> Figure:
        """The curves."""
        figure, axes = axes_of(self.title)
        for number, (name, values) in enumerate(self.series.items()):
            finite = values[np.isfinite(values)]
            steps = np.arange(1, len(finite) + 1) / len(values)
            axes.step(
                [finite[0], *finite], [0, *steps], where="post", lw=1.4, color=COLORS[number % len(COLORS)],
                ls=_STYLES[number % len(_STYLES)], label=name,
            )  # fmt: skip
        for name, value in self.marks.items():
            axes.axvline(value, color="#707070", lw=0.9, ls=(0, (3, 2)))
            axes.annotate(
                name, (value, 1.0), (2, -2), xycoords=("data", "axes fraction"), textcoords="offset points",
                size=7, color="#505050", rotation=90, va="top", parse_math=False,
            )  # fmt: skip
        if self.log:
            axes.set_xscale("log")
        axes.set_ylim(0, 1.02)
        axes.set_ylabel("cumulative share", size=9)
        axes.set_xlabel(self.label, size=9, parse_math=False)
        if any(self.series):
            legend_below(axes)
        return figure

    def __repr__(self) -> str:
        return f"Cdf({self.label!r}, {len(self.series)} series)"
