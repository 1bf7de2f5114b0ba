"""A copy of the repository's sources, to be changed, built and run."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Scratch:
    """The copy. Nothing that it runs takes longer than `limit` seconds, nor outlives that."""

    def __init__(self, folder: Path, limit: float) -> None:
        self.folder = folder
        self.limit = limit

    def take(self) -> None:
        """Makes it this process's: two that change the same copy would try each other's changes."""
        state = self.folder / ".kamesim"
        state.mkdir(parents=True, exist_ok=True)
        self._lock = (state / "mutation.lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(f"kamesim mutate: {self.folder} is in use by another; choose a folder with --scratch DIR")

    def refresh(self) -> None:
        """Makes it like the repository. Files that are alike stay as they are, so that little is built anew."""
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
        """Runs the copy's command; TimeoutError, and its processes are ended, if it does not end in time."""
        command = [str(self.folder / "kamesim"), *arguments]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True) as process:
            try:
                output, errors = process.communicate(timeout=self.limit)
            except BaseException as reason:
                os.killpg(process.pid, signal.SIGKILL)  # a suite's workers as well
                if isinstance(reason, subprocess.TimeoutExpired):
                    raise TimeoutError(f"{arguments[0]} did not end within {self.limit:g} s") from None
                raise
        return subprocess.CompletedProcess(command, process.returncode, output, errors)

    def stop_bazel(self) -> None:
        subprocess.run(["/usr/bin/bazel", "shutdown"], cwd=self.folder, capture_output=True, check=False)


def sources() -> list[Path]:
    """What git knows of, or would: no results, no builds."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = [Path(name) for name in listed.split("\0") if name]
    return [name for name in names if (ROOT / name).is_file()]


def commit() -> str:
    """What the sources are: a commit, and whether they were changed since."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=7", "--exclude=*"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
