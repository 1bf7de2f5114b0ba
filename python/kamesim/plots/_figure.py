"""What the plots share: fonts, sizes and writing files."""

from __future__ import annotations

import io
import os
import pathlib
from typing import Any, Union

import matplotlib
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.figure import Figure
from matplotlib.textpath import text_to_path

PathLike = Union[str, "os.PathLike[str]"]

# Text stays text in SVG: it can be searched, and the viewer's sans font shows it. The same input gives the same
# bytes: no date, no random identifiers.
_STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "svg.fonttype": "none",
    "svg.hashsalt": "kamesim",
}
_METADATA = {"svg": {"Date": None, "Creator": "kamesim"}, "png": {"Software": "kamesim"}}


# Okabe and Ito's colours, for all eyes.
COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#333333"]


class Plot:
    """A picture: `figure()` draws it, `save` writes it, a notebook shows it."""

    def figure(self) -> Figure:
        """The picture as a matplotlib figure."""
        raise NotImplementedError

    def save(self, *paths: PathLike) -> None:
        """Writes the picture to each path, as SVG or PNG by its suffix."""
        if not paths:
            raise ValueError("paths is empty; give one or more, such as 'picture.svg', 'picture.png'")
        figure = self.figure()
        for path in paths:
            save_figure(figure, path)

    def _repr_png_(self) -> bytes:
        return render(self.figure(), "png")


def save_figure(figure: Figure, path: PathLike) -> None:
    """Writes the figure to `path`, as its suffix says: .svg or .png."""
    suffix = pathlib.Path(path).suffix.lower().removeprefix(".")
    if suffix not in _METADATA:
        raise ValueError(f"path is {os.fspath(path)!r}; its suffix must be .svg or .png")
    pathlib.Path(path).write_bytes(render(figure, suffix))


_HEIGHT = 2.6  # inches


def axes_of(title: str, width: float = 3.5, height: float = _HEIGHT, grid: str = "y") -> tuple[Figure, Axes]:
    """A figure with one pair of axes, as wide as a column of a paper, in inches; grid: the axis that has lines."""
    figure = Figure(figsize=(width, height), dpi=200, layout="constrained")
    axes = figure.add_subplot()
    axes.tick_params(labelsize=8)
    axes.grid(axis=grid, color="#e4e4e4", lw=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if title:
        axes.set_title(title, size=9, weight="bold", loc="left", parse_math=False)
    return figure, axes


def legend_below(axes: Axes, handles: list[Any] | None = None) -> None:
    """The legend under the axes, where it covers no data."""
    shown = axes.get_legend_handles_labels()[0] if handles is None else handles
    longest = max(text_width(handle.get_label(), 8) for handle in shown)
    columns = max(1, min(len(shown), int(72 * axes.figure.get_figwidth() / (longest + 40))))
    look = {"frameon": False, "fontsize": 8, "borderaxespad": 0.0, "columnspacing": 1.2, "handlelength": 1.8}
    below = -0.24 * _HEIGHT / axes.figure.get_figheight()
    axes.legend(handles=shown, loc="upper center", bbox_to_anchor=(0.45, below), ncol=columns, **look)


def written(value: Any) -> str:
    """A parameter's value on an axis."""
    if isinstance(value, (tuple, list)):
        return "\u2013".join(written(v) for v in value)
    return f"{value:g}" if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


def render(figure: Figure, file_format: str) -> bytes:
    """The figure as the bytes of an SVG or PNG file."""
    buffer = io.BytesIO()
    with matplotlib.rc_context(_STYLE):
        figure.savefig(buffer, format=file_format, metadata=_METADATA[file_format], facecolor="white")
    return buffer.getvalue()


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """The width of a line of text in points, at a font size in points."""
    font = FontProperties(family="DejaVu Sans", size=size, weight=weight)
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width)
