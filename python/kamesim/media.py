"""Links and LANs: what carries frames between interfaces."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network
from typing import TYPE_CHECKING, Any

from kamesim import addressing, errors
from kamesim._core import Lan as CoreLan
from kamesim._core import Link as CoreLink
from kamesim.channel import Channel
from kamesim.interface import Interface
from kamesim.tester import Tester

if TYPE_CHECKING:
    from kamesim.network import Network
    from kamesim.node import Node


class Medium:
    """What links and LANs have in common."""

    _core: CoreLink | CoreLan
    kind = "medium"

    def __init__(self, network: Network, name: str, channel: Channel, prefixes: list[IPv6Network]) -> None:
        self.network = network
        self.name = name
        self._channel = channel
        self._prefixes = prefixes
        self._interfaces: list[Interface] = []

    @property
    def prefixes(self) -> list[str]:
        """The IPv6 prefixes on it."""
        return [str(p) for p in self._prefixes]

    @property
    def interfaces(self) -> list[Interface]:
        """The interfaces of nodes that are attached to it."""
        return list(self._interfaces)

    @property
    def nodes(self) -> list[Node]:
        """The nodes that are attached to it."""
        return [i.node for i in self.interfaces]

    def address_of(self, node: Node | str) -> str:
        """The global address that a node has on it."""
        who = self.network.node(node)
        networks = [IPv6Network(prefix) for prefix in self.prefixes]
        for interface in who.interfaces:
            for address in interface.addresses:
                if any(IPv6Address(address) in network for network in networks):
                    return address
        raise errors.Error(f"{self._what}: {who.name!r} has no address on it; its prefixes are {self.prefixes}")

    @property
    def up(self) -> bool:
        """Whether it carries frames; may be set. What is under way when it goes down is lost."""
        return self._core.up

    @up.setter
    def up(self, value: bool) -> None:
        self._core.up = errors.flag(self._what, "up", value)

    @property
    def delay(self) -> float:
        """Propagation delay in seconds."""
        return self._channel.delay

    @property
    def rate(self) -> float | None:
        """Bits per second; None: infinite."""
        return self._channel.rate

    @property
    def jitter(self) -> float:
        """Up to this is added to each frame's delay, in seconds."""
        return self._channel.jitter

    @property
    def loss(self) -> float:
        """The probability that a frame is lost."""
        return self._channel.loss

    @property
    def mtu(self) -> int:
        """The largest packet it carries, in bytes; may be set, as all of these by `configure`."""
        return self._channel.mtu

    @mtu.setter
    def mtu(self, value: int) -> None:
        self.configure(mtu=value)

    @property
    def queue(self) -> int:
        """How many frames wait at a sender before more are dropped."""
        return self._channel.queue

    @property
    def channel(self) -> Channel:
        """All of these, as the simulation has them."""
        return self._channel

    def configure(self, **changes: Any) -> None:
        """Changes some of delay, rate, jitter, loss, mtu and queue, for frames sent from now on."""
        current = {key: getattr(self, key) for key in ("rate", "delay", "jitter", "loss", "mtu", "queue")}
        for key in changes:
            if key not in current:
                raise errors.UnknownName(f"{self._what}: parameter", key, current)
        self._channel = Channel.check(self._what, **{**current, **changes})
        self._configure()

    def _configure(self) -> None:
        self._core.config = self._channel.to_core()

    def tester(self, name: str | None = None, *, promiscuous: bool = True, mac: str | None = None) -> Tester:
        """A raw Ethernet port on it, in lock step with virtual time: see `Tester`."""
        return self.network.tester(self, name, promiscuous=promiscuous, mac=mac)

    @property
    def _what(self) -> str:
        return f"{self.kind} {self.name!r}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} {' '.join(self.prefixes)}, {len(self.interfaces)} attached>"


class Link(Medium):
    """A full-duplex point-to-point link between two nodes (see `Network.link`)."""

    _core: CoreLink
    kind = "link"

    @property
    def a(self) -> Interface:
        """The interface at its first end."""
        return self._interfaces[0]

    @property
    def b(self) -> Interface:
        """The interface at its second end."""
        if len(self._interfaces) < 2:
            raise errors.Error(f"{self._what}: its second end is free")
        return self._interfaces[1]

    def _join(self, ends: list[Interface]) -> None:
        for interface in ends:
            self._core.attach(interface._core)
            self._interfaces.append(interface)


class Lan(Medium):
    """A switched Ethernet LAN (see `Network.lan`)."""

    _core: CoreLan
    kind = "LAN"

    def attach(
        self,
        node: Node | str,
        *,
        name: str | None = None,
        mac: str | None = None,
        address: str | list[str] | None | bool = None,
        advertise: bool | dict[str, Any] = True,
    ) -> Interface:
        """Attaches a node, by a new interface. Returns the interface.

        name: of the interface; None: "eth<n>". mac: its MAC address; None: one is made up.
        address: IPv6 addresses, such as "2001:db8::1/64". None: a router gets the next free one (::1, ::2, ...) in
        each of the LAN's prefixes, a host configures itself from Router Advertisements. False: none in either case.
        advertise: whether a router sends Router Advertisements, if the LAN has prefixes; or what they say, as the
        arguments of `Router.advertise`: {"max_interval": 10}.
        """
        from kamesim.router import Router

        who = self.network.node(node)
        what = f"{self._what}: attach {who.name!r}"
        if not isinstance(advertise, (bool, dict)):
            errors.fail(what, "advertise", advertise, "True, False, or a dict of arguments of Router.advertise")
        addresses = self._addresses_for(who, what, address)
        advertising = None
        if isinstance(who, Router) and advertise is not False and self.prefixes:
            variables = advertise if isinstance(advertise, dict) else {}
            advertising = who._check_advertising(f"advertise on {self.name!r}", self, variables)
        interface = who.add_interface(name, mac=mac)
        self._join(interface)
        for text in addresses:
            who.add_address(text, interface=interface)
        if isinstance(who, Router) and advertising is not None:
            who._advertise(interface, advertising)
        return interface

    def detach(self, node: Node | str) -> Interface:
        """Takes a node off; its interface stays on the node, without a link. Returns the interface."""
        who = self.network.node(node)
        for interface in self.interfaces:
            if interface.node is who:
                self._check_not_roaming(interface)
                self._leave(interface)
                return interface
        raise errors.Error(f"{self._what}: {who.name!r} is not attached to it; attached are {self._attached()}")

    def _check_not_roaming(self, interface: Interface) -> None:
        if interface.roaming is not None:
            raise errors.Error(
                f"{self._what}: {interface.full_name!r} roams by itself; move its node, by node.position or node.path"
            )

    def _attached(self) -> str:
        return ", ".join(repr(n.name) for n in self.nodes) or "none"

    def _join(self, interface: Interface) -> None:
        self._core.attach(interface._core)
        self._interfaces.append(interface)

    def _leave(self, interface: Interface) -> None:
        self._core.detach(interface._core)
        if interface in self._interfaces:
            self._interfaces.remove(interface)

    def _addresses_for(self, node: Node, what: str, given: Any) -> list[str]:
        if given is False or (given is None and not node.is_router):
            return []
        if given is None:
            return [self._free_router_address(prefix) for prefix in self._prefixes]
        texts = [given] if isinstance(given, str) else given
        if not isinstance(texts, list):
            errors.fail(what, "address", given, "an address, a list of them, None (automatic) or False (none)")
        return ["%s/%d" % errors.address_with_length(what, "address", text) for text in texts]

    def _free_router_address(self, prefix: IPv6Network) -> str:
        taken = {a for i in self.interfaces for a in i.addresses}
        number = 1
        while str(prefix.network_address + number) in taken:
            number += 1
        return addressing.nth_address(prefix, number)
