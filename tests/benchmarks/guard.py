"""The guard against regressions: instructions a unit of work on small fixed runs, compared with stored ones.

Instructions are counted by valgrind's callgrind, so that load and clock of the machine do not matter. Only functions of
the program itself count: the C library picks its own by processor. Calls of the allocator count beside them. Each
workload runs at two lengths, and the difference is what one unit costs: start-up falls out.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import callgrind
from programs import BINARIES, ProgramFailed

STORED = Path(__file__).resolve().parent / "guard.json"
BOUND = 0.05  # what a count may grow by
ALLOCATIONS_BOUND = 0.01  # a unit, beyond that share
SHARE_STORED = 0.002  # of the instructions: functions with less are not stored by name
ALLOCATORS = ("malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign", "memalign")


@dataclass(frozen=True)
class Guarded:
    """A small run at two lengths."""

    program: str
    unit: str
    words: str
    short: str
    long: str
    figure: str  # of the program's output: how many units it did


WORKLOADS = {
    "hold": Guarded("hold", "event", "pending=1e3", "events=2e4", "events=8e4", "events_fired"),
    "chain": Guarded("chain", "packet-hop", "routers=10", "packets=500", "packets=2000", "packet_hops"),
    "lan": Guarded("lan", "packet", "hosts=20", "packets=20", "packets=120", "delivered"),
    "tcp": Guarded("tcp", "packet-hop", "rate_mbps=10 window=60000", "seconds=2", "seconds=5", "packet_hops"),
    "idle": Guarded("idle", "host set up and run for 5 s", "", "hosts=100", "hosts=300", "hosts"),
}


@dataclass
class Count:
    """What one unit of a workload costs."""

    unit: str
    instructions: float
    allocations: float
    functions: dict[str, float]  # instructions in the function itself


class GuardFailed(AssertionError):
    """A count has grown beyond the bound."""


def programs_needed() -> list[str]:
    """The benchmark programs that are run."""
    return sorted({workload.program for workload in WORKLOADS.values()})


def stored(path: Path = STORED) -> dict[str, Count]:
    """The counts to compare with."""
    return {name: Count(**fields) for name, fields in json.loads(path.read_text()).items()}


def count(workload: Guarded, binaries: Path = BINARIES) -> Count:
    """Runs a workload at both lengths."""
    binary = (binaries / workload.program).resolve()
    few, short = _profile(binary, [*workload.words.split(), workload.short], workload.figure)
    many, long = _profile(binary, [*workload.words.split(), workload.long], workload.figure)
    return difference(workload.unit, str(binary), (short, few), (long, many))


def difference(
    unit: str, binary: str, short: tuple[callgrind.Profile, float], long: tuple[callgrind.Profile, float]
) -> Count:
    """What one unit costs, of two profiles and the units that they did."""
    units = long[1] - short[1]
    by_function = long[0].of_object(binary)
    by_function.subtract(short[0].of_object(binary))
    instructions = sum(by_function.values()) / units
    allocations = sum(long[0].calls[name] - short[0].calls[name] for name in ALLOCATORS) / units
    large = {name: n / units for name, n in by_function.most_common() if n / units >= SHARE_STORED * instructions}
    return Count(unit, instructions, allocations, large)


def compare(name: str, was: Count, now: Count) -> str:
    """One line that says how it stands. Raises GuardFailed if a count has grown beyond the bound."""
    change = now.instructions / was.instructions - 1
    line = f"{name}: {now.instructions:,.1f} instructions a {now.unit}, stored {was.instructions:,.1f} ({change:+.1%})"
    if change > BOUND:
        raise GuardFailed("\n  ".join([f"{line}: more than {BOUND:.0%} above. What grew:", *grown(was, now)]))
    if now.allocations > was.allocations * (1 + BOUND) + ALLOCATIONS_BOUND:
        raise GuardFailed(
            f"{name}: {now.allocations:.3f} allocations a {now.unit}, stored {was.allocations:.3f}: something on the "
            "hot path allocates now"
        )
    if change < -BOUND:
        line += f": more than {BOUND:.0%} below, so the stored count should be renewed: ./kamesim bench --store-guard"
    return line


def grown(was: Count, now: Count, most: int = 8) -> list[str]:
    """The functions whose counts grew most, new ones among them; names change when inlining does."""
    names = was.functions | now.functions
    changes = {name: now.functions.get(name, 0.0) - was.functions.get(name, 0.0) for name in names}
    first = sorted((name for name in changes if changes[name] > 0), key=lambda name: -changes[name])[:most]
    return [
        f"{changes[name]:+9.1f}  {name}: {now.functions[name]:,.1f}, was {was.functions.get(name, 0.0):,.1f}"
        for name in first
    ]


def compare_all() -> int:
    """Compares every workload, prints how it stands; the exit status."""
    status = 0
    before = stored()
    for name, workload in WORKLOADS.items():
        try:
            print(compare(name, before[name], count(workload)), flush=True)
        except GuardFailed as failure:
            print(failure, flush=True)
            status = 1
    return status


def store() -> int:
    """Stores what is counted now."""
    before = stored() if STORED.exists() else {}
    counts = {}
    for name, workload in WORKLOADS.items():
        counts[name] = now = count(workload)
        was = f" (was {before[name].instructions:,.1f})" if name in before else ""
        cost = f"{now.instructions:,.1f} instructions{was} and {now.allocations:.3f} allocations"
        print(f"{name}: {cost} a {now.unit}", flush=True)
    rounded = {
        name: asdict(now)
        | {
            "instructions": round(now.instructions, 2),
            "allocations": round(now.allocations, 4),
            "functions": {function: round(n, 2) for function, n in now.functions.items()},
        }
        for name, now in counts.items()
    }
    STORED.write_text(json.dumps(rounded, indent=1) + "\n")
    return 0


def _profile(binary: Path, words: list[str], figure: str) -> tuple[float, callgrind.Profile]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "profile"
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", str(binary), *words]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"], "TMPDIR": folder}
            )
        except FileNotFoundError as error:
            raise ProgramFailed("valgrind is missing: apt-get install valgrind") from error
        if done.returncode != 0:
            raise ProgramFailed(f"{' '.join(command)} failed with status {done.returncode}:\n{done.stderr}")
        return float(json.loads(done.stdout.splitlines()[-1])[figure]), callgrind.read(out.read_text())
