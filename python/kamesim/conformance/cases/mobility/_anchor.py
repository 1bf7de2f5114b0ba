"""Shared by the cases on local mobility anchors: the tester on the left plays access gateways, the one on the right
correspondents."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.inet6 import IPv6
from scapy.packet import Packet

import kamesim as ks
from kamesim.conformance.exchange import NODE, TESTER, TESTER_RIGHT, Lab, Port, echo
from kamesim.conformance.proxy_mobility import Gateway

ANCHOR = NODE.address
POOL, FIRST, SECOND = "2001:db8:ff00::/48", "2001:db8:ff00::/64", "2001:db8:ff00:1::/64"
HOME = "2001:db8:ff00::77"  # of the mobile node that comes first
CARE_OF, OTHER_CARE_OF = "2001:db8:a::1", "2001:db8:b::1"
CORRESPONDENT = "2001:db8:d::1"
LAPTOP, OTHER_CARD = b"laptop@example.net", bytes.fromhex("020000000098")


def anchor(lab: Lab, **options: Any) -> ks.Router:
    """An anchor with access gateways behind the left tester and the rest of the world behind the right one."""
    router = lab.router()
    left, right = router.interfaces
    router.add_route("2001:db8:a::/47", via=TESTER.link_local, interface=left)
    router.add_route("::/0", via=TESTER_RIGHT.link_local, interface=right)
    router.local_mobility_anchor(POOL, **options)
    return router


def gateway(lab: Lab, address: str = CARE_OF) -> Gateway:
    return Gateway(lab.ports[0], address, ANCHOR)


@pytest.fixture
def router(lab: Lab) -> ks.Router:
    return anchor(lab)


@pytest.fixture
def mag(left: Port, lab: Lab) -> Gateway:
    return gateway(lab)


@pytest.fixture
def other_mag(left: Port, lab: Lab) -> Gateway:
    return gateway(lab, OTHER_CARE_OF)


def from_mobile(destination: str = CORRESPONDENT, source: str = HOME) -> Packet:
    return IPv6(src=source, dst=destination) / echo(b"from the mobile node")
