"""What parameters and results may be, and how a line of JSON holds them.

JSON has no numbers that are not finite; they stand as {"$float": "nan"}, "inf" or "-inf". What numpy and pandas have
becomes Python's own.
"""

from __future__ import annotations

import json
import math
import numbers
from typing import Any

from kamesim import errors

_NOT_FINITE = "$float"
_LEAST_INTEGER, _GREATEST_INTEGER = -(2**63), 2**64 - 1  # what a column of a table holds
_WHAT_MAY_BE = "None, a bool, a number, a string, or a list, tuple or dict of such"


def plain(what: str, parameter: str, value: Any) -> Any:
    """`value` in the types that JSON has; tuples and arrays become lists."""
    if value is None or isinstance(value, (bool, str)):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, numbers.Integral):
        whole = int(value)
        if not _LEAST_INTEGER <= whole <= _GREATEST_INTEGER:
            errors.fail(what, parameter, value, "a whole number of 64 bits; larger ones as float or str")
        return whole
    if isinstance(value, numbers.Real):
        return float(value)
    if type(value).__module__.split(".")[0] == "numpy" and hasattr(value, "tolist"):
        return plain(what, parameter, value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(what, f"{parameter}[{i}]", element) for i, element in enumerate(value)]
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                errors.fail(what, f"a key of {parameter}", key, "a string")
        return {str(key): plain(what, f"{parameter}[{key!r}]", element) for key, element in value.items()}
    errors.fail(what, parameter, value, _WHAT_MAY_BE)


def to_json(value: Any) -> str:
    """One line of standard JSON."""
    return json.dumps(_without_infinities(value), separators=(",", ":"), allow_nan=False)


def canonical(value: Any) -> str:
    """The same text for the same value, whatever the order of its names."""
    return json.dumps(_without_infinities(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def from_json(text: str | bytes) -> Any:
    """The value that `to_json` wrote; ValueError if it is no JSON."""
    return json.loads(text, object_hook=_with_infinities)


def hashable(value: Any) -> Any:
    """A value of a parameter as a table can group by it: lists become tuples, dicts their text."""
    if isinstance(value, list):
        return tuple(hashable(element) for element in value)
    return canonical(value) if isinstance(value, dict) else value


def _without_infinities(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {_NOT_FINITE: str(value)}
    if isinstance(value, list):
        return [_without_infinities(element) for element in value]
    if isinstance(value, dict):
        return {key: _without_infinities(element) for key, element in value.items()}
    return value


def _with_infinities(value: dict[str, Any]) -> Any:
    return float(value[_NOT_FINITE]) if value.keys() == {_NOT_FINITE} else value
