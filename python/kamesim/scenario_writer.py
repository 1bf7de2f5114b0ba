"""A network as the Protobuf message Scenario of sim/formats/scenario.proto."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kamesim import _core, errors, scenario_proxies, scenario_radio, scenario_roles
from kamesim import scenario_pb2 as pb
from kamesim.cell import Cell
from kamesim.media import Lan, Link
from kamesim.node import Node
from kamesim.router import Router
from kamesim.version import VERSION

if TYPE_CHECKING:
    from kamesim.advertising import PrefixOption
    from kamesim.channel import Channel
    from kamesim.interface import Interface
    from kamesim.network import Network
    from kamesim.schedule import Scheduled
    from kamesim.tunnel import Tunnel

FORMAT_VERSION = 1


def scenario_message(net: Network, duration_ns: int) -> Any:
    """Everything the network is built from; Error if it cannot be saved."""
    if net._core.now_ns != 0:
        raise errors.Error(f"save scenario: it is {net.now:g} s already; save a scenario before its first run")
    for part in net._order:
        if not isinstance(part, str):
            raise errors.Error(
                f"save scenario: {part.name(0)!r} and others were made in bulk, which a scenario file has no room for; save "
                f"the script that makes them"
            )
    begun = [("TCP flow", flow.name) for flow in net.tcp_flows]
    begun += [("requests", made.name) for made in net.request_responses]
    begun += [("task", task.name) for task in net.tasks]
    for kind, name in begun:
        raise errors.Error(f"save scenario: a scenario file has no room for {kind} {name!r}; begin such after loading")
    message = pb.Scenario(
        format_version=FORMAT_VERSION,
        kamesim_version=VERSION,
        name=net.name,
        seed=net.seed,
        duration_ns=duration_ns,
        prefix_pool=str(net._prefixes.pool),
        order=[part for part in net._order if isinstance(part, str)],
    )
    numbers = {interface: number for number, interface in enumerate(net._interfaces_made)}
    for node in net.nodes:
        _add_node(message, numbers, node)
    for medium in net.media:
        if isinstance(medium, Cell):
            _add_cell(message, medium)
        elif isinstance(medium, Lan):
            _add_lan(message, medium)
        elif isinstance(medium, Link):
            _add_link(message, medium)
    if net._has_shortest_path_routes:
        message.shortest_path_routes.SetInParent()
    for flow in net.flows:
        _add_flow(message, flow.name, flow.settings)
    for scheduled in net._scheduler.waiting():
        _add_scheduled(message, scheduled)
    return message


def _reference(interface: Interface) -> Any:
    return pb.NicReference(node=interface.node.name, nic=interface.name)


def _add_node(message: Any, numbers: dict[Interface, int], node: Node) -> None:
    added = message.nodes.add(
        name=node.name,
        kind=pb.NODE_KIND_ROUTER if node.is_router else pb.NODE_KIND_HOST,
        dup_addr_detect_transmits=node.dup_addr_detect_transmits,
        optimistic_dad=node.optimistic_dad,
    )
    added.router_renumbering = node._core.router_renumbering
    if node.forwarding != node.is_router:
        added.forwarding = node.forwarding
    for name, value in _core.changed_tcp_settings(node._core):
        added.tcp_settings.add(name=name, value=value)
    for name, value in node._core.changed_ip6_settings():
        added.ip6_settings.add(name=name, value=value)
    added.ipsec = node.ipsec.script
    for name, value in node._core.changed_ipsec_settings():
        added.ipsec_settings.add(name=name, value=value)
    if node._core.has_own_policies():
        for prefix, precedence, label in node.policy_table:
            added.policies.add(prefix=prefix, precedence=precedence, label=label)
    added.multicast_forwarding = node.multicast_forwarding
    for groups, source, incoming, outgoing, *_ in node._core.multicast_routes():
        added.multicast_routes.add(groups=groups, source=source or "", incoming=incoming, outgoing=outgoing)
    for tunnel in node.tunnels:
        _add_tunnel(added, tunnel)
    if node.geo_position is not None:
        added.geo_position.longitude_deg, added.geo_position.latitude_deg = node.geo_position
    for interface in node.interfaces:
        _add_interface(message, added, interface, numbers[interface])
    lifetimes = {(row[0], row[1]): row[5:7] for row in node._address_rows()}
    for static in node._static_addresses:
        preferred, valid = lifetimes.get((static.interface.name, static.address), (None, None))
        message.addresses.add(
            nic=_reference(static.interface),
            address=f"{static.address}/{static.prefix_length}",
            anycast=static.anycast,
            skip_dad=not static.dad,
            preferred_lifetime_ns=preferred,
            valid_lifetime_ns=valid,
        )
    for prefix, next_hop, nic, kind, origin, metric, mtu in node._core.routes():
        if origin == "static":
            message.static_routes.add(
                node=node.name, prefix=prefix, nic=nic, next_hop=next_hop or "", kind=kind, metric=metric, mtu=mtu
            )
    if node.movement:
        movement = message.movements.add(node=node.name)
        for time_ns, x, y in node._core.waypoints():
            movement.waypoints.add(time_ns=time_ns, position=pb.PlanePosition(x_m=x, y_m=y))
    if isinstance(node, Router):
        scenario_proxies.write(message, node)
    for role in node.mobile_ip.roles if node.mobile_ip is not None else []:
        scenario_roles.write(message, node, role)


def _add_interface(message: Any, node: Any, interface: Interface, number: int) -> None:
    own_macs = interface.node._own_macs if isinstance(interface.node, Router) else {}
    mac = own_macs.get(interface.name, interface.mac)
    nic = node.nics.add(name=interface.name, mac=mac, number=number)
    nic.proxies.extend(interface.proxies)
    nic.without_link_layer_addresses = not interface.link_layer_addresses
    nic.prefer_source = interface.prefer_source
    nic.multicast_scope_boundary = interface.multicast_scope_boundary
    nic.multicast_hop_threshold = interface.multicast_hop_threshold
    nic.disabled = not interface.enabled
    if interface.medium is not None and interface.mtu != interface.medium.mtu:
        nic.mtu_bytes = interface.mtu
    for address, neighbor_mac, _, is_router, permanent, _ in interface._core.neighbors():
        if permanent:
            node.neighbors.add(nic=interface.name, address=address, mac=neighbor_mac, is_router=is_router)
    if (guard := interface.advertisement_guard) is not None:
        nic.guard.any_router, nic.guard.any_prefix = guard.routers is None, guard.prefixes is None
        nic.guard.routers.extend(guard.routers or [])
        nic.guard.prefixes.extend(guard.prefixes or [])
        nic.guard.cancel = guard.cancel
    if (roaming := interface.roaming) is not None:
        nic.roaming.beacon_interval_ns = roaming.beacon_interval_ns
        nic.roaming.hysteresis_db = roaming.hysteresis
        scenario_radio.write_roaming(nic.roaming, roaming)
    if (advertising := interface.advertising) is not None:
        message.advertising.add(
            nic=_reference(interface),
            min_rtr_adv_interval_ns=advertising.min_interval,
            max_rtr_adv_interval_ns=advertising.max_interval,
            min_delay_between_ras_ns=advertising.min_delay_between_ras,
            adv_managed_flag=advertising.adv_managed_flag,
            adv_other_config_flag=advertising.adv_other_config_flag,
            adv_link_mtu_bytes=advertising.adv_link_mtu,
            adv_reachable_time_ns=advertising.adv_reachable_time,
            adv_retrans_timer_ns=advertising.adv_retrans_timer,
            adv_cur_hop_limit=advertising.adv_cur_hop_limit,
            adv_default_lifetime_ns=advertising.adv_default_lifetime,
            adv_preference=advertising.adv_preference,
            prefixes=[_prefix_option(p) for p in advertising.prefixes],
            routes=[
                pb.AdvertisedRoute(prefix=r.prefix, preference=r.preference, lifetime_ns=r.lifetime)
                for r in advertising.routes
            ],
            dns_servers=advertising.dns_servers,
            dns_search_list=advertising.dns_search_list,
            dns_lifetime_ns=advertising.dns_lifetime,
            captive_portal=advertising.captive_portal,
            flags_expansion=advertising.flags_expansion,
            home_agent_preference=advertising.home_agent_preference,
            home_agent_lifetime_ns=advertising.home_agent_lifetime,
            source_link_layer_address=advertising.source_link_layer_address,
            unicast_answers=advertising.unicast_answers,
            advertisement_interval=advertising.advertisement_interval,
            home_agent=advertising.home_agent,
            router_address=advertising.router_address,
            mobility_anchor_points=[
                pb.AdvertisedMap(address=m.address, distance=m.distance, preference=m.preference, lifetime_ns=m.lifetime)
                for m in advertising.mobility_anchor_points
            ],
        )


def _prefix_option(option: PrefixOption) -> Any:
    return pb.AdvertisedPrefix(
        prefix=option.prefix,
        valid_lifetime_ns=option.valid_lifetime,
        preferred_lifetime_ns=option.preferred_lifetime,
        on_link=option.on_link,
        autonomous=option.autonomous,
        lifetimes_decrement=option.lifetimes_decrement,
    )


def _channel(channel: Channel) -> Any:
    return pb.Channel(
        delay_ns=channel.delay_ns,
        jitter_ns=channel.jitter_ns,
        rate_bps=channel.rate_bps,
        loss=channel.loss,
        mtu_bytes=channel.mtu,
        queue_frames=channel.queue,
    )


def _add_link(message: Any, link: Link) -> None:
    message.links.add(
        name=link.name,
        a=_reference(link.a),
        b=_reference(link.b) if len(link.interfaces) == 2 else None,
        channel=_channel(link.channel),
        down=not link.up,
        prefixes=link.prefixes,
    )


def _add_lan(message: Any, lan: Lan) -> None:
    stations = [_reference(interface) for interface in lan.interfaces]
    message.lans.add(
        name=lan.name, stations=stations, channel=_channel(lan.channel), down=not lan.up, prefixes=lan.prefixes
    )


def _add_cell(message: Any, cell: Cell) -> None:
    for interface in cell.interfaces:
        if interface.roaming is None:
            raise errors.Error(f"save scenario: {interface.full_name!r} is in {cell._what} by hand; let it roam")
    radio = cell.radio
    added = message.cells.add(
        name=cell.name,
        lan=cell.lan.name,
        position=pb.PlanePosition(x_m=radio.position[0], y_m=radio.position[1]),
        transmit_power_dbm=radio.tx_power,
        reference_loss_db=radio.reference_loss,
        path_loss_exponent=radio.path_loss_exponent,
        sensitivity_dbm=radio.sensitivity,
        channel=_channel(cell.channel),
        retry_limit=radio.retry_limit or 0,
        channel_number=radio.channel_number,
    )
    scenario_radio.write_radio(added, radio)


def _add_tunnel(added: Any, tunnel: Tunnel) -> None:
    parameters = {k: v for k, v in tunnel.parameters.items() if v is not None and v != "inherit"}
    parameters["ecn_compatibility"] = parameters.pop("ecn") == "compatibility"
    parameters["dscp_uniform"] = parameters.pop("dscp") == "uniform"
    rows = tunnel.node._core.tunnel_addresses(tunnel.name)
    added.tunnels.add(
        name=tunnel.name,
        local=tunnel.local,
        remote=tunnel.remote,
        down=not tunnel.up,
        addresses=[f"{address}/{length}" for address, length in rows if address != tunnel.link_local],
        **parameters,
    )


def _add_flow(message: Any, name: str, settings: Any) -> None:
    p = settings.periods
    message.flows.add(
        name=name,
        source_node=settings.source.name,
        source_address=settings.source_address or "",
        source_port=settings.source_port or 0,
        destination_node=settings.destination.name,
        destination_address=settings.destination_address or "",
        destination_port=settings.port,
        payload_bytes=settings.size,
        packets_per_second=settings.rate,
        poisson=settings.pattern == "poisson",
        start_ns=settings.start_ns,
        stop_ns=settings.stop_ns,
        periods=None if p is None else pb.OnOffPeriods(lengths=p.lengths, on_s=p.on, off_s=p.off),
    )


def _add_scheduled(message: Any, scheduled: Scheduled) -> None:
    """A move can be saved, other Python code cannot."""
    call: Any = scheduled.call
    function = getattr(call, "func", call)
    owner = getattr(function, "__self__", None)
    if getattr(function, "__name__", "") == "_aim":
        return  # a flow does this by itself
    if not (isinstance(owner, Node) and getattr(function, "__name__", "") == "move" and not scheduled.interval_ns):
        raise errors.Error(
            f"save scenario: {scheduled.name}, scheduled at {scheduled.time:g} s, is Python code; of scheduled calls "
            f"only node.move can be saved: schedule the others after loading"
        )
    target, interface, l2_delay = _move_arguments(*call.args, **call.keywords)
    message.moves.add(
        time_ns=scheduled.time_ns,
        nic=_reference(owner._choose_interface(interface)),
        medium=owner.network._lan(target).name,
        l2_delay_ns=errors.nanoseconds(scheduled.name, "l2_delay", l2_delay),
    )


def _move_arguments(lan: Any, *, interface: Any = None, l2_delay: float = 0.0) -> tuple[Any, Any, float]:
    return lan, interface, l2_delay
