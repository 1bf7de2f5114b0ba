"""Runs cases: what `./kamesim conformance` does, for programs."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from kamesim.conformance.case import Case
from kamesim.conformance.catalogue import Selection
from kamesim.conformance.engine import find_cases
from kamesim.conformance.lab import MakeSubject
from kamesim.conformance.result import Result
from kamesim.conformance.subject import KamesimSubject
from kamesim.conformance.trial import Trial
from kamesim.conformance.workers import run_all


def run(
    *,
    suites: Sequence[str] = (),
    files: Sequence[str | Path] = (),
    cases: Sequence[str] = (),
    role: str | None = None,
    subject: MakeSubject = KamesimSubject,
    seed: int = 1,
    jobs: int | None = None,
    shard: tuple[int, int] = (0, 1),
    begin: Callable[[Sequence[Case]], Callable[[Result], None]] | None = None,
) -> list[Result]:
    """Runs cases, each against a fresh node, and returns how they ended, in the order of the catalogue.

    suites: names; none: all, or none if there are files. files: Python files with cases of one's own. cases: ids or
    Ready Logo numbers, with the wild-cards * and ?; none: all. role: "host" or "router"; None: both. subject: makes the
    node under test, called with a seed. seed: every case derives its own from it. jobs: processes at work; None: one a
    processor. shard: (k, n): only every n-th case, from the k-th on. begin: called with the cases before
    the first runs; what it returns is called with each result.
    """
    selection = Selection(tuple(suites), tuple(Path(file) for file in files), tuple(cases), role)
    results: list[Result] = []

    def run_chosen(trials: Sequence[Trial]) -> None:
        mine = trials[shard[0] :: shard[1]]
        report = begin([trial.case for trial in mine]) if begin else lambda result: None
        results.extend(run_all(mine, jobs or processors(), report))

    find_cases(selection, subject, seed, run_chosen)
    return results


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))


def listed(
    *,
    suites: Sequence[str] = (),
    files: Sequence[str | Path] = (),
    cases: Sequence[str] = (),
    role: str | None = None,
) -> list[Case]:
    """The cases that `run` would run."""
    found: list[Case] = []
    selection = Selection(tuple(suites), tuple(Path(file) for file in files), tuple(cases), role)
    find_cases(selection, KamesimSubject, 1, lambda trials: found.extend(trial.case for trial in trials))
    return found
