"""The roles of mobility in a scenario file: written by `write`, made again by `read`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kamesim import scenario_pb2 as pb
from kamesim.authentication_option import AuthenticationOption
from kamesim.dual_stack import NAT_KEEPALIVE_TIMEOUT_S, Ipv4Access
from kamesim.fmip6 import DOMAIN_KEY, FastHandoverRouter, FastMobileNode
from kamesim.hmip6 import HierarchicalMobileNode, MobilityAnchorPoint
from kamesim.mobile_ip import (
    SPECIFICATIONS,
    Correspondent,
    HomeAgent,
    MobileNode,
    MobileRouter,
    MovementDetection,
)
from kamesim.multihomed import MultihomedMobileNode
from kamesim.signalling_protection import SignallingProtection

if TYPE_CHECKING:
    from kamesim.network import Network
    from kamesim.node import Node

# --- Writing --------------------------------------------------------------------------------------------------------


def write(message: Any, node: Node, role: object) -> None:
    """Adds a node's role to a Scenario."""
    nic = "" if getattr(role, "interface", None) is None else node.interface(getattr(role, "interface")).name
    if isinstance(role, Correspondent):
        message.correspondents.add(
            node=node.name, specification=role.specification, multiple_care_of=role.multiple_care_of
        )
    elif isinstance(role, HomeAgent):
        added = message.home_agents.add(
            node=node.name, nic=nic, max_lifetime_ns=round(role.max_lifetime * 1e9), preference=role.preference
        )
        for home_address, protection in role.protection.items():
            _write_protection(added.protection.add(home_address=home_address), protection)
        added.mobile_routers = role.mobile_networks is not None
        for home, prefixes in (role.mobile_networks or {}).items():
            added.mobile_networks.add(home_address=home, prefixes=_texts(prefixes))
        added.any_prefix = not role.verify_prefixes
        added.without_routes = not role.routes_to_mobile_networks
        for home_address, option in role.authentication.items():
            added.authentication.add(home_address=home_address, **_authentication(option))
        added.authentication_required = role.authentication_required
        added.multiple_care_of, added.home_and_foreign = role.multiple_care_of, role.home_and_foreign
        added.without_bulk_registration = not role.bulk_registration
        added.without_flow_bindings = not role.flow_bindings
        if role.has_ipv4:
            added.dual_stack.CopyFrom(_dual_stack_home_agent(role))
        added.specification, added.multicast = role.specification, role.multicast
    elif isinstance(role, MobileNode):
        node_role = message.mobile_nodes.add(node=node.name, nic=nic, **_registration(role))
        if role.protection is not None:
            _write_protection(node_role.protection, role.protection)
        if role.authentication is not None:
            node_role.authentication.CopyFrom(pb.AuthenticationOption(**_authentication(role.authentication)))
        node_role.clock_offset_ns = round(role.clock_offset * 1e9)
        node_role.specification = role.specification
    elif isinstance(role, MultihomedMobileNode):
        _write_multihomed(message.multihomed_mobile_nodes.add(), node, role)
    elif isinstance(role, MobileRouter):
        egress = node._egress[0].name if node._egress else ""
        message.mobile_routers.add(
            registration=pb.MobileNodeRole(node=node.name, nic=egress, **_registration(role)),
            prefixes=_texts(role.prefixes),
            explicit_mode=role.mode == "explicit",
            try_other_mode=role.try_other_mode,
            home_link=role.home_link or "",
        )
    elif isinstance(role, MobilityAnchorPoint):
        message.mobility_anchor_points.add(
            node=node.name,
            nic=nic,
            max_lifetime_ns=round(role.max_lifetime * 1e9),
            on_link_prefixes=role.on_link_prefixes,
        )
    elif isinstance(role, HierarchicalMobileNode):
        message.hierarchical_mobile_nodes.add(
            node=node.name,
            nic=nic,
            lifetime_ns=round(role.lifetime * 1e9),
            selection=role.selection,
            update_previous_map=role.update_previous_map,
        )
    elif isinstance(role, (FastHandoverRouter, FastMobileNode)):
        _add_fast_role(message, node, nic, role)


def _add_fast_role(message: Any, node: Node, nic: str, role: FastHandoverRouter | FastMobileNode) -> None:
    key = b"" if role.key == DOMAIN_KEY else role.key
    if isinstance(role, FastHandoverRouter):
        message.fast_handover_routers.add(
            node=node.name,
            nic=nic,
            neighbors=role.neighbors,
            buffer_packets=role.buffer,
            test_addresses=role.test_addresses,
            key=key,
        )
        return
    added = message.fast_mobile_nodes.add(
        node=node.name, nic=nic, predictive=role.predictive, lifetime_s=role.lifetime, key=key
    )
    if role.anticipation is not None:
        added.anticipation_db = role.anticipation


def _write_protection(added: Any, protection: SignallingProtection) -> None:
    for name, value in protection.written().items():
        setattr(added, name, value)


def _dual_stack_home_agent(role: HomeAgent) -> Any:
    networks = {home: _texts(prefixes) for home, prefixes in role.ipv4_networks.items()}
    return pb.DualStackHomeAgent(
        address=role.ipv4_address or "",
        home_addresses=[pb.Ipv4HomeAddress(home_address=h, ipv4=str(a)) for h, a in role.ipv4_home_addresses.items()],
        pool=_texts(role.ipv4_pool),
        networks=[pb.MobileNetworks(home_address=home, prefixes=prefixes) for home, prefixes in networks.items()],
        network_pool=str(role.ipv4_network_pool or ""),
        prohibited=_texts(role.ipv4_prohibited),
        lease_ns=round((role.ipv4_lease or 0.0) * 1e9),
        without_forced_udp=not role.accept_forced_udp,
        force_udp=role.force_udp,
        nat_refresh_time_ns=round(role.nat_refresh_time * 1e9),
    )


def _dual_stack_mobile_node(role: MobileNode | MobileRouter) -> Any:
    return pb.DualStackMobileNode(
        home_agent=role.home_agent_ipv4,
        home_address=role.ipv4_home_address or "",
        home_gateway=role.ipv4_home_gateway or "",
        networks=[pb.Ipv4Access(address=a.address, gateway=a.gateway) for a in role.ipv4_networks],
        force_udp=role.force_udp,
        mobile_networks=_texts(getattr(role, "ipv4_prefixes", None)),
    )


def _texts(given: Any) -> list[str]:
    """What may be given as one text, several, or None."""
    return [] if given is None else [given] if isinstance(given, str) else [str(each) for each in given]


def _registration(role: MobileNode | MobileRouter) -> dict[str, Any]:
    return {
        "dual_stack": None if role.home_agent_ipv4 is None else _dual_stack_mobile_node(role),
        "home_address": role.home_address,
        "home_prefix_length": role.home_prefix_length,
        "home_agent": role.home_agent or "",
        "discover_home_agents": role.discover_home_agents,
        "lifetime_ns": round(role.lifetime * 1e9),
        "route_optimization": role.route_optimization,
        "acknowledge_correspondents": role.acknowledge_correspondents,
        "reuse_tokens": role.reuse_tokens,
        "cell_switching": role.movement_detection.cell_switching,
        "on_link_up": role.movement_detection.on_link_up,
        "missed_advertisements": role.movement_detection.missed_advertisements,
    }


def _authentication(option: AuthenticationOption) -> dict[str, Any]:
    return {
        "identifier": option.identifier,
        "key": option.key,
        "spi": option.spi,
        "aaa_key": option.aaa_key or b"",
        "timestamps": option.timestamps,
        "close_enough_ns": round(option.close_enough * 1e9),
    }


def _write_multihomed(added: Any, node: Node, role: MultihomedMobileNode) -> None:
    running = node.mobile_ip._multi("save scenario")  # type: ignore[union-attr]
    added.node = node.name
    for nic, priority in running.priorities.items():
        added.radios.add(nic=nic, priority=priority)
    added.home_address, added.home_agent = role.home_address, role.home_agent
    added.home_prefix_length, added.lifetime_ns = role.home_prefix_length, round(role.lifetime * 1e9)
    added.bulk_registration = role.bulk_registration
    added.prefixes.extend(_texts(role.prefixes))
    added.explicit_mode, added.try_other_mode = role.mode == "explicit", role.try_other_mode
    added.home_link = role.home_link or ""
    added.route_optimization = role.route_optimization
    for fid, flow in running.bound.items():
        ranges = {name: given for name, given in flow.selector.items() if given is not None}
        added.flows.add(fid=fid, priority=flow.priority, nics=flow.interfaces, **ranges)


# --- Reading --------------------------------------------------------------------------------------------------------


def read(net: Network, message: Any) -> None:
    """Gives the nodes the roles that a Scenario has."""
    usual = HomeAgent()
    for role in message.correspondents:
        net.node(role.node).enable(
            Correspondent(role.specification or SPECIFICATIONS[0], role.multiple_care_of or usual.multiple_care_of)
        )
    for role in message.home_agents:
        net.node(role.node).enable(
            HomeAgent(
                role.nic or None,
                role.max_lifetime_ns / 1e9,
                role.preference,
                {p.home_address: SignallingProtection.read(p) for p in role.protection},
                {n.home_address: list(n.prefixes) for n in role.mobile_networks} if role.mobile_routers else None,
                verify_prefixes=not role.any_prefix,
                routes_to_mobile_networks=not role.without_routes,
                authentication={a.home_address: _read_authentication(a) for a in role.authentication},
                authentication_required=role.authentication_required,
                multiple_care_of=role.multiple_care_of or usual.multiple_care_of,
                bulk_registration=not role.without_bulk_registration,
                home_and_foreign=role.home_and_foreign or usual.home_and_foreign,
                flow_bindings=not role.without_flow_bindings,
                **(_read_dual_stack_home_agent(role.dual_stack) if role.HasField("dual_stack") else {}),
                multicast=role.multicast,
                specification=role.specification or SPECIFICATIONS[0],
            )
        )
    for role in message.mobile_nodes:
        protection = SignallingProtection.read(role.protection) if role.HasField("protection") else None
        net.node(role.node).enable(
            MobileNode(
                interface=role.nic or None,
                protection=protection,
                authentication=_read_authentication(role.authentication) if role.HasField("authentication") else None,
                clock_offset=role.clock_offset_ns / 1e9,
                specification=role.specification or SPECIFICATIONS[0],
                **_registered(role),
            )
        )
    for role in message.multihomed_mobile_nodes:
        _read_multihomed(net, role)
    for router in message.mobile_routers:
        net.node(router.registration.node).enable(
            MobileRouter(
                prefixes=list(router.prefixes),
                mode="explicit" if router.explicit_mode else "implicit",
                try_other_mode=router.try_other_mode,
                home_link=router.home_link or None,
                egress=router.registration.nic or None,
                ipv4_prefixes=list(router.registration.dual_stack.mobile_networks) or (),
                **_registered(router.registration),
            )
        )
    for role in message.mobility_anchor_points:
        net.node(role.node).enable(
            MobilityAnchorPoint(
                interface=role.nic or None,
                max_lifetime=role.max_lifetime_ns / 1e9,
                on_link_prefixes=tuple(role.on_link_prefixes),
            )
        )
    for role in message.hierarchical_mobile_nodes:
        net.node(role.node).enable(
            HierarchicalMobileNode(
                interface=role.nic or None,
                lifetime=role.lifetime_ns / 1e9,
                selection=role.selection,
                update_previous_map=role.update_previous_map,
            )
        )
    for role in message.fast_handover_routers:
        net.node(role.node).enable(
            FastHandoverRouter(
                neighbors=tuple(role.neighbors),
                interface=role.nic or None,
                buffer=role.buffer_packets,
                test_addresses=role.test_addresses,
                key=role.key or DOMAIN_KEY,
            )
        )
    for role in message.fast_mobile_nodes:
        net.node(role.node).enable(
            FastMobileNode(
                predictive=role.predictive,
                anticipation=role.anticipation_db if role.HasField("anticipation_db") else None,
                lifetime=role.lifetime_s,
                interface=role.nic or None,
                key=role.key or DOMAIN_KEY,
            )
        )


def _read_dual_stack_home_agent(message: Any) -> dict[str, Any]:
    return {
        "ipv4_address": message.address or None,
        "ipv4_home_addresses": {a.home_address: a.ipv4 for a in message.home_addresses},
        "ipv4_pool": list(message.pool) or None,
        "ipv4_networks": {n.home_address: list(n.prefixes) for n in message.networks},
        "ipv4_network_pool": message.network_pool or None,
        "ipv4_prohibited": tuple(message.prohibited),
        "ipv4_lease": message.lease_ns / 1e9 or None,
        "accept_forced_udp": not message.without_forced_udp,
        "force_udp": message.force_udp,
        "nat_refresh_time": message.nat_refresh_time_ns / 1e9 or NAT_KEEPALIVE_TIMEOUT_S,
    }


def _read_dual_stack_mobile_node(message: Any) -> dict[str, Any]:
    return {
        "home_agent_ipv4": message.home_agent,
        "ipv4_home_address": message.home_address or None,
        "ipv4_home_gateway": message.home_gateway or None,
        "ipv4_networks": [Ipv4Access(a.address, a.gateway) for a in message.networks] or (),
        "force_udp": message.force_udp,
    }


def _read_authentication(message: Any) -> AuthenticationOption:
    return AuthenticationOption(
        identifier=message.identifier,
        key=message.key,
        spi=message.spi,
        aaa_key=message.aaa_key or None,
        timestamps=message.timestamps,
        close_enough=message.close_enough_ns / 1e9,
    )


def _read_multihomed(net: Network, role: Any) -> None:
    mobile_ip = net.node(role.node).enable(
        MultihomedMobileNode(
            home_address=role.home_address,
            home_agent=role.home_agent,
            interfaces={radio.nic: radio.priority for radio in role.radios},
            bulk_registration=role.bulk_registration,
            prefixes=list(role.prefixes) or None,
            mode="explicit" if role.explicit_mode else "implicit",
            try_other_mode=role.try_other_mode,
            home_link=role.home_link or None,
            route_optimization=role.route_optimization,
            home_prefix_length=role.home_prefix_length,
            lifetime=role.lifetime_ns / 1e9,
        )
    )
    names = ("source", "destination", "source_port", "destination_port", "protocol", "traffic_class", "flow_label")
    for flow in role.flows:
        selector: dict[str, Any] = {name: tuple(getattr(flow, name)) or None for name in names}
        mobile_ip.bind_flow(*flow.nics, fid=flow.fid, priority=flow.priority, **selector)


def _registered(role: Any) -> dict[str, Any]:
    """What mobile nodes and mobile routers have in common."""
    usual = MovementDetection()
    return {
        **(_read_dual_stack_mobile_node(role.dual_stack) if role.HasField("dual_stack") else {}),
        "home_address": role.home_address,
        "home_agent": role.home_agent or None,
        "discover_home_agents": role.discover_home_agents,
        "home_prefix_length": role.home_prefix_length,
        "lifetime": role.lifetime_ns / 1e9,
        "route_optimization": role.route_optimization,
        "acknowledge_correspondents": role.acknowledge_correspondents,
        "reuse_tokens": role.reuse_tokens,
        "movement_detection": MovementDetection(
            role.cell_switching or usual.cell_switching,
            role.on_link_up or usual.on_link_up,
            role.missed_advertisements or usual.missed_advertisements,
        ),
    }
