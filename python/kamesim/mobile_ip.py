"""Mobile IPv6 (RFC 6275): the roles that a node can have.

    ha.enable(ks.HomeAgent())
    mn.enable(ks.MobileNode(home_address="2001:db8:1::100", home_agent="2001:db8:1::1"))
    cn.enable(ks.Correspondent())
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Union

from kamesim import _core, errors, tables
from kamesim.authentication_option import AuthenticationOption
from kamesim.signalling_protection import SignallingProtection

if TYPE_CHECKING:
    import pandas as pd

    from kamesim.interface import Interface
    from kamesim.node import Node

#: The longest lifetime that a Binding Update can ask for: 65535 units of 4 s (RFC 6275 section 6.1.7).
MAX_LIFETIME_S = 4 * 65535


@dataclass(frozen=True)
class Correspondent:
    """A node that takes part in route optimization: it keeps bindings and answers return routability tests."""


@dataclass(frozen=True)
class HomeAgent:
    """A router that stands in for mobile nodes while they are away from its link.

    interface: on the home link; None: the router's only one on a LAN or cell with a prefix. It serves the prefixes
    that the router advertises there, or, if it advertises none, those of the interface's global addresses; and it
    answers home agent discovery at their anycast addresses (RFC 2526). max_lifetime: of registrations, seconds.
    preference: among the home agents of the link, 0 to 65535, higher is better; what `router.advertise` tells of it is
    for the others. authentication: home addresses whose registrations have to be authenticated by options (RFC 4285).
    authentication_required: no others are accepted. protection: how what is said to each mobile node is protected, by its home address; of these,
    registrations that come unprotected are refused. `node.ipsec.require_protected_home_registrations` is for all.
    """

    interface: Interface | str | None = None
    max_lifetime: float = MAX_LIFETIME_S
    preference: int = 0
    authentication: Mapping[str, AuthenticationOption] = field(default_factory=dict)
    authentication_required: bool = False
    protection: Mapping[str, SignallingProtection] = field(default_factory=dict)


@dataclass(frozen=True)
class MobileNode:
    """A host that keeps its home address wherever it is.

    home_address: its permanent address, on the home link's prefix. home_agent: the address of the router that
    stands in for it; None: found by discovery (section 11.4.1) when the node is away. discover_home_agents: also if the
    one that is given does not answer or refuses to serve. home_prefix_length: bits. lifetime: of registrations, seconds, a multiple of 4.
    route_optimization: whether correspondents are told the care-of address. acknowledge_correspondents: whether
    they are asked to acknowledge that (A bit). reuse_tokens: whether the home keygen token serves several moves
    (section 5.2.7). interface: the one that roams; None: the node's only one. authentication: of home registrations, by
    options (RFC 4285). clock_offset: how far its time of day is from the home agent's, seconds. protection: of what is
    said to the home agent, by IPsec; the home agent is given the same.
    """

    home_address: str
    home_agent: str | None = None
    home_prefix_length: int = 64
    lifetime: float = 420.0
    route_optimization: bool = True
    acknowledge_correspondents: bool = True
    reuse_tokens: bool = True
    interface: Interface | str | None = None
    discover_home_agents: bool = False
    authentication: AuthenticationOption | None = None
    clock_offset: float = 0.0
    protection: SignallingProtection | None = None


Role = Union[Correspondent, HomeAgent, MobileNode]


class MobileIp:
    """Mobile IPv6 as it runs on one node; `Node.mobile_ip` of a node that a role was enabled on."""

    def __init__(self, node: Node, core: _core.MobileIpv6) -> None:
        self._node = node
        self._core = core
        self.roles: list[Role] = []

    @property
    def location(self) -> str:
        """Where the mobile node takes itself to be: 'home', 'foreign', 'unknown'; 'none' if it is none."""
        return self._core.location

    @property
    def care_of(self) -> str | None:
        """The mobile node's primary care-of address; None at home."""
        return self._core.care_of

    @property
    def registered(self) -> bool:
        """Whether the home agent has accepted a binding of the mobile node that still lives."""
        return self._core.registered

    @property
    def home_agent(self) -> str | None:
        """The address of the home agent that the mobile node registers with; None while it knows none."""
        return self._core.home_agent

    def home_agents(self) -> pd.DataFrame:
        """The home agent's list of others on the home link: router, addresses, preference, expires_s."""
        rows = [(*row[:3], row[3] / 1e9) for row in self._core.home_agents()]
        return tables.frame(rows, ["router", "addresses", "preference", "expires_s"])

    def binding_cache(self) -> pd.DataFrame:
        """The bindings of others: home_address, care_of, home_registration, sequence, expires_s."""
        rows = [(*row[:4], row[4] / 1e9) for row in self._core.binding_cache()]
        return tables.frame(rows, ["home_address", "care_of", "home_registration", "sequence", "expires_s"])

    def start(self, role: Role) -> None:
        """Begins to play the role."""
        what = f"{self._node._what}: {type(role).__name__}"
        if any(isinstance(known, type(role)) for known in self.roles):
            raise errors.Error(f"{what}: it has this role already")
        if isinstance(role, HomeAgent):
            self._start_home_agent(what, role)
        elif isinstance(role, MobileNode):
            self._start_mobile_node(what, role)
        self.roles.append(role)

    def _start_home_agent(self, what: str, role: HomeAgent) -> None:
        if not self._node.is_router:
            raise errors.Error(f"{what}: a home agent forwards packets, and {self._node.name!r} is a host; use a router")
        interface = self._home_link(what, role)
        if all(":" in a and a.lower().startswith("fe80") for a in interface.addresses):
            raise errors.Error(f"{what}: {interface.full_name!r} has no global address, so there is no prefix to serve")
        max_lifetime = errors.nanoseconds(what, "max_lifetime", role.max_lifetime)
        preference = errors.integer(what, "preference", role.preference, "", minimum=0, maximum=0xFFFF)
        required = errors.flag(what, "authentication_required", role.authentication_required)
        for home_address, how in role.authentication.items():
            _option(what, how).authenticate_home(what, self._core, home_address)
        if required:
            self._core.require_authentication()
        protection = {
            errors.address(f"{what}: protection", "home_address", home): way for home, way in role.protection.items()
        }
        self._core.start_home_agent(interface._core, max_lifetime, preference)
        for home, protected in protection.items():
            protected.start(what, self._core, home)

    def _home_link(self, what: str, role: HomeAgent) -> Interface:
        if role.interface is not None:
            return self._node.interface(role.interface)
        from kamesim.media import Lan

        shared = [i for i in self._node.interfaces if isinstance(i.medium, Lan)]
        if len(shared) != 1:
            names = ", ".join(repr(i.name) for i in shared) or "none"
            raise errors.Error(f"{what}: interface is not given, and of its interfaces {names} are on LANs; name one")
        return shared[0]

    def _start_mobile_node(self, what: str, role: MobileNode) -> None:
        if self._node.is_router:
            raise errors.Error(f"{what}: {self._node.name!r} is a router; a mobile node is a host")
        home_address = errors.address(what, "home_address", role.home_address)
        home_agent = None if role.home_agent is None else errors.address(what, "home_agent", role.home_agent)
        if home_address == home_agent:
            raise errors.Error(f"{what}: home_address and home_agent are both {home_address}; they are two nodes'")
        discover = errors.flag(what, "discover_home_agents", role.discover_home_agents)
        length = errors.integer(what, "home_prefix_length", role.home_prefix_length, "bits", minimum=1, maximum=128)
        lifetime = errors.nanoseconds(what, "lifetime", role.lifetime)
        if not 4 <= role.lifetime <= MAX_LIFETIME_S or role.lifetime % 4:
            raise errors.Error(
                f"{what}: lifetime is {role.lifetime:g} s; it is a multiple of 4 s, from 4 to {MAX_LIFETIME_S}"
            )
        interface = self._node._choose_interface(role.interface)
        if role.authentication is not None:
            _option(what, role.authentication).authenticate_mobile_node(what, self._core, role.clock_offset)
        self._core.start_mobile_node(
            interface._core, home_address, length, home_agent, discover, lifetime, role.route_optimization,
            role.acknowledge_correspondents, role.reuse_tokens,
        )  # fmt: skip
        if role.protection is not None:
            role.protection.start(what, self._core, None)


def _option(what: str, value: object) -> AuthenticationOption:
    if not isinstance(value, AuthenticationOption):
        errors.fail(what, "authentication", value, "an AuthenticationOption")
    return value
