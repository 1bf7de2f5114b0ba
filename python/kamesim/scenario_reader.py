"""A network from the Protobuf message Scenario of sim/formats/scenario.proto."""

from __future__ import annotations

from collections import defaultdict
from ipaddress import IPv6Network
from typing import TYPE_CHECKING, Any

from kamesim import _core, errors, scenario_proxies, scenario_radio, scenario_roles
from kamesim import scenario_pb2 as pb
from kamesim.advertising import Advertising, MapEntry, PrefixOption, RouteOption
from kamesim.channel import Channel
from kamesim.flow import OnOff
from kamesim.interface import Interface
from kamesim.media import Lan, Link
from kamesim.scenario_writer import FORMAT_VERSION

if TYPE_CHECKING:
    from kamesim.network import Network
    from kamesim.node import Node


def read_scenario(path: errors.PathLike, options: dict[str, Any]) -> Network:
    """The network that a file describes."""
    from google.protobuf.message import DecodeError

    content = errors.read_file("load scenario", "path", path)
    message = pb.Scenario()
    try:
        message.ParseFromString(content)
    except DecodeError:
        raise errors.Error(f"load scenario: {str(path)!r} is not a scenario, or is damaged") from None
    if message.format_version != FORMAT_VERSION:
        raise errors.Error(
            f"load scenario: {str(path)!r} has the format version {message.format_version}; this kamesim reads "
            f"{FORMAT_VERSION}"
        )
    try:
        return _Builder(message, options).build()
    except (KeyError, IndexError, AttributeError) as error:
        raise errors.Error(f"load scenario: {str(path)!r} contradicts itself: {error}") from None


class _Builder:
    """Makes everything in the order in which it was made the first time: the order decides ties between events."""

    def __init__(self, message: Any, options: dict[str, Any]) -> None:
        from kamesim.network import Network

        self._message = message
        given = {"seed": message.seed, "name": message.name, "prefix_pool": message.prefix_pool}
        self._net = Network(**{**given, **options})
        self._plugs: dict[tuple[str, str], Any] = {}  # the link or LAN of each interface
        self._made: dict[str, list[Interface]] = defaultdict(list)  # of each link, its interfaces so far
        self._addresses: dict[tuple[str, str], list[Any]] = defaultdict(list)
        for address in message.addresses:
            self._addresses[(address.nic.node, address.nic.nic)].append(address)
        self._waypoints = {movement.node: movement.waypoints for movement in message.movements}
        self._advertising = {(a.nic.node, a.nic.nic): a for a in message.advertising}
        self._nics = {(node.name, nic.name): nic for node in message.nodes for nic in node.nics}

    def build(self) -> Network:
        message, net = self._message, self._net
        entries = {e.name: e for group in (message.nodes, message.links, message.lans, message.cells) for e in group}
        for name in message.order:
            self._make(entries[name])
        nics = {nic.number: (node.name, nic) for node in message.nodes for nic in node.nics}
        for number in sorted(nics):
            self._make_interface(*nics[number])
        for entry in message.nodes:
            node = net.node(entry.name)
            for tunnel in entry.tunnels:
                _make_tunnel(node, tunnel)
            for setting in entry.ipsec_settings:
                node._core.set_ipsec_setting(setting.name, setting.value)
            if entry.ipsec:
                node.ipsec.setkey(entry.ipsec)
            if entry.HasField("forwarding"):
                node.forwarding = entry.forwarding
            for n in entry.neighbors:
                node.add_neighbor(n.address, n.mac, interface=n.nic, is_router=n.is_router)
            if entry.multicast_forwarding:
                node.multicast_forwarding = True
            for r in entry.multicast_routes:
                node.add_multicast_route(
                    r.groups, source=r.source or None, incoming=r.incoming, outgoing=list(r.outgoing)
                )
        for route in message.static_routes:
            net.node(route.node).add_route(
                route.prefix,
                via=route.next_hop or None,
                interface=route.nic,
                kind=route.kind,
                metric=route.metric,
                mtu=route.mtu or None,
            )
        scenario_proxies.read(net, message)
        if message.HasField("shortest_path_routes"):
            net.shortest_path_routes()
        scenario_roles.read(self._net, self._message)
        for (name, nic), entry in self._advertising.items():
            node = self._net.node(name)
            if node._is_home_agent_on(node.interface(nic)) and not entry.home_agent:  # which a home agent says by itself
                node._advertise(node.interface(nic), _advertising(entry))
        for flow in message.flows:
            self._make_flow(flow)
        for move in message.moves:
            arguments = {"interface": move.nic.nic, "l2_delay": move.l2_delay_ns / 1e9}
            net.at(move.time_ns / 1e9, net.node(move.nic.node).move, move.medium, **arguments)
        return net

    def _make(self, entry: Any) -> None:
        if isinstance(entry, pb.ScenarioNode):
            self._make_node(entry)
        elif isinstance(entry, pb.PointToPointLink):
            link = Link(self._net, entry.name, self._channel("link", entry), self._prefixes("link", entry))
            self._net._medium_added(link)
            link._core = self._net._core.add_link(link.name, link.channel.to_core())
            link.up = not entry.down
            for end in (entry.a, entry.b):
                self._plugs[(end.node, end.nic)] = entry
        elif isinstance(entry, pb.Lan):
            channel = entry.channel
            lan = self._net.lan(entry.name, list(entry.prefixes) or False, **_parameters(channel))
            lan.up = not entry.down
            for station in entry.stations:
                self._plugs[(station.node, station.nic)] = lan
        else:
            self._make_cell(entry)

    def _make_node(self, entry: Any) -> None:
        make = self._net.router if entry.kind == pb.NODE_KIND_ROUTER else self._net.host
        node = make(
            entry.name,
            dup_addr_detect_transmits=entry.dup_addr_detect_transmits,
            optimistic_dad=entry.optimistic_dad,
        )
        if entry.router_renumbering:
            self._net.router_named(entry.name).renumbering = True
        for setting in entry.ip6_settings:
            node._core.set_ip6_setting(setting.name, setting.value)
        for setting in entry.tcp_settings:
            _core.set_tcp_setting(node._core, setting.name, setting.value)
        if entry.policies:
            node.policy_table = [(p.prefix, p.precedence, p.label) for p in entry.policies]
        if entry.HasField("geo_position"):
            node.geo_position = (entry.geo_position.longitude_deg, entry.geo_position.latitude_deg)
        if waypoints := self._waypoints.get(entry.name):
            node._set_waypoints([(w.time_ns, w.position.x_m, w.position.y_m) for w in waypoints])

    def _make_cell(self, entry: Any) -> None:
        self._net.cell(
            entry.name,
            (entry.position.x_m, entry.position.y_m),
            lan=entry.lan,
            tx_power=entry.transmit_power_dbm,
            reference_loss=entry.reference_loss_db,
            path_loss_exponent=entry.path_loss_exponent,
            sensitivity=entry.sensitivity_dbm,
            two_ray=scenario_radio.read_two_ray(entry),
            shadowing=scenario_radio.read_shadowing(entry),
            retry_limit=entry.retry_limit or None,
            channel_number=entry.channel_number or 1,
            **_parameters(entry.channel),
        )

    def _make_interface(self, node_name: str, nic: Any) -> None:
        node = self._net.node(node_name)
        if nic.HasField("roaming"):
            roaming = nic.roaming
            station = node.roam(
                nic.name,
                mac=nic.mac,
                beacon_interval=roaming.beacon_interval_ns / 1e9,
                hysteresis=roaming.hysteresis_db,
                handoff_delay=scenario_radio.read_delay(roaming),
                scan=scenario_radio.read_scan(roaming),
            )
            _set_up(station, nic)
            self._configure((node_name, nic.name))
            return
        interface = node.add_interface(nic.name, mac=nic.mac)
        _set_up(interface, nic)
        plug = self._plugs.get((node_name, nic.name))
        if isinstance(plug, pb.PointToPointLink):
            self._plug_in(plug, interface)
            return
        if isinstance(plug, Lan):
            plug._join(interface)
        self._configure((node_name, nic.name))

    def _plug_in(self, entry: Any, interface: Interface) -> None:
        """A link is attached when both its interfaces are there, as `Network.link` does."""
        ends = self._made[entry.name]
        ends.append(interface)
        if len(ends) < (2 if entry.HasField("b") else 1):
            return
        link = self._net.medium(entry.name)
        assert isinstance(link, Link)
        link._join(ends)
        for end in ends:
            self._configure((end.node.name, end.name))

    def _configure(self, key: tuple[str, str]) -> None:
        """Addresses and advertisements of an interface."""
        node = self._net.node(key[0])
        for entry in self._addresses[key]:
            lifetimes = {
                name: getattr(entry, f"{name}_ns") / 1e9
                for name in ("preferred_lifetime", "valid_lifetime")
                if entry.HasField(f"{name}_ns")
            }
            node.add_address(
                entry.address, interface=key[1], anycast=entry.anycast, dad=not entry.skip_dad, **lifetimes
            )
        if key in self._advertising:
            self._net.node(key[0])._advertise(node.interface(key[1]), _advertising(self._advertising[key]))
        interface, nic = node.interface(key[1]), self._nics[key]
        if nic.mtu_bytes:
            interface.mtu = nic.mtu_bytes
        if nic.disabled:
            interface.enabled = False

    def _make_flow(self, flow: Any) -> None:
        self._net.udp_flow(
            flow.source_node,
            flow.destination_node,
            rate=flow.packets_per_second,
            size=flow.payload_bytes,
            start=flow.start_ns / 1e9,
            stop=flow.stop_ns / 1e9 if flow.HasField("stop_ns") else None,
            port=flow.destination_port,
            source_port=flow.source_port or None,
            source_address=flow.source_address or None,
            destination_address=flow.destination_address or None,
            pattern="poisson" if flow.poisson else "constant",
            periods=OnOff(flow.periods.on_s, flow.periods.off_s, flow.periods.lengths) if flow.HasField("periods") else None,
            name=flow.name,
        )

    def _channel(self, kind: str, entry: Any) -> Channel:
        return Channel.check(f"{kind} {entry.name!r}", **_parameters(entry.channel))

    def _prefixes(self, kind: str, entry: Any) -> list[IPv6Network]:
        self._net._new_name(kind, entry.name)
        return self._net._prefixes.resolve(f"{kind} {entry.name!r}", list(entry.prefixes) or False)


def _make_tunnel(node: Node, entry: Any) -> None:
    given = {name: getattr(entry, name) for name in ("hop_limit", "mtu", "neighbor") if entry.HasField(name)}
    tunnel = node.add_tunnel(
        entry.name,
        local=entry.local,
        remote=entry.remote,
        traffic_class=entry.traffic_class if entry.HasField("traffic_class") else "inherit",
        encapsulation_limit=entry.encapsulation_limit if entry.HasField("encapsulation_limit") else None,
        flow_label=entry.flow_label,
        ecn="compatibility" if entry.ecn_compatibility else "normal",
        dscp="uniform" if entry.dscp_uniform else "pipe",
        **given,
    )
    for address in entry.addresses:
        tunnel.add_address(address)
    tunnel.up = not entry.down


def _set_up(interface: Interface, nic: Any) -> None:
    interface.link_layer_addresses = not nic.without_link_layer_addresses
    interface.prefer_source = nic.prefer_source
    if nic.multicast_scope_boundary:
        interface.multicast_scope_boundary = nic.multicast_scope_boundary
    interface.multicast_hop_threshold = nic.multicast_hop_threshold
    for address in nic.proxies:
        interface.add_proxy(address)
    if nic.HasField("guard"):
        interface.node.guard_advertisements(
            interface=interface,
            routers=None if nic.guard.any_router else list(nic.guard.routers),
            prefixes=None if nic.guard.any_prefix else list(nic.guard.prefixes),
            cancel=nic.guard.cancel,
        )


def _parameters(channel: Any) -> dict[str, Any]:
    """The arguments of `Network.link` and others that this channel says."""
    return {
        "rate": channel.rate_bps or None,
        "delay": channel.delay_ns / 1e9,
        "jitter": channel.jitter_ns / 1e9,
        "loss": channel.loss,
        "mtu": channel.mtu_bytes,
        "queue": channel.queue_frames,
    }


def _advertising(entry: Any) -> Advertising:
    def optional(name: str) -> int | None:
        return getattr(entry, name) if entry.HasField(name) else None

    return Advertising(
        min_interval=optional("min_rtr_adv_interval_ns"),
        max_interval=entry.max_rtr_adv_interval_ns,
        min_delay_between_ras=optional("min_delay_between_ras_ns"),
        adv_managed_flag=entry.adv_managed_flag,
        adv_other_config_flag=entry.adv_other_config_flag,
        adv_link_mtu=entry.adv_link_mtu_bytes,
        adv_reachable_time=entry.adv_reachable_time_ns,
        adv_retrans_timer=entry.adv_retrans_timer_ns,
        adv_cur_hop_limit=entry.adv_cur_hop_limit,
        adv_default_lifetime=optional("adv_default_lifetime_ns"),
        adv_preference=entry.adv_preference,
        prefixes=tuple(
            PrefixOption(
                p.prefix,
                p.valid_lifetime_ns,
                p.preferred_lifetime_ns,
                p.on_link,
                p.autonomous,
                p.lifetimes_decrement,
            )
            for p in entry.prefixes
        ),
        routes=tuple(RouteOption(r.prefix, r.preference, r.lifetime_ns) for r in entry.routes),
        dns_servers=tuple(entry.dns_servers),
        dns_search_list=tuple(entry.dns_search_list),
        dns_lifetime=entry.dns_lifetime_ns,
        captive_portal=entry.captive_portal,
        flags_expansion=entry.flags_expansion,
        home_agent_preference=entry.home_agent_preference,
        home_agent_lifetime=optional("home_agent_lifetime_ns"),
        source_link_layer_address=entry.source_link_layer_address,
        unicast_answers=entry.unicast_answers,
        advertisement_interval=entry.advertisement_interval,
        home_agent=entry.home_agent,
        router_address=entry.router_address,
        mobility_anchor_points=tuple(
            MapEntry(m.address, m.distance, m.preference, m.lifetime_ns) for m in entry.mobility_anchor_points
        ),
    )
