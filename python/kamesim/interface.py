"""An interface of a node."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import TYPE_CHECKING

from kamesim import _core, errors

if TYPE_CHECKING:
    from kamesim.advertising import Advertising
    from kamesim.cell import Roaming
    from kamesim.media import Medium
    from kamesim.node import Node


class Interface:
    """An Ethernet interface: a NIC, and IPv6 on it."""

    def __init__(self, node: Node, core: _core.Interface) -> None:
        self.node = node
        self._core = core
        self.roaming: Roaming | None = None  #: how it roams between cells; None: it stays where it is attached
        self.advertising: Advertising | None = None  #: what a router advertises on it
        self._station: _core.Station | None = None

    @property
    def cell(self) -> str | None:
        """The name of the cell that it is associated to; None: none, or it does not roam."""
        return None if self._station is None else self._station.cell

    @property
    def name(self) -> str:
        """Its name on the node: "eth0"."""
        return self._core.name

    @property
    def mac(self) -> str:
        """Its MAC address."""
        return self._core.mac

    @property
    def mtu(self) -> int:
        """The MTU for IPv6 packets, in bytes: the link's, or what a router advertised.

        May be set, from 1280 to the link's MTU: no packet that it sends is longer then (RFC 4861 section 6.3.2,
        LinkMTU). None: the link's again. What the link itself carries is `medium.configure(mtu=...)`.
        """
        return self._core.mtu

    @mtu.setter
    def mtu(self, value: int | None) -> None:
        what = f"interface {self.full_name!r}"
        if value is None:
            self._core.set_mtu(0)
            return
        link = errors.MAXIMUM_MTU if self.medium is None else self.medium.mtu
        right = f"a whole number of bytes from {errors.MINIMUM_MTU} to the link's MTU, {link}, or None: the link's"
        if isinstance(value, bool) or not isinstance(value, int) or not errors.MINIMUM_MTU <= value <= link:
            errors.fail(what, "mtu", value, right)
        self._core.set_mtu(value)

    @property
    def up(self) -> bool:
        """Whether it is enabled, attached, and the link has carrier."""
        return self._core.up

    @property
    def enabled(self) -> bool:
        """Whether it is administratively up; may be set."""
        return self._core.enabled

    @enabled.setter
    def enabled(self, value: bool) -> None:
        self._core.enabled = errors.flag(f"interface {self.full_name!r}", "enabled", value)

    @property
    def medium(self) -> Medium | None:
        """The link, LAN or cell that it is attached to."""
        name = self._core.medium
        return None if name is None else self.node.network.medium(name)

    @property
    def addresses(self) -> list[str]:
        """Its IPv6 addresses, link-local ones among them, in the order in which they came."""
        return self._core.addresses()

    @property
    def link_local(self) -> str | None:
        """Its link-local address; None while it has none."""
        return next((a for a in self.addresses if IPv6Address(a).is_link_local), None)

    @property
    def counters(self) -> dict[str, int]:
        """Frames and bytes of the NIC: sent_frames, sent_bytes, received_frames, received_bytes."""
        return self._core.counters()

    @property
    def full_name(self) -> str:
        """Node and interface: "h1:eth0"."""
        return f"{self.node.name}:{self.name}"

    def __repr__(self) -> str:
        return f"<Interface {self.full_name!r} {self.mac}{' up' if self.up else ' down'}>"
