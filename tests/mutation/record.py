"""What was measured, kept from run to run, and the page that tells of it."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mutation import Mutation
from verdict import Outcome, Verdict

INTRODUCTION = """# Rules broken one by one

    ./kamesim mutate [ID...] [--list] [--whole] [--limit S] [--record FILE] [--report FILE]

copies the sources to a scratch folder, breaks a rule of the stack, builds it, and runs the conformance cases that have
to fail with it; then the next. A mutation is killed if each of those cases failed, and only then. The last line is
`N killed, N survived`; a build or a suite that did not end within `--limit` seconds is a time-out and not a kill, and
what does not apply or build was not tried: both are counted by themselves, if there are any. The exit status is 0 only
if all were killed.

The changes are in `tests/mutation/rules/`; `bazel test //tests/mutation:all` checks that each still applies and that
its cases exist. A mutation takes some 20 s on two idle cores, after a first build of minutes; one that changes a header
of many files up to some minutes.

## Measured

This page is made of `tests/mutation/measured.json`, by `--record tests/mutation/measured.json --report
docs/mutation.md`: each row is the last time that the mutation was run, with the commit whose stack and suite it was,
and how many cases failed, of those named."""

HEAD = ["| mutation | broken rule | cases that have to fail | outcome | failed | commit |", "|---|---|---|---|---|---|"]


@dataclass(frozen=True)
class Measured:
    """One mutation, the last time it was run."""

    outcome: str
    failed: int  # cases
    commit: str


Record = dict[str, Measured]  # by the mutations' ids


def load(path: Path) -> Record:
    if not path.exists():
        return {}
    return {id: Measured(**entry) for id, entry in json.loads(path.read_text()).items()}


def with_verdict(record: Record, verdict: Verdict, commit: str) -> Record:
    entry = Measured(verdict.outcome.value, len(verdict.failed), commit)
    return {**record, verdict.mutation.id: entry}


def save(path: Path, record: Record) -> None:
    lines = [f"  {json.dumps(id)}: {json.dumps(asdict(record[id]))}" for id in sorted(record)]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def page(record: Record, families: Mapping[str, Sequence[Mutation]]) -> str:
    """The record as a page of Markdown."""
    ids = [mutation.id for mutations in families.values() for mutation in mutations]
    killed = sum(id in record and record[id].outcome == Outcome.KILLED.value for id in ids)
    run = sum(id in record for id in ids)
    lines = [INTRODUCTION, "", f"Of {len(ids)} mutations {run} were run and {killed} killed."]
    not_run = [id for id in ids if id not in record]
    if not_run:
        text = "Not run yet, or changed since: " + ", ".join(f"`{id}`" for id in not_run) + "."
        lines += textwrap.wrap(text, 120, break_long_words=False, break_on_hyphens=False)
    for family, mutations in families.items():
        rows = [row(mutation, record[mutation.id]) for mutation in mutations if mutation.id in record]
        if rows:
            lines += ["", f"### {family}", "", *HEAD, *rows]
    return "\n".join(lines) + "\n"


def row(mutation: Mutation, measured: Measured) -> str:
    cases = "<br>".join(f"`{case}`" for case in mutation.cases)
    outcome = measured.outcome if measured.outcome == Outcome.KILLED.value else f"**{measured.outcome}**"
    return f"| `{mutation.id}` | {mutation.rule} | {cases} | {outcome} | {measured.failed} | {measured.commit} |"
