"""Radio cells in a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kamesim import errors
from kamesim.cell import Cell, Radio
from kamesim.channel import Channel
from kamesim.maps import Maps

if TYPE_CHECKING:
    from kamesim.media import Lan
    from kamesim.node import Node
    from kamesim.radio import Shadowing, TwoRay
    from kamesim.router import Router


class CellBuilding(Maps):
    """The part of `Network` that makes radio cells."""

    def cell(
        self,
        name: str,
        position: tuple[float, float],
        *,
        lan: Lan | str | None = None,
        router: Node | str | None = None,
        prefix: Any = None,
        radius: float | None = None,
        tx_power: float = 20.0,
        reference_loss: float = 40.0,
        path_loss_exponent: float = 3.0,
        sensitivity: float = -85.0,
        two_ray: TwoRay | None = None,
        shadowing: Shadowing | None = None,
        retry_limit: int | None = None,
        channel_number: int = 1,
        rate: float | None = 54e6,
        delay: float = 0.0,
        jitter: float = 0.0,
        loss: float = 0.0,
        mtu: int = 1500,
        queue: int = 1000,
        advertise: bool | dict[str, Any] = True,
    ) -> Cell:
        """Makes a radio cell: an access point, bridged onto a LAN.

        position: of the access point, (x, y) in metres. lan: that it is bridged onto; several cells on one LAN are
        one subnet. router: instead of a LAN: one is made, "<name>.lan", with this router on it; `prefix` is as for
        `Network.lan`, `advertise` as for `Lan.attach`.
        radius: how far the signal reaches, in metres; None: as `sensitivity` (dBm) has it. tx_power: dBm.
        reference_loss: dB at 1 m. path_loss_exponent: 2 in free space, 3 to 4 among buildings. two_ray: another law for
        these two. shadowing: None: there is none. retry_limit: how often a frame is tried, as by 802.11 (7 there):
        attempts fail the more the weaker the signal, and take the time that 802.11 adds; None: a signal is received or
        it is not.
        channel_number: where stations that scan find it.
        rate: bits per second, shared by all stations. loss: the probability that a receiver misses a frame. delay,
        jitter, mtu, queue: as those of `Network.link`.
        """
        self._new_name("cell", name)
        what = f"cell {name!r}"
        if (lan is None) == (router is None):
            raise errors.Error(f"{what}: give either lan=, the LAN it is bridged onto, or router=, its access router")
        radio = Radio.check(
            what,
            position,
            radius=radius,
            tx_power=tx_power,
            reference_loss=reference_loss,
            path_loss_exponent=path_loss_exponent,
            sensitivity=sensitivity,
            two_ray=two_ray,
            shadowing=shadowing,
            retry_limit=retry_limit,
            channel_number=channel_number,
        )
        channel = Channel.check(what, rate=rate, delay=delay, jitter=jitter, loss=loss, mtu=mtu, queue=queue)
        if lan is not None and prefix is not None:
            raise errors.Error(f"{what}: prefix is not for a cell on a LAN; its prefixes are those of the LAN")
        if router is not None:
            wire = self._network().lan(self._new_name("LAN", f"{name}.lan"), prefix)
            wire.attach(router, advertise=advertise)
        else:
            wire = self._lan(lan or "")
        if isinstance(wire, Cell):
            errors.fail(what, "lan", wire.name, "a LAN, not another cell")
        core = self._core.add_cell(name, wire._core, radio.to_core(channel))
        cell = Cell(self._network(), name, channel, wire, radio, core)
        self._medium_added(cell)
        return cell

    def access_router(self, cell: Cell | str) -> Router:
        """The router by which a cell is reached: the first on its LAN."""
        from kamesim.router import Router

        medium = self.medium(cell)
        if not isinstance(medium, Cell):
            raise errors.Error(f"access_router: {medium.name!r} is a {medium.kind}, not a cell")
        for node in medium.lan.nodes:
            if isinstance(node, Router):
                return node
        raise errors.Error(f"access_router: {medium.name!r} has no router on its LAN, {medium.lan.name!r}")
