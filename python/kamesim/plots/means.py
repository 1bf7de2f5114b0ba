"""Means over a parameter with their confidence intervals: loss by speed, say.

    MeanPlot({"MIPv6": {1.0: confidence(lost), 10.0: ...}}, by="speed, m/s", label="packets lost").save("loss.svg")
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from kamesim.experiment.statistics import Estimate
from kamesim.plots._figure import COLORS, Plot, axes_of, legend_below, written

_MARKERS = ["o", "s", "^", "D", "v", "P", "X"]
_TICKS_AT_PLACES = 8  # so few values of a parameter have a tick each


class MeanPlot(Plot):
    """Means with bars for their intervals, one line for each series.

    A parameter of numbers has an axis of numbers; one of words or pairs is spread evenly. expected: what a formula
    says, by series and value of the parameter: a dashed line. log: the parameter's axis is logarithmic.
    """

    def __init__(
        self,
        series: Mapping[str, Mapping[Any, Estimate]],
        *,
        by: str,
        label: str,
        title: str = "",
        expected: Mapping[str, Mapping[Any, float]] | None = None,
        log: bool = False,
    ) -> None:
        if not series or not any(series.values()):
            raise ValueError("series is empty: there is nothing to draw")
        self.series = {name: dict(groups) for name, groups in series.items()}
        self.expected = {name: dict(groups) for name, groups in (expected or {}).items()}
        self.by, self.label, self.title, self.log = by, label, title, log

    def figure(self) -> Figure:
        """The lines."""
        places = list(dict.fromkeys(at for groups in self.series.values() for at in groups))
        numeric = all(isinstance(p, (int, float)) and not isinstance(p, bool) for p in places)
        if numeric:
            places.sort()
        figure, axes = axes_of(self.title)
        for number, (name, groups) in enumerate(self.series.items()):
            color = COLORS[number % len(COLORS)]
            kept = [p for p in places if p in groups]
            at = [float(p) if numeric else places.index(p) for p in kept]
            means = [groups[p].mean for p in kept]
            bars = [0.0 if math.isnan(groups[p].low) else groups[p].mean - groups[p].low for p in kept]
            above = [0.0 if math.isnan(groups[p].high) else groups[p].high - groups[p].mean for p in kept]
            axes.errorbar(
                at, means, yerr=[bars, above], color=color, marker=_MARKERS[number % len(_MARKERS)], ms=3.5, lw=1.2,
                capsize=2, elinewidth=0.9, label=name or None,
            )  # fmt: skip
            formula = self.expected.get(name, {})
            if formula:
                x = [float(p) if numeric else places.index(p) for p in formula]
                label = f"{name} formula".strip()
                axes.plot(x, list(formula.values()), color=color, lw=1.0, ls=(0, (2, 2)), label=label)
        if self.log:
            axes.set_xscale("log")
        if not numeric or len(places) <= _TICKS_AT_PLACES:
            axes.set_xticks(places if numeric else range(len(places)), [written(place) for place in places])
            axes.set_xticks([], minor=True)
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
        axes.set_xlabel(self.by, size=9, parse_math=False)
        axes.set_ylabel(self.label, size=9, parse_math=False)
        if any(self.series) or self.expected:
            legend_below(axes)
        return figure

    def __repr__(self) -> str:
        return f"MeanPlot({self.label!r} by {self.by!r}, {len(self.series)} series)"
