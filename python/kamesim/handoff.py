"""The anatomy of hand-offs: when a mobile node's hand-off went through which phase, and what it cost the traffic.

The phases are read from the node's trace; losses and outages from the packets of measured flows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from kamesim.flow import Flow
    from kamesim.node import Node

#: A packet belongs to the last hand-off that began at most this long after it was sent: what was under way to the
#: mobile node when its link went down is lost too. Longer than any path of the networks studied here.
IN_FLIGHT_S = 0.5


@dataclass
class Phase:
    """A stretch of virtual time, in seconds; None where it did not happen."""

    start: float | None = None
    end: float | None = None

    @property
    def duration(self) -> float | None:
        """end - start in seconds, None if either is missing."""
        return None if self.start is None or self.end is None else self.end - self.start


@dataclass
class DirectionLoss:
    """What a hand-off did to the packets of one direction."""

    lost: int = 0  #: packets that never arrived
    reordered: int = 0  #: packets that arrived after one sent later
    outage: float = 0.0  #: seconds between the last packet delivered before and the first one after, by send time


@dataclass
class Handoff:
    """One hand-off of a mobile node. Times are virtual seconds."""

    node: str
    number: int
    start: float
    origin: str  #: the cell it left
    target: str = ""  #: the cell it came to
    l2: Phase = field(default_factory=Phase)  #: from the loss of the link to the new one
    movement_detection: Phase = field(default_factory=Phase)  #: from the new link to the first router advertisement
    dad: Phase = field(default_factory=Phase)  #: from then until a care-of address may be used; none when at home
    home_registration: Phase = field(default_factory=Phase)  #: Binding Update sent to Acknowledgement received; no refresh
    local_registration: Phase = field(default_factory=Phase)  #: the same with a Mobility Anchor Point (RFC 5380)
    return_routability: Phase = field(default_factory=Phase)  #: first test message sent to both tests answered
    correspondent: Phase = field(default_factory=Phase)  #: from then until the correspondent's binding is in use
    downlink: DirectionLoss = field(default_factory=DirectionLoss)
    uplink: DirectionLoss = field(default_factory=DirectionLoss)

    @property
    def outage(self) -> float:
        """The longer of the two directions' outages, in seconds."""
        return max(self.downlink.outage, self.uplink.outage)

    @property
    def phases(self) -> list[tuple[str, Phase]]:
        """The phases that happened, by name and in order."""
        named = [
            ("L2 hand-off", self.l2),
            ("movement detection", self.movement_detection),
            ("DAD", self.dad),
            ("local registration", self.local_registration),
            ("home registration", self.home_registration),
            ("return routability", self.return_routability),
        ]
        return [(name, phase) for name, phase in named if phase.duration is not None]


def analyse(node: Node, *, downlink: Sequence[Flow] = (), uplink: Sequence[Flow] = ()) -> list[Handoff]:
    """The hand-offs of a mobile node, from its trace and the flows to it (downlink) and from it (uplink)."""
    rows: Iterable[dict[Any, Any]] = node.trace.to_dict("records") if len(node.trace) else []
    handoffs = phases_of(node.name, rows)
    for flow in downlink:
        account(handoffs, flow.frame(), lambda handoff: handoff.downlink)
    for flow in uplink:
        account(handoffs, flow.frame(), lambda handoff: handoff.uplink)
    return handoffs


def phases_of(node: str, rows: Iterable[dict[Any, Any]]) -> list[Handoff]:
    """The hand-offs in a trace: rows with time_s, kind and the fields of the kind, in order of time."""
    handoffs: list[Handoff] = []
    bindings = _HomeBindings()
    for row in rows:
        kind, time = row["kind"], float(row["time_s"])
        anew = bindings.take(kind, row)
        if kind == "l2.disassociated":
            number = len(handoffs) + 1
            handoffs.append(Handoff(node, number, time, origin=str(row.get("cell", "")), l2=Phase(start=time)))
        elif handoffs and anew:
            _take(handoffs[-1], kind, time, row)
    return handoffs


class _HomeBindings:
    """The care-of addresses that each home agent was told of: what repeats one is no hand-off's, but a refresh."""

    def __init__(self) -> None:
        self._sent: dict[Any, Any] = {}
        self._held: dict[Any, Any] = {}

    def take(self, kind: str, row: dict[Any, Any]) -> bool:
        """Notes a record; whether it may be of a hand-off in progress."""
        if kind == "mip6.binding_update_sent" and row.get("home_registration") == 1:
            agent, care_of = row.get("destination"), row.get("care_of")
            refresh = care_of is not None and care_of == self._sent.get(agent) == self._held.get(agent)
            self._sent[agent] = care_of
            return not refresh
        if kind == "mip6.binding_ack_received":
            agent = row.get("source")
            if agent not in self._sent:
                return False  # of a correspondent
            if row.get("status", 255) < 128:
                self._held[agent] = self._sent[agent]
        return True


def _take(handoff: Handoff, kind: str, time: float, row: dict[Any, Any]) -> None:
    """Notes what one trace record says of the hand-off in progress; only the first record of each kind counts."""
    if kind == "l2.associated" and handoff.l2.end is None:
        handoff.target = str(row.get("cell", ""))
        handoff.l2.end = handoff.movement_detection.start = time
    elif kind == "nd.ra_received" and handoff.l2.end is not None and handoff.movement_detection.end is None:
        handoff.movement_detection.end = time
    elif kind == "mip6.moved" and handoff.dad.end is None:
        handoff.dad = Phase(handoff.movement_detection.end, time)
    elif kind == "mip6.binding_update_sent" and row.get("home_registration") == 1:
        if handoff.home_registration.start is None:
            handoff.home_registration.start = time
    elif kind == "mip6.binding_ack_received":
        registering = handoff.home_registration
        accepted = row.get("status", 255) < 128
        if registering.start is not None and registering.end is None and accepted:
            registering.end = time
    elif kind == "hmip6.local_update_sent" and handoff.local_registration.start is None:
        handoff.local_registration.start = time
    elif kind == "hmip6.registered" and handoff.local_registration.end is None:
        handoff.local_registration.end = time
    elif kind == "mip6.return_routability_started" and handoff.return_routability.start is None:
        handoff.return_routability.start = time
    elif kind == "mip6.return_routability_done" and handoff.return_routability.end is None:
        handoff.return_routability.end = handoff.correspondent.start = time
    elif kind == "mip6.registered" and handoff.correspondent.start is not None and handoff.correspondent.end is None:
        handoff.correspondent.end = time


def account(handoffs: Sequence[Handoff], packets: pd.DataFrame, side: Callable[[Handoff], DirectionLoss]) -> None:
    """Adds a flow's losses, reordering and outages to the hand-offs that they belong to.

    packets: a row a packet in order of sending, with time_s (sent) and delay_s (NaN: lost).
    """
    import numpy as np

    if not handoffs or not len(packets):
        return
    sent = packets["time_s"].to_numpy()
    arrived = sent + packets["delay_s"].to_numpy()
    delivered = ~np.isnan(arrived)
    starts = [handoff.start - IN_FLIGHT_S for handoff in handoffs] + [math.inf]
    for i, handoff in enumerate(handoffs):
        window = (sent >= starts[i]) & (sent < starts[i + 1])
        loss = side(handoff)
        loss.lost += int((window & ~delivered).sum())
        loss.reordered += _overtaken(arrived[window])
        loss.outage = max(loss.outage, _longest_gap(sent[window & delivered], sent[window & ~delivered]))


def _overtaken(arrivals: Any) -> int:
    """How many of these packets, in order of sending, arrived after one sent later."""
    import numpy as np

    seen = arrivals[~np.isnan(arrivals)]
    if len(seen) < 2:
        return 0
    earliest_later = np.minimum.accumulate(seen[::-1])[::-1]
    return int((seen[:-1] > earliest_later[1:]).sum())


def _longest_gap(delivered: Any, lost: Any) -> float:
    """The longest time between two packets delivered one after the other with lost ones in between, by send time."""
    import numpy as np

    if not len(lost) or len(delivered) < 2:
        return 0.0
    after = np.searchsorted(delivered, lost)
    gaps = [delivered[i] - delivered[i - 1] for i in set(after.tolist()) if 0 < i < len(delivered)]
    return float(max(gaps, default=0.0))


COLUMNS = [
    "number", "from", "to", "start_s", "l2_s", "movement_detection_s", "dad_s", "home_registration_s",
    "return_routability_s", "outage_s", "lost_down", "lost_up", "reordered",
]  # fmt: skip


def table(handoffs: Iterable[Handoff]) -> pd.DataFrame:
    """One row a hand-off; durations in seconds, NaN for phases that did not happen."""
    import pandas as pd

    def seconds(phase: Phase) -> float:
        return math.nan if phase.duration is None else phase.duration

    rows = [
        (
            h.number, h.origin, h.target, h.start, seconds(h.l2), seconds(h.movement_detection), seconds(h.dad),
            seconds(h.home_registration), seconds(h.return_routability), h.outage, h.downlink.lost, h.uplink.lost,
            h.downlink.reordered + h.uplink.reordered,
        )
        for h in handoffs
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)
