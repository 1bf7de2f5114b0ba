"""A mobile node with several roaming interfaces (RFC 5648): a care-of address on each, and a choice for each flow
(RFC 6089)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Union

from kamesim import _core, errors, tables

if TYPE_CHECKING:
    import pandas as pd

    from kamesim.interface import Interface
    from kamesim.node import Node

_MAX_BID_PRIORITY = 127  # RFC 6089 section 4.1
_PROTOCOLS = {"tcp": 6, "udp": 17, "icmpv6": 58}

AddressRange = Union[str, tuple[str, str], None]
NumberRange = Union[int, tuple[int, int], None]


@dataclass(frozen=True)
class MultihomedMobileNode:
    """A host that keeps its home address, and is reached by several interfaces at once while it is away.

    home_address: its permanent address, on the home link's prefix. home_agent: the address of the router that stands in
    for it. interfaces: those that roam, the preferred one first; or a mapping of each to its priority, 1 to 127, lower
    is better (BID-PRI); None: all that the node has. Each has a Binding Identification Number (BID), from 1 on in
    their order. bulk_registration: whether several are registered in one message. home_prefix_length: bits. lifetime:
    of registrations, seconds, a multiple of 4.

    Packets go by the preferred interface that has a registered care-of address, in both directions, but for flows that
    are bound to others: `node.mobile_ip.bind_flow(...)`. When an interface loses its link, the others take over at once.
    A home agent that accepts one binding only gets that of the preferred interface. On the home link only the interface
    there is used.

    route_optimization: whether correspondents are told the care-of addresses too, each with its BID (RFC 5648 section 5.2);
    packets to and from them then go directly, by the preferred interface, whatever flows say. Else everything goes by
    the home agent.

    prefixes: of a Mobile Network (RFC 3963): the node is a router, and a mobile router by all those interfaces, whose
    network is reached by whatever binding there is; flows to and from it may be bound as well. Its other interfaces have
    the prefixes; `interfaces` of None are those that are on no link with one of them, and have no such address. mode,
    try_other_mode, home_link: as those of `MobileRouter`. None: a mobile host.
    """

    home_address: str
    home_agent: str
    interfaces: Iterable[Interface | str] | Mapping[Interface | str, int] | None = None
    bulk_registration: bool = True
    home_prefix_length: int = 64
    lifetime: float = 420.0
    prefixes: str | Iterable[str] | None = None
    mode: str = "implicit"
    try_other_mode: bool = False
    home_link: str | None = None
    route_optimization: bool = False


@dataclass(frozen=True)
class BoundFlow:
    """A flow binding: its priority, its interfaces by name, and the ranges of its selector (None: any)."""

    priority: int
    interfaces: list[str]
    selector: dict[str, Any]


class Multihomed:
    """The role as it runs on one node."""

    def __init__(
        self,
        what: str,
        node: Node,
        role: MultihomedMobileNode,
        registration: tuple[str, str, int, int],
        networks: list[str],
    ) -> None:
        priorities = _priorities(what, node, role, networks)
        mode = errors.one_of(what, "mode", role.mode, ("implicit", "explicit"))
        other_mode = errors.flag(what, "try_other_mode", role.try_other_mode)
        home_link = None if role.home_link is None else str(errors.prefix(what, "home_link", role.home_link))
        self._bids = {interface.name: bid for bid, interface in enumerate(priorities, start=1)}
        home_address, home_agent, length, lifetime = registration
        bulk = errors.flag(what, "bulk_registration", role.bulk_registration)
        self._core = node._core.enable_multihomed_mobile_ipv6()
        interfaces = [(i._core, self._bids[i.name], priority) for i, priority in priorities.items()]
        optimize = errors.flag(what, "route_optimization", role.route_optimization)
        self._core.start(
            interfaces, home_address, length, home_agent, lifetime, bulk,
            networks, mode == "explicit", other_mode, home_link, optimize,
        )  # fmt: skip
        self.priorities = {interface.name: priority for interface, priority in priorities.items()}  #: BID-PRI
        self.bound: dict[int, BoundFlow] = {}  #: by FID, as they were asked for
        self._what = what
        self._names = {bid: name for name, bid in self._bids.items()}

    @property
    def location(self) -> str:
        return self._core.location

    @property
    def ways(self) -> list[str]:
        return [self._names[bid] for bid in self._core.ways()]

    @property
    def care_of(self) -> str | None:
        by_bid = {bid: care_of for bid, _, care_of, _, _ in self._core.links()}
        ways = self._core.ways()
        return by_bid[ways[0]] if ways else None

    @property
    def fallen_back(self) -> bool:
        return self._core.fallen_back

    @property
    def mobile_router_mode(self) -> str:
        return self._core.mobile_router_mode

    def interfaces(self) -> pd.DataFrame:
        ways = self._core.ways()
        rows = [
            (self._names[bid], bid, priority, care_of, bound, None if expires is None else expires / 1e9, bid in ways)
            for bid, priority, care_of, bound, expires in self._core.links()
        ]
        columns = ["interface", "bid", "priority", "care_of", "registered_care_of", "expires_s", "in_use"]
        return tables.frame(rows, columns)

    def correspondents(self) -> pd.DataFrame:
        rows = [(peer, [self._names[bid] for bid in bids], way) for peer, bids, way in self._core.correspondents()]
        return tables.frame(rows, ["correspondent", "interfaces", "care_of"])

    def flows(self) -> pd.DataFrame:
        rows = [
            (fid, priority, [self._names[bid] for bid in bids], registered, refused)
            for fid, priority, bids, registered, refused in self._core.flows()
        ]
        return tables.frame(rows, ["fid", "priority", "interfaces", "registered", "refused"])

    def bind_flow(
        self, interfaces: tuple[Interface | str, ...], fid: int | None, priority: int | None, selector: dict[str, Any]
    ) -> int:
        what = f"{self._what}: bind_flow"
        known = [(row[0], row[1]) for row in self._core.flows()]
        number = max((f for f, _ in known), default=0) + 1 if fid is None else fid
        number = errors.integer(what, "fid", number, "", minimum=1, maximum=0xFFFF)
        order = max((p for _, p in known), default=0) + 10 if priority is None else priority
        order = errors.integer(what, "priority", order, "", minimum=1, maximum=0xFFFF)
        if any(p == order and f != number for f, p in known):
            raise errors.Error(f"{what}: priority {order} is another flow's; each flow has its own")
        if not interfaces:
            raise errors.Error(f"{what}: no interface is given; name one or several of {sorted(self._bids)}")
        bids = [self._bid(what, interface) for interface in interfaces]
        protocol = selector["protocol"]
        if isinstance(protocol, str):
            protocol = _PROTOCOLS[errors.one_of(what, "protocol", protocol, tuple(_PROTOCOLS))]
        source = _addresses(what, "source", selector["source"])
        destination = _addresses(what, "destination", selector["destination"])
        numbers = {
            name: _numbers(what, name, value, maximum)
            for name, value, maximum in (
                ("source_port", selector["source_port"], 0xFFFF),
                ("destination_port", selector["destination_port"], 0xFFFF),
                ("protocol", protocol, 0xFF),
                ("traffic_class", selector["traffic_class"], 0xFF),
                ("flow_label", selector["flow_label"], 0xFFFFF),
            )
        }
        self._core.bind_flow(number, order, bids, source, destination, *numbers.values())
        ranges: dict[str, Any] = {"source": source, "destination": destination, **numbers}
        self.bound[number] = BoundFlow(order, [self._names[bid] for bid in bids], ranges)
        return number

    def unbind_flow(self, fid: int) -> None:
        if all(fid != row[0] for row in self._core.flows()):
            raise errors.Error(f"{self._what}: unbind_flow: there is no flow {fid!r}")
        self._core.unbind_flow(fid)
        self.bound.pop(fid, None)

    def _bid(self, what: str, interface: Interface | str) -> int:
        name = interface if isinstance(interface, str) else interface.name
        if name not in self._bids:
            errors.fail(what, "interface", name, f"one that roams: {', '.join(map(repr, self._bids))}")
        return self._bids[name]


def mobile_networks(what: str, node: Node, role: MultihomedMobileNode) -> list[str]:
    """The prefixes of a mobile router, checked; of a host none."""
    if role.prefixes is None:
        if node.is_router:
            raise errors.Error(
                f"{what}: {node.name!r} is a router; a mobile node is a host, and a mobile router has prefixes"
            )
        given = {"mode": role.mode != "implicit", "try_other_mode": role.try_other_mode, "home_link": role.home_link}
        for name, value in given.items():
            if value:
                raise errors.Error(f"{what}: {name} is given, and prefixes is not; it is for mobile routers")
        return []
    if not node.is_router:
        raise errors.Error(f"{what}: prefixes is given, and {node.name!r} is a host; a mobile router is a router")
    texts = [role.prefixes] if isinstance(role.prefixes, str) else list(role.prefixes)
    if not texts:
        errors.fail(what, "prefixes", texts, "a prefix, such as '2001:db8:a::/64', or several; None for a mobile host")
    return [str(errors.prefix(what, "prefixes", text)) for text in texts]


def _inside(interface: Interface, networks: list[str]) -> bool:
    """Whether it is on the Mobile Network: its link has a prefix of that, or it has an address."""
    if interface.medium is not None and {str(p) for p in interface.medium.prefixes} & set(networks):
        return True
    addresses = [ipaddress.IPv6Address(text.split("%")[0]) for text in interface.addresses]
    return any(address in ipaddress.IPv6Network(network) for address in addresses for network in networks)


def _priorities(what: str, node: Node, role: MultihomedMobileNode, networks: list[str]) -> dict[Interface, int]:
    given = role.interfaces
    if given is None:
        given = [i for i in node.interfaces if not _inside(i, networks)]
    if isinstance(given, Mapping):
        priorities = {
            node.interface(i): errors.integer(what, "priority", p, "", minimum=1, maximum=_MAX_BID_PRIORITY)
            for i, p in given.items()
        }
    else:
        right = "a list of interfaces, or a dict of their priorities"
        names = errors.listed(what, "interfaces", given, right)
        priorities = {node.interface(i): 10 * (n + 1) for n, i in enumerate(names)}
    for interface in priorities:
        if _inside(interface, networks):
            errors.fail(what, "interfaces", interface.name, "one that roams; this one is on the Mobile Network itself")
    if not priorities:
        raise errors.Error(f"{what}: interfaces is empty; name those that roam")
    if max(priorities.values()) > _MAX_BID_PRIORITY:
        raise errors.Error(f"{what}: interfaces are {len(priorities)}; give each a priority, 1 to {_MAX_BID_PRIORITY}")
    return priorities


def _numbers(what: str, parameter: str, value: NumberRange, maximum: int) -> tuple[int, int] | None:
    if value is None:
        return None
    first, last = value if isinstance(value, tuple) else (value, value)
    first = errors.integer(what, parameter, first, "", minimum=0, maximum=maximum)
    return first, errors.integer(what, parameter, last, "", minimum=first, maximum=maximum)


def _addresses(what: str, parameter: str, value: AddressRange) -> tuple[str, str] | None:
    if value is None:
        return None
    if isinstance(value, str) and "/" in value:
        network = errors.prefix(what, parameter, value)
        return str(network[0]), str(network[-1])
    first, last = value if isinstance(value, tuple) else (value, value)
    ends = errors.address(what, parameter, first), errors.address(what, parameter, last)
    if ipaddress.IPv6Address(ends[1]) < ipaddress.IPv6Address(ends[0]):
        errors.fail(what, parameter, value, "a first address that is not behind the last")
    return ends
