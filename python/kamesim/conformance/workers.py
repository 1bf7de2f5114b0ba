"""Runs trials in several processes, forked when everything is loaded."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

from kamesim import _core
from kamesim.conformance.record import Record
from kamesim.conformance.result import Outcome, Result
from kamesim.conformance.trial import Trial, lost
from kamesim.conformance.wire_check import complaints

Report = Callable[[Result], None]
_fork = multiprocessing.get_context("fork")


def run_all(trials: Sequence[Trial], jobs: int, report: Report) -> list[Result]:
    """Tries all; returns how they ended, in their order. `report` is called with each result when it is there, and
    again if tshark complains of a case that had passed."""
    results: dict[int, Result] = {}  # by where the case stands in the catalogue
    next_index = _fork.Value("i", 0)  # of the trial that nobody has taken yet
    workers: dict[Connection, _Worker] = {}

    def start() -> None:
        worker = _Worker(trials, next_index)
        workers[worker.connection] = worker

    def take(result: Result) -> None:
        results[result.case.index] = result
        report(result)

    try:
        for _ in range(min(jobs, len(trials))):
            start()
        while workers:
            for connection in wait(list(workers)):
                worker = workers[connection]  # type: ignore[index]
                try:
                    message = worker.connection.recv()
                except EOFError:
                    del workers[worker.connection]
                    death = worker.death()
                    if worker.trying is not None:
                        take(lost(trials[worker.trying].case, death))
                        start()  # one in its place
                    elif death:
                        raise _core.Error(f"tshark's look at the frames could not be had: {death}") from None
                    continue
                if isinstance(message, int):
                    worker.trying = message
                else:
                    worker.trying = None
                    take(message)
    finally:
        for worker in workers.values():
            worker.process.terminate()
    return [results[index] for index in sorted(results)]


class _Worker:
    """The parent's view of a worker."""

    def __init__(self, trials: Sequence[Trial], next_index: Any) -> None:
        self.connection, theirs = _fork.Pipe(duplex=False)
        self.process = _fork.Process(target=_work, args=(trials, next_index, theirs), daemon=True)
        self.process.start()
        theirs.close()
        self.trying: int | None = None

    def death(self) -> str:
        """Why it ended; empty if it did all that there was to do."""
        self.process.join()
        status = self.process.exitcode or 0
        if status < 0:
            return f"the process died by {signal.Signals(-status).name}"
        return f"the process ended with status {status}" if status else ""


def _work(trials: Sequence[Trial], next_index: Any, connection: Connection) -> None:
    """Sends the index of each trial before it, and its result behind it; at last the results that tshark turns over."""
    passed: dict[int, Result] = {}
    while (index := _take(next_index)) < len(trials):
        connection.send(index)
        result = trials[index].run()
        if result.outcome is Outcome.PASSED:
            passed[index] = Result(result.case, result.outcome, result.seconds, record=result.record)
            result.record = Record()  # nobody will look at it
        connection.send(result)
    for index, lines in complaints({i: result.record.sent_by_node for i, result in passed.items()}).items():
        result = passed[index]
        result.outcome, result.message = Outcome.FAILED, "\n".join(lines)
        connection.send(result)


def _take(next_index: Any) -> int:
    with next_index.get_lock():
        index: int = next_index.value
        next_index.value += 1
    return index
