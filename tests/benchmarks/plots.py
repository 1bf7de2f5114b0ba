"""The plots of docs/performance.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

Points = list[tuple[float, dict[str, Any]]]

# Of each series: the axes' labels, and whether the vertical one is logarithmic.
AXES = {
    "nodes": ("routers in a grid", "ns a packet-hop", True),
    "flows": ("flows through 10 routers", "ns a packet-hop", True),
    "pending": ("pending events", "ns an event", True),
    "memory": ("idle hosts", "KiB a node", True),
    "threads": ("threads", "times as fast as one", False),
}


def heights(series: str, points: Points, key: str) -> list[tuple[float, float]]:
    """What is drawn of one side ("ours", "peer"), where it was measured."""
    if series == "threads":
        return [(at, entry["ratio"]) for at, entry in points] if key == "ours" else []
    measured = [(at, float(entry[key])) for at, entry in points if entry[key] is not None]
    if series == "pending":  # a cost, as the others are
        return [(at, 1e9 / value) for at, value in measured]
    return measured


def plot(all_series: dict[str, Points], path: Path) -> None:
    """A panel a series, each with the spread of our runs."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "performance"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, 3, figsize=(11, 6.5), layout="constrained")
    for axis, (series, (x, y, logarithmic)) in zip(axes.flat, AXES.items(), strict=False):
        points = all_series[series]
        if not points:
            axis.axis("off")
            continue
        for key, label, mark in (("ours", "kamesim", "o-"), ("peer", "ns-3.37", "x--")):
            if drawn := heights(series, points, key):
                axis.plot(*zip(*drawn, strict=True), mark, label=label)
        axis.set_xlabel(x)
        axis.set_ylabel(y)
        if logarithmic:
            axis.set_xscale("log")
            axis.set_yscale("log")
            axis.grid(alpha=0.3)
        else:
            ends = [at for at, _ in points]
            axis.plot(ends, ends, color="0.7", linestyle=":", label="ideal")
            axis.set_xticks(ends)
        axis.legend(fontsize="small")
    for axis in axes.flat[len(AXES) :]:
        axis.axis("off")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    pyplot.close(figure)
