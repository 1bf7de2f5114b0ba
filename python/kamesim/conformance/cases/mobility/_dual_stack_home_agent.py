"""Shared by the cases on home agents with IPv4 (RFC 5555): the tester plays the home link on the left, and on the right
mobile nodes in networks of IPv6 and of IPv4, and their correspondents."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.inet import IP
from scapy.layers.inet6 import MIP6MH_BA, IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Packet

import kamesim as ks
from kamesim.conformance.cases.mobility._home_agent import HOME, HOME_AGENT, away, home_agent
from kamesim.conformance.dual_stack import (
    PORT,
    Carried,
    carrying,
    in_udp,
    introduce,
    ipv4_care_of,
    ipv4_home_address,
    ping4,
    update,
)
from kamesim.conformance.exchange import NODE_RIGHT, TESTER, TESTER_RIGHT, Lab, Port
from kamesim.conformance.mobility import Mobile, message

HOME_AGENT4, HOME_ROUTER4 = "192.0.2.1", "192.0.2.99"  # on the left; the tester is the other
RIGHT4, TESTER_RIGHT4 = "198.51.100.1", "198.51.100.88"
HOME4, OTHER_HOME, OTHER_HOME4 = "192.0.2.10", "2001:db8:1::200", "192.0.2.20"
CARE_OF4, OTHER_CARE_OF4, NAT4 = "203.0.113.5", "203.0.113.6", "203.0.113.77"
CORRESPONDENT4 = "203.0.113.200"
POOL, POOLED = "192.0.2.64/29", "192.0.2.65"  # and the first address that it gives


def dual_stack(lab: Lab, **role: Any) -> ks.Router:
    """A home agent with the IPv4 address of HOME, and the ports that hear IPv4."""
    router = lab.router()
    left, right = router.interfaces
    router.add_address(f"{HOME_AGENT4}/24", interface=left)
    router.add_address(f"{RIGHT4}/24", interface=right)
    router.add_route("0.0.0.0/0", via=TESTER_RIGHT4, interface=right)
    home_agent(lab, **{"ipv4_home_addresses": {HOME: HOME4, OTHER_HOME: OTHER_HOME4}, **role})
    for port in lab.ports:
        port.every_protocol = True
    introduce(lab.ports[0], TESTER.mac, HOME_ROUTER4, HOME_AGENT4)
    introduce(lab.ports[1], TESTER_RIGHT.mac, TESTER_RIGHT4, RIGHT4)
    return router


@pytest.fixture
def router(lab: Lab) -> ks.Router:
    return dual_stack(lab)


@pytest.fixture
def mobile(router: ks.Router, lab: Lab) -> Mobile:
    """In a network of IPv6."""
    return away(lab.ports[1])


@pytest.fixture
def roamer(router: ks.Router, lab: Lab) -> Roamer:
    return Roamer(lab.ports[1])


class Roamer:
    """A mobile node in a network of IPv4."""

    def __init__(self, port: Port, care_of: str = CARE_OF4, home: str = HOME, port_number: int = PORT) -> None:
        self.port, self.care_of, self.home, self.port_number = port, care_of, home, port_number

    def outer(self, **fields: Any) -> Packet:
        frame = Ether(src=TESTER_RIGHT.mac, dst=NODE_RIGHT.mac)
        return frame / IP(**{"src": self.care_of, "dst": HOME_AGENT4, **fields})

    def in_udp(self, inner: Packet, **fields: Any) -> Packet:
        return in_udp(self.outer(**fields), inner, sport=self.port_number)

    def plainly(self, inner: Packet, **fields: Any) -> Packet:
        return self.outer(**fields) / inner

    def from_home(self, *layers: Packet, destination: str = HOME_AGENT) -> Packet:
        packet = IPv6(src=self.home, dst=destination)
        for layer in layers:
            packet = packet / layer
        return packet

    def update(self, seq: int, *options: Packet, told: str | None = "care-of", **fields: Any) -> Packet:
        """A Binding Update in UDP. told: what the IPv4 Care-of Address option says; None: it is not there."""
        if told is not None:
            options = (*options, ipv4_care_of(self.care_of if told == "care-of" else told))
        return self.in_udp(self.from_home(update(seq, *options, **fields)))

    def answer(self, within: float = 3.0, **fields: Any) -> Carried:
        return carrying(self.port, MIP6MH_BA, within, **fields)

    def register(self, seq: int = 1, *options: Packet, **fields: Any) -> Carried:
        """An accepted registration, of the IPv4 home address too if nothing else is said."""
        self.port.send(self.update(seq, *(options or (ipv4_home_address(HOME4),)), **fields))
        return self.answer(seq=seq, status=0)


def ask(mobile: Mobile, seq: int, *options: Packet, **fields: Any) -> Packet:
    """The acknowledgement of a Binding Update by IPv6 with these options."""
    mobile.port.send(mobile.optimized(update(seq, *options, **fields)))
    return message(mobile.port, MIP6MH_BA, within=3.0)


def register(mobile: Mobile, seq: int = 1, *options: Packet, **fields: Any) -> Packet:
    """An accepted registration by IPv6, of the IPv4 home address too if nothing else is said."""
    ack = ask(mobile, seq, *(options or (ipv4_home_address(HOME4),)), **fields)
    assert ack[MIP6MH_BA].status == 0
    return ack


def from_outside4(destination: str, data: bytes = b"from outside", **fields: Any) -> Packet:
    """An IPv4 packet that comes by the router on the right."""
    return Ether(src=TESTER_RIGHT.mac, dst=NODE_RIGHT.mac) / ping4(destination, CORRESPONDENT4, data, **fields)
