"""Two runs of a program at once, in two processes: what two cores do when nothing goes from one to the other.

Usage: twice.py PROGRAM [name=value ...]
"""

from __future__ import annotations

import json
import subprocess
import sys

from programs import our_command
from words import answer


def main() -> None:
    """`run_s` is the time that both together take for the work of one."""
    if len(sys.argv) < 2:
        sys.exit("usage: twice.py PROGRAM [name=value ...]")
    command = our_command(sys.argv[1], tuple(sys.argv[2:]))
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate()[0] for process in both]
    if any(process.returncode != 0 for process in both):
        sys.exit(f"{' '.join(command)} failed")
    seconds = [float(json.loads(output.strip().splitlines()[-1])["run_s"]) for output in outputs]
    answer(workload="twice", program=sys.argv[1], run_s=1 / sum(1 / s for s in seconds), each_run_s=seconds)


if __name__ == "__main__":
    main()
