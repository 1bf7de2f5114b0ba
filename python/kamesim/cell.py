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
from kamesim.radio import Delay, Scan, Shadowing, TwoRay

if TYPE_CHECKING:
    from kamesim.interface import Interface
    from kamesim.network import Network


@dataclass(frozen=True)
class Radio:
    """An access point's place (metres), signal, and what 802.11 does with it. All checked."""

    position: tuple[float, float]
    tx_power: float  #: dBm
    reference_loss: float  #: dB, at 1 m
    path_loss_exponent: float
    sensitivity: float  #: dBm
    two_ray: TwoRay | None  #: instead of the reference loss and the exponent
    shadowing: Shadowing | None
    retry_limit: int | None  #: attempts of a frame; None: frames are not sent again
    channel_number: int

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
        two_ray: Any,
        shadowing: Any,
        retry_limit: Any,
        channel_number: Any,
    ) -> Radio:
        """The radio that a user's values describe; radius, if given, decides the sensitivity."""
        place = errors.position(what, "position", position)
        power = errors.number(what, "tx_power", tx_power, "dBm", minimum=-200, maximum=200)
        loss = errors.number(what, "reference_loss", reference_loss, "dB", minimum=0, maximum=200)
        exponent = errors.number(what, "path_loss_exponent", path_loss_exponent, "", above=0, maximum=10)
        if two_ray is not None:
            if not isinstance(two_ray, TwoRay):
                errors.fail(what, "two_ray", two_ray, "kamesim.TwoRay(...), or None")
            two_ray.check(what)
        if shadowing is not None:
            if not isinstance(shadowing, Shadowing):
                errors.fail(what, "shadowing", shadowing, "kamesim.Shadowing(...), or None")
            shadowing.check(what)
        if retry_limit is not None:
            retry_limit = errors.integer(what, "retry_limit", retry_limit, "attempts", minimum=1, maximum=255)
        number = errors.integer(what, "channel_number", channel_number, "", minimum=1, maximum=1000)
        if radius is None:
            least = errors.number(what, "sensitivity", sensitivity, "dBm", minimum=-300, maximum=200)
        else:
            metres = errors.number(what, "radius", radius, "metres", minimum=1)
            least = power - (two_ray.loss(metres) if two_ray else loss + 10 * exponent * math.log10(metres))
        return cls(place, power, loss, exponent, least, two_ray, shadowing, retry_limit, number)

    @property
    def radius(self) -> float:
        """How far the signal reaches without shadowing, in metres."""
        if self.two_ray is not None:
            return self._two_ray_radius(self.two_ray)
        margin = self.tx_power - self.reference_loss - self.sensitivity
        return float(10 ** (margin / (10 * self.path_loss_exponent)))

    def _two_ray_radius(self, ground: TwoRay) -> float:
        loss = self.tx_power - self.sensitivity
        if loss < ground.loss(ground.crossover_distance):
            return 10 ** ((loss - ground.loss(1.0)) / 20)
        return 10 ** ((loss + 20 * math.log10(ground.antenna_height * ground.station_height)) / 40)

    def to_core(self, channel: Channel) -> CellConfig:
        ground, shadows = self.two_ray, self.shadowing
        return CellConfig(
            *self.position,
            self.tx_power,
            self.reference_loss,
            self.path_loss_exponent,
            self.sensitivity,
            channel.to_core(),
            None if ground is None else (ground.antenna_height, ground.station_height, ground.frequency),
            0.0 if shadows is None else shadows.deviation,
            1.0 if shadows is None else shadows.decorrelation_distance,
            self.retry_limit,
            self.channel_number,
        )


@dataclass(frozen=True)
class Roaming:
    """How an interface roams between cells."""

    beacon_interval_ns: int
    hysteresis: float  #: dB
    delay: Delay
    scan: Scan | None

    @classmethod
    def check(cls, what: str, *, beacon_interval: Any, hysteresis: Any, handoff_delay: Any, scan: Any) -> Roaming:
        """What a user's values describe."""
        if scan is not None and not isinstance(scan, Scan):
            errors.fail(what, "scan", scan, "kamesim.Scan(...), or None")
        if scan is not None:
            scan.to_core(what)
        return cls(
            errors.nanoseconds(what, "beacon_interval", beacon_interval, above=0),
            errors.number(what, "hysteresis", hysteresis, "dB", maximum=100),
            Delay.check(what, "handoff_delay", handoff_delay),
            scan,
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
