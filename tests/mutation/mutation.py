"""One rule of the stack, broken on purpose: does the conformance suite see it?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mutation:
    """A small change to one source file, and the cases that have to fail with it."""

    id: str
    rule: str  # what the changed code no longer does, with its section
    file: str  # from the top of the repository
    old: str  # occurs in the file once
    new: str
    cases: tuple[str, ...]  # ids, or ids without parameters: each has to fail (of the latter, one of the parameters)

    def applied(self, text: str) -> str:
        """The file's text with the change; ValueError if it does not apply."""
        found = text.count(self.old)
        if found != 1:
            raise ValueError(f"{self.id}: {self.file} has the text to change {found} times, not once:\n{self.old}")
        return text.replace(self.old, self.new)

    @contextmanager
    def in_place(self, root: Path) -> Iterator[None]:
        """The change is in the file for as long as the context."""
        path = root / self.file
        text = path.read_text()
        path.write_text(self.applied(text))
        try:
            yield
        finally:
            path.write_text(text)


def survivors(mutation: Mutation, failed: set[str]) -> list[str]:
    """The named cases that do not fail."""
    return [case for case in mutation.cases if not any(id == case or id.split("/")[0] == case for id in failed)]
