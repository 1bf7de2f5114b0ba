"""What the plots share: fonts, sizes and writing files."""

from __future__ import annotations

import io
import os
import pathlib
from typing import Union

import matplotlib
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


def save_figure(figure: Figure, path: PathLike) -> None:
    """Writes the figure to `path`, as its suffix says: .svg or .png."""
    suffix = pathlib.Path(path).suffix.lower().removeprefix(".")
    if suffix not in _METADATA:
        raise ValueError(f"path is {os.fspath(path)!r}; its suffix must be .svg or .png")
    pathlib.Path(path).write_bytes(render(figure, suffix))


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
