"""Hosts and routers."""

from __future__ import annotations

import ipaddress
import math
from collections import Counter
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, overload, TypeVar

from kamesim import _core, errors, fmip6, hmip6, tables
from kamesim.advertises import Advertises
from kamesim.cell import Cell, Roaming
from kamesim.controls import Controls
from kamesim.flow import Ping
from kamesim.interface import Interface, InterfaceLike
from kamesim.ip6 import Ip6Settings
from kamesim.ipsec import Ipsec
from kamesim.mobile_ip import Correspondent, HomeAgent, MobileIp, MobileNode, MobileRouter, Role
from kamesim.multihomed import MultihomedMobileNode
from kamesim.nd import NdSettings
from kamesim.routing import RoutingSocket
from kamesim.socket_names import AF_INET6, IPPROTO_TCP, SOCK_DGRAM, SOCK_STREAM
from kamesim.sockets import Socket
from kamesim.streams import Stream
from kamesim.tasks import Task
from kamesim.tcp import Tcp
from kamesim.tunnel import Tunnel, check, check_ends

if TYPE_CHECKING:
    import pandas as pd

    from kamesim.media import Lan, Medium
    from kamesim.network import Network
    from kamesim.radio import Exponential, LogNormal, Scan

T = TypeVar("T")

_LEAST_MTU_OF_IPV4 = 68  # bytes, RFC 791 section 3.2
_LARGEST_ECHO = 65535 - 8  # bytes: the longest payload (RFC 8200 section 3), less the header of an echo request


@dataclass(frozen=True)
class StaticAddress:
    """An address given by hand."""

    interface: Interface
    address: str
    prefix_length: int
    anycast: bool
    dad: bool


class Node(Controls, Advertises):
    """A node that runs a complete IPv6 stack."""

    is_router = False

    def __init__(
        self, network: Network, name: str, core: _core.Host, dup_addr_detect_transmits: int, optimistic_dad: bool
    ) -> None:
        self.network = network
        self.name = name
        self._core = core
        self.dup_addr_detect_transmits = dup_addr_detect_transmits  #: 0: no Duplicate Address Detection (RFC 4862)
        self.optimistic_dad = optimistic_dad  #: whether addresses may be used before it is over (RFC 4429)
        self.geo_position: tuple[float, float] | None = None  #: (longitude, latitude) in degrees, if it is known
        self.mobile_ip: MobileIp | None = None  #: Mobile IPv6 on it; None: no role was enabled
        self._interfaces: dict[str, Interface] = {}
        self._tunnels: dict[str, Tunnel] = {}
        self._static_addresses: list[StaticAddress] = []
        self._egress: list[Interface] = []  # of a mobile router: the interfaces that roam

    @property
    def ip6(self) -> Ip6Settings:
        """The settings of its IPv6 layer."""
        return Ip6Settings(self)

    @property
    def nd(self) -> NdSettings:
        """The settings of its Neighbor Discovery and address autoconfiguration."""
        return NdSettings(self)

    @property
    def ipsec(self) -> Ipsec:
        """Its IPsec: policies, associations, settings."""
        return Ipsec(self)

    @property
    def tcp(self) -> Tcp:
        """Its TCP: settings, counters, sockets."""
        return Tcp(self)

    # --- Interfaces and addresses ---------------------------------------------------------------------------------

    @property
    def interfaces(self) -> list[Interface]:
        """Its interfaces, in the order in which they were made."""
        return list(self._interfaces.values())

    def interface(self, name: InterfaceLike) -> Interface:
        """The interface of that name, or its first one on that link, LAN or cell, which may be given by name too.

        Wherever a method asks for an interface of the node, any of these will do.
        """
        if isinstance(name, Interface) and name.node is self:
            return name
        if isinstance(name, str) and name in self._interfaces:
            return self._interfaces[name]
        for interface in self.interfaces:
            if interface.medium is not None and name in (interface.medium, interface.medium.name):
                return interface
        for cell in self.network.media:
            if isinstance(cell, Cell) and name in (cell, cell.name):  # of an access router: it is on the cell's LAN
                for interface in self.interfaces:
                    if interface.medium is cell.lan:
                        return interface
        label = getattr(name, "full_name", getattr(name, "name", name))
        raise errors.UnknownName(f"{self._what}: interface", label, self._interfaces)

    def add_interface(self, name: str | None = None, *, mac: str | None = None) -> Interface:
        """Makes an interface that is on no link yet; `Lan.attach` and `Network.link` do it by themselves.

        name: None: "eth<n>". mac: None: a locally administered address is made up.
        """
        self._check_interface(name, mac)
        core = self._core.add_interface(name or "", errors.mac(self._what, "mac", mac))
        interface = Interface(self, core)
        self._interfaces[interface.name] = interface
        self.network._interface_added(interface)
        return interface

    def roam(
        self,
        name: str | None = None,
        *,
        mac: str | None = None,
        beacon_interval: float = 0.1,
        hysteresis: float = 3.0,
        handoff_delay: float | tuple[float, float] | Exponential | LogNormal = 0.05,
        scan: Scan | None = None,
    ) -> Interface:
        """Makes a wireless interface that associates with the best cell where the node is, from now on.

        The node needs a position. beacon_interval: how often it compares the cells, in seconds. hysteresis: how much
        stronger another cell must be, in dB. handoff_delay: seconds without a link in a hand-off, or a pair: each is
        drawn uniformly between the two, or a distribution. scan: the search for cells that goes before it; None: it is
        part of that. name: None: "wlan<n>". mac: None: one is made up.
        """
        what = f"{self._what}: roam"
        if self.position is None:
            raise errors.Error(f"{what}: {self.name!r} has no place; set {self.name}.position = (x, y) first")
        roaming = Roaming.check(
            what, beacon_interval=beacon_interval, hysteresis=hysteresis, handoff_delay=handoff_delay, scan=scan
        )
        interface = self.add_interface(self._free_interface_name("wlan") if name is None else name, mac=mac)
        interface.roaming = roaming
        interface._station = self.network._core.add_station(
            interface._core,
            roaming.beacon_interval_ns,
            roaming.hysteresis,
            roaming.delay.min_ns,
            roaming.delay.max_ns,
            roaming.delay.shape,
            roaming.delay.scale_ns,
            roaming.delay.sigma,
            None if roaming.scan is None else roaming.scan.to_core(what),
        )
        return interface

    @property
    def address(self) -> str | None:
        """The first of its global addresses that is not a duplicate, nor of a link that it has left; None while it has none.

        Those of a link that it has left count while there are no others.
        """
        left = None
        for _, text, _, state, _, _, _ in self._address_rows():
            if state == "duplicated" or ipaddress.IPv6Address(text).is_link_local:
                continue
            if state != "detached":
                return text
            left = left or text
        return left

    def addresses(self) -> pd.DataFrame:
        """Its addresses: interface, address, prefix_length, state, origin, preferred_until_s, valid_until_s.

        state is tentative, optimistic, preferred, deprecated, detached (of a link that it has left, and no source) or
        duplicated; a time of inf is for ever. Those of IPv4 come last.
        """
        return tables.addresses(self._address_rows() + self._core.ipv4_addresses())

    def add_address(
        self,
        address: str,
        *,
        interface: InterfaceLike | None = None,
        anycast: bool = False,
        dad: bool = True,
        preferred_lifetime: float | None = None,
        valid_lifetime: float | None = None,
    ) -> None:
        """Gives it an address, such as "2001:db8::1/64" (without a length: /64) or "192.0.2.1/24", by hand.

        interface: None will do if it has only one. anycast: other nodes may have the address too; it is no source, and
        there is no Duplicate Address Detection. dad: whether that is performed; it takes a second or two, in which the
        address cannot be used; IPv4 has none. preferred_lifetime, valid_lifetime: seconds from now on, after which it is deprecated
        and goes (RFC 4862 section 5.5.4); None: for ever.
        """
        text, length = errors.address_with_length(self._what, "address", address)
        parsed = ipaddress.ip_address(text)
        if parsed.is_multicast or parsed.is_unspecified or (parsed.version == 4 and parsed.is_reserved):
            errors.fail(self._what, "address", address, "a unicast or anycast address")
        if parsed.is_loopback or (parsed.version == 6 and parsed.ipv4_mapped is not None):  # RFC 4291 section 2.5
            errors.fail(self._what, "address", address, "an address that packets on a link may bear")
        if anycast is True and parsed.version == 4:
            errors.fail(self._what, "anycast", anycast, "False for an IPv4 address")
        on = self._choose_interface(interface)
        preferred, valid = self._lifetimes(preferred_lifetime, valid_lifetime)
        if text in on.addresses or text in on.ipv4_addresses:
            raise errors.Error(f"{self._what}: it has the address {text} on {on.name!r} already")
        static = StaticAddress(
            on, text, length, errors.flag(self._what, "anycast", anycast), errors.flag(self._what, "dad", dad)
        )
        on._core.add_address(text, length, static.anycast, static.dad, preferred, valid)
        self._static_addresses.append(static)

    def set_address_lifetimes(
        self, address: str, *, preferred_lifetime: float | None = None, valid_lifetime: float | None = None
    ) -> None:
        """Gives an address, by whatever way it came, other lifetimes, in seconds from now on; None: for ever."""
        text, length = self._address_and_length(address)
        preferred, valid = self._lifetimes(preferred_lifetime, valid_lifetime)
        holders = [i for i in self.interfaces if text in i.addresses]
        if not holders:
            raise errors.UnknownName(f"{self._what}: address", text, [row[1] for row in self._address_rows()])
        for interface in holders:
            interface._core.add_address(text, length, False, True, preferred, valid)

    def remove_address(self, address: str, *, interface: InterfaceLike | None = None) -> None:
        """Takes an address away, by whatever way it came. interface: None: from all that have it."""
        text, _ = self._address_and_length(address)
        places = self.interfaces if interface is None else [self.interface(interface)]
        removed = [i for i in places if i._core.remove_address(text)]
        if not removed:
            raise errors.UnknownName(f"{self._what}: address", text, [row[1] for row in self._address_rows()])
        self._static_addresses = [
            a for a in self._static_addresses if a.address != text or a.interface not in removed
        ]

    def _address_and_length(self, address: Any) -> tuple[str, int]:
        """Of an address that it has: the length of its prefix does not matter."""
        if isinstance(address, ipaddress.IPv4Address) or (isinstance(address, str) and errors.is_ipv4(address)):
            address = f"{address}/32"
        return errors.address_with_length(self._what, "address", address)

    def _lifetimes(self, preferred: float | None, valid: float | None) -> tuple[int | None, int | None]:
        """The lifetimes of an address in nanoseconds."""
        bounds: list[int | None] = []
        for name, value in (("preferred_lifetime", preferred), ("valid_lifetime", valid)):
            for_ever = value is None or value == math.inf
            bounds.append(None if for_ever else errors.nanoseconds(self._what, name, value))
        if bounds[1] is not None and (bounds[0] is None or bounds[0] > bounds[1]):
            if preferred is not None:
                right = f"valid_lifetime, {valid:g} s, or less"
                errors.fail(self._what, "preferred_lifetime", preferred, right)
            bounds[0] = bounds[1]
        return bounds[0], bounds[1]

    # --- Tunnels ------------------------------------------------------------------------------------------------------

    @property
    def tunnels(self) -> list[Tunnel]:
        """Its tunnels, in the order in which they were made."""
        return list(self._tunnels.values())

    def tunnel(self, name: str) -> Tunnel:
        """The tunnel of that name."""
        if name not in self._tunnels:
            raise errors.UnknownName(f"{self._what}: tunnel", name, self._tunnels)
        return self._tunnels[name]

    def add_tunnel(
        self,
        name: str | None = None,
        *,
        local: str,
        remote: str,
        hop_limit: int | None = None,
        traffic_class: int | Literal["inherit"] = 0,
        flow_label: int = 0,
        encapsulation_limit: int | None = 4,
        mtu: int | None = None,
        ecn: Literal["normal", "compatibility"] = "normal",
        dscp: Literal["pipe", "uniform"] = "pipe",
        neighbor: str | None = None,
    ) -> Tunnel:
        """Makes a tunnel between two addresses, of IPv6 (RFC 2473) or IPv4 (RFC 4213, RFC 2003), for packets of both.

        The other end needs one back. Route to it: node.add_route("2001:db8:9::/48", interface=tunnel). Defaults are RFC
        2473's, section 6. name: None: "tun<n>". local: of this node. hop_limit: of tunnel packets; None: a router's
        own, of a host what routers advertise.
        traffic_class: of tunnel packets, or "inherit": the carried packet's. encapsulation_limit: how many more tunnels
        they may enter; None: no limit is sent. mtu: of carried packets, in bytes, 1280 or more, if the path takes as
        much; None: what it takes. ecn: how congestion marks go in (RFC 6040):
        "normal", copied, or "compatibility", for exits that do not know of them. dscp: of what comes out (RFC 2983): the
        carried packet's own, "pipe", or that of the tunnel packet, "uniform". neighbor: an address of the other end in
        the tunnel, such as `other.link_local`: it is asked whether it is there while packets go by the tunnel (RFC 4213
        section 3.8), and while it does not answer the routes by the tunnel are withdrawn; None: it is not asked.
        """
        label = self._free_tunnel_name() if name is None else name
        errors.name(f"{self._what}: tunnel", label)
        if label in self._interfaces or label in self._tunnels or label == "lo":
            raise errors.Error(f"{self._what}: it has an interface named {label!r} already; choose another name")
        what = f"tunnel '{self.name}:{label}'"
        ends = check_ends(self, what, local, remote)
        parameters = check(
            what,
            ipaddress.ip_address(ends[1]).version == 4,
            hop_limit=hop_limit,
            traffic_class=traffic_class,
            flow_label=flow_label,
            encapsulation_limit=encapsulation_limit,
            mtu=mtu,
            ecn=ecn,
            dscp=dscp,
            neighbor=neighbor,
        )
        self._core.add_tunnel(label, *ends, parameters)
        tunnel = Tunnel(self, label)
        self._tunnels[label] = tunnel
        return tunnel

    def _remove_tunnel(self, tunnel: Tunnel) -> None:
        self._core.remove_tunnel(tunnel.name)
        del self._tunnels[tunnel.name]

    def _free_tunnel_name(self) -> str:
        return next(name for n in range(65536) if (name := f"tun{n}") not in self._tunnels)

    # --- Routes --------------------------------------------------------------------------------------------------

    @property
    def routes(self) -> pd.DataFrame:
        """Its routing table: prefix, next_hop (None: on the link), interface, kind, origin, metric, mtu (0: the link's)."""
        columns = ["prefix", "next_hop", "interface", "kind", "origin", "metric", "mtu"]
        return tables.frame(self._core.routes(), columns)

    def add_route(
        self,
        prefix: str,
        *,
        via: str | None = None,
        interface: InterfaceLike | Tunnel | None = None,
        kind: str = "unicast",
        metric: int = 0,
        mtu: int | None = None,
    ) -> None:
        """Adds a static route.

        prefix: "::/0" is the default route, "0.0.0.0/0" that of IPv4. via: the next router's address, "fe80::1%eth0" with
        its interface; None: the prefix is on the link. interface: or a tunnel; None: the one that `via` is reached by, or
        its only one. kind: "unicast", "reject" (answered with Destination Unreachable) or "blackhole", which need no
        interface. metric: of routes to one prefix, the lowest is
        used; of unicast ones with the same metric each flow uses one, always the same (equal-cost multipath, RFC 2991).
        mtu: bytes that go this way at most; None: what the link takes.
        """
        network = errors.ip_prefix(self._what, "prefix", prefix)
        via, interface = self._zoned(via, interface)
        next_hop = None if via is None else errors.ip_address(self._what, "via", via)
        if next_hop is not None:
            self._check_next_hop(next_hop)
        if next_hop is not None and ipaddress.ip_address(next_hop).version != network.version:
            errors.fail(self._what, "via", via, f"an IPv{network.version} address, as the prefix is")
        errors.one_of(self._what, "kind", kind, ("unicast", "reject", "blackhole"))
        number = errors.integer(self._what, "metric", metric, "", minimum=0, maximum=2**32 - 1)
        least = errors.MINIMUM_MTU if network.version == 6 else _LEAST_MTU_OF_IPV4
        size = 0 if mtu is None else errors.integer(
            self._what, "mtu", mtu, "bytes", minimum=least, maximum=errors.MAXIMUM_MTU
        )
        if interface is None and kind != "unicast" and self._interfaces:
            interface = self.interfaces[0]  # nothing leaves by it
        on = self._exit_towards(next_hop) if interface is None else self._way_out(interface)
        self._core.add_route(str(network), on.name, next_hop, kind, number, size)

    def _check_next_hop(self, text: str) -> None:
        router = ipaddress.ip_address(text)
        if router.is_multicast:
            errors.fail(self._what, "via", text, "the address of a router, not of a group")
        if router.is_unspecified or router.is_loopback:
            errors.fail(self._what, "via", text, "the address of a router, or None: the prefix is on the link")
        holder = next((i for i in self.interfaces if text in i.addresses or text in i.ipv4_addresses), None)
        if holder is not None:
            errors.fail(self._what, "via", text, f"the address of another node, not that of {holder.full_name!r} itself")

    def remove_route(self, prefix: str, *, via: str | None = None) -> None:
        """Removes the static routes to the prefix, all or those by one next router."""
        network = errors.ip_prefix(self._what, "prefix", prefix)
        next_hop = None if via is None else errors.ip_address(self._what, "via", via)
        if self._core.remove_route(str(network), next_hop) == 0:
            known = {row[0] for row in self._core.routes() if row[4] == "static"}
            raise errors.UnknownName(f"{self._what}: static route", str(network), sorted(known))

    # --- Address selection --------------------------------------------------------------------------------------------

    @property
    def policy_table(self) -> list[tuple[str, int, int]]:
        """Its policy table (RFC 6724 section 2.1): (prefix, precedence, label), longest prefix first; may be set.

        Destinations of higher precedence are tried first; sources are preferred that have the label of the
        destination. IPv4 is "::ffff:0:0/96". Without a row for "::/0", (40, 1) is assumed for what no row matches. None
        sets the default table again. A reboot keeps it.
        """
        return self._core.policies()

    @policy_table.setter
    def policy_table(self, rows: Iterable[tuple[str, int, int]] | None) -> None:
        if rows is None:
            self._core.set_policies(None)
            return
        what = f"{self._what}: policy_table"
        right = "a list of (prefix, precedence, label), such as ('::/0', 40, 1), or None: the default table"
        checked: dict[str, tuple[str, int, int]] = {}
        for row in errors.listed(self._what, "policy_table", rows, right):
            if not isinstance(row, (tuple, list)) or len(row) != 3:
                errors.fail(self._what, "policy_table", row, right)
            prefix = str(errors.prefix(what, "prefix", row[0]))
            if prefix in checked:
                raise errors.Error(f"{what}: there are two rows for {prefix!r}; a prefix has one")
            precedence = errors.integer(what, "precedence", row[1], "", minimum=0, maximum=2**31 - 1)
            checked[prefix] = (prefix, precedence, errors.integer(what, "label", row[2], "", minimum=0, maximum=2**31 - 1))
        self._core.set_policies(list(checked.values()))

    def order_destinations(self, destinations: Iterable[Node | str]) -> list[str]:
        """Addresses, of IPv6 and IPv4, in the order in which they are to be tried (RFC 6724 section 6).

        As getaddrinfo of RFC 3493 sorts what a name has. Those that cannot be reached are last.
        """
        what = f"{self._what}: order_destinations"
        given = errors.listed(self._what, "destinations", destinations, "a list of addresses")
        texts = [self.network._address_of(what, "destinations", d) for d in given]
        return [destination for destination, _, _ in self._core.order_destinations(texts)]

    def source_for(self, destination: Node | str) -> str | None:
        """The address that it would send from to a destination, if it is not told (RFC 6724 section 5); None: it cannot."""
        target = self.network._address_of(f"{self._what}: source_for", "destination", destination)
        ((_, source, _),) = self._core.order_destinations([target])
        return source

    # --- Programs on it -----------------------------------------------------------------------------------------------

    @overload
    def socket(self, family: int = ..., *, type: Literal[1], proto: int = ...) -> Stream: ...
    @overload
    def socket(self, family: int, type: Literal[1], proto: int = ...) -> Stream: ...
    @overload
    def socket(self, family: int = ..., type: Literal[2, 3] = ..., proto: int = ...) -> Socket: ...
    @overload
    def socket(self, family: int = ..., type: int = ..., proto: int = ...) -> Socket | Stream: ...
    def socket(self, family: int = AF_INET6, type: int = SOCK_DGRAM, proto: int = 0) -> Socket | Stream:
        """A socket of this node, for Python code; see `kamesim.sockets.Socket`, and `kamesim.streams.Stream` for TCP.

        type: SOCK_DGRAM for UDP, SOCK_STREAM for TCP, or SOCK_RAW with the number of a protocol: IPPROTO_ICMPV6, or any that the node does
        not know itself.
        """
        if type == SOCK_STREAM and family == AF_INET6:
            if proto not in (0, IPPROTO_TCP):
                errors.fail(f"{self._what}: socket", "protocol", proto, "0 or IPPROTO_TCP for SOCK_STREAM")
            return Stream(self)
        return Socket(self, family, type, proto)

    def routing_socket(self) -> RoutingSocket:
        """Hears of changes to its links, addresses, routers and routes from now on: `kamesim.routing.RoutingSocket`."""
        return RoutingSocket(self)

    def start(self, coroutine: Coroutine[Any, Any, T], *, name: str | None = None) -> Task[T]:
        """Runs a coroutine on this node, from the present virtual time on: node.start(app(node)).

        It dies when the node reboots. name: for errors; None: the function's.
        """
        return self.network._loop.start(coroutine, name, self)

    @property
    def tasks(self) -> list[Task[Any]]:
        """Those that were started on it and have not ended."""
        return self.network._loop.tasks(self)

    # --- What happens on it -----------------------------------------------------------------------------------------

    def ping(
        self,
        destination: Node | str,
        *,
        count: int = 4,
        interval: float = 1.0,
        size: int = 56,
        source: str | None = None,
        interface: InterfaceLike | None = None,
        hop_limit: int | None = None,
    ) -> Ping:
        """Sends echo requests from now on, and returns at once; the answers come as virtual time passes.

        destination: an address, "fe80::1%eth0" with its interface, or a node with a global one. count: requests. interval: seconds. size: bytes of
        data. source: one of its addresses, to send from; None: chosen by RFC 6724. interface: to leave by; needed for a
        link-local destination. hop_limit: None: the usual one.
        """
        what = f"{self._what}: ping"
        destination, interface = self._zoned(destination, interface)
        target = self.network._address_of(what, "destination", destination)
        on = None if interface is None else self.interface(interface)
        parsed = ipaddress.ip_address(target)
        if parsed.is_unspecified:
            errors.fail(what, "destination", destination, "the address of a node, or of a group")
        if on is None and parsed.version == 6 and parsed.is_link_local:
            on = self._choose_interface(None)
        core = self._core.ping(
            target,
            None if source is None else self._own_address(what, "source", source),
            None if on is None else on._core,
            errors.integer(what, "count", count, "", minimum=1, maximum=65536),
            errors.integer(what, "size", size, "bytes", minimum=0, maximum=_LARGEST_ECHO),
            errors.nanoseconds(what, "interval", interval, above=0),
            None if hop_limit is None else errors.integer(what, "hop_limit", hop_limit, "", minimum=1, maximum=255),
        )
        return Ping(self, target, core)

    def move(self, lan: Lan | str, *, interface: InterfaceLike | None = None, l2_delay: float = 0.0) -> None:
        """Unplugs its interface from where it is and plugs it into a LAN.

        interface: None will do if it has only one, and means the egress interface of a mobile router. l2_delay: seconds
        without any link in between.
        """
        self.network._move(self, lan, interface, l2_delay)

    def enable(self, role: Role) -> MobileIp:
        """Gives it a role in Mobile IPv6: `Correspondent()`, `HomeAgent(...)`, `MobileNode(...)`, `MobileRouter(...)` or
        `MultihomedMobileNode(...)`; in Hierarchical Mobile IPv6: `MobilityAnchorPoint(...)` or
        `HierarchicalMobileNode(...)`; in fast handovers: `FastHandoverRouter(...)` or `FastMobileNode(...)`.

        All but the first are correspondents too.
        """
        known = (Correspondent, HomeAgent, MobileNode, MobileRouter, MultihomedMobileNode, *hmip6.ROLES, *fmip6.ROLES)
        if not isinstance(role, known):
            roles = "a Correspondent, HomeAgent, MobileNode, MobileRouter, or another role of mobility"
            errors.fail(f"{self._what}: enable", "role", role, roles)
        mobile_ip = self._enable_mobile_ip()
        mobile_ip.start(role)
        return mobile_ip

    def _enable_mobile_ip(self) -> MobileIp:
        if self.mobile_ip is None:
            self.mobile_ip = MobileIp(self, self._core.enable_mobile_ipv6())
        return self.mobile_ip

    def _is_home_agent_on(self, interface: Interface) -> bool:
        home_link = None if self.mobile_ip is None else self.mobile_ip.home_link
        return home_link is not None and home_link.name == interface.name

    @property
    def drops(self) -> Counter[str]:
        """How many packets it discarded, by reason: node.drops["udp.no_port"]; 0 for a reason that never was."""
        return Counter({reason: count for reason, _, count in self._core.drops()})

    @property
    def counters(self) -> dict[str, int]:
        """Packets of its IPv6 layer: received, delivered, forwarded, sent, icmp6_errors_sent, icmp6_errors_limited."""
        return self._core.counters()

    @property
    def trace(self) -> pd.DataFrame:
        """What happened on it: time_s, node, kind, and a column for each field that the events have."""
        return tables.trace([(t, self.name, kind, fields) for t, kind, fields in self._core.trace()])

    # --- Helpers ----------------------------------------------------------------------------------------------------

    @property
    def _what(self) -> str:
        return f"{'router' if self.is_router else 'host'} {self.name!r}"

    def _own_address(self, what: str, parameter: str, value: Any) -> str:
        text = errors.ip_address(what, parameter, value)
        own = [row[1] for row in self._address_rows() + self._core.ipv4_addresses()]
        if text not in own:
            right = f"an address of {self.name!r}, which are {', '.join(own)}" if own else "None: it has no address yet"
            errors.fail(what, parameter, value, right)
        return text

    def _address_rows(self) -> list[tuple[str, str, int, str, str, int | None, int | None]]:
        return self._core.addresses()

    def _check_interface(self, name: Any, mac: Any) -> None:
        if name is not None:
            errors.name(f"{self._what}: interface", name)
            if name in self._interfaces or name == "lo":
                raise errors.Error(f"{self._what}: it has an interface named {name!r} already; choose another name")
        errors.mac(self._what, "mac", mac)

    def _free_interface_name(self, stem: str) -> str:
        return next(name for n in range(65536) if (name := f"{stem}{n}") not in self._interfaces)

    def _zoned(self, address: Any, interface: Any) -> tuple[Any, Any]:
        """An address and its interface; what is given as "fe80::1%eth0" names both (RFC 4007 section 11)."""
        if not isinstance(address, str) or interface is not None:
            return address, interface
        bare, zone, name = address.partition("%")
        return (bare, self._way_out(name)) if zone else (address, None)

    def _choose_interface(self, given: InterfaceLike | None) -> Interface:
        if given is not None:
            return self.interface(given)
        if len(self._interfaces) == 1:
            return self.interfaces[0]
        names = ", ".join(repr(n) for n in self._interfaces) or "none"
        raise errors.Error(f"{self._what}: interface is not given; name one of its interfaces, which are {names}")

    def _way_out(self, given: InterfaceLike | Tunnel) -> Interface | Tunnel:
        if isinstance(given, Tunnel):
            if given.node is not self:
                raise errors.UnknownName(f"{self._what}: tunnel", given.full_name, self._tunnels)
            return self.tunnel(given.name)
        return self._tunnels[given] if isinstance(given, str) and given in self._tunnels else self.interface(given)

    def _exit_towards(self, next_hop: str | None) -> Interface | Tunnel:
        if next_hop is not None and (len(self._interfaces) != 1 or self._tunnels):
            name = self._core.route_interface(next_hop)
            if name in self._tunnels:
                return self._tunnels[name]
            parsed = ipaddress.ip_address(next_hop)
            if name in self._interfaces and not (parsed.version == 6 and parsed.is_link_local):
                return self._interfaces[name]
        return self._choose_interface(None)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} {self.address or 'without a global address'}>"


class Host(Node):
    """A host: it does not forward, and configures itself by Router Advertisements."""
