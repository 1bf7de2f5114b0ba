"""Mobile IPv6 (RFC 6275) and NEMO Basic Support (RFC 3963): the roles that a node can have.

    ha.enable(ks.HomeAgent())
    mn.enable(ks.MobileNode(home_address="2001:db8:1::100", home_agent="2001:db8:1::1"))
    cn.enable(ks.Correspondent())

    ha.enable(ks.HomeAgent(mobile_networks={"2001:db8:1::200": ["2001:db8:a::/64"]}))
    mr.enable(ks.MobileRouter(home_address="2001:db8:1::200", home_agent="2001:db8:1::1", prefixes="2001:db8:a::/64"))

    mn.enable(ks.MultihomedMobileNode("2001:db8:1::100", "2001:db8:1::1", interfaces=["wlan0", "wlan1"]))
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Union

from kamesim import _core, dual_stack, errors, fmip6, hmip6, multihomed
from kamesim.authentication_option import AuthenticationOption
from kamesim.dual_stack import Ipv4Access
from kamesim.mobile_ip_views import MobileIpViews
from kamesim.multihomed import AddressRange, Multihomed, MultihomedMobileNode, NumberRange
from kamesim.signalling_protection import SignallingProtection

if TYPE_CHECKING:
    from kamesim.interface import Interface
    from kamesim.media import Medium
    from kamesim.node import Node

#: The longest lifetime that a Binding Update can ask for: 65535 units of 4 s (RFC 6275 section 6.1.7).
MAX_LIFETIME_S = 4 * 65535

#: What a node's roles follow: the specification of Mobile IPv6, or the one that it obsoletes.
SPECIFICATIONS = ("RFC 6275", "RFC 3775")
_GLOBAL_SCOPE = 0xE  # of groups: RFC 4291 section 2.7


@dataclass(frozen=True)
class Correspondent:
    """A node that takes part in route optimization: it keeps bindings and answers return routability tests.

    multiple_care_of: what becomes of bindings with several care-of addresses (RFC 5648 section 6): "accepted";
    "prohibited": refused with status 166; "ignored": as by a node that does not know of them, which keeps the last one.

    specification: "RFC 6275", or "RFC 3775": it follows that where the two differ (docs/protocols/mip6.md has a table).
    It is the whole node's: all roles that have it say the same, those that do not follow the first that has.
    """

    specification: str = SPECIFICATIONS[0]
    multiple_care_of: str = "accepted"


@dataclass(frozen=True)
class HomeAgent:
    """A router that stands in for mobile nodes while they are away from its link.

    interface: on the home link; None: the router's only one on a LAN or cell with a prefix. What it advertises there
    has the H bit and its address from now on (`advertise(home_agent=False)` takes that back). It serves the prefixes
    that the router advertises there, or, if it advertises none, those of the interface's global addresses; and it
    answers home agent discovery at their anycast addresses (RFC 2526). max_lifetime: of registrations, seconds.
    preference: among the home agents of the link, 0 to 65535, higher is better; what `router.advertise` tells of it is
    for the others. protection: how what is said to each mobile node is protected, by its home address; of these,
    registrations that come unprotected are refused. `node.ipsec.require_protected_home_registrations` is for all.
    authentication: home addresses whose registrations have to be authenticated by options (RFC 4285).
    authentication_required: no others are accepted.

    mobile_networks: of mobile routers (RFC 3963), their prefixes by home address: its Prefix Table. It forwards for
    them in implicit mode, and in explicit mode for such of them as they ask for. A home address may be in one of its
    own prefixes, instead of the home link's. None: mobile routers are not supported, and refused with status 140.
    verify_prefixes: whether in explicit mode only what the table has is granted; otherwise any prefix that no other
    mobile router has. routes_to_mobile_networks: whether it routes to the prefixes by the home address, on the home
    link, while the mobile router is at home.

    multiple_care_of: what becomes of registrations with several care-of addresses (RFC 5648): "accepted"; "prohibited":
    refused with status 166; "ignored": as by a home agent that does not know of them. bulk_registration: whether
    several may come in one message; if not, status 168. home_and_foreign: whether a mobile node may be at home and away
    at once (section 5.6): "prohibited": status 169; "with ndp": it answers for its home address on the home link, of
    which this has to be the only router; "without ndp": the home agent goes on with that. flow_bindings: whether flows
    may be bound to care-of addresses (RFC 6089); if not, status 128.

    ipv4_address: its own, with which mobile nodes in IPv4 networks register (RFC 5555); None: that of the home link's
    interface, if anything else of IPv4 is given, and no IPv4 otherwise. ipv4_home_addresses: of mobile nodes, by home
    address. ipv4_pool: a prefix, or several, for those who ask for one; None: refused with status 132. ipv4_networks:
    IPv4 mobile network prefixes by home address; ipv4_network_pool: for those who ask for one and have none; None: 133.
    ipv4_prohibited: home addresses, or prefixes of them, that get no IPv4: 129. ipv4_lease: of addresses of the pool,
    seconds, no registration with one lasts longer; None: no limit. accept_forced_udp: whether a mobile node may have
    all its packets in UDP; if not, status 144. force_udp: whether it has to. nat_refresh_time: how often a mobile node
    behind a NAT is to register, seconds.

    multicast: whether it asks mobile nodes for their groups, by Multicast Listener Discovery through their tunnels, and
    tunnels packets of the home link for groups of global scope to those that are in them (sections 10.4.2, 10.4.3).
    specification: as of `Correspondent`.
    """

    interface: Interface | str | None = None
    max_lifetime: float = MAX_LIFETIME_S
    preference: int = 0
    protection: Mapping[str, SignallingProtection] = field(default_factory=dict)
    mobile_networks: Mapping[str, Iterable[str]] | None = None
    verify_prefixes: bool = True
    routes_to_mobile_networks: bool = True
    authentication: Mapping[str, AuthenticationOption] = field(default_factory=dict)
    authentication_required: bool = False
    multiple_care_of: str = "accepted"
    bulk_registration: bool = True
    home_and_foreign: str = "prohibited"
    flow_bindings: bool = True
    ipv4_address: str | None = None
    ipv4_home_addresses: Mapping[str, str] = field(default_factory=dict)
    ipv4_pool: str | Iterable[str] | None = None
    ipv4_networks: Mapping[str, Iterable[str]] = field(default_factory=dict)
    ipv4_network_pool: str | None = None
    ipv4_prohibited: Iterable[str] = ()
    ipv4_lease: float | None = None
    accept_forced_udp: bool = True
    force_udp: bool = False
    nat_refresh_time: float = dual_stack.NAT_KEEPALIVE_TIMEOUT_S
    multicast: bool = False
    specification: str = SPECIFICATIONS[0]

    @property
    def has_ipv4(self) -> bool:
        """Whether anything of IPv4 is given (RFC 5555)."""
        prefixes = (self.ipv4_networks, self.ipv4_pool, self.ipv4_network_pool)
        return any((self.ipv4_address, self.ipv4_home_addresses, *prefixes))


@dataclass(frozen=True)
class MovementDetection:
    """How a mobile node detects that it has moved (RFC 6275 section 11.5.1).

    cell_switching: "lazy": it stays with its router until that is gone, whatever others it hears; "eager": it changes
    to a router that it hears anew as soon as it has an address of that one's prefixes. on_link_up: what a link layer
    hand-off is answered by: "solicit": a Router Solicitation, as it will have been a movement; "probe": a Neighbor
    Solicitation to the router that it knows, which saves all the rest if it is still there. missed_advertisements: so
    many may fail to come of a router that announces their interval, before others are looked for.
    """

    cell_switching: str = "lazy"
    on_link_up: str = "solicit"
    missed_advertisements: int = 2

    def start(self, what: str, core: _core.MobileIpv6) -> None:
        """Has the mobile node that is about to be started do so."""
        what = f"{what}: movement_detection"
        eager = errors.one_of(what, "cell_switching", self.cell_switching, ("lazy", "eager")) == "eager"
        probe = errors.one_of(what, "on_link_up", self.on_link_up, ("solicit", "probe")) == "probe"
        missed = errors.integer(what, "missed_advertisements", self.missed_advertisements, "", minimum=1, maximum=100)
        core.detect_movement(eager, probe, missed)


@dataclass(frozen=True)
class MobileNode:
    """A host that keeps its home address wherever it is.

    home_address: its permanent address, on the home link's prefix. home_agent: the address of the router that
    stands in for it; None: found by discovery (section 11.4.1) when the node is away. discover_home_agents: also if the
    one that is given does not answer or refuses to serve. home_prefix_length: bits. lifetime: of registrations,
    seconds, a multiple of 4. route_optimization: whether correspondents are told the care-of address.
    acknowledge_correspondents: whether they are asked to acknowledge that (A bit). reuse_tokens: whether the home
    keygen token serves several moves (section 5.2.7). interface: the one that roams; None: the node's only one.
    protection: of what is said to the home agent, which is given the same. authentication: of home registrations, by
    options (RFC 4285). clock_offset: how far its time of day is from the home agent's, seconds. movement_detection: how
    it notices that it has moved.

    home_agent_ipv4: the home agent's IPv4 address (RFC 5555); None: no IPv4. ipv4_home_address: "192.0.2.10/24", with
    the length of the home link's prefix: the mobile node has it as it is at home, and through the tunnel elsewhere; do
    not add it to the node besides. "request": the home agent is to hand one out, for as long as the node is away; None:
    none is wanted. ipv4_home_gateway: the default router of IPv4 at home. ipv4_networks: how it is configured in the
    networks where there is IPv4 (there is no DHCP); it registers an IPv4 care-of address in those that have no IPv6.
    force_udp: whether it asks there to have everything in UDP.

    A node with several home addresses is enabled once for each; each has its own home link and home agent. What
    `Node.mobile_ip` tells of a mobile node is of the first, and of all by `home_addresses()`.

    specification: as of `Correspondent`.
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
    protection: SignallingProtection | None = None
    authentication: AuthenticationOption | None = None
    clock_offset: float = 0.0
    movement_detection: MovementDetection = MovementDetection()
    home_agent_ipv4: str | None = None
    ipv4_home_address: str | None = None
    ipv4_home_gateway: str | None = None
    ipv4_networks: Iterable[Ipv4Access] = ()
    force_udp: bool = False
    specification: str = SPECIFICATIONS[0]


@dataclass(frozen=True)
class MobileRouter:
    """A router that moves with the network behind it (RFC 3963), and a mobile node itself.

    prefixes: of the Mobile Network, one or several; its other interfaces have them. home_address: its own, on the home
    link's prefix, or in one of `prefixes`; then home_link is the prefix of the home link, by which that is recognized.
    home_agent: None: found by discovery, which asks for one that supports mobile routers. mode: "implicit": the home
    agent knows the prefixes; "explicit": each Binding Update tells them. try_other_mode: whether the other mode is
    tried after every home agent has refused (section 5.4). discover_home_agents: whether others are looked for if the
    one that is given refuses, or does not support mobile routers. egress: the interface that roams; None: the only one
    that is on no link, or on one without any of the prefixes. The others are as those of `MobileNode`.

    Away from home it is a host on the egress interface: it takes addresses and default routers as they are advertised,
    advertises nothing there, and forwards only between its network and the tunnel to the home agent.

    home_agent_ipv4, ipv4_home_address, ipv4_home_gateway, ipv4_networks, force_udp: as those of `MobileNode` (RFC
    5555); it goes on from networks of IPv4 alone. ipv4_prefixes: of the Mobile Network, such as "198.51.100.0/28";
    "request/28": the home agent is to hand one of that length out, for as long as the mobile router is away. What the
    home agent forwards for is in `mobile_ip.ipv4_mobile_networks`; addresses in the network are given by `add_address`,
    as there is no DHCP.
    """

    home_address: str
    prefixes: str | Iterable[str]
    home_agent: str | None = None
    mode: str = "implicit"
    try_other_mode: bool = False
    home_prefix_length: int = 64
    home_link: str | None = None
    lifetime: float = 420.0
    route_optimization: bool = True
    acknowledge_correspondents: bool = True
    reuse_tokens: bool = True
    egress: Interface | str | None = None
    discover_home_agents: bool = True
    movement_detection: MovementDetection = MovementDetection()
    home_agent_ipv4: str | None = None
    ipv4_home_address: str | None = None
    ipv4_home_gateway: str | None = None
    ipv4_networks: Iterable[Ipv4Access] = ()
    force_udp: bool = False
    ipv4_prefixes: str | Iterable[str] = ()


Role = Union[
    Correspondent, HomeAgent, MobileNode, MobileRouter, MultihomedMobileNode, hmip6.Role, fmip6.Role
]


class MobileIp(MobileIpViews):
    """Mobile IPv6 as it runs on one node; `Node.mobile_ip` of a node that a role was enabled on."""

    def __init__(self, node: Node, core: _core.MobileIpv6) -> None:
        super().__init__(node, core)
        self.roles: list[Role] = []
        self.home_link: Interface | None = None  #: of a home agent: its interface there
        self._specification: str | None = None  # once a role has said it

    def bind_flow(
        self,
        *interfaces: Interface | str,
        fid: int | None = None,
        priority: int | None = None,
        source: AddressRange = None,
        destination: AddressRange = None,
        source_port: NumberRange = None,
        destination_port: NumberRange = None,
        protocol: NumberRange | str = None,
        traffic_class: NumberRange = None,
        flow_label: NumberRange = None,
    ) -> int:
        """Binds a flow of a multihomed mobile node to interfaces (RFC 6089), and returns its identifier (FID).

        What is given describes packets to the mobile node: `source` is the correspondent's address, `source_port` the
        correspondent's port. A value, or a tuple of the first and the last; a prefix of addresses, too. protocol: also
        "tcp", "udp", "icmpv6". What goes the other way, with the two ends swapped, takes the same interface. Of several
        interfaces each gets a copy of a packet. priority: lower goes first where flows overlap, each has its own; None:
        behind the others. fid: of a flow to change; None: a new one.

        While none of the interfaces is registered, the packets go as if the flow were not bound.
        """
        selector = {
            "source": source, "destination": destination, "source_port": source_port,
            "destination_port": destination_port, "protocol": protocol, "traffic_class": traffic_class,
            "flow_label": flow_label,
        }  # fmt: skip
        return self._multi("bind_flow").bind_flow(interfaces, fid, priority, selector)

    def unbind_flow(self, fid: int) -> None:
        """Takes back a flow binding of a multihomed mobile node."""
        self._multi("unbind_flow").unbind_flow(fid)

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and name not in ("roles", "home_link"):
            what = f"{self._node._what}: mobile_ip"
            raise errors.Error(f"{what}: {name} cannot be set; roles have it as they are enabled")
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        return f"<Mobile IPv6 of {self._node._what}: {', '.join(type(role).__name__ for role in self.roles)}>"

    def anticipate(self, medium: Medium | str) -> None:
        """Tells the mobile node that its link layer takes it to that cell or LAN next (RFC 5568 section 4)."""
        if self._fast is None or not any(isinstance(role, fmip6.FastMobileNode) for role in self.roles):
            what = f"{self._node._what}: anticipate"
            raise errors.Error(f"{what}: it has no fast handovers; enable FastMobileNode before")
        self._fast.anticipate(self._node.network.medium(medium).name)

    def hand_over(self, mobile: Node | str, medium: Medium | str) -> None:
        """Has this access router tell a mobile node on its link to hand over to that medium (RFC 5568 section 3.3).

        mobile: the node, or its address on the link.
        """
        what = f"{self._node._what}: hand_over"
        if self._fast is None or not any(isinstance(role, fmip6.FastHandoverRouter) for role in self.roles):
            raise errors.Error(f"{what}: it has no fast handovers; enable FastHandoverRouter before")
        if isinstance(mobile, str):
            address = errors.address(what, "mobile", mobile)
        else:
            found = None if mobile.mobile_ip is None else mobile.mobile_ip.on_link_care_of
            if found is None:
                raise errors.Error(f"{what}: {mobile.name!r} has no care-of address now; give an address of it")
            address = found
        if not self._fast.hand_over(address, self._node.network.medium(medium).name):
            raise errors.Error(f"{what}: {medium!r} is none of the neighbors of its FastHandoverRouter")

    def join_group(self, group: str) -> None:
        """Has the mobile node be in a group of global scope by its (first) home address (section 11.3.4).

        Groups of smaller scope are not tunnelled (section 10.4.2); sockets join those on the link where the node is.

        At home it is in it on its interface. Elsewhere packets come by the tunnel from a home agent with
        `multicast=True`, which is told once it has asked. A socket that is bound to a port and has joined no group
        itself hears of all.
        """
        what, address = self._group("join_group", group)
        if not self._core.join_group(address):
            raise errors.Error(f"{what}: it is in {address} already, or in 64 groups")

    def leave_group(self, group: str) -> None:
        """Takes `join_group` back."""
        what, address = self._group("leave_group", group)
        if not self._core.leave_group(address):
            raise errors.Error(f"{what}: it is not in {address}")

    def _group(self, method: str, group: str) -> tuple[str, str]:
        what = f"{self._node._what}: {method}"
        if not any(isinstance(role, (MobileNode, MobileRouter)) for role in self.roles):
            raise errors.Error(f"{what}: it is no mobile node; enable MobileNode before")
        address = errors.address(what, "group", group)
        if not address.startswith("ff"):
            errors.fail(what, "group", group, "a multicast address, such as 'ff0e::77'")
        if int(address.split(":")[0], 16) & 0xF != _GLOBAL_SCOPE:
            errors.fail(what, "group", group, "of global scope, such as 'ff0e::77': others stay on the home link")
        return what, address

    def start(self, role: Role) -> None:
        """Begins to play the role."""
        what = f"{self._node._what}: {type(role).__name__}"
        self._check_not_played(what, role)
        self._follow(what, getattr(role, "specification", None))
        if isinstance(role, Correspondent):
            policies = ("accepted", "prohibited", "ignored")
            policy = errors.one_of(what, "multiple_care_of", role.multiple_care_of, policies)
            self._core.set_correspondent_multiple_care_of(policy)
        elif isinstance(role, HomeAgent):
            self._start_home_agent(what, role)
        elif isinstance(role, MobileNode):
            telling = (hmip6.HierarchicalMobileNode, fmip6.FastMobileNode)
            for known in self.roles:
                if isinstance(known, telling):
                    told = f"{type(known).__name__}, which tells it of its care-of address"
                    raise errors.Error(f"{what}: enable it before {told}")
            self._start_mobile_node(what, role)
        elif isinstance(role, MobileRouter):
            self._start_mobile_router(what, role)
        elif isinstance(role, MultihomedMobileNode):
            self._start_multihomed(what, role)
        elif isinstance(role, hmip6.ROLES):
            fast = any(isinstance(known, fmip6.FastMobileNode) for known in self.roles)
            if fast and isinstance(role, hmip6.HierarchicalMobileNode):
                raise errors.Error(f"{what}: enable it before FastMobileNode, which tells it where the node moves")
            self._check_one_home(what)
            if isinstance(role, hmip6.HierarchicalMobileNode):
                self._check_ipv6_care_of(what)
            if self._hierarchical is None:
                self._hierarchical = self._node._core.enable_hierarchical_mobile_ipv6(self._core)
            hmip6.start(self._node, self._hierarchical, what, role)
        elif isinstance(role, fmip6.ROLES):
            self._check_one_home(what)
            self._check_fast(what, role)
            if self._fast is None:
                self._fast = self._node._core.enable_fast_handovers(self._core)
            fmip6.start(self._node, self._fast, what, role)
        self.roles.append(role)

    def _follow(self, what: str, specification: object) -> None:
        """All roles of a node follow one specification."""
        if specification is None:
            return
        wanted = errors.one_of(what, "specification", specification, SPECIFICATIONS)
        if wanted == self._specification:
            return
        if self.roles and (self._specification or SPECIFICATIONS[0]) != wanted:
            followed = self._specification or SPECIFICATIONS[0]
            raise errors.Error(
                f"{what}: specification is {wanted!r}, and the node follows {followed!r} "
                "already; all roles of a node follow one, that of the first"
            )
        self._specification = wanted
        if wanted == "RFC 3775":
            self._core.follow_rfc3775()

    def _check_one_home(self, what: str) -> None:
        """What moves a mobile node's care-of address moves that of one home address."""
        if sum(isinstance(known, MobileNode) for known in self.roles) > 1:
            raise errors.Error(f"{what}: it has several home addresses; this role takes one")

    def _check_ipv6_care_of(self, what: str) -> None:
        """A Mobility Anchor Point is told IPv6 care-of addresses alone (RFC 5380)."""
        for known in self.roles:
            if isinstance(known, MobileNode) and known.home_agent_ipv4 is not None:
                raise errors.Error(
                    f"{what}: its MobileNode has home_agent_ipv4, so it may have an IPv4 care-of address (RFC 5555), "
                    "which no Mobility Anchor Point takes; leave out the one or the other"
                )

    def _check_fast(self, what: str, role: fmip6.Role) -> None:
        if isinstance(role, fmip6.FastMobileNode) and not any(isinstance(known, MobileNode) for known in self.roles):
            raise errors.Error(f"{what}: enable MobileNode before it; it moves that one's care-of address")

    def _check_not_played(self, what: str, role: Role) -> None:
        if isinstance(role, MobileNode):
            home = errors.address(what, "home_address", role.home_address)
            if any(isinstance(known, MobileRouter) for known in self.roles):
                raise errors.Error(f"{what}: it is a mobile router, which is a mobile node already")
            if any(isinstance(known, MultihomedMobileNode) for known in self.roles):
                raise errors.Error(f"{what}: it is a multihomed mobile node already")
            if home in [row[0] for row in self._core.home_addresses()]:
                raise errors.Error(f"{what}: home_address is {home}, which it has already; another is a further role")
            return
        mobile = (MobileNode, MobileRouter, MultihomedMobileNode)
        if isinstance(role, mobile) and any(isinstance(known, mobile) for known in self.roles):
            raise errors.Error(f"{what}: it is a mobile node or a mobile router already")
        if any(isinstance(known, type(role)) for known in self.roles):
            raise errors.Error(f"{what}: it has this role already")

    def _start_home_agent(self, what: str, role: HomeAgent) -> None:
        if not self._node.is_router:
            name = self._node.name
            raise errors.Error(f"{what}: a home agent forwards packets, and {name!r} is a host; use a router")
        interface = self._home_link(what, role)
        if all(":" in a and a.lower().startswith("fe80") for a in interface.addresses):
            raise errors.Error(f"{what}: {interface.full_name!r} has no global address, so there is no prefix to serve")
        max_lifetime = errors.nanoseconds(what, "max_lifetime", role.max_lifetime)
        preference = errors.integer(what, "preference", role.preference, "", minimum=0, maximum=0xFFFF)
        protection = {
            errors.address(f"{what}: protection", "home_address", home): how for home, how in role.protection.items()
        }
        networks = None
        if role.mobile_networks is not None:
            if not isinstance(role.mobile_networks, Mapping):
                right = "a dict of prefixes by home address, or None: whatever mobile routers tell"
                errors.fail(what, "mobile_networks", role.mobile_networks, right)
            networks = {
                errors.address(what, "mobile_networks", home): _prefixes(what, "mobile_networks", prefixes)
                for home, prefixes in role.mobile_networks.items()
            }
        verify = errors.flag(what, "verify_prefixes", role.verify_prefixes)
        routes = errors.flag(what, "routes_to_mobile_networks", role.routes_to_mobile_networks)
        required = errors.flag(what, "authentication_required", role.authentication_required)
        for home_address, option in role.authentication.items():
            _option(what, option).authenticate_home(what, self._core, home_address)
        if required:
            self._core.require_authentication()
        self._core.set_multiple_care_of(
            errors.one_of(what, "multiple_care_of", role.multiple_care_of, ("accepted", "prohibited", "ignored")),
            errors.flag(what, "bulk_registration", role.bulk_registration),
            errors.one_of(what, "home_and_foreign", role.home_and_foreign, ("prohibited", "with ndp", "without ndp")),
            errors.flag(what, "flow_bindings", role.flow_bindings),
        )
        dual_stack.start_home_agent(what, self._core, role, interface)
        self._core.set_multicast(errors.flag(what, "multicast", role.multicast))
        self._core.start_home_agent(interface._core, max_lifetime, preference, networks, verify, routes)
        self.home_link = interface
        self._node._advertise_home_agent(interface)
        for home, how in protection.items():
            how.start(what, self._core, home)
        if networks is not None:
            self._node.network._mobile_networks_added(interface, [p for ps in networks.values() for p in ps])

    def _home_link(self, what: str, role: HomeAgent) -> Interface:
        if role.interface is not None:
            return self._node.interface(role.interface)
        from kamesim.media import Lan

        shared = [i for i in self._node.interfaces if isinstance(i.medium, Lan)]
        if len(shared) != 1:
            names = ", ".join(repr(i.name) for i in shared) or "none"
            raise errors.Error(f"{what}: interface is not given, and of its interfaces {names} are on LANs; name one")
        return shared[0]

    def _start_mobile_router(self, what: str, role: MobileRouter) -> None:
        if not self._node.is_router:
            raise errors.Error(f"{what}: {self._node.name!r} is a host; a mobile router is made by net.router(...)")
        home_address, home_agent, discover, length, lifetime = _registration(what, role)
        prefixes = _prefixes(what, "prefixes", role.prefixes)
        mode = errors.one_of(what, "mode", role.mode, ("implicit", "explicit"))
        home_link = None if role.home_link is None else str(errors.prefix(what, "home_link", role.home_link))
        egress = self._egress(what, role, prefixes)
        _movement_detection(what, role).start(what, self._core)
        dual_stack.start_mobile_node(what, self._core, role, False)
        self._core.start_mobile_router(
            egress._core, home_address, length, home_link, home_agent, discover, lifetime, role.route_optimization,
            role.acknowledge_correspondents, role.reuse_tokens, prefixes, mode == "explicit",
            errors.flag(what, "try_other_mode", role.try_other_mode),
        )  # fmt: skip
        self._node._egress = [egress]
        self._node.network._mobile_networks_added(None, [])

    def _egress(self, what: str, role: MobileRouter, prefixes: list[str]) -> Interface:
        if role.egress is not None:
            return self._node.interface(role.egress)

        def outside(interface: Interface) -> bool:
            return interface.medium is None or not {str(p) for p in interface.medium.prefixes} & set(prefixes)

        candidates = [i for i in self._node.interfaces if outside(i)]
        if len(candidates) != 1:
            names = ", ".join(repr(i.name) for i in candidates) or "none"
            raise errors.Error(f"{what}: egress is not given, and of its interfaces {names} could be it; name one")
        return candidates[0]

    def _start_mobile_node(self, what: str, role: MobileNode) -> None:
        if self._node.is_router:
            raise errors.Error(f"{what}: {self._node.name!r} is a router; a mobile node is a host")
        home_address, home_agent, discover, length, lifetime = _registration(what, role)
        interface = self._node._choose_interface(role.interface)
        if role.protection is not None and not isinstance(role.protection, SignallingProtection):
            errors.fail(what, "protection", role.protection, "a SignallingProtection(...), or None")
        if role.authentication is not None:
            _option(what, role.authentication).authenticate_mobile_node(what, self._core, role.clock_offset)
        _movement_detection(what, role).start(what, self._core)
        dual_stack.start_mobile_node(what, self._core, role, any(isinstance(r, MobileNode) for r in self.roles))
        self._core.start_mobile_node(
            interface._core, home_address, length, home_agent, discover, lifetime, role.route_optimization,
            role.acknowledge_correspondents, role.reuse_tokens,
        )  # fmt: skip
        if role.protection is not None:
            role.protection.start(what, self._core, None)

    def _start_multihomed(self, what: str, role: MultihomedMobileNode) -> None:
        networks = multihomed.mobile_networks(what, self._node, role)
        home_address, home_agent, length, lifetime = _lasting(what, role)
        if home_agent is None:
            raise errors.Error(f"{what}: home_agent is None; give its address")
        self._multihomed = Multihomed(what, self._node, role, (home_address, home_agent, length, lifetime), networks)
        if networks:
            self._node._egress = [self._node.interface(name) for name in self._multihomed.priorities]
            self._node.network._mobile_networks_added(None, [])


def _prefixes(what: str, parameter: str, given: str | Iterable[str]) -> list[str]:
    texts = [given] if isinstance(given, str) else list(given)
    if not texts:
        errors.fail(what, parameter, texts, "a prefix, such as '2001:db8:a::/64', or several")
    return [str(errors.prefix(what, parameter, text)) for text in texts]


def _registration(what: str, role: MobileNode | MobileRouter) -> tuple[str, str | None, bool, int, int]:
    """What mobile nodes and mobile routers register alike, checked."""
    home_address, home_agent, length, lifetime = _lasting(what, role)
    discover = errors.flag(what, "discover_home_agents", role.discover_home_agents)
    for name in ("route_optimization", "acknowledge_correspondents", "reuse_tokens"):
        errors.flag(what, name, getattr(role, name))
    return home_address, home_agent, discover, length, lifetime


def _lasting(what: str, role: MobileNode | MobileRouter | MultihomedMobileNode) -> tuple[str, str | None, int, int]:
    home_address = errors.routable_address(what, "home_address", role.home_address)  # RFC 6275 section 3.1
    home_agent = None if role.home_agent is None else errors.routable_address(what, "home_agent", role.home_agent)
    if home_address == home_agent:
        raise errors.Error(f"{what}: home_address and home_agent are both {home_address}; they are two nodes'")
    length = errors.integer(what, "home_prefix_length", role.home_prefix_length, "bits", minimum=1, maximum=128)
    lifetime = errors.nanoseconds(what, "lifetime", role.lifetime)
    if not 4 <= role.lifetime <= MAX_LIFETIME_S or role.lifetime % 4:
        raise errors.Error(
            f"{what}: lifetime is {role.lifetime:g} s; it is a multiple of 4 s, from 4 to {MAX_LIFETIME_S}"
        )
    return home_address, home_agent, length, lifetime


def _movement_detection(what: str, role: MobileNode | MobileRouter) -> MovementDetection:
    if not isinstance(role.movement_detection, MovementDetection):
        errors.fail(what, "movement_detection", role.movement_detection, "a MovementDetection(...)")
    return role.movement_detection


def _option(what: str, value: object) -> AuthenticationOption:
    if not isinstance(value, AuthenticationOption):
        errors.fail(what, "authentication", value, "an AuthenticationOption")
    return value
