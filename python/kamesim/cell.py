"""Radio cells, and interfaces that roam between them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kamesim import errors
from kamesim._core import Cell as CoreCell
from kamesim._core import CellConfig
from kamesim.channel import Channel
from kamesim.media import Lan

if TYPE_CHECKING:
    from kamesim.interface import Interface
    from kamesim.network import Network


@dataclass(frozen=True)
class Radio:
    """An access point's place (metres) and signal: log-distance path loss. All checked."""

    position: tuple[float, float]
    tx_power: float  #: dBm
    reference_loss: float  #: dB, at 1 m
    path_loss_exponent: float
    sensitivity: float  #: dBm

    @classmethod
    def check(
        cls,
        what: str,
        position: Any,
        *,
        radius: Any,
        tx_power: Any,
        reference_loss: Any,
        path_loss_exponent: Any,
        sensitivity: Any,
    ) -> Radio:
        """The radio that a user's values describe; radius, if given, decides the sensitivity."""
        place = errors.position(what, "position", position)
        power = errors.number(what, "tx_power", tx_power, "dBm", minimum=-200, maximum=200)
        loss = errors.number(what, "reference_loss", reference_loss, "dB", minimum=0, maximum=200)
        exponent = errors.number(what, "path_loss_exponent", path_loss_exponent, "", above=0, maximum=10)
        if radius is None:
            least = errors.number(what, "sensitivity", sensitivity, "dBm", minimum=-300, maximum=200)
        else:
            metres = errors.number(what, "radius", radius, "metres", minimum=1)
            least = power - loss - 10 * exponent * math.log10(metres)
        return cls(place, power, loss, exponent, least)

    @property
    def radius(self) -> float:
        """How far the signal reaches, in metres."""
        margin = self.tx_power - self.reference_loss - self.sensitivity
        return float(10 ** (margin / (10 * self.path_loss_exponent)))

    def to_core(self, channel: Channel) -> CellConfig:
        return CellConfig(
            *self.position,
            self.tx_power,
            self.reference_loss,
            self.path_loss_exponent,
            self.sensitivity,
            channel.to_core(),
        )


@dataclass(frozen=True)
class Roaming:
    """How an interface roams between cells."""

    beacon_interval_ns: int
    hysteresis: float  #: dB
    handoff_min_ns: int
    handoff_max_ns: int

    @classmethod
    def check(cls, what: str, *, beacon_interval: Any, hysteresis: Any, handoff_delay: Any) -> Roaming:
        """What a user's values describe; handoff_delay is a number of seconds, or a pair of the least and the most."""
        pair = isinstance(handoff_delay, (tuple, list)) and len(handoff_delay) == 2
        low, high = handoff_delay if pair else (handoff_delay, handoff_delay)
        low_ns = errors.nanoseconds(what, "handoff_delay", low)
        high_ns = errors.nanoseconds(what, "handoff_delay", high)
        if high_ns < low_ns:
            errors.fail(what, "handoff_delay", handoff_delay, "a pair whose first is the lesser")
        return cls(
            errors.nanoseconds(what, "beacon_interval", beacon_interval, above=0),
            errors.number(what, "hysteresis", hysteresis, "dB", maximum=100),
            low_ns,
            high_ns,
        )


class Cell(Lan):
    """A radio cell: an access point that bridges its stations onto a LAN (see `Network.cell`)."""

    _core: CoreCell  # type: ignore[assignment]
    kind = "cell"

    def __init__(self, network: Network, name: str, channel: Channel, lan: Lan, radio: Radio, core: CoreCell) -> None:
        super().__init__(network, name, channel, [])
        self.lan = lan  #: the LAN that it is bridged onto
        self.radio = radio
        self._core = core

    @property
    def prefixes(self) -> list[str]:
        """The IPv6 prefixes on it: those of its LAN."""
        return self.lan.prefixes

    @property
    def interfaces(self) -> list[Interface]:
        """The interfaces that are associated to it now."""
        return [i for node in self.network.nodes for i in node.interfaces if i._core.medium == self.name]

    @property
    def position(self) -> tuple[float, float]:
        """The place of its access point, (x, y) in metres."""
        return self.radio.position

    @property
    def radius(self) -> float:
        """How far its signal reaches, in metres."""
        return self.radio.radius

    @property
    def up(self) -> bool:
        """Whether its LAN carries frames; may be set there."""
        return self.lan.up

    @up.setter
    def up(self, value: bool) -> None:
        raise errors.Error(f"{self._what}: up cannot be set; set that of its LAN, {self.lan.name!r}")

    def signal(self, position: tuple[float, float]) -> float:
        """Its signal at a place (x, y) in metres, in dBm."""
        return self._core.signal_dbm(*errors.position(f"{self._what}: signal", "position", position))

    def _configure(self) -> None:
        self._core.config = self.radio.to_core(self._channel)
