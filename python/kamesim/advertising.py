"""What a router says in its Router Advertisements."""

from __future__ import annotations

import ipaddress
import math
from dataclasses import dataclass
from typing import Any

from kamesim import _core, errors

INFINITE_NS = 2**63 - 1  # what the simulation takes for an infinite lifetime
_LARGEST_LIFETIME = 0xFFFFFFFE  # seconds; one more is infinity (RFC 4861 section 4.6.2)


_PREFERENCES = {"low": -1, "medium": 0, "high": 1}  # RFC 4191 section 2.1
_MOST_ROUTES = 17  # RFC 4191 section 4
_MOST_DNS_SERVERS = 127  # of an option, by its 8-bit length (RFC 8106 section 5.1)


@dataclass(frozen=True, kw_only=True)
class AdvertisedPrefix:
    """A prefix with values of its own, as an element of `prefixes`; None: those of `advertise`. Times in seconds."""

    prefix: str
    valid_lifetime: float | None = None
    preferred_lifetime: float | None = None
    on_link: bool | None = None
    autonomous: bool | None = None
    lifetimes_decrement: bool | None = None  #: in real time, from now on (RFC 4861 section 6.2.1)


@dataclass(frozen=True, kw_only=True)
class AdvertisedRoute:
    """A more-specific route (RFC 4191 section 2.3). lifetime: seconds, math.inf: for ever; None: adv_default_lifetime."""

    prefix: str
    preference: str = "medium"
    lifetime: float | None = None


@dataclass(frozen=True, kw_only=True)
class AdvertisedMap:
    """A Mobility Anchor Point, as access routers tell of it (RFC 5380 section 5).

    address: a global address of the MAP; the regional care-of addresses of mobile nodes have its first 64 bits.
    distance: hops from the mobile node, 1 to 15; 1: the MAP is on its link. preference: 0 to 15, 15 is the highest; 0:
    not for new bindings. lifetime: of the MAP's address and what is formed with it, seconds, math.inf: for ever; 0: the
    MAP has failed.
    """

    address: str
    distance: int = 1
    preference: int = 15
    lifetime: float = math.inf


@dataclass(frozen=True)
class MapEntry:
    """A MAP option, checked; the lifetime in nanoseconds."""

    address: str
    distance: int
    preference: int
    lifetime: int


@dataclass(frozen=True)
class PrefixOption:
    """An element of AdvPrefixList, checked; times in nanoseconds."""

    prefix: str
    valid_lifetime: int
    preferred_lifetime: int
    on_link: bool
    autonomous: bool
    lifetimes_decrement: bool


@dataclass(frozen=True)
class RouteOption:
    """A Route Information option, checked; times in nanoseconds."""

    prefix: str
    preference: int
    lifetime: int


@dataclass(frozen=True)
class Advertising:
    """The variables of RFC 4861 section 6.2.1, checked; times in nanoseconds, None: the RFC's default."""

    min_interval: int | None
    max_interval: int
    min_delay_between_ras: int | None
    adv_managed_flag: bool
    adv_other_config_flag: bool
    adv_link_mtu: int
    adv_reachable_time: int
    adv_retrans_timer: int
    adv_cur_hop_limit: int
    adv_default_lifetime: int | None
    adv_preference: int
    prefixes: tuple[PrefixOption, ...]
    routes: tuple[RouteOption, ...]
    dns_servers: tuple[str, ...]
    dns_search_list: tuple[str, ...]
    dns_lifetime: int
    captive_portal: str
    flags_expansion: int
    source_link_layer_address: bool
    unicast_answers: bool
    advertisement_interval: bool
    home_agent: bool
    router_address: bool
    home_agent_preference: int
    home_agent_lifetime: int | None
    mobility_anchor_points: tuple[MapEntry, ...]

    @classmethod
    def check(cls, what: str, *, link_mtu: int, prefixes: Any, **given: Any) -> Advertising:
        """The variables that a user's values give: times in seconds. Ranges are those of RFC 4861 and RFC 6275."""
        values: dict[str, Any] = {}
        longest = errors.number(what, "max_interval", given["max_interval"], "seconds", minimum=0.07, maximum=1800)
        values["max_interval"] = round(longest * 1e9)
        bounds = {
            "min_interval": (0.03, 0.75 * longest),
            "min_delay_between_ras": (0.03, 3600.0),
            "adv_default_lifetime": (0.0, 9000.0),
            "adv_reachable_time": (0.0, 3600.0),
            "adv_retrans_timer": (0.0, 4294967.295),
        }
        for name, (least, most) in bounds.items():
            value = given[name]
            if value is not None or name in ("adv_reachable_time", "adv_retrans_timer"):
                value = round(errors.number(what, name, value, "seconds", minimum=least, maximum=most) * 1e9)
            values[name] = value
        lifetime = values["adv_default_lifetime"]
        if lifetime is not None and 0 < lifetime < values["max_interval"]:
            errors.fail(what, "adv_default_lifetime", given["adv_default_lifetime"], "0, or max_interval or more")
        options = _prefixes(what, prefixes, given)
        default_lifetime = 3 * longest if given["adv_default_lifetime"] is None else given["adv_default_lifetime"]
        dns_lifetime = 3 * longest if given["dns_lifetime"] is None else given["dns_lifetime"]  # RFC 8106 section 5.1
        values.update(
            adv_preference=_PREFERENCES[errors.one_of(what, "adv_preference", given["adv_preference"], _NAMES)],
            routes=_routes(what, given["routes"], default_lifetime),
            dns_servers=_dns_servers(what, given["dns_servers"]),
            dns_search_list=_dns_search_list(what, given["dns_search_list"]),
            dns_lifetime=_lifetime(what, "dns_lifetime", dns_lifetime),
            captive_portal=_captive_portal(what, given["captive_portal"]),
            flags_expansion=errors.integer(
                what, "flags_expansion", given["flags_expansion"], "", minimum=0, maximum=2**48 - 1
            ),
        )
        values.update(_home_agent_information(what, given))
        values["mobility_anchor_points"] = _maps(what, given["mobility_anchor_points"])
        mtu = errors.integer(what, "adv_link_mtu", given["adv_link_mtu"], "bytes", minimum=0, maximum=link_mtu)
        if 0 < mtu < errors.MINIMUM_MTU:
            errors.fail(what, "adv_link_mtu", mtu, f"0, or from {errors.MINIMUM_MTU} to the link's MTU, {link_mtu}")
        hops = errors.integer(what, "adv_cur_hop_limit", given["adv_cur_hop_limit"], "", minimum=0, maximum=255)
        values.update(adv_link_mtu=mtu, adv_cur_hop_limit=hops)
        for name in set(given) - set(values) - _PREFIX_DEFAULTS:
            values[name] = errors.flag(what, name, given[name])
        if values["home_agent"] and not values["source_link_layer_address"]:
            errors.fail(what, "source_link_layer_address", False, "True for a home agent (RFC 6275 section 7.5)")
        return cls(prefixes=options, **values)

    def to_core(self, own_addresses: list[str]) -> _core.RouterAdvertisementConfig:
        """For the simulation; own_addresses: the router's, on the interface."""
        core = _core.RouterAdvertisementConfig()
        core.max_rtr_adv_interval_ns = self.max_interval
        core.min_rtr_adv_interval_ns = self.min_interval
        core.min_delay_between_ras_ns = self.min_delay_between_ras
        core.adv_managed_flag = self.adv_managed_flag
        core.adv_other_config_flag = self.adv_other_config_flag
        core.adv_link_mtu = self.adv_link_mtu
        core.adv_reachable_time_ns = self.adv_reachable_time
        core.adv_retrans_timer_ns = self.adv_retrans_timer
        core.adv_cur_hop_limit = self.adv_cur_hop_limit
        core.adv_default_lifetime_ns = self.adv_default_lifetime
        core.source_link_layer_address = self.source_link_layer_address
        core.unicast_answers = self.unicast_answers
        core.advertisement_interval = self.advertisement_interval
        core.home_agent = self.home_agent
        core.captive_portal = self.captive_portal
        core.flags_expansion = self.flags_expansion
        core.set_preference(self.adv_preference)
        for route in self.routes:
            core.add_route(route.prefix, route.preference, route.lifetime)
        if self.dns_servers:
            core.add_dns_servers(list(self.dns_servers), self.dns_lifetime)
        if self.dns_search_list:
            core.add_dns_search_list(list(self.dns_search_list), self.dns_lifetime)
        if self.home_agent_lifetime is not None:
            core.set_home_agent_information(self.home_agent_preference, self.home_agent_lifetime)
        core.adv_prefix_list = [
            _core.AdvertisedPrefix(
                p.prefix,
                p.valid_lifetime,
                p.preferred_lifetime,
                p.on_link,
                p.autonomous,
                _within(p.prefix, own_addresses) if self.router_address else None,
                p.lifetimes_decrement,
            )
            for p in self.prefixes
        ]
        return core


def _lifetime(what: str, name: str, value: Any) -> int:
    if value == math.inf:
        return INFINITE_NS
    return round(errors.number(what, name, value, "seconds", maximum=_LARGEST_LIFETIME)) * 1_000_000_000


_NAMES = tuple(_PREFERENCES)
# Of all prefixes that say nothing else.
_PREFIX_DEFAULTS = {
    "adv_valid_lifetime",
    "adv_preferred_lifetime",
    "adv_on_link_flag",
    "adv_autonomous_flag",
    "lifetimes_decrement",
}


def _prefixes(what: str, given: Any, defaults: dict[str, Any]) -> tuple[PrefixOption, ...]:
    if given is not None and not isinstance(given, (list, tuple)):
        errors.fail(what, "prefixes", given, "a list of IPv6 prefixes, or None")
    _prefix(what, AdvertisedPrefix(prefix="::/64"), defaults)  # what is said of all is right even if there are none
    return tuple(
        _prefix(what, p if isinstance(p, AdvertisedPrefix) else AdvertisedPrefix(prefix=p), defaults)
        for p in given or ()
    )


def _prefix(what: str, given: AdvertisedPrefix, defaults: dict[str, Any]) -> PrefixOption:
    def own(name: str, default: str) -> tuple[str, Any]:
        value = getattr(given, name)
        return (default, defaults[default]) if value is None else (name, value)

    valid_name, valid = own("valid_lifetime", "adv_valid_lifetime")
    preferred_name, preferred = own("preferred_lifetime", "adv_preferred_lifetime")
    if given.preferred_lifetime is None and given.valid_lifetime is not None:
        preferred = min(preferred, valid)  # the default of one is no more than the other
    valid_ns, preferred_ns = _lifetime(what, valid_name, valid), _lifetime(what, preferred_name, preferred)
    if preferred_ns > valid_ns:
        errors.fail(what, preferred_name, preferred, f"{valid_name}, {valid:g}, or less")
    return PrefixOption(
        str(errors.prefix(what, "prefixes", given.prefix)),
        valid_ns,
        preferred_ns,
        errors.flag(what, *own("on_link", "adv_on_link_flag")),
        errors.flag(what, *own("autonomous", "adv_autonomous_flag")),
        errors.flag(what, *own("lifetimes_decrement", "lifetimes_decrement")),
    )


def _routes(what: str, given: Any, default_lifetime: float) -> tuple[RouteOption, ...]:
    right = "a list of IPv6 prefixes and AdvertisedRoute"
    routes = []
    for route in errors.listed(what, "routes", given, right):
        route = route if isinstance(route, AdvertisedRoute) else AdvertisedRoute(prefix=route)
        prefix = errors.prefix(what, "routes", route.prefix)
        preference = errors.one_of(what, "preference", route.preference, _NAMES)
        lifetime = default_lifetime if route.lifetime is None else route.lifetime
        routes.append(RouteOption(str(prefix), _PREFERENCES[preference], _lifetime(what, "lifetime", lifetime)))
    if len(routes) > _MOST_ROUTES:
        errors.fail(what, "routes", f"{len(routes)} routes", f"{_MOST_ROUTES} or less (RFC 4191 section 4)")
    return tuple(routes)


def _dns_servers(what: str, given: Any) -> tuple[str, ...]:
    right = "a list of IPv6 addresses"
    servers = tuple(errors.address(what, "dns_servers", a) for a in errors.listed(what, "dns_servers", given, right))
    for server in servers:
        if ipaddress.IPv6Address(server).is_multicast or ipaddress.IPv6Address(server).is_unspecified:
            errors.fail(what, "dns_servers", server, "the address of a server")
    if len(servers) > _MOST_DNS_SERVERS:
        errors.fail(what, "dns_servers", f"{len(servers)} servers", f"{_MOST_DNS_SERVERS} or less")
    return servers


def _dns_search_list(what: str, given: Any) -> tuple[str, ...]:
    right = "a list of domain names, of labels of 1 to 63 letters"
    names = []
    for name in errors.listed(what, "dns_search_list", given, right):
        text = name.removesuffix(".") if isinstance(name, str) else ""
        if not text.isascii() or len(text) > 253 or not all(0 < len(label) <= 63 for label in text.split(".")):
            errors.fail(what, "dns_search_list", name, right)
        names.append(text)
    if sum(len(name) + 2 for name in names) + 8 > 2040:
        errors.fail(what, "dns_search_list", f"{len(names)} names", "no longer than 2032 bytes in all")
    return tuple(names)


def _captive_portal(what: str, given: Any) -> str:
    if given is None:
        return ""
    if not isinstance(given, str) or not given.isascii() or not 0 < len(given) <= 2038:
        errors.fail(what, "captive_portal", given, "a URI of 1 to 2038 ASCII letters, or None")
    return given


def _home_agent_information(what: str, given: dict[str, Any]) -> dict[str, int | None]:
    preference = errors.integer(
        what, "home_agent_preference", given["home_agent_preference"], "", minimum=0, maximum=65535
    )
    lifetime = given["home_agent_lifetime"]
    if lifetime is not None:
        lifetime = errors.integer(what, "home_agent_lifetime", lifetime, "seconds", minimum=1, maximum=65535)
    elif preference != 0:
        errors.fail(what, "home_agent_preference", preference, "0, or home_agent_lifetime must be given with it")
    if lifetime is not None and given["home_agent"] is not True:
        errors.fail(what, "home_agent_lifetime", lifetime, "None, as home_agent is not True")
    return {
        "home_agent_preference": preference,
        "home_agent_lifetime": None if lifetime is None else lifetime * 1_000_000_000,
    }


def _maps(what: str, given: Any) -> tuple[MapEntry, ...]:
    right = "a list of AdvertisedMap"
    entries: list[MapEntry] = []
    for entry in errors.listed(what, "mobility_anchor_points", given, right):
        if not isinstance(entry, AdvertisedMap):
            errors.fail(what, "mobility_anchor_points", entry, right)
        address = errors.address(what, "address", entry.address)
        if not _is_unicast(address):
            errors.fail(what, "address", address, "a global unicast address of the MAP (RFC 5380 section 5)")
        if any(known.address == address for known in entries):
            errors.fail(what, "mobility_anchor_points", address, "each MAP once")
        distance = errors.integer(what, "distance", entry.distance, "hops", minimum=1, maximum=15)
        preference = errors.integer(what, "preference", entry.preference, "", minimum=0, maximum=15)
        entries.append(MapEntry(address, distance, preference, _lifetime(what, "lifetime", entry.lifetime)))
    return tuple(entries)


def _is_unicast(address: str) -> bool:
    parsed = ipaddress.IPv6Address(address)
    return not (parsed.is_multicast or parsed.is_link_local or parsed.is_unspecified or parsed.is_loopback)


def _within(prefix: str, addresses: list[str]) -> str | None:
    network = ipaddress.IPv6Network(prefix)
    return next((a for a in addresses if ipaddress.IPv6Address(a) in network), None)
