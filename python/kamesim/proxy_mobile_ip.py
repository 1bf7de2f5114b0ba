"""Proxy Mobile IPv6 (RFC 5213): routers that do a host's mobility for it, with no part of the host.

    lma.local_mobility_anchor(prefix_pool="2001:db8:ff00::/48")
    mag1.mobile_access_gateway(lma="2001:db8:1::1", policy={phone: "phone@example.net"})
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Union

from kamesim import _core, errors, tables
from kamesim.mobile_ip import MAX_LIFETIME_S

if TYPE_CHECKING:
    import pandas as pd

    from kamesim.interface import Interface
    from kamesim.node import Node
    from kamesim.router import Router

#: Reserved by RFC 6543 for all access gateways of a domain: link-local and link-layer address on access links.
FIXED_LINK_LOCAL = "fe80::200:5eff:fe00:5213"
FIXED_LINK_LAYER = "00:00:5e:00:52:13"

#: RFC 5213 section 8.5.
ACCESS_TECHNOLOGIES = {"virtual": 1, "ppp": 2, "ethernet": 3, "wireless LAN": 4, "WiMAX": 5}

_SHORTEST_LIFETIME = 4.0
_LONGEST_IDENTIFIER = 253  # octets, in an option of 255 with its subtype


@dataclass(frozen=True)
class ProxyProfile:
    """What an access gateway knows of a mobile node: its policy profile (RFC 5213 section 6.2).

    identifier: its MN-Identifier, a network access identifier such as "phone@example.net", the same at all gateways.
    prefixes: to ask for; none: as the anchor assigns. lma: the address of its anchor, or None: the gateway's.
    local_routing: whether its packets to other nodes of the gateway go directly; None: as the gateway has it.
    """

    identifier: str
    prefixes: tuple[str, ...] = ()
    lma: str | None = None
    local_routing: bool | None = None


@dataclass(frozen=True)
class AnchorProfile:
    """What an anchor knows of a mobile node.

    enabled: whether it is entitled to the service. prefixes: its own; none: of the pool. prefix_count: how many of the
    pool, for each of its interfaces. gateways: the addresses (Proxy-CoAs) of those that may register it; none: all.
    """

    enabled: bool = True
    prefixes: tuple[str, ...] = ()
    prefix_count: int = 1
    gateways: tuple[str, ...] = ()


Policy = Mapping[Any, Union[str, ProxyProfile, tuple[Any, ...]]]


class LocalMobilityAnchor:
    """A local mobility anchor as it runs on a router (`Router.local_mobility_anchor`)."""

    def __init__(
        self, router: Router, core: _core.ProxyMobileIpv6, prefix_pool: str, given: dict[str, Any]
    ) -> None:
        self.router = router
        self._given = given
        self.prefix_pool = prefix_pool
        self._core = core

    def binding_cache(self) -> pd.DataFrame:
        """Its mobility sessions: mobile_node, prefixes, care_of, link_local, access_technology, sequence, expires_s,
        deregistered (waiting for another gateway)."""
        rows = [(*row[:6], row[6] / 1e9, row[7]) for row in self._core.binding_cache()]
        return tables.frame(rows, [
            "mobile_node", "prefixes", "care_of", "link_local", "access_technology", "sequence", "expires_s",
            "deregistered",
        ])  # fmt: skip

    def __repr__(self) -> str:
        return f"<LocalMobilityAnchor {self.router.name}: {self.prefix_pool}>"


class MobileAccessGateway:
    """A mobile access gateway as it runs on a router (`Router.mobile_access_gateway`)."""

    def __init__(
        self, router: Router, core: _core.ProxyMobileIpv6, access_links: list[Interface], given: dict[str, Any]
    ) -> None:
        self.router = router
        self._given = given
        self.access_links = access_links
        self._core = core

    def binding_update_list(self) -> pd.DataFrame:
        """The mobile nodes that are there, by MAC address: mobile_node, station, state ("registering", "bound",
        "leaving", "denied"), prefixes, link_local, lma, expires_s (NaN: nothing is registered)."""
        rows = [
            (*row[:6], math.nan if row[6] is None else row[6] / 1e9) for row in self._core.binding_update_list()
        ]
        return tables.frame(rows, ["mobile_node", "station", "state", "prefixes", "link_local", "lma", "expires_s"])

    def __repr__(self) -> str:
        return f"<MobileAccessGateway {self.router.name}: {', '.join(i.name for i in self.access_links)}>"


def anchor_config(what: str, *, prefix_pool: Any, prefix_length: Any, mobile_nodes: Any, gateways: Any,
                  max_lifetime: Any, max_sessions: Any, min_delay_before_bce_delete: Any,
                  max_delay_before_new_bce_assign: Any, wait_for_deregistration: Any, timestamp_validity_window: Any,
                  mobile_node_generated_timestamps: Any, clock_offset: Any) -> _core.AnchorConfig:  # fmt: skip
    """What `Router.local_mobility_anchor` was given, checked."""
    pool = errors.prefix(what, "prefix_pool", prefix_pool)
    length = errors.integer(what, "prefix_length", prefix_length, "bits", minimum=pool.prefixlen, maximum=64)
    config = _core.AnchorConfig(str(pool), length)
    for identifier, profile in _mapping(what, "mobile_nodes", {} if mobile_nodes is None else mobile_nodes).items():
        if not isinstance(profile, AnchorProfile):
            errors.fail(what, f"mobile_nodes[{identifier!r}]", profile, "kamesim.AnchorProfile(...)")
        config.add_mobile_node(
            check_identifier(what, "mobile_nodes", identifier),
            errors.flag(what, "enabled", profile.enabled),
            _prefixes(what, "prefixes", profile.prefixes),
            errors.integer(what, "prefix_count", profile.prefix_count, "", minimum=1, maximum=64),
            _addresses(what, "gateways", profile.gateways),
        )
    config.serve_unknown_mobile_nodes = mobile_nodes is None
    config.set_gateways(_addresses(what, "gateways", gateways))
    config.set_max_lifetime(_lifetime(what, "max_lifetime", max_lifetime))
    config.max_sessions = errors.integer(what, "max_sessions", max_sessions, "", minimum=1, maximum=10_000_000)
    config.set_min_delay_before_bce_delete(
        errors.nanoseconds(what, "min_delay_before_bce_delete", min_delay_before_bce_delete)
    )
    config.set_max_delay_before_new_bce_assign(
        errors.nanoseconds(what, "max_delay_before_new_bce_assign", max_delay_before_new_bce_assign)
    )
    config.wait_for_deregistration = errors.flag(what, "wait_for_deregistration", wait_for_deregistration)
    config.set_timestamp_validity_window(
        errors.nanoseconds(what, "timestamp_validity_window", timestamp_validity_window)
    )
    config.mobile_node_generated_timestamps = errors.flag(
        what, "mobile_node_generated_timestamps", mobile_node_generated_timestamps
    )
    config.set_clock_offset(_offset(what, clock_offset))
    return config


def gateway_config(what: str, router: Router, *, lma: Any, policy: Any, lifetime: Any, access_technology: Any,
                   timestamps: Any, link_local: Any, link_layer: Any, local_routing: Any, care_of: Any,
                   prefix_lifetime: Any, max_ra_interval: Any, clock_offset: Any) -> _core.GatewayConfig:  # fmt: skip
    """What `Router.mobile_access_gateway` was given, checked."""
    config = _core.GatewayConfig()
    anchor = None if lma is None else errors.address(what, "lma", lma)
    for key, value in _mapping(what, "policy", policy).items():
        profile = _profile(what, key, value)
        address = anchor if profile.lma is None else errors.address(what, "lma", profile.lma)
        if address is None:
            raise errors.Error(f"{what}: lma is not given, and the profile of {profile.identifier!r} has none either")
        routing = profile.local_routing
        config.add_mobile_node(
            _station(what, router, key),
            check_identifier(what, "identifier", profile.identifier),
            address,
            _prefixes(what, "prefixes", profile.prefixes),
            None if routing is None else errors.flag(what, "local_routing", routing),
        )
    config.set_lifetime(_lifetime(what, "lifetime", lifetime))
    if access_technology not in ACCESS_TECHNOLOGIES:
        errors.fail(what, "access_technology", access_technology, " or ".join(map(repr, ACCESS_TECHNOLOGIES)))
    config.access_technology = ACCESS_TECHNOLOGIES[access_technology]
    config.timestamps = errors.flag(what, "timestamps", timestamps)
    own = "::" if link_local is None else errors.address(what, "link_local", link_local)
    if link_local is not None and not own.startswith("fe80"):
        errors.fail(what, "link_local", link_local, "a link-local address, or None: the anchor generates them")
    config.set_fixed_link_local(own)
    config.set_fixed_link_layer(errors.mac(what, "link_layer", link_layer) or "00:00:00:00:00:00")
    config.local_routing = errors.flag(what, "local_routing", local_routing)
    if care_of is not None:
        config.set_care_of(errors.address(what, "care_of", care_of))
    config.set_prefix_lifetime(errors.nanoseconds(what, "prefix_lifetime", prefix_lifetime, above=0))
    config.set_max_ra_interval(
        errors.integer(what, "max_ra_interval", max_ra_interval, "seconds", minimum=4, maximum=1800) * 1_000_000_000
    )
    config.set_clock_offset(_offset(what, clock_offset))
    return config


def access_links(what: str, router: Router, given: Any) -> list[Interface]:
    """The interfaces of an access gateway: those given, or those on LANs that cells are bridged onto."""
    from kamesim.cell import Cell
    from kamesim.media import Lan

    if given is None:
        with_cells = {m.lan.name for m in router.network.media if isinstance(m, Cell)}
        found = [i for i in router.interfaces if i.medium is not None and i.medium.name in with_cells]
        if not found:
            raise errors.Error(f"{what}: none of its interfaces leads to a cell; name the interfaces in access_links")
    else:
        found = [router.interface(i) for i in errors.listed(what, "access_links", given, "a list of interfaces")]
        if not found:
            errors.fail(what, "access_links", given, "one interface at least")
    for interface in found:
        if not isinstance(interface.medium, Lan):
            errors.fail(what, "access_links", interface.name, "on a LAN or the LAN of a cell")
        if interface.advertising is not None:
            raise errors.Error(
                f"{what}: {interface.full_name!r} advertises itself to all; the access gateway speaks to each mobile "
                f"node alone: attach it, or make the cell, with advertise=False"
            )
    return found


def check_identifier(what: str, parameter: str, value: Any) -> str:
    """An MN-Identifier."""
    right = f"a network access identifier, such as 'phone@example.net', of at most {_LONGEST_IDENTIFIER} octets"
    if not isinstance(value, str) or not value or len(value.encode()) > _LONGEST_IDENTIFIER:
        errors.fail(what, parameter, value, right)
    return value


def profiles_by_station(what: str, router: Router, policy: Policy) -> dict[str, ProxyProfile]:
    """The policy profiles by the MAC addresses that they are about."""
    return {_station(what, router, key): _profile(what, key, value) for key, value in policy.items()}


def _profile(what: str, key: Any, value: Any) -> ProxyProfile:
    if isinstance(value, ProxyProfile):
        return value
    if isinstance(value, str):
        return ProxyProfile(value)
    if isinstance(value, tuple) and value:
        return ProxyProfile(value[0], tuple(value[1:]))
    right = "an identifier, (identifier, prefix, ...), or kamesim.ProxyProfile(...)"
    errors.fail(what, f"policy[{key!r}]", value, right)


def _station(what: str, router: Router, key: Any) -> str:
    """The MAC address that a key of a policy means: a node with one interface, an interface, or the address."""
    from kamesim.interface import Interface
    from kamesim.node import Node

    if isinstance(key, Interface):
        return key.mac
    if isinstance(key, str) and key.count(":") == 5:
        address = errors.mac(what, "policy", key)
        assert address is not None
        return address
    node: Node = router.network.node(key)
    if len(node.interfaces) != 1:
        names = ", ".join(repr(i.name) for i in node.interfaces) or "none"
        raise errors.Error(f"{what}: policy names node {node.name!r}, which has the interfaces {names}; name one")
    return node.interfaces[0].mac


def _mapping(what: str, parameter: str, value: Any) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        errors.fail(what, parameter, value, "a dictionary")
    return value


def _prefixes(what: str, parameter: str, value: Iterable[Any]) -> list[str]:
    return [str(errors.prefix(what, parameter, p)) for p in errors.listed(what, parameter, value, "a list of prefixes")]


def _addresses(what: str, parameter: str, value: Iterable[Any]) -> list[str]:
    return [errors.address(what, parameter, a) for a in errors.listed(what, parameter, value, "a list of addresses")]


def _lifetime(what: str, parameter: str, value: Any) -> int:
    seconds = errors.number(
        what, parameter, value, "seconds", minimum=_SHORTEST_LIFETIME, maximum=MAX_LIFETIME_S
    )
    return round(seconds * 1e9)


def _offset(what: str, value: Any) -> int:
    return round(errors.number(what, "clock_offset", value, "seconds", minimum=-1e6, maximum=1e6) * 1e9)
