"""Hierarchical Mobile IPv6 (RFC 5380): the roles that a node can have.

    router.enable(ks.MobilityAnchorPoint())
    access.advertise(cell, mobility_anchor_points=[ks.AdvertisedMap(address="2001:db8:5::1", distance=2)])
    mn.enable(ks.MobileNode(home_address="2001:db8:1::100", home_agent="2001:db8:1::1"))
    mn.enable(ks.HierarchicalMobileNode())
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Network
from typing import TYPE_CHECKING, Union

from kamesim import _core, errors

if TYPE_CHECKING:
    from kamesim.interface import Interface
    from kamesim.node import Node

#: The longest lifetime that a Binding Update can ask for: 65535 units of 4 s (RFC 6275 section 6.1.7).
MAX_LIFETIME_S = 4 * 65535

SELECTIONS = ("furthest", "preferred")


@dataclass(frozen=True)
class MobilityAnchorPoint:
    """A router that keeps regional care-of addresses (RCoAs) for mobile nodes near it, as a home agent would.

    interface: whose prefixes the RCoAs have, and where it defends them; None: the router's only one on a LAN or cell.
    max_lifetime: of bindings, seconds. on_link_prefixes: of the on-link care-of addresses that it serves (section 6.2);
    empty: all. Mobile nodes learn of it by `router.advertise(..., mobility_anchor_points=[...])` of their access
    routers.
    """

    interface: Interface | str | None = None
    max_lifetime: float = MAX_LIFETIME_S
    on_link_prefixes: Sequence[str] = ()


@dataclass(frozen=True)
class HierarchicalMobileNode:
    """A host that registers with the Mobility Anchor Points that its access routers tell of.

    Together with `MobileNode`, which comes first: home agent and correspondents are told the RCoA. Alone: applications
    have the RCoA as their address while it moves within the domain (section 6.5). lifetime: of bindings with MAPs,
    seconds, a multiple of 4. selection: "furthest" (section 9.1), or "preferred": the highest preference first (section
    7.1). update_previous_map: whether a MAP that it leaves is asked to forward (section 8). interface: the one that
    roams; None: the node's only one.
    """

    lifetime: float = 420.0
    selection: str = "furthest"
    update_previous_map: bool = True
    interface: Interface | str | None = None


Role = Union[MobilityAnchorPoint, HierarchicalMobileNode]
ROLES = (MobilityAnchorPoint, HierarchicalMobileNode)


@dataclass(frozen=True)
class Region:
    """The Mobility Anchor Point in use: its address, the regional care-of address, the on-link one (None: none now)."""

    map: str
    rcoa: str
    lcoa: str | None


def start(node: Node, core: _core.HierarchicalMobileIpv6, what: str, role: Role) -> None:
    """Begins to play the role."""
    if isinstance(role, MobilityAnchorPoint):
        _start_anchor_point(node, core, what, role)
    else:
        _start_mobile_node(node, core, what, role)


def _start_anchor_point(node: Node, core: _core.HierarchicalMobileIpv6, what: str, role: MobilityAnchorPoint) -> None:
    if not node.is_router:
        raise errors.Error(f"{what}: it forwards packets, and {node.name!r} is a host; use a router")
    interface = _link(node, what, role)
    if all(a.lower().startswith("fe80") for a in interface.addresses):
        raise errors.Error(f"{what}: {interface.full_name!r} has no global address, so there is no prefix for RCoAs")
    max_lifetime = errors.nanoseconds(what, "max_lifetime", role.max_lifetime)
    right = "a list of prefixes, such as ['2001:db8:7::/64']"
    prefixes = []
    for prefix in errors.listed(what, "on_link_prefixes", role.on_link_prefixes, right):
        try:
            prefixes.append(str(IPv6Network(prefix)))
        except ValueError:
            errors.fail(what, "on_link_prefixes", prefix, right)
    core.start_mobility_anchor_point(interface._core, max_lifetime, prefixes)


def _link(node: Node, what: str, role: MobilityAnchorPoint) -> Interface:
    if role.interface is not None:
        return node.interface(role.interface)
    from kamesim.media import Lan

    shared = [i for i in node.interfaces if isinstance(i.medium, Lan)]
    if len(shared) != 1:
        names = ", ".join(repr(i.name) for i in shared) or "none"
        raise errors.Error(f"{what}: interface is not given, and of its interfaces {names} are on LANs; name one")
    return shared[0]


def _start_mobile_node(node: Node, core: _core.HierarchicalMobileIpv6, what: str, role: HierarchicalMobileNode) -> None:
    if node.is_router:
        raise errors.Error(f"{what}: {node.name!r} is a router; a mobile node is a host")
    lifetime = errors.nanoseconds(what, "lifetime", role.lifetime)
    if not 4 <= role.lifetime <= MAX_LIFETIME_S or role.lifetime % 4:
        raise errors.Error(f"{what}: lifetime is {role.lifetime:g} s; it is a multiple of 4 s, from 4 to {MAX_LIFETIME_S}")
    furthest = errors.one_of(what, "selection", role.selection, SELECTIONS) == "furthest"
    previous = errors.flag(what, "update_previous_map", role.update_previous_map)
    core.start_hierarchical(node._choose_interface(role.interface)._core, lifetime, furthest, previous)
