"""Shared by the cases on mobile routers with two egress interfaces: the tester plays the routers of both links, behind which
are the home agent and correspondents, and a node of the Mobile Network."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.packet import Packet

import kamesim as ks
from kamesim.conformance.cases.mobility._mobile_router import CORRESPONDENT, INGRESS, INSIDER, NETWORK
from kamesim.conformance.cases.mobility._multihomed_node import HOME_AGENT, LEFT, RIGHT, TwoLinks
from kamesim.conformance.exchange import NODE, NODE_RIGHT, Lab, Port, echo, echo_request, find, ip, stack
from kamesim.conformance.mobility import inner

TUNNELS = {"left": (LEFT, HOME_AGENT), "right": (RIGHT, HOME_AGENT)}


class TwoLinkBus(TwoLinks):
    """A mobile router on two visited links, whose routers have not said anything yet."""

    inside: Port

    def __init__(self, lab: Lab, **role: Any) -> None:
        super().__init__(lab, **{"prefixes": f"{NETWORK}/64", **role})

    def _make(self, lab: Lab) -> ks.Router:
        return lab.net.router("mobile")

    def _inhabit(self, lab: Lab) -> None:
        lan, self.inside = lab.link("inside", INSIDER)
        lab.attach(lan, self.node, INGRESS, address=f"{INGRESS.address}/64", advertise=False)

    def acknowledge(self, update: Packet, **fields: Any) -> None:
        super().acknowledge(update, **{"flags": "R", **fields})

    def from_inside(self, destination: str = CORRESPONDENT, source: str = INSIDER.address, **fields: Any) -> None:
        """An Echo Request of a node in the Mobile Network."""
        self.inside.send(echo_request(destination, source=source, to_mac=INGRESS.mac, from_mac=INSIDER.mac, **fields))

    def outward(self, within: float = 0.5) -> list[tuple[str, tuple[str, str], Packet | None]]:
        """The Echo Requests that come out: the link, the outer addresses, the inner packet."""
        came = [(name, p) for name, p in self.came(within) if find(p, ICMPv6EchoRequest)]
        return [(name, (p[IPv6].src, p[IPv6].dst), inner(p)) for name, p in came]

    def inward(self, name: str, *, outer: str = HOME_AGENT, **fields: Any) -> None:
        """A packet for the Mobile Network, by the tunnel to the care-of address on that link."""
        end, to_mac = self.ends[name], NODE.mac if name == "left" else NODE_RIGHT.mac
        header = ip(LEFT if name == "left" else RIGHT, source=outer, from_mac=end.mac, to_mac=to_mac)
        packet = IPv6(**{"src": CORRESPONDENT, "dst": INSIDER.address, **fields})
        self.ports[name].send(stack(header, packet, echo(b"inwards")))


@pytest.fixture
def bus(lab: Lab) -> TwoLinkBus:
    return TwoLinkBus(lab)
