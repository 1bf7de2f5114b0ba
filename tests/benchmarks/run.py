#!/usr/bin/env python3
"""Runs the benchmarks, alone or beside ns-3's programs for the same workloads, and prints what was measured.

    ./kamesim bench                      all but the series
    ./kamesim bench tree grid            some of them
    ./kamesim bench chain --against ns3  alternately with the peer, and the ratio of the pairs
    ./kamesim bench series --record FILE what docs/performance.md is made of
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import guard
import measure
import programs
import records
import workloads
from workloads import Micro, Workload

TARGETS = "//tests/benchmarks"
PYTHON_MODULE = "//python/kamesim:_core.so"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="./kamesim bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("names", nargs="*", metavar="NAME", help="what to run (--list); without one all but the series")
    made.add_argument("--against", choices=["ns3"], help="run the peer's programs alternately (installs libns3-dev)")
    made.add_argument("--runs", type=int, default=5, metavar="N", help="of each program, alternately (default: 5)")
    made.add_argument("--json", metavar="FILE", help="write a list of {name, ours, peer, ratio, unit}")
    made.add_argument("--record", metavar="FILE", help="add the results to a record, with machine and commit")
    made.add_argument("--list", action="store_true", help="what there is, with the goals")
    made.add_argument("--guard", action="store_true", help="compare instruction counts with the stored ones")
    made.add_argument("--store-guard", action="store_true", help="store new instruction counts")
    made.add_argument("--plan", action="store_true", help=argparse.SUPPRESS)  # for the launcher: what to build
    return made


def targets(chosen: list[Workload | Micro], arguments: argparse.Namespace) -> list[str]:
    """The Bazel targets that a run needs."""
    if arguments.list:
        return []
    if arguments.guard or arguments.store_guard:
        return [f"{TARGETS}:{program}" for program in guard.programs_needed()]
    needed = set()
    for one in chosen:
        if isinstance(one, Micro):
            needed.add(f"{TARGETS}{one.target}")
            continue
        for command in (one.ours, one.baseline):
            if command is not None:
                script = command.program.endswith(".py")
                needed.add(PYTHON_MODULE if script else f"{TARGETS}:{command.program}")
    return sorted(needed)


def listing() -> str:
    """What there is."""
    lines = []
    for one in workloads.WORKLOADS:
        goal = f" (goal: {one.goal})" if isinstance(one, Workload) and one.goal is not None else ""
        lines.append(f"{one.name:24} {one.about}{goal}")
    return "\n".join(lines)


def run(chosen: list[Workload | Micro], arguments: argparse.Namespace) -> list[measure.Result]:
    """Runs what was chosen, and prints each result as it comes."""
    results = []
    for one in chosen:
        if isinstance(one, Micro):
            found = measure.measure_micro(one, arguments.runs)
        else:
            found = [measure.measure(one, arguments.runs, arguments.against is not None)]
        for result in found:
            print(*result.lines(), sep="\n", flush=True)
        results += found
        if arguments.record:  # as it goes: a series takes long
            records.add(Path(arguments.record), found)
    return results


def main(words: list[str] | None = None) -> int:
    """Parses the command line and runs what it names."""
    arguments = parser().parse_args(words)
    try:
        chosen = workloads.select(arguments.names)
    except workloads.UnknownName as error:
        parser().error(str(error))
    if arguments.runs < 1:
        parser().error(f"--runs is {arguments.runs}; it must be at least 1")
    if arguments.plan:
        print(*targets(chosen, arguments), sep="\n")
        return 0
    if arguments.list:
        print(listing())
        return 0
    try:
        if arguments.guard or arguments.store_guard:
            return guard.store() if arguments.store_guard else guard.compare_all()
        results = run(chosen, arguments)
    except programs.ProgramFailed as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    if arguments.json:
        Path(arguments.json).write_text(json.dumps([result.record() for result in results], indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
