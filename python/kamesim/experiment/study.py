"""Running an experiment: what the file lacks is run, and appended as it comes."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

from kamesim import errors
from kamesim.experiment.cluster import check_client, cluster_outcomes
from kamesim.experiment.design import WHAT, Grid, Point, design
from kamesim.experiment.execution import Outcome
from kamesim.experiment.fingerprint import fingerprint
from kamesim.experiment.journal import Journal, Line
from kamesim.experiment.pool import local_outcomes
from kamesim.experiment.results import Results


def run(
    scenario: Callable[..., Any],
    *,
    grid: Grid,
    seeds: int | Iterable[int],
    file: errors.PathLike,
    workers: int | None = None,
    client: Any = None,
    progress: bool | None = None,
    version: str = "",
    retry_failed: bool = False,
    timeout: float | None = None,
) -> Results:
    """Runs a scenario for every combination of parameters and every seed, and returns all results.

    scenario: a function that is called as scenario(seed=1, name=value, ...) and returns what was measured: a dict, a
    list of dicts or a DataFrame with a row a hand-off, say. Values are numbers, strings, and lists of them.
    grid: {"name": [values]}, of which every combination is run, or a list of dicts of name -> value.
    seeds: a list, or how many: 1, 2, 3, ...
    file: JSON lines; results are appended as they come. Runs that it has are not repeated: a run is known by its
    parameters, its seed and the fingerprint of the scenario, which changes with its code (see `kamesim.experiment.
    fingerprint`) and with `version`, a word of yours for what the code does not show.
    workers: processes on this machine; None: one a core. client: a distributed.Client: the runs go to its cluster.
    progress: whether to show a bar; None: on a terminal.
    retry_failed: whether runs that failed before are tried again. timeout: seconds of real time after which a run is
    killed and counts as failed; None: it may take for ever. Not for clusters.

    A run that raises is recorded with its traceback, and the others go on: see `Results.failures`. Ctrl-C keeps what is
    done and raises KeyboardInterrupt.
    """
    if not callable(scenario):
        errors.fail(WHAT, "scenario", scenario, "a function of the parameters and seed")
    if not isinstance(version, str):
        errors.fail(WHAT, "version", version, "a string")
    size = _workers(workers, client)
    if timeout is not None:
        errors.number(WHAT, "timeout", timeout, "seconds", above=0)
        if client is not None:
            raise errors.Error(f"{WHAT}: timeout is {timeout:g}, and client is given; a cluster's runs have none")
    print_of = fingerprint(scenario, version)
    points = design(scenario, grid, seeds, print_of)
    name = getattr(scenario, "__name__", type(scenario).__name__)
    with Journal(file, scenario=name, fingerprint=print_of) as journal:
        known = _latest(journal.lines)
        todo = [point for point in points if _is_missing(known.get(point.key), retry_failed)]
        outcomes = (
            cluster_outcomes(scenario, todo, client) if client is not None
            else local_outcomes(scenario, todo, size, timeout)
        )  # fmt: skip
        with contextlib.closing(outcomes), _Bar(name, len(points), len(points) - len(todo), progress) as bar:
            for point, outcome in outcomes:
                known[point.key] = journal.add(point.key, point.parameters, point.seed, outcome)
                bar.count(point, outcome)
    return Results([known[point.key] for point in points])


def _workers(workers: int | None, client: Any) -> int:
    if client is not None:
        if workers is not None:
            raise errors.Error(f"{WHAT}: workers is {workers!r}, and client is given; a cluster has its own workers")
        check_client(client)
    if workers is None:
        return len(os.sched_getaffinity(0))
    return errors.integer(WHAT, "workers", workers, "processes", minimum=1, maximum=4096)


def _latest(lines: list[Line]) -> dict[str, Line]:
    """The last line of each run: what failed may have been tried again."""
    return {line.key: line for line in lines}


def _is_missing(line: Line | None, retry_failed: bool) -> bool:
    return line is None or (retry_failed and line.outcome["status"] != "ok")


class _Bar:
    """tqdm over the runs, or nothing; what fails is told above it."""

    def __init__(self, name: str, total: int, done: int, wanted: bool | None) -> None:
        if wanted is not None:
            errors.flag(WHAT, "progress", wanted)
        self._shown = sys.stderr.isatty() if wanted is None else wanted
        self._settings = {"total": total, "initial": done, "desc": name, "unit": "run"}
        self._failed = 0
        self._bar: Any = None

    def count(self, point: Point, outcome: Outcome) -> None:
        failed = outcome["status"] != "ok"
        self._failed += failed
        if self._bar is None:
            return
        if failed:
            self._bar.set_postfix_str(f"{self._failed} failed", refresh=False)
            self._bar.write(f"failed: {point.describe()}: {outcome['error']}", file=sys.stderr)
        self._bar.update()

    def __enter__(self) -> _Bar:
        if self._shown:
            from tqdm.auto import tqdm

            class Bar(tqdm):  # type: ignore[misc]
                monitor_interval = 0  # no thread: workers are forked

            self._bar = Bar(**self._settings, file=sys.stderr, dynamic_ncols=True)
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
