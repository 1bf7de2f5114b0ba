"""pandas DataFrames of what the simulation knows. pandas is imported when first needed: it takes its time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def frame(rows: Iterable[Sequence[Any]], columns: Sequence[str]) -> pd.DataFrame:
    """A table with these columns, also when it is empty."""
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(columns))


def seconds(time_ns: int | None) -> float:
    """Nanoseconds as seconds; None is for ever."""
    return math.inf if time_ns is None else time_ns / 1e9


def addresses(rows: Iterable[tuple[str, str, int, str, str, int | None, int | None]]) -> pd.DataFrame:
    """The addresses of a node."""
    return frame(
        [(*row[:5], seconds(row[5]), seconds(row[6])) for row in rows],
        ["interface", "address", "prefix_length", "state", "origin", "preferred_until_s", "valid_until_s"],
    )


def trace(events: Iterable[tuple[int, str, str, dict[str, Any]]]) -> pd.DataFrame:
    """Events (time in ns, node, kind, fields) as a table with a column for each field."""
    import pandas as pd

    rows = [{"time_s": t / 1e9, "node": node, "kind": kind, **fields} for t, node, kind, fields in events]
    return pd.DataFrame(rows) if rows else frame([], ["time_s", "node", "kind"])


def drops(rows: Iterable[tuple[str, str, str, int]]) -> pd.DataFrame:
    """Discards (node, reason, rule, count) as a table."""
    return frame(rows, ["node", "reason", "rule", "count"])
