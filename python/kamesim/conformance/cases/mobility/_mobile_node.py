"""Shared by the cases on mobile nodes: the tester plays the home agent, the routers of the links that the node
visits, and correspondents, whose packets come by those routers."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.inet6 import (
    MIP6MH_BU,
    ICMPv6ND_NS,
    ICMPv6ND_RS,
    IPv6,
    MIP6MH_CoT,
    MIP6MH_CoTI,
    MIP6MH_HoT,
    MIP6MH_HoTI,
)
from scapy.packet import Packet

import kamesim as ks
from kamesim.conformance.exchange import (
    ALL_NODES,
    End,
    Lab,
    Port,
    Unmet,
    echo,
    expect,
    find,
    ip,
    na,
    prefix_information,
    ra,
    solicited_node,
    stack,
)
from kamesim.conformance.mobility import authorization, binding_ack, binding_key, ends, message, signed, type2_route


HOME_AGENT_END = End("02:00:00:00:00:aa", "fe80::aa", "2001:db8:a::1")
ACCESS = End("02:00:00:00:00:bb", "fe80::bb", "2001:db8:b::1")
OTHER_ACCESS = End("02:00:00:00:00:cc", "fe80::cc", "2001:db8:c::1")
HOME_AGENT, HOME = HOME_AGENT_END.address, "2001:db8:a::100"


# The prefixes with the modified EUI-64 identifier of NODE.mac.
CARE_OF, OTHER_CARE_OF = "2001:db8:b::ff:fe00:1", "2001:db8:c::ff:fe00:1"

CORRESPONDENT = "2001:db8:d::1"
HOME_TOKEN, CARE_OF_TOKEN = b"homehome", b"care-of!"
KBM = binding_key(HOME_TOKEN, CARE_OF_TOKEN)
HOME_NONCE, CARE_OF_NONCE = 5, 7


class Journey:
    """A mobile node that has been at home for a while, and ports on the links it knows."""

    def __init__(self, lab: Lab, **role: Any) -> None:
        self.ends: dict[str, End] = {}
        self.ports: dict[str, Port] = {}
        for name, end in (("home", HOME_AGENT_END), ("visited", ACCESS), ("other", OTHER_ACCESS)):
            self.ends[name] = end
            _lan, self.ports[name] = lab.link(name, end)
        self.node = lab.net.host("mobile")
        lab.attach(lab.net.medium("home"), self.node, address=False)
        self.node.enable(ks.MobileNode(**{"home_address": HOME, "home_agent": HOME_AGENT, **role}))
        self.care_of = HOME
        self.port = self.ports["home"]
        self.advertise("home")

    def advertise(self, name: str) -> None:
        """A Router Advertisement on that link, with its source link-layer address."""
        end = self.ends[name]
        prefix = prefix_information(end.address.removesuffix("1"))
        self.ports[name].send(ra(prefix, source=end.link_local, lladdr=end.mac))

    def deregister(self) -> Packet:
        """Moves home; returns the Binding Update. The home agent defends the home address until then."""
        self.move("home")
        for packet in self.port.frames(2.0):
            question = find(packet, ICMPv6ND_NS)
            if question is not None and question.tgt == HOME:
                assert ends(packet) == ("::", solicited_node(HOME)), "it may not speak as its home address yet"
                self.port.send(defence())
            if find(packet, MIP6MH_BU) is not None:
                return packet
        raise Unmet("no Binding Update")

    def settle(self, seconds: float = 3.0) -> None:
        self.port.run(seconds)

    def move(self, name: str) -> None:
        """Plugs it into another link, whose router answers its solicitation."""
        self.port = self.ports[name]
        self.node.move(name)
        expect(self.port, ICMPv6ND_RS, within=2.0)
        self.advertise(name)
        self.care_of = {"home": HOME, "visited": CARE_OF, "other": OTHER_CARE_OF}[name]

    def leave(self, name: str = "visited") -> Packet:
        """Moves; returns the first Binding Update to the home agent."""
        self.settle()
        self.move(name)
        return message(self.port, MIP6MH_BU, within=4.0, to=HOME_AGENT)

    def register(self, name: str = "visited") -> Packet:
        """Moves, and is registered by the home agent; returns the Binding Update."""
        update = self.leave(name)
        self.send(HOME_AGENT, type2_route(HOME), binding_ack(update[MIP6MH_BU].seq))
        return update

    def packet(self, source: str, *layers: Packet) -> Packet:
        """A packet to the care-of address, by way of the router."""
        here = next(self.ends[name] for name, port in self.ports.items() if port is self.port)
        return stack(ip(self.care_of, source=source, from_mac=here.mac), *layers)

    def send(self, source: str, *layers: Packet) -> None:
        self.port.send(self.packet(source, *layers))

    def send_tunnelled(self, source: str, *layers: Packet, outer: str = HOME_AGENT) -> None:
        """A packet to the home address, that the home agent tunnels."""
        self.send(outer, IPv6(src=source, dst=HOME), *layers)

    # --- The correspondent's part ---

    def test_inits(self) -> tuple[Packet, Packet]:
        """The Home Test Init and the Care-of Test Init, in whatever order they come."""
        home = care_of = None
        for packet in self.port.frames(1.0):
            found = find(packet, MIP6MH_HoTI)  # the other's class too
            home = packet if type(found) is MIP6MH_HoTI else home
            care_of = packet if type(found) is MIP6MH_CoTI else care_of
            if home and care_of:
                return home, care_of
        raise Unmet(f"test inits: home {home}, care-of {care_of}")

    def answer(self, home: Packet, care_of: Packet) -> None:
        """The Home Test by the tunnel, the Care-of Test directly."""
        self.send_tunnelled(CORRESPONDENT, home_test(home))
        self.send(CORRESPONDENT, care_of_test(care_of))

    def update_correspondent(self) -> Packet:
        """A packet comes by the tunnel, return routability follows; returns the Binding Update to the correspondent."""
        self.send_tunnelled(CORRESPONDENT, echo())
        self.answer(*self.test_inits())
        return message(self.port, MIP6MH_BU, to=CORRESPONDENT)

    def bind_correspondent(self) -> Packet:
        """The same, with an acknowledgement."""
        update = self.update_correspondent()
        self.acknowledge(update)
        return update

    def acknowledge(self, update: Packet, **fields: Any) -> None:
        ack = binding_ack(update[MIP6MH_BU].seq, authorization(), **fields)
        self.port.send(signed(self.packet(CORRESPONDENT, type2_route(HOME), ack), KBM, CARE_OF, CORRESPONDENT))


def home_test(init: Packet, **fields: Any) -> Packet:
    values = {"cookie": init[MIP6MH_HoTI].cookie, "index": HOME_NONCE, "token": HOME_TOKEN}
    return MIP6MH_HoT(**{**values, **fields})


def care_of_test(init: Packet, **fields: Any) -> Packet:
    values = {"cookie": init[MIP6MH_CoTI].cookie, "index": CARE_OF_NONCE, "token": CARE_OF_TOKEN}
    return MIP6MH_CoT(**{**values, **fields})


def defence() -> Packet:
    """What the home agent tells all nodes when one asks for the home address from the unspecified address (§10.4.1)."""
    mac = HOME_AGENT_END.mac
    return na(HOME, source=HOME_AGENT, destination=ALL_NODES, solicited=0, from_mac=mac, lladdr=mac)


@pytest.fixture
def journey(lab: Lab) -> Journey:
    return Journey(lab)
