"""What a network has, by name and by number; what was made in bulk gets its Python object when it is asked for."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, overload, TypeVar

T = TypeVar("T")


class Series(Generic[T]):
    """Things that were made in one call, and are named by a word and their number: "host0", "host1", ..."""

    def __init__(self, word: str, first: int, count: int, make: Callable[[int, str], T]) -> None:
        self.word = word
        self.first = first
        self.count = count
        self.make = make  #: the object of the thing of that place in the series, and that name
        self.begin = 0  #: its place in the table

    def name(self, place: int) -> str:
        """The name of the thing of that place in the series."""
        return f"{self.word}{self.first + place}"

    def place(self, name: str) -> int | None:
        """The place of the thing of that name; None: it is not in the series."""
        digits = name.removeprefix(self.word)
        if not name.startswith(self.word) or not digits.isascii() or not digits.isdigit():
            return None
        place = int(digits) - self.first
        return place if 0 <= place < self.count and self.name(place) == name else None

    def meets(self, other: Series[T]) -> bool:
        """Whether both have a name in common."""
        apart = self.first + self.count <= other.first or other.first + other.count <= self.first
        return self.word == other.word and not apart


class Table(Mapping[str, T]):
    """Things in the order in which they were made, by name or by number."""

    def __init__(self) -> None:
        self._single: dict[str, int] = {}
        self._made: dict[int, T] = {}
        self._series: list[Series[T]] = []
        self._count = 0

    def add(self, name: str, thing: T) -> None:
        """Takes in one that has an object."""
        self._single[name] = self._count
        self._made[self._count] = thing
        self._count += 1

    def add_series(self, series: Series[T]) -> None:
        """Takes in many that have none yet."""
        series.begin = self._count
        self._series.append(series)
        self._count += series.count

    def at(self, number: int) -> T:
        """The object of the thing of that number, which is made if there is none yet."""
        found = self._made.get(number)
        if found is None:
            series = self._series[bisect.bisect_right(self._series, number, key=lambda s: s.begin) - 1]
            place = number - series.begin
            found = self._made[number] = series.make(place, series.name(place))
        return found

    def made(self) -> list[tuple[int, T]]:
        """The objects that there are, with their numbers."""
        return sorted(self._made.items(), key=lambda item: item[0])

    @property
    def series(self) -> list[Series[T]]:
        """What was made in bulk, in the order in which it was made."""
        return self._series

    def parts(self) -> list[T | Series[T]]:
        """What was made one by one, and what in bulk, in the order in which it was made."""
        numbered: list[tuple[int, T | Series[T]]] = [(n, self._made[n]) for n in self._single.values()]
        numbered += [(series.begin, series) for series in self._series]
        return [part for _, part in sorted(numbered, key=lambda item: item[0])]

    def taken(self, series: Series[T]) -> str | None:
        """A name of the series that a thing has already; None: there is none."""
        for name in self._single:
            if series.place(name) is not None:
                return name
        for other in self._series:
            if series.meets(other):
                return series.name(max(0, other.first - series.first))
        return None

    def number(self, name: object) -> int | None:
        """The number of the thing of that name; None: there is none."""
        if not isinstance(name, str):
            return None
        if name in self._single:
            return self._single[name]
        for series in self._series:
            place = series.place(name)
            if place is not None:
                return series.begin + place
        return None

    def __getitem__(self, name: str) -> T:
        number = self.number(name)
        if number is None:
            raise KeyError(name)
        return self.at(number)

    def __contains__(self, name: object) -> bool:
        return self.number(name) is not None

    def __iter__(self) -> Iterator[str]:
        singles = {number: name for name, number in self._single.items()}
        bulk = iter(self._series)
        number = 0
        while number < self._count:
            if number in singles:
                yield singles[number]
                number += 1
            else:
                series = next(bulk)
                yield from (series.name(place) for place in range(series.count))
                number += series.count

    def __len__(self) -> int:
        return self._count


class Sequential(Sequence[T]):
    """Things that were made in one call; their Python objects are made when they are asked for."""

    def __init__(self, table: Table[T], places: range, series: Series[T]) -> None:
        self._table = table
        self._places = places
        self._series = series

    @property
    def names(self) -> list[str]:
        """Their names."""
        return [self._series.name(place) for place in self._places]

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, number: int) -> T: ...
    @overload
    def __getitem__(self, number: slice) -> Sequential[T]: ...
    def __getitem__(self, number: int | slice) -> T | Sequential[T]:
        if isinstance(number, slice):
            return type(self)(self._table, self._places[number], self._series)
        return self._table.at(self._series.begin + self._places[number])

    def __repr__(self) -> str:
        ends = "" if not self._places else f": {self._series.name(self._places[0])} to {self._series.name(self._places[-1])}"
        return f"<{len(self)} {type(self).__name__.lower()}{ends}>"
