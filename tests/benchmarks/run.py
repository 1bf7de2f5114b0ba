#!/usr/bin/env python3
"""Runs the benchmarks, alone or beside ns-3's programs for the same workload, and prints what was measured.

    ./kamesim bench                      every benchmark
    ./kamesim bench tree grid            some of them
    ./kamesim bench chain --against ns3  alternately with the peer, and the ratio of the medians

The peer needs Debian's libns3-dev and g++; its programs are in tests/benchmarks/ns3.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
BINARIES = HERE.parents[1] / "bazel-bin" / "tests" / "benchmarks"

# A benchmark's own arguments, the peer's, and the figure to compare: more is better, unless `less` says otherwise.
# `program`: where it is not the name.
HOPS = {"figure": "hops_per_cpu_s", "unit": "packet-hops per CPU second"}
FAST = "scheduler=PriorityQueue"  # the peer's fastest
WORKLOADS: dict[str, dict[str, Any]] = {
    "hold-1e3": {
        "program": "hold",
        "ours": ["pending=1e3", "events=5e6"],
        "ns3": ["pending=1e3", "events=2e6", FAST],
        "figure": "events_per_cpu_s",
        "unit": "events per CPU second",
    },
    "hold-1e5": {
        "program": "hold",
        "ours": ["pending=1e5", "events=5e6"],
        "ns3": ["pending=1e5", "events=1e6", FAST],
        "figure": "events_per_cpu_s",
        "unit": "events per CPU second",
    },
    "hold-1e6": {
        "program": "hold",
        "ours": ["pending=1e6", "events=3e6"],
        "ns3": ["pending=1e6", "events=1e6", FAST],
        "figure": "events_per_cpu_s",
        "unit": "events per CPU second",
    },
    "chain": {"ours": ["routers=10", "packets=1000000"], "ns3": ["routers=10", "packets=100000", FAST], **HOPS},
    "chain-100": {
        "program": "chain",
        "ours": ["routers=100", "packets=100000"],
        "ns3": ["routers=100", "packets=10000", FAST],
        **HOPS,
    },
    "tree": {"ours": ["packets=2000"], "ns3": ["packets=200", FAST], **HOPS},
    "grid": {
        "program": "tree",
        "ours": ["topology=grid", "packets=500"],
        "ns3": ["topology=grid", "packets=50", FAST],
        **HOPS,
    },
    "lan": {"ours": ["packets=10000"], "ns3": ["packets=100", FAST], **HOPS},
    "tcp": {
        "ours": ["routers=3", "seconds=10", "delay_us=2500", "window=3000000"],
        "ns3": ["routers=3", "seconds=2", "delay_us=2500", "window=3000000", FAST],
        "figure": "hops_per_cpu_s",
        "unit": "data packet-hops per CPU second",
    },
    "idle-memory": {
        "program": "idle",
        "ours": ["hosts=20000"],
        "ns3": ["hosts=2000", FAST],
        "figure": "setup_rss_kib_per_node",
        "unit": "KiB a node",
        "less": True,
    },
    "idle-setup": {
        "program": "idle",
        "ours": ["hosts=20000"],
        "ns3": ["hosts=2000", FAST],
        "figure": "setup_us_per_node",
        "unit": "microseconds a node",
        "less": True,
    },
}
NS3_MODULES = ["applications", "internet-apps", "internet", "csma", "point-to-point", "traffic-control", "bridge",
               "stats", "network", "core"]  # fmt: skip


def run(command: list[str]) -> dict[str, Any]:
    """Runs a benchmark program; its last line of output is one JSON object."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed with status {done.returncode}:\n{done.stdout}{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def build_ns3(name: str, folder: str) -> str:
    """Compiles the peer's program of that name, unless that was done; returns the path of the binary."""
    if shutil.which("g++") is None or not Path("/usr/include/ns3").exists():
        sys.exit("bench: --against ns3 needs g++ and libns3-dev: apt-get install g++ libns3-dev")
    binary = str(Path(folder) / name)
    if Path(binary).exists():
        return binary
    # C++17: the headers of ns-3 3.37 do not compile as C++20.
    command = ["g++", "-std=c++17", "-O2", str(HERE / "ns3" / f"{name}.cpp"), "-o", binary, "-Wl,--as-needed"]
    subprocess.run(command + [f"-lns3-{module}" for module in NS3_MODULES], check=True)
    return binary


def spread(values: list[float]) -> str:
    """The median with the smallest and largest value."""
    digits = 0 if statistics.median(values) >= 1000 else 2
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


def main() -> int:
    """Parses the command line and runs what it names."""
    parser = argparse.ArgumentParser(prog="kamesim bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(WORKLOADS)}; all without one")
    parser.add_argument("--against", choices=["ns3"], help="run the peer's program alternately")
    parser.add_argument("--runs", type=int, default=5, help="of each program, alternately (default: 5)")
    parser.add_argument("--json", metavar="FILE", help="write a list of {name, ours, peer, ratio, unit}")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in WORKLOADS]
    if unknown:
        parser.error(f"unknown benchmark {unknown[0]!r}; there are {', '.join(WORKLOADS)}")
    if arguments.runs < 1:
        parser.error(f"--runs is {arguments.runs}; it must be at least 1")

    records = []
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.names or list(WORKLOADS):
            workload = WORKLOADS[name]
            program = workload.get("program", name)
            peer_binary = build_ns3(program, folder) if arguments.against else None
            ours: list[float] = []
            peer: list[float] = []
            for _ in range(arguments.runs):
                ours.append(float(run([str(BINARIES / program), *workload["ours"]])[workload["figure"]]))
                if peer_binary is not None:
                    peer.append(float(run([peer_binary, *workload["ns3"]])[workload["figure"]]))
            print(f"{name}: {spread(ours)} {workload['unit']}")
            record = {"name": name, "ours": statistics.median(ours), "peer": None, "ratio": None, "unit": workload["unit"]}
            if peer:
                ratio = statistics.median(ours) / statistics.median(peer)
                if workload.get("less"):
                    ratio = 1 / ratio
                record |= {"peer": statistics.median(peer), "ratio": ratio}
                print(f"{name}: ns-3 {spread(peer)}; ratio of the medians {ratio:.1f}")
            records.append(record)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(records, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
