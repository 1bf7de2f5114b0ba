"""The design of an experiment: which runs there are, each with its parameters, seed and key."""

from __future__ import annotations

import hashlib
import inspect
import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Union

from kamesim import errors
from kamesim.experiment import values

WHAT = "experiment"

#: A dict of parameter -> values (every combination is run), or a list of dicts of parameter -> value.
Grid = Union[Mapping[str, Iterable[Any]], Iterable[Mapping[str, Any]]]

#: Columns of the results that are not the scenario's to name.
RESERVED = ("seed", "record")

_MAX_SEED = 2**64 - 1


@dataclass(frozen=True)
class Point:
    """One run: what the scenario is called with. `key` tells it from all others, of other experiments too."""

    parameters: dict[str, Any]
    seed: int
    key: str

    def describe(self) -> str:
        """For messages: "ra_interval=0.5, seed=3"."""
        return ", ".join(f"{name}={value!r}" for name, value in [*self.parameters.items(), ("seed", self.seed)])


def design(scenario: Callable[..., Any], grid: Grid, seeds: int | Iterable[int], fingerprint: str) -> list[Point]:
    """All runs: for each seed every combination of parameters, so that early results cover the whole grid."""
    combinations = _combinations(grid)
    _check_signature(scenario, combinations)
    points: dict[object, Point] = {}
    for seed in _seeds(seeds):
        for parameters in combinations:
            plain = {name: values.plain(WHAT, name, value) for name, value in parameters.items()}
            # Equal as tables see it: 1, 1.0 and True would be one group of results, counted as independent of each
            # other.
            same = (seed, frozenset((name, values.hashable(value)) for name, value in plain.items()))
            if same in points:
                raise errors.Error(f"{WHAT}: the run {points[same].describe()} is there twice; each may be given once")
            points[same] = Point(parameters, seed, _key(fingerprint, plain, seed))
    return list(points.values())


def _key(fingerprint: str, plain: dict[str, Any], seed: int) -> str:
    return hashlib.sha256(values.canonical([fingerprint, plain, seed]).encode()).hexdigest()[:32]


def _combinations(grid: Grid) -> list[dict[str, Any]]:
    if isinstance(grid, Mapping):
        columns = []
        for name, given in grid.items():
            listed = errors.listed(WHAT, f"grid[{name!r}]", given, "a list of values, [x] for a single one")
            if not listed:
                errors.fail(WHAT, f"grid[{name!r}]", given, "one value or more")
            columns.append(listed)
        combinations = [dict(zip(grid, chosen)) for chosen in itertools.product(*columns)]
    else:
        combinations = []
        right = "a dict of parameter -> values, or a list of dicts of parameter -> value"
        for number, point in enumerate(errors.listed(WHAT, "grid", grid, right)):
            if not isinstance(point, Mapping):
                errors.fail(WHAT, f"grid[{number}]", point, "a dict of parameter -> value")
            combinations.append(dict(point))
    if not combinations:
        errors.fail(WHAT, "grid", grid, "a dict, or one point or more; {} for a scenario without parameters")
    for parameters in combinations:
        for name, value in parameters.items():
            if not isinstance(name, str) or name in RESERVED:
                errors.fail(WHAT, "the name of a parameter", name, f"a string, and none of {', '.join(RESERVED)}")
            values.plain(WHAT, f"parameter {name}", value)
    return combinations


def _seeds(seeds: int | Iterable[int]) -> list[int]:
    if isinstance(seeds, int) and not isinstance(seeds, bool):
        return list(range(1, errors.integer(WHAT, "seeds", seeds, "", minimum=1) + 1))
    listed = errors.listed(WHAT, "seeds", seeds, "how many (1, 2, ... are taken), or a list of them")
    if not listed:
        errors.fail(WHAT, "seeds", seeds, "one seed or more")
    return [errors.integer(WHAT, f"seeds[{i}]", s, "", minimum=0, maximum=_MAX_SEED) for i, s in enumerate(listed)]


def _check_signature(scenario: Callable[..., Any], combinations: list[dict[str, Any]]) -> None:
    """An unfit call is found before anything runs."""
    try:
        signature = inspect.signature(scenario)
    except (TypeError, ValueError):
        return  # of a callable that does not tell: the run will say
    name = getattr(scenario, "__name__", repr(scenario))
    for parameters in combinations:
        try:
            signature.bind(**parameters, seed=0)
        except TypeError as error:
            given = ", ".join([*parameters, "seed"])
            raise errors.Error(
                f"{WHAT}: scenario {name}{signature} cannot be called with the keywords {given}: {error}"
            ) from None
