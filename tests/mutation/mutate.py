"""./kamesim mutate: breaks rules of the stack one by one, and asks the conformance suite whether it sees it."""

from __future__ import annotations

import argparse
import fnmatch
import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from catalogue import FAMILIES, MUTATIONS
from mutation import Mutation, survivors

ROOT = Path(__file__).resolve().parents[2]
SUITES = ("ipv6", "ipsec", "mobility")
LONGEST_RUN = 600.0  # s; a stack that is broken may go round in circles

DESCRIPTION = """Breaks rules of the stack one by one. For each mutation the sources are copied to a scratch folder,
the change is applied and built, and the conformance cases named with it run: they have to fail.

The last line is `N killed, N survived`; the exit status is 0 if all were killed."""

EPILOG = """examples:
  ./kamesim mutate --list             the mutations, and the cases that have to fail
  ./kamesim mutate                    all of them
  ./kamesim mutate 'nd.*' --whole     some, each with the whole suite, counting the cases that fail"""


@dataclass
class Verdict:
    """What became of a mutation."""

    mutation: Mutation
    failed: set[str] = field(default_factory=set)  # cases
    survived: list[str] = field(default_factory=list)  # cases that had to fail
    trouble: str = ""  # it did not apply, build or run
    seconds: float = 0.0

    @property
    def killed(self) -> bool:
        return not self.trouble and not self.survived and bool(self.failed)


class Scratch:
    """A copy of the repository's sources, to be changed and built."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def refresh(self) -> None:
        """Makes it like the repository. Files that are alike stay as they are, so that little is built anew."""
        self.folder.mkdir(parents=True, exist_ok=True)
        wanted = set(sources())
        for path in [p for p in self.folder.rglob("*") if p.is_file() and not p.is_symlink()]:
            name = path.relative_to(self.folder)
            if name not in wanted and name.parts[0] not in (".kamesim",):
                path.unlink()
        for name in wanted:
            here, there = ROOT / name, self.folder / name
            if there.exists() and there.read_bytes() == here.read_bytes():
                continue
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(here, there)

    def kamesim(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.folder / "kamesim"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONGEST_RUN)

    def stop_bazel(self) -> None:
        subprocess.run(["/usr/bin/bazel", "shutdown"], cwd=self.folder, capture_output=True, check=False)


def sources() -> list[Path]:
    """What git knows of, or would: no results, no builds."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = [Path(name) for name in listed.split("\0") if name]
    return [name for name in names if (ROOT / name).is_file()]


def try_out(mutation: Mutation, scratch: Scratch, whole: bool) -> Verdict:
    verdict = Verdict(mutation)
    start = time.monotonic()
    try:
        with mutation.in_place(scratch.folder):
            built = scratch.kamesim("build")
            if built.returncode != 0:
                raise RuntimeError("does not build:\n" + "\n".join(built.stderr.splitlines()[-15:]))
            verdict.failed = failed_cases(mutation, scratch, whole)
            verdict.survived = survivors(mutation, verdict.failed)
    except (ValueError, RuntimeError) as error:
        verdict.trouble = str(error)
    except subprocess.TimeoutExpired:
        verdict.trouble = f"did not end within {LONGEST_RUN:g} s"
    verdict.seconds = time.monotonic() - start
    return verdict


def failed_cases(mutation: Mutation, scratch: Scratch, whole: bool) -> set[str]:
    report = scratch.folder / ".kamesim" / "mutation.xml"
    report.unlink(missing_ok=True)
    chosen = [] if whole else [option for case in mutation.cases for option in ("--case", case)]
    suites = [option for suite in SUITES for option in ("--suite", suite)]
    done = scratch.kamesim("conformance", *suites, "--junit", str(report), *chosen)
    if not report.exists():
        raise RuntimeError(f"the suite did not run:\n{done.stderr[-2000:]}")
    cases = ElementTree.parse(report).iter("testcase")
    return {case.get("name", "") for case in cases if case.find("failure") is not None}


def selected(patterns: Sequence[str]) -> list[Mutation]:
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(mutation.id, pattern) for mutation in MUTATIONS):
            sys.exit(f"kamesim mutate: no mutation is called {pattern!r}; --list lists all {len(MUTATIONS)}")
    return [m for m in MUTATIONS if not patterns or any(fnmatch.fnmatchcase(m.id, p) for p in patterns)]


def say(verdict: Verdict) -> None:
    outcome = "killed" if verdict.killed else "SURVIVED"
    print(f"{outcome:9}{verdict.mutation.id:34}{len(verdict.failed):4} cases failed  {verdict.seconds:5.1f} s", flush=True)
    if verdict.trouble:
        print("    " + verdict.trouble.replace("\n", "\n    "), flush=True)
    for case in verdict.survived:
        print(f"    passes: {case}", flush=True)


def write_report(path: Path, verdicts: Sequence[Verdict], whole: bool) -> None:
    """The outcome as a page of Markdown."""
    of = {verdict.mutation.id: verdict for verdict in verdicts}
    killed = sum(verdict.killed for verdict in verdicts)
    lines = [
        "# Rules broken one by one",
        "",
        "    ./kamesim mutate",
        "",
        "breaks a rule of the stack, builds it, and runs the conformance cases that have to fail with it; then the next.",
        f"This page was written by `./kamesim mutate{' --whole' if whole else ''} --report docs/mutation.md`: "
        f"{killed} of {len(verdicts)} mutations",
        "were killed. The last column counts the cases that failed"
        + (" in the whole suite." if whole else ", of those named.")
        + " The changes themselves are in `tests/mutation/rules/`.",
    ]
    for family, mutations in FAMILIES.items():
        mine = [of[mutation.id] for mutation in mutations if mutation.id in of]
        if not mine:
            continue
        lines += ["", f"## {family}", "", "| broken rule | cases that fail, among others | outcome | failed |", "|---|---|---|---|"]
        for verdict in mine:
            cases = "<br>".join(f"`{case}`" for case in verdict.mutation.cases)
            outcome = "killed" if verdict.killed else "**survived**"
            lines.append(f"| {verdict.mutation.rule} | {cases} | {outcome} | {len(verdict.failed)} |")
    path.write_text("\n".join(lines) + "\n")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="kamesim mutate",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("ids", nargs="*", metavar="ID", help="mutations; wild-cards are * and ?; default: all")
    parser.add_argument("--list", action="store_true", help="list the mutations, and try none")
    parser.add_argument("--whole", action="store_true", help="run the whole suite for each, not only the cases named")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the outcome as Markdown")
    default = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "kamesim" / "mutation"
    parser.add_argument("--scratch", type=Path, default=default, metavar="DIR", help=f"default: {default}")
    asked = parser.parse_args(arguments)

    chosen = selected(asked.ids)
    if asked.list:
        for mutation in chosen:
            print(f"{mutation.id:34}{mutation.rule}\n" + "\n".join(f"    {case}" for case in mutation.cases))
        print(f"{len(chosen)} mutations")
        return 0
    scratch = Scratch(asked.scratch)
    scratch.refresh()
    verdicts: list[Verdict] = []
    try:
        for mutation in chosen:
            verdicts.append(try_out(mutation, scratch, asked.whole))
            say(verdicts[-1])
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    finally:
        scratch.stop_bazel()
    if asked.report is not None:
        write_report(asked.report, verdicts, asked.whole)
    killed = sum(verdict.killed for verdict in verdicts)
    print(f"{killed} killed, {len(verdicts) - killed} survived")
    return 0 if killed == len(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
