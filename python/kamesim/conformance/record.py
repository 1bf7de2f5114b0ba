"""What happened in a case: the frames on the wire, and what was expected between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union


@dataclass
class Frame:
    """A frame on a link; `sent` by the tester, or else by the node under test."""

    time: float
    link: int
    sent: bool
    data: bytes


@dataclass
class Expectation:
    """Something that the case waited for; `met` is None while it waits."""

    time: float
    link: int
    text: str
    met: bool | None = None


Entry = Union[Frame, Expectation]


class Record:
    """The course of a case."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.links: list[str] = []  # names, by number

    def frame(self, time: float, link: int, data: bytes, *, sent: bool) -> None:
        self.entries.append(Frame(time, link, sent, data))

    def expect(self, time: float, link: int, text: str) -> Expectation:
        expectation = Expectation(time, link, text)
        self.entries.append(expectation)
        return expectation

    @property
    def sent_by_node(self) -> list[Frame]:
        return [entry for entry in self.entries if isinstance(entry, Frame) and not entry.sent]
