"""Shared by the cases on Mobility Anchor Points: the MAP's link is on the left, mobile nodes and the rest on the right."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.inet6 import MIP6MH_BA, IPv6
from scapy.packet import Packet

import kamesim as ks
from kamesim.conformance.exchange import NODE, NODE_RIGHT, TESTER_RIGHT, Lab, Port, echo, echo_request, ip, stack
from kamesim.conformance.mobility import Mobile, binding_update, message


MAP = NODE.address
RCOA = "2001:db8:1::42"
LCOA, OTHER_LCOA = "2001:db8:b::42", "2001:db8:c::42"
CORRESPONDENT = "2001:db8:d::1"


def anchor_point(lab: Lab, **role: Any) -> ks.Router:
    """A MAP for the left LAN, the rest of the world behind the tester on the right."""
    router = lab.router()
    left, right = router.interfaces
    router.add_route("::/0", via=TESTER_RIGHT.link_local, interface=right)
    router.enable(ks.MobilityAnchorPoint(interface=left, **role))
    return router


@pytest.fixture
def router(lab: Lab) -> ks.Router:
    return anchor_point(lab)


@pytest.fixture
def mobile(right: Port) -> Mobile:
    return visiting(right)


def visiting(right: Port, rcoa: str = RCOA, lcoa: str = LCOA) -> Mobile:
    return Mobile(right, rcoa, lcoa, to_mac=NODE_RIGHT.mac, from_mac=TESTER_RIGHT.mac)


def local_update(mobile: Mobile, seq: int = 1, *options: Packet, flags: str = "AM", lifetime: int = 420) -> Packet:
    """From the LCoA, with the RCoA in the Home Address option (RFC 5380 §6.1)."""
    return mobile.optimized(binding_update(seq, *options, flags=flags, lifetime=lifetime))


def register(mobile: Mobile, seq: int = 1, **fields: Any) -> Packet:
    mobile.port.send(local_update(mobile, seq, **fields))
    return message(mobile.port, MIP6MH_BA, within=3.0, seq=seq, status=0)


def tunnelled(packet: Packet, source: str = LCOA) -> Packet:
    """The packet in the tunnel from the mobile node."""
    return stack(ip(MAP, source=source, to_mac=NODE_RIGHT.mac, from_mac=TESTER_RIGHT.mac), packet)


def from_rcoa(destination: str, source: str = RCOA) -> Packet:
    return IPv6(src=source, dst=destination) / echo(b"from the mobile node")


def from_outside(destination: str, data: bytes = b"kamesim") -> Packet:
    return echo_request(destination, data, source=CORRESPONDENT, to_mac=NODE_RIGHT.mac, from_mac=TESTER_RIGHT.mac)
