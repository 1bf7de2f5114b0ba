"""./kamesim mutate: breaks rules of the stack one by one, and asks the conformance suite whether it sees it."""

from __future__ import annotations

import argparse
import fnmatch
import os
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path

import record
from catalogue import FAMILIES, MUTATIONS
from mutation import Mutation
from scratch import Scratch, commit
from verdict import Verdict, exit_status, last_line

LONGEST_RUN = 600.0  # s; a stack that is broken may go round in circles

DESCRIPTION = """Breaks rules of the stack one by one. For each mutation the sources are copied to a scratch folder,
the change is applied and built, and the conformance cases named with it run: they have to fail.

The last line is `N killed, N survived`, and how many timed out or could not be tried, if any; the exit status is 0
only if all were killed."""

EPILOG = """examples:
  ./kamesim mutate --list             the mutations, and the cases that have to fail
  ./kamesim mutate                    all of them
  ./kamesim mutate 'nd.*' --whole     some, each with the whole suite, counting the cases that fail"""


def try_out(mutation: Mutation, scratch: Scratch, whole: bool = False) -> Verdict:
    verdict = Verdict(mutation)
    start = time.monotonic()
    try:
        with mutation.in_place(scratch.folder):
            built = scratch.kamesim("build")
            if built.returncode != 0:
                raise RuntimeError("does not build:\n" + "\n".join(built.stderr.splitlines()[-15:]))
            verdict.failed = failed_cases(mutation, scratch, whole)
    except (ValueError, RuntimeError) as error:
        verdict.trouble = str(error)
    except TimeoutError as error:
        verdict.timed_out = str(error)
    verdict.seconds = time.monotonic() - start
    return verdict


def failed_cases(mutation: Mutation, scratch: Scratch, whole: bool) -> set[str]:
    report = scratch.folder / ".kamesim" / "mutation.xml"
    report.unlink(missing_ok=True)
    chosen = [] if whole else [option for case in mutation.cases for option in ("--case", case)]
    done = scratch.kamesim("conformance", "--junit", str(report), *chosen)
    if not report.exists():
        raise RuntimeError(f"the suite did not run:\n{done.stderr[-2000:]}")
    cases = ElementTree.parse(report).iter("testcase")
    return {case.get("name", "") for case in cases if case.find("failure") is not None}


def selected(patterns: Sequence[str]) -> list[Mutation]:
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(mutation.id, pattern) for mutation in MUTATIONS):
            sys.exit(f"kamesim mutate: no mutation is called {pattern!r}; --list lists all {len(MUTATIONS)}")
    return [m for m in MUTATIONS if not patterns or any(fnmatch.fnmatchcase(m.id, p) for p in patterns)]


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="kamesim mutate",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("ids", nargs="*", metavar="ID", help="mutations; wild-cards are * and ?; default: all")
    parser.add_argument("--list", action="store_true", help="list the mutations, and try none")
    parser.add_argument("--whole", action="store_true", help="run the whole suite for each, not only the cases named")
    parser.add_argument(
        "--limit",
        type=float,
        default=LONGEST_RUN,
        metavar="S",
        help=f"longest time in seconds that a build or a run of the cases may take; default: {LONGEST_RUN:g}",
    )
    parser.add_argument("--record", type=Path, metavar="FILE", help="add the outcomes to a record of runs")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the record as Markdown")
    default = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "kamesim" / "mutation"
    parser.add_argument("--scratch", type=Path, default=default, metavar="DIR", help=f"default: {default}")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    asked = options(arguments)
    chosen = selected(asked.ids)
    if asked.list:
        for mutation in chosen:
            print(f"{mutation.id:34}{mutation.rule}\n" + "\n".join(f"    {case}" for case in mutation.cases))
        print(f"{len(chosen)} mutations")
        return 0
    scratch = Scratch(asked.scratch, asked.limit)
    scratch.take()
    scratch.refresh()
    sources = commit()
    verdicts: list[Verdict] = []
    measured = record.load(asked.record) if asked.record is not None else {}
    try:
        for mutation in chosen:
            verdicts.append(try_out(mutation, scratch, asked.whole))
            print(verdicts[-1], flush=True)
            measured = record.with_verdict(measured, verdicts[-1], sources)
            if asked.record is not None:
                record.save(asked.record, measured)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    finally:
        scratch.stop_bazel()
    if asked.report is not None:
        asked.report.write_text(record.page(measured, FAMILIES))
    print(last_line(verdicts))
    return exit_status(verdicts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
