"""Shared by the cases on home agents: the tester plays the home link on the left, and the rest on the right."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.inet6 import MIP6MH_BA, IPv6
from scapy.packet import Packet

import kamesim as ks
from kamesim.conformance.exchange import NODE, NODE_RIGHT, TESTER_RIGHT, Lab, Port, echo, ip, stack
from kamesim.conformance.mobility import Mobile, binding_update, message


HOME_AGENT = NODE.address
HOME, HOME_LINK_LOCAL = "2001:db8:1::100", "fe80::100"  # the L bit: the home address with the link-local prefix
CARE_OF, OTHER_CARE_OF = "2001:db8:b::100", "2001:db8:c::100"
CORRESPONDENT = "2001:db8:d::1"


def home_agent(lab: Lab, **role: Any) -> ks.Router:
    """A home agent for the left LAN, the rest of the world behind the tester on the right.

    It is the router of the fixtures `left` and `right` if the case has asked for one of them before.
    """
    router = lab.net.node("router") if lab.ports else lab.router()
    left, right = router.interfaces
    router.add_route("::/0", via=TESTER_RIGHT.link_local, interface=right)
    router.enable(ks.HomeAgent(interface=left, **role))
    return router


@pytest.fixture
def router(lab: Lab) -> ks.Router:
    return home_agent(lab)


@pytest.fixture
def mobile(right: Port) -> Mobile:
    return away(right)


def away(right: Port, home: str = HOME, care_of: str = CARE_OF) -> Mobile:
    return Mobile(right, home, care_of, to_mac=NODE_RIGHT.mac, from_mac=TESTER_RIGHT.mac)


def registration(mobile: Mobile, seq: int = 1, *, flags: str = "HA", lifetime: int = 420) -> Packet:
    return mobile.optimized(binding_update(seq, flags=flags, lifetime=lifetime))


def register(mobile: Mobile, seq: int = 1, **fields: Any) -> Packet:
    mobile.port.send(registration(mobile, seq, **fields))
    return message(mobile.port, MIP6MH_BA, within=3.0, seq=seq, status=0)


def tunnelled(packet: Packet, source: str = CARE_OF) -> Packet:
    """The packet in a reverse tunnel to the home agent."""
    outer = ip(HOME_AGENT, source=source, to_mac=NODE_RIGHT.mac, from_mac=TESTER_RIGHT.mac)
    return stack(outer, packet)


def from_mobile(destination: str, source: str = HOME) -> Packet:
    return IPv6(src=source, dst=destination) / echo(b"from the mobile node")
