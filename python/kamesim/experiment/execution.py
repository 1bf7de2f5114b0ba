"""One run: calls the scenario and notes what came of it. What it returns goes between processes and into the file."""

from __future__ import annotations

import hashlib
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from kamesim import errors
from kamesim.experiment import values
from kamesim.experiment.design import RESERVED, WHAT

#: {"status": "ok", "records": [...], "wall_s": ...} or {"status": "failed", "error": ..., "traceback": ..., ...}
Outcome = dict[str, Any]


def execute(scenario: Callable[..., Any], parameters: dict[str, Any], seed: int, key: str) -> Outcome:
    """Runs the scenario once. What it raises is an outcome too: Ctrl-C goes to the process that started the workers."""
    started = time.perf_counter()
    _seed_global_generators(key)
    try:
        records = _records(scenario(**parameters, seed=seed), parameters)
        outcome: Outcome = {"status": "ok", "records": records}
    except (Exception, SystemExit, KeyboardInterrupt) as error:  # the scenario's, not the worker's
        outcome = failure(f"{type(error).__name__}: {_text(error)}", traceback.format_exc())
    outcome["wall_s"] = round(time.perf_counter() - started, 6)
    return outcome


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # its own fault again
        return "its text cannot be had"


def failure(error: str, trace: str = "", wall_s: float = 0.0) -> Outcome:
    """The outcome of a run that failed."""
    return {"status": "failed", "error": error, "traceback": trace, "wall_s": wall_s}


def _seed_global_generators(key: str) -> None:
    """Draws outside the simulation depend on the run, not on which worker it is that takes it."""
    import random

    number = int(hashlib.sha256(key.encode()).hexdigest()[:8], 16)
    random.seed(number)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(number)


def _records(returned: Any, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """What a scenario returned (a dict, several, or a DataFrame) as rows."""
    right = "a dict of numbers and strings, a list of such dicts, or a DataFrame"
    if hasattr(returned, "to_dict") and hasattr(returned, "columns"):
        returned = returned.to_dict("records")
    listed = [returned] if isinstance(returned, dict) else returned
    if not isinstance(listed, (list, tuple)) or not all(isinstance(record, dict) for record in listed):
        errors.fail(WHAT, "what the scenario returned", returned, right)
    records = [values.plain(WHAT, "what the scenario returned", record) for record in listed]
    for name in dict.fromkeys(name for record in records for name in record):
        if name in RESERVED or name in parameters:
            errors.fail(WHAT, "a name in what the scenario returned", name, "other than a parameter's, seed and record")
    return records
