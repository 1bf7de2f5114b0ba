"""Routers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from kamesim import _core, errors, proxy_mobile_ip
from kamesim.node import Node
from kamesim.proxy_mobile_ip import AnchorProfile, LocalMobilityAnchor, MobileAccessGateway, Policy

if TYPE_CHECKING:
    from kamesim.interface import Interface


class Router(Node):
    """A router: it forwards packets, and advertises itself on the LANs that it is attached to."""

    is_router = True
    anchor: LocalMobilityAnchor | None = None  #: what `local_mobility_anchor` made of it
    gateway: MobileAccessGateway | None = None  #: what `mobile_access_gateway` made of it
    _proxy_mobile_ip: _core.ProxyMobileIpv6 | None = None
    _own_macs: Mapping[str, str] = {}  # of interfaces that an access gateway gives the domain's link-layer address

    def local_mobility_anchor(
        self,
        prefix_pool: str,
        *,
        prefix_length: int = 64,
        mobile_nodes: Mapping[str, AnchorProfile] | None = None,
        gateways: Iterable[str] = (),
        max_lifetime: float = 4.0 * 65535,
        max_sessions: int = 100_000,
        min_delay_before_bce_delete: float = 10.0,
        max_delay_before_new_bce_assign: float = 1.5,
        wait_for_deregistration: bool = True,
        timestamp_validity_window: float = 0.3,
        mobile_node_generated_timestamps: bool = False,
        clock_offset: float = 0.0,
    ) -> LocalMobilityAnchor:
        """Makes it a local mobility anchor of Proxy Mobile IPv6 (RFC 5213 section 5).

        prefix_pool: that it hands out home network prefixes of `prefix_length` bits from;
        `Network.shortest_path_routes` leads there. mobile_nodes: what it knows of each, by identifier; None: it serves
        all, from the pool. gateways: the addresses of those that it trusts; none: all. max_lifetime: of registrations,
        seconds. max_sessions: how many at a time. The variables of section 9, in seconds: min_delay_before_bce_delete,
        max_delay_before_new_bce_assign, timestamp_validity_window; mobile_node_generated_timestamps: the window does
        not count. wait_for_deregistration: of the previous gateway, when the hand-off state is unknown (section
        5.4.1.2). clock_offset: of its time of day from that of the simulation, which starts with 1970; seconds.
        """
        what = f"{self._what}: local mobility anchor"
        if self.anchor is not None:
            raise errors.Error(f"{what}: it is one already")
        given: dict[str, Any] = {
            "prefix_pool": prefix_pool,
            "prefix_length": prefix_length,
            "mobile_nodes": mobile_nodes,
            "gateways": errors.listed(what, "gateways", gateways, "a list of addresses"),
            "max_lifetime": max_lifetime,
            "max_sessions": max_sessions,
            "min_delay_before_bce_delete": min_delay_before_bce_delete,
            "max_delay_before_new_bce_assign": max_delay_before_new_bce_assign,
            "wait_for_deregistration": wait_for_deregistration,
            "timestamp_validity_window": timestamp_validity_window,
            "mobile_node_generated_timestamps": mobile_node_generated_timestamps,
            "clock_offset": clock_offset,
        }
        config = proxy_mobile_ip.anchor_config(what, **given)
        core = self._enable_proxy_mobile_ip()
        core.start_anchor(config)
        self.anchor = LocalMobilityAnchor(self, core, str(errors.prefix(what, "prefix_pool", prefix_pool)), given)
        return self.anchor

    def mobile_access_gateway(
        self,
        lma: str | None,
        policy: Policy,
        *,
        access_links: Iterable[Interface | str] | None = None,
        lifetime: float = 3600.0,
        access_technology: str = "wireless LAN",
        timestamps: bool = True,
        link_local: str | None = proxy_mobile_ip.FIXED_LINK_LOCAL,
        link_layer: str | None = proxy_mobile_ip.FIXED_LINK_LAYER,
        local_routing: bool = False,
        care_of: str | None = None,
        prefix_lifetime: float = 86400.0,
        max_ra_interval: int = 600,
        clock_offset: float = 0.0,
    ) -> MobileAccessGateway:
        """Makes it a mobile access gateway of Proxy Mobile IPv6 (RFC 5213 section 6).

        lma: the anchor's address; None: each profile has one. policy: who is served: a node with one interface, an
        interface or a MAC address, with its identifier, (identifier, prefix, ...) or a `ProxyProfile`. access_links:
        interfaces; None: those that lead to cells. lifetime: of registrations, seconds. access_technology: one of
        `ACCESS_TECHNOLOGIES`. timestamps: order messages by them; or else by sequence numbers (section 5.5).
        link_local, link_layer: the addresses on all access links of the domain (section 9.3); None: the anchor
        generates link-local ones, interfaces keep their MAC addresses. local_routing: packets between its own nodes
        need not go by the anchor (section 6.10.3). care_of: its address as the anchor sees it; None: what source
        address selection takes. prefix_lifetime, max_ra_interval: seconds, in Router Advertisements and between them.
        clock_offset: of its time of day from that of the simulation, which starts with 1970; seconds.
        """
        what = f"{self._what}: mobile access gateway"
        if self.gateway is not None:
            raise errors.Error(f"{what}: it is one already")
        links = proxy_mobile_ip.access_links(what, self, access_links)
        given: dict[str, Any] = {
            "lma": lma,
            "policy": policy,
            "lifetime": lifetime,
            "access_technology": access_technology,
            "timestamps": timestamps,
            "link_local": link_local,
            "link_layer": link_layer,
            "local_routing": local_routing,
            "care_of": care_of,
            "prefix_lifetime": prefix_lifetime,
            "max_ra_interval": max_ra_interval,
            "clock_offset": clock_offset,
        }
        config = proxy_mobile_ip.gateway_config(what, self, **given)
        given["policy"] = proxy_mobile_ip.profiles_by_station(what, self, policy)
        core = self._enable_proxy_mobile_ip()
        self._own_macs = {interface.name: interface.mac for interface in links}
        core.start_gateway([i._core for i in links], config)
        self.gateway = MobileAccessGateway(self, core, links, given)
        return self.gateway

    def _enable_proxy_mobile_ip(self) -> _core.ProxyMobileIpv6:
        if self._proxy_mobile_ip is None:
            self._enable_mobile_ip()
            self._proxy_mobile_ip = self._core.enable_proxy_mobile_ipv6()
        return self._proxy_mobile_ip
