"""The phases of hand-offs side by side: what each way of doing it spends its time with, and what the traffic sees of it.

    PhaseBars({"MIPv6": {"L2": 0.05, "DAD": 1.5}, "PMIPv6": {"L2": 0.05}}, outage={"MIPv6": confidence(values)})
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from kamesim.experiment.statistics import Estimate
from kamesim.plots._figure import COLORS, Plot, axes_of, legend_below

_BAR = 0.62  # of the distance between two of them
_FORMULA = (0, (2, 1))


class PhaseBars(Plot):
    """A bar for each way, of its phases one after the other, in seconds; the first way is on top.

    phases: durations by way and by phase; NaN: it did not happen. outage: what the traffic met with, a dot with its
    interval: phases that lie behind it, or that it has beyond them, are so seen. expected: outages by a formula, a
    dashed line across the bar.
    """

    def __init__(
        self,
        phases: Mapping[str, Mapping[str, float]],
        *,
        label: str = "s",
        title: str = "",
        outage: Mapping[str, Estimate] | None = None,
        expected: Mapping[str, float] | None = None,
    ) -> None:
        if not phases:
            raise ValueError("phases is empty: there is nothing to draw")
        self.phases = {way: {p: s for p, s in of.items() if not math.isnan(s)} for way, of in phases.items()}
        self.outage, self.expected = dict(outage or {}), dict(expected or {})
        for parameter, ways in (("outage", list(self.outage)), ("expected", list(self.expected))):
            for way in ways:
                if way not in self.phases:
                    raise ValueError(f"{parameter} has {way!r}, which is not one of phases: {sorted(self.phases)}")
        self.label, self.title = label, title

    def figure(self) -> Figure:
        """The bars."""
        ways = list(self.phases)
        named = list(dict.fromkeys(phase for of in self.phases.values() for phase in of))
        figure, axes = axes_of(self.title, width=5.0, height=1.4 + 0.2 * len(ways), grid="x")
        for row, way in enumerate(ways):
            end = 0.0
            for phase, seconds in self.phases[way].items():
                color = COLORS[named.index(phase) % len(COLORS)]
                axes.barh(row, seconds, _BAR, left=end, color=color + "90", edgecolor="white", lw=0.4)
                end += seconds
            if way in self.expected:
                half = 0.45
                axes.vlines(self.expected[way], row - half, row + half, color="black", lw=1.0, ls=_FORMULA, zorder=4)
            if way in self.outage:
                e = self.outage[way]
                bars = [[0.0 if math.isnan(e.low) else e.mean - e.low], [0.0 if math.isnan(e.high) else e.high - e.mean]]
                axes.errorbar(e.mean, row, xerr=bars, color="black", marker="o", ms=3, lw=0.9, capsize=2, zorder=5)
        axes.set_yticks(range(len(ways)), ways)
        axes.set_ylim(len(ways) - 0.4, -0.6)
        axes.set_xlim(left=min(0.0, axes.get_xlim()[0]))
        axes.set_xlabel(self.label, size=9, parse_math=False)
        entries: list[Any] = [
            Patch(facecolor=COLORS[i % len(COLORS)] + "90", edgecolor="white", label=phase) for i, phase in enumerate(named)
        ]
        if self.outage:
            entries.append(Line2D([], [], color="black", marker="o", ms=3, lw=0.9, label="outage"))
        if self.expected:
            entries.append(Line2D([], [], color="black", lw=1.0, ls=_FORMULA, label="formula"))
        legend_below(axes, entries)
        return figure

    def __repr__(self) -> str:
        return f"PhaseBars of {', '.join(self.phases)}"
