"""Fast handovers for Mobile IPv6 (RFC 5568): the roles that a node can have.

    r1.enable(ks.FastHandoverRouter(neighbors=["south"]))      # of cell "north", advertised with router_address=True
    r2.enable(ks.FastHandoverRouter(neighbors=["north"]))
    mn.enable(ks.MobileNode(home_address="2001:db8:1::100", home_agent="2001:db8:1::1"))
    mn.enable(ks.FastMobileNode())
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Union

from kamesim import _core, errors

if TYPE_CHECKING:
    from kamesim.interface import Interface
    from kamesim.media import Medium
    from kamesim.node import Node

#: What access routers and mobile nodes share unless another key is given; RFC 5269 would have one made by SEND.
DOMAIN_KEY = b"kamesim handover key"
KEY_OCTETS = 20


@dataclass(frozen=True)
class FastHandoverRouter:
    """An access router that prepares and takes part in fast handovers of the mobile nodes on one link.

    neighbors: the cells and LANs around, by name, whose access routers it tells of and hands over to. interface: to its
    own link; None: its only one on a LAN or cell. buffer: how many packets it keeps for a mobile node that is under way
    to it; 0: none. test_addresses: whether it tests new care-of addresses before it defends them, which takes a second
    or two (section 5.5). key: 20 octets, shared with mobile nodes. The link has to be advertised with
    router_address=True, from which mobile nodes know the router's global address.
    """

    neighbors: Sequence[str] = ()
    interface: Interface | str | None = None
    buffer: int = 100
    test_addresses: bool = False
    key: bytes = DOMAIN_KEY


@dataclass(frozen=True)
class FastMobileNode:
    """A mobile node that asks its router of the neighbourhood and has its packets sent after it.

    predictive: whether it updates its router before it leaves, when its link layer says what comes next
    (`mobile_ip.anticipate`, or by signals); else from the new link. anticipation: a cell comes next when its signal is
    so many dB stronger than the present one's, less than the hysteresis of `roam`; None: only `anticipate` says so.
    lifetime: of the redirection by the previous router, whole seconds. key: 20 octets. interface: the one that roams;
    None: the node's only one.
    """

    predictive: bool = True
    anticipation: float | None = 0.0
    lifetime: int = 20
    key: bytes = DOMAIN_KEY
    interface: Interface | str | None = None


Role = Union[FastHandoverRouter, FastMobileNode]
ROLES = (FastHandoverRouter, FastMobileNode)


def start(node: Node, core: _core.FastHandovers, what: str, role: Role) -> None:
    """Begins to play the role."""
    if isinstance(role, FastHandoverRouter):
        _start_router(node, core, what, role)
    else:
        _start_mobile_node(node, core, what, role)


def _key(what: str, key: object) -> bytes:
    if not isinstance(key, bytes) or len(key) != KEY_OCTETS:
        errors.fail(what, "key", key, f"{KEY_OCTETS} bytes, such as os.urandom({KEY_OCTETS})")
    return key


def _start_router(node: Node, core: _core.FastHandovers, what: str, role: FastHandoverRouter) -> None:
    if not node.is_router:
        raise errors.Error(f"{what}: it forwards packets, and {node.name!r} is a host; use a router")
    interface = _link(node, what, role)
    if interface.advertising is None or not interface.advertising.router_address:
        raise errors.Error(
            f"{what}: {interface.full_name!r} is not advertised with router_address=True, so that mobile nodes do not "
            "learn the router's address"
        )
    address = next((a for a in interface.addresses if not a.lower().startswith("fe80")), None)
    if address is None:
        raise errors.Error(f"{what}: {interface.full_name!r} has no global address")
    own = [medium.name for medium in node.network.media if _lan_of(medium) is interface.medium]
    right = "a list of names of cells and LANs"
    tuples = []
    for name in errors.listed(what, "neighbors", role.neighbors, right):
        tuples.append(_tuple(node, what, name))
    core.start_access_router(
        interface._core,
        address.split("/")[0],
        tuples,
        own,
        _key(what, role.key),
        errors.integer(what, "buffer", role.buffer, "packets", minimum=0, maximum=65535),
        errors.flag(what, "test_addresses", role.test_addresses),
    )


def _lan_of(medium: Medium) -> Medium:
    lan: Medium = getattr(medium, "lan", medium)  # a cell's
    return lan


def _tuple(node: Node, what: str, name: str) -> tuple[str, str, str, str]:
    """A neighbour as [AP-ID, AR-Info]: name of the medium, the router's MAC and address, and the prefix."""
    medium = node.network.medium(name)
    lan = _lan_of(medium)
    routers = [i for i in lan.interfaces if i.node.is_router and i.node is not node]
    if len(routers) != 1 or not lan.prefixes:
        names = ", ".join(repr(i.node.name) for i in routers) or "none"
        raise errors.Error(f"{what}: neighbor {name!r} must have one access router and a prefix; its routers are {names}")
    return medium.name, routers[0].mac, lan.address_of(routers[0].node), str(lan.prefixes[0])


def _link(node: Node, what: str, role: FastHandoverRouter) -> Interface:
    if role.interface is not None:
        return node.interface(role.interface)
    from kamesim.media import Lan

    shared = [i for i in node.interfaces if isinstance(i.medium, Lan)]
    if len(shared) != 1:
        names = ", ".join(repr(i.name) for i in shared) or "none"
        raise errors.Error(f"{what}: interface is not given, and of its interfaces {names} are on LANs; name one")
    return shared[0]


def _start_mobile_node(node: Node, core: _core.FastHandovers, what: str, role: FastMobileNode) -> None:
    if node.is_router:
        raise errors.Error(f"{what}: {node.name!r} is a router; a mobile node is a host")
    interface = node._choose_interface(role.interface)
    anticipation = role.anticipation
    if anticipation is not None:
        anticipation = errors.number(what, "anticipation", anticipation, "dB", minimum=-100.0, maximum=100.0)
    core.start_fast_mobile_node(
        node.network._core,
        interface._core,
        errors.flag(what, "predictive", role.predictive),
        errors.integer(what, "lifetime", role.lifetime, "seconds", minimum=1, maximum=65535),
        _key(what, role.key),
        None if interface.roaming is None else anticipation,
    )
