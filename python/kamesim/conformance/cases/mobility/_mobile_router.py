"""Shared by the cases on mobile routers: one between a Mobile Network, where the tester plays a node, and the links that
it visits, where the tester plays their routers, its home agent and correspondents."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.inet6 import MIP6MH_BU, ICMPv6EchoRequest, ICMPv6ND_RS, IPv6, MIP6MH_BA, MIP6OptMobNetPrefix
from scapy.packet import Packet

import kamesim as ks
from kamesim.conformance.cases.mobility._mobile_node import (
    ACCESS,
    CARE_OF,
    HOME,
    HOME_AGENT,
    HOME_AGENT_END,
    OTHER_ACCESS,
    OTHER_CARE_OF,
)
from kamesim.conformance.exchange import End, Lab, Port, echo_request, expect, ip, prefix_information, ra, stack
from kamesim.conformance.mobility import UNIT, ends, message, type2_route

NETWORK, SECOND_NETWORK = "2001:db8:e::", "2001:db8:f::"  # /64 each
INGRESS = End("02:00:00:00:00:0e", "fe80::ff:fe00:e", "2001:db8:e::1")  # the mobile router in its network
INSIDER = End("02:00:00:00:00:ee", "fe80::ee", "2001:db8:e::99")  # a node there, played by the tester
CORRESPONDENT = "2001:db8:d::1"
SECOND_HOME_AGENT = "2001:db8:a::2"
MNP = MIP6OptMobNetPrefix


def accepted(update: Packet, *, flags: str = "R", status: int = 0, lifetime: int = 420) -> Packet:
    """The acknowledgement of the Binding Update."""
    return MIP6MH_BA(seq=update[MIP6MH_BU].seq, status=status, flags=flags, mhtime=lifetime // UNIT, options=[])


def told_prefixes(update: Packet) -> list[tuple[str, int]]:
    """What the Mobile Network Prefix options of a Binding Update say."""
    return [(o.prefix, o.plen) for o in update[MIP6MH_BU].options if isinstance(o, MNP)]


class Bus:
    """A mobile router that has been at home for a while, and ports on the links that it knows and inside."""

    def __init__(self, lab: Lab, *, prefixes: tuple[str, ...] = (NETWORK,), settle: float = 4.0, **role: Any) -> None:
        self.ends: dict[str, End] = {}
        self.ports: dict[str, Port] = {}
        for name, end in (("home", HOME_AGENT_END), ("visited", ACCESS), ("other", OTHER_ACCESS)):
            self.ends[name] = end
            _lan, self.ports[name] = lab.link(name, end)
        _lan, self.inside = lab.link("inside", INSIDER)
        self.node = lab.net.router("mobile")
        lab.attach(lab.net.medium("home"), self.node, address=False, advertise=False, name="egress")
        address = f"{INGRESS.address}/64"
        lab.attach(lab.net.medium("inside"), self.node, INGRESS, address=address, advertise=False, name="ingress")
        fields = {"home_address": HOME, "home_agent": HOME_AGENT, "discover_home_agents": False, "egress": "egress"}
        self.node.enable(ks.MobileRouter(prefixes=[f"{p}/64" for p in prefixes], **{**fields, **role}))
        self.care_of = HOME
        self.home_agent = HOME_AGENT
        self.port = self.ports["home"]
        self.advertise("home")
        self.port.run(settle)

    def advertise(self, name: str) -> None:
        """A Router Advertisement on that link, with its source link-layer address."""
        end = self.ends[name]
        prefix = prefix_information(end.address.removesuffix("1"))
        self.ports[name].send(ra(prefix, source=end.link_local, lladdr=end.mac))

    def move(self, name: str) -> None:
        """Plugs it into another link, whose router answers its solicitation."""
        self.port = self.ports[name]
        self.node.move(name)
        expect(self.port, ICMPv6ND_RS, within=2.0)
        self.advertise(name)
        self.care_of = {"home": HOME, "visited": CARE_OF, "other": OTHER_CARE_OF}[name]

    def leave(self, name: str = "visited") -> Packet:
        """Moves; returns the first Binding Update to the home agent."""
        self.move(name)
        return self.update()

    def update(self, within: float = 4.0, to: str = HOME_AGENT) -> Packet:
        """The next Binding Update to a home agent."""
        return message(self.port, MIP6MH_BU, within=within, to=to)

    def register(self, name: str = "visited", **fields: Any) -> Packet:
        """Moves, and is registered by the home agent; returns the Binding Update."""
        update = self.leave(name)
        self.acknowledge(update, **fields)
        return update

    def acknowledge(self, update: Packet, **fields: Any) -> None:
        self.send(update[IPv6].dst, type2_route(HOME), accepted(update, **fields))

    def send(self, source: str, *layers: Packet) -> None:
        """A packet to the care-of address, by way of the router."""
        here = next(self.ends[name] for name, port in self.ports.items() if port is self.port)
        self.port.send(stack(ip(self.care_of, source=source, from_mac=here.mac), *layers))

    def send_tunnelled(self, *layers: Packet, outer: str = HOME_AGENT, **fields: Any) -> None:
        """A packet for the Mobile Network, that the home agent tunnels."""
        self.send(outer, IPv6(**{"src": CORRESPONDENT, "dst": INSIDER.address, **fields}), *layers)

    def from_inside(self, destination: str = CORRESPONDENT, source: str = INSIDER.address, **fields: Any) -> None:
        """An Echo Request of a node in the Mobile Network."""
        packet = echo_request(destination, source=source, to_mac=INGRESS.mac, from_mac=INSIDER.mac, **fields)
        self.inside.send(packet)

    def tunnels(self, destination: str = CORRESPONDENT) -> Packet:
        """Expects what `from_inside` sent, in the tunnel to the home agent."""
        packet = expect(self.port, ICMPv6EchoRequest)
        assert ends(packet) == (self.care_of, self.home_agent)
        return packet


@pytest.fixture
def bus(lab: Lab) -> Bus:
    return Bus(lab)


@pytest.fixture
def explicit(lab: Lab) -> Bus:
    return Bus(lab, mode="explicit", prefixes=(NETWORK, SECOND_NETWORK))
