"""Dual Stack Mobile IPv6 (RFC 5555): IPv4 home addresses, and IPv4 networks as foreign ones.

    ha.enable(ks.HomeAgent(ipv4_pool="192.0.2.64/26"))
    visited = ks.Ipv4Pool("198.51.100.0/24", gateway="198.51.100.1")
    mn.enable(ks.MobileNode(home_address="2001:db8:1::100", home_agent="2001:db8:1::1", home_agent_ipv4="192.0.2.1",
                            ipv4_home_address="request", ipv4_networks=[visited.take()]))
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kamesim import _core, errors

if TYPE_CHECKING:
    from kamesim.interface import Interface
    from kamesim.mobile_ip import HomeAgent, MobileNode, MobileRouter

#: RFC 5555 section 6: NATKATIMEOUT, seconds.
NAT_KEEPALIVE_TIMEOUT_S = 110.0
#: `MobileNode.ipv4_home_address`, and before a "/" in `MobileRouter.ipv4_prefixes`: the home agent is to hand one out.
REQUEST = "request"


@dataclass(frozen=True)
class Ipv4Access:
    """How a mobile node is configured in one IPv4 network: what stands in for DHCP there, a lease without an end.

    address: its care-of address with the length of the prefix, "198.51.100.20/24". gateway: the router there, an address
    of that prefix; the mobile node knows by its answer to ARP that it is in this network (RFC 4436).
    """

    address: str
    gateway: str


@dataclass
class Ipv4Pool:
    """The addresses of one IPv4 network for those who visit it: `take()` gives each mobile node one of its own.

    prefix: "198.51.100.0/24". gateway: the router of the network. first: of the addresses to give, counted from the
    prefix's own; those before are left to routers and hosts.
    """

    prefix: str
    gateway: str
    first: int = 100
    _taken: int = field(default=0, repr=False)

    def take(self) -> Ipv4Access:
        """The configuration of one more mobile node."""
        what = f"Ipv4Pool {self.prefix!r}"
        network = _ipv4_prefix(what, "prefix", self.prefix)
        gateway = _ipv4(what, "gateway", self.gateway)
        while True:
            number = errors.integer(what, "first", self.first, "", minimum=1) + self._taken
            if number >= network.num_addresses - 1:
                raise errors.Error(f"{what}: all its addresses are taken; give a shorter prefix, or a lower first")
            self._taken += 1
            address = str(network[number])
            if address != gateway:
                return Ipv4Access(f"{address}/{network.prefixlen}", gateway)


def start_home_agent(what: str, core: _core.MobileIpv6, role: HomeAgent, interface: Interface) -> None:
    """Before the home agent itself."""
    if not role.has_ipv4:
        return
    own = [a.split("/")[0] for a in interface.ipv4_addresses]
    address = role.ipv4_address
    if address is None:
        if not own:
            raise errors.Error(
                f"{what}: {interface.full_name!r} has no IPv4 address; give it one, such as "
                "interface.add_address('192.0.2.1/24'), or name another of the node by ipv4_address"
            )
        address = own[0]
    address = _ipv4(what, "ipv4_address", address)
    if address not in [a.split("/")[0] for i in interface.node.interfaces for a in i.ipv4_addresses]:
        raise errors.Error(f"{what}: ipv4_address is {address}, which {interface.node.name!r} does not have; add it first")
    home_addresses = {
        errors.address(what, "ipv4_home_addresses", home): _ipv4(what, "ipv4_home_addresses", given)
        for home, given in role.ipv4_home_addresses.items()
    }
    _check_given_once(what, home_addresses, [address, *own])
    networks = {
        errors.address(what, "ipv4_networks", home): _ipv4_prefixes(what, "ipv4_networks", prefixes)
        for home, prefixes in role.ipv4_networks.items()
    }
    pool = [] if role.ipv4_pool is None else _ipv4_prefixes(what, "ipv4_pool", role.ipv4_pool)
    network_pool = role.ipv4_network_pool
    if network_pool is not None:
        network_pool = str(_ipv4_prefix(what, "ipv4_network_pool", network_pool))
    prohibited = [str(errors.prefix(what, "ipv4_prohibited", _host(p))) for p in role.ipv4_prohibited]
    lease = None if role.ipv4_lease is None else errors.nanoseconds(what, "ipv4_lease", role.ipv4_lease)
    if lease is not None and lease < 4_000_000_000:
        raise errors.Error(f"{what}: ipv4_lease is {role.ipv4_lease:g} s; it is at least 4 s, the shortest lifetime")
    core.set_dual_stack_home_agent(
        address, home_addresses, networks, pool, network_pool, prohibited, [address, *own], lease,
        errors.flag(what, "accept_forced_udp", role.accept_forced_udp), errors.flag(what, "force_udp", role.force_udp),
        errors.nanoseconds(what, "nat_refresh_time", role.nat_refresh_time),
    )  # fmt: skip


def start_mobile_node(what: str, core: _core.MobileIpv6, role: MobileNode | MobileRouter, again: bool) -> None:
    """Before the mobile node itself. again: it has a home address already."""
    prefixes = getattr(role, "ipv4_prefixes", ())
    texts = [prefixes] if isinstance(prefixes, str) else list(prefixes)
    networks = errors.listed(what, "ipv4_networks", role.ipv4_networks, "a list of what Ipv4Pool.take() gives")
    others = {
        "ipv4_home_address": role.ipv4_home_address, "ipv4_home_gateway": role.ipv4_home_gateway,
        "ipv4_networks": networks or None, "force_udp": errors.flag(what, "force_udp", role.force_udp) or None,
        "ipv4_prefixes": texts or None,
    }  # fmt: skip
    if role.home_agent_ipv4 is None:
        for name, value in others.items():
            if value is not None:
                raise errors.Error(f"{what}: {name} is given, and home_agent_ipv4 is not: the home agent's IPv4 address")
        return
    if role.home_agent is None:
        raise errors.Error(f"{what}: home_agent_ipv4 is given, and home_agent is not; with IPv4 both addresses are needed")
    if again:
        raise errors.Error(f"{what}: home_agent_ipv4: of several home addresses the first has it alone")
    home_agent = _ipv4(what, "home_agent_ipv4", role.home_agent_ipv4)
    home_address, length = _home_address(what, role.ipv4_home_address)
    if home_address == home_agent:
        raise errors.Error(f"{what}: ipv4_home_address and home_agent_ipv4 are both {home_agent}; they are two nodes'")
    gateway = None if role.ipv4_home_gateway is None else _ipv4(what, "ipv4_home_gateway", role.ipv4_home_gateway)
    core.set_dual_stack_mobile_node(
        home_agent, home_address, length, gateway, _accesses(what, role.ipv4_networks),
        errors.flag(what, "force_udp", role.force_udp), _mobile_networks(what, texts),
    )  # fmt: skip


def _mobile_networks(what: str, texts: list[str]) -> list[tuple[str, bool]]:
    """(prefix, whether it is to be asked for) of each."""
    networks: list[tuple[str, bool]] = []
    for text in texts:
        start, slash, length = str(text).partition("/")
        requested = start == REQUEST and slash == "/"
        if requested and not (length.isdecimal() and 1 <= int(length) < 32):
            errors.fail(what, "ipv4_prefixes", text, f"{REQUEST!r} with a length from 1 to 31, such as '{REQUEST}/28'")
        prefix = f"0.0.0.0/{int(length)}" if requested else str(_ipv4_prefix(what, "ipv4_prefixes", text))
        if not requested and (prefix, False) in networks:
            raise errors.Error(f"{what}: ipv4_prefixes: {prefix} is there twice")
        networks.append((prefix, requested))
    return networks


def _home_address(what: str, given: str | None) -> tuple[str | None, int]:
    if given is None:
        return None, 32
    if given == REQUEST:
        return "0.0.0.0", 32
    right = f"an IPv4 address with the length of the home link's prefix, such as '192.0.2.10/24', or {REQUEST!r}"
    if not isinstance(given, str) or "/" not in given or not errors.is_ipv4(given.split("/")[0]):
        errors.fail(what, "ipv4_home_address", given, right)
    return errors.address_with_length(what, "ipv4_home_address", given)


def _accesses(what: str, given: Iterable[Ipv4Access]) -> list[tuple[str, int, str]]:
    rows: list[tuple[str, int, str]] = []
    for access in given:
        if not isinstance(access, Ipv4Access):
            errors.fail(what, "ipv4_networks", access, "an Ipv4Access, such as Ipv4Pool(...).take() gives")
        address, length = errors.address_with_length(what, "ipv4_networks", access.address)
        gateway = _ipv4(what, "ipv4_networks: gateway", access.gateway)
        network = ipaddress.ip_network(f"{address}/{length}", strict=False)
        if ipaddress.ip_address(gateway) not in network or gateway == address:
            raise errors.Error(f"{what}: ipv4_networks: gateway {gateway} is no other address of {network}")
        if gateway in [row[2] for row in rows]:
            raise errors.Error(
                f"{what}: ipv4_networks: two of them have the gateway {gateway}, by which they are told apart"
            )
        rows.append((address, length, gateway))
    return rows


def _ipv4(what: str, parameter: str, value: object) -> str:
    text = str(value)
    if not errors.is_ipv4(text):
        errors.fail(what, parameter, value, "an IPv4 address, such as '192.0.2.1'")
    return text


def _ipv4_prefix(what: str, parameter: str, value: object) -> ipaddress.IPv4Network:
    prefix = errors.ip_prefix(what, parameter, value)
    if not isinstance(prefix, ipaddress.IPv4Network):
        errors.fail(what, parameter, value, "an IPv4 prefix, such as '192.0.2.0/24'")
    return prefix


def _ipv4_prefixes(what: str, parameter: str, given: str | Iterable[str]) -> list[str]:
    texts = [given] if isinstance(given, str) else list(given)
    return [str(_ipv4_prefix(what, parameter, text)) for text in texts]


def _check_given_once(what: str, home_addresses: dict[str, str], taken: list[str]) -> None:
    for home, address in home_addresses.items():
        others = [h for h, a in home_addresses.items() if a == address and h != home]
        if others:
            raise errors.Error(f"{what}: ipv4_home_addresses: {address} is given to {home} and to {others[0]}")
        if address in taken:
            raise errors.Error(f"{what}: ipv4_home_addresses: {address} of {home} is the home agent's own")


def _host(text: str) -> str:
    return text if "/" in text else f"{text}/128"
