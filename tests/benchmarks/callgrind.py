"""Reads what valgrind's callgrind writes: instructions by function, and calls.

The format: https://valgrind.org/docs/manual/cl-format.html
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

_NAMED = re.compile(r"(c?(?:fn|ob)|jump|jcnd|calls|c?f[ile])=(?:\((\d+)\))?\s*(.*)")
_COST = re.compile(r"(?:[+-]?\d+|\*|0x[0-9a-f]+)(?: (\d+))?")


@dataclass
class Profile:
    """What one run executed."""

    # By the object that the function is in, and its name: instructions in the function itself.
    instructions: Counter[tuple[str, str]] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)  # by the name of the function that is called

    def of_object(self, path: str) -> Counter[str]:
        """Instructions by function, of one program or library."""
        found: Counter[str] = Counter()
        for (object_path, function), count in self.instructions.items():
            if object_path == path:
                found[function] += count
        return found


def read(text: str) -> Profile:
    """Reads a profile. A line that is neither known nor a cost raises ValueError."""
    profile = Profile()
    names: dict[tuple[str, str], str] = {}  # compressed: a name is written once, then its number stands for it
    here = {"ob": "", "fn": ""}
    callee = ""
    inclusive = False  # the next cost is that of a call, which the called function's own lines tell as well
    for number, line in enumerate(text.splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        if match := _NAMED.fullmatch(line):
            key, code, rest = match.groups()
            if key == "calls":
                profile.calls[callee] += int(rest.split()[0])
                inclusive = True
                continue
            kind = key.removeprefix("c") if key.startswith("c") else key
            if code is not None:
                name = names.setdefault((kind, code), rest)
            else:
                name = rest
            if key in here:
                here[key] = name
            elif key == "cfn":
                callee = name
        elif match := _COST.fullmatch(line):
            if not inclusive:
                profile.instructions[here["ob"], here["fn"]] += int(match[1] or 0)
            inclusive = False
        elif not re.match(r"[a-z]+:", line):
            raise ValueError(f"line {number} of a callgrind profile is not understood: {line!r}")
    return profile
