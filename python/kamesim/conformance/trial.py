"""One case in the hands of pytest: tries it, and says how it ended."""

from __future__ import annotations

import signal
import time
import zlib
from types import FrameType

import pytest
from _pytest.runner import runtestprotocol

from kamesim.conformance.case import Case
from kamesim.conformance.expectations import Unmet
from kamesim.conformance.lab import Lab
from kamesim.conformance.result import Outcome, Result

PATIENCE = 120.0  # seconds of real time that a case may take


class Trial:
    """A case that can be run."""

    def __init__(self, case: Case, item: pytest.Item, seed: int) -> None:
        self.case = case
        self.item = item
        # One of the case's own: it does not depend on which others are run, and fragments have other identifications.
        self.seed = zlib.crc32(f"{seed} {case.id}".encode())
        self.lab: Lab | None = None

    def run(self) -> Result:
        start = time.perf_counter()
        signal.signal(signal.SIGALRM, _give_up)
        signal.setitimer(signal.ITIMER_REAL, PATIENCE)
        try:
            reports = runtestprotocol(self.item, log=False, nextitem=None)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
        result = Result(self.case, Outcome.PASSED, time.perf_counter() - start)
        for report in reports:
            if report.failed and not result.failed:
                result.outcome = Outcome.FAILED
                result.message = _message(report)
                result.source = report.longreprtext
            elif report.skipped and not result.failed:
                result.outcome = Outcome.SKIPPED
                result.message = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
        if self.lab is not None:
            result.record, self.lab = self.lab.record, None
        return result


def _message(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    text: str = crash.message if crash is not None else report.longreprtext
    text = text.removeprefix(f"{Unmet.__module__}.{Unmet.__qualname__}: ").removeprefix("AssertionError: ")
    return text if report.when == "call" else f"{report.when}: {text}"


def _give_up(_signal: int, _frame: FrameType | None) -> None:
    raise Unmet(f"it took more than {PATIENCE:g} s of real time")


def lost(case: Case, why: str) -> Result:
    """The result of a case whose process died."""
    return Result(case, Outcome.FAILED, message=why)
