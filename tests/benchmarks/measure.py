"""Alternated runs, and what follows from them."""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass, field
from typing import Any

import programs
from workloads import Goal, Micro, Ratio, Workload


@dataclass
class Result:
    """What was measured of one thing: a value a run, and, pair by pair, that beside it."""

    name: str
    unit: str
    ours: list[float]
    theirs: list[float] = field(default_factory=list)
    beside: str = "ns-3"  # what `theirs` is of
    ratio: Ratio = Ratio.MORE
    goal: Goal | None = None

    def ratios(self) -> list[float]:
        """One of each pair of runs, which had the same machine at nearly the same time."""
        if not self.theirs:
            return []
        pairs = zip(self.ours, self.theirs, strict=True)
        return [theirs / ours if self.ratio is Ratio.LESS else ours / theirs for ours, theirs in pairs]

    def median_ratio(self) -> float | None:
        """The median of the pairs' ratios."""
        return statistics.median(self.ratios()) if self.theirs else None

    def met(self) -> bool | None:
        """Whether the goal is met; None without one, or if what it is about was not measured."""
        return None if self.goal is None else self.goal.met(statistics.median(self.ours), self.median_ratio())

    def record(self) -> dict[str, Any]:
        """As `--json` writes it."""
        return {
            "name": self.name,
            "ours": statistics.median(self.ours),
            "peer": statistics.median(self.theirs) if self.theirs else None,
            "ratio": self.median_ratio(),
            "unit": self.unit,
        }

    def lines(self) -> list[str]:
        """For people."""
        ours = f"{self.name}: {spread(self.ours)} {self.unit}"
        if not self.theirs:
            return [ours + self._goal()]
        ratios = self.ratios()
        ratio = f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        return [ours, f"{self.name}: {self.beside} {spread(self.theirs)}; {ratio}{self._goal()}"]

    def _goal(self) -> str:
        met = self.met()
        return "" if met is None else f"; goal {self.goal}: {'met' if met else 'not met'}"


def spread(values: list[float]) -> str:
    """The median with the smallest and the largest value."""
    digits = 0 if statistics.median(values) >= 1000 else 2
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


def measure(workload: Workload, runs: int, against_ns3: bool) -> Result:
    """Runs a workload, alternately with what it is compared with."""
    ours = programs.our_command(workload.ours.program, workload.ours.words)
    other, figure, beside = None, "", "ns-3"
    if (baseline := workload.baseline) is not None:
        other, figure = programs.our_command(baseline.program, baseline.words), baseline.figure
        beside = "the other"
    elif against_ns3 and (ns3 := workload.ns3) is not None:
        other, figure = [programs.build_ns3(ns3.program), *ns3.words], ns3.figure
    result = Result(workload.name, workload.unit, [], [], beside, workload.ratio, workload.goal)
    for _ in range(runs):
        result.ours.append(programs.figure_of(ours, workload.ours.figure))
        if other is not None:
            result.theirs.append(programs.figure_of(other, figure))
    return result


def measure_micro(micro: Micro, runs: int) -> list[Result]:
    """Runs a program of Google Benchmark's; a result a benchmark."""
    command = [
        str(programs.BINARIES / micro.binary),
        "--benchmark_format=json",
        f"--benchmark_repetitions={runs}",
        "--benchmark_min_time=0.05",
    ]
    return micro_results(micro, programs.output_of(command))


def micro_results(micro: Micro, output: str) -> list[Result]:
    """Reads what Google Benchmark printed."""
    results: dict[str, Result] = {}
    for line in json.loads(output)["benchmarks"]:
        if line["run_type"] != "iteration":
            continue
        if line.get("error_occurred"):
            raise programs.ProgramFailed(f"{micro.name}: {line['name']}: {line['error_message']}")
        name = f"{micro.name}/{line['run_name']}"
        scale = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[line["time_unit"]]
        results.setdefault(name, Result(name, "ns", [])).ours.append(line["cpu_time"] * scale)
        if "bytes_per_item" in line:
            memory = results.setdefault(f"{name}/bytes", Result(f"{name}/bytes", "bytes", []))
            memory.ours.append(line["bytes_per_item"])
    return list(results.values())
