"""Nodes that advertise themselves: the router advertisement daemon."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kamesim import _core, errors
from kamesim.advertising import AdvertisedMap, AdvertisedPrefix, AdvertisedRoute, Advertising

if TYPE_CHECKING:
    from kamesim._core import MapAdvertising
    from kamesim.interface import Interface, InterfaceLike
    from kamesim.media import Medium
    from kamesim.network import Network


class Advertises:
    """The part of a node that sends Router Advertisements, and obeys who renumbers routers."""

    def advertise(
        self,
        lan: InterfaceLike,
        *,
        min_interval: float | None = None,
        max_interval: float = 600.0,
        min_delay_between_ras: float | None = None,
        adv_managed_flag: bool = False,
        adv_other_config_flag: bool = False,
        adv_link_mtu: int = 0,
        adv_reachable_time: float = 0.0,
        adv_retrans_timer: float = 0.0,
        adv_cur_hop_limit: int = 64,
        adv_default_lifetime: float | None = None,
        adv_preference: str = "medium",
        prefixes: list[str | AdvertisedPrefix] | None = None,
        adv_valid_lifetime: float = 2592000.0,
        adv_preferred_lifetime: float = 604800.0,
        adv_on_link_flag: bool = True,
        adv_autonomous_flag: bool = True,
        lifetimes_decrement: bool = False,
        routes: Sequence[str | AdvertisedRoute] = (),
        dns_servers: Sequence[str] = (),
        dns_search_list: Sequence[str] = (),
        dns_lifetime: float | None = None,
        captive_portal: str | None = None,
        flags_expansion: int = 0,
        source_link_layer_address: bool = True,
        unicast_answers: bool = False,
        advertisement_interval: bool = False,
        home_agent: bool | None = None,
        router_address: bool | None = None,
        home_agent_preference: int = 0,
        home_agent_lifetime: int | None = None,
        mobility_anchor_points: Sequence[AdvertisedMap] = (),
    ) -> None:
        """Sends Router Advertisements on a LAN, or changes what they say: the variables of RFC 4861 section 6.2.1.

        lan: that it is attached to, or its interface there. All times are in seconds. While the node does not forward,
        it says Router Lifetime 0 (section 6.2.5).
        min_interval, max_interval: between unsolicited advertisements (MinRtrAdvInterval, MaxRtrAdvInterval), from
        0.03 and 0.07 s on (RFC 6275 section 7.5); min_interval None: 0.33 of max_interval. min_delay_between_ras:
        between multicast ones; None: 3 s, or min_interval if that is less.
        adv_link_mtu: bytes; 0: not advertised. adv_reachable_time, adv_retrans_timer, adv_cur_hop_limit: 0 is
        unspecified. adv_default_lifetime: None: 3 * max_interval; 0: it is not a default router. adv_preference: "low",
        "medium" or "high" (RFC 4191).
        prefixes: None: those of the LAN; an AdvertisedPrefix has values of its own. adv_valid_lifetime,
        adv_preferred_lifetime (math.inf: for ever), adv_on_link_flag, adv_autonomous_flag: of all others.
        lifetimes_decrement: the lifetimes count down from now on; else they stay the same.
        routes: Route Information options, prefixes or AdvertisedRoute (RFC 4191 section 2.3). dns_servers,
        dns_search_list: with dns_lifetime, None: 3 * max_interval (RFC 8106). captive_portal: URI of its API (RFC 8910).
        flags_expansion: 48 flags (RFC 5175); 0: no option.
        source_link_layer_address: whether the option is included. unicast_answers: whether solicitations are
        answered by unicast. advertisement_interval: whether the option is included (RFC 6275 section 7.3).
        home_agent: the H bit; None: whether it is a home agent there, as `HomeAgent` makes it. router_address: whether
        prefixes carry its own address and the R bit (section 7.2); None: as home_agent.
        home_agent_preference, home_agent_lifetime (seconds): the Home Agent Information option (section 7.4), which is
        included if a lifetime is given. mobility_anchor_points: MAP options (RFC 5380 section 5), which an administrator
        gives to each access router of a MAP's domain.
        """
        given = {**locals()}
        del given["self"], given["lan"]
        interface = self._interface_on(lan)
        on = interface.medium
        if home_agent is None:
            given["home_agent"] = source_link_layer_address is True and self._is_home_agent_on(interface)
        self._advertise(interface, self._check_advertising(f"advertise on {interface.name!r}", on, given))

    def cease_advertising(self, lan: InterfaceLike) -> None:
        """Sends final advertisements, which say that it is no default router, and then no more."""
        interface = self._interface_on(lan)
        if interface.advertising is None:
            raise errors.Error(f"{self._what}: it does not advertise on {interface.name!r}")
        self._core.cease_advertising(interface._core)
        interface.advertising = None

    @property
    def renumbering(self) -> bool:
        """Whether it obeys Router Renumbering Commands (RFC 2894); off by default.

        Nothing authenticates them but a policy of IPsec (`ipsec.setkey`). They change the prefixes that it has and
        advertises, and the addresses in them. A reboot keeps what they did, the switch, and the Recorded Sequence Number.
        """
        return self._core.router_renumbering

    @renumbering.setter
    def renumbering(self, value: bool) -> None:
        self._core.router_renumbering = errors.flag(self._what, "renumbering", value)

    @property
    def advertising_counters(self) -> dict[str, int]:
        """Of its advertising: solicitations heard, multicast_sent, unicast_sent, inconsistent (section 6.2.7).

        inconsistent: variables in which advertisements of other routers contradicted its own; the trace has a record
        "rtadvd.inconsistent" for each, which names the router and the variable.
        """
        return self._core.advertising_counters()

    def _check_advertising(self, where: str, medium: Medium | None, given: dict[str, Any]) -> Advertising:
        """What these arguments of `advertise` say."""
        defaults = {
            name: parameter.default
            for name, parameter in inspect.signature(self.advertise).parameters.items()
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY
        }
        what = f"{self._what}: {where}"
        for name in given:
            if name not in defaults:
                raise errors.UnknownName(f"{what}: parameter", name, defaults)
        variables = {**defaults, **given}
        if variables["home_agent"] is None:
            variables["home_agent"] = False
        if variables["router_address"] is None:
            variables["router_address"] = variables["home_agent"]
        if variables["prefixes"] is None and medium is not None:
            variables["prefixes"] = medium.prefixes
        return Advertising.check(what, link_mtu=errors.MAXIMUM_MTU if medium is None else medium.mtu, **variables)

    def _advertise_home_agent(self, interface: Interface) -> None:
        """It has become a home agent on this link, and says so, if it says anything (RFC 6275 sections 7.1, 7.2)."""
        advertising = interface.advertising
        if advertising is not None and advertising.source_link_layer_address:
            self._advertise(interface, dataclasses.replace(advertising, home_agent=True, router_address=True))

    def _advertise(self, interface: Interface, advertising: Advertising) -> None:
        maps = [(m.address, m.distance, m.preference, m.lifetime) for m in advertising.mobility_anchor_points]
        if maps and self._map_advertising is None:
            self._map_advertising = self._core.advertise_maps()
        if self._map_advertising is not None:
            self._map_advertising.set(interface._core, maps)
        self._core.advertise(interface._core, advertising.to_core(interface.addresses))
        interface.advertising = advertising

    def _interface_on(self, lan: InterfaceLike) -> Interface:
        from kamesim.interface import Interface

        if isinstance(lan, Interface):
            return self.interface(lan)
        try:
            return self.interface(lan)
        except errors.UnknownName:
            pass
        medium = self.network.medium(lan)  # names what there is, if it is no link either
        on = ", ".join(repr(i.medium.name) for i in self.interfaces if i.medium is not None) or "none"
        raise errors.Error(f"{self._what}: it is not attached to {medium.name!r}, but to {on}")

    # --- Of the node, for these ---------------------------------------------------------------------------------------

    _map_advertising: MapAdvertising | None = None  #: once it has told of a Mobility Anchor Point
    _core: _core.Host

    if TYPE_CHECKING:

        network: Network

        @property
        def interfaces(self) -> list[Interface]: ...
        @property
        def _what(self) -> str: ...
        def _is_home_agent_on(self, interface: Interface) -> bool: ...
        def interface(self, name: InterfaceLike) -> Interface: ...
