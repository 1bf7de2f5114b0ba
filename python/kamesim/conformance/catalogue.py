"""Where the cases are, and which of them are asked for."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kamesim import _core
from kamesim.conformance.case import ROLES, Case

FOLDER = Path(__file__).parent / "cases"


def suites() -> list[str]:
    """The names of the suites that come with kamesim."""
    return sorted(path.name for path in FOLDER.iterdir() if any(path.glob("[!_]*.py")))


def files_of(suite: str) -> list[Path]:
    return sorted((FOLDER / suite).glob("[!_]*.py"))


@dataclass(frozen=True)
class Selection:
    """What is asked for. Nothing named: everything."""

    suites: Sequence[str] = ()
    files: Sequence[Path] = ()  # of cases that do not come with kamesim
    cases: Sequence[str] = ()  # ids or Ready Logo numbers, with wild-cards
    role: str | None = None

    def __post_init__(self) -> None:
        for suite in self.suites:
            if suite not in suites():
                raise _core.Error(f"there is no suite {suite!r}; there are {', '.join(suites())}")
        for file in self.files:
            if not file.is_file():
                raise _core.Error(f"there is no file {str(file)!r} with cases")
        if self.role not in (None, *ROLES):
            raise _core.Error(f"there is no role {self.role!r}; there are {', '.join(ROLES)}")

    def paths(self) -> list[Path]:
        """The files to look for cases in."""
        named = self.suites or ([] if self.files else suites())
        return [*(path for suite in named for path in files_of(suite)), *(path.absolute() for path in self.files)]

    def choose(self, cases: Sequence[Case]) -> list[Case]:
        """Those of the cases that are asked for."""
        for pattern in self.cases:
            if not any(_matches(case, pattern) for case in cases):
                raise _core.Error(f"no case is called {pattern!r}{_hint(pattern, cases)}")
        chosen = [case for case in cases if not self.cases or any(_matches(case, p) for p in self.cases)]
        with_role = [case for case in chosen if self.role in (None, case.role)]
        if not with_role:
            raise _core.Error(f"none of the {len(chosen)} cases chosen is for the role {self.role!r}")
        return with_role


def _names(case: Case) -> Iterable[str]:
    yield case.id
    yield case.id.split("/")[0]  # all parameters of a case
    if case.logo:
        yield case.logo
        yield case.logo.split(" ")[0]  # all parts of a test


def _matches(case: Case, pattern: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for name in _names(case))


def _hint(pattern: str, cases: Sequence[Case]) -> str:
    """What could have been meant: cases that share most words with it, or else where the list is."""
    asked = set(pattern.lower().replace(".", "-").replace("/", "-").split("-")) - {"", "*"}
    shared = {case.id: len(asked & set(case.id.replace(".", "-").replace("/", "-").split("-"))) for case in cases}
    best = sorted((id for id in shared if shared[id]), key=lambda id: -shared[id])[:5]
    listing = "".join(f"\n    {id}" for id in best)
    close = f"; close to it are{listing}\n" if best else "; "
    return f"{close}--list lists all {len(cases)}"
