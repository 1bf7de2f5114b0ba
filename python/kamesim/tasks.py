"""Coroutines in virtual time: `async def` functions that sleep, wait for sockets and for each other.

    async def app(node):
        await ks.sleep(1.5)                        # seconds of virtual time
        async with ks.timeout(10):
            await ks.gather(first(node), second(node))

    node.start(app(node))
    net.run(until=60)

It is a small event loop of its own, driven by the simulation's events: nothing of asyncio runs, and what asyncio waits
for cannot be awaited here. Tasks run one at a time, in the order in which they became ready; a run with the same seed
takes the same steps.
"""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kamesim import _core, errors
from kamesim.schedule import Scheduled, Scheduler, call_name

if TYPE_CHECKING:
    from types import TracebackType

    from kamesim.node import Node
    from kamesim.sockets import Socket
    from kamesim.streams import Stream

T = TypeVar("T")


class Cancelled(BaseException):
    """Raised in a task that was cancelled, where it waits; and where its result is awaited."""

    def __init__(self, reason: object = None) -> None:
        super().__init__()
        self.reason = reason  # the timeout that did it; None: Task.cancel()


class _Pause:
    """What a task yields to wait: `begin(task)` arranges for its waking, and returns how to take that back."""

    def __init__(self, begin: Callable[[Task[Any]], Callable[[], None]]) -> None:
        self.begin = begin

    def __await__(self) -> Generator[_Pause, Any, Any]:
        return (yield self)


class Task(Generic[T]):
    """A coroutine that runs in virtual time. `await task` waits for its end and gives its result.

    If it raises, who awaits it gets the exception; if nobody does at that time, the exception ends the run and passes
    through `Network.run`. Tasks of a node die with it, as processes do, when it reboots.
    """

    def __init__(self, loop: Loop, coroutine: Coroutine[Any, Any, T], name: str, node: Node | None) -> None:
        self.name = name
        self.node = node  #: the node that it dies with; None: the network's
        self._loop = loop
        self._coroutine = coroutine
        self._state = "ready"  # "ready", "running", "waiting"; "done", "failed", "cancelled", "killed"
        self._result: Any = None
        self._send: Any = None
        self._throw: BaseException | None = None
        self._cancel_at_pause: Cancelled | None = None
        self._take_back: Callable[[], None] | None = None
        self._when_done: list[Callable[[], None]] = []

    @property
    def done(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self._state in ("done", "failed", "cancelled", "killed")

    @property
    def cancelled(self) -> bool:
        """Whether it was cancelled, or died with its node."""
        return self._state in ("cancelled", "killed")

    @property
    def result(self) -> T:
        """What the coroutine returned; raises what it raised, and an Error while it runs."""
        if not self.done:
            raise errors.Error(f"{self._what}: it has not ended at {self._loop.now_ns / 1e9:g} s; await it")
        return self._outcome()

    @property
    def exception(self) -> BaseException | None:
        """What it raised; None: nothing, or it runs."""
        return self._result if self._state == "failed" else None

    def cancel(self) -> bool:
        """Raises `Cancelled` in it, where it waits. False: it had ended."""
        return self._cancel(Cancelled())

    def __await__(self) -> Generator[_Pause, Any, T]:
        if not self.done:
            yield _Pause(self._join)
        return self._outcome()

    # --- Of the loop ------------------------------------------------------------------------------------------------

    @property
    def _what(self) -> str:
        return f"task {self.name!r}" + (f" of {self.node._what}" if self.node is not None else "")

    def _outcome(self) -> T:
        if self._state == "failed":
            raise self._result
        if self.cancelled:
            raise Cancelled()
        result: T = self._result
        return result

    def _wake(self, value: Any = None) -> None:
        """What it waits for has come; it goes on as soon as tasks run."""
        assert self._state == "waiting"
        self._take_back = None
        self._send = value
        self._loop._make_ready(self)

    def _cancel(self, cause: Cancelled) -> bool:
        if self.done:
            return False
        if self._state == "running":
            self._cancel_at_pause = cause
        elif self._state == "ready":
            self._throw = cause
        else:
            self._stop_waiting()
            self._throw = cause
            self._loop._make_ready(self)
        return True

    def _stop_waiting(self) -> None:
        if self._take_back is not None:
            take_back, self._take_back = self._take_back, None
            take_back()

    def _join(self, joiner: Task[Any]) -> Callable[[], None]:
        if joiner is self:
            joiner._throw = errors.Error(f"{self._what}: it awaits itself, which would take for ever")
            self._loop._make_ready(joiner)
            return lambda: None
        wake = joiner._wake
        self._when_done.append(wake)
        return lambda: self._when_done.remove(wake)

    def _step(self) -> None:
        """Runs it until it waits or ends."""
        send, throw = self._send, self._throw
        self._send = self._throw = None
        self._state = "running"
        try:
            pause = self._coroutine.send(send) if throw is None else self._coroutine.throw(throw)
        except StopIteration as end:
            self._end("done", end.value)
        except Cancelled:
            self._end("cancelled", None)
        except Exception as error:
            self._fail(error)
        except BaseException:  # Ctrl-C and the like are for who runs the network
            self._end("killed", None)
            raise
        else:
            self._wait(pause)

    def _wait(self, pause: Any) -> None:
        if self._state == "killed":  # its node went down by its own hand
            self._coroutine.close()
            return
        if not isinstance(pause, _Pause):
            self._throw = errors.Error(
                f"{self._what}: it awaits {pause!r}, which is not kamesim's; in virtual time there are ks.sleep, "
                f"ks.gather, ks.Event, ks.Queue, tasks and sockets, but nothing of asyncio"
            )
            self._loop._make_ready(self)
            return
        if self._cancel_at_pause is not None:
            self._throw, self._cancel_at_pause = self._cancel_at_pause, None
            self._loop._make_ready(self)
            return
        self._state = "waiting"
        take_back = pause.begin(self)
        if self._state == "waiting":
            self._take_back = take_back

    def _fail(self, error: Exception) -> None:
        awaited = bool(self._when_done)
        error.add_note(f"in {self._what}")
        self._end("failed", error)
        if not awaited:
            raise error

    def _end(self, state: str, result: Any) -> None:
        if self.done:
            return  # its node went down while it ran
        self._state, self._result = state, result
        self._loop._tasks.pop(self, None)
        when_done, self._when_done = self._when_done, []
        for call in when_done:
            call()

    def _kill(self) -> None:
        """Its node goes down. `finally` blocks run, but must not wait."""
        if self._state == "running":
            self._end("killed", None)  # and no farther than to its next await
            return
        self._stop_waiting()
        self._loop._forget(self)
        try:
            self._coroutine.close()
        except RuntimeError as error:
            raise errors.Error(f"{self._what}: it waits for something while its node goes down") from error
        finally:
            self._end("killed", None)

    def __repr__(self) -> str:
        return f"<Task {self.name!r}{' of ' + self.node.name if self.node is not None else ''}: {self._state}>"


class Loop:
    """The tasks of a network. They run inside scheduled callables, one after the other."""

    def __init__(self, scheduler: Scheduler, simulation: _core.Simulation) -> None:
        self._scheduler = scheduler
        self._simulation = simulation
        self._tasks: dict[Task[Any], None] = {}  # those that have not ended, in the order of their start
        self._ready: deque[Task[Any]] = deque()
        self._draining = False
        self._drain_at: Scheduled | None = None
        self.parallel = False  # the present run is on several threads
        self.sockets: dict[Socket | Stream, None] = {}  # those that are open, in the order in which they were made

    @property
    def now_ns(self) -> int:
        return self._simulation.now_ns

    @property
    def busy(self) -> bool:
        """Whether Python may have to act at any event, and not only at times that are known before."""
        return bool(self._tasks) or bool(self.sockets)

    def check_may_react(self, what: str) -> None:
        if self.parallel:
            raise errors.Error(
                f"{what}: this run is on several threads, and tasks and sockets need one that has them all; make the "
                f"first task or socket before the run, or run with threads=1"
            )

    def tasks(self, node: Node | None = None) -> list[Task[Any]]:
        """Those that have not ended, of one node or all."""
        return [task for task in self._tasks if node is None or task.node is node]

    def start(self, coroutine: Any, name: str | None, node: Node | None) -> Task[Any]:
        what = "start" if node is None else f"{node._what}: start"
        if not inspect.iscoroutine(coroutine):
            right = "a coroutine: start(app(node)), where app is an `async def`, not start(app)"
            errors.fail(what, "coroutine", coroutine, right)
        self.check_may_react(what)
        started = any(task._coroutine is coroutine for task in self._tasks)
        if started or inspect.getcoroutinestate(coroutine) != inspect.CORO_CREATED:
            raise errors.Error(f"{what}: {call_name(coroutine)} was started or awaited already; call it again")
        label = call_name(coroutine) if name is None else errors.name(f"{what}: task", name)
        task: Task[Any] = Task(self, coroutine, label, node)
        self._tasks[task] = None
        self._make_ready(task)
        return task

    def as_task(self, awaitable: Any, node: Node | None) -> Task[Any]:
        """A task as it is; a coroutine, or another awaitable, becomes one."""
        if isinstance(awaitable, Task):
            return awaitable
        if inspect.iscoroutine(awaitable):
            return self.start(awaitable, None, node)
        if not isinstance(awaitable, Awaitable):
            errors.fail("gather", "awaitable", awaitable, "a coroutine or a task")
        return self.start(_result_of(awaitable), type(awaitable).__name__, node)

    def at(self, time_ns: int, call: Callable[[], None], name: str) -> Scheduled:
        """Calls at that time, and lets the tasks run that it makes ready."""
        return self._scheduler.add_named(time_ns, lambda: self.run(call), name)

    def run(self, call: Callable[[], None]) -> None:
        """For what happens outside tasks: makes some ready, which then run at once."""
        outermost = not self._draining
        self._draining = True
        try:
            call()
        finally:
            if outermost:
                self._draining = False
                self._drain()

    def kill(self, node: object) -> None:
        """The node goes down: its tasks end, and its sockets are closed."""
        for task in [t for t in self._tasks if t.node is node]:
            task._kill()
        for socket in [s for s in self.sockets if s.node is node]:
            socket.close()

    def _make_ready(self, task: Task[Any]) -> None:
        task._state = "ready"
        self._ready.append(task)
        self._drain_soon()

    def _forget(self, task: Task[Any]) -> None:
        if task in self._ready:
            self._ready.remove(task)

    def _drain_soon(self) -> None:
        if not self._draining and self._drain_at is None:
            self._drain_at = self._scheduler.add_named(self.now_ns, self._drain, "the tasks")

    def _drain(self) -> None:
        if self._drain_at is not None:
            self._drain_at.cancel()
            self._drain_at = None
        self._draining = True
        try:
            while self._ready:
                self._ready.popleft()._step()
        finally:
            self._draining = False
            if self._ready:
                self._drain_soon()


async def _result_of(awaitable: Awaitable[T]) -> T:
    return await awaitable


def _no_op() -> None:
    pass


async def current_task() -> Task[Any]:
    """The task that runs this."""

    def begin(task: Task[Any]) -> Callable[[], None]:
        task._wake(task)
        return _no_op

    task: Task[Any] = await _Pause(begin)
    return task


async def sleep(seconds: float) -> None:
    """Waits so many seconds of virtual time; with 0 others that are ready run first."""
    await _sleep_ns(errors.nanoseconds("sleep", "seconds", seconds), None)


async def sleep_until(time: float) -> None:
    """Waits until a virtual time, in seconds; not at all if that has passed."""
    await _sleep_ns(0, errors.nanoseconds("sleep_until", "time", time))


async def _sleep_ns(delay_ns: int, until_ns: int | None) -> None:
    def begin(task: Task[Any]) -> Callable[[], None]:
        loop = task._loop
        at = loop.now_ns + delay_ns if until_ns is None else max(until_ns, loop.now_ns)
        return loop.at(at, task._wake, task._what).cancel

    await _Pause(begin)


class Event:
    """Something that happens, and that any number of tasks wait for: `await event.wait()`, `event.set()`."""

    def __init__(self) -> None:
        self._is_set = False
        self._waiting: list[Task[Any]] = []

    @property
    def is_set(self) -> bool:
        """Whether it has happened, and was not cleared since."""
        return self._is_set

    def set(self) -> None:
        """It happens: all who wait go on, and who comes later does not wait."""
        self._is_set = True
        waiting, self._waiting = self._waiting, []
        for task in waiting:
            task._wake()

    def clear(self) -> None:
        """Who comes from now on waits."""
        self._is_set = False

    async def wait(self) -> None:
        """Waits until it is set."""

        def begin(task: Task[Any]) -> Callable[[], None]:
            self._waiting.append(task)
            return lambda: self._waiting.remove(task)

        if not self._is_set:
            await _Pause(begin)

    def __repr__(self) -> str:
        return f"<Event: {'set' if self._is_set else 'not set'}, {len(self._waiting)} waiting>"


class Queue(Generic[T]):
    """Values from some tasks to others, in order: `queue.put(value)`, `value = await queue.get()`."""

    def __init__(self) -> None:
        self._values: deque[T] = deque()
        self._waiting: deque[Task[Any]] = deque()

    def put(self, value: T) -> None:
        """Adds a value; who has waited longest gets it."""
        self._values.append(value)
        self._wake_one()

    async def get(self) -> T:
        """The oldest value, as soon as there is one."""

        def begin(task: Task[Any]) -> Callable[[], None]:
            self._waiting.append(task)
            return lambda: self._waiting.remove(task)

        while not self._values:
            try:
                await _Pause(begin)
            except Cancelled:
                if self._values:
                    self._wake_one()  # it had been woken for a value, which is another's now
                raise
        return self._values.popleft()

    def _wake_one(self) -> None:
        if self._waiting:
            self._waiting.popleft()._wake()

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<Queue: {len(self._values)} values, {len(self._waiting)} waiting>"


class timeout:
    """A limit on how long a block may take: `async with ks.timeout(seconds): ...` raises TimeoutError after it.

    The block is cancelled where it waits. `expired` says whether it was. seconds of virtual time; None: no limit.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._delay_ns = None if seconds is None else errors.nanoseconds("timeout", "seconds", seconds)
        self._scheduled: Scheduled | None = None
        self._task: Task[Any] | None = None
        self.expired = False

    async def __aenter__(self) -> timeout:
        self._task = task = await current_task()
        if self._delay_ns is not None:
            loop = task._loop
            self._scheduled = loop.at(loop.now_ns + self._delay_ns, self._expire, f"timeout of {task._what}")
        return self

    def _expire(self) -> None:
        self.expired = True
        assert self._task is not None
        self._task._cancel(Cancelled(self))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._scheduled is not None:
            self._scheduled.cancel()
        if isinstance(error, Cancelled) and error.reason is self:
            raise TimeoutError(f"timed out after {self._seconds:g} s") from None


async def wait_for(awaitable: Awaitable[T], seconds: float | None) -> T:
    """The result of a coroutine or task; after so many seconds it is cancelled, and TimeoutError raised."""
    async with timeout(seconds):
        try:
            return await awaitable
        except Cancelled:
            if isinstance(awaitable, Task):
                awaitable.cancel()
            raise


async def gather(*awaitables: Awaitable[Any], return_exceptions: bool = False) -> list[Any]:
    """Runs coroutines and tasks side by side, and gives their results in the order of the arguments.

    The first exception cancels the rest and passes through; return_exceptions: exceptions are results like others.
    """
    me = await current_task()
    tasks = [me._loop.as_task(awaitable, me.node) for awaitable in awaitables]

    def troubled() -> Task[Any] | None:
        failed = (t for t in tasks if t._state == "failed" or t.cancelled)
        return None if return_exceptions else next(failed, None)

    def over() -> bool:
        return troubled() is not None or all(task.done for task in tasks)

    def begin(gatherer: Task[Any]) -> Callable[[], None]:
        waits = True

        def one_ended() -> None:
            nonlocal waits
            if waits and over():
                waits = False
                gatherer._wake()

        def take_back() -> None:
            nonlocal waits
            waits = False

        for task in tasks:
            if not task.done:
                task._when_done.append(one_ended)  # it stays: what else they raise is not news
        return take_back

    try:
        if not over():
            await _Pause(begin)
    except BaseException:
        _cancel_all(tasks)
        raise
    if (bad := troubled()) is not None:
        _cancel_all(tasks)
        return [bad._outcome()]  # raises
    return [task.exception or (Cancelled() if task.cancelled else task._result) for task in tasks]


def _cancel_all(tasks: list[Task[Any]]) -> None:
    for task in tasks:
        if not task.done:
            task._when_done.append(_no_op)  # what it raises on its way out is nobody's business any more
            task.cancel()
