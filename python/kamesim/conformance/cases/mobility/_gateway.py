"""Shared by the cases on mobile access gateways: the tester on the left plays mobile nodes on the access link, the one
on the right the anchor and the rest of the world."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.inet6 import ICMPv6ND_RA, ICMPv6ND_RS, ICMPv6NDOptSrcLLAddr, IPv6, MIP6MH_BU
from scapy.layers.l2 import Ether
from scapy.packet import Packet

import kamesim as ks
from kamesim.conformance.exchange import (
    ALL_NODES,
    ALL_ROUTERS,
    NODE_RIGHT,
    TESTER,
    TESTER_RIGHT,
    Lab,
    Port,
    echo,
    expect,
    ip,
    stack,
)
from kamesim.conformance.mobility import message
from kamesim.conformance.proxy_mobility import MOBILE_NODE, acknowledgement

ANCHOR, CARE_OF = TESTER_RIGHT.address, NODE_RIGHT.address
PREFIX, HOME = "2001:db8:ff00::/64", "2001:db8:ff00::77"
LAPTOP_MAC, LAPTOP_PREFIX, LAPTOP_HOME = "02:00:00:00:00:98", "2001:db8:ff00:1::/64", "2001:db8:ff00:1::55"
CORRESPONDENT = "2001:db8:d::1"
FIXED_MAC, FIXED = "00:00:5e:00:52:13", "fe80::200:5eff:fe00:5213"  # RFC 6543
FROM_ANCHOR = {"to_mac": NODE_RIGHT.mac, "from_mac": TESTER_RIGHT.mac}


def gateway(lab: Lab, *, settle: float = 5.0, profile: Any = MOBILE_NODE.decode(), **options: Any) -> ks.Router:
    """A gateway for the mobile node that the left tester plays; its anchor and all else is behind the right one."""
    router = lab.router(settle=settle)
    left, right = router.interfaces
    router.add_route("::/0", via=TESTER_RIGHT.link_local, interface=right)
    policy = {TESTER.mac: profile, LAPTOP_MAC: "laptop@example.net"}
    router.mobile_access_gateway(ANCHOR, policy, access_links=[left], **{"lifetime": 400.0, **options})
    return router


@pytest.fixture
def router(lab: Lab) -> ks.Router:
    return gateway(lab)


@pytest.fixture
def update(right: Port) -> Packet:
    """The first Proxy Binding Update of the gateway."""
    return next_update(right)


@pytest.fixture
def bound(left: Port, right: Port, update: Packet) -> Packet:
    """The Router Advertisement after the registration was accepted."""
    return accept(left, right, update)


def next_update(right: Port, within: float = 1.5, **fields: Any) -> Packet:
    return message(right, MIP6MH_BU, within=within, **fields)


def answer(right: Port, update: Packet, **fields: Any) -> None:
    right.send(acknowledgement(update, **FROM_ANCHOR, **fields))


def accept(left: Port, right: Port, update: Packet, **fields: Any) -> Packet:
    answer(right, update, **fields)
    return expect(left, ICMPv6ND_RA)


def solicitation(mac: str = TESTER.mac, source: str = TESTER.link_local) -> Packet:
    """A Router Solicitation of a mobile node."""
    header = ip(ALL_ROUTERS, source=source, from_mac=mac, hlim=255)
    return stack(header, ICMPv6ND_RS(), ICMPv6NDOptSrcLLAddr(lladdr=mac))


def from_mobile(destination: str = CORRESPONDENT, source: str = HOME, mac: str = TESTER.mac, **fields: Any) -> Packet:
    return Ether(src=mac, dst=FIXED_MAC) / IPv6(src=source, dst=destination, **fields) / echo()


def tunnelled(inner: Packet, source: str = ANCHOR) -> Packet:
    """The packet in a tunnel from the anchor."""
    return ip(CARE_OF, source=source, **FROM_ANCHOR) / inner


def from_correspondent(destination: str = HOME, source: str = CORRESPONDENT) -> Packet:
    return IPv6(src=source, dst=destination) / echo()


def register_laptop(left: Port, right: Port) -> None:
    """A second mobile node on the link, that the gateway hears of by its solicitation."""
    left.send(solicitation(LAPTOP_MAC, "fe80::98"))
    accept(left, right, next_update(right), prefixes=(LAPTOP_PREFIX,))


__all__ = [
    "ALL_NODES", "ANCHOR", "CARE_OF", "CORRESPONDENT", "FIXED", "FIXED_MAC", "FROM_ANCHOR", "HOME", "LAPTOP_HOME",
    "LAPTOP_MAC", "LAPTOP_PREFIX", "PREFIX", "accept", "answer", "bound", "from_correspondent", "from_mobile",
    "gateway", "next_update", "register_laptop", "router", "solicitation", "tunnelled", "update",
]  # fmt: skip
