"""Settings of a part of a node that read and write those of the kernel, with types and bounds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from kamesim import errors

if TYPE_CHECKING:
    from kamesim.node import Node

T = TypeVar("T", bool, int, float)


class Setting(Generic[T]):
    """One setting; reading and writing it reads and writes the node's."""

    def __init__(
        self,
        kind: type[T],
        *,
        unit: str = "",
        minimum: int = 0,
        maximum: int = 2**31 - 1,
        infinite: bool = False,
    ) -> None:
        self._kind: type[T] = kind
        self._unit, self._minimum, self._maximum, self._infinite = unit, minimum, maximum, infinite
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, settings: None, owner: type) -> Setting[T]: ...

    @overload
    def __get__(self, settings: Settings, owner: type) -> T: ...

    def __get__(self, settings: Settings | None, owner: type) -> Any:
        if settings is None:
            return self
        value = settings._get(self._name)
        return self._kind(value if self._kind is not float else round(value, 9))  # kept in whole nanoseconds

    def __set__(self, settings: Settings, value: T) -> None:
        settings._set(self._name, float(self._check(settings._what, value)))

    def _check(self, what: str, value: Any) -> float:
        if self._kind is bool:
            return errors.flag(what, self._name, value)
        if self._infinite and isinstance(value, float) and value == math.inf:
            return value
        if self._kind is int:
            return errors.integer(what, self._name, value, self._unit, minimum=self._minimum, maximum=self._maximum)
        bound = errors.LARGEST_TIME if self._unit == "seconds" else None
        return errors.number(what, self._name, value, self._unit, minimum=self._minimum, maximum=bound)


class Settings:
    """The settings of one part of one node. A change takes effect at once."""

    _part = ""
    _extra: tuple[str, ...] = ()  # properties that can be set beside the settings

    def __init__(self, node: Node) -> None:
        self._node = node

    def _get(self, name: str) -> float:
        raise NotImplementedError

    def _set(self, name: str, value: float) -> None:
        raise NotImplementedError

    @property
    def _what(self) -> str:
        return f"{self._node._what}: {self._part}"

    @classmethod
    def _names(cls) -> list[str]:
        return [*cls._extra, *(name for name, value in vars(cls).items() if isinstance(value, Setting))]

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and not hasattr(type(self), name):
            raise errors.UnknownName(f"{self._what}: setting", name, self._names())
        super().__setattr__(name, value)
