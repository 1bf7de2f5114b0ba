#!/usr/bin/env python3
"""Makes the tables of docs/performance.md and its plots from the records in docs/performance.

    ./kamesim bench --against ns3 --record docs/performance/NAME.json
    ./kamesim bench series --against ns3 --record docs/performance/NAME.json
    ./kamesim python tests/benchmarks/report.py

The page's own words stay; what stands between `<!-- begin X -->` and `<!-- end X -->` is written anew.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import guard
import records
import workloads
from plots import AXES, heights, plot
from programs import ROOT
from workloads import Micro, Workload

Record = dict[str, Any]
Entry = dict[str, Any]
KNOWN = {one.name: one for one in workloads.WORKLOADS if isinstance(one, Workload)}
HISTORY = ["hold-1e5", "chain", "tree", "grid", "lan", "tcp", "idle-memory", "python-setup"]  # the columns
SERIES_SAY = {
    "nodes": ("Routers in a grid, equal packet-hops", "routers"),
    "flows": ("Flows through ten routers, equal packets", "flows"),
    "pending": ("Pending events (HOLD)", "pending events"),
    "memory": ("Idle hosts, memory of each", "hosts"),
    "threads": ("Threads that share a grid", "threads"),
}


def number(value: float) -> str:
    """Three digits that count, or all of a large number's."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def by_name(record: Record) -> dict[str, Entry]:
    return {str(entry["name"]): entry for entry in record["results"]}


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown; all columns but the first to the right."""
    rule = ["---", *(["--:"] * (len(head) - 1))]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *rows])


def origin(record: Record) -> str:
    """Where and when."""
    return (
        f"Commit {record['commit']} of {str(record['date'])[:10]}, on {record['cores']} cores of {record['processor']}."
    )


def goals(record: Record) -> str:
    """Every workload that is no point of a series: measured, and the goal."""
    rows = []
    for name, entry in by_name(record).items():
        one = KNOWN.get(name)
        if one is None or one.series:
            continue
        ratio = spread = ""
        if entry["ratio"] is not None:
            low, high = entry["ratio_spread"]
            ratio, spread = f"{entry['ratio']:.2f}", f"{low:.2f} to {high:.2f}"
        met = None if one.goal is None else one.goal.met(entry["ours"], entry["ratio"])
        goal = "" if one.goal is None else str(one.goal)
        rows.append([
            f"`{name}`: {one.about}",
            f"{number(entry['ours'])} {entry['unit']}",
            "" if entry["peer"] is None else number(entry["peer"]),
            ratio,
            spread,
            goal,
            {None: "", True: "met", False: "not met"}[met],
        ])  # fmt: skip
    return table(["workload", "kamesim", "beside", "ratio", "pairs from, to", "goal", ""], rows)


def points(record: Record, series: str) -> list[tuple[float, Entry]]:
    """The measured points of a series, in order."""
    found = [(KNOWN[n].at or 0.0, e) for n, e in by_name(record).items() if n in KNOWN and KNOWN[n].series == series]
    return sorted(found, key=lambda point: point[0])


def growth(record: Record) -> str:
    """A row a series: how the cost changes over its whole length."""
    rows = []
    for series, (about, unit) in SERIES_SAY.items():
        found = points(record, series)
        ours, theirs = heights(series, found, "ours"), heights(series, found, "peer")
        if len(ours) < 2:
            continue
        (first, at_first), (last, at_last) = ours[0], ours[-1]
        beside = f"{theirs[-1][1] / theirs[0][1]:.2f} (to {theirs[-1][0]:,.0f})" if len(theirs) > 1 else ""
        rows.append([
            f"{about}: {first:,.0f} to {last:,.0f} {unit}",
            f"{number(at_first)} to {number(at_last)} {AXES[series][1]}",
            f"{at_last / at_first:.2f}",
            beside,
        ])  # fmt: skip
    return table(["what grows", "kamesim", "times", "ns-3, times"], rows)


def micro(record: Record) -> str:
    """The micro benchmarks."""
    programs = [one.name for one in workloads.WORKLOADS if isinstance(one, Micro)]
    rows = [
        [f"`{name.removeprefix('micro/')}`", f"{number(entry['ours'])} {entry['unit']}"]
        for name, entry in by_name(record).items()
        if any(name.startswith(program + "/") for program in programs)
    ]
    return table(["benchmark", "each"], rows)


def instructions() -> str:
    """What the guard has stored."""
    rows = [
        [f"`{name}`", count.unit, f"{count.instructions:,.0f}", f"{count.allocations:.2f}"]
        for name, count in guard.stored().items()
    ]
    return table(["workload", "a unit is a", "instructions", "allocations"], rows)


def history(all_records: list[Record]) -> str:
    """A row a record: ratios to ns-3."""
    rows = []
    for record in reversed(all_records):
        entries = by_name(record)
        ratios = [entries[name]["ratio"] if name in entries else None for name in HISTORY]
        row = [f"{str(record['date'])[:10]}, {record['commit']}"]
        rows.append(row + ["" if ratio is None else f"{ratio:.1f}" for ratio in ratios])
    return table(["commit", *(f"`{name}`" for name in HISTORY)], rows)


def filled(page: str, sections: dict[str, str]) -> str:
    """The page with its sections written anew. A section without a place raises ValueError."""
    for name, text in sections.items():
        begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->"
        if page.count(begin) != 1 or page.count(end) != 1:
            raise ValueError(f"the page needs one place for '{name}': <!-- begin {name} --> and <!-- end {name} -->")
        before, _, rest = page.partition(begin)
        page = before + begin + text + "\n" + end + rest.partition(end)[2]
    return page


def main(words: list[str] | None = None) -> int:
    """Parses the command line, reads, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=Path, default=ROOT / "docs" / "performance", help="folder of the records")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "performance.md")
    parser.add_argument("--plots", type=Path, default=ROOT / "docs" / "images" / "performance.svg")
    arguments = parser.parse_args(words)
    all_records = records.load(arguments.records)
    if not all_records:
        parser.error(f"no records in {arguments.records}: ./kamesim bench --record {arguments.records}/NAME.json")
    newest = all_records[-1]
    sections = {
        "origin": origin(newest),
        "goals": goals(newest),
        "growth": growth(newest),
        "micro": micro(newest),
        "instructions": instructions(),
        "history": history(all_records),
    }
    arguments.page.write_text(filled(arguments.page.read_text(), sections))
    plot({series: points(newest, series) for series in SERIES_SAY}, arguments.plots)
    return 0


if __name__ == "__main__":
    sys.exit(main())
