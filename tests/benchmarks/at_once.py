"""Two runs of a benchmark program at the same time: what the machine has to give to two threads.

Usage: at_once.py PROGRAM [WORD ...]: a program of this folder and its words; the figure `run_s` of its output counts.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import programs
from words import answer

RUNS = 2


def main() -> None:
    """Prints the real time of one run, as if each had waited for half of the machine."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    command = programs.our_command(sys.argv[1], tuple(sys.argv[2:]))
    with ThreadPoolExecutor(RUNS) as pool:
        times = list(pool.map(lambda _: programs.figure_of(command, "run_s"), range(RUNS)))
    answer(workload="at_once", runs=RUNS, run_s=sum(times) / RUNS / RUNS)


if __name__ == "__main__":
    main()
