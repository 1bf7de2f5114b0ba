"""Runs on the processor's cores: processes that take one run after the other.

Processes are forked, so a scenario may be any callable, of a script, a module or a notebook, and nothing has to be
importable. Each worker has a pipe of its own, and the parent hands out runs one by one: a worker that dies takes one
run with it, which is recorded as failed, and another worker takes its place.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from multiprocessing.connection import Connection, wait
from typing import Any

from kamesim.experiment.design import Point
from kamesim.experiment.execution import Outcome, execute, failure

_PR_SET_PDEATHSIG = 1  # prctl(2)
_GRACE_S = 2.0  # that a worker has to die in


def local_outcomes(
    scenario: Callable[..., Any], points: list[Point], workers: int, timeout: float | None
) -> Generator[tuple[Point, Outcome], None, None]:
    """Runs the points on so many processes, and gives each with its outcome as it comes."""
    pool = _Pool(scenario, workers, timeout)
    try:
        yield from pool.run(points)
    finally:
        pool.close()


class _Worker:
    """A process, the parent's end of its pipe, and the run that it has."""

    def __init__(self, scenario: Callable[..., Any], others: list[_Worker]) -> None:
        context = multiprocessing.get_context("fork")
        self.pipe, theirs = context.Pipe()
        inherited = [self.pipe, *(other.pipe for other in others)]
        # What is buffered now would be written by both.
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(ValueError, OSError):
                stream.flush()
        self.process = context.Process(target=_work, args=(scenario, theirs, inherited, os.getpid()), daemon=True)
        self.process.start()
        theirs.close()
        self.point: Point | None = None
        self.started = 0.0

    def take(self, point: Point) -> None:
        self.point, self.started = point, time.monotonic()
        with contextlib.suppress(BrokenPipeError):  # it died in between: its pipe will say so
            self.pipe.send(point)

    def kill(self) -> None:
        self.process.kill()
        self.process.join(_GRACE_S)
        self.pipe.close()


class _Pool:
    def __init__(self, scenario: Callable[..., Any], workers: int, timeout: float | None) -> None:
        self._scenario = scenario
        self._size = workers
        self._timeout = timeout
        self._workers: list[_Worker] = []

    def run(self, points: list[Point]) -> Iterator[tuple[Point, Outcome]]:
        waiting = deque(points)
        for _ in range(min(self._size, len(points))):
            self._workers.append(_Worker(self._scenario, self._workers))
        while waiting or any(worker.point for worker in self._workers):
            for worker in self._workers:
                if worker.point is None and waiting:
                    worker.take(waiting.popleft())
            yield from self._collect()

    def _collect(self) -> Iterator[tuple[Point, Outcome]]:
        """What has come until now, after waiting for something to come."""
        busy = {worker.pipe: worker for worker in self._workers if worker.point is not None}
        ready = wait(list(busy), timeout=self._patience(list(busy.values())))
        for pipe in ready:
            worker = busy[pipe]  # type: ignore[index]
            point = worker.point
            assert point is not None
            try:
                outcome = worker.pipe.recv()
                worker.point = None
            except (EOFError, OSError):
                outcome = self._died(worker)
            yield point, outcome
        for worker in busy.values():
            if worker.point is not None and self._overdue(worker):
                point = worker.point
                seconds = time.monotonic() - worker.started
                self._replace(worker)
                yield point, failure(f"TimeoutError: it took longer than the {self._timeout:g} s allowed", "", seconds)

    def _patience(self, busy: list[_Worker]) -> float | None:
        if self._timeout is None:
            return None
        ends = min(worker.started for worker in busy) + self._timeout
        return max(0.0, ends - time.monotonic())

    def _overdue(self, worker: _Worker) -> bool:
        return self._timeout is not None and time.monotonic() - worker.started >= self._timeout

    def _died(self, worker: _Worker) -> Outcome:
        worker.process.join(_GRACE_S)
        code, seconds = worker.process.exitcode, time.monotonic() - worker.started
        self._replace(worker)
        if code is not None and code < 0:
            return failure(f"the worker process was killed by signal {_signal_name(-code)}", "", seconds)
        return failure(f"the worker process ended with exit status {code}", "", seconds)

    def _replace(self, worker: _Worker) -> None:
        worker.kill()
        worker.point = None
        self._workers.remove(worker)
        self._workers.append(_Worker(self._scenario, self._workers))

    def close(self) -> None:
        for worker in self._workers:
            worker.kill()
        self._workers.clear()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # between SIGRTMIN and SIGRTMAX
        return str(number)


def _work(scenario: Callable[..., Any], pipe: Connection, inherited: list[Connection], parent: int) -> None:
    """The life of a worker: until the parent hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends the workers
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return  # it was gone before
    for other in inherited:  # a pipe hangs up when nobody else holds its end
        other.close()
    while True:
        try:
            point = pipe.recv()
        except EOFError:
            return
        pipe.send(execute(scenario, point.parameters, point.seed, point.key))
