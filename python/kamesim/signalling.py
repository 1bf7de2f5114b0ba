"""The signalling messages that nodes exchanged, and the ladders drawn from them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kamesim import _core, tables

if TYPE_CHECKING:
    import pandas as pd

    from kamesim.handoff import Handoff
    from kamesim.node import Node
    from kamesim.plots.ladder import Ladder, LadderEvent, LadderMessage

#: Messages of ladders, by the colours of `kamesim.plots.ladder`.
_KINDS = {
    "Binding Update": "bu",
    "Binding Acknowledgement": "bu",
    "Binding Refresh Request": "bu",
    "Binding Error": "bu",
    "Home Test Init": "rr",
    "Care-of Test Init": "rr",
    "Home Test": "rr",
    "Care-of Test": "rr",
}
_NEIGHBOR_DISCOVERY = ("Router", "Neighbor", "Redirect")


@dataclass(frozen=True)
class Sighting:
    """A message as it left or reached an interface. Time in virtual seconds."""

    time: float
    node: str
    interface: str
    sent: bool
    label: str
    detail: str
    source: str
    destination: str
    tunnelled: bool
    identity: int


class SignallingLog:
    """Neighbor Discovery, other ICMPv6 and Mobile IPv6 messages at some nodes' interfaces (see `Network.watch`)."""

    def __init__(self, core: _core.MessageLog) -> None:
        self._core = core

    def watch(self, nodes: Iterable[Node]) -> None:
        """Watches the interfaces that the nodes have now."""
        for node in nodes:
            for interface in node.interfaces:
                self._core.watch(interface._core)

    @property
    def sightings(self) -> list[Sighting]:
        """All messages seen so far, in the order of time."""
        return [Sighting(row[0] / 1e9, *row[1:]) for row in self._core.messages()]

    def frame(self) -> pd.DataFrame:
        """One row a sighting."""
        names = [field for field in Sighting.__dataclass_fields__ if field != "identity"]
        return tables.frame([[getattr(s, name) for name in names] for s in self.sightings], names)

    def between(self, participants: Sequence[str], start: float, end: float) -> list[LadderMessage]:
        """The messages from one of these nodes to another, by when they were sent (virtual seconds).

        A message that was seen to leave and did not arrive at any of the others is lost. Messages to all nodes are
        drawn to the first participant that heard them.
        """
        from kamesim.plots.ladder import LadderMessage

        seen = [s for s in self.sightings if start <= s.time <= end + 5.0 and s.node in participants]
        messages = []
        for out in (s for s in seen if s.sent and s.time <= end):
            if self._is_relay(out, seen):
                continue
            heard = [s for s in seen if not s.sent and s.identity == out.identity and s.time >= out.time]
            heard = [s for s in heard if s.node != out.node and s.time < self._repeated(out, seen)]
            final = self._end_of_journey(out, heard)
            if final is None and out.destination.startswith("ff"):
                continue  # for nodes that are not drawn
            target = final.node if final is not None else participants[-1]
            received = final.time if final is not None else None
            kind = _KINDS.get(out.label, "nd" if out.label.startswith(_NEIGHBOR_DISCOVERY) else "data")
            messages.append(LadderMessage(out.time, received, out.node, target, out.label, kind, out.detail))
        return messages

    @staticmethod
    def _repeated(out: Sighting, seen: list[Sighting]) -> float:
        """When the node sends the same bytes again: what is heard from then on is that."""
        again = (s.time for s in seen if s.sent and s.node == out.node and s.identity == out.identity)
        return min((time for time in again if time > out.time), default=math.inf)

    @staticmethod
    def _is_relay(out: Sighting, seen: list[Sighting]) -> bool:
        """Whether the node only passes the message on."""
        return any(
            not s.sent and s.node == out.node and s.identity == out.identity and s.time <= out.time for s in seen
        )

    @staticmethod
    def _end_of_journey(out: Sighting, heard: list[Sighting]) -> Sighting | None:
        """Where a message ended: the last node that got it, the first one if it was for many."""
        if not heard:
            return None
        return heard[0] if out.destination.startswith("ff") else heard[-1]


def _of_handoff(messages: Iterable[LadderMessage], handoff: Handoff) -> list[LadderMessage]:
    """What matters of a hand-off: Neighbor Discovery by the mobile node's own, and of all the periodic Router
    Advertisements the one that it detected the movement by."""
    detected = handoff.movement_detection.end
    kept = []
    for message in messages:
        if message.kind == "nd" and handoff.node not in (message.source, message.destination):
            continue
        if message.label == "Router Advertisement" and message.time_received != detected:
            continue
        kept.append(message)
    return kept


def handoff_ladder(log: SignallingLog, handoff: Handoff, participants: Sequence[str], captions: dict[str, str]) -> Ladder:
    """The signalling of one hand-off as a message ladder, from the loss of the link until all is settled."""
    from kamesim.plots.ladder import Ladder, LadderEvent, LadderPhase

    ends = [phase.end for _, phase in handoff.phases if phase.end is not None]
    end = max([*ends, handoff.correspondent.end or handoff.start]) + 0.3
    node = handoff.node
    events: list[LadderEvent] = [LadderEvent(handoff.start, node, "link lost")]
    if handoff.l2.end is not None:
        events.append(LadderEvent(handoff.l2.end, node, f"link up: {handoff.target}"))
    if handoff.dad.end is not None:
        events.append(LadderEvent(handoff.dad.end, node, "care-of address usable"))
    phases = [LadderPhase(name, p.start, p.end) for name, p in handoff.phases if p.start is not None and p.end is not None]
    return Ladder(
        participants,
        _of_handoff(log.between(participants, handoff.start, end), handoff),
        events=events,
        phases=phases,
        title=f"Hand-off {handoff.number}: {handoff.origin} to {handoff.target}",
        captions=captions,
    )
