"""What became of a mutation, and of all that were tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from mutation import Mutation, survivors


class Outcome(Enum):
    """How trying a mutation ended. Only a case that failed kills."""

    KILLED = "killed"
    SURVIVED = "survived"  # a case that had to fail passed
    TIMED_OUT = "timed out"  # no case said anything: the build or the suite did not end in time
    NOT_TRIED = "not tried"  # the change does not apply, the result does not build, or the suite did not run


@dataclass
class Verdict:
    """What became of a mutation."""

    mutation: Mutation
    failed: set[str] = field(default_factory=set)  # cases
    trouble: str = ""  # why it was not tried
    timed_out: str = ""  # what did not end in time
    seconds: float = 0.0

    @property
    def survived(self) -> list[str]:
        """The cases that had to fail, and did not."""
        return survivors(self.mutation, self.failed) if self.was_tried else []

    @property
    def was_tried(self) -> bool:
        return not self.trouble and not self.timed_out

    @property
    def outcome(self) -> Outcome:
        if self.timed_out:
            return Outcome.TIMED_OUT
        if self.trouble:
            return Outcome.NOT_TRIED
        return Outcome.SURVIVED if self.survived or not self.failed else Outcome.KILLED

    def __str__(self) -> str:
        outcome = self.outcome.value if self.outcome is Outcome.KILLED else self.outcome.value.upper()
        lines = [f"{outcome:10}{self.mutation.id:34}{len(self.failed):4} cases failed  {self.seconds:5.1f} s"]
        lines += ["    " + line for line in (self.trouble or self.timed_out).splitlines()]
        lines += [f"    passes: {case}" for case in self.survived]
        return "\n".join(lines)


def last_line(verdicts: Sequence[Verdict]) -> str:
    """`N killed, N survived`, and how many ended in another way, if any did."""
    count = {outcome: sum(verdict.outcome is outcome for verdict in verdicts) for outcome in Outcome}
    always = (Outcome.KILLED, Outcome.SURVIVED)
    return ", ".join(f"{n} {outcome.value}" for outcome, n in count.items() if n or outcome in always)


def exit_status(verdicts: Sequence[Verdict]) -> int:
    """0 only if each was killed."""
    return 0 if all(verdict.outcome is Outcome.KILLED for verdict in verdicts) else 1
