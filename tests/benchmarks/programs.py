"""Runs the benchmark programs, ours and the peer's, and builds the peer's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BINARIES = ROOT / "bazel-bin" / "tests" / "benchmarks"
NS3_BINARIES = ROOT / ".kamesim" / "ns3"
NS3_MODULES = ["applications", "internet-apps", "internet", "csma", "point-to-point", "traffic-control", "bridge",
               "stats", "network", "core"]  # fmt: skip


class ProgramFailed(Exception):
    """A benchmark program failed, or cannot be built or read."""


def our_command(program: str, words: tuple[str, ...]) -> list[str]:
    """How to run a program of ours."""
    if program.endswith(".py"):
        return [sys.executable, str(HERE / program), *words]
    return [str(BINARIES / program), *words]


def output_of(command: list[str]) -> str:
    """What a program prints."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ProgramFailed(f"{' '.join(command)} failed with status {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def figure_of(command: list[str], figure: str) -> float:
    """Runs a program, whose last line of output is one JSON object, and picks a figure."""
    lines = output_of(command).strip().splitlines()
    try:
        result: dict[str, Any] = json.loads(lines[-1])
        return float(result[figure])
    except (IndexError, ValueError, KeyError, TypeError) as error:
        raise ProgramFailed(f"{' '.join(command)} printed no {figure!r}: {lines[-1:]}") from error


def build_ns3(program: str, folder: Path = NS3_BINARIES) -> str:
    """Compiles the peer's program of that name, unless that was done since it changed; the path of the binary."""
    if shutil.which("g++") is None or not Path("/usr/include/ns3").exists():
        raise ProgramFailed("the peer needs g++ and ns-3: apt-get install g++ libns3-dev")
    sources = [HERE / "ns3" / f"{program}.cpp", HERE / "ns3" / "common.hpp"]
    binary = folder / program
    if binary.exists() and binary.stat().st_mtime > max(source.stat().st_mtime for source in sources):
        return str(binary)
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f"{program}.{os.getpid()}"  # another run may be about to start the old one
    print(f"bench: compiling ns-3's {program}", file=sys.stderr)
    # C++17: the headers of ns-3 3.37 do not compile as C++20.
    command = ["g++", "-std=c++17", "-O2", str(sources[0]), "-o", str(fresh), "-Wl,--as-needed"]
    done = subprocess.run(
        command + [f"-lns3-{module}" for module in NS3_MODULES], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise ProgramFailed(f"ns-3's {program} does not compile:\n{done.stderr}")
    fresh.rename(binary)
    return str(binary)
