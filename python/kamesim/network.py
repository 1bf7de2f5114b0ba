"""The network: where nodes, links and LANs are made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Literal, Union

from kamesim import _core, addressing, errors
from kamesim.bulk import Bulk, LanSeries, LinkSeries
from kamesim.channel import Channel
from kamesim.interface import Interface, InterfaceLike
from kamesim.media import Lan, Link, Medium
from kamesim.mobile_ip import MobileRouter
from kamesim.node import Host, Node
from kamesim.registry import Series
from kamesim.router import Router

Prefix = Union[str, Iterable[str], None, Literal[False]]


class Network(Bulk):
    """A simulated network. Everything in it hangs on this object; several can live side by side.

    seed: of all random streams; the same seed and script give the same run, bit for bit.
    name: for results and pictures.
    prefix_pool: links and LANs without a prefix of their own take a /64 out of it.
    trace: whether the nodes record what happens on them (`Network.trace`).
    trace_drops: whether each discarded packet is recorded too, as kind "drop" with reason, rule and bytes.
    trace_hash: whether every frame and drop goes into a hash (`Network.trace_hash`); costs some time.

    A network is for one thread at a time.

        net = ks.Network(seed=1)
        a, b = net.host("a"), net.host("b")
        net.link(a, b, delay=0.005)
        ping = a.ping(b)
        net.run(until=10)
    """

    def host(
        self,
        name: str,
        *,
        position: tuple[float, float] | None = None,
        dup_addr_detect_transmits: int = 1,
        optimistic_dad: bool = False,
    ) -> Host:
        """Makes a host.

        position: (x, y) in metres; needed for radio cells only. dup_addr_detect_transmits: solicitations of
        Duplicate Address Detection, 0 switches it off (RFC 4862). optimistic_dad: whether autoconfigured addresses
        may be used before it is over (RFC 4429).
        """
        return self._add_node(Host, name, position, dup_addr_detect_transmits, optimistic_dad)

    def router(
        self,
        name: str,
        *,
        position: tuple[float, float] | None = None,
        dup_addr_detect_transmits: int = 1,
        optimistic_dad: bool = False,
    ) -> Router:
        """Makes a router: it forwards, and advertises itself on LANs. Parameters are as those of `host`."""
        return self._add_node(Router, name, position, dup_addr_detect_transmits, optimistic_dad)

    def mobile_router(
        self,
        name: str,
        *,
        home_address: str,
        prefixes: str | Iterable[str],
        home_agent: str | None = None,
        position: tuple[float, float] | None = None,
        roam: bool | dict[str, Any] = False,
        advertise: bool | dict[str, Any] = True,
        dup_addr_detect_transmits: int = 1,
        optimistic_dad: bool = False,
        **role: Any,
    ) -> Router:
        """Makes a mobile router (RFC 3963) and the network that moves with it, the LAN "<name>.lan".

        It has two interfaces: "egress", which is on no link until `mr.move(lan)` plugs it in, and "ingress" on its LAN,
        which has the `prefixes`. Nodes are attached to `mr.interface("ingress").medium`, and cells may be bridged onto it.
        roam: whether the egress interface is a wireless one, that associates with the cells of the network, or the
        arguments of `Node.roam`. advertise: as for `Lan.attach`, of the ingress interface. role: further fields of
        `MobileRouter`, as mode="explicit".
        """
        given = [prefixes] if isinstance(prefixes, str) else prefixes
        wanted = errors.listed("mobile router", "prefixes", given, "a prefix, such as '2001:db8:a::/64', or several")
        node = self._add_node(Router, name, position, dup_addr_detect_transmits, optimistic_dad)
        if roam is False:
            egress = node.add_interface("egress")
        else:
            egress = node.roam("egress", **(roam if isinstance(roam, dict) else {}))
        self.lan(self._free_name(f"{name}.lan"), wanted).attach(node, name="ingress", advertise=advertise)
        node.enable(
            MobileRouter(home_address=home_address, prefixes=wanted, home_agent=home_agent, egress=egress, **role)
        )
        return node

    def link(
        self,
        a: Node | str,
        b: Node | str | None,
        *,
        delay: float = 0.001,
        rate: float | None = None,
        jitter: float = 0.0,
        loss: float = 0.0,
        mtu: int = 1500,
        queue: int = 1000,
        prefix: Prefix = None,
        name: str | None = None,
        if_a: str | None = None,
        if_b: str | None = None,
        mac_a: str | None = None,
        mac_b: str | None = None,
    ) -> Link:
        """Joins two nodes by a full-duplex point-to-point link, with a new interface on each.

        b: None leaves that end free for a tester port (`Link.tester`).
        delay: of propagation, seconds. rate: bits per second of frames; None: infinite. jitter: up to this many
        seconds are added to a frame's delay; the order is kept. loss: the probability that a frame is lost. mtu:
        bytes, at least 1280. queue: frames that wait at a sender before more are dropped.
        prefix: on the link; None: a /64 from the network's pool; False: none. `a` gets address ::1 in it, `b` ::2.
        name: None: "a-b". if_a, if_b, mac_a, mac_b: the interfaces' names and MAC addresses; None: made up.
        """
        first, second = self.node(a), None if b is None else self.node(b)
        label = f"{first.name}-{'open' if second is None else second.name}"
        what = f"link {label if name is None else name!r}"
        if first is second:
            raise errors.Error(f"{what}: both its ends are {first.name!r}; a link joins two different nodes")
        label = self._free_name(label) if name is None else self._new_name("link", name)
        channel = Channel.check(what, rate=rate, delay=delay, jitter=jitter, loss=loss, mtu=mtu, queue=queue)
        first._check_interface(if_a, mac_a)
        if second is not None:
            second._check_interface(if_b, mac_b)
        prefixes = self._prefixes.resolve(what, prefix)

        link = Link(self, label, channel, prefixes)
        interfaces = [first.add_interface(if_a, mac=mac_a)]
        if second is not None:
            interfaces.append(second.add_interface(if_b, mac=mac_b))
        self._medium_added(link)
        link._core = self._core.add_link(label, channel.to_core())
        link._join(interfaces)
        for number, interface in enumerate(interfaces, start=1):
            for network in prefixes:
                interface.node.add_address(addressing.nth_address(network, number), interface=interface)
        return link

    def lan(
        self,
        name: str,
        prefix: Prefix = None,
        *,
        rate: float | None = None,
        delay: float = 0.0,
        jitter: float = 0.0,
        loss: float = 0.0,
        mtu: int = 1500,
        queue: int = 1000,
    ) -> Lan:
        """Makes a switched Ethernet LAN; `lan.attach(node)` plugs nodes in.

        prefix: one, or several, that are on the LAN and advertised by its routers; None: a /64 from the network's
        pool; False: none. The others are as those of `link`; delay is that between any two stations.
        """
        self._new_name("LAN", name)
        what = f"LAN {name!r}"
        channel = Channel.check(what, rate=rate, delay=delay, jitter=jitter, loss=loss, mtu=mtu, queue=queue)
        lan = Lan(self, name, channel, self._prefixes.resolve(what, prefix))
        self._medium_added(lan)
        lan._core = self._core.add_lan(name, channel.to_core())
        return lan

    def router_named(self, name: str) -> Router:
        """The router of that name."""
        node = self.node(name)
        if not isinstance(node, Router):
            raise errors.Error(f"network {self.name!r}: {node.name!r} is a host; a router is needed here")
        return node

    def host_named(self, name: str) -> Host:
        """The host of that name."""
        node = self.node(name)
        if not isinstance(node, Host):
            raise errors.Error(f"network {self.name!r}: {node.name!r} is a router; a host is needed here")
        return node

    def shortest_path_routes(self) -> int:
        """Gives every router routes to every prefix along the path of least delay; returns how many.

        Neighbouring prefixes that lie the same way are one route, to just the prefix that they fill: what no link has is
        refused as before. Of paths of the same delay the one with fewer hops is taken.

        Hosts carry no transit traffic, nor do mobile routers; a Mobile Network is reached by its home agent's link. A
        host on a point-to-point link to a router gets a default route by it. Call it again when links were added or
        changed: it replaces the routes that it made before.
        """
        subnets: list[Any] = []
        for part in self._media.parts():
            subnets += self._subnets_of(part) if isinstance(part, Series) else [self._subnet(part)]
        for _, node in self._nodes.made():
            if isinstance(node, Router) and node.anchor is not None and node.interfaces:
                subnets.append(([node.anchor.prefix_pool], 0, [node.interfaces[0]._core], []))
        self._has_shortest_path_routes = True
        return self._core.install_shortest_path_routes(subnets)

    def _mobile_networks_added(self, home_link: Interface | None, prefixes: list[str]) -> None:
        if home_link is not None:
            self._mobile_networks.append((home_link, prefixes))
        if self._has_shortest_path_routes:
            self.shortest_path_routes()

    def _subnet(self, medium: Medium) -> _core.Subnet:
        routers = [i._core for i in medium.interfaces if i.node.is_router and not i.node._egress]
        hosts = [i._core for i in medium.interfaces if not i.node.is_router and isinstance(medium, Link)]
        # RFC 3963 section 6.3: Mobile Networks are reached by way of their home link.
        behind = [p for home, prefixes in self._mobile_networks if home.medium is medium for p in prefixes]
        return [*medium.prefixes, *behind], medium.channel.delay_ns, routers, hosts

    def _subnets_of(self, series: Series[Medium]) -> Iterator[_core.Subnet | _core.Subnets]:
        """The subnets of media that were made in one call: one by one where Python has an object, the others together."""
        transit = series.transit() if isinstance(series, LanSeries) else None
        start = 0
        made = [number - series.begin for number, _ in self._media.made() if 0 <= number - series.begin < series.count]
        for place in [*made, series.count]:
            if isinstance(series, LinkSeries) and start < place:
                yield series.subnets(start, place)
            elif isinstance(series, LanSeries) and transit is not None and start < place:
                yield series.subnets(start, place, *transit)
            if place < series.count:
                yield self._subnet(self._media.at(series.begin + place))
            start = place + 1

    def save_scenario(self, path: errors.PathLike, *, duration: float = 0.0) -> None:
        """Writes everything that the network is built from to a file, as the Protobuf message Scenario.

        To be called before the first run. Neither scheduled Python code, except `node.move`, can be saved, nor tasks, TCP
        flows, and requests with responses. duration: of the run, in seconds, to be kept with it.
        """
        from kamesim.scenario_writer import scenario_message

        target = errors.writable_path("save scenario", "path", path)
        message = scenario_message(self, errors.nanoseconds("save scenario", "duration", duration))
        errors.write_file("save scenario", target, message.SerializeToString(deterministic=True))

    @classmethod
    def load_scenario(cls, path: errors.PathLike, **network: Any) -> Network:
        """The network that `save_scenario` wrote. network: arguments of `Network` that go before what was saved."""
        from kamesim.scenario_reader import read_scenario

        return read_scenario(path, network)

    def _address_of(self, what: str, parameter: str, target: Any) -> str:
        """The address that a user means by an address, a node, or the name of a node."""
        text = isinstance(target, str) and (":" in target or errors.is_ipv4(target))
        if text or isinstance(target, (IPv4Address, IPv6Address)):
            return errors.ip_address(what, parameter, target)
        node = self.node(target)
        if node.address is None:
            raise errors.Error(
                f"{what}: {parameter} {node.name!r} has no global address at {self.now:g} s; wait until it has one, "
                f"or name an address"
            )
        return node.address

    def _move(self, node: Node, target: Lan | str, interface: InterfaceLike | None, l2_delay: float) -> None:
        what = f"{node._what}: move"
        lan = self._lan(target)
        on = node._egress[0] if interface is None and len(node._egress) == 1 else node._choose_interface(interface)
        delay_ns = errors.nanoseconds(what, "l2_delay", l2_delay)
        before = on.medium
        if isinstance(before, Lan):
            before._check_not_roaming(on)
            before._leave(on)
        elif before is not None:
            raise errors.Error(f"{what}: {on.full_name!r} is an end of {before._what}; only LANs can be moved between")
        if (arrival := self._arrivals.pop(on, None)) is not None:
            arrival.cancel()  # it was between two LANs, and now goes elsewhere
        if delay_ns == 0:
            lan._join(on)
        else:
            self._arrivals[on] = self.after(l2_delay, self._arrive, on, lan)

    def _arrive(self, interface: Interface, lan: Lan) -> None:
        del self._arrivals[interface]
        lan._join(interface)
