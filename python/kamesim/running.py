"""Virtual time: scheduling and running."""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from kamesim import _core, errors, tables
from kamesim.base import NetworkBase
from kamesim.results import Run
from kamesim.schedule import Scheduled
from kamesim.tasks import Task

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")


class Running(NetworkBase):
    """The part of `Network` that lets virtual time pass."""

    @property
    def now(self) -> float:
        """The present virtual time, in seconds."""
        return self._core.now_ns / 1e9

    def at(self, when: float, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Scheduled:
        """Calls function(*args, **kwargs) at a virtual time, in seconds. The answer has a `cancel()`.

        An exception in it ends the run and passes through `run`, with a note of when and where.
        """
        return self._scheduler.add(errors.nanoseconds("at", "when", when), function, args, kwargs)

    def after(self, delay: float, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Scheduled:
        """Calls function(*args, **kwargs) after a delay, in seconds of virtual time."""
        delay_ns = errors.nanoseconds("after", "delay", delay)
        return self._scheduler.add(self._core.now_ns + delay_ns, function, args, kwargs)

    def every(
        self,
        interval: float,
        function: Callable[..., Any],
        *args: Any,
        start: float | None = None,
        until: float | None = None,
        **kwargs: Any,
    ) -> Scheduled:
        """Calls function(*args, **kwargs) again and again, `interval` seconds apart.

        start: the first time, in seconds; None: one interval from now. until: the last time may be this.
        """
        interval_ns = errors.nanoseconds("every", "interval", interval, above=0)
        start_ns = self._core.now_ns + interval_ns if start is None else errors.nanoseconds("every", "start", start)
        until_ns = None if until is None else errors.nanoseconds("every", "until", until)
        scheduled = self._scheduler.add(start_ns, function, args, kwargs)
        scheduled.interval_ns, scheduled.until_ns = interval_ns, until_ns
        return scheduled

    def run(
        self,
        until: float | None = None,
        *,
        for_: float | None = None,
        progress: bool | None = None,
        threads: int = 1,
    ) -> Run:
        """Lets virtual time pass, and returns the results so far.

        until: the time to stop at, in seconds; or for_: how many seconds from now.
        progress: whether to show a bar; None: on a terminal, if the run takes longer than a second, and not in a
        worker process, of which there are others.
        threads: into how many parts the network is split; they run side by side on the processor's cores. The outcome
        is the same for any number, bit for bit. It pays where much happens within the delay of the longer links. With
        tasks or sockets of Python's it is always one part, as Python may act at any event then.

        Ctrl-C ends a run after the present event and raises KeyboardInterrupt; `results` has what there is then.
        """
        until_ns = self._end_of_run(until, for_)
        errors.integer("run", "threads", threads, "", minimum=1, maximum=256)
        if progress is not None:
            errors.flag("run", "progress", progress)
        with _ProgressBar(self.name, self._core, until_ns, progress) as bar:
            parts = 1 if self._loop.busy else int(threads)
            try:
                self._loop.parallel = parts > 1
                self._core.run(until_ns, self._scheduler.dispatch, bar.tick, parts)
            except BaseException:
                self._interrupted = True
                raise
            else:
                self._interrupted = False
            finally:
                self._loop.parallel = False
                for capture in self._captures:
                    capture.flush()
        return self.results

    def start(self, coroutine: Coroutine[Any, Any, T], *, name: str | None = None) -> Task[T]:
        """Runs a coroutine in virtual time, from the present time on; see `kamesim.tasks`.

        name: for errors; None: the function's. A task of one node is better started by `Node.start`: it dies with the
        node when that reboots.
        """
        return self._loop.start(coroutine, name, None)

    @property
    def tasks(self) -> list[Task[Any]]:
        """Those that have not ended, in the order of their start."""
        return self._loop.tasks()

    def stop(self) -> None:
        """Ends the present run after the present event; for scheduled callables."""
        self._core.stop()

    @property
    def results(self) -> Run:
        """What has come out so far."""
        return Run(self)

    def trace(self, kind: str | None = None) -> pd.DataFrame:
        """What happened on all nodes, in the order of time: time_s, node, kind, and a column for each field.

        kind: only events whose kind begins like this, such as "mip6.".
        """
        if kind is not None and not isinstance(kind, str):
            errors.fail("trace", "kind", kind, "the beginning of a kind, such as 'mip6.', or None: all")
        return tables.trace(self._events(kind))

    def drops(self) -> pd.DataFrame:
        """What was discarded: node, reason, rule (the RFC's, or the link's property), count."""
        return tables.drops((node.name, *row) for node in self.nodes for row in node._core.drops())

    @property
    def trace_hash(self) -> str:
        """A hash of every frame and drop so far: the same for the same seed and script."""
        if not self._hashes:
            raise errors.Error(f"network {self.name!r}: trace_hash is off; make it with Network(trace_hash=True)")
        return self._core.trace_hash

    def _events(self, kind: str | None = None) -> list[tuple[int, str, str, dict[str, Any]]]:
        events = [
            (time_ns, node.name, event, fields)
            for node in self.nodes
            for time_ns, event, fields in node._core.trace()
            if kind is None or event.startswith(kind)
        ]
        return sorted(events, key=lambda e: e[0])

    def _end_of_run(self, until: Any, for_: Any) -> int:
        if (until is None) == (for_ is None):
            raise errors.Error("run: give either until=, the time to stop at, or for_=, how long, both in seconds")
        if for_ is not None:
            return self._core.now_ns + errors.nanoseconds("run", "for_", for_)
        until_ns = errors.nanoseconds("run", "until", until)
        if until_ns < self._core.now_ns:
            raise errors.Error(
                f"run: until is {until_ns / 1e9:g} s, but it is already {self.now:g} s; for_= counts from now"
            )
        return until_ns


class _ProgressBar:
    """tqdm over virtual seconds, or nothing."""

    def __init__(self, name: str, core: _core.Simulation, end_ns: int, wanted: bool | None) -> None:
        self._name = name
        self._core = core
        self._start_ns = core.now_ns
        self._seconds = (end_ns - self._start_ns) / 1e9
        self._shown = _may_show() if wanted is None else wanted
        self._opens_at = time.monotonic() + (1.0 if wanted is None else 0.0)
        self._bar: Any = None

    @property
    def tick(self) -> Callable[[int], None] | None:
        """What the simulation calls now and then; None: nothing to show."""
        return self._update if self._shown else None

    def _update(self, now_ns: int) -> None:
        if self._bar is None:
            if time.monotonic() < self._opens_at:
                return
            from tqdm.auto import tqdm

            form = "{desc}: {percentage:3.0f}% |{bar}| {n:.1f}/{total:g} s [{elapsed}<{remaining}]"
            self._bar = tqdm(total=self._seconds, desc=self._name, bar_format=form, file=sys.stderr)
        self._bar.update((now_ns - self._start_ns) / 1e9 - self._bar.n)

    def __enter__(self) -> _ProgressBar:
        if self._shown:
            self._update(self._start_ns)
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._update(self._core.now_ns)
            self._bar.close()


def _may_show() -> bool:
    return sys.stderr.isatty() and multiprocessing.parent_process() is None
