"""An interface of a node."""

from __future__ import annotations

import math
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Union

from kamesim import _core, errors

if TYPE_CHECKING:
    from kamesim.advertising import Advertising
    from kamesim.cell import Roaming
    from kamesim.controls import AdvertisementGuard
    from kamesim.media import Medium
    from kamesim.node import Node


@dataclass(frozen=True)
class HostConfiguration:
    """What the routers of a link told a host, beside addresses and routes."""

    managed: bool  #: addresses are given by DHCPv6 (RFC 4861 section 4.2, M)
    other_configuration: bool  #: other configuration is (O)
    dns_servers: dict[str, float]  #: address to the time, in seconds, when it expires; in the order of their use
    dns_search_domains: dict[str, float]  #: name to the time when it expires (RFC 8106)
    captive_portal: str | None  #: URI of its API (RFC 8910)
    flags_expansion: int  #: the further flags of RFC 5175, bit 47 the first


class Interface:
    """An Ethernet interface: a NIC, and IPv6 on it."""

    def __init__(self, node: Node, core: _core.Interface) -> None:
        self.node = node
        self._core = core
        self.roaming: Roaming | None = None  #: how it roams between cells; None: it stays where it is attached
        self.advertising: Advertising | None = None  #: what a router advertises on it
        self.advertisement_guard: AdvertisementGuard | None = None  #: by `guard_advertisements`; None: it does not guard
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
    def ipv4_addresses(self) -> list[str]:
        """Its IPv4 addresses, in the order in which they came."""
        return self._core.ipv4_addresses()

    @property
    def link_local(self) -> str | None:
        """Its link-local address; None while it has none."""
        return next((a for a in self.addresses if IPv6Address(a).is_link_local), None)

    # --- Neighbor Discovery -------------------------------------------------------------------------------------------

    def add_proxy(self, address: str) -> None:
        """Speaks for another node: solicitations for the address are answered with the own MAC address.

        The answers have the Override flag clear, and one is sent to all nodes now (RFC 4861 section 7.2.8). What comes
        for the address is forwarded by the node's routes, if it is a router. A reboot keeps it.
        """
        what = f"interface {self.full_name!r}: add_proxy"
        text = errors.address(what, "address", address)
        parsed = IPv6Address(text)
        if parsed.is_multicast or parsed.is_unspecified or parsed.is_loopback:
            errors.fail(what, "address", address, "the address of another node")
        if text in self.addresses:
            raise errors.Error(f"{what}: {text} is an address of {self.full_name!r} itself")
        if not self._core.add_proxy(text):
            raise errors.Error(f"{what}: {self.full_name!r} is a proxy for {text} already")

    def remove_proxy(self, address: str) -> None:
        """Speaks for the other node no longer."""
        what = f"interface {self.full_name!r}: remove_proxy"
        text = errors.address(what, "address", address)
        if not self._core.remove_proxy(text):
            raise errors.UnknownName(f"{what}: address", text, self.proxies)

    @property
    def proxies(self) -> list[str]:
        """The addresses that it is a proxy for by `add_proxy`."""
        return self._core.proxies()

    def ask_addresses(self, mac: str) -> None:
        """Asks the station of that MAC address for its IPv6 addresses, by Inverse Neighbor Discovery (RFC 3122).

        It asks three times at the most, RetransTimer apart; what is answered stands in `node.neighbors()`. Both nodes
        need `node.nd.inverse_nd = True`.
        """
        what = f"interface {self.full_name!r}: ask_addresses"
        text = errors.mac(what, "mac", mac)
        if text is None:
            errors.fail(what, "mac", mac, "a MAC address, such as '02:00:00:00:00:01'")
        if not self.node.nd.inverse_nd:
            raise errors.Error(f"{what}: inverse discovery is off; set {self.node.name}.nd.inverse_nd = True first")
        if not self._core.ask_addresses(self.node._core, text):
            raise errors.Error(f"{what}: {self.full_name!r} is down, has no address, or asks {text} already")

    @property
    def link_layer_addresses(self) -> bool:
        """Whether the ends of its link have link-layer addresses, as on Ethernet; may be set, at both ends alike.

        Without them, as over PPP (RFC 5072), a link of two ends has nothing to resolve: packets go at once, Neighbor
        Unreachability Detection finds out whether the other end is there, messages carry no link-layer address
        options, and addresses made of the interface identifier are not tested.
        """
        return self._core.link_layer_addresses

    @link_layer_addresses.setter
    def link_layer_addresses(self, value: bool) -> None:
        what = f"interface {self.full_name!r}"
        on = errors.flag(what, "link_layer_addresses", value)
        if not on and self.medium is not None and not self._core.point_to_point:
            errors.fail(what, "link_layer_addresses", value, "True on a LAN or cell, which has more than two ends")
        self._core.link_layer_addresses = on

    @property
    def multicast_scope_boundary(self) -> int:
        """Packets for groups of this scope, and of lesser ones, are not forwarded across it; may be set, 2 to 14.

        2, the link's own scope, is the default; 5: the interface is at the border of a site (RFC 4007 section 5).
        """
        return self._core.multicast_scope_boundary

    @multicast_scope_boundary.setter
    def multicast_scope_boundary(self, value: int) -> None:
        what = f"interface {self.full_name!r}"
        self._core.multicast_scope_boundary = errors.integer(
            what, "multicast_scope_boundary", value, "", minimum=2, maximum=14
        )

    @property
    def multicast_hop_threshold(self) -> int:
        """Packets for groups are forwarded by it only if they have more hops left than that; may be set, 0 to 255."""
        return self._core.multicast_hop_threshold

    @multicast_hop_threshold.setter
    def multicast_hop_threshold(self, value: int) -> None:
        what = f"interface {self.full_name!r}"
        self._core.multicast_hop_threshold = errors.integer(
            what, "multicast_hop_threshold", value, "", minimum=0, maximum=255
        )

    @property
    def prefer_source(self) -> bool:
        """Whether its addresses are better sources than other interfaces'; may be set.

        Of use where `node.ip6.address_selection` is "KAME" (its rule 9, before the longest matching prefix).
        """
        return self._core.prefer_source

    @prefer_source.setter
    def prefer_source(self, value: bool) -> None:
        self._core.prefer_source = errors.flag(f"interface {self.full_name!r}", "prefer_source", value)

    @property
    def configuration(self) -> HostConfiguration:
        """What routers told the host here, beside addresses and routes."""
        managed, other, servers, domains, portal, flags = self._core.host_information()

        def seconds(rows: list[tuple[str, int | None]]) -> dict[str, float]:
            return {name: math.inf if end is None else end / 1e9 for name, end in rows}

        return HostConfiguration(managed, other, seconds(servers), seconds(domains), portal or None, flags)

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


#: What methods of a node take for one of its interfaces: itself, its name, or the link, LAN or cell that it is on.
InterfaceLike = Union[Interface, "Medium", str]
