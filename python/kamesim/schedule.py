"""Python callables in virtual time: `net.at`, `net.after`, `net.every`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from kamesim import _core, errors


class Scheduled:
    """A callable that waits for its time. `cancel()` takes it back."""

    def __init__(self, scheduler: Scheduler, token: int, time_ns: int, call: Callable[[], Any], name: str) -> None:
        self._scheduler = scheduler
        self._token = token
        self._time_ns = time_ns
        self.call = call
        self.name = name
        self.interval_ns = 0  # 0: once
        self.until_ns: int | None = None

    @property
    def time(self) -> float:
        """When it runs (next), in seconds of virtual time."""
        return self._time_ns / 1e9

    @property
    def time_ns(self) -> int:
        """The same in nanoseconds."""
        return self._time_ns

    @property
    def pending(self) -> bool:
        """Whether it is still to run."""
        return self._scheduler.holds(self._token)

    def cancel(self) -> None:
        """Takes the callable back; does nothing if it has run."""
        self._scheduler.drop(self._token)

    def __repr__(self) -> str:
        state = f"at {self.time:g} s" if self.pending else "done"
        return f"<Scheduled {self.name} {state}>"

    def _advance(self) -> None:
        self._time_ns += self.interval_ns


class Scheduler:
    """Keeps the callables; the simulation knows them by number only, so that it holds no Python object."""

    def __init__(self, simulation: _core.Simulation) -> None:
        self._simulation = simulation
        self._waiting: dict[int, Scheduled] = {}
        self._next_token = 1

    def add(self, time_ns: int, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Scheduled:
        """Calls function(*args, **kwargs) at that time."""
        if not callable(function):
            right = "callable: at(10, node.move, lan), not at(10, node.move(lan))"
            errors.fail("schedule", "function", function, right)
        if time_ns < self._simulation.now_ns:
            raise errors.Error(
                f"schedule {call_name(function)}: its time is {time_ns / 1e9:g} s, but it is already "
                f"{self._simulation.now_ns / 1e9:g} s; times lie in the future"
            )
        return self.add_named(time_ns, functools.partial(function, *args, **kwargs), call_name(function))

    def add_named(self, time_ns: int, call: Callable[[], Any], name: str) -> Scheduled:
        """The same for a call that errors call by another name."""
        scheduled = self.expect(call, name)
        scheduled._time_ns = time_ns
        self._simulation.schedule(time_ns, scheduled._token)
        return scheduled

    def expect(self, call: Callable[[], Any], name: str) -> Scheduled:
        """A call for which something else in the simulation, a socket, will ask by its token."""
        token = self._next_token
        self._next_token += 1
        scheduled = Scheduled(self, token, self._simulation.now_ns, call, name)
        self._waiting[token] = scheduled
        return scheduled

    def holds(self, token: int) -> bool:
        return token in self._waiting

    def drop(self, token: int) -> None:
        self._waiting.pop(token, None)

    def waiting(self) -> list[Scheduled]:
        """What is still to run, in the order of time."""
        return sorted(self._waiting.values(), key=lambda s: s.time_ns)

    def dispatch(self, token: int) -> None:
        """Runs a callable whose time has come; the simulation calls this."""
        scheduled = self._waiting.pop(token, None)
        if scheduled is None:
            return  # cancelled
        if scheduled.interval_ns:
            self._repeat(token, scheduled)
        try:
            scheduled.call()
        except BaseException as error:
            error.add_note(f"in {scheduled.name}, at {self._simulation.now_ns / 1e9:.9g} s of virtual time")
            raise

    def _repeat(self, token: int, scheduled: Scheduled) -> None:
        scheduled._advance()
        if scheduled.until_ns is None or scheduled.time_ns <= scheduled.until_ns:
            self._waiting[token] = scheduled
            self._simulation.schedule(scheduled.time_ns, token)


def call_name(function: Any) -> str:
    """What a reader would call the callable: 'Host.move', '<lambda>', 'mymodule.Thing'."""
    while isinstance(function, functools.partial):
        function = function.func
    return str(getattr(function, "__qualname__", None) or type(function).__qualname__)
