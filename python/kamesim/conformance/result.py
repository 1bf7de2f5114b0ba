"""How cases ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from kamesim.conformance.case import Case
from kamesim.conformance.record import Record


class Outcome(Enum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass
class Result:
    """How one case ended. Of a case that failed, the record says what was on the wire."""

    case: Case
    outcome: Outcome
    seconds: float = 0.0  # of real time
    message: str = ""  # why it failed or was skipped
    source: str = ""  # where, with the lines of the case
    record: Record = field(default_factory=Record)

    @property
    def failed(self) -> bool:
        return self.outcome is Outcome.FAILED


@dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, outcome: Outcome) -> None:
        setattr(self, outcome.value, getattr(self, outcome.value) + 1)

    @property
    def all(self) -> int:
        return self.passed + self.failed + self.skipped

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def count(results: list[Result]) -> Count:
    total = Count()
    for result in results:
        total.add(result.outcome)
    return total
