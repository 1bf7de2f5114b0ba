"""The results of an experiment, as tables and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Union

from kamesim import errors
from kamesim.experiment import journal, values
from kamesim.experiment.journal import Line
from kamesim.experiment.statistics import confidence

if TYPE_CHECKING:
    import pandas as pd

    from kamesim.plots import BoxPlot, Cdf, MeanPlot

Names = Union[str, Sequence[str], None]


def load(file: errors.PathLike, *, scenario: str | None = None) -> Results:
    """The results that a file holds, of all runs whatever grid they were part of; it may be written meanwhile.

    scenario: its name, where the file has the runs of several. If the scenario changed between runs, only the last
    one's results are taken.
    """
    _, lines, _ = journal.read(file)
    names = list(dict.fromkeys(line.scenario for line in lines))
    if scenario is not None:
        errors.one_of("experiment.load", "scenario", scenario, tuple(names))
        lines = [line for line in lines if line.scenario == scenario]
    elif len(names) > 1:
        right = f"one of {', '.join(map(repr, names))}: the file has runs of each"
        errors.fail("experiment.load", "scenario", scenario, right)
    latest = {line.key: line for line in lines if line.fingerprint == lines[-1].fingerprint}
    return Results(list(latest.values()))


class Results:
    """What came of the runs of an experiment."""

    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines  #: a run each, in the order of the design
        self._tidy: pd.DataFrame | None = None  # once it was asked for

    @property
    def parameters(self) -> list[str]:
        """The names of the scenario's parameters."""
        return list(dict.fromkeys(name for line in self.lines for name in line.parameters))

    @property
    def failed(self) -> int:
        """How many runs failed."""
        return sum(line.outcome["status"] != "ok" for line in self.lines)

    def frame(self) -> pd.DataFrame:
        """Tidy: a row a record, with a column for each parameter, seed, record (its number in its run), and the values.

        Runs that failed have no row.
        """
        if self._tidy is None:
            self._tidy = self._made_tidy()
        return self._tidy.copy()

    def _made_tidy(self) -> pd.DataFrame:
        import pandas as pd

        names = self.parameters
        rows = [
            {
                **{name: values.hashable(line.parameters.get(name)) for name in names},
                "seed": line.seed,
                "record": number,
                **record,
            }
            for line in self.lines
            for number, record in enumerate(line.outcome.get("records", ()))
        ]
        return pd.DataFrame(rows) if rows else pd.DataFrame(columns=[*names, "seed", "record"])

    def failures(self) -> pd.DataFrame:
        """A row for each run that failed: parameters, seed, error, traceback."""
        import pandas as pd

        names = self.parameters
        rows = [
            [values.hashable(line.parameters.get(n)) for n in names]
            + [line.seed, line.outcome["error"], line.outcome["traceback"]]
            for line in self.lines
            if line.outcome["status"] != "ok"
        ]
        return pd.DataFrame(rows, columns=[*names, "seed", "error", "traceback"])

    def summary(
        self, columns: Names = None, *, by: Names = None, method: str = "t", level: float = 0.95, per_seed: bool = True
    ) -> pd.DataFrame:
        """Means with confidence intervals: a row for each value and group, n, mean, deviation, low, high.

        columns: of the values; None: all numbers. by: the parameters to group by; None: all. method, level: see
        `kamesim.experiment.confidence`. per_seed: the records of one run are averaged first, since they are not
        independent of each other; False: each record counts as an observation of its own.
        """
        import pandas as pd

        frame = self.frame()
        groups = self.parameters if by is None else self._columns(frame, "by", by)
        wanted = self._numbers(frame) if columns is None else self._columns(frame, "columns", columns)
        rows = []
        one = groups[0] if len(groups) == 1 else groups
        grouped = frame.groupby(one, sort=False, dropna=False) if groups else [((), frame)]
        for group, part in grouped:
            place = (group,) if len(groups) == 1 else group
            for column in wanted:
                runs = part.groupby([*self.parameters, "seed"], dropna=False)[column]
                e = confidence(runs.mean() if per_seed else part[column], method=method, level=level)
                rows.append((column, *place, e.n, e.mean, e.deviation, e.low, e.high))
        return pd.DataFrame(rows, columns=["value", *groups, "n", "mean", "deviation", "low", "high"])

    def plot_cdf(self, column: str, *, by: str | None = None, **look: Any) -> Cdf:
        """The distribution of a value, a curve for each value of a parameter. look: see `kamesim.plots.Cdf`."""
        from kamesim.plots import Cdf

        return Cdf(self._groups(column, by), label=look.pop("label", column), **look)

    def plot_boxes(self, column: str, *, by: str, hue: str | None = None, **look: Any) -> BoxPlot:
        """Boxes of a value, one for each value of `by`, side by side for each of `hue`. See `kamesim.plots.BoxPlot`."""
        from kamesim.plots import BoxPlot

        frame = self._checked(column, by, hue)
        series = {name: self._groups_of(part, column, by) for name, part in self._parts(frame, hue)}
        return BoxPlot(series, label=look.pop("label", column), by=look.pop("by_label", by), **look)

    def plot_means(
        self, column: str, *, by: str, hue: str | None = None, method: str = "t", level: float = 0.95, **look: Any
    ) -> MeanPlot:
        """The mean of a value over a parameter, with confidence intervals of runs. See `kamesim.plots.MeanPlot`."""
        from kamesim.plots import MeanPlot

        frame = self._checked(column, by, hue)
        series = {}
        for name, part in self._parts(frame, hue):
            runs = part.groupby([*self.parameters, "seed"], dropna=False, as_index=False)[column].mean()
            groups = self._groups_of(runs, column, by)
            series[name] = {at: confidence(v, method=method, level=level) for at, v in groups.items()}
        return MeanPlot(series, label=look.pop("label", column), by=look.pop("by_label", by), **look)

    def _groups(self, column: str, by: str | None) -> dict[str, list[float]]:
        """Where a group has no value at all (a phase that a method does not have), it is left out."""
        frame = self._checked(column, by)
        groups = {name: part[column].dropna().tolist() for name, part in self._parts(frame, by)}
        return {name: numbers for name, numbers in groups.items() if numbers}

    def _groups_of(self, frame: pd.DataFrame, column: str, by: str) -> dict[Any, list[float]]:
        """The values of a column for each of a parameter: numbers and pairs in their order, words as they were given."""
        order = list(frame[by].unique())
        if frame[by].map(type).nunique() == 1 and not isinstance(order[0], str):
            order.sort()
        return {value: _where(frame, by, value)[column].dropna().tolist() for value in order}

    def _parts(self, frame: pd.DataFrame, by: str | None) -> list[tuple[str, pd.DataFrame]]:
        if by is None:
            return [("", frame)]
        return [(f"{by} {_said(value)}", _where(frame, by, value)) for value in frame[by].unique()]

    def _checked(self, column: str, *by: str | None) -> pd.DataFrame:
        """The frame, with numbers in the column."""
        import pandas as pd

        frame = self.frame()
        self._columns(frame, "column", column)
        for name in by:
            if name is not None and not isinstance(name, str):
                errors.fail("results", "by", name, "the name of one column; `hue` takes another")
        self._columns(frame, "by", [name for name in by if name is not None])
        numbers = pd.to_numeric(frame[column], errors="coerce")
        words = frame[column][numbers.isna() & frame[column].notna()]
        if len(words):
            errors.fail("results", "column", column, f"a column of numbers; it has {words.iloc[0]!r}")
        if numbers.isna().all():
            errors.fail("results", "column", column, f"a column with numbers; it has none in {len(frame)} records")
        frame[column] = numbers
        return frame

    def _columns(self, frame: pd.DataFrame, parameter: str, names: Any) -> list[str]:
        listed = [names] if isinstance(names, str) else errors.listed("results", parameter, names, "names of columns")
        for name in listed:
            if name not in frame.columns:
                if self.failed and not len(frame):
                    first = self.failures().iloc[0]["error"]
                    raise errors.Error(f"results: there are none, {self.failed} runs failed; see failures(): {first}")
                errors.fail("results", parameter, name, "one of " + ", ".join(repr(c) for c in frame.columns))
        return listed

    def _numbers(self, frame: pd.DataFrame) -> list[str]:
        own = [*self.parameters, "seed", "record"]
        return [c for c in frame.select_dtypes(["number", "bool"]).columns if c not in own]

    def __len__(self) -> int:
        return len(self.lines)

    def __repr__(self) -> str:
        return f"<Results of {len(self.lines)} runs, {self.failed} of them failed; parameters {self.parameters}>"


def _where(frame: pd.DataFrame, column: str, value: Any) -> pd.DataFrame:
    """The rows with this value, which may be a tuple."""
    return frame[frame[column].map(lambda v: v == value)]


def _said(value: Any) -> str:
    """A parameter's value in a legend."""
    if isinstance(value, tuple):
        return " to ".join(_said(v) for v in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
