"""What the benchmark programs in Python share: their arguments, the processor's time, and how they answer."""

from __future__ import annotations

import json
import resource
import sys
from typing import Any


def arguments(**defaults: int) -> dict[str, int]:
    """The words `name=value` of the command line."""
    values = dict(defaults)
    for word in sys.argv[1:]:
        name, equals, value = word.partition("=")
        if not equals or name not in defaults:
            sys.exit(f"{sys.argv[0]}: '{word}' is not one of {', '.join(f'{n}=N' for n in defaults)}")
        values[name] = int(float(value))
    return values


def user_cpu() -> float:
    """Seconds of this process, the system's part apart."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def total_cpu() -> float:
    """Seconds of this process, with the system's part."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def answer(**figures: Any) -> None:
    """One JSON object on one line."""
    print(json.dumps(figures))
