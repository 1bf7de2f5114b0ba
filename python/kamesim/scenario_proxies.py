"""Proxy Mobile IPv6 in a scenario file: anchors and access gateways, written by `write`, made again by `read`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kamesim.proxy_mobile_ip import AnchorProfile, ProxyProfile

if TYPE_CHECKING:
    from kamesim.network import Network
    from kamesim.router import Router

# Arguments that the messages have by the same names, and those that are seconds there and nanoseconds in them.
_ANCHOR = ("prefix_length", "max_sessions", "wait_for_deregistration", "mobile_node_generated_timestamps")
_ANCHOR_SECONDS = (
    "max_lifetime",
    "min_delay_before_bce_delete",
    "max_delay_before_new_bce_assign",
    "timestamp_validity_window",
    "clock_offset",
)
_GATEWAY = ("access_technology", "timestamps", "local_routing")
_GATEWAY_SECONDS = ("lifetime", "prefix_lifetime", "clock_offset")
_GATEWAY_ADDRESSES = ("lma", "link_local", "link_layer", "care_of")  # None: empty


def write(message: Any, router: Router) -> None:
    """Adds a router's roles to a Scenario."""
    if router.anchor is not None:
        _write_anchor(message.local_mobility_anchors.add(node=router.name), router.anchor._given)
    if router.gateway is not None:
        links = [interface.name for interface in router.gateway.access_links]
        added = message.mobile_access_gateways.add(node=router.name, access_links=links)
        _write_gateway(added, router.gateway._given)


def _write_anchor(added: Any, given: dict[str, Any]) -> None:
    _write_alike(added, given, _ANCHOR, _ANCHOR_SECONDS)
    added.prefix_pool = str(given["prefix_pool"])
    added.gateways.extend(str(address) for address in given["gateways"])
    added.known_alone = given["mobile_nodes"] is not None
    for identifier, profile in (given["mobile_nodes"] or {}).items():
        added.mobile_nodes.add(
            identifier=identifier,
            disabled=not profile.enabled,
            prefixes=[str(prefix) for prefix in profile.prefixes],
            prefix_count=profile.prefix_count,
            gateways=[str(address) for address in profile.gateways],
        )


def _write_gateway(added: Any, given: dict[str, Any]) -> None:
    _write_alike(added, given, _GATEWAY, _GATEWAY_SECONDS)
    for name in _GATEWAY_ADDRESSES:
        setattr(added, name, given[name] or "")
    added.max_ra_interval_s = int(given["max_ra_interval"])
    for station, profile in given["policy"].items():
        added.policy.add(
            station=station,
            identifier=profile.identifier,
            lma=profile.lma or "",
            prefixes=[str(prefix) for prefix in profile.prefixes],
            local_routing=profile.local_routing,
        )


def _write_alike(added: Any, given: dict[str, Any], same: tuple[str, ...], seconds: tuple[str, ...]) -> None:
    for name in same:
        value = given[name]
        setattr(added, name, int(value) if isinstance(value, float) else value)
    for name in seconds:
        setattr(added, f"{name}_ns", round(given[name] * 1e9))


def read(net: Network, message: Any) -> None:
    """Gives routers the roles that a Scenario has; before routes are computed, which lead to the anchors' pools."""
    for role in message.local_mobility_anchors:
        profiles = {
            p.identifier: AnchorProfile(not p.disabled, tuple(p.prefixes), p.prefix_count, tuple(p.gateways))
            for p in role.mobile_nodes
        }
        net.router_named(role.node).local_mobility_anchor(
            role.prefix_pool,
            mobile_nodes=profiles if role.known_alone else None,
            gateways=list(role.gateways),
            **_read_alike(role, _ANCHOR, _ANCHOR_SECONDS),
        )
    for role in message.mobile_access_gateways:
        policy = {
            p.station: ProxyProfile(
                p.identifier, tuple(p.prefixes), p.lma or None, p.local_routing if p.HasField("local_routing") else None
            )
            for p in role.policy
        }
        addresses: dict[str, Any] = {name: getattr(role, name) or None for name in _GATEWAY_ADDRESSES}
        net.router_named(role.node).mobile_access_gateway(
            policy=policy,
            access_links=list(role.access_links),
            max_ra_interval=role.max_ra_interval_s,
            **addresses,
            **_read_alike(role, _GATEWAY, _GATEWAY_SECONDS),
        )


def _read_alike(role: Any, same: tuple[str, ...], seconds: tuple[str, ...]) -> dict[str, Any]:
    return {
        **{name: getattr(role, name) for name in same},
        **{name: getattr(role, f"{name}_ns") / 1e9 for name in seconds},
    }
