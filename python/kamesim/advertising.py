"""What a router says in its Router Advertisements."""

from __future__ import annotations

import ipaddress
import math
from dataclasses import dataclass
from typing import Any

from kamesim import _core, errors

INFINITE_NS = 2**63 - 1  # what the simulation takes for an infinite lifetime
_LARGEST_LIFETIME = 0xFFFFFFFE  # seconds; one more is infinity (RFC 4861 section 4.6.2)


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
    prefixes: tuple[str, ...]
    adv_valid_lifetime: int
    adv_preferred_lifetime: int
    adv_on_link_flag: bool
    adv_autonomous_flag: bool
    source_link_layer_address: bool
    unicast_answers: bool
    advertisement_interval: bool
    home_agent: bool
    router_address: bool

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
        for name in ("adv_valid_lifetime", "adv_preferred_lifetime"):
            values[name] = _lifetime(what, name, given[name])
        if values["adv_preferred_lifetime"] > values["adv_valid_lifetime"]:
            right = f"adv_valid_lifetime, {given['adv_valid_lifetime']:g}, or less"
            errors.fail(what, "adv_preferred_lifetime", given["adv_preferred_lifetime"], right)
        mtu = errors.integer(what, "adv_link_mtu", given["adv_link_mtu"], "bytes", minimum=0, maximum=link_mtu)
        if 0 < mtu < errors.MINIMUM_MTU:
            errors.fail(what, "adv_link_mtu", mtu, f"0, or from {errors.MINIMUM_MTU} to the link's MTU, {link_mtu}")
        hops = errors.integer(what, "adv_cur_hop_limit", given["adv_cur_hop_limit"], "", minimum=0, maximum=255)
        values.update(adv_link_mtu=mtu, adv_cur_hop_limit=hops)
        for name in set(given) - set(values):
            values[name] = errors.flag(what, name, given[name])
        if values["home_agent"] and not values["source_link_layer_address"]:
            errors.fail(what, "source_link_layer_address", False, "True for a home agent (RFC 6275 section 7.5)")
        return cls(prefixes=_prefixes(what, prefixes), **values)

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
        core.adv_prefix_list = [
            _core.AdvertisedPrefix(
                prefix,
                self.adv_valid_lifetime,
                self.adv_preferred_lifetime,
                self.adv_on_link_flag,
                self.adv_autonomous_flag,
                _within(prefix, own_addresses) if self.router_address else None,
            )
            for prefix in self.prefixes
        ]
        return core


def _lifetime(what: str, name: str, value: Any) -> int:
    if value == math.inf:
        return INFINITE_NS
    return round(errors.number(what, name, value, "seconds", maximum=_LARGEST_LIFETIME)) * 1_000_000_000


def _prefixes(what: str, given: Any) -> tuple[str, ...]:
    if given is not None and not isinstance(given, (list, tuple)):
        errors.fail(what, "prefixes", given, "a list of IPv6 prefixes, or None")
    return tuple(str(errors.prefix(what, "prefixes", prefix)) for prefix in given or ())


def _within(prefix: str, addresses: list[str]) -> str | None:
    network = ipaddress.IPv6Network(prefix)
    return next((a for a in addresses if ipaddress.IPv6Address(a) in network), None)
