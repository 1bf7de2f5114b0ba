"""The file that results go to as they come: JSON lines, a header and then one line a run.

A line is written by one call and ends in a newline, so a process that is killed leaves at most one line without its
end; the next run cuts that off and repeats the run that it was of. A lock keeps two experiments from writing one file.
"""

from __future__ import annotations

import fcntl
import os
import time
from dataclasses import dataclass
from typing import Any

from kamesim import errors
from kamesim.experiment import values
from kamesim.experiment.design import WHAT
from kamesim.version import VERSION

FORMAT = 1
_SYNC_INTERVAL_S = 1.0  # what a power failure may cost


@dataclass(frozen=True)
class Line:
    """A run that the file has."""

    key: str
    fingerprint: str
    parameters: dict[str, Any]
    seed: int
    outcome: dict[str, Any]
    scenario: str  # its name


def read(path: errors.PathLike) -> tuple[dict[str, Any], list[Line], int]:
    """The header, the runs, and how many bytes of whole lines there are."""
    content = errors.read_file(WHAT, "file", path)
    what = f"{WHAT}: file {os.fspath(path)!r}"
    whole = content.rfind(b"\n") + 1
    texts = content[:whole].splitlines()
    if not texts:
        return {}, [], 0
    header = _parse(what, 1, texts[0])
    if header.get("kamesim_experiment") != FORMAT:
        raise errors.Error(f"{what} is not of an experiment of format {FORMAT}; name another file")
    first = str(header.get("scenario", ""))
    return header, [_line(what, number, text, first) for number, text in enumerate(texts[1:], start=2)], whole


def _parse(what: str, number: int, text: bytes) -> dict[str, Any]:
    try:
        value = values.from_json(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise errors.Error(f"{what}, line {number} is not a JSON object; mend it, or name another file")
    return value


def _line(what: str, number: int, text: bytes, first: str) -> Line:
    """`first`: the scenario that the file was begun with, whose lines need not name it."""
    value = _parse(what, number, text)
    scenario = value.get("scenario", first)
    try:
        return Line(value["key"], value["fingerprint"], value["parameters"], value["seed"], value["outcome"], scenario)
    except KeyError as missing:
        raise errors.Error(f"{what}, line {number} has no {missing}; it is not of a run") from None


class Journal:
    """The file, open and locked for appending; a context manager."""

    def __init__(self, path: errors.PathLike, *, scenario: str, fingerprint: str) -> None:
        self.path = errors.writable_path(WHAT, "file", path)
        self.scenario, self.fingerprint = scenario, fingerprint
        self._file = open(self.path, "ab", buffering=0)  # noqa: SIM115
        self._synced = time.monotonic()
        try:
            self._lock()
            header, self.lines, whole = read(self.path)
            self.cut_off = os.path.getsize(self.path) - whole  #: bytes of a line that was not finished
            if self.cut_off:
                self._file.truncate(whole)
            if not header:
                self._append({"kamesim_experiment": FORMAT, "kamesim": VERSION, "scenario": scenario})
        except BaseException:
            self._file.close()
            raise

    def add(self, key: str, parameters: dict[str, Any], seed: int, outcome: dict[str, Any]) -> Line:
        """Appends a run."""
        plain = {name: values.plain(WHAT, name, value) for name, value in parameters.items()}
        line = Line(key, self.fingerprint, plain, seed, outcome, self.scenario)
        self._append(vars(line))
        self.lines.append(line)
        return line

    def _append(self, value: dict[str, Any]) -> None:
        data = values.to_json(value).encode() + b"\n"
        written = self._file.write(data)
        if written != len(data):
            raise errors.Error(f"{WHAT}: cannot write {self.path!r}: the disk is full")
        if time.monotonic() - self._synced > _SYNC_INTERVAL_S:
            self._sync()

    def _sync(self) -> None:
        os.fsync(self._file.fileno())
        self._synced = time.monotonic()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise errors.Error(f"{WHAT}: file {self.path!r} is being written by another experiment") from None

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._sync()
        self._file.close()
