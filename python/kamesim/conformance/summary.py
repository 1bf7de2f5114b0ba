"""What the user sees: the live summary, the table by RFC section, and the last line."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TextIO

from kamesim.conformance.case import Case, Level, Rule
from kamesim.conformance.result import Count, Outcome, Result, count

INTERVAL = 0.1  # seconds between two live lines on a terminal
QUIET_INTERVAL = 5.0  # elsewhere


class Live:
    """Tells how far the run is, and each failure when it happens."""

    def __init__(self, cases: int, stream: TextIO = sys.stdout) -> None:
        self._cases = cases
        self._stream = stream
        self._outcomes: dict[int, Outcome] = {}
        self._terminal = stream.isatty()
        self._next = time.monotonic() + (0.0 if self._terminal else QUIET_INTERVAL)

    def report(self, result: Result) -> None:
        self._outcomes[result.case.index] = result.outcome
        if result.failed:
            self._clear()
            self._stream.write(failure(result))
        if time.monotonic() >= self._next:
            self._show(result.case)
            self._next = time.monotonic() + (INTERVAL if self._terminal else QUIET_INTERVAL)

    def end(self) -> None:
        self._clear()
        self._stream.flush()

    def _show(self, case: Case) -> None:
        total = Count()
        for outcome in self._outcomes.values():
            total.add(outcome)
        line = f"{total.all} of {self._cases}: {total}"
        if self._terminal:
            self._stream.write(f"\r\033[K{line}  {case.id:.60s}")
        else:
            self._stream.write(line + "\n")
        self._stream.flush()

    def _clear(self) -> None:
        if self._terminal:
            self._stream.write("\r\033[K")


def failure(result: Result) -> str:
    """A failed case in a few lines."""
    case = result.case
    lines = [f"FAILED {case.id}", f"  {case.title}", f"  {_about(case)}"]
    lines += [f"    {line}" for line in result.message.splitlines()]
    lines.append(f"  {case.file}:{case.line}")
    return "\n".join(lines) + "\n\n"


def _about(case: Case) -> str:
    rules = ", ".join(f"{rule} ({rule.level.value})" for rule in case.rules)
    logo = f"; Ready Logo {case.logo}" if case.logo else ""
    return f"{case.role}; {rules}{logo}"


Row = tuple[str, dict[Level, Count]]


def by_section(results: Sequence[Result]) -> list[Row]:
    """For each section of an RFC the cases that test a rule there, by its level; in the order of the documents."""
    table: dict[str, tuple[Rule, dict[Level, Count]]] = {}
    for result in results:
        for place, level in {(rule.place, rule.level): rule for rule in result.case.rules}:
            rule = next(r for r in result.case.rules if r.place == place)
            _first, counts = table.setdefault(place, (rule, {level: Count() for level in Level}))
            counts[level].add(result.outcome)
    return [(place, counts) for place, (rule, counts) in sorted(table.items(), key=lambda item: item[1][0].order)]


def section_table(results: Sequence[Result]) -> str:
    """The table as text: passed/failed in each cell."""
    rows = by_section(results)
    width = max([len("RFC section"), *(len(place) for place, _counts in rows)])
    lines = ["cases passed/failed, by RFC section", ""]
    lines.append("RFC section".ljust(width) + "".join(level.value.rjust(9) for level in Level))
    for place, counts in rows:
        cells = "".join(_cell(counts[level]).rjust(9) for level in Level)
        lines.append(f"{place.ljust(width)}{cells}".rstrip())
    return "\n".join(lines)


def _cell(counted: Count) -> str:
    return f"{counted.passed}/{counted.failed}" if counted.all else "-"


def listing(cases: Sequence[Case]) -> str:
    """The cases, one a line."""
    width = max(len(case.id) for case in cases)
    logo = max(len(case.logo) for case in cases)
    return "\n".join(
        f"{case.suite:8}  {case.id.ljust(width)}  {case.role:6}  {case.logo.ljust(logo)}  {case.main_rule}".rstrip()
        for case in cases
    )


def last_line(results: list[Result]) -> str:
    return str(count(results))
