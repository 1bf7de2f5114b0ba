"""What a node's kernel part tells its daemons about links, addresses, routers and routes: KAME's routing socket."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kamesim import _core

if TYPE_CHECKING:
    from kamesim.node import Node


@dataclass(frozen=True)
class RouteEntry:
    """A route, as `Node.routes` lists it."""

    prefix: str
    next_hop: str | None  #: None: on the link
    kind: str  #: "unicast", "local", "proxied", "reject", "blackhole"
    origin: str  #: "static", "connected", "router advertisement", "redirect", "mobility", "shortest path"
    metric: int
    mtu: int  #: bytes; 0: the link's


@dataclass(frozen=True)
class RoutingMessage:
    """One message of a `RoutingSocket`."""

    time: float  #: seconds
    #: "link up", "address ready", "default router added", "route added", "route changed", "route removed"...
    what: str
    interface: str | None  #: its name
    address: str | None  #: of messages about addresses and routers
    route: RouteEntry | None  #: of messages about routes


class RoutingSocket:
    """Hears a node's routing messages from when it was made (`Node.routing_socket`) until it is closed.

    `for message in s.read()` or `with node.routing_socket() as s: ...`. A reboot of the node closes it.
    """

    def __init__(self, node: Node) -> None:
        self.node = node
        self._core = _core.RoutingSocket(node._core)

    def read(self) -> list[RoutingMessage]:
        """The messages that have come and were not read yet, oldest first."""
        return list(self._read())

    def _read(self) -> Iterator[RoutingMessage]:
        for time_ns, what, interface, address, route in self._core.read():
            entry = None if route is None else RouteEntry(*route)
            yield RoutingMessage(time_ns / 1e9, what, interface, address, entry)

    @property
    def lost(self) -> int:
        """Messages that found 4096 others waiting."""
        return self._core.lost

    @property
    def closed(self) -> bool:
        """Whether it was closed, or its node has rebooted."""
        return self._core.closed

    def close(self) -> None:
        """Ceases to hear messages; those that wait are gone."""
        self._core.close()

    def __enter__(self) -> RoutingSocket:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<RoutingSocket of {self.node.name}{': closed' if self.closed else ''}>"
