"""Tunnels of a node: IPv6 and IPv4 packets inside those of IPv6 or IPv4 (RFC 2473, 4213, 2003, 6040)."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from kamesim import _core, errors

if TYPE_CHECKING:
    from kamesim.node import Node

LARGEST_MTU = 65535


class Tunnel:
    """A tunnel from this node, its entry point, to another node: an interface, made by `Node.add_tunnel`.

    What is routed to it leaves inside another packet; what comes from its other end, and carries a packet, comes in by
    it. It has a link-local address, and those that `add_address` gives it. A reboot keeps it.
    """

    def __init__(self, node: Node, name: str) -> None:
        self.node = node
        self.name = name  #: as in `node.add_route(..., interface=name)`

    @property
    def full_name(self) -> str:
        """Node and tunnel: "r1:tun0"."""
        return f"{self.node.name}:{self.name}"

    @property
    def local(self) -> str:
        """The address of its entry point, the source of tunnel packets."""
        return self.node._core.tunnel_ends(self.name)[0]

    @property
    def remote(self) -> str:
        """The address of its exit point."""
        return self.node._core.tunnel_ends(self.name)[1]

    def move(self, *, local: str | None = None, remote: str | None = None) -> None:
        """Gives it other end points; None: as it is."""
        ends = check_ends(self.node, self._what, local or self.local, remote or self.remote)
        self.node._core.set_tunnel_ends(self.name, *ends)

    @property
    def mtu(self) -> int:
        """The largest packet that it carries whole, in bytes: what was set, or the path's MTU less the headers.

        What was set counts if the path takes as much. 1280 or more of IPv6: tunnel packets are fragmented where need be
        (RFC 2473 section 7.1).
        """
        return self.node._core.tunnel_mtu(self.name)

    @property
    def up(self) -> bool:
        """Whether it carries packets; may be set."""
        return self.node._core.tunnel_up(self.name)

    @up.setter
    def up(self, value: bool) -> None:
        self.node._core.set_tunnel_up(self.name, errors.flag(self._what, "up", value))

    @property
    def reachable(self) -> bool:
        """False if the `neighbor` that was given does not answer any more: the routes by the tunnel are withdrawn then."""
        return self.node._core.tunnel_reachable(self.name)

    @property
    def parameters(self) -> dict[str, Any]:
        """What `configure` sets, by name."""
        p = self.node._core.tunnel_parameters(self.name)
        return {
            "hop_limit": p.hop_limit,
            "traffic_class": "inherit" if p.traffic_class is None else p.traffic_class,
            "flow_label": p.flow_label,
            "encapsulation_limit": p.encapsulation_limit,
            "mtu": p.mtu,
            "ecn": "compatibility" if p.ecn_compatibility else "normal",
            "dscp": "uniform" if p.dscp_uniform else "pipe",
            "neighbor": p.neighbor,
        }

    @property
    def counters(self) -> dict[str, int]:
        """Carried packets: sent_packets, sent_bytes, received_packets, received_bytes; errors_relayed: problems within the
        tunnel that were told to the sources of what it carried (RFC 2473 section 8); ecn_logs and ecn_alarms: pairs of
        congestion marks that came out and that nobody uses, "(!)" and "(!!!)" in RFC 6040's figure 4. A reboot clears
        them."""
        return self.node._core.tunnel_counters(self.name)

    def configure(self, **parameters: Any) -> None:
        """Changes parameters of `Node.add_tunnel`, by name: configure(hop_limit=10)."""
        known = self.parameters
        for name in parameters:
            if name not in known:
                raise errors.UnknownName(f"{self._what}: parameter", name, known)
        over_ipv4 = ipaddress.ip_address(self.remote).version == 4
        self.node._core.set_tunnel_parameters(self.name, check(self._what, over_ipv4, **{**known, **parameters}))

    @property
    def addresses(self) -> list[str]:
        """Its addresses, those of IPv4 last."""
        return [address for address, _ in self.node._core.tunnel_addresses(self.name)]

    @property
    def link_local(self) -> str:
        """Its link-local address."""
        return next(a for a in self.addresses if ipaddress.ip_address(a).is_link_local)

    def add_address(self, address: str) -> None:
        """Gives it an address, such as "2001:db8:9::1/64" or "10.0.0.1/30"; there is no Duplicate Address Detection."""
        text, length = errors.address_with_length(self._what, "address", address)
        if text in self.addresses:
            raise errors.Error(f"{self._what}: it has the address {text} already")
        self.node._core.add_tunnel_address(self.name, text, length)

    def remove_address(self, address: str) -> None:
        """Takes an address away."""
        text = errors.ip_address(self._what, "address", address)
        if not self.node._core.remove_tunnel_address(self.name, text):
            raise errors.UnknownName(f"{self._what}: address", text, self.addresses)

    def remove(self) -> None:
        """Takes it away, with its addresses and the routes by it."""
        self.node._remove_tunnel(self)

    @property
    def _what(self) -> str:
        return f"tunnel {self.full_name!r}"

    def __repr__(self) -> str:
        return f"<Tunnel {self.full_name!r} {self.local} -> {self.remote}{'' if self.up else ' down'}>"


def check_ends(node: Node, what: str, local: Any, remote: Any) -> tuple[str, str]:
    """Both end points, checked."""
    texts = []
    for parameter, value in (("local", local), ("remote", remote)):
        text = errors.ip_address(what, parameter, value)
        parsed = ipaddress.ip_address(text)
        if parsed.is_multicast or parsed.is_unspecified or parsed.is_loopback or parsed.is_link_local:
            errors.fail(what, parameter, value, "a unicast address of more than a link")
        texts.append(text)
    if ipaddress.ip_address(texts[0]).version != ipaddress.ip_address(texts[1]).version:
        errors.fail(what, "remote", remote, "of the same IP version as local")
    own = {a for i in node.interfaces for a in [*i.addresses, *i.ipv4_addresses]}
    if texts[0] == texts[1] or texts[1] in own:  # RFC 2473 section 4.1.2
        errors.fail(what, "remote", remote, "an address of another node; a tunnel to the node itself would be a loop")
    return texts[0], texts[1]


def check(
    what: str,
    over_ipv4: bool,
    *,
    hop_limit: Any,
    traffic_class: Any,
    flow_label: Any,
    encapsulation_limit: Any,
    mtu: Any,
    ecn: Any,
    dscp: Any,
    neighbor: Any,
) -> _core.TunnelParameters:
    """The parameters, checked."""
    p = _core.TunnelParameters()

    def octet(name: str, value: Any, minimum: int = 0) -> int | None:
        return None if value is None else errors.integer(what, name, value, "", minimum=minimum, maximum=255)

    p.hop_limit = octet("hop_limit", hop_limit, 1)
    if traffic_class != "inherit":
        if isinstance(traffic_class, str) or traffic_class is None:
            errors.fail(what, "traffic_class", traffic_class, 'a whole number from 0 to 255, or "inherit"')
        p.traffic_class = octet("traffic_class", traffic_class)
    p.flow_label = errors.integer(what, "flow_label", flow_label, "", minimum=0, maximum=0xFFFFF)
    p.encapsulation_limit = None if over_ipv4 else octet("encapsulation_limit", encapsulation_limit)
    p.mtu = None
    if mtu is not None:
        p.mtu = errors.integer(what, "mtu", mtu, "bytes", minimum=errors.MINIMUM_MTU, maximum=LARGEST_MTU)
    p.ecn_compatibility = errors.one_of(what, "ecn", ecn, ("normal", "compatibility")) == "compatibility"
    p.dscp_uniform = errors.one_of(what, "dscp", dscp, ("pipe", "uniform")) == "uniform"
    p.neighbor = None
    if neighbor is not None:
        text = errors.ip_address(what, "neighbor", neighbor)
        p.neighbor = text
        address = ipaddress.ip_address(text)
        if address.version != 6 or address.is_multicast or address.is_unspecified or address.is_loopback:
            errors.fail(what, "neighbor", neighbor, "a unicast address of IPv6, such as the other end's link-local one")
    return p
