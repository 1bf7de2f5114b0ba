"""A case of the catalogue: a function that reads like the exchange, and what it is about."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar

from kamesim import _core

Function = TypeVar("Function", bound=Callable[..., Any])

ATTRIBUTE = "__conformance_case__"
ROLES = ("host", "router")


class Level(Enum):
    """How strongly a rule is meant (RFC 2119)."""

    MUST = "must"
    SHOULD = "should"
    MAY = "may"


@dataclass(frozen=True)
class Rule:
    """A place in an RFC, and how strongly the rule there is meant."""

    level: Level
    rfc: int
    section: str  # "4.2", "A"; empty: the document as a whole
    detail: str = ""  # what finds the rule within the section: "e.1"

    def __str__(self) -> str:
        return " ".join(filter(None, [self.place, self.detail]))

    @property
    def place(self) -> str:
        """RFC and section, such as `RFC 4443 §2.4`."""
        return f"RFC {self.rfc}" + (f" §{self.section}" if self.section else "")

    @property
    def order(self) -> tuple[int, list[tuple[int, str]]]:
        """Sorts sections as the documents do: §4.10 after §4.9, appendices last."""
        parts = filter(None, re.split(r"[.\-]", self.section))
        return self.rfc, [(int(part), "") if part.isdigit() else (10**6, part) for part in parts]


_REFERENCE = re.compile(r"RFC (\d+)(?: §([A-Z]?[\d.]*\d|[A-Z]))?(?: (.+))?")


def _rules(level: Level, references: tuple[str, ...]) -> list[Rule]:
    if not references:
        raise _core.Error(f"{level.value}: names no rule; write {level.value}(\"RFC 4443 §2.4\")")
    rules = []
    for reference in references:
        found = _REFERENCE.fullmatch(reference) if isinstance(reference, str) else None
        if found is None:
            raise _core.Error(f"{level.value}: {reference!r} names no rule; write it as \"RFC 4443 §2.4 e.1\"")
        rules.append(Rule(level, int(found[1]), found[2] or "", found[3] or ""))
    return rules


def must(*references: str) -> list[Rule]:
    """Rules that a node has to follow: MUST, SHALL, and what a format or a machine says without such a word."""
    return _rules(Level.MUST, references)


def should(*references: str) -> list[Rule]:
    """Rules that a node follows unless it has a good reason."""
    return _rules(Level.SHOULD, references)


def may(*references: str) -> list[Rule]:
    """Rules about what a node is free to do."""
    return _rules(Level.MAY, references)


@dataclass(frozen=True)
class Declaration:
    """What the decorator says of a case; parametrized, it stands for several."""

    rules: tuple[Rule, ...]
    id: str | None
    title: str | None
    role: str | None
    logo: str | Mapping[str, str]


def case(
    *rules: list[Rule],
    id: str | None = None,
    title: str | None = None,
    role: str | None = None,
    logo: str | Mapping[str, str] = "",
) -> Callable[[Function], Function]:
    """Makes a function a case of the catalogue.

        @case(must("RFC 4443 §4.2"), logo="v6LC.5.1.2 A")
        def echo_reply_returns_the_data(host, port): ...

    rules: what it tests, by `must`, `should` and `may`; the first is the main one. id: what --case selects it by; None:
    the module's and the function's name. title: None: the function's name as a sentence. role: host or router; None:
    the parameter of that name, or the module's ROLE, or which of the fixtures `host` and `router` it uses. logo: the
    test of the IPv6 Ready Logo specification; of a parametrized case also a mapping from the parameters' id, of one for
    both roles from "host" and "router" or from "PARAMETERS/ROLE", to the test.
    """
    flat = tuple(rule for group in rules for rule in group)
    if not flat:
        raise _core.Error('case: names no rule of an RFC; write @case(must("RFC 4443 §4.2"))')
    if role not in (None, *ROLES):
        raise _core.Error(f"case: role is {role!r}; it must be one of {', '.join(ROLES)}")
    declaration = Declaration(flat, id, title, role, logo)

    def mark(function: Function) -> Function:
        setattr(function, ATTRIBUTE, declaration)
        return function

    return mark


def declared(function: object) -> Declaration | None:
    """What the decorator said of a function; None if it is no case."""
    found = getattr(function, ATTRIBUTE, None)
    return found if isinstance(found, Declaration) else None


@dataclass(frozen=True)
class Case:
    """One case, as the catalogue lists it."""

    id: str
    title: str
    suite: str
    role: str
    rules: tuple[Rule, ...]
    logo: str = ""
    file: str = ""
    line: int = 0
    index: int = field(default=0, compare=False)  # where it stands in the run

    @property
    def main_rule(self) -> Rule:
        return self.rules[0]


def words(name: str) -> str:
    return name.replace("_", " ").strip()


def slug(text: str) -> str:
    """Text as a part of an id: words joined by hyphens, nothing that a shell or a wild-card would take for its own."""
    return re.sub(r"[^\w.:+]+", "-", text).strip("-").replace("_", "-")


def logo_keys(parameters: str, role: str) -> list[str]:
    """What a mapping of Ready Logo numbers may call a case: its parameters, its role, or both."""
    return [key for key in (f"{parameters}/{role}".strip("/"), parameters) if key]


def describe(
    declaration: Declaration,
    *,
    suite: str,
    module: str,
    function: str,
    parameters: str,
    role: str,
    of_both: bool,
    file: str,
    line: int,
) -> Case:
    """The case that a function is with one set of parameters (`parameters` is their id, empty without). of_both: it is
    one of two, for the other role there is another."""
    id = declaration.id or f"{slug(module)}.{slug(function)}"
    title = declaration.title or words(function).replace("ipv6", "IPv6").capitalize()
    logo = declaration.logo
    if not isinstance(logo, str):
        logo = next((logo[key] for key in logo_keys(parameters, role) if key in logo), "")
    if parameters:
        id, title = f"{id}/{slug(parameters)}", f"{title} ({parameters})"
    if of_both:
        id = f"{id}/{role}"
    return Case(id, title, suite, role, declaration.rules, logo, file, line)
